//! What node agents say: it follows from the state of pods and nodes, so it is not kept but told
//! anew each time, with the counts and times it has by now.

use super::super::super::super::world::{About, Api, Behaviour, Cluster, Moment, Node, Pod, PodPhase, Version, minting, runs};
use super::super::containers::pull_error;
use super::super::object::View;
use super::super::templates::container_name;
use super::Said;

mod volumes;

use volumes::Held;

const AGENT: &str = "kubelet";

/// All of it.
pub(super) fn said(view: View<'_>) -> Vec<Said> {
    let mut all = Vec::new();
    for (api, pod) in view.cluster.pods() {
        let Some(version) = api.version(&pod.spec_id) else { continue };
        let (Some(scheduled), Some(node)) = (pod.scheduled_at, node_of(view, pod)) else { continue };
        let about = Cluster::about_pod(api, pod);
        let volume = volumes::missing(view, api, version, pod);
        let uid = view.uid("Pod", &about.namespace, &about.name);
        let mut teller = Teller { about, host: node.name.clone(), now: view.now(), volume, uid, said: Vec::new() };
        if view.now() - scheduled <= 2 * 3_600 || pod.phase != PodPhase::Ready {
            teller.tell(api, version, pod, scheduled);
        }
        all.extend(teller.said);
    }
    for node in view.cluster.live_nodes(view.now()).filter(|node| node.is_registered(view.now())) {
        all.extend(of_node(view, node));
    }
    all
}

fn node_of<'w>(view: View<'w>, pod: &Pod) -> Option<&'w Node> {
    view.cluster.nodes.iter().find(|node| pod.node.as_ref() == Some(&node.instance_id))
}

fn of_node(view: View<'_>, node: &Node) -> Vec<Said> {
    let about = About::new("Node", "", &node.name);
    let mut said = vec![once(&about, (false, "RegisteredNode", "node-controller"), node.registers_at(), {
        format!("Node {0} event: Registered Node {0} in Controller", node.name)
    })];
    if node.has_joined(view.now()) {
        let message = format!("Node {} status is now: NodeReady", node.name);
        let mut ready = once(&about, (false, "NodeReady", AGENT), node.joins_at, message);
        ready.host = Some(node.name.clone());
        said.push(ready);
    }
    said.extend(killings(view, node, &about));
    said
}

/// What the kernel killed on a node because the node itself had no memory left.
fn killings(view: View<'_>, node: &Node, about: &About) -> Vec<Said> {
    let here = view.cluster.pods().filter(|(_, pod)| pod.node.as_ref() == Some(&node.instance_id));
    let killed = here.filter_map(|(api, pod)| {
        let Behaviour::NodeOutOfMemory { after } = api.version(&pod.spec_id)?.behaviour else { return None };
        let run = runs::at(pod.started_at?, after, view.now());
        let (_, at) = run.ended_at.map(|ended| (run.started_at, ended)).or(run.before)?;
        let process = 11_000 + minting::number(&format!("{}/{at}", pod.name)) % 20_000;
        let message = format!("System OOM encountered, victim process: python3, pid: {process}");
        let mut said = once(about, (true, "SystemOOM", AGENT), at, message);
        said.host = Some(node.name.clone());
        Some(said)
    });
    killed.collect()
}

fn once(about: &About, (warning, reason, component): (bool, &'static str, &'static str), at: Moment, message: String) -> Said {
    Said { about: about.clone(), warning, reason, message, component, host: None, first: at, last: at, count: 1 }
}

/// Tells of one pod.
struct Teller {
    about: About,
    host: String,
    now: Moment,
    /// The disk it waits for, and who has it.
    volume: Option<Held>,
    /// The pod's uid.
    uid: String,
    said: Vec<Said>,
}

impl Teller {
    /// Something said once.
    fn once(&mut self, at: Moment, reason: &'static str, message: String) {
        self.repeated((at, at), 1, (false, reason), message);
    }

