//! The cluster autoscaler's report, in both of its formats: text up to 1.29, YAML from 1.30 on.
//!
//! Reads what is there; a line it does not know is passed over.

use serde::Deserialize;
use serde_json::Value;

use super::Settings;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::provisioner::{AutoscalerGroup, AutoscalerStatus};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::source::kubernetes::objects::ConfigMap;
use crate::source::kubernetes::stores::Stores;
use crate::source::kubernetes::tree::Fields;

/// Groups of one report that are kept.
const GROUPS: usize = 1_000;

/// Depth of a YAML report that is read; the real one has five levels.
const DEPTH: usize = 32;

/// The report, if there is one.
pub fn autoscaler(stores: &Stores, settings: &Settings) -> Option<AutoscalerStatus> {
    let (map, report) = stores.config_maps.values().find_map(|map| Some((map, map.report.as_deref()?)))?;
    let mut status = read(report, ResourceKey::new(&settings.context, ResourceKind::Autoscaler, map.meta.path()))?;
    status.reported_at = status.reported_at.or_else(|| last_updated(map));
    status.replicas = replicas(stores);
    Some(status)
}

fn last_updated(map: &ConfigMap) -> Option<Timestamp> {
    map.meta.annotations.get("cluster-autoscaler.kubernetes.io/last-updated").and_then(|stamp| timestamp(stamp))
}

/// Ready and wanted replicas of the autoscaler itself, found by the image it runs.
fn replicas(stores: &Stores) -> Option<(u32, u32)> {
    let runs = |images: &[Text]| images.iter().any(|image| image.contains("cluster-autoscaler"));
    let deployment = stores.deployments.values().find(|deployment| runs(&deployment.template.images))?;
    Some((deployment.reported.ready, deployment.desired))
}

/// Reads a report in either format.
pub fn read(report: &str, key: ResourceKey) -> Option<AutoscalerStatus> {
    let status = AutoscalerStatus { key, reported_at: None, health: Text::default(), groups: Vec::new(), replicas: None };
    if report.trim_start().starts_with("Cluster-autoscaler status at") { Some(text(report, status)) } else { yaml(report, status) }
}

/// A stamp as Go prints it (`2022-10-04 11:58:41.22 +0000 UTC m=+3302171.0`) or as RFC 3339.
fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(stamp) = text.parse() {
        return Some(stamp);
    }
    let mut words = text.split_whitespace();
    let (date, time, offset) = (words.next()?, words.next()?, words.next()?);
    let (hours, minutes) = offset.split_at_checked(3)?;
    format!("{date}T{time}{hours}:{}", minutes.trim_start_matches(':')).parse().ok()
}

/// The text format: blocks of indented `Name: value` lines, one block a group after `NodeGroups:`.
fn text(report: &str, mut status: AutoscalerStatus) -> AutoscalerStatus {
    let mut lines = report.lines();
    status.reported_at = lines
        .next()
        .and_then(|line| line.trim().strip_prefix("Cluster-autoscaler status at"))
        .and_then(|stamp| timestamp(stamp.trim().trim_end_matches(':')));
    let mut in_groups = false;
    let mut part = "";
    for line in lines {
        let Some((name, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        match name {
            "NodeGroups" => in_groups = true,
            "Name" if in_groups && status.groups.len() < GROUPS => status.groups.push(group(value)),
            "Health" | "ScaleUp" | "ScaleDown" => part = name,
            _ => {}
        }
        let word: Text = value.split_whitespace().next().unwrap_or_default().into();
        let Some(group) = status.groups.last_mut().filter(|_| in_groups) else {
            if name == "Health" && !in_groups {
                status.health = word;
            }
            continue;
        };
        match name {
            "Health" => {
                group.health = word;
                group.ready = number(value, "ready").unwrap_or_default();
                group.target = number(value, "cloudProviderTarget").unwrap_or_default();
                group.min = number(value, "minSize").unwrap_or_default();
                group.max = number(value, "maxSize").unwrap_or_default();
            }
            "ScaleUp" => group.scale_up = word,
            "LastTransitionTime" if part == "ScaleUp" => group.since = timestamp(value),
            _ => {}
        }
    }
    status
}

fn group(name: &str) -> AutoscalerGroup {
    AutoscalerGroup {
        cloud_name: name.into(),
        health: Text::default(),
        ready: 0,
        target: 0,
        min: 0,
        max: 0,
        scale_up: Text::default(),
        backoff: None,
        since: None,
    }
}

/// The number after `name=`, where the name stands alone.
fn number(text: &str, name: &str) -> Option<u32> {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','));
    words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

/// The YAML format.
fn yaml(report: &str, mut status: AutoscalerStatus) -> Option<AutoscalerStatus> {
    let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_depth: DEPTH, max_aliases: 0, max_anchors: 0 } };
    let tree: Value = serde_saphyr::from_str_with_options(report, options).ok()?;
    let tree = Value::deserialize(tree).ok().filter(Value::is_object)?;
    status.reported_at = tree.at("time").as_str().and_then(timestamp);
    status.health = tree.at("clusterWide").at("health").word("status");
    status.groups = tree.list("nodeGroups").iter().take(GROUPS).map(yaml_group).collect();
    Some(status)
}

fn yaml_group(tree: &Value) -> AutoscalerGroup {
    let (health, scale_up) = (tree.at("health"), tree.at("scaleUp"));
    let error = scale_up.at("backoffInfo");
    let backoff = error.has("errorMessage").then(|| match error.text("errorCode") {
        code if code.is_empty() => error.text("errorMessage"),
        code => format!("{code}: {}", error.text("errorMessage")).into(),
    });
    AutoscalerGroup {
        health: health.word("status"),
        ready: health.at("nodeCounts").at("registered").count("ready"),
        target: health.count("cloudProviderTarget"),
        min: health.count("minSize"),
        max: health.count("maxSize"),
        scale_up: scale_up.word("status"),
        backoff,
        since: scale_up.at("lastTransitionTime").as_str().and_then(timestamp),
        ..group(&tree.text("name"))
    }
}
