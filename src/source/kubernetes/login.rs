//! Credential plugins: the command that a kubeconfig names is run once a login, without the
//! terminal, and killed when it takes too long. What it says on its output stays a secret.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, ExecConfig};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::refusal;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// How long a plugin may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The variable through which a plugin learns what is asked of it.
const INFO: &str = "KUBERNETES_EXEC_INFO";

#[derive(Deserialize)]
struct Answer {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Puts what the user's plugin gives in the place of the plugin. Says until when it holds.
///
/// # Errors
/// Why there is no credential. Nothing that the plugin wrote on its output is in it.
pub(super) async fn log_in(auth: &mut AuthInfo) -> Result<Option<Timestamp>, Failure> {
    // A plugin that is not the user's first means is not asked, as kubectl has it.
    if auth.token.is_some() || auth.token_file.is_some() || auth.username.is_some() {
        return Ok(None);
    }
    let Some(exec) = auth.exec.take() else { return Ok(None) };
    let name = Text::clean_to(exec.command.as_deref().unwrap_or("a credential plugin"), 120);
    let status = answer_of(&exec, &name).await?;
    let expires = status.expiration_timestamp.as_deref().and_then(|text| text.parse().ok());
    auth.token = status.token.map(SecretString::from);
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
        auth.client_certificate_data = Some(STANDARD.encode(certificate));
        auth.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
    } else if auth.token.is_none() {
        return Err(refusal::plugin_unreadable(&name));
    }
    Ok(expires)
}

async fn answer_of(exec: &ExecConfig, name: &Text) -> Result<Status, Failure> {
    let output = match tokio::time::timeout(PATIENCE, command(exec).output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(why)) => return Err(refusal::plugin_missing(name, exec.install_hint.as_deref(), &why)),
        Err(_) => {
            let hint = "run kubectl version in a terminal: the command may wait for a browser or for input";
            let message = format!("{name} did not log in within {} s", PATIENCE.as_secs());
            return Err(Failure::new(FailureKind::NoCredentials, message, hint));
        }
    };
    if !output.status.success() {
        return Err(refusal::plugin_failed(name, &output.stderr));
    }
    // JSON, or YAML, of which JSON is a part.
    let answer = serde_saphyr::from_slice::<Answer>(&output.stdout).ok();
    answer.and_then(|answer| answer.status).ok_or_else(|| refusal::plugin_unreadable(name))
}

fn command(exec: &ExecConfig) -> Command {
    let mut command = Command::new(exec.command.as_deref().unwrap_or_default());
    command.args(exec.args.iter().flatten()).stdin(Stdio::null()).kill_on_drop(true);
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let mut spec = BTreeMap::from([("interactive", json!(false))]);
    if let (true, Ok(cluster)) = (exec.provide_cluster_info, serde_json::to_value(&exec.cluster)) {
        spec.insert("cluster", cluster);
    }
    let info = json!({ "kind": "ExecCredential", "apiVersion": exec.api_version, "spec": spec });
    command.env(INFO, info.to_string());
    command
}
