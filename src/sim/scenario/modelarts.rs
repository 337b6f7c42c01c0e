//! `[[modelarts]]` of a scenario file: a project of `ModelArts` with its services. Data only; of
//! what is told with a time, only what has happened by then is served.

use serde::Deserialize;

use super::Span;

/// One project; its name is the context's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsFile {
    /// Its name.
    pub name: String,
    /// Its region.
    #[serde(default = "region")]
    pub region: String,
    /// Services.
    #[serde(default)]
    pub service: Vec<ModelArtsServiceFile>,
    /// How many services the project may have.
    #[serde(default = "twenty")]
    pub service_quota: i64,
    /// Flavors of which nothing is left.
    #[serde(default)]
    pub sold_out: Vec<String>,
    /// Actions the caller may not do, such as `getEvents`.
    #[serde(default)]
    pub denied: Vec<String>,
    /// The gateway takes only signatures with a scope.
    #[serde(default)]
    pub scoped_signatures: bool,
}

fn region() -> String {
    "eu-de".to_owned()
}

fn twenty() -> i64 {
    20
}

/// One real-time service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsServiceFile {
    /// Its name.
    pub name: String,
    /// Its state.
    #[serde(default = "running")]
    pub status: String,
    /// When it came into that state.
    #[serde(default)]
    pub at: Span,
    /// How far the deployment is, in percent.
    #[serde(default)]
    pub progress: Option<u32>,
    /// What the description says is wrong.
    #[serde(default)]
    pub error: Option<String>,
    /// Calls so far.
    #[serde(default)]
    pub calls: u64,
    /// Calls that failed so far.
    #[serde(default)]
    pub failed: u64,
    /// Model versions, each with its share.
    #[serde(default)]
    pub version: Vec<ModelArtsVersionFile>,
    /// What happened.
    #[serde(default)]
    pub event: Vec<ModelArtsEventFile>,
    /// Its updates.
    #[serde(default)]
    pub update: Vec<ModelArtsUpdateFile>,
    /// Lines of its log stream; it has none where there are none.
    #[serde(default)]
    pub log: Vec<ModelArtsLogFile>,
}

fn running() -> String {
    "running".to_owned()
}

/// One model version of a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsVersionFile {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Share of the traffic in percent.
    #[serde(default = "all")]
    pub weight: u32,
    /// Instances there should be.
    #[serde(default = "one")]
    pub instances: u32,
    /// Instances that run.
    #[serde(default)]
    pub running: u32,
    /// The machine.
    #[serde(default = "flavor")]
    pub flavor: String,
}

fn all() -> u32 {
    100
}

fn one() -> u32 {
    1
}

fn flavor() -> String {
    "modelarts.vm.gpu.pnt004".to_owned()
}

/// Something that happened to a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsEventFile {
    /// When.
    pub at: Span,
    /// The sentence.
    pub says: String,
    /// Whether it is filed as abnormal.
    #[serde(default)]
    pub abnormal: bool,
}

/// One entry of the update log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsUpdateFile {
    /// When it began.
    pub at: Span,
    /// `SUCCESS`, `FAIL` or `RUNNING`.
    pub result: String,
    /// The version it brought.
    pub version: String,
}

/// One line of a log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsLogFile {
    /// When it was written.
    pub at: Span,
    /// The line; `{time}` stands for the moment, as the web server writes it.
    pub line: String,
}
