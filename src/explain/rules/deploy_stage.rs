//! A deployment of a platform that tells its stages as events, and goes on for longer than the
//! platform itself allows: the stage that began last and never ended says where to look.

use super::Rule;
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::time::{age, words};
use crate::domain::workload::Phase;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect;
use crate::explain::durations;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::known;
use crate::explain::words::lower;
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "deploy_stage",
    explains: Condition::PlatformSays,
    causes: &[
        "modelarts/ev-image-build-failed",
        "modelarts/ev-insufficient-resources",
        "modelarts/image-pull-size",
        "modelarts/deploying-wrong-port",
    ],
    check,
};

/// A stage: the events that tell that it was begun, what it is called, and what usually keeps it
/// from ending. The later stages first: the last one that was begun is the one that goes on.
const STAGES: &[(&[&str], &str, &str)] = &[
    (&["Starting", "Pulled"], "starting the model", "modelarts/deploying-wrong-port"),
    (&["Pulling", "Scheduled"], "pulling the image", "modelarts/image-pull-size"),
    (&["Prepared", "Preparing", "ImageBuilt"], "looking for a place", "modelarts/ev-insufficient-resources"),
    (&["ImageBuilding"], "building the image", "modelarts/ev-image-build-failed"),
];

/// Events with which a deployment begins.
const BEGINNINGS: &[&str] = &["DeployBegun", "UpdateBegun", "StartBegun"];

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    if !dialect::tells_stages(&workload.platform) || workload.status.phase != Phase::Updating {
        return Verdict::Clear;
    }
    let Some((began, last, what, cause)) = stage(world, key) else { return Verdict::Clear };
    let (elapsed, typical) = (age(world.now, began.1.at), durations::rollout(workload));
    if elapsed <= typical.most {
        return typical.moving(what, elapsed);
    }
    // What the platform says itself goes before what its silence suggests.
    if !workload.messages.is_empty() {
        return Verdict::Clear;
    }
    let title = known::title(&cause.into()).map(lower).unwrap_or_default();
    let says = format!(
        "it has been {what} for {} and is past the {} it is given. What this has meant before: {title}",
        words(age(world.now, last.1.at)),
        words(typical.most)
    );
    let evidence = [&began, &last].map(|(from, event)| {
        let mut evidence = world.evidence(from, key, "events.event_info", event.message.clone());
        evidence.observed_at = event.at;
        evidence
    });
    let [began, last] = evidence;
    Held::new(
        cause,
        key,
        world.confidence(source, Confidence::Likely),
        says,
        format!("{what} for {}, {} are given", words(elapsed), words(typical.most)),
    )
    .evidence([last, began, world.evidence(source, key, "status", workload.status.native.clone())])
    .remedies(Fill::of(world, &key.context).known_of(workload).remedies(cause))
    .asks([Symptom::new(Condition::LogTells, key)])
    .verdict()
}

/// The beginning of the present deployment, the event its stage began with, the stage, its cause.
fn stage<'a>(world: &World<'a>, key: &ResourceKey) -> Option<(Said<'a, Event>, Said<'a, Event>, &'static str, &'static str)> {
    let began = world.event(key, BEGINNINGS)?;
    let events = world.events(key);
    STAGES.iter().find_map(|(reasons, what, cause)| {
        let told = |reason: &&str| events.iter().find(|(_, event)| event.at >= began.1.at && event.reason.as_str() == *reason);
        reasons.iter().find_map(told).map(|last| (began, *last, *what, *cause))
    })
}
