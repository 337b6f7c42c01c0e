//! The account's vCPU quota for this machine family is used up. The provider's refusal says so
//! itself; the quota and its use say how much is missing.

use super::Rule;
use super::launch_refused::happened;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::quota::Quota;
use crate::domain::text::Text;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Remedy, Risk};
use crate::explain::placement;
use crate::explain::refusal::{self, Reason};
use crate::explain::shape::{self, short_family};
use crate::explain::words::count;
use crate::explain::world::{Group, Said, World};

pub(super) const RULE: Rule =
    Rule { slug: "vcpu_quota", explains: Condition::LaunchRefused, causes: &[refusal::ON_DEMAND_QUOTA, refusal::SPOT_QUOTA], check };

/// What is known of the wall.
struct Wall<'w, 'a> {
    group: &'w Group<'a>,
    family: String,
    spot: bool,
    quota: Option<Said<'a, Quota>>,
    limit: Option<u64>,
    used: Option<u64>,
    machines: u32,
    vcpus: u64,
}

impl Wall<'_, '_> {
    /// vCPUs that all who wait for the group need.
    fn need(&self) -> u64 {
        u64::from(self.machines) * self.vcpus
    }

    /// What to ask for: what is used, and what is needed.
    fn target(&self) -> u64 {
        let base = self.used.filter(|used| *used > 0).or(self.limit).unwrap_or(0);
        let running = u64::from(self.group.running()) * self.vcpus;
        (base.max(running) + self.need()).max(self.limit.unwrap_or(0) + 1)
    }

    /// The limit that AWS refused at, where the quota has been raised since and leaves room now.
    fn raised_from(&self, told: Option<&Reason<'_>>) -> Option<u64> {
        let met = told.and_then(|reason| refusal::limit_told(reason.text()))?;
        let limit = self.quota.and_then(|(_, quota)| quota.limit)?;
        (limit > met && self.used? + self.need() <= limit).then_some(met)
    }

    fn code(&self) -> Option<Text> {
        self.quota.map(|(_, quota)| quota.key.name.clone()).or_else(|| shape::quota_code(&self.family, self.spot).map(Text::from))
    }
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let reason = refusal::reason(group);
    let told = reason.filter(|reason| refusal::is_vcpu_quota(&reason.cause));
    if reason.is_some() && told.is_none() {
        return Verdict::Clear;
    }
    let Some(wall) = wall(world, group, told) else { return Verdict::Clear };
    // Without a refusal to read, only figures that leave no room may speak.
    let short = matches!((wall.limit, wall.used), (Some(limit), Some(used)) if used + wall.need() > limit);
    if told.is_none() && !short {
        return Verdict::Clear;
    }
    match (told, wall.raised_from(told)) {
        (Some(reason), Some(met)) => raised(world, &wall, reason, met).verdict(),
        _ => found(world, &wall, told).verdict(),
    }
}

/// The last refusal is about a limit of the past: the figures leave room for the next try.
fn raised(world: &World<'_>, wall: &Wall<'_, '_>, reason: &Reason<'_>, met: u64) -> Held {
    let (limit, used) = (wall.limit.unwrap_or(0), wall.used.unwrap_or(0));
    let key = wall.quota.map_or(wall.group.key, |(_, quota)| &quota.key);
    let says = format!(
        "the vCPU quota was {met} when AWS last refused a machine and is {limit} now; {used} in use, {} more needed: the next try should succeed",
        wall.need()
    );
    let headline = format!("{} vCPU quota raised from {met} to {limit}, not tried again yet", short_family(&wall.family));
    let wait = "wait: the group is tried again by itself, with growing pauses. If that fails too, the history of the group says why";
    Held::new(reason.cause.as_str(), key, reason.confidence.min(Confidence::Likely), says, headline)
        .evidence([happened(world, reason.said)])
        .evidence(figures(world, wall))
        .remedies([remedy(Risk::Inspect, wait, commands::activities(world, wall.group))])
}

fn wall<'w, 'a>(world: &World<'a>, group: &'w Group<'a>, told: Option<&Reason<'_>>) -> Option<Wall<'w, 'a>> {
    let shape = group.shape();
    let spot = told.map_or(group.is_spot(), |reason| reason.cause.as_str() == refusal::SPOT_QUOTA);
    let family = shape.map(|shape| shape.family.clone())?;
    let context = world.context(&group.key.context);
    let quota = context.quotas.iter().copied().find(|(_, quota)| quota.family.as_str() == family && quota.spot == spot);
    let limit = quota.and_then(|(_, quota)| quota.limit).or_else(|| told.and_then(|reason| refusal::limit_told(reason.text())));
    let used = quota.and_then(|(_, quota)| quota.usage).map(|usage| usage.value);
    Some(Wall {
        group,
        family,
        spot,
        quota,
        limit,
        used,
        machines: placement::machines_wanted(group),
        vcpus: shape.map_or(0, |shape| u64::from(shape.vcpus)),
    })
}

