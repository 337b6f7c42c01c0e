//! The cluster autoscaler's status, as it writes it into its configuration map.

use serde_json::{Value, json};

use super::super::super::world::{Group, Moment, Platform};
use super::autoscaler_yaml;
use super::object::{Named, View, put_meta};

/// The status; nothing before it first looked.
pub(super) fn status(view: View<'_>) -> Option<Value> {
    let looked = view.cluster.autoscaler.looked_at?;
    let created = view.cluster.created_at;
    let mut object = view.object(Named::new("v1", "ConfigMap", "kube-system", "cluster-autoscaler-status"), created);
    let written = stamp(view, looked);
    put_meta(&mut object, "annotations", json!({ "cluster-autoscaler.kubernetes.io/last-updated": written }));
    object.insert("data".to_owned(), json!({ "status": report(view, looked) }));
    Some(Value::Object(object))
}

/// YAML from 1.30 on, text before. Cortex ships an autoscaler of its own, an older one.
fn report(view: View<'_>, looked: Moment) -> String {
    let newer = view.cluster.platform == Platform::Kubernetes && view.cluster.minor() >= 30;
    if newer { autoscaler_yaml::text(view, looked) } else { text(view, looked) }
}

/// As Go prints a time.
pub(super) fn stamp(view: View<'_>, moment: Moment) -> String {
    let precise = view.precise(moment).replace('T', " ");
    format!("{} +0000 UTC", precise.trim_end_matches('Z'))
}

fn times(view: View<'_>, looked: Moment, changed: Moment) -> String {
    format!(
        "               LastProbeTime:      {}\n               LastTransitionTime: {}\n",
        stamp(view, looked),
        stamp(view, changed.min(looked))
    )
}

fn text(view: View<'_>, looked: Moment) -> String {
    let created = view.cluster.created_at;
    let registered = view.cluster.live_nodes(looked).filter(|node| node.is_registered(looked)).count();
    let ready = view.cluster.live_nodes(looked).filter(|node| node.is_ready(looked)).count();
    let joined = view.cluster.live_nodes(looked).filter(|node| node.has_joined(looked)).count();
    let (unready, not_started) = (joined - ready, registered - joined);
    let activity = if view.cluster.autoscaler.asked.is_empty() { "NoActivity" } else { "InProgress" };
    let unchanged = times(view, looked, created);
    let mut text = format!(
        "Cluster-autoscaler status at {}:\nCluster-wide:\n  Health:      Healthy (ready={ready} unready={unready} notStarted={not_started} \
         longNotStarted=0 registered={registered} longUnregistered=0)\n{unchanged}  ScaleUp:     {activity} (ready={ready} \
         registered={registered})\n{unchanged}  ScaleDown:   NoCandidates (candidates=0)\n{unchanged}\nNodeGroups:\n",
        stamp(view, looked)
    );
    for group in view.cluster.groups.iter().filter(|group| group.is_auto_scaling()) {
        text.push_str(&one(view, group, looked));
    }
    text
}

fn one(view: View<'_>, group: &Group, looked: Moment) -> String {
    let nodes = || view.cluster.nodes_of(&group.name, looked);
    let ready = nodes().filter(|node| node.is_ready(looked)).count();
    let registered = nodes().filter(|node| node.is_registered(looked)).count();
    let scaler = &view.cluster.autoscaler;
    let (word, since) = match (scaler.backoff.get(&group.name), scaler.asked.get(&group.name)) {
        (_, Some(since)) => ("InProgress", *since),
        (Some(pause), _) if pause.until > looked => ("Backoff", pause.failed_at),
        (Some(pause), _) => ("NoActivity", pause.until),
        _ => ("NoActivity", group.created_at),
    };
    let (asg, target, min, max) = (&group.asg_name, group.desired, group.min, group.max);
    let joined = nodes().filter(|node| node.has_joined(looked)).count();
    let (unready, not_started) = (joined - ready, registered - joined);
    format!(
        "  Name:        {asg}\n  Health:      Healthy (ready={ready} unready={unready} notStarted={not_started} longNotStarted=0 \
         registered={registered} longUnregistered=0 cloudProviderTarget={target} (minSize={min}, maxSize={max}))\n{}  ScaleUp:     {word} \
         (ready={ready} cloudProviderTarget={target})\n{}  ScaleDown:   NoCandidates (candidates=0)\n{}\n",
        times(view, looked, group.created_at),
        times(view, looked, since),
        times(view, looked, group.created_at)
    )
}
