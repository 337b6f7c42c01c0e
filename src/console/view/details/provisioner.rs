//! What adds machines to a cluster, as it speaks of itself.

use super::document::Document;
use super::replica::rule;
use crate::console::meaning::Meaning;
use crate::console::view::content::Span;
use crate::console::view::nodes::{self, amounts};
use crate::domain::provisioner::{AutoscalerStatus, NodeClaim, NodeClass, NodePool};

/// The autoscaler's own report.
pub fn write_autoscaler(document: &mut Document, status: &AutoscalerStatus) {
    document.field("health", &status.health);
    document.at("reported", status.reported_at);
    if let Some((ready, wanted)) = status.replicas {
        let meaning = if ready < wanted { Meaning::Held } else { Meaning::Plain };
        document.line("replicas", vec![Span::new(format!("{ready} of {wanted} ready"), meaning)]);
    }
    for group in &status.groups {
        document.section(&group.cloud_name);
        document.field("health", &group.health);
        document.field("machines", format!("{} ready, {} asked for, {} to {}", group.ready, group.target, group.min, group.max));
        let meaning = if group.backoff.is_some() || group.scale_up.as_str() == "Backoff" { Meaning::Held } else { Meaning::Plain };
        document.line("scale-up", vec![Span::new(group.scale_up.as_str(), meaning)]);
        document.some("pauses", group.backoff.as_ref());
        document.at("since", group.since);
    }
}

/// A pool that claims machines one by one.
pub fn write_pool(document: &mut Document, pool: &NodePool) {
    document.field("template", &pool.node_class);
    let written = |(key, value): (&crate::domain::text::Text, &crate::domain::text::Text)| format!("{key} {value}");
    document.field("limits", pool.limits.iter().map(written).collect::<Vec<_>>().join(", "));
    document.field("used", pool.used.iter().map(written).collect::<Vec<_>>().join(", "));
    document.field("weight", pool.weight.to_string());
    for requirement in &pool.requirements {
        document.field("machines", rule(requirement));
    }
    document.field("taints", nodes::taints(&pool.taints));
    document.field("labels", pool.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", "));
    document.conditions(&pool.conditions);
}

/// A machine that a pool asked for.
pub fn write_claim(document: &mut Document, claim: &NodeClaim) {
    document.field("pool", &claim.pool);
    document.field("node", claim.node.as_ref().map_or("none yet", |node| node.as_str()));
    document.some("type", claim.instance_type.as_ref());
    document.some("zone", claim.zone.as_ref());
    document.some("bought", claim.spot.map(|spot| if spot { "spot" } else { "on demand" }));
    document.field("meant for", amounts::demand(claim.requested, &std::collections::BTreeMap::new()));
    document.at("made", claim.created_at);
    document.at("going since", claim.deleting_since);
    document.conditions(&claim.conditions);
}

/// A template of machines.
pub fn write_class(document: &mut Document, class: &NodeClass) {
    document.conditions(&class.conditions);
}
