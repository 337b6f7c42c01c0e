//! The scheduler's sentence taken apart: how many nodes were out for which reason.
//!
//! One sentence has had a dozen wordings since Kubernetes 1.5, and the autoscaler borrows them for
//! the nodes it might add. Reading only: whether the sentence is still true is for the survey of
//! the nodes to say. Nothing here fails; what is not known is kept as text.

mod predicate;

pub use predicate::{Predicate, is_accelerator, shortage, taint_cause};

/// A sentence of a scheduler or of an autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// Nodes (or groups) looked at in all, where the sentence says.
    pub nodes: Option<u32>,
    /// The reasons, in the order told. One node may be counted under several.
    pub reasons: Vec<Reason>,
}

/// So many nodes were out for this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How many; zero where the sentence does not count.
    pub count: u32,
    /// For what.
    pub why: Predicate,
}

impl Sentence {
    /// Whether something was understood beyond plain text.
    pub fn is_known(&self) -> bool {
        self.reasons.iter().any(|reason| !matches!(reason.why, Predicate::Other(_)))
    }

    /// How many nodes were out for a reason that `matches`.
    pub fn count(&self, matches: impl Fn(&Predicate) -> bool) -> u32 {
        self.reasons.iter().filter(|reason| matches(&reason.why)).map(|reason| reason.count).fold(0, u32::saturating_add)
    }

    /// The reason that most probably decides: what can be cured by a free place first, because the
    /// nodes that are out by rule were mostly never meant for the replica.
    pub fn decisive(&self) -> Option<&Reason> {
        let mut best: Option<&Reason> = None;
        for reason in self.reasons.iter().filter(|reason| !matches!(reason.why, Predicate::Other(_))) {
            if best.is_none_or(|best| (reason.why.weight(), reason.count) > (best.why.weight(), best.count)) {
                best = Some(reason);
            }
        }
        best
    }
}

/// The beginnings that stand before the reasons.
const OPENINGS: &[&str] = &[
    "nodes are available:",
    "nodes are unavailable:",
    "nodes are available",
    "that match all of the following predicates::",
    "that match all of the predicates:",
    "following predicates::",
    "if a new node is added):",
    "trigger scale-up:",
    "trigger scaleup:",
];

/// Takes a sentence apart. Text that is none gives a sentence without known reasons.
pub fn read(text: &str) -> Sentence {
    let plain = collapse(text);
    let told = ["preemption:", "Preemption:"].iter().fold(plain.as_str(), |told, cut| told.split(cut).next().unwrap_or_default());
    // A gang scheduler wraps the plain scheduler's sentence: the innermost counts.
    let opening = OPENINGS.iter().filter_map(|opening| told.rfind(opening).map(|at| (at, at + opening.len()))).max_by_key(|(_, end)| *end);
    let (head, body) = match opening {
        Some((at, end)) => (told.get(..at).unwrap_or_default(), told.get(end..).unwrap_or_default()),
        None => ("", told),
    };
    let nodes = total(head);
    let mut reasons: Vec<Reason> = Vec::new();
    for part in parts(body) {
        if let Some(reason) = reason(part, nodes)
            && !reasons.contains(&reason)
        {
            reasons.push(reason);
        }
    }
    if nodes == Some(0) && reasons.is_empty() {
        reasons.push(Reason { count: 0, why: Predicate::NoNodes });
    }
    Sentence { nodes, reasons }
}

/// White space made single, doubled quotes of raw YAML made single, typographic ones plain.
fn collapse(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("''", "'").replace('’', "'")
}

/// The nodes looked at: the number behind the last slash.
fn total(head: &str) -> Option<u32> {
    let (_, behind) = head.trim_end().rsplit_once('/')?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The reasons of a sentence: split at commas that are followed by a number or, in the oldest
/// wording, preceded by one in brackets. Commas inside a taint do not split.
fn parts(body: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_i32);
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            ',' | ';' if depth <= 0 => {
                let behind = body.get(at + 1..).unwrap_or_default().trim_start();
                let counted = behind.starts_with(|c: char| c.is_ascii_digit());
                let bracketed = body.get(from..at).is_some_and(|part| part.trim_end().ends_with(')') && bracketed(part).is_some());
                if counted || bracketed || c == ';' {
                    parts.push(body.get(from..at).unwrap_or_default());
                    from = at + 1;
                }
            }
            _ => {}
        }
    }
    parts.push(body.get(from..).unwrap_or_default());
    parts.into_iter().map(|part| part.trim().trim_end_matches('.').trim()).filter(|part| !part.is_empty()).collect()
}

