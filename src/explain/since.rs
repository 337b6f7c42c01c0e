//! Since when a workload has not been what it should be.
//!
//! Ready counts of a crashing replica go up and down, so phases do too: a short stretch of health
//! between two bad ones is not a new beginning.

use crate::domain::history::PhaseChange;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::{Phase, Workload};

/// Health shorter than this between two bad phases does not count.
const BLINK: Duration = Duration::from_mins(3);

/// Since when the present rollout or trouble has lasted, as far as anybody knows.
pub fn since(snapshot: &Snapshot, workload: &Workload) -> Option<Timestamp> {
    let told = workload.status.since;
    let watched = snapshot.history.phases.get(&workload.key).and_then(|series| trouble_began(series.iter()));
    match (told, watched) {
        (Some(told), Some(watched)) if watched.observed => Some(told.min(watched.at)),
        (Some(told), _) => Some(told),
        (None, Some(watched)) if watched.observed => Some(watched.at),
        (None, watched) => workload.deployed_at.or(watched.map(|change| change.at)),
    }
}

/// The change that began the present run of bad phases.
fn trouble_began<'a>(series: impl DoubleEndedIterator<Item = &'a PhaseChange>) -> Option<PhaseChange> {
    let mut began: Option<PhaseChange> = None;
    let mut later: Option<Timestamp> = None;
    for change in series.rev() {
        if is_trouble(change.phase) {
            began = Some(*change);
        } else if later.is_none_or(|later| age(later, change.at) > BLINK) {
            break;
        }
        later = Some(change.at);
    }
    began
}

/// Whether something is wanted in this phase that is not there yet.
pub fn is_trouble(phase: Phase) -> bool {
    matches!(phase, Phase::Updating | Phase::Short | Phase::Failed | Phase::Unrecognized)
}
