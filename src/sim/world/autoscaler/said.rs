//! What the cluster autoscaler says about pods and groups, in its own words.

use super::super::clock::Moment;
use super::super::cluster::{Cluster, Group};
use super::super::journal::About;
use super::super::placement::Obstacle;
use super::super::scheduler::Waiting;

/// Its name of itself.
const NAME: &str = "cluster-autoscaler";

/// Its status, which it says things of groups about.
fn status() -> About {
    About::new("ConfigMap", "kube-system", "cluster-autoscaler-status")
}

/// A group was asked for more.
pub(super) fn asked(cluster: &mut Cluster, group: &str, before: u32, pods: &[&Waiting], now: Moment) {
    let Some(group) = cluster.group(group) else { return };
    let (asg, after, max) = (group.asg_name.clone(), group.desired, group.max);
    let helped: Vec<About> = pods.iter().filter(|pod| pod.may_use(cluster, &group.name)).map(|pod| pod.about.clone()).collect();
    let journal = &mut cluster.control.journal;
    let message = format!("Scale-up: setting group {asg} size to {after} instead of {before} (max: {max})");
    journal.normal(now, NAME, &status(), "ScaledUpGroup", message);
    for pod in helped {
        journal.normal(now, NAME, &pod, "TriggeredScaleUp", format!("pod triggered scale-up: [{{{asg} {before}->{after} (max: {max})}}]"));
    }
}

/// No group can be asked for these pods: says for each of them what is in the way, group by group.
pub(super) fn nothing_helps(cluster: &mut Cluster, pods: &[&Waiting], now: Moment) {
    let said: Vec<(About, String)> = pods.iter().map(|pod| (pod.about.clone(), why_not(cluster, pod, now))).collect();
    for (pod, message) in said {
        cluster.control.journal.normal(now, NAME, &pod, "NotTriggerScaleUp", message);
    }
}

fn why_not(cluster: &Cluster, pod: &Waiting, now: Moment) -> String {
    let mut counts: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for group in &cluster.groups {
        for reason in reasons(cluster, group, pod, now) {
            *counts.entry(reason).or_default() += 1;
        }
    }
    let reasons: Vec<String> = counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let lead = if cluster.kubernetes_minor() <= 18 { " (it wouldn't fit if a new node is added)" } else { "" };
    format!("pod didn't trigger scale-up{lead}: {}", reasons.join(", "))
}

/// Pauses and limits are looked at before the pod's fit, so a full group counts whoever asks.
fn reasons(cluster: &Cluster, group: &Group, pod: &Waiting, now: Moment) -> Vec<String> {
    if cluster.autoscaler.leaves_alone(group, now) {
        return vec!["in backoff after failed scale-up".to_owned()];
    }
    if group.desired >= group.max {
        return vec!["max node group size reached".to_owned()];
    }
    let words = |obstacle: &Obstacle| obstacle.words(cluster.kubernetes_minor());
    pod.obstacles_in(cluster, group).iter().map(words).collect()
}

/// A group did not deliver in time.
pub(super) fn gave_up(cluster: &mut Cluster, group: &str, waited: i64, now: Moment) {
    let Some(asg) = cluster.group(group).map(|group| group.asg_name.clone()) else { return };
    let message = format!("Nodes added to group {asg} failed to register within {}m{}s", waited / 60, waited % 60);
    cluster.control.journal.warn(now, NAME, &status(), "ScaleUpTimedOut", message);
}
