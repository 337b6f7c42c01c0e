//! Where an API answers: address rules, before anything is sent.

use reqwest::Url;

use crate::config::ContextConfig;
use crate::config::context::shown_address;
use crate::domain::source::{Failure, FailureKind};
use crate::source::aws::account::is_on_this_machine;

/// One API's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    base: Url,
    host_port: String,
    on_this_machine: bool,
}

impl Address {
    /// Reads an address of a context; `setting` names it. Without scheme, `https` is meant, or
    /// `http` for this machine.
    ///
    /// # Errors
    /// `Misconfigured` when it is no address, or is `http://` to another machine without permission.
    pub fn read(context: &ContextConfig, setting: &str, raw: &str) -> Result<Self, Failure> {
        let wrong = |message: String, hint: &str| Err(Failure::new(FailureKind::Misconfigured, message, hint));
        let raw = raw.trim();
        let scheme = if is_on_this_machine(&format!("http://{raw}")) { "http" } else { "https" };
        let spelled = if raw.contains("://") { raw.to_owned() } else { format!("{scheme}://{raw}") };
        let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let parsed = Url::parse(&spelled).ok().filter(usable);
        let Some((mut base, host)) = parsed.and_then(|url| url.host_str().map(str::to_owned).map(|host| (url, host))) else {
            return wrong(
                format!("{setting} of context {} is no HTTP address: {}", context.name, shown_address(raw)),
                "write it as http://HOST:8265 or https://HOST, without user name or password; ray:// and HOST:6379 are not the dashboard",
            );
        };
        base.set_query(None);
        base.set_fragment(None);
        let on_this_machine = is_on_this_machine(base.as_str());
        if base.scheme() == "http" && !on_this_machine && !context.allow_plain_http {
            return wrong(
                format!("{setting} of context {} is http:// to another machine, which would show your token to the network", context.name),
                "use https://, or a port-forward to this machine (kubectl port-forward, ssh -L), or set allow_plain_http = true for this context",
            );
        }
        let host_port = format!("{host}:{}", base.port_or_known_default().unwrap_or(443));
        Ok(Self { base, host_port, on_this_machine })
    }

    /// `host:port`.
    pub fn host_port(&self) -> &str {
        &self.host_port
    }

    /// Whether it is this machine, so that proxies are not for it.
    pub fn on_this_machine(&self) -> bool {
        self.on_this_machine
    }

    /// The address as a person types it.
    pub fn shown(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of a path below, with a query.
    pub fn at(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_and_ray_addresses_are_explained() {
        let context = ContextConfig { name: "lab".into(), ..ContextConfig::default() };
        let read = |raw: &str| Address::read(&context, "dashboard", raw);
        assert_eq!(read("127.0.0.1:8265").unwrap().shown(), "http://127.0.0.1:8265");
        assert_eq!(read("https://h/ray").unwrap().at("/api/version", &[("a", "b c")]).as_str(), "https://h/ray/api/version?a=b+c");
        assert!(read("http://10.0.0.1:8265").unwrap_err().hint.contains("port-forward"));
        assert!(read("ray://10.0.0.1:10001").unwrap_err().hint.contains("not the dashboard"));
        let secret = read("https://me:hunter2@host").unwrap_err();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
