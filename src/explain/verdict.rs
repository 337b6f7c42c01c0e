//! From answers to one explanation per workload: the chain in reading order, the root, the
//! verdict, and how a rollout is getting on that nothing holds up.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::condition::{Condition, Symptom};
use super::durations;
use super::engine::{Answer, Engine, Node, Obstacle};
use super::finding::{CauseId, Explanation, Explanations, Finding, Link, Missing, Pace, Progress, Verdict};
use super::fit::{NextUpdates, next_update};
use super::known;
use super::rules::unfinished::is_satisfied;
use super::since::is_trouble;
use super::world::World;
use crate::domain::condition;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age, words};
use crate::domain::workload::{Phase, Role, Workload};

/// Explains every workload of a snapshot, those with nothing in their way too.
pub fn run(snapshot: &Snapshot, now: Timestamp) -> Explanations {
    let world = World::new(snapshot, now);
    let mut engine = Engine::new(&world);
    let mut updates = NextUpdates::default();
    let explained = world.workloads().map(|(source, workload)| {
        let mut explanation = explain(&world, &mut engine, source, workload);
        if explanation.verdict == Verdict::Clear {
            explanation.next_update = next_update(&world, &mut updates, source, workload);
        }
        (workload.key.clone(), explanation)
    });
    explained.collect()
}

fn explain(world: &World<'_>, engine: &mut Engine<'_, '_>, source: &SourceId, workload: &Workload) -> Explanation {
    let answers: Vec<Rc<Answer>> = symptoms(world, workload).iter().map(|symptom| engine.answer(symptom)).collect();
    let mut gathered = Gathered::default();
    gathered.add(&answers, 0);
    let began = match workload.role {
        Role::Jobs => workload.jobs.iter().filter(|job| job.phase.is_active()).filter_map(|job| job.started_at).min(),
        Role::Serving => is_trouble(workload.status.phase).then(|| serving_since(world, workload)).flatten(),
        Role::Router => workload.status.since,
    };
    gathered.conclude(world, source, workload, began)
}

/// Since when a workload that should serve is not what it should be. A platform that only knows its
/// last deploy is corrected by the cluster: what served until an hour ago is not stuck for days.
fn serving_since(world: &World<'_>, workload: &Workload) -> Option<Timestamp> {
    let told = world.since(workload)?;
    if workload.replicas.is_none_or(|counts| counts.serving() > 0) {
        return Some(told);
    }
    let rollouts = world.inside(&workload.key.context).rollouts(&workload.key);
    let available = rollouts.iter().filter_map(|(_, rollout)| condition::named(&rollout.conditions, "Available"));
    let lost = available.filter(|told| told.holds == Some(false)).filter_map(|told| told.since).max();
    Some(lost.map_or(told, |lost| lost.max(told)))
}

/// What to ask about a workload.
fn symptoms(world: &World<'_>, workload: &Workload) -> Vec<Symptom> {
    let mut symptoms = of_role(world, workload);
    // A platform that counts no replicas may say what is wrong all the same.
    // So may one whose replicas are all there, of calls that fail or an update that was taken back,
    // and a state that has lasted too long says it without words.
    let says_live = workload.status.phase == Phase::Live && !workload.messages.is_empty();
    if is_trouble(workload.status.phase) || says_live || workload.role == Role::Router {
        symptoms.push(Symptom::new(Condition::PlatformSays, &workload.key));
    }
    symptoms
}

fn of_role(world: &World<'_>, workload: &Workload) -> Vec<Symptom> {
    match workload.role {
        Role::Serving if is_trouble(workload.status.phase) => vec![Symptom::new(Condition::RolloutUnfinished, &workload.key)],
        // Live, and something still wants more, or wants to take a replica away.
        Role::Serving if wants_something(world, workload) => vec![Symptom::new(Condition::RolloutBlocked, &workload.key)],
        Role::Serving => Vec::new(),
        Role::Router => vec![Symptom::new(Condition::RouteEmpty, &workload.key)],
        Role::Jobs => {
            let active = workload.jobs.iter().filter(|job| job.phase.is_active());
            active.map(|job| Symptom::new(Condition::JobWaiting, &job.key)).collect()
        }
    }
}

