//! Why the provider refused a machine, other than a vCPU quota: recognised from its own words.

use super::Rule;
use super::launch_refused::happened;
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::explain::commands::{self, advice};
use crate::explain::condition::Condition;
use crate::explain::dialect;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Remedy, Risk};
use crate::explain::known;
use crate::explain::refusal::{self, Reason};
use crate::explain::words::{excerpt, lower};
use crate::explain::world::{Group, World};

pub(super) const RULE: Rule = Rule { slug: "launch_reason", explains: Condition::LaunchRefused, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let Some(reason) = refusal::reason(group) else { return unrecognised(world, group) };
    if refusal::is_vcpu_quota(&reason.cause) {
        return Verdict::Clear;
    }
    let machine = group.preferred_type().map_or("machine", |name| name.as_str());
    let zone = reason.said.1.zone.as_deref().map(|zone| format!(" in {zone}")).unwrap_or_default();
    let title = known::title(&reason.cause).unwrap_or("AWS refused the launch");
    let (says, headline) = match reason.cause.as_str() {
        refusal::SPOT_CAPACITY => {
            (format!("AWS has no spot capacity now for {machine}{}", pools(group)), format!("no spot capacity for {machine}"))
        }
        refusal::ZONE_CAPACITY => (
            format!("AWS has no free {machine} (on-demand){zone} now; quota and maximum size are not the reason"),
            format!("no {machine} capacity{zone}"),
        ),
        _ => (format!("{}: AWS says \"{}\"", lower(title), excerpt(reason.text())), lower(title)),
    };
    Held::new(reason.cause.as_str(), key, reason.confidence, says, headline)
        .evidence([happened(world, reason.said)])
        .remedies(remedies(world, group, reason))
        .verdict()
}

/// A refusal in words that no entry of the catalogue knows is shown as it stands, never guessed at.
fn unrecognised(world: &World<'_>, group: &Group<'_>) -> Verdict {
    let Some((source, launch)) = group.refusals().first().copied() else { return Verdict::Clear };
    let message = launch.message.clone().unwrap_or_else(|| launch.description.clone());
    let says = format!("AWS refused a machine to group {} for a reason holdup does not know: \"{}\"", group.key.name, excerpt(&message));
    Held::new(
        "cortex/update-asg-activity",
        &launch.key,
        world.confidence(source, Confidence::Possible),
        says,
        format!("AWS: {}", excerpt(&message)),
    )
    .evidence([happened(world, (source, launch))])
    .verdict()
}

/// Which machine types and zones were open to choose from.
fn pools(group: &Group<'_>) -> String {
    let types = group.said().map(|(_, group)| group.instance_types.len()).unwrap_or_default();
    match types {
        0 => String::new(),
        1 => "; the group knows no other type".to_owned(),
        2 => ", nor for the other type of the group".to_owned(),
        more => format!(", nor for the other {} types of the group", more - 1),
    }
}

/// The ways out where people change the groups themselves.
fn on_plain_cluster(name: &str) -> Vec<Remedy> {
    vec![
        advice(Risk::Mutating, format!("widen the choice: give group {name} more machine types with the same GPU, or more zones")),
        advice(Risk::Mutating, "add an on-demand group to fall back on; it costs the on-demand price"),
        advice(Risk::Low, "or wait: capacity comes and goes, and the group tries again by itself, with growing pauses"),
    ]
}

fn remedies(world: &World<'_>, group: &Group<'_>, reason: &Reason<'_>) -> Vec<Remedy> {
    let name = &group.key.name;
    if dialect::pick_shared(world, &group.key.context, "", dialect::KUBERNETES) == dialect::KUBERNETES
        && matches!(reason.cause.as_str(), refusal::SPOT_CAPACITY | refusal::ZONE_CAPACITY)
    {
        return on_plain_cluster(name);
    }
    match reason.cause.as_str() {
        refusal::SPOT_CAPACITY => vec![
            advice(
                Risk::Mutating,
                format!(
                    "widen the choice: add machine types with the same GPU to spot_config.instance_distribution of node group {name}, and apply the cluster file with `{}`",
                    commands::configure()
                ),
            ),
            advice(
                Risk::Mutating,
                "add an on-demand node group with a lower priority to fall back on; the autoscaler turns to it after about 8 minutes per failing group, and it costs the on-demand price",
            ),
            advice(Risk::Low, "or wait: the group tries again by itself, with growing pauses"),
        ],
        refusal::ZONE_CAPACITY => vec![
            advice(
                Risk::Mutating,
                format!(
                    "give AWS more to choose from: a node group with another machine type or more zones beside {name}, applied with `{}`",
                    commands::configure()
                ),
            ),
            advice(Risk::Low, "or wait: capacity comes and goes, and the group tries again by itself"),
        ],
        _ => {
            let instance = reason.said.1.instance.as_deref().unwrap_or_default();
            let machine = group.preferred_type().map(Text::as_str).unwrap_or_default();
            let fill = Fill::of(world, &group.key.context).group(group).and("instance", instance).and("instance_type", machine);
            fill.remedies(reason.cause.as_str())
        }
    }
}
