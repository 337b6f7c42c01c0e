//! Where a workload stands, from the numbers of its controller and its replicas.
//!
//! Being complete comes first: a controller may go on saying that it failed after the last replica
//! has become ready. What the platform itself calls failed is failed; the rest is an update, or a
//! shortage.

use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::workload::{Phase, ReplicaCounts, Status};

/// What decides about the phase.
#[derive(Clone, Debug, Default)]
pub struct Situation {
    /// It is going away.
    pub deleting: bool,
    /// Its controller has not looked at the newest specification yet.
    pub unobserved: bool,
    /// Somebody paused it.
    pub paused: bool,
    /// Replicas of an old revision are about and not going away.
    pub has_old: bool,
    /// The controller says that an update or a first start goes on.
    pub in_progress: bool,
    /// The operator says that it is not ready, whatever its replicas say.
    pub unready: bool,
    /// The controller's word for having failed.
    pub failed: Option<Text>,
    /// When the update or the first start began.
    pub began: Option<Timestamp>,
    /// Since when fewer replicas than asked for are available, where the controller says.
    pub short_since: Option<Timestamp>,
}

impl Situation {
    /// Whether an update or a first start is the matter, and not something that happened to a
    /// workload that had been complete.
    fn is_rollout(&self) -> bool {
        self.unobserved || self.has_old || self.in_progress || self.failed.is_some()
    }
}

/// The common status.
pub fn status(situation: &Situation, counts: &ReplicaCounts) -> Status {
    let phase = phase(situation, counts);
    let since = match phase {
        Phase::Updating | Phase::Failed if situation.is_rollout() => situation.began,
        Phase::Updating | Phase::Failed | Phase::Short => situation.short_since,
        Phase::Live | Phase::Zero | Phase::Idle | Phase::Stopping | Phase::Unrecognized => None,
    };
    Status { phase, native: native(situation, counts, phase), since, serving: counts.serving() > 0 }
}

fn phase(situation: &Situation, counts: &ReplicaCounts) -> Phase {
    let desired = counts.desired.unwrap_or_default();
    if situation.deleting {
        return Phase::Stopping;
    }
    if desired == 0 && counts.serving() == 0 && situation.failed.is_none() && !situation.unready {
        return Phase::Zero;
    }
    if situation.unobserved {
        return Phase::Updating;
    }
    if counts.ready >= desired && !situation.unready {
        return Phase::Live;
    }
    if situation.failed.is_some() {
        return Phase::Failed;
    }
    if situation.has_old || situation.in_progress {
        return Phase::Updating;
    }
    match (counts.ready, counts.broken()) {
        (1.., _) => Phase::Short,
        (0, 1..) => Phase::Failed,
        (0, 0) => Phase::Updating,
    }
}

fn native(situation: &Situation, counts: &ReplicaCounts, phase: Phase) -> Text {
    let desired = counts.desired.unwrap_or_default();
    let ready = format!("{}/{desired} ready", counts.ready);
    match phase {
        Phase::Stopping => "deleting".into(),
        Phase::Zero => "scaled to zero".into(),
        Phase::Live if counts.ready_old > 0 => "live, draining old".into(),
        Phase::Live => "live".into(),
        Phase::Failed => situation.failed.clone().unwrap_or_else(|| format!("failing, {ready}").into()),
        Phase::Updating if situation.unobserved => "not looked at yet".into(),
        Phase::Updating if situation.paused => format!("paused, {ready}").into(),
        Phase::Updating if situation.is_rollout() => format!("updating, {ready}").into(),
        Phase::Updating | Phase::Short | Phase::Idle | Phase::Unrecognized => ready.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_by_what_is_known() {
        let counts = |desired, ready, ready_old| ReplicaCounts { desired: Some(desired), ready, ready_old, ..ReplicaCounts::default() };
        let failed = || Situation { failed: Some("ProgressDeadlineExceeded".into()), ..Situation::default() };
        let old = || Situation { has_old: true, ..Situation::default() };
        let cases = [
            (failed(), counts(2, 2, 0), Phase::Live, "live"),
            (failed(), counts(1, 0, 1), Phase::Failed, "ProgressDeadlineExceeded"),
            (old(), counts(1, 0, 1), Phase::Updating, "updating, 0/1 ready"),
            (old(), counts(1, 1, 1), Phase::Live, "live, draining old"),
            (Situation { in_progress: true, ..Situation::default() }, counts(3, 1, 0), Phase::Updating, "updating, 1/3 ready"),
            (Situation::default(), counts(3, 1, 0), Phase::Short, "1/3 ready"),
            (Situation::default(), ReplicaCounts { failed: 1, ..counts(1, 0, 0) }, Phase::Failed, "failing, 0/1 ready"),
            (Situation::default(), counts(0, 0, 0), Phase::Zero, "scaled to zero"),
            (Situation::default(), ReplicaCounts { pending: 1, ..counts(1, 0, 0) }, Phase::Updating, "0/1 ready"),
            (Situation { unobserved: true, ..Situation::default() }, counts(1, 1, 0), Phase::Updating, "not looked at yet"),
            (Situation { unready: true, ..old() }, counts(1, 1, 0), Phase::Updating, "updating, 1/1 ready"),
            (Situation { deleting: true, ..old() }, counts(1, 1, 0), Phase::Stopping, "deleting"),
        ];
        for (situation, counts, phase, native) in cases {
            let status = status(&situation, &counts);
            assert_eq!((status.phase, status.native.as_str()), (phase, native), "{situation:?} {counts:?}");
        }
    }
}
