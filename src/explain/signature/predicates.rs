//! What the scheduler counts, put in words that a pattern can see: in its oldest wording
//! (`Insufficient cpu (9), Insufficient memory (15)`) of what most nodes are short; in newer ones, that
//! the taint of the control plane says nothing where other taints keep the pod out too.

use std::borrow::Cow;

const OLD: &str = "of the following predicates";
const SHORT: &str = "Insufficient ";

const TAINT: &str = "taint {";
const ROLE: &str = "node-role.kubernetes.io/";

/// Puts in words what the counts come to.
pub(super) fn mark(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(ROLE) {
        return other_taints(text);
    }
    if text.contains(OLD) { shortages(text) } else { text }
}

/// Words the taint of the control plane so that it steps back, if there are others: every cluster has it.
fn other_taints(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut taints = text.split(TAINT).skip(1);
    if taints.all(|taint| taint.starts_with(ROLE)) {
        return text;
    }
    Cow::Owned(text.replace(&format!("{TAINT}{ROLE}"), &format!("{TAINT}role ")))
}

/// Says of what most nodes are short; the other shortages are worded so that they step back.
fn shortages(text: Cow<'_, str>) -> Cow<'_, str> {
    let shortages = || text.split(SHORT).skip(1).filter_map(shortage);
    let Some((most, _)) = shortages().max_by_key(|(_, nodes)| *nodes) else { return text };
    if shortages().count() < 2 {
        return text;
    }
    Cow::Owned(format!("{} [most nodes are short of {most}]", text.replace(SHORT, "too little ")))
}

/// A resource and how many nodes have too little of it.
fn shortage(text: &str) -> Option<(&str, u32)> {
    let (resource, rest) = text.split_once(" (")?;
    let (nodes, _) = rest.split_once(')')?;
    Some((resource, nodes.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_planes_taint_steps_back_behind_others() {
        let own = "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }";
        assert_eq!(mark(Cow::Borrowed(own)), own);
        let both = format!("{own}, 6 node(s) had untolerated taint {{team: vision}}.");
        assert!(!mark(Cow::Borrowed(&both)).contains(ROLE));
        assert!(mark(Cow::Borrowed(&both)).ends_with("{team: vision}."));
    }

    #[test]
    fn the_larger_count_is_named() {
        let text = "match all of the following predicates:: Insufficient cpu (9), Insufficient memory (15), MatchNodeSelector (18).";
        assert!(mark(Cow::Borrowed(text)).ends_with("[most nodes are short of memory]"));
        for other in
            ["predicates: Insufficient cpu (9)", "of the following predicates: Insufficient cpu (9)", "of the following predicates"]
        {
            assert_eq!(mark(Cow::Borrowed(other)), other);
        }
    }
}
