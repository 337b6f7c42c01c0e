//! The cluster autoscaler's status in the form it has from 1.30 on.

use std::fmt::Write as _;

use super::super::super::world::{Group, Moment};
use super::autoscaler::stamp;
use super::object::View;

/// The status.
pub(super) fn text(view: View<'_>, looked: Moment) -> String {
    let created = view.cluster.created_at;
    let registered = view.cluster.live_nodes(looked).filter(|node| node.is_registered(looked)).count();
    let ready = view.cluster.live_nodes(looked).filter(|node| node.is_ready(looked)).count();
    let activity = if view.cluster.autoscaler.asked.is_empty() { "NoActivity" } else { "InProgress" };
    let mut text = format!("time: {}\nautoscalerStatus: Running\nclusterWide:\n", stamp(view, looked));
    text.push_str("  health:\n    status: Healthy\n");
    let joined = view.cluster.live_nodes(looked).filter(|node| node.has_joined(looked)).count();
    counts(&mut text, registered, joined, ready);
    times(&mut text, view, looked, created);
    let _ = write!(text, "  scaleUp:\n    status: {activity}\n");
    times(&mut text, view, looked, created);
    text.push_str("  scaleDown:\n    status: NoCandidates\n");
    times(&mut text, view, looked, created);
    text.push_str("nodeGroups:\n");
    for group in view.cluster.groups.iter().filter(|group| group.is_auto_scaling()) {
        one(&mut text, view, group, looked);
    }
    text
}

fn counts(text: &mut String, registered: usize, joined: usize, ready: usize) {
    let (unready, not_started) = (joined - ready, registered - joined);
    let _ = write!(
        text,
        "    nodeCounts:\n      registered:\n        total: {registered}\n        ready: {ready}\n        notStarted: {not_started}\n        \
         unready:\n          total: {unready}\n          resourceUnready: 0\n      longUnregistered: 0\n      unregistered: 0\n"
    );
}

fn times(text: &mut String, view: View<'_>, looked: Moment, changed: Moment) {
    let (probe, transition) = (view.stamp(looked), view.stamp(changed.min(looked)));
    let _ = write!(text, "    lastProbeTime: \"{probe}\"\n    lastTransitionTime: \"{transition}\"\n");
}

fn one(text: &mut String, view: View<'_>, group: &Group, looked: Moment) {
    let nodes = || view.cluster.nodes_of(&group.name, looked);
    let ready = nodes().filter(|node| node.is_ready(looked)).count();
    let registered = nodes().filter(|node| node.is_registered(looked)).count();
    let scaler = &view.cluster.autoscaler;
    let _ = write!(text, "- name: {}\n  health:\n    status: Healthy\n", group.asg_name);
    let joined = nodes().filter(|node| node.has_joined(looked)).count();
    counts(text, registered, joined, ready);
    let _ = write!(text, "    cloudProviderTarget: {}\n    minSize: {}\n    maxSize: {}\n", group.desired, group.min, group.max);
    times(text, view, looked, group.created_at);
    match (scaler.backoff.get(&group.name), scaler.asked.get(&group.name)) {
        (_, Some(since)) => {
            text.push_str("  scaleUp:\n    status: InProgress\n");
            times(text, view, looked, *since);
        }
        (Some(pause), None) if pause.until > looked => {
            text.push_str(
                "  scaleUp:\n    status: Backoff\n    backoffInfo:\n      errorCode: timeout\n      errorMessage: \
                 \"Scale-up timed out for node group after 15m0s\"\n",
            );
            times(text, view, looked, pause.failed_at);
        }
        (pause, None) => {
            text.push_str("  scaleUp:\n    status: NoActivity\n");
            times(text, view, looked, pause.map_or(group.created_at, |pause| pause.until));
        }
    }
    text.push_str("  scaleDown:\n    status: NoCandidates\n");
    times(text, view, looked, group.created_at);
}
