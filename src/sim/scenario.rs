//! Scenario files: what there is, what happens when, and what holdup must find out.
//!
//! The shape of the file is here, with its reading; [`super::build`] makes a world of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::config::problem::{Place, Problem, nearest};

mod azure;
mod cluster;
mod control;
mod gateway;
mod kubernetes;
mod modelarts;
mod ray;
mod workload;

pub use azure::*;
pub use cluster::*;
pub use control::*;
pub use gateway::*;
pub use kubernetes::*;
pub use modelarts::*;
pub use ray::*;
pub use workload::*;

/// One scenario file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// A few sentences.
    #[serde(default)]
    pub story: String,
    /// How far into the story the simulator starts, such as `41m`.
    pub elapsed: Span,
    /// What holdup must say, by workload; `cluster/workload` where names repeat.
    #[serde(default)]
    pub expect: BTreeMap<String, Expectation>,
    /// Limits of the account; classes not named get ample ones.
    #[serde(default)]
    pub quota: Vec<QuotaFile>,
    /// What is broken between clients and the world.
    #[serde(default)]
    pub faults: FaultsFile,
    /// Clusters.
    #[serde(default)]
    pub cluster: Vec<ClusterFile>,
    /// Azure workspaces.
    #[serde(default)]
    pub azure: Vec<AzureFile>,
    /// Ray clusters and Anyscale services.
    #[serde(default)]
    pub ray: Vec<RayFile>,
    /// Projects of `ModelArts`.
    #[serde(default)]
    pub modelarts: Vec<ModelArtsFile>,
    /// Compute gateways.
    #[serde(default)]
    pub gateway: Vec<GatewayFile>,
}

impl Scenario {
    /// Whether there is anything at all to look at.
    pub fn is_empty(&self) -> bool {
        self.cluster.is_empty() && self.azure.is_empty() && self.ray.is_empty() && self.modelarts.is_empty() && self.gateway.is_empty()
    }
}

/// What holdup must say of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// `held`, `clear` or `cannot_tell`.
    pub verdict: Word,
    /// The root cause's id, for `held`.
    #[serde(default)]
    pub root: Option<String>,
    /// Permissions that must be named, for `cannot_tell`.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// A verdict's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Nothing is wrong.
    Clear,
    /// Held up.
    Held,
    /// What could be read does not suffice.
    CannotTell,
}

impl Word {
    /// As the JSON contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Held => "held",
            Self::CannotTell => "cannot_tell",
        }
    }
}

/// One quota.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaFile {
    /// Such as `G/OnDemand`.
    pub class: String,
    /// vCPUs.
    pub limit: u32,
    /// vCPUs that others in the account run.
    #[serde(default)]
    pub used_elsewhere: u32,
    /// Increase requests.
    #[serde(default)]
    pub request: Vec<RequestFile>,
}

/// One increase request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFile {
    /// vCPUs.
    pub desired: u32,
    /// Such as `CASE_OPENED`.
    pub status: String,
    /// When.
    pub at: Span,
    /// Support case.
    #[serde(default)]
    pub case: Option<String>,
}

/// Faults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultsFile {
    /// How operators misbehave.
    pub operator: OperatorWord,
    /// Denied AWS actions.
    pub denied: Vec<String>,
    /// AWS throttles everything.
    pub throttled: bool,
    /// The caller's session has expired.
    pub credentials_expired: bool,
    /// AWS accepts and never answers.
    pub hang: bool,
    /// AWS answers a page of HTML.
    pub html: bool,
    /// What is broken between clients and the Kubernetes API servers.
    pub kubernetes: KubernetesFaultsFile,
}

/// How an operator misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperatorWord {
    /// It works.
    #[default]
    None,
    /// Nothing listens.
    Down,
    /// Never answers.
    Hang,
    /// A page of HTML.
    Html,
    /// Bytes without sense.
    Garbage,
}

/// Story seconds, written `41m`, `9d`, `1h30m`, `-10m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub i64);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_span(&text).map(Span).ok_or_else(|| format!("expected a time such as `41m`, `90s`, `1h30m` or `-10m`, found `{text}`"))
    }
}

fn parse_span(text: &str) -> Option<i64> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut total: i64 = 0;
    let mut digits = String::new();
    for symbol in rest.chars() {
        let unit = match symbol {
            '0'..='9' => {
                digits.push(symbol);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && !rest.is_empty()).then_some(sign * total)
}

/// Reads a scenario file's text.
///
/// # Errors
/// The place of the first thing wrong, what was expected, and the name that was probably meant.
pub fn parse(file: &Path, text: &str) -> Result<Scenario, Box<Problem>> {
    let scenario = read(file, text)?;
    super::check::check(file, text, &scenario)?;
    Ok(scenario)
}

fn read<T: serde::de::DeserializeOwned>(file: &Path, text: &str) -> Result<T, Box<Problem>> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map_or_else(Place::default, |span| Place::of(file, text, span));
        let place = Place { file: file.to_owned(), ..place };
        let message = error.message().trim_end().to_owned();
        let hint = meant(&message).or_else(|| Some("`holdup demo --list` names scenarios that work".to_owned()));
        Box::new(Problem { place, message, hint })
    })
}

/// The name that was probably meant, out of serde's own words.
fn meant(message: &str) -> Option<String> {
    let (wrong, expected) = message.split_once(", expected ")?;
    let word = wrong.split('`').nth(1)?;
    let near = nearest(word, expected.split('`').skip(1).step_by(2))?;
    Some(format!("did you mean `{near}`?"))
}

