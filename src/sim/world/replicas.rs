//! What containers do once they are placed: pull, start, get ready, crash, and what they write.

use super::clock::Moment;
use super::cluster::Cluster;
use super::last_words::LastWords;
use super::workload::{Api, Behaviour, LogLine, Pod, PodPhase};

/// Log lines kept a pod.
const LOG_LINES: usize = 400;
/// Story seconds an image pull and container start take where the behaviour says nothing.
const START: i64 = 30;

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    let gone: Vec<String> =
        cluster.nodes.iter().filter(|node| node.terminated_at == Some(now)).map(|node| node.instance_id.clone()).collect();
    for api in &mut cluster.apis {
        let Api { name, pods, versions, .. } = api;
        for pod in pods {
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
        Behaviour::Crash { after, .. } | Behaviour::OutOfMemory { after } if since >= START + after => {
            let phase = if matches!(behaviour, Behaviour::Crash { .. }) { PodPhase::Failed } else { PodPhase::OutOfMemory };
            enter(pod, phase, scheduled_at + START);
            pod.restarts = restarts(since - START, after);
        }
        Behaviour::Crash { .. } | Behaviour::OutOfMemory { .. } if since >= START => {
            enter(pod, PodPhase::NotReady, scheduled_at + START);
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

/// Restarts after `age` seconds of a container that lives `after` seconds each time. The kubelet
/// waits 10 s, then twice as long each time, up to five minutes.
fn restarts(age: i64, after: i64) -> u32 {
    let (mut spent, mut pause, mut count) = (after, 10, 0);
    while spent + pause <= age {
        spent += pause + after;
        pause = (pause * 2).min(300);
        count += 1;
    }
    count
}

fn write(pod: &mut Pod, before: PodPhase, behaviour: Behaviour, api: &str, now: Moment) {
    if before != pod.phase {
        match pod.phase {
            PodPhase::NotReady => {
                say(pod, now, "starting server on port 8080".to_owned());
                let model = format!("loading model of {api} from s3://models/{api}/{}", pod.spec_id.get(..8).unwrap_or_default());
                say(pod, now, model);
            }
            PodPhase::Ready => say(pod, now, "model loaded, ready for requests".to_owned()),
            PodPhase::Failed => {
                let words = if let Behaviour::Crash { words, .. } = behaviour { words } else { LastWords::default() };
                words.lines().iter().for_each(|line| say(pod, now, (*line).to_owned()));
            }
            PodPhase::OutOfMemory => say(pod, now, "Killed".to_owned()),
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
    pod.log.push(LogLine { at, text });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_get_rarer() {
        assert_eq!(restarts(20, 20), 0);
        assert_eq!(restarts(30, 20), 1);
        assert!(restarts(2_400, 20) < 15);
    }
}
