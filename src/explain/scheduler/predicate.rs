//! One reason why a node was out, in all its historical wordings, and the cause it stands for.

/// Why nodes were out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Predicate {
    /// Too little of a resource, named as Kubernetes names it (`cpu`, `nvidia.com/gpu`).
    Insufficient(String),
    /// All pod slots taken.
    TooManyPods,
    /// A taint that the replica does not put up with: key and value where the wording names them.
    Taint(Option<(String, String)>),
    /// Closed by somebody.
    Cordoned,
    /// Not ready, or under a pressure, in wordings from before there were taints for that.
    NotReady,
    /// Selector or required node affinity.
    Labels,
    /// Another node is named.
    NodeName,
    /// The replica's own affinity terms contradict each other.
    AffinityConflict,
    /// Required affinity to other replicas.
    PodAffinity,
    /// Required distance from other replicas.
    AntiAffinity,
    /// A spread rule.
    Spread,
    /// A claim without a volume.
    ClaimUnbound,
    /// A claim or a volume that does not exist.
    ClaimMissing,
    /// The volume is bound to another zone or node.
    VolumeZone,
    /// No more volumes can be attached.
    VolumeLimit,
    /// The storage behind it is full.
    VolumeSpace,
    /// Somebody else holds the volume.
    VolumeConflict,
    /// A port of the node is taken.
    HostPorts,
    /// A claim for a device.
    DeviceClaim,
    /// The group of replicas is not complete.
    Gang,
    /// There are no nodes at all.
    NoNodes,
    /// The autoscaler: a group has its maximum.
    GroupAtMax,
    /// The autoscaler: a group is in a pause after a failure.
    GroupInBackoff,
    /// The autoscaler: a group is not ready to grow.
    GroupNotReady,
    /// The autoscaler: a limit of the whole cluster.
    ClusterLimit,
    /// The autoscaler: the most nodes of the whole cluster.
    ClusterNodes,
    /// Something else, as worded.
    Other(String),
}

/// Words and what they mean; the first that is contained decides, so the more exact stand first.
const WORDS: &[(&str, Predicate)] = &[
    ("max node group size reached", Predicate::GroupAtMax),
    ("max limit reached", Predicate::GroupAtMax),
    ("in backoff after failed scale-up", Predicate::GroupInBackoff),
    ("not ready for scale-up", Predicate::GroupNotReady),
    ("max total nodes in cluster reached", Predicate::ClusterNodes),
    ("max cluster ", Predicate::ClusterLimit),
    ("no nodes available to schedule", Predicate::NoNodes),
    ("too many pods", Predicate::TooManyPods),
    ("unbound immediate persistentvolumeclaims", Predicate::ClaimUnbound),
    ("unbound persistentvolumeclaims", Predicate::ClaimUnbound),
    ("didn't find available persistent volumes to bind", Predicate::ClaimUnbound),
    ("bound to non-existent", Predicate::ClaimMissing),
    ("persistentvolumeclaim is lost", Predicate::ClaimMissing),
    ("volume node affinity conflict", Predicate::VolumeZone),
    ("no available volume zone", Predicate::VolumeZone),
    ("novolumezoneconflict", Predicate::VolumeZone),
    ("novolumenodeconflict", Predicate::VolumeZone),
    ("exceed max volume count", Predicate::VolumeLimit),
    ("maxvolumecount", Predicate::VolumeLimit),
    ("did not have enough free storage", Predicate::VolumeSpace),
    ("no available disk", Predicate::VolumeConflict),
    ("readwriteoncepod access mode", Predicate::VolumeConflict),
    ("nodiskconflict", Predicate::VolumeConflict),
    ("didn't have free ports", Predicate::HostPorts),
    ("podfitshostports", Predicate::HostPorts),
    ("affinity terms conflict", Predicate::AffinityConflict),
    ("pod anti-affinity", Predicate::AntiAffinity),
    ("existing pods anti-affinity", Predicate::AntiAffinity),
    ("matchinterpodaffinity", Predicate::AntiAffinity),
    ("pod affinity/anti-affinity", Predicate::PodAffinity),
    ("pod affinity rules", Predicate::PodAffinity),
    ("topology spread constraints", Predicate::Spread),
    ("node affinity", Predicate::Labels),
    ("node selector", Predicate::Labels),
    ("matchnodeselector", Predicate::Labels),
    ("requested node name", Predicate::NodeName),
    ("requested hostname", Predicate::NodeName),
    ("were unschedulable", Predicate::Cordoned),
    ("nodeunschedulable", Predicate::Cordoned),
    ("not ready", Predicate::NotReady),
    ("nodenotready", Predicate::NotReady),
    ("disk pressure", Predicate::NotReady),
    ("memory pressure", Predicate::NotReady),
    ("pid pressure", Predicate::NotReady),
    ("out of disk", Predicate::NotReady),
    ("unavailable network", Predicate::NotReady),
    ("unknown condition", Predicate::NotReady),
    ("cannot allocate all claims", Predicate::DeviceClaim),
    ("resourceclaim", Predicate::DeviceClaim),
    ("resource claim", Predicate::DeviceClaim),
    ("gang", Predicate::Gang),
    ("preemptible or free resource", Predicate::Gang),
];

