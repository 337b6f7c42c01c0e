//! A replica has no node: every machine is weighed against it, and the scheduler's own sentence is
//! held against that. One finding says which machines are out for what, with numbers.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::replica::Replica;
use crate::domain::time::{Duration, Timestamp, age, words};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::obstacle::{self, Need};
use crate::explain::scheduler::{self, Sentence};
use crate::explain::survey::{self, Survey, Why};
use crate::explain::weigh::Refusal;
use crate::explain::words::short_name;
use crate::explain::world::{Said, World};
use crate::explain::{node_story, tally, unplaced};

pub(super) const RULE: Rule = Rule { slug: "nodes_weighed", explains: Condition::NodesRefuse, causes: node_story::CAUSES, check };

/// A machine younger than this may still be getting ready.
const YOUNG: Duration = Duration::from_mins(9);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, replica)) = world.replica(key) else { return Verdict::Clear };
    if super::not_scheduled::applies(world, replica) || super::claim_holds::applies(world, replica) {
        return Verdict::Clear;
    }
    let elapsed = replica.created_at.map(|at| age(world.now, at)).unwrap_or_default();
    let typical = durations::of("kubernetes", Stage::Placing);
    if replica.created_at.is_some() && elapsed < typical.most {
        return typical.moving("looking for a place", elapsed);
    }
    let told = Told::read(world, source, replica);
    if !world.inside(&key.context).sees_nodes() {
        return by_sentence(world, source, replica, told, true);
    }
    let survey = survey::of(world, replica);
    match &survey.why {
        Why::Room(node) => room(world, (source, replica), told, *node, elapsed),
        Why::Dead(_, true) => durations::of("kubernetes", Stage::Device).moving("GPU registering", elapsed),
        Why::Rule(refusal, _, (_, node)) if refusal.passes() && node.created_at.is_some_and(|at| age(world.now, at) < YOUNG) => {
            durations::of("kubernetes", Stage::Device).moving("node starting", elapsed)
        }
        _ => found(world, (source, replica), told, &survey),
    }
}

/// The scheduler's newest sentence, with who told of it and when it was said.
pub(crate) struct Told {
    sentence: Sentence,
    evidence: Evidence,
    at: Option<Timestamp>,
}

impl Told {
    fn read(world: &World<'_>, source: &crate::domain::id::SourceId, replica: &Replica) -> Option<Self> {
        let event = world
            .events(&replica.key)
            .into_iter()
            .find(|(_, event)| event.reason.as_str() == "FailedScheduling" && scheduler::read(&event.message).is_known());
        if let Some(said) = event {
            return Some(Self { sentence: scheduler::read(&said.1.message), evidence: world.told(said), at: Some(said.1.at) });
        }
        let message = replica.message.as_ref().filter(|_| replica.reason.as_deref() == Some("Unschedulable"))?;
        let told = crate::domain::condition::named(&replica.conditions, "PodScheduled");
        let at = told.and_then(|told| told.since);
        Some(Self {
            sentence: scheduler::read(message),
            evidence: world.evidence(source, &replica.key, "PodScheduled", message.clone()),
            at,
        })
    }
}

/// The nodes could not be read: the scheduler's own words are all there is.
fn by_sentence(world: &World<'_>, source: &crate::domain::id::SourceId, replica: &Replica, told: Option<Told>, unread: bool) -> Verdict {
    let Some(told) = told else { return obstacle::verdict(world, &replica.key.context, Need::Nodes) };
    let Some(reason) = told.sentence.decisive() else { return obstacle::verdict(world, &replica.key.context, Need::Nodes) };
    let cause = reason.why.cause().unwrap_or("kubernetes/sched-plugin-error");
    let of = told.sentence.nodes.map(|nodes| format!(" of {nodes} nodes")).unwrap_or_default();
    let what = node_story::predicate_words(&reason.why);
    let counted = if reason.count == 1 { node_story::of_one(&what) } else { what.clone() };
    let says = format!("the scheduler found no node: {}{of} {counted}", reason.count);
    let fill = Fill::of(world, &replica.key.context).replica(replica);
    let remedies = if unread && reason.why.wants_machine() { fill.commands(cause) } else { fill.remedies(cause) };
    let mut held = Held::new(cause, &replica.key, world.confidence(source, Confidence::Likely), says, format!("no node: {what}"))
        .evidence([told.evidence.clone()])
        .remedies(remedies);
    // What a free place would cure can only be told by the nodes themselves.
    if unread && reason.why.wants_machine() {
        let unread = ResourceKey::new(&replica.key.context, crate::domain::id::ResourceKind::Source, crate::explain::inside::NODES);
        held = held.asks([Symptom::new(Condition::ClusterUnread, &unread)]);
    }
    held.verdict()
}