fn found(world: &World<'_>, wall: &Wall<'_, '_>, told: Option<&Reason<'_>>) -> Held {
    let cause = if wall.spot { refusal::SPOT_QUOTA } else { refusal::ON_DEMAND_QUOTA };
    let kind = if wall.spot { "spot " } else { "" };
    let family = short_family(&wall.family);
    let key =
        wall.code().map_or_else(|| wall.group.key.clone(), |code| ResourceKey::new(&wall.group.key.context, ResourceKind::Quota, code));
    let confidence = match told {
        Some(reason) => reason.confidence,
        None => Confidence::Likely,
    };
    let title = wall.quota.map_or_else(|| format!("for {kind}{} machines", wall.family), |(_, quota)| format!("\"{}\"", quota.title));
    let limit = wall.limit.map_or_else(|| "used up".to_owned(), |limit| limit.to_string());
    let machine = wall.group.preferred_type().map(|name| format!(" × {name}")).unwrap_or_default();
    let need = format!("{} more needed ({}{machine})", wall.need(), count(wall.machines, "machine"));
    let says = match wall.used {
        Some(used) => format!("the vCPU quota {title} is {limit}; {used} in use, {need}{}", requested(wall)),
        None => format!("the vCPU quota {title} is {limit}; {need}{}", requested(wall)),
    };
    let headline = match (wall.limit, wall.used) {
        (Some(limit), Some(used)) if used < limit => format!("{family} {kind}vCPU quota {limit}: {used} used, {} needed", wall.need()),
        (Some(0), _) => format!("{family} {kind}vCPU quota is 0"),
        (Some(limit), _) => format!("{family} {kind}vCPU quota {limit}, all in use"),
        (None, _) => format!("{family} {kind}vCPU quota used up"),
    };
    Held::new(cause, &key, confidence, says, headline)
        .evidence(told.map(|reason| happened(world, reason.said)))
        .evidence(figures(world, wall))
        .remedies(remedies(world, wall))
}

fn figures(world: &World<'_>, wall: &Wall<'_, '_>) -> Vec<crate::explain::finding::Evidence> {
    let Some((source, quota)) = wall.quota else { return Vec::new() };
    let mut evidence = Vec::new();
    if let Some(limit) = quota.limit {
        let field = if quota.is_default { "Value (default)" } else { "Value" };
        evidence.push(world.evidence(source, &quota.key, field, format!("{limit} {}", quota.unit)));
    }
    if let Some(usage) = quota.usage {
        let mut used = world.evidence(source, &quota.key, "ResourceCount", format!("{} {}", usage.value, quota.unit));
        used.observed_at = usage.at;
        evidence.push(used);
    }
    if let Some(request) = quota.requests.iter().find(|request| request.is_open()) {
        let mut asked =
            world.evidence(source, &quota.key, "RequestedQuotas[].Status", format!("{} to {}", request.status, request.desired));
        asked.observed_at = request.created_at.unwrap_or(asked.observed_at);
        evidence.push(asked);
    }
    evidence
}

/// An open request, as the end of a sentence.
fn requested(wall: &Wall<'_, '_>) -> String {
    let open = wall.quota.and_then(|(_, quota)| quota.requests.iter().find(|request| request.is_open()));
    open.map(|request| format!("; an increase to {} is requested ({})", request.desired, request.status)).unwrap_or_default()
}

fn remedies(world: &World<'_>, wall: &Wall<'_, '_>) -> Vec<Remedy> {
    let context = &wall.group.key.context;
    let kind = if wall.spot { "spot " } else { "on-demand " };
    let Some(code) = wall.code() else {
        return vec![advice(Risk::Mutating, format!("ask AWS for more {kind}vCPUs of the family {}", wall.family))];
    };
    let open = wall.quota.and_then(|(_, quota)| quota.requests.iter().find(|request| request.is_open()));
    if let Some(request) = open.filter(|request| request.desired >= wall.limit.unwrap_or(0) + wall.need()) {
        let case = request.case.as_ref().map(|case| format!(" (case {case})")).unwrap_or_default();
        let text = format!("wait for the increase to {} that is already requested{case}, or press it in the support case", request.desired);
        // Waiting ends it, so it stands before what interrupts somebody; looking alone would not.
        return vec![remedy(Risk::Low, text, commands::quota_requests(world, context, &code))];
    }
    let text = format!(
        "ask AWS to raise the quota to {}; small increases are often granted within the hour, others take a support case",
        wall.target()
    );
    vec![remedy(Risk::Mutating, text, commands::raise_quota(world, context, &code, wall.target()))]
}