fn reason(part: &str, nodes: Option<u32>) -> Option<Reason> {
    let part = part.split(". no new claims").next().unwrap_or(part).trim_end_matches("no new claims to deallocate").trim();
    let part = part.trim_end_matches([',', '.', ' ']);
    if part.is_empty() {
        return None;
    }
    if let Some((name, count)) = bracketed(part) {
        return Some(Reason { count, why: Predicate::read(name) });
    }
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = part.split_at_checked(digits).unwrap_or(("", part));
    match number.parse::<u32>() {
        Ok(count) if rest.starts_with(' ') => Some(Reason { count, why: Predicate::read(rest.trim_start()) }),
        _ => Some(Reason { count: nodes.unwrap_or(0), why: Predicate::read(part) }),
    }
}

/// `Insufficient cpu (9)`: the wording up to 1.8.
fn bracketed(part: &str) -> Option<(&str, u32)> {
    let (name, count) = part.trim().trim_end_matches('.').strip_suffix(')')?.rsplit_once('(')?;
    Some((name.trim_end(), count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Vec<(u32, &'static str)> {
        read(text).reasons.iter().map(|reason| (reason.count, reason.why.cause().unwrap_or("none"))).collect()
    }

    #[test]
    fn the_sentence_of_a_stuck_update() {
        let text = "0/9 nodes are available: 3 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint {dedicated: ml}, 4 node(s) didn't match Pod's node affinity/selector. preemption: 0/9 nodes are available: 3 No preemption victims found for incoming pod, 6 Preemption is not helpful for scheduling.";
        let sentence = read(text);
        assert_eq!(sentence.nodes, Some(9));
        let expected = [
            Reason { count: 3, why: Predicate::Insufficient("nvidia.com/gpu".to_owned()) },
            Reason { count: 2, why: Predicate::Taint(Some(("dedicated".to_owned(), "ml".to_owned()))) },
            Reason { count: 4, why: Predicate::Labels },
        ];
        assert_eq!(sentence.reasons, expected);
        assert_eq!(sentence.decisive(), expected.first());
    }

    #[test]
    fn every_wording_of_every_release_is_read() {
        let cases: &[(&str, &[(u32, &str)])] = &[
            (
                "No nodes are available that match all of the following predicates:: Insufficient cpu (9), Insufficient memory (15), MatchNodeSelector (18).",
                &[
                    (9, "kubernetes/sched-insufficient-cpu"),
                    (15, "kubernetes/sched-insufficient-memory"),
                    (18, "kubernetes/sched-node-affinity"),
                ],
            ),
            (
                "0/4 nodes are available: 1 PodToleratesNodeTaints, 3 Insufficient alpha.kubernetes.io/nvidia-gpu.",
                &[(1, "kubernetes/sched-taint"), (3, "kubernetes/sched-insufficient-gpu")],
            ),
            (
                "0/6 nodes are available: 1 node(s) had taints that the pod didn't tolerate, 5 node(s) didn't match node selector.",
                &[(1, "kubernetes/sched-taint"), (5, "kubernetes/sched-node-affinity")],
            ),
            (
                "0/3 nodes are available: 1 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn''t tolerate, 2 Insufficient\n  nvidia.com/gpu.",
                &[(1, "kubernetes/sched-taint-control-plane"), (2, "kubernetes/sched-insufficient-gpu")],
            ),
            (
                "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
                &[(1, "kubernetes/sched-taint"), (2, "kubernetes/sched-insufficient-cpu"), (2, "kubernetes/sched-insufficient-memory")],
            ),
            ("0/5 nodes are available: 5 node(s) had volume node affinity conflict", &[(5, "kubernetes/sched-volume-zone")]),
            (
                "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.",
                &[(3, "kubernetes/sched-host-ports")],
            ),
            ("0/3 nodes are available: 3 pod has unbound immediate PersistentVolumeClaims.", &[(3, "kubernetes/sched-pvc-unbound")]),
            (
                "0/2 nodes are available: persistentvolumeclaim \"model\" not found. preemption: not eligible",
                &[(2, "kubernetes/sched-pvc-missing")],
            ),
            (
                "Error scheduling default/mysql: pod has unbound immediate PersistentVolumeClaims; retrying",
                &[(0, "kubernetes/sched-pvc-unbound"), (0, "none")],
            ),
            (
                "0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable.",
                &[(1, "kubernetes/sched-too-many-pods"), (1, "kubernetes/sched-cordoned")],
            ),
            ("0/2 nodes are available: 2 Insufficient pods.", &[(2, "kubernetes/sched-too-many-pods")]),
            ("no nodes available to schedule pods", &[(0, "kubernetes/sched-no-nodes")]),
            ("0/0 nodes are available.", &[(0, "kubernetes/sched-no-nodes")]),
            (
                "pod didn't trigger scale-up: 12 node(s) didn't match Pod's node affinity/selector, 3 max node group size reached.",
                &[(12, "kubernetes/sched-node-affinity"), (3, "kubernetes/ca-max-size")],
            ),
            (
                "pod didn't trigger scale-up (it wouldn't fit if a new node is added): 1 in backoff after failed scale-up, 1 Insufficient CPU.",
                &[(1, "kubernetes/ca-backoff"), (1, "kubernetes/sched-insufficient-cpu")],
            ),
            (
                "0/1 tasks in gang unschedulable: pod group is not ready, 1 Pipelined, 1 minAvailable. Origin reason is a-0: 0/11 nodes are unavailable: 2 no nvidia device available, 9 Insufficient nvidia.com/gpu.",
                &[(2, "kubernetes/sched-insufficient-gpu"), (9, "kubernetes/sched-insufficient-gpu")],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), *expected, "{text}");
        }
    }

    #[test]
    fn counts_behind_preemption_are_not_counted_twice() {
        let text = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod..";
        assert_eq!(read(text).reasons.len(), 1);
    }

    #[test]
    fn taints_are_named_apart() {
        let named =
            |taint: &str| read(&format!("0/1 nodes are available: 1 node(s) had untolerated taint {{{taint}}}.")).reasons[0].why.cause();
        let cases = [
            ("nvidia.com/gpu: present", "kubernetes/sched-taint-gpu"),
            ("node.kubernetes.io/not-ready: ", "kubernetes/sched-taint-not-ready"),
            ("node.kubernetes.io/unreachable: ", "kubernetes/sched-taint-unreachable"),
            ("node.kubernetes.io/disk-pressure: ", "kubernetes/sched-taint-pressure"),
            ("node.kubernetes.io/unschedulable: ", "kubernetes/sched-cordoned"),
            ("karpenter.sh/unregistered: ", "kubernetes/sched-taint-startup"),
            ("ToBeDeletedByClusterAutoscaler: 1700000000", "kubernetes/sched-taint-draining"),
            ("team: search", "kubernetes/sched-taint"),
        ];
        for (taint, cause) in cases {
            assert_eq!(named(taint), Some(cause), "{taint}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_survived(text in ".{0,300}") {
            let _ = read(&text).decisive();
        }

        #[test]
        fn broken_sentences_are_survived(at in 0usize..200, cut in "[0-9/,.:{}()' ]{0,6}") {
            let whole = "0/9 nodes are available: 3 Insufficient nvidia.com/gpu, 2 node(s) had taint {a: b}, that the pod didn't tolerate, Insufficient cpu (9). preemption: x";
            let at = whole.floor_char_boundary(at);
            let _ = read(&format!("{}{cut}{}", &whole[..at], &whole[at..]));
        }

        #[test]
        fn counts_come_back(gpu in 0u32..999, labels in 0u32..999, taint in 0u32..999) {
            let text = format!("0/{} nodes are available: {gpu} Insufficient nvidia.com/gpu, {taint} node(s) had untolerated taint {{k: v, w}}, {labels} node(s) didn't match Pod's node affinity/selector.", gpu + labels + taint);
            let counts: Vec<u32> = read(&text).reasons.iter().map(|reason| reason.count).collect();
            prop_assert_eq!(counts, vec![gpu, taint, labels]);
        }
    }
}