/// By what was read, a machine has room. Either it has only just come, or the scheduler knows of
/// something that cannot be read from nodes.
fn room(world: &World<'_>, (source, replica): Said<'_, Replica>, told: Option<Told>, node: Said<'_, Node>, elapsed: Duration) -> Verdict {
    let newest = node.1.created_at.map_or(elapsed, |at| age(world.now, at).min(elapsed));
    let looked_before = |told: &Told| told.at.zip(node.1.created_at).is_some_and(|(looked, joined)| looked < joined);
    let unseen = told.as_ref().and_then(|told| told.sentence.decisive()).is_some_and(|reason| node_story::is_unseen(&reason.why));
    // Room that is not used for longer is not room: something unseen keeps the replica off.
    let typical = durations::of("kubernetes", Stage::Placing);
    if newest < typical.stuck || (!unseen && told.as_ref().is_some_and(looked_before)) {
        let stage = format!("being placed on {}", short_name(&node.1.key.name));
        return typical.moving(stage, newest);
    }
    by_sentence(world, source, replica, told, false)
}

fn found<'a>(world: &World<'a>, (source, replica): Said<'a, Replica>, told: Option<Told>, survey: &Survey<'a>) -> Verdict {
    if let Some(progress) = node_story::leaving(world, survey, replica) {
        return Verdict::Moving(progress);
    }
    let story = node_story::story(world, replica, survey);
    let newer = told.as_ref().and_then(|told| disagreement(world, told, survey)).map(|words| format!(". {words}")).unwrap_or_default();
    let says = format!("{}; {}{newer}", story.says, tally::sentence(survey));
    let machine_source = survey.machines.first().map_or(source, |machine| machine.said.0);
    Held::new(story.cause, &replica.key, world.confidence(machine_source, Confidence::Certain), says, story.headline)
        .evidence(told.map(|told| told.evidence))
        .evidence(story.evidence)
        .remedies(story.remedies)
        .asks_each(asks(world, replica, survey))
        .verdict()
}

/// Where the sentence is about other nodes than there are now.
fn disagreement(world: &World<'_>, told: &Told, survey: &Survey<'_>) -> Option<String> {
    let at = told.at?;
    let newer = survey.machines.iter().filter(|machine| machine.said.1.created_at.is_some_and(|joined| joined > at));
    let newer: Vec<&Node> = newer.map(|machine| machine.said.1).collect();
    let first = newer.first()?;
    let since = first.created_at.map(|joined| words(age(world.now, joined)))?;
    let counted = told.sentence.nodes.map(|nodes| format!("counted {nodes} nodes and ")).unwrap_or_default();
    Some(format!("The scheduler's last word {counted}is older than {}, which joined {since} ago", short_name(&first.key.name)))
}

/// What could bring a machine, or what ails the one that should do.
fn asks<'a>(world: &World<'a>, replica: &'a Replica, survey: &Survey<'a>) -> Vec<Vec<Symptom>> {
    let sick = |node: &Node| vec![vec![Symptom::new(Condition::NodeSick, &node.key)]];
    match &survey.why {
        Why::Dead((_, node), _)
        | Why::Unhealthy((_, node), _)
        | Why::Rule(Refusal::NotReady(_) | Refusal::Pressure(_) | Refusal::Cordoned, _, (_, node)) => return sick(node),
        Why::Room(_) => return Vec::new(),
        _ => {}
    }
    let groups = unplaced::growable(world, replica, survey);
    // Where the machines explain it alone, a full group is no news, and neither is an autoscaler
    // that adds nothing: only one that does.
    let grows = world.event(&replica.key, &["TriggeredScaleUp", "Nominated"]).is_some();
    let explained = matches!(survey.why, Why::Beside(_) | Why::Scattered(_) | Why::Slots(_) | Why::Rule(..))
        || node_story::held_by_others(world, replica, survey);
    let mut growth: Vec<Symptom> = groups
        .into_iter()
        .filter(|group| !explained || !super::at_max::is_full(group))
        .map(|group| Symptom::new(Condition::GroupFixed, group.key))
        .collect();
    if !explained || grows || (!matches!(survey.why, Why::Rule(..)) && !world.inside(&replica.key.context).pools.is_empty()) {
        growth.push(Symptom::new(Condition::NoMachineComes, &replica.key));
    }
    if growth.is_empty() { Vec::new() } else { vec![growth] }
}
