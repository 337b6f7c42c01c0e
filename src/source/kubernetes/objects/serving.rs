//! Operators that serve models: `KServe`'s `InferenceService` with Knative's revisions, `KubeRay`'s
//! `RayService` with its clusters, `LeaderWorkerSet`.

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::{Fields, intern};
use super::amounts::Amounts;
use super::conditions::conditions;
use super::controller::{Reported, amount};
use super::pod::Template;
use super::raw::record;
use crate::domain::condition::StatusCondition;
use crate::domain::text::Text;
use crate::domain::workload::{Amount, UpdateStrategy};

/// A `KServe` `InferenceService`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferenceService {
    /// Its metadata.
    pub meta: Meta,
    /// Replica bounds of its predictor: at least one and no upper bound where it does not say.
    pub min: u32,
    /// Never more; zero for no bound.
    pub max: u32,
    /// Whether somebody stopped it.
    pub stopped: bool,
    /// The revision it goes to, where it makes revisions.
    pub latest_revision: Text,
    /// The newest revision that became ready.
    pub ready_revision: Text,
    /// Shares of the traffic by revision, in percent.
    pub traffic: Vec<(Text, u32)>,
    /// Where requests go.
    pub url: Option<Text>,
    /// `InProgress`, `BlockedByFailedLoad`, `InvalidSpec`, `UpToDate`.
    pub transition: Text,
    /// Why the model could not be loaded: machine word and sentence.
    pub failure: Option<(Text, Text)>,
    /// The generation it has acted upon.
    pub observed_generation: Option<u64>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(InferenceService, Kind::custom("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService"));

impl Trim for InferenceService {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (predictor, status) = (tree.at("spec").at("predictor"), tree.at("status"));
        let component = status.at("components").at("predictor");
        let model = status.at("modelStatus");
        let failure = model.at("lastFailureInfo");
        let share = |target: &Value| {
            let name = target.word("revisionName");
            (if name.is_empty() { component.word("latestCreatedRevision") } else { name }, target.count("percent"))
        };
        Self {
            min: predictor.optional_count("minReplicas").unwrap_or(1),
            max: predictor.count("maxReplicas"),
            stopped: tree.at("metadata").at("annotations").text("serving.kserve.io/stop") == "true",
            latest_revision: component.word("latestCreatedRevision"),
            ready_revision: component.word("latestReadyRevision"),
            traffic: component.list("traffic").iter().map(share).filter(|(name, _)| !name.is_empty()).collect(),
            url: status.optional_text("url"),
            transition: model.word("transitionStatus"),
            failure: model.has("lastFailureInfo").then(|| (failure.word("reason"), failure.text("message"))),
            observed_generation: status.whole("observedGeneration").and_then(|number| u64::try_from(number).ok()),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}

/// A Knative Revision: its conditions say why there are no pods at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its metadata; the service is a label.
    pub meta: Meta,
    /// Replicas asked for.
    pub desired: u32,
    /// Replicas there are.
    pub actual: u32,
    /// Images of its containers.
    pub images: Vec<Text>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

object!(Revision, Kind::custom("serving.knative.dev", "v1", "revisions", "Revision"));

impl Trim for Revision {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let status = tree.at("status");
        Self {
            desired: status.count("desiredReplicas"),
            actual: status.count("actualReplicas"),
            images: tree.at("spec").list("containers").iter().filter_map(|part| part.optional_word("image")).collect(),
            conditions: conditions(status),
            meta,
        }
    }
}

/// A `KubeRay` `RayService`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RayService {
    /// Its metadata.
    pub meta: Meta,
    /// The cluster that serves.
    pub active_cluster: Text,
    /// The cluster that is to take over.
    pub pending_cluster: Text,
    /// Share of the traffic in percent of the active and of the pending cluster, where it is split.
    pub traffic: (Option<u32>, Option<u32>),
    /// Applications of the cluster that takes over, else of the one that serves: name, status,
    /// message.
    pub applications: Vec<(Text, Text, Text)>,
    /// `Running`, or empty while nothing serves.
    pub service_status: Text,
    /// Addresses that answer; `None` where it does not say.
    pub endpoints: Option<u32>,
    /// Largest worker of its template.
    pub demand: Amounts,
    /// The generation it has acted upon.
    pub observed_generation: Option<u64>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(RayService, Kind::custom("ray.io", "v1", "rayservices", "RayService").or_older(&["v1alpha1"]));

