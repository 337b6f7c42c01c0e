//! Workloads that are no Deployments: replicas with names and an order, replicas of several pods,
//! and clusters of Ray that are replaced as a whole.

use std::collections::BTreeMap;

use super::admission::{Admission, usage};
use super::clock::Moment;
use super::cluster::Cluster;
use super::journal::About;
use super::minting;
use super::rollout::{new_pod, template_hash};
use super::workload::{Api, ApiKind, Pod, PodPhase, Version};

/// Who says what of sets.
const SETS: &str = "statefulset-controller";
/// Who says what of Ray clusters.
const RAY: &str = "raycluster-controller";
/// Letters of generated names.
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// All pods of a version, as if made at a moment.
pub(crate) fn all(api: &Api, version: &Version, at: Moment) -> Vec<Pod> {
    match api.kind {
        ApiKind::StatefulSet | ApiKind::LeaderWorkerSet => (0..api.desired)
            .flat_map(|index| (0..api.size).map(move |rank| (index, rank)))
            .map(|place| member(api, version, place, at))
            .collect(),
        ApiKind::RayService => ray(api, version, at),
        _ => (0..api.desired).map(|count| new_pod(api, version, None, at + i64::from(count), count)).collect(),
    }
}

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    let is_fleet = |kind: ApiKind| kind.has_replicas() && !kind.is_deployment();
    if !cluster.apis.iter().any(|api| is_fleet(api.kind)) {
        return;
    }
    let used = usage(cluster);
    let mut admission = Admission::new(&mut cluster.control, used, now);
    for api in cluster.apis.iter_mut().filter(|api| is_fleet(api.kind) && api.next_try <= now) {
        match api.kind {
            ApiKind::RayService => replace_whole(api, &mut admission, now),
            _ => one_by_one(api, &mut admission, now),
        }
    }
}

impl Api {
    /// The name of the Ray cluster of a version.
    pub fn ray_cluster(&self, version: &Version) -> String {
        format!("{}-raycluster-{}", self.name, minting::letters(&version.pod_id, LETTERS, 5))
    }
}

/// One pod of a replica with a place: `name-1`, or `name-1-2` for its third pod.
fn member(api: &Api, version: &Version, (index, rank): (u32, u32), at: Moment) -> Pod {
    let mut pod = new_pod(api, version, None, at, index);
    pod.name = if rank == 0 { format!("{}-{index}", api.name) } else { format!("{}-{index}-{rank}", api.name) };
    let revision = format!("{}-{}", api.name, template_hash(version));
    let mut labels = BTreeMap::new();
    let mut put = |key: &str, value: String| labels.insert(key.to_owned(), value);
    put("controller-revision-hash", revision);
    put("apps.kubernetes.io/pod-index", index.to_string());
    put("statefulset.kubernetes.io/pod-name", pod.name.clone());
    if api.kind == ApiKind::LeaderWorkerSet {
        put("leaderworkerset.sigs.k8s.io/name", api.name.clone());
        put("leaderworkerset.sigs.k8s.io/group-index", index.to_string());
        put("leaderworkerset.sigs.k8s.io/worker-index", rank.to_string());
        put("leaderworkerset.sigs.k8s.io/template-revision-hash", template_hash(version));
    }
    pod.labels = labels;
    pod
}

/// The head and the workers of a Ray cluster.
fn ray(api: &Api, version: &Version, at: Moment) -> Vec<Pod> {
    let cluster = api.ray_cluster(version);
    let mut pods = Vec::new();
    for count in 0..=api.desired {
        let mut pod = new_pod(api, version, None, at, count);
        let (kind, group) = if count == 0 { ("head", "headgroup") } else { ("worker", "gpu") };
        let suffix = minting::letters(&format!("{cluster}/{count}/{at}"), LETTERS, 5);
        pod.name = if count == 0 { format!("{cluster}-head-{suffix}") } else { format!("{cluster}-gpu-worker-{suffix}") };
        if count == 0 {
            pod.demand.gpus = 0;
            pod.demand.cpu_millis = 1_000;
            pod.demand.memory_bytes = 2 << 30;
        }
        let labels = [
            ("ray.io/cluster", cluster.as_str()),
            ("ray.io/node-type", kind),
            ("ray.io/group", group),
            ("ray.io/is-ray-node", "yes"),
            ("ray.io/serve", "true"),
            ("ray.io/identifier", &format!("{cluster}-{kind}")),
            ("app.kubernetes.io/created-by", "kuberay-operator"),
        ];
        pod.labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        pods.push(pod);
    }
    pods
}

/// Sets: missing pods are made, in order where the set is ordered; then the highest old replica is
/// taken away, one at a time.
fn one_by_one(api: &mut Api, admission: &mut Admission<'_>, now: Moment) {
    let Some(version) = api.versions.first().cloned() else { return };
    let set = About::new("StatefulSet", &api.namespace, &api.name);
    for index in 0..api.desired {
        for rank in 0..api.size {
            let pod = member(api, &version, (index, rank), now);
            match api.pods.iter().find(|known| known.name == pod.name) {
                Some(known) if api.kind == ApiKind::StatefulSet && known.phase != PodPhase::Ready => return,
                Some(_) => {}
                None => {
                    if !admission.admit(api, pod, &set, SETS) || api.kind == ApiKind::StatefulSet {
                        return;
                    }
                }
            }
        }
    }
    let index_of = |pod: &Pod| pod.labels.get("apps.kubernetes.io/pod-index").cloned().unwrap_or_default();
    if api.pods.iter().any(|pod| pod.phase != PodPhase::Ready) {
        return;
    }
    let Some(next) = api.pods.iter().filter(|pod| pod.pod_id != version.pod_id).map(index_of).max() else {
        api.completed = Some(version.pod_id);
        return;
    };
    for pod in api.pods.iter_mut().filter(|pod| index_of(pod) == next) {
        admission.journal.normal(
            now,
            SETS,
            &set,
            "SuccessfulDelete",
            format!("delete Pod {} in StatefulSet {} successful", pod.name, api.name),
        );
        pod.dismiss(now);
    }
}

/// Ray: a whole new cluster beside the old one, which goes once the new one serves.
fn replace_whole(api: &mut Api, admission: &mut Admission<'_>, now: Moment) {
    let Some(version) = api.versions.first().cloned() else { return };
    let cluster = About::new("RayCluster", &api.namespace, &api.ray_cluster(&version));
    let existing = api.replicas().filter(|pod| pod.pod_id == version.pod_id).count();
    for pod in ray(api, &version, now).into_iter().skip(existing) {
        let message = format!("Created {} pod {}", pod.labels.get("ray.io/node-type").cloned().unwrap_or_default(), pod.name);
        admission.journal.normal(now, RAY, &cluster, "CreatedPod", message);
        if !admission.admit(api, pod, &cluster, RAY) {
            return;
        }
    }
    let serves = api.replicas().filter(|pod| pod.pod_id == version.pod_id).all(|pod| pod.phase == PodPhase::Ready);
    if serves {
        for pod in api.pods.iter_mut().filter(|pod| pod.pod_id != version.pod_id && pod.phase != PodPhase::Terminating) {
            pod.dismiss(now);
        }
        api.completed = Some(version.pod_id);
    }
}