impl Predicate {
    /// Reads one reason without its count.
    pub(super) fn read(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("insufficient ") {
            return insufficient(rest, text);
        }
        if lower.contains("no nvidia device available") || lower.contains("enough resources: gpus") {
            return Self::Insufficient("nvidia.com/gpu".to_owned());
        }
        if lower.contains("taint") {
            return Self::Taint(taint(text));
        }
        let gone = lower.contains("not found") || lower.contains("is being deleted");
        if gone && lower.contains("persistentvolume") {
            return Self::ClaimMissing;
        }
        let known = WORDS.iter().find(|(words, _)| lower.contains(words));
        known.map_or_else(|| Self::Other(text.to_owned()), |(_, predicate)| predicate.clone())
    }

    /// The catalogue's cause for it.
    pub fn cause(&self) -> Option<&'static str> {
        Some(match self {
            Self::Insufficient(resource) => shortage(resource),
            Self::TooManyPods => "kubernetes/sched-too-many-pods",
            Self::Taint(taint) => taint.as_ref().map_or("kubernetes/sched-taint", |(key, _)| taint_cause(key)),
            Self::Cordoned => "kubernetes/sched-cordoned",
            Self::NotReady => "kubernetes/sched-taint-not-ready",
            Self::Labels => "kubernetes/sched-node-affinity",
            Self::NodeName => "kubernetes/sched-node-name",
            Self::AffinityConflict => "kubernetes/sched-affinity-conflict",
            Self::PodAffinity => "kubernetes/sched-pod-affinity",
            Self::AntiAffinity => "kubernetes/sched-pod-anti-affinity",
            Self::Spread => "kubernetes/sched-topology-spread",
            Self::ClaimUnbound => "kubernetes/sched-pvc-unbound",
            Self::ClaimMissing => "kubernetes/sched-pvc-missing",
            Self::VolumeZone => "kubernetes/sched-volume-zone",
            Self::VolumeLimit => "kubernetes/sched-volume-limit",
            Self::VolumeSpace => "kubernetes/sched-volume-space",
            Self::VolumeConflict => "kubernetes/sched-volume-conflict",
            Self::HostPorts => "kubernetes/sched-host-ports",
            Self::DeviceClaim => "kubernetes/sched-dra",
            Self::Gang => "kubernetes/sched-gang",
            Self::NoNodes => "kubernetes/sched-no-nodes",
            Self::GroupAtMax => "kubernetes/ca-max-size",
            Self::GroupInBackoff => "kubernetes/ca-backoff",
            Self::GroupNotReady => "kubernetes/ca-not-ready",
            Self::ClusterLimit => "kubernetes/ca-max-cluster-limit",
            Self::ClusterNodes => "kubernetes/ca-max-nodes-total",
            Self::Other(_) => return None,
        })
    }

    /// Whether a further machine of the same kind would cure it.
    pub fn wants_machine(&self) -> bool {
        matches!(self, Self::Insufficient(_) | Self::TooManyPods | Self::NoNodes)
    }

    /// How much it says about why nothing fits: a shortage on machines that are otherwise right
    /// weighs most, rules that keep most replicas off most machines least.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::ClaimUnbound | Self::ClaimMissing | Self::NoNodes | Self::DeviceClaim => 6,
            Self::Insufficient(resource) if is_accelerator(resource) => 5,
            Self::Insufficient(_)
            | Self::TooManyPods
            | Self::VolumeZone
            | Self::HostPorts
            | Self::Gang
            | Self::PodAffinity
            | Self::AntiAffinity
            | Self::Spread
            | Self::VolumeLimit
            | Self::VolumeSpace
            | Self::VolumeConflict => 4,
            Self::Labels | Self::AffinityConflict | Self::NodeName => 3,
            Self::Taint(taint) if taint.as_ref().is_some_and(|(key, _)| taint_cause(key).ends_with("control-plane")) => 0,
            Self::Taint(_) | Self::Cordoned | Self::NotReady => 2,
            Self::GroupAtMax | Self::GroupInBackoff | Self::GroupNotReady | Self::ClusterLimit | Self::ClusterNodes => 1,
            Self::Other(_) => 0,
        }
    }
}

