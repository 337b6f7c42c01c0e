//! Jobs of a workload, newest first.

use super::content::{Cell, Column, Content, Row};
use super::{contexts, replicas, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::job::{Job, JobPhase};
use crate::domain::time::Timestamp;

/// The table of jobs.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let workload = route.subject().and_then(|key| model.snapshot().workload(key)).map(|(_, workload)| workload);
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("JOB", 24, 0).keep_end(),
            Column::fit("STATUS", 24, 0),
            Column::fit("WORKERS", 8, 2).right(),
            Column::fit("BATCHES", 13, 3).right(),
            Column::fit("AGE", 5, 1).right(),
            Column::fill("WORKERS BY STATE", 12),
        ],
        rows: workload.into_iter().flat_map(|workload| &workload.jobs).map(|job| row(model, job, now)).collect(),
        facts: status::troubles(model, now),
        empty: "this workload has no jobs".to_owned(),
        ..Content::default()
    }
}

fn row(model: &Model, job: &Job, now: Timestamp) -> Row {
    let (glyph, meaning) = match job.phase {
        JobPhase::Pending | JobPhase::Running => ("◌", Meaning::Progressing),
        JobPhase::Succeeded => ("●", Meaning::Live),
        JobPhase::Failed => ("✖", Meaning::Failed),
        JobPhase::Stopped => ("○", Meaning::Idle),
        JobPhase::Unrecognized => ("?", Meaning::Unknown),
    };
    let name = job.key.name.rsplit('/').next().unwrap_or_default();
    let batches = match (job.queued_batches, job.total_batches) {
        (Some(queued), Some(total)) => format!("{queued} of {total} left"),
        (Some(queued), None) => format!("{queued} left"),
        (None, _) => String::new(),
    };
    let states: Vec<String> = replicas::states(&job.counts).into_iter().map(|(count, _, word, _)| format!("{count} {word}")).collect();
    let cells = vec![
        Cell::new(glyph, meaning),
        contexts::cell(model, &job.key.context),
        Cell::plain(name),
        Cell::new(job.native.as_str(), meaning),
        Cell::number(job.workers),
        Cell::muted(batches),
        Cell::age(now, job.started_at),
        Cell::plain(states.join(", ")),
    ];
    Row::new(ObjectId::Resource(job.key.clone()), cells).problem(job.phase == JobPhase::Failed)
}
