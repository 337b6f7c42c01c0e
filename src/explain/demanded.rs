//! What Ray Serve's sentence about a replica without a place asks for and what it says is free: the
//! figures stand behind two lines of general advice, where nobody reads that far.

use std::collections::BTreeMap;

use super::words::list;

/// What stands before what a replica asks for.
const ASKED: &str = "Resources required for each replica: ";
/// What stands before what is free.
const FREE: &str = "total resources available: ";

/// What falls short (`GPU 1 (0 free)`), of the things a replica asks for. The free figures are sums
/// over all nodes of just these things, and what is missing there is free nowhere. `None` where the
/// sentence says nothing of the kind, where all would fit in sum, or for bundles of a placement group.
pub fn shortage(message: &str) -> Option<String> {
    let asked = amounts(message, ASKED)?;
    let free = amounts(message, FREE)?;
    let short = |(name, asked): (&String, &f64)| {
        let free = free.get(name).copied().unwrap_or_default();
        (*asked > free).then(|| format!("{name} {asked} ({free} free)"))
    };
    let short: Vec<String> = asked.iter().filter_map(short).collect();
    (!short.is_empty()).then(|| list(&short))
}

/// The first JSON object behind some words.
fn amounts(message: &str, before: &str) -> Option<BTreeMap<String, f64>> {
    let (_, behind) = message.split_once(before)?;
    serde_json::Deserializer::from_str(behind).into_iter().next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_short_is_named_with_its_figures() {
        let said = |asked: &str, free: &str| {
            shortage(&format!(
                "Deployment 'D' in application 'a' has 1 replicas that have taken more than 30s to be scheduled. Resources required for each replica: {asked}, total resources available: {free}. Use `ray status` for more details."
            ))
        };
        assert_eq!(said(r#"{"CPU": 2, "GPU": 1}"#, r#"{"CPU": 7.0}"#).as_deref(), Some("GPU 1 (0 free)"));
        assert_eq!(
            said(r#"{"CPU": 8.0, "L4": 0.5}"#, r#"{"CPU": 1.8, "L4": 0.2}"#).as_deref(),
            Some("CPU 8 (1.8 free) and L4 0.5 (0.2 free)")
        );
        assert_eq!(said(r#"{"CPU": 1}"#, r#"{"CPU": 7.0}"#), None, "free in sum, on no single node");
        assert_eq!(said(r#"[{"CPU": 1}, {"GPU": 1.0}]"#, "{}"), None, "bundles");
        assert_eq!(said("nonsense", "{}"), None);
        assert_eq!(shortage("A replica's health check failed."), None);
    }
}