    fn repeated(&mut self, (first, last): (Moment, Moment), count: i64, (warning, reason): (bool, &'static str), message: String) {
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        let (about, host) = (self.about.clone(), Some(self.host.clone()));
        self.said.push(Said { about, warning, reason, message, component: AGENT, host, first, last: last.min(self.now), count });
    }

    fn tell(&mut self, api: &Api, version: &Version, pod: &Pod, scheduled: Moment) {
        let Some(container) = version.containers.first() else { return };
        let (name, image) = (container_name(api, container), container.image.as_str());
        let age = self.now - scheduled;
        if let Behaviour::ConfigMissing | Behaviour::SecretMissing = version.behaviour {
            self.config_missing(version, image, scheduled, age);
            return;
        }
        if pod.started_at.is_none() && (self.volume.is_some() || version.behaviour == Behaviour::MountFails) {
            volumes::tell(self, version, scheduled);
            return;
        }
        self.once(scheduled + 1, "Pulling", format!("Pulling image \"{image}\""));
        if pod.phase == PodPhase::ImageError {
            self.image_error(version, image, scheduled, age);
            return;
        }
        let Some(started) = pod.started_at else { return };
        self.once(started - 1, "Pulled", format!("Successfully pulled image \"{image}\" in {}s", (started - scheduled - 2).max(1)));
        self.once(started, "Created", format!("Created container {name}"));
        self.once(started, "Started", format!("Started container {name}"));
        self.broken(version, pod, &name, started);
        if let (PodPhase::Terminating, Some(at)) = (pod.phase, pod.deleted_at) {
            self.once(at, "Killing", format!("Stopping container {name}"));
        }
    }

    fn config_missing(&mut self, version: &Version, image: &str, scheduled: Moment, age: i64) {
        let needs = &version.needs;
        let message = match version.behaviour {
            Behaviour::ConfigMissing => format!("Error: configmap \"{}\" not found", needs.configmap.as_deref().unwrap_or_default()),
            _ => format!("Error: secret \"{}\" not found", needs.secret.as_deref().unwrap_or_default()),
        };
        let last = scheduled + age / 12 * 12;
        let pulled = format!("Container image \"{image}\" already present on machine");
        self.repeated((scheduled + 2, last), age / 12, (false, "Pulled"), pulled);
        self.repeated((scheduled + 2, last), age / 12, (true, "Failed"), message);
    }

    fn image_error(&mut self, version: &Version, image: &str, scheduled: Moment, age: i64) {
        // The pauses grow to five minutes: about one try in each afterwards.
        let tries = (age / 300 + 4).min(age / 12);
        let last = scheduled + 2 + age / 300 * 300;
        if let Some(secret) = &version.needs.pull_secret {
            let message = format!("Unable to retrieve some image pull secrets ({secret}); attempting to pull the image may not succeed.");
            self.repeated((scheduled, scheduled + age / 75 * 75), age / 75 + 2, (true, "FailedToRetrieveImagePullSecret"), message);
        }
        let why = pull_error(version, image);
        self.repeated((scheduled + 2, last), tries, (true, "Failed"), format!("Failed to pull image \"{image}\": {why}"));
        self.repeated((scheduled + 2, last), tries, (true, "Failed"), "Error: ErrImagePull".to_owned());
        let (first, last) = (scheduled + 14, scheduled + age / 15 * 15);
        self.repeated((first, last), age / 15, (false, "BackOff"), format!("Back-off pulling image \"{image}\""));
        self.repeated((first, last), age / 15, (true, "Failed"), "Error: ImagePullBackOff".to_owned());
    }

    /// What is wrong with a container that started.
    fn broken(&mut self, version: &Version, pod: &Pod, name: &str, started: Moment) {
        let since = self.now - started;
        let address = super::super::templates::pod_address(&pod.name);
        let port = version.needs.probe_port;
        match version.behaviour {
            Behaviour::Crash { after, .. } | Behaviour::OutOfMemory { after } | Behaviour::NodeOutOfMemory { after }
                if since > after + 5 =>
            {
                let message = format!("Back-off restarting failed container {name} in pod {}_{}", pod.name, self.about.namespace);
                let count = (since - after) / 15 + 1;
                self.repeated((started + after + 2, started + after + 2 + (count - 1) * 15), count, (true, "BackOff"), message);
            }
            Behaviour::NeverReady | Behaviour::WrongPort if since > 13 => {
                let why = if version.behaviour == Behaviour::WrongPort {
                    format!("Get \"http://{address}:{port}/healthz\": dial tcp {address}:{port}: connect: connection refused")
                } else {
                    "HTTP probe failed with statuscode: 503".to_owned()
                };
                let count = (since - 3) / 10;
                let message = format!("Readiness probe failed: {why}");
                self.repeated((started + 13, started + 3 + count * 10), count, (true, "Unhealthy"), message);
            }
            Behaviour::Normal { warm_up, .. } if warm_up > 20 && since > 13 => {
                let until = (since.min(warm_up) - 3) / 10;
                let message = format!(
                    "Readiness probe failed: Get \"http://{address}:{port}/healthz\": dial tcp {address}:{port}: connect: connection refused"
                );
                self.repeated((started + 13, started + 3 + until * 10), until, (true, "Unhealthy"), message);
            }
            _ => {}
        }
    }
}
