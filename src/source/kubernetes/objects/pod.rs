//! Pods, and the template a controller makes them from.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use super::amounts::Amounts;
use super::conditions::{conditions, message};
use super::container::container;
use super::place::placement;
use super::pod_state::{self, Seen};
use super::raw::record;
use crate::domain::condition::StatusCondition;
use crate::domain::placement::Placement;
use crate::domain::replica::{Container, ReplicaPhase};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Placements one thread remembers to share between pods of one revision.
const REMEMBERED: usize = 64;

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its metadata.
    pub meta: Meta,
    /// The node it was given.
    pub node: Option<Text>,
    /// Where it is in its life.
    pub phase: ReplicaPhase,
    /// Its state as `kubectl get pods` prints it.
    pub state: Text,
    /// Whether it answers.
    pub ready: bool,
    /// Whether it has ended and holds nothing any more.
    pub ended: bool,
    /// Why it is not ready.
    pub reason: Option<Text>,
    /// Why it is not ready, in a sentence.
    pub message: Option<Text>,
    /// Conditions that do not hold, or tell of a disruption.
    pub conditions: Vec<StatusCondition>,
    /// When it got its node.
    pub placed_at: Option<Timestamp>,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// Its containers, those that run first before those that serve.
    pub containers: Vec<Container>,
    /// What the scheduler counts for it.
    pub demand: Amounts,
    /// Where it may run.
    pub placement: Arc<Placement>,
    /// The object as received, kept only while it is not ready and has not ended: clusters keep
    /// thousands of evicted pods.
    pub raw: Option<Text>,
}

object!(Pod, Kind::built_in("", "v1", "pods", "Pod"));

impl Trim for Pod {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let all = conditions(status);
        let containers = containers(spec, status);
        let node = spec.optional_word("nodeName");
        let seen = Seen::read(spec, status, &all, &containers, node.is_some(), meta.deleting_since.is_some());
        let (reason, why) = if seen.is_ready() { (None, None) } else { seen.reason(&message(status)) };
        let phase = seen.phase();
        let ended = seen.has_ended();
        let keep = !seen.is_ready() && !ended;
        Self {
            state: pod_state::word(&seen),
            ready: phase == ReplicaPhase::Ready,
            placed_at: all
                .iter()
                .find(|condition| condition.name == "PodScheduled" && condition.holds == Some(true))
                .and_then(|it| it.since),
            restarts: containers.iter().fold(0, |sum, container| sum.saturating_add(container.restarts)),
            demand: if ended { Amounts::default() } else { demand(spec) },
            placement: share(placement(spec, &meta.namespace, &meta.name)),
            raw: keep.then(|| record(tree)),
            conditions: all.iter().filter(|condition| is_telling(condition)).cloned().collect(),
            phase,
            ended,
            reason,
            message: why,
            node,
            containers,
            meta,
        }
    }
}

fn is_telling(condition: &StatusCondition) -> bool {
    (condition.holds == Some(true)) == (condition.name == "DisruptionTarget")
}

/// Containers in the order they start, each with its status.
fn containers(spec: &Value, status: &Value) -> Vec<Container> {
    let named = |list: &'static str, name: &Value| status.list(list).iter().find(|status| status.at("name") == name);
    let init = spec.list("initContainers").iter().map(|part| container(part, named("initContainerStatuses", part.at("name")), true));
    let serving = spec.list("containers").iter().map(|part| container(part, named("containerStatuses", part.at("name")), false));
    init.chain(serving).collect()
}

/// What the scheduler counts: all that run together, or the largest moment of the start, with
/// the runtime's own overhead. Containers that start first and stay (`restartPolicy: Always`)
/// count in both. Source: the Kubernetes documentation of sidecar containers and pod overhead.
pub fn demand(spec: &Value) -> Amounts {
    let asked = |part: &Value| Amounts::requested(part.at("resources").at("requests"), part.at("resources").at("limits"));
    let mut staying = Amounts::default();
    let mut starting = Amounts::default();
    for part in spec.list("initContainers") {
        let moment = staying.plus(&asked(part));
        if part.at("restartPolicy").as_str() == Some("Always") {
            staying = moment.clone();
        }
        starting = starting.max(&moment);
    }
    let running = spec.list("containers").iter().fold(staying, |sum, part| sum.plus(&asked(part)));
    let mut demand = running.max(&starting);
    let whole = asked(spec);
    if spec.has("resources") {
        // Amounts of the whole pod take the place of what its containers say.
        demand.common.cpu_millis = if whole.common.cpu_millis > 0 { whole.common.cpu_millis } else { demand.common.cpu_millis };
        demand.common.memory_bytes = if whole.common.memory_bytes > 0 { whole.common.memory_bytes } else { demand.common.memory_bytes };
    }
    demand = demand.plus(&Amounts::read(spec.at("overhead")));
    demand.common.pods = 1;
    demand
}

/// An equal placement that was read before, if it is remembered: the pods of one revision share
/// theirs.
fn share(placement: Placement) -> Arc<Placement> {
    thread_local! {
        static KNOWN: RefCell<VecDeque<Arc<Placement>>> = const { RefCell::new(VecDeque::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(equal) = known.iter().rev().find(|known| ***known == placement) {
            return equal.clone();
        }
        if known.len() >= REMEMBERED {
            known.pop_front();
        }
        let shared = Arc::new(placement);
        known.push_back(shared.clone());
        shared
    })
}

/// What a controller makes pods from, as far as it is of use without any pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Labels its pods get.
    pub labels: BTreeMap<Text, Text>,
    /// Images of its containers.
    pub images: Vec<Text>,
    /// What one pod asks of the scheduler.
    pub demand: Amounts,
}

impl Template {
    /// Reads a `template`.
    pub fn read(tree: &Value) -> Self {
        let spec = tree.at("spec");
        Self {
            labels: tree.at("metadata").words("labels"),
            images: spec.list("containers").iter().filter_map(|part| part.optional_word("image")).collect(),
            demand: demand(spec),
        }
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }
}