fn insufficient(lower: &str, text: &str) -> Predicate {
    let end = lower.find([' ', ',']).unwrap_or(lower.len());
    let start = text.len().saturating_sub(lower.len());
    let name = text.get(start..start + end).unwrap_or_default().trim_end_matches('.');
    match name {
        "pods" | "Pods" => Predicate::TooManyPods,
        _ if name.eq_ignore_ascii_case("cpu") => Predicate::Insufficient("cpu".to_owned()),
        _ if name.eq_ignore_ascii_case("memory") => Predicate::Insufficient("memory".to_owned()),
        _ => Predicate::Insufficient(name.to_owned()),
    }
}

/// Key and value of a taint between braces.
fn taint(text: &str) -> Option<(String, String)> {
    let (_, behind) = text.split_once('{')?;
    let (inside, _) = behind.split_once('}')?;
    let (key, value) = inside.split_once(':').unwrap_or((inside, ""));
    Some((key.trim().to_owned(), value.trim().to_owned()))
}

/// Whether a resource is an accelerator, by its name.
pub fn is_accelerator(resource: &str) -> bool {
    let lower = resource.to_ascii_lowercase();
    let vendor = ["nvidia.com/", "amd.com/gpu", "gpu.intel.com/", "habana.ai/", "google.com/tpu", "aws.amazon.com/neuron", "huawei.com/"];
    vendor.iter().any(|vendor| lower.starts_with(vendor)) || lower.ends_with("gpu") || lower.ends_with("/npu") || lower.contains("gpu-")
}

/// The cause of a shortage, by the resource's name.
pub fn shortage(resource: &str) -> &'static str {
    match resource {
        "cpu" => "kubernetes/sched-insufficient-cpu",
        "memory" => "kubernetes/sched-insufficient-memory",
        "ephemeral-storage" => "kubernetes/sched-insufficient-ephemeral-storage",
        "GPU" => "kubernetes/sched-gpu-share",
        _ if resource.starts_with("hugepages-") => "kubernetes/sched-insufficient-hugepages",
        _ if resource.starts_with("vpc.amazonaws.com/") => "kubernetes/sched-insufficient-pod-eni",
        _ if is_accelerator(resource) => "kubernetes/sched-insufficient-gpu",
        _ => "kubernetes/sched-insufficient-extended",
    }
}

/// The cause of a taint, by its key. Source: the well-known taints of Kubernetes, its autoscalers
/// and the drivers that close a new node until they are ready.
pub fn taint_cause(key: &str) -> &'static str {
    const STARTUP: &[&str] = &[
        "node.cloudprovider.kubernetes.io/uninitialized",
        "karpenter.sh/unregistered",
        "node.cilium.io/agent-not-ready",
        "node.eks.amazonaws.com/not-ready",
        "wait-for-node-ready",
    ];
    const DRAINING: &[&str] = &[
        "ToBeDeletedByClusterAutoscaler",
        "DeletionCandidateOfClusterAutoscaler",
        "node.kubernetes.io/out-of-service",
        "cloud.google.com/impending-node-termination",
    ];
    const GPU: &[&str] = &["gpu", "accelerator", "neuron", "gaudi", "tpu"];
    let bare = key.rsplit('/').next().unwrap_or(key);
    match key {
        "node.kubernetes.io/not-ready" => "kubernetes/sched-taint-not-ready",
        "node.kubernetes.io/unreachable" => "kubernetes/sched-taint-unreachable",
        "node.kubernetes.io/network-unavailable" => "kubernetes/sched-taint-network",
        "node.kubernetes.io/unschedulable" => "kubernetes/sched-cordoned",
        "node-role.kubernetes.io/master" | "node-role.kubernetes.io/control-plane" => "kubernetes/sched-taint-control-plane",
        _ if key.starts_with("node.kubernetes.io/") && key.ends_with("-pressure") => "kubernetes/sched-taint-pressure",
        _ if DRAINING.contains(&key) || key.starts_with("karpenter.sh/disrupt") || key.starts_with("aws-node-termination-handler/") => {
            "kubernetes/sched-taint-draining"
        }
        _ if STARTUP.contains(&key) || key.ends_with("/agent-not-ready") => "kubernetes/sched-taint-startup",
        _ if key.starts_with("startup-taint.cluster-autoscaler") || key.starts_with("ignore-taint.cluster-autoscaler") => {
            "kubernetes/sched-taint-startup"
        }
        _ if GPU.iter().any(|word| bare.starts_with(word)) => "kubernetes/sched-taint-gpu",
        _ => "kubernetes/sched-taint",
    }
}
