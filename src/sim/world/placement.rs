//! Where a pod may run and what a node keeps others away with, and the comparing of both as the
//! scheduler does it.

use std::collections::{BTreeMap, BTreeSet};

/// What a version demands of its place, and of objects beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Labels a node must have.
    pub selector: BTreeMap<String, String>,
    /// Required node affinity: one of the values for each label.
    pub affinity: BTreeMap<String, Vec<String>>,
    /// Taints it puts up with.
    pub tolerations: Vec<Toleration>,
    /// A claim for a volume, by name.
    pub claim: Option<String>,
    /// A share of a file server that it mounts, `server:/path`.
    pub share: Option<String>,
    /// A configuration map whose values become its environment.
    pub configmap: Option<String>,
    /// A secret whose values become its environment.
    pub secret: Option<String>,
    /// The secret its images are pulled with.
    pub pull_secret: Option<String>,
    /// A port of the node.
    pub host_port: Option<u16>,
    /// The port its readiness probe asks; the server listens on 8080.
    pub probe_port: u16,
}

/// What a node keeps others away with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; may be empty.
    pub value: String,
    /// Such as `NoSchedule`.
    pub effect: &'static str,
}

impl Taint {
    /// A taint that keeps new pods away.
    pub fn no_schedule(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), effect: "NoSchedule" }
    }

    /// Reads `key=value:Effect`, `key:Effect`; without an effect it is `NoSchedule`.
    pub fn parse(text: &str) -> Self {
        let (rest, effect) = text.rsplit_once(':').unwrap_or((text, "NoSchedule"));
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        let effect = match effect {
            "NoExecute" => "NoExecute",
            "PreferNoSchedule" => "PreferNoSchedule",
            _ => "NoSchedule",
        };
        Self { key: key.to_owned(), value: value.to_owned(), effect }
    }
}

/// What a pod puts up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// The taint's key.
    pub key: String,
    /// The value; `None` for any.
    pub value: Option<String>,
    /// The effect; `None` for any.
    pub effect: Option<&'static str>,
}

impl Toleration {
    /// Puts up with any value of a key and effect `NoSchedule`.
    pub fn exists(key: &str) -> Self {
        Self { key: key.to_owned(), value: None, effect: Some("NoSchedule") }
    }

    /// Puts up with one value of a key and effect `NoSchedule`.
    pub fn equal(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: Some(value.to_owned()), effect: Some("NoSchedule") }
    }

    /// Reads `key=value:Effect`, `key:Effect`, `key`: what is left out is any.
    pub fn parse(text: &str) -> Self {
        let (rest, effect) = text.rsplit_once(':').map_or((text, None), |(rest, _)| (rest, Some(Taint::parse(text).effect)));
        let (key, value) = rest.split_once('=').map_or((rest, None), |(key, value)| (key, Some(value.to_owned())));
        Self { key: key.to_owned(), value, effect }
    }

    fn covers(&self, taint: &Taint) -> bool {
        self.key == taint.key
            && self.effect.is_none_or(|effect| effect == taint.effect)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

impl Needs {
    /// The first taint that keeps it away.
    pub fn kept_away_by<'t>(&self, taints: &'t [Taint]) -> Option<&'t Taint> {
        let hard = |taint: &&Taint| taint.effect != "PreferNoSchedule";
        taints.iter().filter(hard).find(|taint| !self.tolerations.iter().any(|toleration| toleration.covers(taint)))
    }

    /// Whether selector and affinity allow a node with these labels.
    pub fn likes(&self, labels: &BTreeMap<String, String>) -> bool {
        self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.affinity.iter().all(|(key, values)| labels.get(key).is_some_and(|value| values.contains(value)))
    }
}

/// What is in the way of a pod on one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// Somebody closed the node.
    Cordoned,
    /// A taint.
    Taint(Taint),
    /// Selector or affinity.
    Affinity,
    /// The node's port is taken.
    Ports,
    /// No pod slot.
    TooManyPods,
    /// Too little of a resource, by its name.
    Insufficient(&'static str),
    /// The pod's volume is in another zone.
    VolumeZone,
}

