//! Which workload an object belongs to, and which revision of it a pod runs.
//!
//! Two ways: the platform above says by a label, or the chain of owners leads to the object that a
//! person made. Operators come first: a Deployment made by an `InferenceService` is a part of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Settings;
use super::system::is_system;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::text::Text;
use crate::source::kubernetes::object::{Meta, Object, Store};
use crate::source::kubernetes::objects::{Pod, ReplicaSet};
use crate::source::kubernetes::stores::Stores;

/// The label by which `KServe` marks what it makes.
const INFERENCE_SERVICE: &str = "serving.kserve.io/inferenceservice";
/// The label by which Knative marks the pods of a revision.
const REVISION: &str = "serving.knative.dev/revision";
/// The label by which `KubeRay` marks the pods of a cluster.
const RAY_CLUSTER: &str = "ray.io/cluster";
/// The label by which `LeaderWorkerSet` marks what it makes.
const LEADER_WORKER_SET: &str = "leaderworkerset.sigs.k8s.io/name";
/// Its label for the revision.
const LEADER_WORKER_REVISION: &str = "leaderworkerset.sigs.k8s.io/template-revision-hash";

/// The object that a person made, in the order that decides about a name two of them share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// `KServe`.
    InferenceService,
    /// `KubeRay`.
    RayService,
    /// `LeaderWorkerSet`.
    LeaderWorkerSet,
    /// A Deployment.
    Deployment,
    /// A `StatefulSet`.
    StatefulSet,
}

impl Root {
    /// The kind as the API names it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::InferenceService => "InferenceService",
            Self::RayService => "RayService",
            Self::LeaderWorkerSet => "LeaderWorkerSet",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
        }
    }
}

/// A root's kind, namespace and name.
pub type Place = (Root, Text, Text);

/// What a pod is to a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The workload.
    pub workload: ResourceKey,
    /// The revision it runs.
    pub version: Text,
    /// Whether that is the one being rolled out.
    pub is_current: bool,
}

/// The index that answers it.
pub struct Belonging<'a> {
    stores: &'a Stores,
    settings: &'a Settings,
    roots: BTreeMap<Place, ResourceKey>,
    /// `ReplicaSets` of each Deployment, the newest revision first.
    revisions: BTreeMap<(Text, Text), Vec<&'a ReplicaSet>>,
}

impl<'a> Belonging<'a> {
    /// Indexes the stores.
    pub fn new(stores: &'a Stores, settings: &'a Settings) -> Self {
        let mut revisions: BTreeMap<(Text, Text), Vec<&ReplicaSet>> = BTreeMap::new();
        for set in stores.replica_sets.values() {
            if let Some(owner) = set.meta.owner("Deployment") {
                revisions.entry((set.meta.namespace.clone(), owner.name.clone())).or_default().push(set);
            }
        }
        for sets in revisions.values_mut() {
            sets.sort_by(|a, b| {
                revision_number(&b.meta).cmp(&revision_number(&a.meta)).then_with(|| b.meta.created_at.cmp(&a.meta.created_at))
            });
        }
        let mut index = Self { stores, settings, roots: BTreeMap::new(), revisions };
        if settings.adoption.is_none() {
            index.find_roots();
        }
        index
    }

    fn find_roots(&mut self) {
        let stores = self.stores;
        let mut taken = BTreeSet::new();
        self.add(Root::InferenceService, &stores.inference_services, &mut taken);
        self.add(Root::RayService, &stores.ray_services, &mut taken);
        self.add(Root::LeaderWorkerSet, &stores.leader_worker_sets, &mut taken);
        self.add(Root::Deployment, &stores.deployments, &mut taken);
        self.add(Root::StatefulSet, &stores.stateful_sets, &mut taken);
    }

