//! What containers of a pod do, as the node agent reports it.

use serde_json::{Map, Value, json};

use super::super::super::world::{Api, Behaviour, Moment, Pod, PodPhase, Version, runs};
use super::object::View;
use super::templates::{container_id, container_name, sidecar};

/// Status of all containers of a placed pod.
pub(super) fn statuses(view: View<'_>, api: &Api, version: &Version, pod: &Pod) -> Vec<Value> {
    let mut all: Vec<Value> = version
        .containers
        .iter()
        .map(|container| {
            let is_head = pod.labels.get("ray.io/node-type").is_some_and(|kind| kind == "head");
            let name = if is_head { "ray-head".to_owned() } else { container_name(api, container) };
            let state = state(view, version, pod, (&api.namespace, &name));
            status(view, pod, (&name, &container.image), &state)
        })
        .collect();
    if let Some(name) = sidecar(api) {
        let image = format!("registry.example/cortexlabs/{name}:{}", view.cluster.version);
        let state = match (pod.phase, pod.started_at) {
            (PodPhase::Creating | PodPhase::Pending | PodPhase::Evicted, _) | (_, None) => State::waiting("ContainerCreating", ""),
            (PodPhase::Succeeded, Some(at)) => State { terminated: Some((0, "Completed", at, view.now())), ..State::default() },
            (_, Some(at)) => State { running: Some(at), ready: true, ..State::default() },
        };
        all.push(status(view, pod, (name, &image), &state));
    }
    all
}

/// What one container does.
#[derive(Default)]
struct State {
    waiting: Option<(&'static str, String)>,
    running: Option<Moment>,
    /// Exit code, reason, start, end.
    terminated: Option<(i32, &'static str, Moment, Moment)>,
    last: Option<(i32, &'static str, Moment, Moment)>,
    ready: bool,
}

impl State {
    fn waiting(reason: &'static str, message: impl Into<String>) -> Self {
        Self { waiting: Some((reason, message.into())), ..Self::default() }
    }
}

/// What the container that serves does.
fn state(view: View<'_>, version: &Version, pod: &Pod, (namespace, name): (&str, &str)) -> State {
    let now = view.now();
    let image = version.containers.first().map_or("", |container| container.image.as_str());
    let running = |ready: bool| State { running: pod.started_at, ready, ..State::default() };
    match pod.phase {
        PodPhase::Pending | PodPhase::Creating => creating(version),
        PodPhase::ImageError => image_error(version, image, now - pod.scheduled_at.unwrap_or(now)),
        // What the silent node last said is what is known.
        PodPhase::NotReady if pod.unready_at.is_some() => running(true),
        PodPhase::NotReady | PodPhase::Terminating => running(false),
        PodPhase::Ready => running(true),
        PodPhase::Succeeded => State { terminated: Some((0, "Completed", pod.started_at.unwrap_or(now), now)), ..State::default() },
        PodPhase::Evicted => {
            State { terminated: Some((137, "Error", pod.started_at.unwrap_or(now), pod.deleted_at.unwrap_or(now))), ..State::default() }
        }
        PodPhase::Failed | PodPhase::OutOfMemory => {
            let (code, reason) = match version.behaviour {
                Behaviour::OutOfMemory { .. } => (137, "OOMKilled"),
                // Killed by the kernel for the node's sake: no limit of its own was reached.
                Behaviour::NodeOutOfMemory { .. } => (137, "Error"),
                _ => (1, "Error"),
            };
            let run = runs::at(pod.started_at.unwrap_or(now), version.behaviour.lives().unwrap_or(20), now);
            let Some(ended) = run.ended_at else {
                let last = run.before.map(|(started, ended)| (code, reason, started, ended));
                return State { running: Some(run.started_at), last, ..State::default() };
            };
            let message = format!("back-off {} restarting failed container={name} pod={}_{namespace}", pause_words(run.pause), pod.name);
            let last = Some((code, reason, run.started_at, ended));
            State { last, ..State::waiting("CrashLoopBackOff", message) }
        }
    }
}

/// Not started: being made, or held back by what it needs.
fn creating(version: &Version) -> State {
    let needs = &version.needs;
    match version.behaviour {
        Behaviour::ConfigMissing => State::waiting(
            "CreateContainerConfigError",
            format!("configmap \"{}\" not found", needs.configmap.as_deref().unwrap_or_default()),
        ),
        Behaviour::SecretMissing => {
            State::waiting("CreateContainerConfigError", format!("secret \"{}\" not found", needs.secret.as_deref().unwrap_or_default()))
        }
        _ => State::waiting("ContainerCreating", ""),
    }
}

/// The pull is tried, then paused, in turn.
fn image_error(version: &Version, image: &str, age: i64) -> State {
    if age.rem_euclid(300) < 15 {
        return State::waiting("ErrImagePull", pull_error(version, image));
    }
    State::waiting("ImagePullBackOff", format!("Back-off pulling image \"{image}\""))
}

/// Why the runtime could not pull.
pub(super) fn pull_error(version: &Version, image: &str) -> String {
    if version.needs.pull_secret.is_some() {
        let repository = image.split(':').next().unwrap_or_default();
        return format!(
            "rpc error: code = Unknown desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": pull \
             access denied, repository {repository} does not exist or may require authorization: authorization failed: no basic auth \
             credentials"
        );
    }
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: \
         not found"
    )
}

/// As the node agent writes a pause: `10s`, `2m40s`, `5m0s`.
fn pause_words(seconds: i64) -> String {
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

fn status(view: View<'_>, pod: &Pod, (name, image): (&str, &str), state: &State) -> Value {
    let ended = |&(code, reason, started, ended): &(i32, &str, Moment, Moment)| {
        json!({ "terminated": {
            "exitCode": code, "reason": reason, "startedAt": view.stamp(started), "finishedAt": view.stamp(ended),
            "containerID": container_id(view, &format!("{}/{name}/{ended}", pod.name)),
        }})
    };
    let now = match (&state.waiting, state.running, &state.terminated) {
        (Some((reason, message)), _, _) => {
            let mut fields = Map::new();
            fields.insert("reason".to_owned(), json!(reason));
            if !message.is_empty() {
                fields.insert("message".to_owned(), json!(message));
            }
            json!({ "waiting": fields })
        }
        (None, Some(at), _) => json!({ "running": { "startedAt": view.stamp(at) } }),
        (None, None, Some(end)) => ended(end),
        (None, None, None) => json!({ "waiting": { "reason": "ContainerCreating" } }),
    };
    let pulled = state.running.is_some() || state.last.is_some() || state.terminated.is_some();
    let last_end = state.last.or(state.terminated).map_or_else(String::new, |(.., at)| at.to_string());
    let begun = state.running.map_or(last_end, |at| at.to_string());
    let id = if pulled { container_id(view, &format!("{}/{name}/{begun}", pod.name)) } else { String::new() };
    json!({
        "containerID": id, "name": name, "state": now, "lastState": state.last.as_ref().map_or_else(|| json!({}), ended), "ready": state.ready,
        "restartCount": if state.last.is_some() { pod.restarts } else { 0 }, "image": image,
        "imageID": if pulled { format!("{image}@sha256:{}", super::super::super::world::minting::hex(image, 64)) } else { String::new() },
        "started": state.running.is_some(),
    })
}
