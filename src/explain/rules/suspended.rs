//! Somebody, or the provider after a day of failures, switched the group's launches off: silence
//! is not health. Other suspended processes (zone rebalancing, which the platform itself switches
//! off) do not keep a group from growing.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::world::{Group, World};

pub(super) const RULE: Rule = Rule { slug: "suspended", explains: Condition::GroupFixed, causes: &["aws/user-action"], check };

/// Whether the group may not launch.
pub(super) fn applies(group: &Group<'_>) -> bool {
    group.actual.is_some_and(|(_, actual)| actual.suspended.iter().any(|suspended| suspended.process.as_str() == "Launch"))
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let Some((source, actual)) = group.actual else { return Verdict::Clear };
    let Some(suspended) = actual.suspended.iter().find(|suspended| suspended.process.as_str() == "Launch") else { return Verdict::Clear };
    let name = &key.name;
    Held::new(
        "aws/user-action",
        key,
        world.confidence(source, Confidence::Certain),
        format!("group {name} may not launch machines: its process Launch is suspended ({})", suspended.reason),
        format!("launches of group {name} are suspended"),
    )
    .evidence([world.evidence(source, key, "SuspendedProcesses[].SuspensionReason", suspended.reason.clone())])
    .remedies([
        remedy(Risk::Mutating, "find out who suspended it and why, then let it launch again", commands::resume(world, group, "Launch")),
        remedy(
            Risk::Inspect,
            "read the group's history: after a day without one success the provider suspends launches itself",
            commands::activities(world, group),
        ),
    ])
    .verdict()
}
