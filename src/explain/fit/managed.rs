//! Platforms that show no machines: there the quota is all there is to reckon with.

use super::request::Request;
use super::{Fit, Outcome, Wall};
use crate::domain::quota::Quota;
use crate::domain::workload::QuotaDemand;
use crate::explain::commands::advice;
use crate::explain::finding::{Missing, Remedy, Risk};
use crate::explain::words::count;
use crate::explain::world::{Said, World};

/// The answer by quota alone; `None` for a workload that counts in no quota itself.
pub(super) fn plan(world: &World<'_>, request: &Request<'_>) -> Option<Fit> {
    let demand = request.workload.quota_demand.as_ref()?;
    let context = world.context(&request.workload.key.context);
    let said = context.quotas.iter().copied().find(|(_, quota)| quota.key == demand.quota);
    let figures = said.and_then(|(source, quota)| Some((source, quota, quota.limit?, quota.usage?.value)));
    let update = format!("{}, each counts {} of the quota {}", count(request.desired, "replica"), demand.each, demand.quota.name);
    let Some((source, quota, limit, used)) = figures else {
        return Some(unread(request, demand, said, update));
    };
    let needed = needed(demand, request);
    let fits = used.saturating_add(needed) <= limit;
    let name = &request.workload.key.name;
    let room = limit.saturating_sub(used);
    let says = if fits {
        format!("the update of {name} fits: it needs {needed} {} more at its peak, and {room} are free", quota.unit)
    } else {
        format!("the update of {name} gets stuck: it needs {needed} {} more at its peak, and {room} of {limit} are free", quota.unit)
    };
    let wall =
        Wall { of: quota.key.clone(), says: format!("the quota \"{}\" is {limit} {}, {used} in use", quota.title, quota.unit).into() };
    let ready = u32::try_from(request.old.len()).unwrap_or(u32::MAX).min(request.desired);
    Some(Fit {
        workload: request.workload.key.clone(),
        outcome: if fits { Outcome::FitsNow } else { Outcome::Stuck { ready: 0, wanted: request.desired.max(ready) } },
        says: says.into(),
        update: update.into(),
        steps: Vec::new(),
        walls: if fits { Vec::new() } else { vec![wall] },
        assumed: vec!["the platform shows no machines: only the quota is reckoned, not whether the region has any".into()],
        missing: Vec::new(),
        evidence: vec![world.evidence(source, &quota.key, "used / limit", format!("{used} / {limit} {}", quota.unit))],
        ways: if fits { Vec::new() } else { ways(quota, used + needed) },
    })
}

/// What the update takes at its peak beyond what is used now.
fn needed(demand: &QuotaDemand, request: &Request<'_>) -> u64 {
    let (desired, old) = (u64::from(request.desired), u64::try_from(request.old.len()).unwrap_or(u64::MAX));
    let whole = desired.saturating_mul(demand.each);
    let reserve = whole.saturating_mul(u64::from(demand.update_reserve_percent)).div_ceil(100);
    let kept = if demand.side_by_side { 0 } else { old.saturating_mul(demand.each) };
    whole.saturating_sub(kept).saturating_add(reserve)
}

fn ways(quota: &Quota, target: u64) -> Vec<Remedy> {
    vec![advice(Risk::Mutating, format!("ask for the quota \"{}\" to be raised to {target} {}", quota.title, quota.unit))]
}

fn unread(request: &Request<'_>, demand: &QuotaDemand, said: Option<Said<'_, Quota>>, update: String) -> Fit {
    let missing = said.map(|(source, quota)| Missing {
        source: source.clone(),
        question: format!("how much room the quota {} leaves", quota.title).into(),
        why: "its limit or its use could not be read".into(),
        unlock: "read access to the quotas of the region".into(),
    });
    Fit {
        workload: request.workload.key.clone(),
        outcome: Outcome::CannotTell,
        says: format!(
            "whether the update of {} fits cannot be told: the quota {} could not be read",
            request.workload.key.name, demand.quota.name
        )
        .into(),
        update: update.into(),
        steps: Vec::new(),
        walls: Vec::new(),
        assumed: Vec::new(),
        missing: missing.into_iter().collect(),
        evidence: Vec::new(),
        ways: Vec::new(),
    }
}
