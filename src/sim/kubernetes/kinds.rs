//! The kinds that are served, with what discovery says of them.

/// One kind. Custom ones are served only by clusters that have an object of their group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedKind {
    /// API group, empty for the core.
    pub group: &'static str,
    /// Version within the group.
    pub version: &'static str,
    /// As in paths.
    pub plural: &'static str,
    /// As people may also write it.
    pub singular: &'static str,
    /// As objects name it.
    pub kind: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Short names, such as `po`.
    pub short: &'static [&'static str],
    /// Whether `kubectl get all` shows it.
    pub in_all: bool,
    /// Whether a custom resource definition brings it.
    pub custom: bool,
}

impl ServedKind {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As refusals name it: `pods`, `deployments.apps`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether its objects are kept under another kind: events exist once and are served in two
    /// groups.
    pub fn stored_as(&'static self) -> &'static Self {
        if self.group == "events.k8s.io" { find("", "v1", "events").unwrap_or(self) } else { self }
    }
}

const fn core(plural: &'static str, singular: &'static str, kind: &'static str, short: &'static [&'static str]) -> ServedKind {
    ServedKind { group: "", version: "v1", plural, singular, kind, namespaced: true, short, in_all: false, custom: false }
}

const fn of(group: &'static str, version: &'static str, names: [&'static str; 3], short: &'static [&'static str]) -> ServedKind {
    let [plural, singular, kind] = names;
    ServedKind { group, version, plural, singular, kind, namespaced: true, short, in_all: false, custom: false }
}

const fn everywhere(kind: ServedKind) -> ServedKind {
    ServedKind { namespaced: false, ..kind }
}

const fn in_all(kind: ServedKind) -> ServedKind {
    ServedKind { in_all: true, ..kind }
}

const fn custom(kind: ServedKind) -> ServedKind {
    ServedKind { custom: true, ..kind }
}

/// All kinds, groups together, in the order of discovery.
pub const KINDS: &[ServedKind] = &[
    core("configmaps", "configmap", "ConfigMap", &["cm"]),
    core("events", "event", "Event", &["ev"]),
    core("limitranges", "limitrange", "LimitRange", &["limits"]),
    everywhere(core("namespaces", "namespace", "Namespace", &["ns"])),
    everywhere(core("nodes", "node", "Node", &["no"])),
    core("persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", &["pvc"]),
    everywhere(core("persistentvolumes", "persistentvolume", "PersistentVolume", &["pv"])),
    in_all(core("pods", "pod", "Pod", &["po"])),
    core("resourcequotas", "resourcequota", "ResourceQuota", &["quota"]),
    core("serviceaccounts", "serviceaccount", "ServiceAccount", &["sa"]),
    in_all(core("services", "service", "Service", &["svc"])),
    in_all(of("apps", "v1", ["daemonsets", "daemonset", "DaemonSet"], &["ds"])),
    in_all(of("apps", "v1", ["deployments", "deployment", "Deployment"], &["deploy"])),
    in_all(of("apps", "v1", ["replicasets", "replicaset", "ReplicaSet"], &["rs"])),
    in_all(of("apps", "v1", ["statefulsets", "statefulset", "StatefulSet"], &["sts"])),
    of("events.k8s.io", "v1", ["events", "event", "Event"], &["ev"]),
    in_all(of("autoscaling", "v2", ["horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler"], &["hpa"])),
    in_all(of("batch", "v1", ["jobs", "job", "Job"], &[])),
    of("policy", "v1", ["poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget"], &["pdb"]),
    everywhere(of("storage.k8s.io", "v1", ["storageclasses", "storageclass", "StorageClass"], &["sc"])),
    of("coordination.k8s.io", "v1", ["leases", "lease", "Lease"], &[]),
    custom(everywhere(of("karpenter.k8s.aws", "v1", ["ec2nodeclasses", "ec2nodeclass", "EC2NodeClass"], &["ec2nc"]))),
    custom(everywhere(of("karpenter.sh", "v1", ["nodeclaims", "nodeclaim", "NodeClaim"], &[]))),
    custom(everywhere(of("karpenter.sh", "v1", ["nodepools", "nodepool", "NodePool"], &[]))),
    custom(of("keda.sh", "v1alpha1", ["scaledobjects", "scaledobject", "ScaledObject"], &["so"])),
    custom(of("leaderworkerset.x-k8s.io", "v1", ["leaderworkersets", "leaderworkerset", "LeaderWorkerSet"], &["lws"])),
    custom(of("ray.io", "v1", ["rayclusters", "raycluster", "RayCluster"], &[])),
    custom(of("ray.io", "v1", ["rayjobs", "rayjob", "RayJob"], &[])),
    custom(of("ray.io", "v1", ["rayservices", "rayservice", "RayService"], &[])),
    custom(of("serving.kserve.io", "v1beta1", ["inferenceservices", "inferenceservice", "InferenceService"], &["isvc"])),
];

/// The kind at a path.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static ServedKind> {
    KINDS.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
}

/// The kind of an object, by its `apiVersion` and `kind`.
pub fn of_object(api_version: &str, kind: &str) -> Option<&'static ServedKind> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    KINDS.iter().find(|served| served.group == group && served.version == version && served.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_together_and_no_path_is_there_twice() {
        let mut groups: Vec<&str> = KINDS.iter().map(|kind| kind.group).collect();
        groups.dedup();
        let distinct: std::collections::BTreeSet<&str> = groups.iter().copied().collect();
        assert_eq!(groups.len(), distinct.len());
        let paths: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| (kind.group, kind.version, kind.plural)).collect();
        assert_eq!(paths.len(), KINDS.len());
    }

    #[test]
    fn events_exist_once() {
        let newer = find("events.k8s.io", "v1", "events").unwrap();
        assert_eq!(newer.stored_as().qualified(), "events");
        assert_eq!(of_object("apps/v1", "Deployment").unwrap().qualified(), "deployments.apps");
    }
}