    fn add<O: Object>(&mut self, root: Root, store: &Store<O>, taken: &mut BTreeSet<Text>) {
        for object in store.values() {
            let meta = object.meta();
            if !self.is_chosen(meta) || Self::is_made_by_pod(meta) || self.root_of(root, meta).0 != root {
                continue;
            }
            let path = meta.path();
            // A name that two kinds share belongs to the first of them.
            let name = if taken.insert(path.clone()) { path } else { format!("{path} ({})", root.kind()).into() };
            let key = ResourceKey::new(&self.settings.context, ResourceKind::Workload, name);
            self.roots.insert((root, meta.namespace.clone(), meta.name.clone()), key);
        }
    }

    fn is_chosen(&self, meta: &Meta) -> bool {
        let namespaces = &self.settings.namespaces;
        let is_shown = if namespaces.is_empty() { !is_system(&meta.namespace) } else { namespaces.contains(&meta.namespace) };
        is_shown && self.settings.selector.matches(&meta.labels)
    }

    /// All workloads that are shown.
    pub fn roots(&self) -> impl Iterator<Item = (&Place, &ResourceKey)> {
        self.roots.iter()
    }

    /// What a controller object belongs to: an operator's object that made it, or itself.
    pub fn root_of(&self, root: Root, meta: &Meta) -> Place {
        let place = |root, name: &Text| (root, meta.namespace.clone(), name.clone());
        if matches!(root, Root::Deployment | Root::StatefulSet)
            && let Some((operator, name)) = self.operator_of(meta)
        {
            return place(operator, &name);
        }
        place(root, &meta.name)
    }

    /// Whether a pod made it: `LeaderWorkerSet`'s leaders make their workers that way.
    fn is_made_by_pod(meta: &Meta) -> bool {
        meta.controller().is_some_and(|owner| owner.kind == "Pod")
    }

    /// The operator's object that something with this metadata was made for, if it is known.
    fn operator_of(&self, meta: &Meta) -> Option<(Root, Text)> {
        let known = |name: &Text, has: bool| has.then(|| name.clone());
        let place = |name: &Text| (meta.namespace.clone(), name.clone());
        let marked = |label: &str, kind: &str| meta.label(label).or_else(|| meta.owner(kind).map(|owner| &owner.name));
        if let Some(name) = marked(INFERENCE_SERVICE, "InferenceService") {
            return Some((Root::InferenceService, known(name, self.stores.inference_services.contains_key(&place(name)))?));
        }
        if let Some(name) = marked(LEADER_WORKER_SET, "LeaderWorkerSet") {
            return Some((Root::LeaderWorkerSet, known(name, self.stores.leader_worker_sets.contains_key(&place(name)))?));
        }
        let cluster = self.stores.ray_clusters.get(&place(marked(RAY_CLUSTER, "RayCluster")?))?;
        let service = &cluster.meta.owner("RayService")?.name;
        Some((Root::RayService, known(service, self.stores.ray_services.contains_key(&place(service)))?))
    }

    /// The workload that a controller object carries out.
    pub fn workload_of(&self, root: Root, meta: &Meta) -> Option<ResourceKey> {
        if let Some(adoption) = &self.settings.adoption {
            let name = adoption.workload(&meta.namespace, &meta.labels)?;
            return Some(ResourceKey::new(&self.settings.context, ResourceKind::Workload, name.clone()));
        }
        self.roots.get(&self.root_of(root, meta)).cloned()
    }

