//! Where a serving API stands, derived from counts in both dialects.
//!
//! The order of the tests is the operator's own (0.30 to 0.39 compute a code in it), with two
//! additions: an update that still has old replicas is an update even when the minimum is ready,
//! and a shortage without an update is a shortage even when the operator says "live".

use super::super::wire::{LegacyStatus, ModernStatus};
use crate::domain::text::Text;
use crate::domain::workload::{Phase, ReplicaCounts};

/// Replicas by state, and whether old ones are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// The common counts.
    pub replicas: ReplicaCounts,
    /// Whether replicas of a previous version exist, ready or not.
    pub has_old: bool,
    /// Whether the counts tell the states apart, or only how many are ready.
    pub is_detailed: bool,
}

/// A phase with the words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The common phase.
    pub phase: Phase,
    /// The platform's word, or what its own command line would make of it.
    pub native: Text,
}

/// Whether `/get` alone cannot tell that all is well, so that `/describe` should be asked.
/// `min` is the lower replica bound, once the specification was read.
pub fn is_suspect(status: &ModernStatus, min: Option<u32>) -> bool {
    status.requested > status.up_to_date
        || status.ready < status.requested
        || status.ready > status.requested
        || min.is_none_or(|min| status.requested < min) && status.requested == 0
        || min.is_some_and(|min| status.requested < min)
}

/// Counts of 0.40 and later.
pub fn modern_counts(status: &ModernStatus, min: Option<u32>) -> Counts {
    let old = status.requested.saturating_sub(status.up_to_date);
    let Some(counts) = &status.replica_counts else { return settled_or_vague(status, old, min) };
    let replicas = ReplicaCounts {
        desired: Some(counts.requested),
        ready: counts.ready,
        ready_old: counts.ready_out_of_date,
        up_to_date: status.up_to_date,
        pending: counts.pending,
        stalled: counts.stalled,
        creating: counts.creating,
        not_ready: counts.not_ready,
        image_error: counts.err_image_pull,
        failed: counts.failed,
        killed: counts.killed,
        out_of_memory: counts.killed_oom,
        terminating: counts.terminating,
        unknown: counts.unknown,
    };
    Counts { replicas, has_old: old > 0 || counts.ready_out_of_date > 0, is_detailed: true }
}

/// Counts from `/get` alone. `requested` there counts live replicas, so it is the desired number
/// only once everything settled; else the lower bound is the best that is known.
fn settled_or_vague(status: &ModernStatus, old: u32, min: Option<u32>) -> Counts {
    let settled = old == 0 && status.ready == status.requested;
    // While an update rolls, replicas that answer are old ones first.
    let ready_old = old.min(status.ready);
    let replicas = ReplicaCounts {
        desired: if settled { Some(status.requested.max(min.unwrap_or(0))) } else { min },
        ready: status.ready - ready_old,
        ready_old,
        up_to_date: status.up_to_date,
        unknown: status.requested.saturating_sub(status.ready),
        ..ReplicaCounts::default()
    };
    Counts { replicas, has_old: old > 0, is_detailed: false }
}

/// Counts of 0.39 and before.
pub fn legacy_counts(status: &LegacyStatus) -> Counts {
    let new = status.replica_counts.updated;
    let old = status.replica_counts.stale;
    let replicas = ReplicaCounts {
        desired: Some(status.replica_counts.requested),
        ready: new.ready,
        ready_old: old.ready,
        up_to_date: new.total().saturating_sub(new.terminating),
        pending: new.pending,
        stalled: new.stalled,
        creating: new.initializing,
        not_ready: 0,
        image_error: new.err_image_pull,
        failed: new.failed,
        killed: new.killed,
        out_of_memory: new.killed_oom,
        terminating: new.terminating.saturating_add(old.terminating),
        unknown: new.unknown,
    };
    Counts { replicas, has_old: old.total() > old.terminating, is_detailed: true }
}

/// The phase. `code` is the operator's own word where it sends one.
pub fn derive(counts: &Counts, min: Option<u32>, code: Option<&str>) -> Derived {
    let phase = phase(counts, min, code);
    let native = match code.map(legacy_words) {
        Some(words) => words,
        None => modern_words(counts, phase),
    };
    Derived { phase, native }
}

fn phase(counts: &Counts, min: Option<u32>, code: Option<&str>) -> Phase {
    let replicas = &counts.replicas;
    let desired = replicas.desired;
    if desired == Some(0) && replicas.serving() == 0 && min.is_none_or(|min| min == 0) {
        return Phase::Zero;
    }
    // Counts of killed replicas can be an hour old; being complete comes first.
    if desired.is_some_and(|desired| replicas.ready >= desired) && (!counts.has_old || counts.is_detailed) {
        return Phase::Live;
    }
    if replicas.broken() > 0 {
        return Phase::Failed;
    }
    let enough = replicas.ready > 0 && replicas.ready >= min.unwrap_or(1);
    if enough && !counts.has_old {
        return Phase::Short;
    }
    match code {
        Some("status_unknown") => Phase::Unrecognized,
        Some(code) if is_known(code) => Phase::Updating,
        Some(_) => Phase::Unrecognized,
        None => Phase::Updating,
    }
}

