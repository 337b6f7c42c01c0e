//! `[contexts.NAME.modelarts]`: one project of Huawei ModelArts, and who asks it.
//!
//! No secret stands here: keys and tokens come from the environment, from the machine's own
//! identity, or from the files that are named here.

use serde::{Deserialize, Serialize};

use super::context::is_this_machine;
use super::reader::Section;

/// The `ModelArts` side of a context. The context's `endpoint` is that of `ModelArts` itself;
/// without one it follows from the region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelArtsConfig {
    /// The region, such as `eu-de` or `cn-north-4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The project's id; asked of IAM by the region's name where nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only services of this workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Where IAM answers, where that does not follow from the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_endpoint: Option<String>,
    /// Where the Log Tank Service answers, where that does not follow from the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lts_endpoint: Option<String>,
    /// The log group of services whose description names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// The log stream of services whose description names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_stream: Option<String>,
    /// A file with a key pair: `{"access": …, "secret": …, "securitytoken": …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_file: Option<String>,
    /// A file with an IAM token; it is read anew for every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
    /// Which of the two headers a signature is sent in.
    #[serde(default)]
    pub sign_style: SignStyle,
    /// Use a fixed, worthless key pair; accepted only with an endpoint on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated_credentials: bool,
}

/// How the `Authorization` header of a signed request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignStyle {
    /// `Access=KEY`, signed with the secret itself.
    #[default]
    Access,
    /// `Credential=KEY/DATE/REGION/SERVICE/sdk_request`, signed with a key derived from the secret.
    Credential,
}

const STYLES: [(&str, SignStyle); 2] = [("access", SignStyle::Access), ("credential", SignStyle::Credential)];

/// Reads the section; `endpoint` is the context's own.
pub(super) fn read(mut section: Section<'_, '_>, endpoint: Option<&str>) -> ModelArtsConfig {
    let style = section.choice("sign_style", &STYLES.map(|(word, _)| word));
    let simulated = section.flag("simulated_credentials").unwrap_or_default();
    if simulated && !endpoint.is_some_and(is_this_machine) {
        let hint = "remove it, or point the context's endpoint at 127.0.0.1 where a simulator listens";
        section.wrong(0..0, "simulated_credentials are only for an endpoint on this machine", hint);
    }
    let modelarts = ModelArtsConfig {
        region: section.string("region"),
        project: section.string("project"),
        workspace: section.string("workspace"),
        iam_endpoint: section.string("iam_endpoint"),
        lts_endpoint: section.string("lts_endpoint"),
        log_group: section.string("log_group"),
        log_stream: section.string("log_stream"),
        keys_file: section.string("keys_file"),
        token_file: section.string("token_file"),
        sign_style: style.and_then(|index| STYLES.get(index)).map(|(_, style)| *style).unwrap_or_default(),
        simulated_credentials: simulated,
    };
    section.finish();
    modelarts
}
