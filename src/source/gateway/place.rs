//! Where a gateway answers and with which key it is asked. Reads settings, files and environment;
//! sends nothing.

use reqwest::Url;
use secrecy::SecretString;

use crate::config::ContextConfig;
use crate::config::context::{is_this_machine, shown_address};
use crate::domain::source::{Failure, FailureKind};

/// The environment variable with the API key.
pub const KEY_VARIABLE: &str = "GATEWAY_KEY";

/// What the simulator accepts.
const SIMULATED_KEY: &str = "simulated-key";

/// The most bytes of a key.
const LONGEST_KEY: usize = 4096;

/// A gateway's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    base: Url,
    host_port: String,
    on_this_machine: bool,
}

impl Place {
    /// Reads the context's endpoint and prefix; without scheme `https` is meant.
    ///
    /// # Errors
    /// `Misconfigured` when the endpoint is missing, is no address, or is `http://` to another
    /// machine without permission.
    pub fn of(context: &ContextConfig) -> Result<Self, Failure> {
        let name = &context.name;
        let wrong = |message: String, hint: &str| Err(Failure::new(FailureKind::Misconfigured, message, hint));
        let Some(raw) = context.endpoint.as_deref().map(str::trim).filter(|raw| !raw.is_empty()) else {
            return wrong(format!("context {name} has no endpoint"), "set endpoint = \"https://HOST\" for it, without /api");
        };
        let spelled = if raw.contains("://") { raw.to_owned() } else { format!("https://{raw}") };
        let plain = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let usable = Url::parse(&spelled).ok().filter(plain);
        let Some((mut base, host)) = usable.and_then(|url| url.host_str().map(str::to_owned).map(|host| (url, host))) else {
            return wrong(
                format!("the endpoint of context {name} is no address: {}", shown_address(raw)),
                "write it as https://HOST or https://HOST:PORT, without user name or password",
            );
        };
        base.set_query(None);
        base.set_fragment(None);
        let on_this_machine = is_this_machine(base.as_str());
        if base.scheme() == "http" && !on_this_machine && !context.allow_plain_http {
            return wrong(
                format!("the endpoint of context {name} is http://, which would show your key to the network"),
                "use https://, or a port-forward to this machine, or set allow_plain_http = true for this context",
            );
        }
        let host_port = format!("{host}:{}", base.port_or_known_default().unwrap_or(443));
        let prefix = context.gateway.as_ref().and_then(|gateway| gateway.prefix.clone()).unwrap_or_else(|| "/api".to_owned());
        // People write the address with the prefix as well as without.
        let written = base.path().trim_end_matches('/').to_owned();
        let path =
            if written.ends_with(prefix.trim_end_matches('/')) { written } else { format!("{written}/{}", prefix.trim_matches('/')) };
        base.set_path(&path);
        Ok(Self { base, host_port, on_this_machine })
    }

    /// `host:port`, the name of a remembered certificate.
    pub fn host_port(&self) -> &str {
        &self.host_port
    }

    /// Whether it is this machine, so that proxies are not for it.
    pub fn on_this_machine(&self) -> bool {
        self.on_this_machine
    }

    /// The address of a call below the prefix, such as `plugin-core/jobs/job_1`; parts are escaped.
    pub fn call(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// The key of a context. `None` where nobody wrote one: some instances want none.
///
/// # Errors
/// `Misconfigured` when the file that should hold it cannot be read.
pub fn key(context: &ContextConfig) -> Result<Option<SecretString>, Failure> {
    let settings = context.gateway.clone().unwrap_or_default();
    if settings.simulated_credentials {
        return Ok(Some(SIMULATED_KEY.into()));
    }
    let Some(file) = settings.key_file else {
        let told = std::env::var(KEY_VARIABLE).ok().map(|key| key.trim().to_owned());
        return Ok(told.filter(|key| !key.is_empty()).map(SecretString::from));
    };
    let path = match (file.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => std::path::PathBuf::from(home).join(rest),
        _ => std::path::PathBuf::from(&file),
    };
    let unusable = |why: String| {
        Failure::new(
            FailureKind::Misconfigured,
            format!("cannot read the API key from {file}: {why}"),
            "correct gateway.key_file of this context, or remove it and set GATEWAY_KEY",
        )
    };
    let text = std::fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
    let key = text.trim();
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(unusable("it holds no key".to_owned()));
    }
    Ok(Some(key.to_owned().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(endpoint: &str) -> Result<Place, Failure> {
        Place::of(&ContextConfig { name: "gw".into(), endpoint: Some(endpoint.into()), ..ContextConfig::default() })
    }

    #[test]
    fn addresses_with_and_without_the_prefix_are_one() {
        for written in ["gw.example", "https://gw.example/", "https://gw.example/api", "https://gw.example/api/"] {
            let place = place(written).unwrap();
            assert_eq!(place.call("plugin-core/jobs", &[("page", "1")]).as_str(), "https://gw.example/api/plugin-core/jobs?page=1");
        }
        let escaped = place("https://gw.example").unwrap().call(&format!("jobs/{}", "..%2f"), &[]);
        assert!(!escaped.path().contains("../"), "{escaped}");
    }

    #[test]
    fn keys_do_not_travel_in_the_open() {
        assert!(place("http://127.0.0.1:1").is_ok());
        for refused in ["http://gw.example", "https://me:pw@gw.example", "", "ftp://x"] {
            let failure = place(refused).unwrap_err();
            assert!(failure.kind == FailureKind::Misconfigured && !failure.message.contains("pw"), "{failure:?}");
        }
    }
}