fn wants_something(world: &World<'_>, workload: &Workload) -> bool {
    let inside = world.inside(&workload.key.context);
    workload.status.phase == Phase::Live && !(inside.scalers(&workload.key).is_empty() && inside.budgets(&workload.key).is_empty())
}

/// All that was found for one workload, in reading order.
#[derive(Default)]
struct Gathered<'e> {
    chain: Vec<Link>,
    missing: Vec<Missing>,
    roots: Vec<Root<'e>>,
    obstacles: Vec<&'e Obstacle>,
    progress: Option<Progress>,
    seen: BTreeSet<(&'e CauseId, &'e ResourceKey)>,
}

/// Findings of one cause under one finding.
#[derive(Default)]
struct Leaves {
    shown: usize,
    hidden: usize,
    last: usize,
}

/// A cause with nothing beneath it.
#[derive(Clone, Copy)]
struct Root<'e> {
    node: &'e Node,
}

impl Root<'_> {
    fn cause(&self) -> &CauseId {
        &self.node.finding.cause
    }

    /// Orders candidates, the best first: sure before likely, deep before shallow, fresh before
    /// old, and the id to have one answer in the end.
    fn order(self, other: Self) -> std::cmp::Ordering {
        let (a, b) = (self.node, other.node);
        let newest = |finding: &Finding| finding.evidence.iter().map(|evidence| evidence.observed_at).max();
        let (x, y) = (&a.finding, &b.finding);
        let by_strength = y.confidence.cmp(&x.confidence).then_with(|| b.rank.cmp(&a.rank)).then_with(|| newest(y).cmp(&newest(x)));
        by_strength.then_with(|| x.cause.cmp(&y.cause)).then_with(|| x.resource.cmp(&y.resource))
    }
}

/// So many findings of one cause stand side by side; more are counted.
const SIDE_BY_SIDE: usize = 3;

impl<'e> Gathered<'e> {
    fn add(&mut self, answers: &'e [Rc<Answer>], depth: usize) {
        let mut leaves: BTreeMap<&'e CauseId, Leaves> = BTreeMap::new();
        for answer in answers {
            for node in &answer.nodes {
                self.add_node(node, depth, &mut leaves);
            }
            for obstacle in &answer.obstacles {
                self.add_obstacle(obstacle, depth);
            }
            if self.progress.is_none() {
                self.progress.clone_from(&answer.progress);
            }
        }
        for leaves in leaves.values().filter(|leaves| leaves.hidden > 0) {
            if let Some(link) = self.chain.get_mut(leaves.last) {
                let finding = Arc::make_mut(&mut link.finding);
                finding.says = format!("{}; and {} more like it", finding.says, leaves.hidden).into();
            }
        }
    }

    fn add_node(&mut self, node: &'e Node, depth: usize, leaves: &mut BTreeMap<&'e CauseId, Leaves>) {
        let finding = &node.finding;
        if !self.seen.insert((&finding.cause, &finding.resource)) {
            return;
        }
        let is_leaf = !node.has_causes() && !node.is_open();
        if is_leaf {
            let alike = leaves.entry(&finding.cause).or_default();
            if alike.shown == SIDE_BY_SIDE {
                alike.hidden += 1;
                return;
            }
            alike.shown += 1;
            alike.last = self.chain.len();
        }
        self.chain.push(Link { depth, finding: Arc::clone(finding) });
        if is_leaf && node.rank > 0 {
            self.roots.push(Root { node });
        }
        self.add(&node.beneath, depth + 1);
    }

    fn add_obstacle(&mut self, obstacle: &'e Obstacle, depth: usize) {
        let fresh: Vec<&Missing> = obstacle.missing.iter().filter(|missing| !self.missing.contains(missing)).collect();
        if fresh.is_empty() {
            return;
        }
        self.missing.extend(fresh.into_iter().cloned().collect::<Vec<Missing>>());
        self.obstacles.push(obstacle);
        if let Some(finding) = &obstacle.finding
            && self.seen.insert((&finding.cause, &finding.resource))
        {
            self.chain.push(Link { depth, finding: Arc::clone(finding) });
        }
    }

