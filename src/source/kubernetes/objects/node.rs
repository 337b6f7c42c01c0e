//! Nodes.

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use super::amounts::Amounts;
use super::conditions::conditions;
use super::raw::record;
use crate::domain::condition::StatusCondition;
use crate::domain::placement::Taint;
use crate::domain::text::Text;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its metadata; all labels are kept, because placement is decided by them.
    pub meta: Meta,
    /// The cloud's name of the machine, such as `aws:///us-west-2b/i-0d1e…`.
    pub provider_id: Text,
    /// Whether somebody closed it.
    pub cordoned: bool,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// What the machine has.
    pub capacity: Amounts,
    /// What pods may use of it.
    pub allocatable: Amounts,
    /// Its conditions, without the moments of their heartbeats: those change every few seconds
    /// and say nothing.
    pub conditions: Vec<StatusCondition>,
    /// The node agent's version.
    pub agent_version: Text,
    /// The object as received.
    pub raw: Text,
}

object!(Node, Kind::built_in("", "v1", "nodes", "Node").of_cluster());

impl Trim for Node {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        Self {
            provider_id: spec.text("providerID"),
            cordoned: spec.flag("unschedulable"),
            taints: taints(spec, "taints"),
            capacity: Amounts::read(status.at("capacity")),
            allocatable: Amounts::read(status.at("allocatable")),
            conditions: conditions(status),
            agent_version: status.at("nodeInfo").word("kubeletVersion"),
            raw: raw(tree),
            meta,
        }
    }
}

/// The record without the list of images on the machine, which is longer than all the rest, and
/// without heartbeats, so that a node that only lives is equal to itself.
fn raw(tree: &Value) -> Text {
    let mut tree = tree.clone();
    if let Some(status) = tree.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("images");
        let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
        for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
            condition.remove("lastHeartbeatTime");
        }
    }
    record(&tree)
}

/// A list of taints.
pub fn taints(tree: &Value, field: &str) -> Vec<Taint> {
    let taint = |taint: &Value| Taint {
        key: taint.word("key"),
        value: taint.word("value"),
        effect: taint.word("effect"),
        since: taint.time("timeAdded"),
    };
    tree.list(field).iter().map(taint).collect()
}
