//! `[contexts.NAME.gateway]`: a gateway to decentralised compute networks.
//!
//! Its address is the context's own `endpoint`. No secret stands here: the key comes from the
//! environment (`GATEWAY_KEY`) or from the file it names.

use serde::{Deserialize, Serialize};

use super::context::is_this_machine;
use super::reader::Section;

/// The gateway side of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// The path its calls begin with; `/api` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// A file with the API key; `GATEWAY_KEY` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// Use a fixed, worthless key; accepted only with an endpoint on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated_credentials: bool,
}

/// Reads the section; `endpoint` is the context's own.
pub(super) fn read(mut section: Section<'_, '_>, endpoint: Option<&str>) -> GatewayConfig {
    let simulated = section.flag("simulated_credentials").unwrap_or_default();
    if simulated && !endpoint.is_some_and(is_this_machine) {
        let hint = "remove it, or point the context's endpoint at 127.0.0.1 where a simulator listens";
        section.wrong(0..0, "simulated_credentials are only for an endpoint on this machine", hint);
    }
    let gateway =
        GatewayConfig { prefix: section.string("prefix"), key_file: section.string("key_file"), simulated_credentials: simulated };
    section.finish();
    gateway
}
