//! `[contexts.NAME.ray]`: a Ray cluster's dashboard, with or without Anyscale's service API above it.
//!
//! The service API is the context's own `endpoint`. No secret stands here: tokens come from the
//! environment or from the files it names.

use serde::{Deserialize, Serialize};

use super::context::is_this_machine;
use super::reader::Section;

/// The Ray side of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayConfig {
    /// Where the dashboard answers, such as `http://127.0.0.1:8265`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<String>,
    /// A file with the dashboard's token; `RAY_AUTH_TOKEN`, `RAY_AUTH_TOKEN_PATH` or
    /// `~/.ray/auth_token` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
    /// Only services of this project (`prj_…`); all the token sees otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only services of this cloud (`cld_…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    /// Use fixed, worthless tokens; accepted only with addresses on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated_credentials: bool,
}

/// Reads the section; `endpoint` is the context's own.
pub(super) fn read(mut section: Section<'_, '_>, endpoint: Option<&str>) -> RayConfig {
    let dashboard = section.string("dashboard");
    let simulated = section.flag("simulated_credentials").unwrap_or_default();
    let elsewhere = [endpoint, dashboard.as_deref()].into_iter().flatten().any(|address| !is_this_machine(address));
    if simulated && elsewhere {
        let hint = "remove it, or point endpoint and dashboard at 127.0.0.1 where a simulator listens";
        section.wrong(0..0, "simulated_credentials are only for addresses on this machine", hint);
    }
    let ray = RayConfig {
        dashboard,
        token_file: section.string("token_file"),
        project: section.string("project"),
        cloud: section.string("cloud"),
        simulated_credentials: simulated,
    };
    section.finish();
    ray
}
