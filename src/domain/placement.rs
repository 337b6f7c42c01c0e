//! Where a replica may run, and what a node demands of those that come: the two sides a scheduler
//! compares. Values only; the comparing is done by the explanations and by the simulated scheduler,
//! each on its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::Text;
use super::time::Timestamp;

/// What a replica demands of its place beside amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Labels a node must have.
    pub selector: BTreeMap<Text, Text>,
    /// Required node affinity: one of these terms must hold; empty demands nothing.
    pub affinity: Vec<NodeTerm>,
    /// Taints it puts up with.
    pub tolerations: Vec<Toleration>,
    /// Required affinity to, or distance from, other replicas, and spread rules, in words.
    pub neighbours: Vec<Text>,
    /// Names of the volume claims it mounts (`namespace/name`).
    pub claims: Vec<Text>,
    /// Names of configuration objects it needs, such as `configmap prod/model-config`, `secret prod/token`.
    pub needs: Vec<Text>,
    /// Names of the secrets its images are pulled with.
    pub pull_secrets: Vec<Text>,
    /// Ports of the node it occupies.
    pub host_ports: Vec<u16>,
    /// Its priority.
    pub priority: i64,
    /// Its priority class, if named.
    pub priority_class: Option<Text>,
    /// The scheduler it waits for; empty is the usual one.
    pub scheduler: Text,
    /// Gates that hold it back before the scheduler may look.
    pub gates: Vec<Text>,
    /// The runtime class, if any.
    pub runtime_class: Option<Text>,
}

/// Conditions on a node's labels that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTerm {
    /// The conditions. A field condition (`metadata.name`) is written with that as its key.
    pub all: Vec<LabelRule>,
}

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRule {
    /// The label.
    pub key: Text,
    /// How it is compared.
    pub operator: LabelOperator,
    /// With what.
    pub values: Vec<Text>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelOperator {
    /// One of the values.
    In,
    /// None of the values; a missing label is fine.
    NotIn,
    /// There, whatever its value.
    Exists,
    /// Not there.
    DoesNotExist,
    /// A number larger than the value.
    Gt,
    /// A number smaller than the value.
    Lt,
}

/// What a node keeps others away with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Taint {
    /// Its key.
    pub key: Text,
    /// Its value; may be empty.
    pub value: Text,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: Text,
    /// Since when, where the node says.
    pub since: Option<Timestamp>,
}

/// What a replica puts up with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toleration {
    /// The taint's key; empty matches every key.
    pub key: Text,
    /// The value; `None` matches every value.
    pub value: Option<Text>,
    /// The effect; empty matches every effect.
    pub effect: Text,
}

impl Toleration {
    /// Whether it puts up with `taint`. Source: the Kubernetes API's definition of tolerations.
    pub fn covers(&self, taint: &Taint) -> bool {
        (self.effect.is_empty() || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

impl LabelRule {
    /// Whether a node with these labels meets it. Source: the Kubernetes API's node selector requirement.
    pub fn holds(&self, labels: &BTreeMap<Text, Text>) -> bool {
        let value = labels.get(&self.key);
        let number = |text: Option<&Text>| text.and_then(|text| text.parse::<i64>().ok());
        match self.operator {
            LabelOperator::In => value.is_some_and(|value| self.values.contains(value)),
            LabelOperator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            LabelOperator::Exists => value.is_some(),
            LabelOperator::DoesNotExist => value.is_none(),
            LabelOperator::Gt => number(value).zip(number(self.values.first())).is_some_and(|(own, bound)| own > bound),
            LabelOperator::Lt => number(value).zip(number(self.values.first())).is_some_and(|(own, bound)| own < bound),
        }
    }
}

impl Placement {
    /// Whether labels alone (selector and required affinity) allow a node.
    pub fn allows_labels(&self, labels: &BTreeMap<Text, Text>) -> bool {
        self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            && (self.affinity.is_empty() || self.affinity.iter().any(|term| term.all.iter().all(|rule| rule.holds(labels))))
    }

    /// The first taint that keeps it away; `PreferNoSchedule` keeps nobody away.
    pub fn first_untolerated<'t>(&self, taints: &'t [Taint]) -> Option<&'t Taint> {
        let keeps_away = |taint: &&Taint| taint.effect.as_str() != "PreferNoSchedule";
        taints.iter().filter(keeps_away).find(|taint| !self.tolerations.iter().any(|toleration| toleration.covers(taint)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str, effect: &str) -> Taint {
        Taint { key: key.into(), value: value.into(), effect: effect.into(), since: None }
    }

    #[test]
    fn tolerations_cover_as_the_api_says() {
        let any = Toleration { key: "".into(), value: None, effect: "".into() };
        let gpu = Toleration { key: "nvidia.com/gpu".into(), value: None, effect: "NoSchedule".into() };
        let exact = Toleration { key: "pool".into(), value: Some("a".into()), effect: "".into() };
        assert!(any.covers(&taint("x", "y", "NoExecute")));
        assert!(gpu.covers(&taint("nvidia.com/gpu", "true", "NoSchedule")) && !gpu.covers(&taint("nvidia.com/gpu", "true", "NoExecute")));
        assert!(exact.covers(&taint("pool", "a", "NoSchedule")) && !exact.covers(&taint("pool", "b", "NoSchedule")));
    }

    #[test]
    fn a_preference_keeps_nobody_away() {
        let placement = Placement::default();
        assert_eq!(placement.first_untolerated(&[taint("soft", "", "PreferNoSchedule")]), None);
        let hard = [taint("soft", "", "PreferNoSchedule"), taint("hard", "", "NoSchedule")];
        assert_eq!(placement.first_untolerated(&hard).map(|taint| taint.key.as_str()), Some("hard"));
    }

    #[test]
    fn label_rules_hold_as_the_api_says() {
        let labels = BTreeMap::from([("zone".into(), "a".into()), ("cards".into(), "4".into())]);
        let holds = |key: &str, operator, values: &[&str]| {
            LabelRule { key: key.into(), operator, values: values.iter().map(|value| Text::from(*value)).collect() }.holds(&labels)
        };
        assert!(holds("zone", LabelOperator::In, &["b", "a"]) && !holds("zone", LabelOperator::In, &[]));
        assert!(holds("other", LabelOperator::NotIn, &["a"]) && !holds("zone", LabelOperator::NotIn, &["a"]));
        assert!(holds("zone", LabelOperator::Exists, &[]) && holds("other", LabelOperator::DoesNotExist, &[]));
        assert!(
            holds("cards", LabelOperator::Gt, &["3"])
                && !holds("cards", LabelOperator::Lt, &["4"])
                && !holds("zone", LabelOperator::Gt, &["1"])
        );
    }
}
