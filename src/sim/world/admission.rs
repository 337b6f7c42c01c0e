//! What may refuse a pod before it exists: quotas and sizes of its namespace, webhooks.

use std::collections::BTreeMap;

use super::clock::Moment;
use super::cluster::Cluster;
use super::control::ControlPlane;
use super::journal::{About, Journal};
use super::workload::{Api, Container, Pod};

/// Limits of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceQuota {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// GPUs that pods may request in all.
    pub gpus: Option<i64>,
    /// Pods.
    pub pods: Option<i64>,
}

impl NamespaceQuota {
    /// What it limits, in Kubernetes' words: resource, limit.
    pub fn limits(&self) -> Vec<(&'static str, i64)> {
        let all = [("pods", self.pods), ("requests.nvidia.com/gpu", self.gpus)];
        all.into_iter().filter_map(|(name, limit)| Some((name, limit?))).collect()
    }
}

/// Sizes that containers of a namespace may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRange {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Memory of a container at most, in MiB.
    pub memory_mib: Option<i64>,
    /// GPUs of a container at most.
    pub gpus: Option<i64>,
}

impl LimitRange {
    /// What it allows a container at most, in Kubernetes' words: resource, amount, and what one asks for.
    fn broken_by(&self, container: &Container) -> Vec<String> {
        let memory = self.memory_mib.filter(|most| container.memory_mib > *most);
        let gpus = self.gpus.filter(|most| i64::from(container.gpu) > *most);
        let words =
            |resource: &str, most: String, asked: String| format!("maximum {resource} usage per Container is {most}, but limit is {asked}");
        let memory = memory.map(|most| words("memory", written(most), written(container.memory_mib)));
        memory.into_iter().chain(gpus.map(|most| words("nvidia.com/gpu", most.to_string(), container.gpu.to_string()))).collect()
    }
}

/// MiB as Kubernetes writes them.
pub fn written(mib: i64) -> String {
    if mib % 1_024 == 0 { format!("{}Gi", mib / 1_024) } else { format!("{mib}Mi") }
}

/// Who refuses pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// Whose pods.
    pub api: String,
    /// From when.
    pub since: Moment,
    /// What it says.
    pub message: String,
}

/// What a namespace's pods have of what quotas limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    gpus: i64,
    pods: i64,
}

impl Usage {
    /// Of a resource in Kubernetes' words.
    pub fn of(self, resource: &str) -> i64 {
        if resource == "pods" { self.pods } else { self.gpus }
    }
}

/// What pods that are not over hold, by namespace.
pub fn usage(cluster: &Cluster) -> BTreeMap<String, Usage> {
    let mut used: BTreeMap<String, Usage> = BTreeMap::new();
    for (api, pod) in cluster.pods().filter(|(_, pod)| !pod.phase.is_over()) {
        let sum = used.entry(api.namespace.clone()).or_default();
        sum.gpus += pod.demand.gpus;
        sum.pods += 1;
    }
    used
}

/// The door that new pods go through.
pub(crate) struct Admission<'a> {
    webhooks: &'a [Webhook],
    quotas: &'a [NamespaceQuota],
    ranges: &'a [LimitRange],
    used: BTreeMap<String, Usage>,
    pub(crate) journal: &'a mut Journal,
    now: Moment,
}

impl<'a> Admission<'a> {
    pub(crate) fn new(control: &'a mut ControlPlane, used: BTreeMap<String, Usage>, now: Moment) -> Self {
        let ControlPlane { journal, quotas, limit_ranges, webhooks, .. } = control;
        Self { webhooks, quotas, ranges: limit_ranges, used, journal, now }
    }

    /// Lets a pod in, or says on its owner why not; then nothing more is tried for a while.
    pub(crate) fn admit(&mut self, api: &mut Api, pod: Pod, owner: &About, component: &'static str) -> bool {
        let Some(refusal) = self.refusal(api, &pod) else {
            let sum = self.used.entry(api.namespace.clone()).or_default();
            sum.gpus += pod.demand.gpus;
            sum.pods += 1;
            self.journal.normal(self.now, component, owner, "SuccessfulCreate", format!("Created pod: {}", pod.name));
            api.refused = None;
            api.pods.push(pod);
            return true;
        };
        let (message, since) = api.refused.clone().unwrap_or((refusal, self.now));
        self.journal.warn(self.now, component, owner, "FailedCreate", format!("Error creating: {message}"));
        api.refused = Some((message, since));
        // The controller's pauses double, up to a quarter of an hour.
        api.next_try = self.now + (self.now - since).clamp(5, 900);
        false
    }

    /// What limit ranges say; several complaints come in brackets.
    fn out_of_range(&self, api: &Api, pod: &Pod) -> Option<String> {
        let containers = &api.version(&pod.spec_id)?.containers;
        let ranges = self.ranges.iter().filter(|range| range.namespace == api.namespace);
        let broken: Vec<String> = ranges.flat_map(|range| containers.iter().flat_map(|container| range.broken_by(container))).collect();
        let words = match broken.as_slice() {
            [] => return None,
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        Some(format!("pods \"{}\" is forbidden: {words}", pod.name))
    }

    fn refusal(&self, api: &Api, pod: &Pod) -> Option<String> {
        if let Some(webhook) = self.webhooks.iter().find(|webhook| webhook.api == api.name && webhook.since <= self.now) {
            return Some(format!("admission webhook \"{}\" denied the request: {}", webhook.name, webhook.message));
        }
        if let Some(refusal) = self.out_of_range(api, pod) {
            return Some(refusal);
        }
        let used = self.used.get(&api.namespace).copied().unwrap_or_default();
        let quotas = self.quotas.iter().filter(|quota| quota.namespace == api.namespace);
        for quota in quotas {
            let asked = |resource: &str| if resource == "pods" { 1 } else { pod.demand.gpus };
            let broken: Vec<(&str, i64)> = quota
                .limits()
                .into_iter()
                .filter(|(resource, limit)| asked(resource) > 0 && used.of(resource) + asked(resource) > *limit)
                .collect();
            if broken.is_empty() {
                continue;
            }
            let list = |amount: &dyn Fn(&str, i64) -> i64| {
                let parts: Vec<String> =
                    broken.iter().map(|(resource, limit)| format!("{resource}={}", amount(resource, *limit))).collect();
                parts.join(",")
            };
            let requested = list(&|resource, _| asked(resource));
            let held = list(&|resource, _| used.of(resource));
            let limited = list(&|_, limit| limit);
            return Some(format!(
                "pods \"{}\" is forbidden: exceeded quota: {}, requested: {requested}, used: {held}, limited: {limited}",
                pod.name, quota.name
            ));
        }
        None
    }
}
