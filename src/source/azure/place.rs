//! Which workspace in which Azure: addresses and paths, before anything is sent.

use reqwest::Url;

use crate::config::context::shown_address;
use crate::config::{AzureCloud, ContextConfig};
use crate::domain::source::{Failure, FailureKind};
use crate::source::aws::account::is_on_this_machine;

/// The newest stable management API that is spoken.
pub const API_VERSION: &str = "2025-12-01";
/// What is asked where that is not served yet.
pub const OLDER_API_VERSION: &str = "2024-10-01";

/// One Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The Resource Manager.
    pub management: &'static str,
    /// What a token must be for.
    pub scope: &'static str,
}

impl Cloud {
    /// The addresses of a cloud. Source: the tables of `azure-mgmt-core`.
    pub fn of(cloud: AzureCloud) -> Self {
        match cloud {
            AzureCloud::Public => Self { management: "https://management.azure.com", scope: "https://management.azure.com/.default" },
            AzureCloud::UsGovernment => {
                Self { management: "https://management.usgovcloudapi.net", scope: "https://management.core.usgovcloudapi.net/.default" }
            }
            AzureCloud::China => {
                Self { management: "https://management.chinacloudapi.cn", scope: "https://management.chinacloudapi.cn/.default" }
            }
        }
    }
}

/// One workspace and where it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    base: Url,
    /// The subscription's id.
    pub subscription: String,
    /// The resource group.
    pub resource_group: String,
    /// The workspace.
    pub workspace: String,
    /// Whether the server is on this machine.
    pub on_this_machine: bool,
}

impl Place {
    /// Reads a context.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn of(context: &ContextConfig) -> Result<Self, Failure> {
        let azure = context.azure.clone().unwrap_or_default();
        let name = &context.name;
        let base = base(context)?;
        let setting = |value: Option<String>, variable: &str, key: &str| {
            let value = value.or_else(|| std::env::var(variable).ok()).filter(|value| !value.trim().is_empty());
            let Some(value) = value else {
                return Err(Failure::new(
                    FailureKind::Misconfigured,
                    format!("context {name} does not say its {key}"),
                    format!("set {key} in [contexts.{name}.azure]; `az ml workspace list --output table` shows what there is"),
                ));
            };
            if is_plain(&value) {
                return Ok(value);
            }
            Err(Failure::new(
                FailureKind::Misconfigured,
                format!("the {key} of context {name} is no name: {value}"),
                format!("write it in [contexts.{name}.azure] as `az ml workspace show` prints it, without slashes"),
            ))
        };
        Ok(Self {
            on_this_machine: is_on_this_machine(base.as_str()),
            base,
            subscription: setting(azure.subscription, "AZURE_SUBSCRIPTION_ID", "subscription")?,
            resource_group: setting(azure.resource_group, "AZURE_RESOURCE_GROUP", "resource_group")?,
            workspace: setting(azure.workspace, "AZUREML_WORKSPACE_NAME", "workspace")?,
        })
    }

    /// `host:port` of the Resource Manager.
    pub fn host_port(&self) -> String {
        format!("{}:{}", self.base.host_str().unwrap_or_default(), self.base.port_or_known_default().unwrap_or(443))
    }

    /// The address of a path (`/subscriptions/…`) with its query, always on the own server:
    /// whoever wrote a link into an answer does not get the token.
    pub fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A link out of an answer, taken to the own server; `None` for what is no path of the
    /// Resource Manager.
    pub fn link(&self, link: &str) -> Option<Url> {
        let given = Url::parse(link).ok()?;
        let path = given.path();
        let own = path.strip_prefix(self.base.path().trim_end_matches('/')).unwrap_or(path);
        if !own.to_ascii_lowercase().starts_with("/subscriptions/") {
            return None;
        }
        let mut url = self.url(own, &[]);
        url.set_query(given.query());
        Some(url)
    }

    /// `/subscriptions/{id}`.
    pub fn subscription_path(&self) -> String {
        format!("/subscriptions/{}", self.subscription)
    }

    /// The resource group's path.
    pub fn group_path(&self) -> String {
        format!("{}/resourceGroups/{}", self.subscription_path(), self.resource_group)
    }

    /// The workspace's path.
    pub fn workspace_path(&self) -> String {
        format!("{}/providers/Microsoft.MachineLearningServices/workspaces/{}", self.group_path(), self.workspace)
    }

    /// The path of something that the service keeps by region.
    pub fn regional_path(&self, provider: &str, location: &str, what: &str) -> String {
        format!("{}/providers/{provider}/locations/{location}/{what}", self.subscription_path())
    }
}

