//! Namespaces and what limits them; the autoscaler's report, which lives in a `ConfigMap`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use crate::domain::text::Text;

/// The `ConfigMap` in which the cluster autoscaler reports.
pub const AUTOSCALER_STATUS: &str = "cluster-autoscaler-status";

/// Bytes of the autoscaler's report that are kept: a group takes about 1 KB.
const REPORT: usize = 256 * 1024;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its metadata.
    pub meta: Meta,
}

object!(Namespace, Kind::built_in("", "v1", "namespaces", "Namespace").of_cluster());

impl Trim for Namespace {
    fn trim(meta: Meta, _: &Value) -> Self {
        Self { meta }
    }
}

/// A `ResourceQuota`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceQuota {
    /// Its metadata.
    pub meta: Meta,
    /// Limits by resource, as written.
    pub hard: BTreeMap<Text, Text>,
    /// What is used, as written.
    pub used: BTreeMap<Text, Text>,
}

object!(ResourceQuota, Kind::built_in("", "v1", "resourcequotas", "ResourceQuota"));

impl Trim for ResourceQuota {
    fn trim(meta: Meta, tree: &Value) -> Self {
        // The status holds what is enforced; until the controller has looked, the wish is all there is.
        let status = tree.at("status");
        let hard = if status.has("hard") { status.words("hard") } else { tree.at("spec").words("hard") };
        Self { meta, hard, used: status.words("used") }
    }
}

/// A `LimitRange`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRange {
    /// Its metadata.
    pub meta: Meta,
    /// Its rules.
    pub rules: Vec<SizeRule>,
}

/// One rule of a `LimitRange`: amounts by resource, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeRule {
    /// What it applies to.
    pub applies_to: Text,
    /// Never less.
    pub min: BTreeMap<Text, Text>,
    /// Never more.
    pub max: BTreeMap<Text, Text>,
    /// What a container that names no request gets.
    pub default: BTreeMap<Text, Text>,
}

object!(LimitRange, Kind::built_in("", "v1", "limitranges", "LimitRange"));

impl Trim for LimitRange {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let rule = |rule: &Value| SizeRule {
            applies_to: rule.word("type"),
            min: rule.words("min"),
            max: rule.words("max"),
            default: if rule.has("defaultRequest") { rule.words("defaultRequest") } else { rule.words("default") },
        };
        Self { meta, rules: tree.at("spec").list("limits").iter().map(rule).collect() }
    }
}

/// A `ConfigMap`: only the autoscaler's report is kept of its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMap {
    /// Its metadata.
    pub meta: Meta,
    /// The autoscaler's report, if this is the one that carries it.
    pub report: Option<String>,
}

object!(ConfigMap, Kind::built_in("", "v1", "configmaps", "ConfigMap"));

impl Trim for ConfigMap {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let is_report = meta.name == AUTOSCALER_STATUS;
        let report = tree.at("data").at("status").as_str().filter(|_| is_report);
        Self { report: report.map(|report| report.get(..REPORT).unwrap_or(report).to_owned()), meta }
    }
}
