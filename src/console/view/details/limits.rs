//! What a cluster holds replicas back with, one object at a time.

use super::document::Document;
use crate::console::meaning::Meaning;
use crate::console::view::content::Span;
use crate::domain::limits::{DisruptionBudget, LimitRule, NamespaceQuota, Scaler, VolumeClaim};

/// Bounds of a scaler and what it measures.
pub fn write_scaler(document: &mut Document, scaler: &Scaler) {
    document.some("scales", scaler.workload.as_ref().map(|workload| &workload.name));
    let at_most = scaler.desired >= scaler.max;
    let text = format!("{} now, {} asked for, {} to {}", scaler.current, scaler.desired, scaler.min, scaler.max);
    document.line("replicas", vec![Span::new(text, if at_most { Meaning::Warning } else { Meaning::Plain })]);
    document.list("measures", &scaler.metrics);
    document.conditions(&scaler.conditions);
}

/// A disruption budget with what it leaves.
pub fn write_budget(document: &mut Document, budget: &DisruptionBudget) {
    document.list("covers", budget.workloads.iter().map(|workload| &workload.name));
    document.field("rule", &budget.rule);
    let text = format!("{} covered, {} healthy, {} needed, {} may go now", budget.expected, budget.healthy, budget.needed, budget.allowed);
    document.line("replicas", vec![Span::new(text, if budget.allowed == 0 { Meaning::Warning } else { Meaning::Plain })]);
    document.conditions(&budget.conditions);
}

/// A claim for a volume.
pub fn write_claim(document: &mut Document, claim: &VolumeClaim) {
    let bound = claim.phase.as_str() == "Bound";
    document.line("phase", vec![Span::new(claim.phase.as_str(), if bound { Meaning::Live } else { Meaning::Held })]);
    let class = claim.class.as_ref().map_or("the default one", |class| class.as_str());
    let missing = if claim.class_exists == Some(false) { ", which does not exist" } else { "" };
    document.field("class", format!("{class}{missing}"));
    if claim.waits_for_replica && !bound {
        document.field("waits", "the volume is made once a replica has found a node");
    }
    document.some("volume", claim.volume.as_ref());
    document.list("zones", &claim.zones);
    document.list("access", &claim.access);
    document.at("made", claim.created_at);
    document.conditions(&claim.conditions);
}

/// One figure of a namespace's quota.
pub fn write_quota(document: &mut Document, quota: &NamespaceQuota) {
    let full = quota.hard_amount > 0 && quota.used_amount >= quota.hard_amount;
    let text = format!("{}: {} of {} used", quota.resource, quota.used, quota.hard);
    document.line(
        quota.key.name.rsplit('/').next().unwrap_or_default(),
        vec![Span::new(text, if full { Meaning::Held } else { Meaning::Plain })],
    );
}

/// One rule of a namespace's range of sizes.
pub fn write_rule(document: &mut Document, rule: &LimitRule) {
    let words = [("least", &rule.min), ("most", &rule.max), ("default", &rule.default)];
    let words: Vec<String> = words.into_iter().filter_map(|(word, value)| Some(format!("{word} {}", value.as_ref()?))).collect();
    document.field(&rule.applies_to, format!("{}: {}", rule.resource, words.join(", ")));
}