    fn conclude(mut self, world: &World<'_>, source: &SourceId, workload: &Workload, began: Option<Timestamp>) -> Explanation {
        let roots = self.rank_roots();
        let elapsed = began.map(|began| age(world.now, began)).unwrap_or_default();
        let failed = workload.status.phase == Phase::Failed;
        // Traffic that nobody answers is wrong from its first moment.
        let lost = workload.role == Role::Router && !self.chain.is_empty();
        let late = failed || lost || elapsed > workload.usual_rollout;
        // Beyond slow: that no reason can be read is then the answer.
        let serves = workload.role == Role::Serving && is_trouble(workload.status.phase);
        let satisfied = workload.replicas.is_some_and(|counts| is_satisfied(&counts));
        let stuck = serves && !satisfied && elapsed > durations::rollout(workload).stuck;
        let verdict = if !roots.is_empty() {
            Verdict::Held
        } else if self.progress.is_some() {
            Verdict::Clear
        } else if stuck || late && (failed || !self.obstacles.is_empty() || !self.chain.is_empty() || is_unread(workload)) {
            Verdict::CannotTell
        } else {
            Verdict::Clear
        };
        if verdict == Verdict::Held && workload.role != Role::Router {
            let beside = super::obstacle::beside(world, &workload.key);
            self.missing.extend(beside.into_iter().filter(|missing| !self.missing.contains(missing)).collect::<Vec<_>>());
        }
        match verdict {
            Verdict::Held => self.held(workload, began, &roots),
            Verdict::CannotTell => self.cannot_tell(source, workload, began),
            Verdict::Clear => self.clear(workload, began, elapsed, world.now),
        }
    }

    /// Roots, the best first, without those that a better name covers.
    fn rank_roots(&self) -> Vec<Root<'e>> {
        let mut roots = self.roots.clone();
        // One cause, however often, covers nothing.
        let several = roots.windows(2).any(|pair| matches!(pair, [a, b] if a.cause() != b.cause()));
        let covered = |root: &Root<'_>| self.roots.iter().any(|other| known::prefers(other.cause(), root.cause()));
        roots.retain(|root| !several || !covered(root));
        if roots.is_empty() {
            roots.clone_from(&self.roots);
        }
        roots.sort_by(|a, b| a.order(*b));
        roots
    }

    /// What could not be read is told beside the chain; the chain is about what was found.
    fn leave_out_obstacles(&mut self) {
        self.chain.retain(|link| link.finding.resource.kind != ResourceKind::Source);
        let found: BTreeSet<CauseId> = self.chain.iter().map(|link| link.finding.cause.clone()).collect();
        for link in &mut self.chain {
            if link.finding.leads_to.iter().any(|cause| !found.contains(cause)) {
                Arc::make_mut(&mut link.finding).leads_to.retain(|cause| found.contains(cause));
            }
        }
    }

    fn held(mut self, workload: &Workload, began: Option<Timestamp>, roots: &[Root<'_>]) -> Explanation {
        if !self.obstacles.is_empty() {
            self.leave_out_obstacles();
        }
        let headline = roots.first().map(|root| root.node.headline.clone()).unwrap_or_default();
        let mut causes: Vec<CauseId> = Vec::new();
        for root in roots {
            if !causes.contains(root.cause()) {
                causes.push(root.cause().clone());
            }
        }
        let mut causes = causes.into_iter();
        Explanation {
            workload: workload.key.clone(),
            verdict: Verdict::Held,
            since: began,
            root: causes.next(),
            also: causes.collect(),
            headline,
            chain: self.chain,
            missing: self.missing,
            progress: None,
            pace: pace(workload, began),
            next_update: None,
            freed: None,
        }
    }

    fn cannot_tell(mut self, source: &SourceId, workload: &Workload, began: Option<Timestamp>) -> Explanation {
        if self.missing.is_empty() {
            self.missing.push(unseen(source, workload));
        }
        // What is still being read passes; what failed does not.
        let telling = self.obstacles.iter().find(|obstacle| obstacle.finding.is_some());
        let headline = match telling.or(self.obstacles.first()) {
            Some(obstacle) => obstacle.headline.clone(),
            None => "cannot tell: nothing that holdup can read explains it".into(),
        };
        let root = self.obstacles.iter().find_map(|obstacle| obstacle.finding.as_ref()).map(|finding| finding.cause.clone());
        Explanation {
            workload: workload.key.clone(),
            verdict: Verdict::CannotTell,
            since: began,
            root,
            also: Vec::new(),
            headline,
            chain: self.chain,
            missing: self.missing,
            progress: None,
            pace: pace(workload, began),
            next_update: None,
            freed: None,
        }
    }

    fn clear(self, workload: &Workload, began: Option<Timestamp>, elapsed: Duration, now: Timestamp) -> Explanation {
        let moving = is_trouble(workload.status.phase) && workload.role == Role::Serving;
        let generic = || durations::rollout(workload).progress(stage(workload), elapsed);
        let progress = self.progress.or_else(|| moving.then(generic));
        let pace = progress.as_ref().and_then(|progress| {
            let until = now.checked_sub(progress.elapsed).ok()?.checked_add(progress.usual).ok()?;
            Some(Pace { least: progress.least, most: progress.usual, until })
        });
        let headline = progress.as_ref().map(told).unwrap_or_default();
        Explanation {
            workload: workload.key.clone(),
            verdict: Verdict::Clear,
            since: if progress.is_some() { began } else { None },
            root: None,
            also: Vec::new(),
            headline,
            chain: Vec::new(),
            missing: Vec::new(),
            progress,
            pace,
            next_update: None,
            freed: None,
        }
    }
}

