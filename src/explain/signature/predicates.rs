//! The scheduler's oldest way to count (`Insufficient cpu (9), Insufficient memory (15)`), put in
//! words that a pattern can see: of what most nodes are short. Newer wordings need no help.

use std::borrow::Cow;

const OLD: &str = "of the following predicates";
const SHORT: &str = "Insufficient ";

/// Says of what most nodes are short; the other shortages are worded so that they step back.
pub(super) fn mark(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(OLD) {
        return text;
    }
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