/// Names that may stand in a path as they are.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 260
        && name != "."
        && name != ".."
        && !name.contains(|c: char| "/\\?#%\"'".contains(c) || c.is_control())
}

fn base(context: &ContextConfig) -> Result<Url, Failure> {
    let cloud = Cloud::of(context.azure.as_ref().map(|azure| azure.cloud).unwrap_or_default());
    let raw = context.endpoint.as_deref().map_or(cloud.management, str::trim);
    let spelled = if raw.contains("://") { raw.to_owned() } else { format!("https://{raw}") };
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    let Some(mut url) = Url::parse(&spelled).ok().filter(usable).filter(|url| url.host_str().is_some()) else {
        return Err(Failure::new(
            FailureKind::Misconfigured,
            format!("the endpoint of context {} is no address: {}", context.name, shown_address(raw)),
            "leave it out for Azure itself; cloud = \"us-government\" or \"china\" chooses another one",
        ));
    };
    if url.scheme() == "http" && !is_on_this_machine(url.as_str()) && !context.allow_plain_http {
        return Err(Failure::new(
            FailureKind::Misconfigured,
            format!("the endpoint of context {} is http://, which would show your token to the network", context.name),
            "use https://, or leave the endpoint out for Azure itself",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AzureConfig;

    fn context(endpoint: Option<&str>, workspace: &str) -> ContextConfig {
        ContextConfig {
            name: "x".into(),
            endpoint: endpoint.map(str::to_owned),
            azure: Some(AzureConfig {
                subscription: Some("s".into()),
                resource_group: Some("g".into()),
                workspace: Some(workspace.into()),
                ..AzureConfig::default()
            }),
            ..ContextConfig::default()
        }
    }

    #[test]
    fn links_never_lead_to_another_server() {
        let place = Place::of(&context(None, "w")).unwrap();
        let link = place.link("https://evil.example/subscriptions/s/providers/X?api-version=1&t=2").unwrap();
        assert_eq!(link.as_str(), "https://management.azure.com/subscriptions/s/providers/X?api-version=1&t=2");
        assert!(place.link("https://management.azure.com/other").is_none() && place.link("nonsense").is_none());
    }

    #[test]
    fn a_sovereign_cloud_has_its_own_server_and_its_own_audience() {
        for (cloud, server, audience) in [
            (AzureCloud::Public, "management.azure.com:443", "https://management.azure.com/"),
            (AzureCloud::UsGovernment, "management.usgovcloudapi.net:443", "https://management.core.usgovcloudapi.net/"),
            (AzureCloud::China, "management.chinacloudapi.cn:443", "https://management.chinacloudapi.cn/"),
        ] {
            let mut context = context(None, "w");
            context.azure.as_mut().unwrap().cloud = cloud;
            let place = Place::of(&context).unwrap();
            assert_eq!(place.host_port(), server);
            assert!(Cloud::of(cloud).scope.starts_with(audience) && !place.on_this_machine);
            let link = "https://management.azure.com/subscriptions/s/providers/X?api-version=1";
            assert!(place.link(link).unwrap().as_str().contains(place.base.host_str().unwrap()), "links stay in the own cloud");
        }
    }

    #[test]
    fn names_cannot_become_paths_and_plain_http_is_refused() {
        for workspace in ["../x", "a/b", "a?b", "a%2fb", ""] {
            assert_eq!(Place::of(&context(None, workspace)).unwrap_err().kind, FailureKind::Misconfigured, "{workspace}");
        }
        assert!(Place::of(&context(Some("http://10.0.0.1"), "w")).unwrap_err().message.contains("http://"));
        assert!(Place::of(&context(Some("http://127.0.0.1:1"), "w")).unwrap().on_this_machine);
    }
}
