//! Instances by state. The service counts only those that run; what the others do follows from its
//! state and from how far a deployment has come.

use super::super::stage::{Stage, reached};
use super::super::wire::{ModelConfig, ModelMonitor};
use super::Known;
use crate::domain::workload::{Phase, ReplicaCounts};

/// How the instances of one model version do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All run.
    Ready,
    /// Some run.
    Some,
    /// None runs.
    None,
}

/// The state of one model version: its own word, or a word of services, which some installations use.
pub(super) fn state(config: &ModelConfig) -> State {
    match config.status.to_ascii_lowercase().as_str() {
        "" | "ready" | "running" | "finished" => State::Ready,
        "concerning" => State::Some,
        _ => State::None,
    }
}

fn count(number: Option<u64>) -> u32 {
    u32::try_from(number.unwrap_or_default()).unwrap_or(u32::MAX)
}

/// Counts over all model versions; none where the description was not read.
pub(super) fn replicas(known: &Known, phase: Phase) -> Option<ReplicaCounts> {
    let configs = &known.service.config;
    if configs.is_empty() {
        return None;
    }
    let desired = configs.iter().map(|config| count(config.instance_count)).fold(0, u32::saturating_add);
    if phase == Phase::Zero {
        return Some(ReplicaCounts { desired: Some(0), ..ReplicaCounts::default() });
    }
    let ready = configs.iter().map(|config| running(known, config)).fold(0, u32::saturating_add).min(desired);
    let mut counts = ReplicaCounts { desired: Some(desired), ready, ready_old: old(known), ..ReplicaCounts::default() };
    let rest = desired - ready;
    match (phase, reached(&known.events)) {
        (Phase::Live | Phase::Stopping | Phase::Idle, _) => {}
        (Phase::Updating, Stage::Begun | Stage::Building | Stage::Placing) => counts.pending = rest,
        (Phase::Updating, Stage::Pulling) => counts.creating = rest,
        // That it failed is said of the service; how its instances ended nobody says.
        (Phase::Updating, Stage::Starting) | (Phase::Short | Phase::Failed, _) => counts.not_ready = rest,
        (Phase::Zero | Phase::Unrecognized, _) => counts.unknown = rest,
    }
    counts.up_to_date = desired - counts.pending;
    Some(counts)
}

fn figures<'a>(known: &'a Known, config: &ModelConfig) -> Option<&'a ModelMonitor> {
    let monitors = &known.monitor.as_ref()?.monitors;
    monitors.iter().find(|one| one.model_name == config.model_name && one.model_version == config.model_version)
}

/// Instances of a model version that run: as counted, or by its state where nobody counts.
fn running(known: &Known, config: &ModelConfig) -> u32 {
    if let Some(counted) = figures(known, config).and_then(|figures| figures.model_running_instance_count) {
        return count(Some(counted));
    }
    let desired = count(config.instance_count);
    match state(config) {
        State::Ready => desired,
        // Some run and some do not: how many is not told.
        State::Some => desired.saturating_sub(1),
        State::None => 0,
    }
}

/// Instances of versions that are not asked for any more.
fn old(known: &Known) -> u32 {
    let asked = |one: &ModelMonitor| {
        known.service.config.iter().any(|config| config.model_name == one.model_name && config.model_version == one.model_version)
    };
    let monitors = known.monitor.iter().flat_map(|monitor| &monitor.monitors);
    monitors.filter(|one| !asked(one)).map(|one| count(one.model_running_instance_count)).fold(0, u32::saturating_add)
}
