//! `[[gateway]]` of a scenario file: a gateway to decentralised compute networks, with its
//! providers and jobs. Data only; it does not move except by jobs passing their moments.

use serde::Deserialize;

use super::Span;

/// One gateway; its name is the context's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayFile {
    /// Its name.
    pub name: String,
    /// How it wraps its answers.
    #[serde(default)]
    pub shape: GatewayShape,
    /// Calls that this build does not have, by how they begin below the prefix: `system`,
    /// `plugin-core/webhooks`.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Calls the key's role may not make, written the same way.
    #[serde(default)]
    pub denied: Vec<String>,
    /// Requests a minute.
    #[serde(default = "free_plan")]
    pub limit: u32,
    /// Everything is answered with 429.
    #[serde(default)]
    pub exhausted: bool,
    /// Networks it sends jobs to.
    #[serde(default)]
    pub provider: Vec<GatewayProviderFile>,
    /// Jobs.
    #[serde(default)]
    pub job: Vec<GatewayJobFile>,
    /// Errors in its own log.
    #[serde(default)]
    pub log: Vec<GatewayLogFile>,
}

fn free_plan() -> u32 {
    60
}

/// How answers are wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GatewayShape {
    /// `success`, `data` and `meta.pagination`, as the documents have it.
    #[default]
    Documented,
    /// Objects under their own name, as the project's dashboard expects them.
    Dashboard,
    /// `data` and `meta.totalPage`, as the framework beneath does it; names and figures of jobs
    /// lie inside `configuration`.
    Framework,
    /// Bare lists, errors as plain text.
    Bare,
}

/// A network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayProviderFile {
    /// Such as `provider_akash_main`.
    pub id: String,
    /// What jobs call it: `akash`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Such as `online`, `degraded`, `offline`.
    #[serde(default = "online")]
    pub status: String,
    /// What its status answer gives as error.
    #[serde(default)]
    pub error: Option<String>,
    /// Milliseconds now.
    #[serde(default = "fast")]
    pub latency: u32,
    /// Percent of the network's CPU and memory in use.
    #[serde(default = "half")]
    pub load: u32,
    /// When the gateway last looked; just now while it is not written.
    #[serde(default)]
    pub checked: Option<Span>,
    /// What the wallet holds, in millionths of the coin.
    #[serde(default = "rich")]
    pub wallet: String,
    /// The same in cents.
    #[serde(default = "rich_cents")]
    pub wallet_cents: u32,
    /// Free, in thousandths of a core.
    #[serde(default = "plenty")]
    pub cpu: u32,
    /// Free.
    #[serde(default = "roomy")]
    pub memory: String,
    /// Free GPUs.
    #[serde(default = "eight")]
    pub gpu: u32,
    /// The status call never answers.
    #[serde(default)]
    pub hangs: bool,
}

fn online() -> String {
    "online".to_owned()
}

fn fast() -> u32 {
    120
}

fn half() -> u32 {
    50
}

fn rich() -> String {
    "250000000".to_owned()
}

fn rich_cents() -> u32 {
    62_500
}

fn plenty() -> u32 {
    64_000
}

fn roomy() -> String {
    "256Gi".to_owned()
}

fn eight() -> u32 {
    8
}

/// A job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayJobFile {
    /// Such as `job_7f00aa11bb22`.
    pub id: String,
    /// The type of its provider.
    pub provider: String,
    /// The image.
    #[serde(default = "image")]
    pub image: String,
    /// Asked for, in thousandths of a core.
    #[serde(default = "one_core")]
    pub cpu: u32,
    /// Asked for.
    #[serde(default = "half_gib")]
    pub memory: String,
    /// Asked for.
    #[serde(default)]
    pub gpu: u32,
    /// What it will cost, in cents.
    #[serde(default = "ten")]
    pub cents: u32,
    /// When it was made.
    #[serde(default)]
    pub at: Span,
    /// When a provider took it.
    #[serde(default)]
    pub scheduled: Option<Span>,
    /// When its container started.
    #[serde(default)]
    pub started: Option<Span>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Span>,
    /// As what it ended.
    #[serde(default = "completed")]
    pub end: String,
    /// The error of the job.
    #[serde(default)]
    pub error: Option<String>,
    /// With what its program ended.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Events beside those of its life.
    #[serde(default)]
    pub event: Vec<GatewayEventFile>,
    /// Lines of its log.
    #[serde(default)]
    pub log: Vec<String>,
}

fn image() -> String {
    "nginx:alpine".to_owned()
}

fn one_core() -> u32 {
    1_000
}

fn half_gib() -> String {
    "512Mi".to_owned()
}

fn ten() -> u32 {
    10
}

fn completed() -> String {
    "completed".to_owned()
}

/// Something that happened to a job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayEventFile {
    /// When.
    pub at: Span,
    /// Such as `submitted`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sentence.
    #[serde(default)]
    pub message: Option<String>,
}

/// A line of the gateway's own log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayLogFile {
    /// When.
    pub at: Span,
    /// Such as `provider-auth`.
    pub service: String,
    /// The provider it is about.
    #[serde(default)]
    pub provider: Option<String>,
    /// The job it is about.
    #[serde(default)]
    pub job: Option<String>,
    /// The sentence.
    pub message: String,
    /// The error's code.
    #[serde(default)]
    pub code: Option<String>,
    /// The error's sentence.
    #[serde(default)]
    pub error: Option<String>,
    /// Whether the error is a time-out.
    #[serde(default)]
    pub timeout: bool,
}