impl Obstacle {
    /// The scheduler's words, in a minor version of Kubernetes 1.
    pub fn words(&self, minor: u32) -> String {
        match self {
            Self::Cordoned => "node(s) were unschedulable".to_owned(),
            Self::Taint(_) if minor <= 19 => "node(s) had taints that the pod didn't tolerate".to_owned(),
            Self::Taint(taint) if minor <= 23 => {
                format!("node(s) had taint {{{}: {}}}, that the pod didn't tolerate", taint.key, taint.value)
            }
            Self::Taint(taint) if minor <= 33 => format!("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value),
            Self::Taint(_) => "node(s) had untolerated taint(s)".to_owned(),
            Self::Affinity if minor <= 20 => "node(s) didn't match node selector".to_owned(),
            Self::Affinity => "node(s) didn't match Pod's node affinity/selector".to_owned(),
            Self::Ports => "node(s) didn't have free ports for the requested pod ports".to_owned(),
            Self::TooManyPods => "Too many pods".to_owned(),
            Self::Insufficient(resource) => format!("Insufficient {resource}"),
            Self::VolumeZone => "node(s) had volume node affinity conflict".to_owned(),
        }
    }

    /// Whether removing pods could help.
    pub fn yields_to_preemption(&self) -> bool {
        matches!(self, Self::Ports | Self::TooManyPods | Self::Insufficient(_))
    }
}

/// The scheduler's sentence: what is in the way, node by node, counted.
pub fn sentence(nodes: &[Vec<Obstacle>], minor: u32) -> String {
    if nodes.is_empty() {
        return "no nodes available to schedule pods".to_owned();
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for words in nodes.iter().flat_map(|obstacles| obstacles.iter().map(|obstacle| obstacle.words(minor)).collect::<BTreeSet<_>>()) {
        *counts.entry(words).or_default() += 1;
    }
    let total = nodes.len();
    let said = format!("0/{total} nodes are available: {}.", counted(counts));
    if minor < 24 {
        return said;
    }
    let hopeful = nodes.iter().filter(|obstacles| obstacles.iter().all(Obstacle::yields_to_preemption)).count();
    let mut help = BTreeMap::new();
    for (words, count) in
        [("No preemption victims found for incoming pod", hopeful), ("Preemption is not helpful for scheduling", total - hopeful)]
    {
        if count > 0 {
            help.insert(words.to_owned(), count);
        }
    }
    format!("{said} preemption: 0/{total} nodes are available: {}.", counted(help))
}

fn counted(counts: BTreeMap<String, usize>) -> String {
    let mut parts: Vec<String> = counts.into_iter().map(|(words, count)| format!("{count} {words}")).collect();
    parts.sort();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_worded_as_in_each_version() {
        let gpu = vec![Obstacle::Insufficient("nvidia.com/gpu")];
        let small = vec![Obstacle::Insufficient("cpu"), Obstacle::Insufficient("memory"), Obstacle::Insufficient("nvidia.com/gpu")];
        let nodes = vec![gpu.clone(), small.clone(), small];
        assert_eq!(
            sentence(&nodes, 20),
            "0/3 nodes are available: 2 Insufficient cpu, 2 Insufficient memory, 3 Insufficient nvidia.com/gpu."
        );
        let tainted = vec![Obstacle::Taint(Taint::no_schedule("prometheus", "true"))];
        let nodes = vec![gpu, tainted, vec![Obstacle::Affinity]];
        assert_eq!(
            sentence(&nodes, 22),
            "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector, \
             1 node(s) had taint {prometheus: true}, that the pod didn't tolerate."
        );
        assert!(sentence(&nodes, 29).ends_with(
            "1 node(s) had untolerated taint {prometheus: true}. preemption: 0/3 nodes are available: 1 No preemption victims found \
             for incoming pod, 2 Preemption is not helpful for scheduling."
        ));
        assert_eq!(sentence(&[], 29), "no nodes available to schedule pods");
    }

    #[test]
    fn taints_and_tolerations_as_written() {
        let taint = Taint::parse("dedicated=gpu:NoExecute");
        assert_eq!((taint.key.as_str(), taint.value.as_str(), taint.effect), ("dedicated", "gpu", "NoExecute"));
        let tolerates = |text: &str| Needs { tolerations: vec![Toleration::parse(text)], ..Needs::default() };
        let taints = [taint];
        assert!(tolerates("dedicated").kept_away_by(&taints).is_none());
        assert!(tolerates("dedicated=gpu:NoExecute").kept_away_by(&taints).is_none());
        assert!(tolerates("dedicated=cpu").kept_away_by(&taints).is_some());
        assert!(tolerates("dedicated:NoSchedule").kept_away_by(&taints).is_some());
    }
}
