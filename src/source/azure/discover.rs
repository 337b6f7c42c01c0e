//! What Azure's own tools left on this machine: a login, defaults of `az configure`, and the
//! `config.json` of the Machine Learning SDK. Reads files and environment, asks no network.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::credential::has_cli_login;
use crate::config::{AzureConfig, ContextConfig};
use crate::source::Discovery;

/// The largest file that is read.
const LARGEST: u64 = 256 * 1024;

/// A workspace as the SDK writes it, in `config.json` or `.azureml/config.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SdkFile {
    subscription_id: Option<String>,
    resource_group: Option<String>,
    workspace_name: Option<String>,
}

/// The workspace that the tools would take, as a context.
pub(super) fn discover() -> Discovery {
    let mut found = Discovery::default();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut file = SdkFile::default();
    for path in ["config.json", ".azureml/config.json", "aml_config/config.json"] {
        if let Some(text) = read(Path::new(path)) {
            match serde_json::from_str::<SdkFile>(&text) {
                Ok(read) if read.workspace_name.is_some() => file = read,
                // Any project may have a config.json that is about something else.
                Ok(_) | Err(_) => {}
            }
        }
    }
    let defaults = folder().and_then(|folder| read(&folder.join("config"))).map(|text| defaults(&text)).unwrap_or_default();
    let subscription = variable("AZURE_SUBSCRIPTION_ID").or(file.subscription_id).or_else(chosen_subscription);
    let resource_group = variable("AZURE_RESOURCE_GROUP").or(file.resource_group).or(defaults.0);
    let workspace = variable("AZUREML_WORKSPACE_NAME").or(file.workspace_name).or(defaults.1);
    match (subscription, resource_group, workspace) {
        (Some(subscription), Some(resource_group), Some(workspace)) => found.contexts.push(context(subscription, resource_group, workspace)),
        (_, _, None) if !has_cli_login() => found.notes.push("Azure: no login; az login makes one".to_owned()),
        (_, _, None) => found.notes.push(
            "Azure: logged in, and no workspace is chosen; az configure --defaults workspace=NAME group=GROUP, or a context with platform = \"azure\""
                .to_owned(),
        ),
        (None, ..) => found.notes.push("Azure: a workspace and no subscription; az account set --subscription ID".to_owned()),
        (_, None, _) => found.notes.push("Azure: a workspace and no resource group; az configure --defaults group=GROUP".to_owned()),
    }
    found
}

fn context(subscription: String, resource_group: String, workspace: String) -> ContextConfig {
    ContextConfig {
        name: workspace.clone(),
        platform: super::PLATFORM.to_owned(),
        azure: Some(AzureConfig {
            subscription: Some(subscription),
            resource_group: Some(resource_group),
            workspace: Some(workspace),
            ..AzureConfig::default()
        }),
        ..ContextConfig::default()
    }
}

fn folder() -> Option<PathBuf> {
    let own = std::env::var_os("AZURE_CONFIG_DIR").map(PathBuf::from);
    own.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".azure")))
}

fn read(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    (size <= LARGEST).then(|| std::fs::read_to_string(path).ok()).flatten()
}

/// Group and workspace of the `[defaults]` of `~/.azure/config`.
fn defaults(text: &str) -> (Option<String>, Option<String>) {
    let mut inside = false;
    let (mut group, mut workspace) = (None, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[defaults]";
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match key.trim() {
                "group" => group = value,
                "workspace" => workspace = value,
                _ => {}
            }
        }
    }
    (group, workspace)
}

/// The subscription that `az account set` chose.
fn chosen_subscription() -> Option<String> {
    #[derive(Deserialize)]
    struct Profile {
        #[serde(default)]
        subscriptions: Vec<Subscription>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Subscription {
        id: String,
        #[serde(default)]
        is_default: bool,
    }
    // The file begins with a byte order mark.
    let text = read(&folder()?.join("azureProfile.json"))?;
    let profile: Profile = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    profile.subscriptions.into_iter().find(|subscription| subscription.is_default).map(|subscription| subscription.id)
}

#[cfg(test)]
mod tests {
    use super::defaults;

    #[test]
    fn only_the_defaults_of_the_tools_file_count() {
        let text =
            "[cloud]\nname = AzureCloud\ngroup = wrong\n[defaults]\ngroup = rg-serving\nworkspace = mlw-prod\n[other]\nworkspace = wrong\n";
        assert_eq!(defaults(text), (Some("rg-serving".to_owned()), Some("mlw-prod".to_owned())));
    }
}
