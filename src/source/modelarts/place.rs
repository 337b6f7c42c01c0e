//! Where a project of `ModelArts` answers, and its neighbours IAM and the log service. Addresses
//! only; nothing here asks anybody.

use reqwest::Url;

use super::environment::{PROJECT_VARIABLES, REGION_VARIABLES, Variables};
use crate::config::context::{is_this_machine, shown_address};
use crate::config::{ContextConfig, ModelArtsConfig};
use crate::domain::source::{Failure, FailureKind};

/// The domain of Open Telekom Cloud's services.
const OPEN_TELEKOM: &str = "otc.t-systems.com";
/// The domain of Huawei's own.
const HUAWEI: &str = "myhuaweicloud.com";
/// Regions of Open Telekom Cloud; all others are Huawei's.
const OPEN_TELEKOM_REGIONS: [&str; 3] = ["eu-de", "eu-nl", "eu-ch2"];

/// One service of the cloud, as far as requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `ModelArts` itself.
    ModelArts,
    /// Identities, projects, tokens.
    Iam,
    /// The log service.
    Lts,
}

impl Service {
    /// Its short name: the first label of its host, and a part of derived keys.
    pub fn label(self) -> &'static str {
        match self {
            Self::ModelArts => "modelarts",
            Self::Iam => "iam",
            Self::Lts => "lts",
        }
    }
}

/// The addresses of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The region; empty where nobody says it.
    pub region: String,
    /// The project's id, where somebody says it.
    pub project: Option<String>,
    modelarts: Url,
    iam: Url,
    lts: Url,
    /// Whether this is a server on this machine, so that proxies are not for it.
    pub on_this_machine: bool,
}

impl Place {
    /// The addresses of a context; `variables` complete what it does not say.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn of(context: &ContextConfig, variables: &Variables) -> Result<Self, Failure> {
        let settings = context.modelarts.clone().unwrap_or_default();
        let endpoint = context.endpoint.as_deref().map(|raw| address(context, "endpoint", raw)).transpose()?;
        let region = region(&settings, endpoint.as_ref(), variables);
        let modelarts = match (&endpoint, region.as_str()) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, "") => {
                return Err(Failure::new(
                    FailureKind::Misconfigured,
                    format!("context {} has neither an endpoint nor a region", context.name),
                    "set region = \"eu-de\" (or your own) in its [modelarts] section, or OS_REGION_NAME",
                ));
            }
            (None, region) => address(context, "region", &format!("https://modelarts.{region}.{}", domain(region)))?,
        };
        let neighbour = |given: &Option<String>, setting: &str, service: Service| match given {
            Some(raw) => address(context, setting, raw),
            None => Ok(beside(&modelarts, service)),
        };
        Ok(Self {
            iam: neighbour(
                &settings.iam_endpoint.clone().or_else(|| variables.get("HUAWEICLOUD_SDK_IAM_ENDPOINT")),
                "iam_endpoint",
                Service::Iam,
            )?,
            lts: neighbour(&settings.lts_endpoint, "lts_endpoint", Service::Lts)?,
            on_this_machine: is_this_machine(modelarts.as_str()),
            project: settings.project.or_else(|| variables.first(&PROJECT_VARIABLES)),
            region,
            modelarts,
        })
    }

    /// The address of a service.
    pub fn base(&self, service: Service) -> &Url {
        match service {
            Service::ModelArts => &self.modelarts,
            Service::Iam => &self.iam,
            Service::Lts => &self.lts,
        }
    }

    /// The host of a service as it is signed: with the port where that is unusual.
    pub fn host(&self, service: Service) -> String {
        let base = self.base(service);
        let host = base.host_str().unwrap_or_default();
        base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// `host:port` of `ModelArts`.
    pub fn host_port(&self) -> String {
        format!("{}:{}", self.modelarts.host_str().unwrap_or_default(), self.modelarts.port_or_known_default().unwrap_or(443))
    }
}

/// The domain of a region's services.
fn domain(region: &str) -> &'static str {
    if OPEN_TELEKOM_REGIONS.contains(&region) { OPEN_TELEKOM } else { HUAWEI }
}

fn region(settings: &ModelArtsConfig, endpoint: Option<&Url>, variables: &Variables) -> String {
    let told = settings.region.clone();
    let named = || endpoint.and_then(|url| url.host_str()?.strip_prefix("modelarts.")?.split('.').next().map(str::to_owned));
    told.or_else(named).or_else(|| variables.first(&REGION_VARIABLES)).unwrap_or_default()
}

/// A neighbour of `modelarts.REGION.DOMAIN`; a server of another name answers for all of them.
fn beside(modelarts: &Url, service: Service) -> Url {
    let mut url = modelarts.clone();
    let host = modelarts.host_str().and_then(|host| host.strip_prefix("modelarts.")).map(|rest| format!("{}.{rest}", service.label()));
    if let Some(host) = host {
        // A host made of two valid ones is valid.
        let _ok = url.set_host(Some(&host));
    }
    url
}

fn address(context: &ContextConfig, setting: &str, raw: &str) -> Result<Url, Failure> {
    let misconfigured = |message: String, hint: &str| Err(Failure::new(FailureKind::Misconfigured, message, hint));
    let raw = raw.trim();
    let spelled = if raw.contains("://") { raw.to_owned() } else { format!("https://{raw}") };
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none() && url.host_str().is_some()
    };
    let Some(mut url) = Url::parse(&spelled).ok().filter(plain) else {
        return misconfigured(
            format!("the {setting} of context {} is no address: {}", context.name, shown_address(raw)),
            "write it as https://HOST or https://HOST:PORT, without user name or password",
        );
    };
    if url.scheme() == "http" && !is_this_machine(url.as_str()) && !context.allow_plain_http {
        return misconfigured(
            format!("the {setting} of context {} is http://, which would show your token to the network", context.name),
            "use https://, or set allow_plain_http = true for this context",
        );
    }
    // The paths of the API are absolute: what a copied address has beyond the host is left out.
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}