    /// Revisions of a Deployment, the newest first.
    pub fn revisions(&self, namespace: &Text, deployment: &Text) -> &[&'a ReplicaSet] {
        self.revisions.get(&(namespace.clone(), deployment.clone())).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a pod is; `None` for a tenant.
    pub fn of_pod(&self, pod: &Pod) -> Option<Membership> {
        let meta = &pod.meta;
        let workload = match &self.settings.adoption {
            Some(adoption) => {
                let name = adoption.workload(&meta.namespace, &meta.labels)?;
                ResourceKey::new(&self.settings.context, ResourceKind::Workload, name.clone())
            }
            None => self.roots.get(&self.root_of_pod(meta)?)?.clone(),
        };
        let (version, is_current) = self.version(meta);
        Some(Membership { workload, version, is_current })
    }

    fn root_of_pod(&self, meta: &Meta) -> Option<Place> {
        if let Some((root, name)) = self.operator_of(meta) {
            return Some((root, meta.namespace.clone(), name));
        }
        let (root, name) = match meta.controller()? {
            owner if owner.kind == "ReplicaSet" => (Root::Deployment, self.deployment_of(meta, &owner.name)?),
            owner if owner.kind == "StatefulSet" => (Root::StatefulSet, owner.name.clone()),
            _ => return None,
        };
        Some((root, meta.namespace.clone(), name))
    }

    /// The Deployment behind a pod's `ReplicaSet`. Where `ReplicaSets` may not be listed their name
    /// tells: it is the Deployment's with the hash of the template.
    fn deployment_of(&self, pod: &Meta, set: &Text) -> Option<Text> {
        if let Some(set) = self.stores.replica_sets.get(&(pod.namespace.clone(), set.clone())) {
            return set.meta.owner("Deployment").map(|owner| owner.name.clone());
        }
        let hash = pod.label("pod-template-hash").map_or_else(|| set.rsplit('-').next().unwrap_or_default(), Text::as_str);
        set.strip_suffix(hash)?.strip_suffix('-').map(Text::from)
    }

    /// The revision a pod runs, and whether it is the one being rolled out.
    fn version(&self, meta: &Meta) -> (Text, bool) {
        if let (Some(revision), Some(service)) = (meta.label(REVISION), meta.label(INFERENCE_SERVICE)) {
            let service = self.stores.inference_services.get(&(meta.namespace.clone(), service.clone()));
            return (revision.clone(), service.is_some_and(|service| service.latest_revision == *revision));
        }
        if let Some(cluster) = meta.label(RAY_CLUSTER) {
            return (cluster.clone(), self.is_current_cluster(meta, cluster));
        }
        if let (Some(set), Some(revision)) = (meta.label(LEADER_WORKER_SET), meta.label(LEADER_WORKER_REVISION)) {
            // The set of leaders carries the revision that is being rolled out.
            let leaders = self.stores.stateful_sets.get(&(meta.namespace.clone(), set.clone()));
            let current = leaders.and_then(|leaders| leaders.meta.label(LEADER_WORKER_REVISION));
            return (revision.clone(), current.is_none_or(|current| current == revision));
        }
        match meta.controller() {
            Some(owner) if owner.kind == "ReplicaSet" => (owner.name.clone(), self.is_current_set(meta, &owner.name)),
            Some(owner) if owner.kind == "StatefulSet" => {
                let revision = meta.label("controller-revision-hash").cloned().unwrap_or_default();
                let set = self.stores.stateful_sets.get(&(meta.namespace.clone(), owner.name.clone()));
                let is_current = set.is_none_or(|set| {
                    set.update_revision.is_empty()
                        || set.update_revision == revision
                        || ordinal(&meta.name).is_some_and(|own| own < set.partition)
                });
                (revision, is_current)
            }
            _ => (Text::default(), true),
        }
    }

    /// Where `ReplicaSets` may not be listed, every pod counts as current: there is no telling.
    fn is_current_set(&self, pod: &Meta, set: &Text) -> bool {
        let Some(deployment) = self.deployment_of(pod, set) else { return true };
        self.revisions(&pod.namespace, &deployment).first().is_none_or(|newest| newest.meta.name == *set)
    }

    fn is_current_cluster(&self, pod: &Meta, cluster: &Text) -> bool {
        let Some((Root::RayService, name)) = self.operator_of(pod) else { return true };
        let service = self.stores.ray_services.get(&(pod.namespace.clone(), name));
        service.is_none_or(|service| {
            let target = if service.pending_cluster.is_empty() { &service.active_cluster } else { &service.pending_cluster };
            target.is_empty() || target == cluster
        })
    }
}

/// The number of a `StatefulSet`'s pod. Those below the partition are meant to stay as they are.
fn ordinal(pod: &str) -> Option<u32> {
    pod.rsplit('-').next()?.parse().ok()
}

/// The number of a Deployment's revision.
pub fn revision_number(meta: &Meta) -> Option<u64> {
    meta.annotations.get("deployment.kubernetes.io/revision").and_then(|number| number.parse().ok())
}
