//! Karpenter: pools, the machines they claim one by one, and the templates of those.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use super::amounts::Amounts;
use super::conditions::conditions;
use super::node::taints;
use super::place::label_rule;
use super::raw::record;
use crate::domain::condition::StatusCondition;
use crate::domain::placement::{LabelRule, Taint};
use crate::domain::text::Text;

/// A `NodePool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePool {
    /// Its metadata.
    pub meta: Meta,
    /// The template of its machines, `Kind/name`.
    pub node_class: Text,
    /// What its machines must be.
    pub requirements: Vec<LabelRule>,
    /// Taints its machines have.
    pub taints: Vec<Taint>,
    /// Labels its machines get.
    pub labels: BTreeMap<Text, Text>,
    /// Limits, as written.
    pub limits: BTreeMap<Text, Text>,
    /// What its machines have together, as written.
    pub used: BTreeMap<Text, Text>,
    /// Higher is tried first.
    pub weight: u32,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(NodePool, Kind::custom("karpenter.sh", "v1", "nodepools", "NodePool").of_cluster().or_older(&["v1beta1"]));

impl Trim for NodePool {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let template = spec.at("template");
        let machine = template.at("spec");
        Self {
            node_class: class(machine.at("nodeClassRef")),
            requirements: machine.list("requirements").iter().filter_map(label_rule).collect(),
            taints: taints(machine, "taints"),
            labels: template.at("metadata").words("labels"),
            limits: spec.words("limits"),
            used: status.words("resources"),
            weight: spec.count("weight"),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}

/// `Kind/name`; the kind may be left out where there is but one.
fn class(reference: &Value) -> Text {
    let kind = reference.word("kind");
    format!("{}/{}", if kind.is_empty() { "EC2NodeClass" } else { kind.as_str() }, reference.text("name")).into()
}

/// A `NodeClaim`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClaim {
    /// Its metadata; pool, machine type, zone and way of payment are labels.
    pub meta: Meta,
    /// The node it became.
    pub node: Option<Text>,
    /// What it is meant to carry.
    pub requested: Amounts,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(NodeClaim, Kind::custom("karpenter.sh", "v1", "nodeclaims", "NodeClaim").of_cluster().or_older(&["v1beta1"]));

impl Trim for NodeClaim {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let status = tree.at("status");
        Self {
            node: status.optional_word("nodeName"),
            requested: Amounts::read(tree.at("spec").at("resources").at("requests")),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}

/// An `EC2NodeClass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ec2NodeClass {
    /// Its metadata.
    pub meta: Meta,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(Ec2NodeClass, Kind::custom("karpenter.k8s.aws", "v1", "ec2nodeclasses", "EC2NodeClass").of_cluster().or_older(&["v1beta1"]));

impl Trim for Ec2NodeClass {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let mut shown = tree.clone();
        // User data is a script, and scripts carry passwords.
        if let Some(data) = shown.get_mut("spec").and_then(|spec| spec.get_mut("userData")) {
            *data = "(not shown)".into();
        }
        Self { conditions: conditions(tree.at("status")), raw: record(&shown), meta }
    }
}
