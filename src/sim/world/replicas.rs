//! What containers do once they are placed: pull, start, get ready, crash, and what they write.

use std::collections::BTreeSet;

use super::clock::Moment;
use super::cluster::Cluster;
use super::minting;
use super::runs;
use super::silent;
use super::workload::{Api, Behaviour, LogLine, Pod, PodPhase};

/// Log lines kept a pod.
const LOG_LINES: usize = 400;
/// Story seconds an image pull and container start take where the behaviour says nothing.
const START: i64 = 30;

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    let gone: Vec<String> =
        cluster.nodes.iter().filter(|node| node.terminated_at == Some(now)).map(|node| node.instance_id.clone()).collect();
    let silent = silent::instances(cluster);
    let without_disk: BTreeSet<String> = cluster
        .pods()
        .filter(|(api, pod)| pod.started_at.is_none() && cluster.holds_disk_of(api, pod).is_some())
        .map(|(_, pod)| pod.name.clone())
        .collect();
    for api in &mut cluster.apis {
        let Api { name, pods, versions, .. } = api;
        for pod in pods {
            if pod.node.as_ref().is_some_and(|node| silent.contains(node)) {
                continue;
            }
            if without_disk.contains(&pod.name) {
                pod.phase = PodPhase::Creating;
                continue;
            }
            if pod.node.as_ref().is_some_and(|node| gone.contains(node)) {
                pod.phase = PodPhase::Terminating;
                pod.deleted_at = Some(now);
            }
            if let Some(version) = versions.iter().find(|version| version.spec_id == pod.spec_id) {
                live(pod, version.behaviour, name, now);
            }
        }
    }
}

fn live(pod: &mut Pod, behaviour: Behaviour, api: &str, now: Moment) {
    let Some(scheduled_at) = pod.scheduled_at else { return };
    if matches!(pod.phase, PodPhase::Terminating | PodPhase::Succeeded | PodPhase::Evicted) {
        return;
    }
    let since = now - scheduled_at;
    let before = pod.phase;
    match behaviour {
        Behaviour::Normal { pull, warm_up } if since >= pull + warm_up => enter(pod, PodPhase::Ready, scheduled_at + pull + warm_up),
        Behaviour::Normal { pull, .. } if since >= pull => enter(pod, PodPhase::NotReady, scheduled_at + pull),
        Behaviour::NeverReady | Behaviour::WrongPort if since >= START => enter(pod, PodPhase::NotReady, scheduled_at + START),
        Behaviour::ImagePull if since >= 12 => enter(pod, PodPhase::ImageError, scheduled_at),
        Behaviour::Crash { after, .. } | Behaviour::OutOfMemory { after } | Behaviour::NodeOutOfMemory { after } if since >= START => {
            live_in_runs(pod, (behaviour, after), scheduled_at + START, api, now);
            return;
        }
        _ => pod.phase = PodPhase::Creating,
    }
    write(pod, before, behaviour, api, now);
}

fn enter(pod: &mut Pod, phase: PodPhase, started_at: Moment) {
    pod.phase = phase;
    if phase != PodPhase::ImageError && pod.started_at.is_none() {
        pod.started_at = Some(started_at);
    }
    if phase == PodPhase::Ready && pod.ready_at.is_none() {
        pod.ready_at = Some(started_at);
    }
}

/// A container that ends again and again: what it writes when a run begins and when it ends.
fn live_in_runs(pod: &mut Pod, (behaviour, lives): (Behaviour, i64), first: Moment, api: &str, now: Moment) {
    let run = runs::at(first, lives, now);
    let phase = match behaviour {
        _ if run.number == 0 && run.ended_at.is_none() => PodPhase::NotReady,
        Behaviour::OutOfMemory { .. } => PodPhase::OutOfMemory,
        _ => PodPhase::Failed,
    };
    enter(pod, phase, first);
    pod.restarts = run.number;
    if run.started_at == now {
        // The node agent keeps the log of one run before the present one.
        pod.log.retain(|line| line.run + 1 >= run.number);
        greet(pod, api, now);
    }
    if run.ended_at != Some(now) {
        return;
    }
    match behaviour {
        Behaviour::Crash { words, .. } => words.lines().iter().for_each(|line| say(pod, now, (*line).to_owned())),
        _ => say(pod, now, "Killed".to_owned()),
    }
}

/// What the program writes first; each run has a name of its own.
fn greet(pod: &mut Pod, api: &str, now: Moment) {
    let instance = minting::hex(&format!("{}/{}", pod.name, pod.restarts), 8);
    say(pod, now, format!("starting server on port 8080, instance {instance}"));
    let model = format!("loading model of {api} from s3://models/{api}/{}", pod.spec_id.get(..8).unwrap_or_default());
    say(pod, now, model);
}

fn write(pod: &mut Pod, before: PodPhase, behaviour: Behaviour, api: &str, now: Moment) {
    if before != pod.phase {
        match pod.phase {
            PodPhase::NotReady => greet(pod, api, now),
            PodPhase::Ready => say(pod, now, "model loaded, ready for requests".to_owned()),
            _ => {}
        }
        return;
    }
    let turn = (now + i64::try_from(api.len()).unwrap_or_default()) % 17;
    if pod.phase == PodPhase::Ready && turn == 0 {
        let took = 40 + (now * 7 + pod.created_at.rem_euclid(13)).rem_euclid(160);
        say(pod, now, format!("POST / 200 {took}ms"));
    }
    if pod.phase == PodPhase::NotReady && behaviour == Behaviour::NeverReady && now % 10 == 0 {
        say(pod, now, "GET /healthz 503 warming up".to_owned());
    }
}

fn say(pod: &mut Pod, at: Moment, text: String) {
    if pod.log.len() >= LOG_LINES {
        pod.log.remove(0);
    }
    pod.log.push(LogLine { at, text, run: pod.restarts });
}
