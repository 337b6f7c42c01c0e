//! Backward chaining: from a symptom, through the rules, to everything beneath it.
//!
//! Every symptom is answered once, so causes that several workloads share are one node. A rule
//! that asks on at its own rank or above is a fault of the rule: the question is dropped, and
//! debug builds say so.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::condition::{Condition, Symptom};
use super::finding::{Finding, Missing, Progress};
use super::rules::RULES;
use super::world::World;
use crate::domain::text::Text;

/// What one rule says of one symptom.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Not this.
    Clear,
    /// It is getting there by itself: an estimate, never an alarm.
    Moving(Progress),
    /// This holds it up.
    Held(Box<Held>),
    /// Each of these holds it up by itself.
    Several(Vec<Held>),
    /// What would decide it could not be read.
    CannotTell(Box<Obstacle>),
}

/// A finding with the questions that follow from it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The finding; the engine fills `leads_to`.
    pub finding: Finding,
    /// The finding in a few words, for a table cell.
    pub headline: Text,
    /// What to ask next; all of strictly higher rank. Each question is a list of alternatives:
    /// one of them that is getting there settles it.
    pub asks: Vec<Vec<Symptom>>,
}

/// Something in the way of telling.
#[derive(Clone, Debug)]
pub struct Obstacle {
    /// What could not be read, one entry for each permission or setting.
    pub missing: Vec<Missing>,
    /// The catalogue's entry for what is in the way (an expired session, a missing permission).
    pub finding: Option<Arc<Finding>>,
    /// It in a few words, for a table cell.
    pub headline: Text,
}

/// All that is known of one symptom.
#[derive(Debug, Default)]
pub struct Answer {
    /// What holds it up.
    pub nodes: Vec<Rc<Node>>,
    /// What could not be read.
    pub obstacles: Vec<Rc<Obstacle>>,
    /// How it is getting on, if nothing in particular is in its way.
    pub progress: Option<Progress>,
}

impl Answer {
    /// Whether there is nothing but movement (or nothing at all).
    fn is_free(&self) -> bool {
        self.nodes.is_empty() && self.obstacles.is_empty()
    }
}

/// A finding and what lies beneath.
#[derive(Debug)]
pub struct Node {
    /// What one rule found, shared by the chains that lead through it.
    pub finding: Arc<Finding>,
    /// It in a few words, for a table cell.
    pub headline: Text,
    /// The rank of the condition it explains.
    pub rank: u8,
    /// The answers to what it asked.
    pub beneath: Vec<Rc<Answer>>,
}

impl Node {
    /// Whether findings lie beneath: other ones than its own, said again by somebody else.
    pub fn has_causes(&self) -> bool {
        let own = (&self.finding.cause, &self.finding.resource);
        self.beneath.iter().flat_map(|answer| &answer.nodes).any(|node| (&node.finding.cause, &node.finding.resource) != own)
    }

    /// Whether what lies beneath could not be read, and nothing else was found there.
    pub fn is_open(&self) -> bool {
        !self.has_causes() && self.beneath.iter().any(|answer| !answer.obstacles.is_empty())
    }
}

/// Answers symptoms of one snapshot.
pub struct Engine<'w, 'a> {
    world: &'w World<'a>,
    /// Of workloads, by their place in the roster: most questions are about them.
    of_workloads: Vec<Vec<(Condition, Rc<Answer>)>>,
    of_others: BTreeMap<Symptom, Rc<Answer>>,
}

impl<'w, 'a> Engine<'w, 'a> {
    /// An engine that has answered nothing yet.
    pub fn new(world: &'w World<'a>) -> Self {
        Self { world, of_workloads: vec![Vec::new(); world.roster().count()], of_others: BTreeMap::new() }
    }

    /// All that is known of a symptom.
    pub fn answer(&mut self, symptom: &Symptom) -> Rc<Answer> {
        if let Some(known) = self.known(symptom) {
            return Rc::clone(known);
        }
        let mut answer = Answer::default();
        for rule in RULES.iter().filter(|rule| rule.explains == symptom.condition) {
            match (rule.check)(self.world, &symptom.of) {
                Verdict::Clear => {}
                Verdict::Moving(progress) => keep_longest(&mut answer.progress, progress),
                Verdict::Held(held) => self.descend(*held, symptom, &mut answer),
                Verdict::Several(several) => several.into_iter().for_each(|held| self.descend(held, symptom, &mut answer)),
                Verdict::CannotTell(obstacle) => answer.obstacles.push(Rc::new(*obstacle)),
            }
        }
        let answer = Rc::new(answer);
        self.keep(symptom, Rc::clone(&answer));
        answer
    }

    fn known(&self, symptom: &Symptom) -> Option<&Rc<Answer>> {
        let Some(place) = self.world.roster().place(&symptom.of) else { return self.of_others.get(symptom) };
        let answers = self.of_workloads.get(place)?;
        answers.iter().find(|(condition, _)| *condition == symptom.condition).map(|(_, answer)| answer)
    }

    fn keep(&mut self, symptom: &Symptom, answer: Rc<Answer>) {
        let place = self.world.roster().place(&symptom.of);
        match place.and_then(|place| self.of_workloads.get_mut(place)) {
            Some(answers) => answers.push((symptom.condition, answer)),
            None => drop(self.of_others.insert(symptom.clone(), answer)),
        }
    }

    /// Asks what a finding asks, and adds it to the answer, unless all it rests on is moving.
    fn descend(&mut self, held: Held, symptom: &Symptom, answer: &mut Answer) {
        let rank = symptom.condition.rank();
        debug_assert!(held.asks.iter().flatten().all(|next| next.condition.rank() > rank), "{symptom:?} asks sideways: {:?}", held.asks);
        let mut beneath: Vec<Rc<Answer>> = Vec::new();
        let mut moving: Option<Progress> = None;
        for question in &held.asks {
            let deeper = question.iter().filter(|next| next.condition.rank() > rank);
            let answers: Vec<Rc<Answer>> = deeper.map(|next| self.answer(next)).collect();
            match answers.iter().find_map(|answer| answer.progress.as_ref()) {
                Some(progress) => keep_longest(&mut moving, progress.clone()),
                None => beneath.extend(answers),
            }
        }
        if let (Some(progress), true) = (moving, beneath.iter().all(|below| below.is_free())) {
            keep_longest(&mut answer.progress, progress);
            return;
        }
        let Held { mut finding, headline, .. } = held;
        finding.leads_to.clear();
        for below in &beneath {
            let found = below.nodes.iter().map(|node| &node.finding.cause);
            let in_the_way = below.obstacles.iter().filter_map(|obstacle| obstacle.finding.as_ref()).map(|finding| &finding.cause);
            for cause in found.chain(in_the_way) {
                if !finding.leads_to.contains(cause) && *cause != finding.cause {
                    finding.leads_to.push(cause.clone());
                }
            }
        }
        answer.nodes.push(Rc::new(Node { finding: Arc::new(finding), headline, rank, beneath }));
    }
}

/// Keeps the movement with the most time left: the rollout is done when the slowest part is.
fn keep_longest(kept: &mut Option<Progress>, other: Progress) {
    if kept.as_ref().is_none_or(|kept| kept.remaining() < other.remaining()) {
        *kept = Some(other);
    }
}