/// What is normal for the rollout of a workload that serves, from when it began.
fn pace(workload: &Workload, began: Option<Timestamp>) -> Option<Pace> {
    if workload.role != Role::Serving || !is_trouble(workload.status.phase) {
        return None;
    }
    let typical = durations::rollout(workload);
    Some(Pace { least: typical.least, most: typical.most, until: began?.checked_add(typical.most).ok()? })
}

/// A movement in a few words: `node joining, about 3 min left`, or that it is slow.
fn told(progress: &Progress) -> Text {
    let left = progress.remaining();
    if left.is_zero() {
        format!("{}: slow, {} so far, typically {}", progress.stage, words(progress.elapsed), progress.span()).into()
    } else {
        format!("{}, about {} left", progress.stage, words(left)).into()
    }
}

/// Where a rollout stands, from its counts alone.
fn stage(workload: &Workload) -> &'static str {
    match workload.replicas {
        Some(counts) if counts.creating > 0 => "pulling the image, creating containers",
        Some(counts) if counts.not_ready > 0 => "starting, not ready yet",
        Some(counts) if counts.unplaced() > 0 => "looking for a place",
        Some(_) if workload.status.phase == Phase::Short => "adding replicas",
        _ => "rolling out",
    }
}

/// Whether the platform was not asked for the counts that everything rests on.
fn is_unread(workload: &Workload) -> bool {
    is_trouble(workload.status.phase) && workload.role == Role::Serving && workload.replicas.is_none()
}

/// What is not visible through the platform when everything readable is in order.
fn unseen(source: &SourceId, workload: &Workload) -> Missing {
    let name = &workload.key.name;
    let unread = is_unread(workload);
    Missing {
        source: source.clone(),
        question: format!("what keeps the replicas of {name}").into(),
        why: if unread {
            "the replicas by state were not read".into()
        } else {
            "the platform counts replicas and does not say what they wait for".into()
        },
        unlock: match name.split_once('/') {
            // Beneath a managed platform there is no cluster to ask: its own command is all there is.
            _ if !matches!(workload.platform.as_str(), "cortex" | "kubernetes") => workload.reproduce.clone(),
            Some((namespace, _)) => format!("kubectl -n {} get pods,events", super::commands::quoted(namespace)).into(),
            None => format!("kubectl describe pods -l {}", super::commands::quoted(&format!("apiName={name}"))).into(),
        },
    }
}