macro_rules! embedded {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("scenarios/", $folder, $name, ".toml")))),+]
    };
}

/// The built-in scenario files, the default first.
pub const FILES: &[(&str, &str)] = embedded!("":
    "bad-day", "stuck-gpu-quota", "stuck-at-max-instances", "spot-no-capacity", "on-demand-no-capacity", "node-joining",
    "pinned-node-group", "gpu-fragmented", "device-plugin-missing", "crash-loop", "out-of-memory", "image-pull", "never-ready",
    "splitter-to-zero", "batch-waiting", "healthy", "group-suspended", "aws-denied", "aws-throttled", "operator-down",
    "credentials-expired", "taint-mismatch", "affinity-mismatch", "pod-limit", "pvc-zone", "image-secret", "config-missing",
    "probe-wrong-port", "node-pressure-eviction", "quota-denied", "webhook-denied", "hpa-at-max", "pdb-blocked-drain",
    "autoscaler-backoff", "autoscaler-down", "karpenter-no-capacity", "karpenter-quota", "spot-reclaimed", "xid-error",
    "rbac-minimal", "volume-mount-failed", "volume-multi-attach", "node-not-ready", "node-unreachable", "node-oom",
    "limit-range-denied", "clock-ahead", "clock-behind", "crash-missing-package", "cuda-out-of-memory", "model-not-found",
    "port-in-use", "import-error", "worker-timeout", "cortex-port-in-use", "cortex-worker-timeout",
    "cortex-image-secret", "cortex-config", "cortex-wrong-port",
    "modelarts-healthy", "modelarts-4503-reuse", "modelarts-4503-protocol", "modelarts-4503-over-40s", "modelarts-4503-restarts",
    "modelarts-deploy-late", "modelarts-deploy-timeout", "modelarts-rolled-back", "modelarts-sold-out",
    "azure-out-of-quota", "azure-image-build-failure", "azure-not-ready-traceback", "azure-internal-error",
    "azure-logs-withheld", "azure-requests-424", "azure-rolling-out", "azure-kubernetes-crash-loop", "azure-model-download", "azure-denied",
    "azure-no-traffic", "azure-traffic-to-failed",
    "gateway-exit-code", "gateway-fails-config", "gateway-fails-image", "gateway-fails-mismatch",
    "gateway-fails-rejected", "gateway-healthy", "gateway-login-expired", "gateway-pending-network",
    "gateway-pending-provider", "gateway-pending-resources", "gateway-pending-wallet", "gateway-provider-offline",
    "gateway-rate-limited",
    "ray-unschedulable", "ray-no-capacity", "ray-constructor-raises", "ray-unhealthy-after-update",
    "ray-head-disk-full", "ray-starting-too-long", "ray-terminating-stuck", "ray-user-error-failure", "ray-canary-healthy",
    "ray-replacements-fail",
);

const BASES: &[(&str, &str)] = embedded!("base/": "production", "staging", "serving");

/// The surroundings with this name.
///
/// # Errors
/// The names there are, when it is none of them.
pub fn base(name: &str) -> Result<Base, Box<Problem>> {
    let names: Vec<&str> = BASES.iter().map(|(name, _)| *name).collect();
    let Some((_, text)) = BASES.iter().find(|(known, _)| *known == name) else {
        let message = format!("no surroundings are named `{name}`");
        return Err(Box::new(Problem::of_file(Path::new("base"), message, crate::config::problem::suggestion(name, &names))));
    };
    read(Path::new(name), text)
}

/// A built-in scenario, for lists.
#[derive(Clone, Debug)]
pub struct ScenarioInfo {
    /// Its name.
    pub name: &'static str,
    /// The file.
    pub scenario: Scenario,
}

/// The built-in scenarios, the default first.
pub fn scenarios() -> &'static [ScenarioInfo] {
    static ALL: LazyLock<Vec<ScenarioInfo>> = LazyLock::new(|| {
        let parsed = FILES.iter().map(|(name, text)| (name, parse(Path::new(name), text)));
        parsed.filter_map(|(name, scenario)| Some(ScenarioInfo { name, scenario: scenario.ok()? })).collect()
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_good() {
        for (name, text) in FILES {
            let scenario = parse(Path::new(name), text).unwrap_or_else(|problem| panic!("{problem}"));
            assert!(!scenario.expect.is_empty(), "{name} says what to expect");
            for cluster in &scenario.cluster {
                if let Some(name) = &cluster.base {
                    base(name).unwrap_or_else(|problem| panic!("{problem}"));
                }
            }
        }
    }

    #[test]
    fn a_wrong_word_gets_its_line_and_the_near_name() {
        let text = "title = \"x\"\nelapsed = \"1m\"\n[[cluster]]\nname = \"prod\"\nverison = \"0.42.1\"\n";
        let problem = parse(Path::new("mine.toml"), text).unwrap_err();
        assert_eq!(problem.place.line, 5);
        assert_eq!(problem.hint.as_deref(), Some("did you mean `version`?"));
        let text = "title = \"x\"\nelapsed = \"soon\"\n";
        assert!(parse(Path::new("mine.toml"), text).unwrap_err().message.contains("such as `41m`"));
    }

    #[test]
    fn times() {
        assert_eq!(parse_span("1h30m"), Some(5_400));
        assert_eq!(parse_span("-10m"), Some(-600));
        assert_eq!(parse_span("41"), None);
        assert_eq!(parse_span(""), None);
    }
}