fn is_known(code: &str) -> bool {
    matches!(
        code,
        "status_live" | "status_error_image_pull" | "status_error" | "status_oom" | "status_stalled" | "status_updating" | "status_unknown"
    )
}

/// What the command line up to 0.39 prints for a code; a code it does not know stays as it is.
fn legacy_words(code: &str) -> Text {
    Text::clean(match code {
        "status_live" => "live",
        "status_error_image_pull" => "error (image pull)",
        "status_error" => "error",
        "status_oom" => "error (out of memory)",
        "status_stalled" => "compute unavailable",
        "status_updating" => "updating",
        "status_unknown" => "unknown",
        other => other,
    })
}

/// From 0.40 on the operator sends no word; these are its terms put together.
fn modern_words(counts: &Counts, phase: Phase) -> Text {
    let replicas = &counts.replicas;
    let missing = replicas.desired.map_or(0, |desired| desired.saturating_sub(replicas.ready));
    match phase {
        Phase::Zero => "scaled to zero".into(),
        Phase::Live if replicas.ready_old > 0 => "live, draining old".into(),
        Phase::Live => "live".into(),
        Phase::Failed if replicas.image_error > 0 => "error (image pull)".into(),
        Phase::Failed if replicas.failed + replicas.killed > 0 => "error".into(),
        Phase::Failed => "error (out of memory)".into(),
        Phase::Short if replicas.stalled > 0 => format!("live, short by {missing} (stalled)").into(),
        Phase::Short => format!("live, short by {missing}").into(),
        Phase::Updating if replicas.stalled > 0 => "updating (stalled)".into(),
        Phase::Updating => "updating".into(),
        Phase::Idle | Phase::Stopping | Phase::Unrecognized => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase_of(min: u32, replicas: ReplicaCounts, has_old: bool) -> Phase {
        derive(&Counts { replicas, has_old, is_detailed: true }, Some(min), None).phase
    }

    #[test]
    fn phases_in_the_operators_order() {
        let base = ReplicaCounts { desired: Some(2), ..ReplicaCounts::default() };
        assert_eq!(phase_of(0, ReplicaCounts { desired: Some(0), ..base }, false), Phase::Zero);
        assert_eq!(phase_of(1, ReplicaCounts { ready: 2, out_of_memory: 1, ..base }, false), Phase::Live, "old kills do not count");
        assert_eq!(phase_of(1, ReplicaCounts { ready: 1, failed: 1, ..base }, false), Phase::Failed);
        assert_eq!(phase_of(1, ReplicaCounts { ready: 1, pending: 1, ..base }, false), Phase::Short, "live can hide a shortage");
        assert_eq!(phase_of(1, ReplicaCounts { ready: 1, ready_old: 1, pending: 1, ..base }, true), Phase::Updating);
        assert_eq!(phase_of(1, ReplicaCounts { ready_old: 1, stalled: 1, ..base }, true), Phase::Updating);
        assert_eq!(phase_of(1, ReplicaCounts { pending: 2, ..base }, false), Phase::Updating);
    }

    #[test]
    fn requested_is_not_desired() {
        let stuck = ModernStatus { ready: 1, requested: 2, up_to_date: 1, replica_counts: None };
        let counts = modern_counts(&stuck, Some(1));
        assert_eq!(counts.replicas.desired, Some(1));
        assert_eq!((counts.replicas.ready, counts.replicas.ready_old), (0, 1));
        assert_eq!(derive(&counts, Some(1), None).phase, Phase::Updating);
        assert!(is_suspect(&stuck, Some(1)));
        assert!(!is_suspect(&ModernStatus { ready: 3, requested: 3, up_to_date: 3, replica_counts: None }, Some(1)));
        assert!(!is_suspect(&ModernStatus::default(), Some(0)));
        assert!(is_suspect(&ModernStatus::default(), Some(1)));
    }

    #[test]
    fn unknown_codes_stay_visible() {
        let counts = Counts { replicas: ReplicaCounts { desired: Some(1), ..ReplicaCounts::default() }, has_old: false, is_detailed: true };
        let derived = derive(&counts, Some(1), Some("status_dreaming"));
        assert_eq!((derived.phase, derived.native.as_str()), (Phase::Unrecognized, "status_dreaming"));
    }
}