impl Trim for RayService {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let (active, pending) = (status.at("activeServiceStatus"), status.at("pendingServiceStatus"));
        let [active_cluster, pending_cluster] = [active, pending].map(|side| side.word("rayClusterName"));
        let telling = if pending_cluster.is_empty() { active } else { pending };
        let applications = telling.at("applicationStatuses").as_object().into_iter().flatten();
        let cluster = if spec.has("rayClusterConfig") { spec.at("rayClusterConfig") } else { spec.at("rayClusterSpec") };
        Self {
            applications: applications.map(|(name, app)| (intern(name), app.word("status"), app.text("message"))).collect(),
            traffic: (active.optional_count("trafficRoutedPercent"), pending.optional_count("trafficRoutedPercent")),
            service_status: status.word("serviceStatus"),
            endpoints: status.optional_count("numServeEndpoints"),
            demand: largest_worker(cluster),
            observed_generation: status.whole("observedGeneration").and_then(|number| u64::try_from(number).ok()),
            conditions: conditions(status),
            raw: record(tree),
            active_cluster,
            pending_cluster,
            meta,
        }
    }
}

/// What one pod of the most demanding group asks for; the head counts where there is no worker.
fn largest_worker(cluster: &Value) -> Amounts {
    let groups = cluster.list("workerGroupSpecs").iter().map(|group| group.at("template"));
    let demands = groups.chain([cluster.at("headGroupSpec").at("template")]).map(|template| Template::read(template).demand);
    demands.max_by_key(|demand| (demand.common.gpus + demand.common.neuron, demand.common.cpu_millis)).unwrap_or_default()
}

/// A `KubeRay` `RayCluster`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RayCluster {
    /// Its metadata.
    pub meta: Meta,
    /// Workers asked for.
    pub desired: u32,
    /// Workers that are ready.
    pub ready: u32,
    /// Never fewer workers.
    pub min: u32,
    /// Never more workers.
    pub max: u32,
    /// Images of head and workers.
    pub images: Vec<Text>,
    /// `ready`, `failed`, `suspended` or empty.
    pub state: Text,
    /// Why it is as it is.
    pub reason: Text,
    /// The generation it has acted upon.
    pub observed_generation: Option<u64>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

object!(RayCluster, Kind::custom("ray.io", "v1", "rayclusters", "RayCluster").or_older(&["v1alpha1"]));

impl Trim for RayCluster {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let groups = spec.list("workerGroupSpecs");
        let templates = groups.iter().chain([spec.at("headGroupSpec")]).map(|group| group.at("template"));
        let mut images: Vec<Text> = templates.flat_map(|template| Template::read(template).images).collect();
        images.sort();
        images.dedup();
        let sum = |field: &str| groups.iter().fold(0_u32, |sum, group| sum.saturating_add(group.count(field)));
        Self {
            desired: status.optional_count("desiredWorkerReplicas").unwrap_or_else(|| sum("replicas")),
            // Up to KubeRay 1.1 only `availableWorkerReplicas` was reported.
            ready: status.optional_count("readyWorkerReplicas").unwrap_or_else(|| status.count("availableWorkerReplicas")),
            min: sum("minReplicas"),
            max: sum("maxReplicas"),
            images,
            state: status.word("state"),
            reason: status.text("reason"),
            observed_generation: status.whole("observedGeneration").and_then(|number| u64::try_from(number).ok()),
            conditions: conditions(status),
            meta,
        }
    }
}

/// A `LeaderWorkerSet`: its replicas are groups of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderWorkerSet {
    /// Its metadata.
    pub meta: Meta,
    /// Groups asked for.
    pub desired: u32,
    /// Pods of one group.
    pub size: u32,
    /// What one worker asks for.
    pub template: Template,
    /// How groups are replaced.
    pub strategy: UpdateStrategy,
    /// What it reports, in groups.
    pub reported: Reported,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(LeaderWorkerSet, Kind::custom("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet"));

impl Trim for LeaderWorkerSet {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let group = spec.at("leaderWorkerTemplate");
        let rolling = spec.at("rolloutStrategy").at("rollingUpdateConfiguration");
        Self {
            desired: spec.optional_count("replicas").unwrap_or(1),
            size: group.optional_count("size").unwrap_or(1).max(1),
            template: Template::read(group.at("workerTemplate")),
            strategy: UpdateStrategy {
                max_surge: amount(rolling.at("maxSurge")).unwrap_or(Amount::Count(0)),
                max_unavailable: amount(rolling.at("maxUnavailable")).unwrap_or(Amount::Count(1)),
            },
            reported: Reported::read(status),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}
