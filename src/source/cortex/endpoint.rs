//! Where an operator answers: address rules, before anything is sent.

use reqwest::Url;

use crate::config::ContextConfig;
use crate::config::context::shown_address;
use crate::domain::source::{Failure, FailureKind};

/// An operator's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: Url,
    host_port: String,
    on_this_machine: bool,
}

impl Endpoint {
    /// Reads the context's endpoint; without scheme `https` is meant.
    ///
    /// # Errors
    /// `Misconfigured` when it is missing, is no address, or is `http://` to another machine
    /// without permission.
    pub fn of(context: &ContextConfig) -> Result<Self, Failure> {
        let name = &context.name;
        let misconfigured = |message: String, hint: String| Err(Failure::new(FailureKind::Misconfigured, message, hint));
        let Some(raw) = context.endpoint.as_deref().map(str::trim).filter(|raw| !raw.is_empty()) else {
            return misconfigured(
                format!("context {name} has no endpoint"),
                "set endpoint = \"https://…\" for it; `cortex env list` shows the operator's address".to_owned(),
            );
        };
        let spelled = if raw.contains("://") { raw.to_owned() } else { format!("https://{raw}") };
        let plain = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let usable = Url::parse(&spelled).ok().filter(plain);
        let Some((mut base, host)) = usable.and_then(|url| url.host_str().map(str::to_owned).map(|host| (url, host))) else {
            return misconfigured(
                format!("the endpoint of context {name} is no address: {}", shown_address(raw)),
                "write it as https://HOST or https://HOST:PORT, without user name or password".to_owned(),
            );
        };
        base.set_query(None);
        base.set_fragment(None);
        let on_this_machine = crate::source::aws::account::is_on_this_machine(base.as_str());
        if base.scheme() == "http" && !on_this_machine && !context.allow_plain_http {
            return misconfigured(
                format!("the endpoint of context {name} is http://, which would show your identity to the network"),
                "use https://, or a port-forward to this machine, or set allow_plain_http = true for this context".to_owned(),
            );
        }
        let host_port = format!("{host}:{}", base.port_or_known_default().unwrap_or(443));
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

    /// The region in the name of an AWS load balancer, if that is what the host is.
    pub fn region(&self) -> Option<&str> {
        let host = self.base.host_str()?;
        let inside = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com")?;
        let labels: Vec<&str> = inside.split('.').collect();
        let elb = labels.iter().position(|label| *label == "elb")?;
        // Network and classic load balancers write `elb.REGION`, application ones `REGION.elb`.
        labels.get(elb + 1).or_else(|| elb.checked_sub(1).and_then(|before| labels.get(before))).copied()
    }

    /// The address of a path below the endpoint; segments are escaped.
    pub fn http(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// As [`Endpoint::http`], for a WebSocket.
    pub fn web_socket(&self, segments: &[&str], query: &[(&str, &str)]) -> String {
        let url = self.http(segments, query);
        let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        format!("{scheme}://{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(raw: &str, allow_plain_http: bool) -> Result<Endpoint, Failure> {
        Endpoint::of(&ContextConfig { name: "prod".into(), endpoint: Some(raw.into()), allow_plain_http, ..ContextConfig::default() })
    }

    #[test]
    fn plain_http_is_for_this_machine_or_the_brave() {
        assert!(endpoint("http://127.0.0.1:8080", false).unwrap().on_this_machine());
        assert!(endpoint("http://[::1]:8080", false).is_ok());
        assert!(endpoint("http://localhost", false).is_ok());
        for remote in ["http://operator.example", "http://127.0.0.1.example", "http://10.0.0.1"] {
            let refused = endpoint(remote, false).unwrap_err();
            assert_eq!(refused.kind, FailureKind::Misconfigured, "{remote}");
            assert!(refused.hint.contains("allow_plain_http"));
            assert!(endpoint(remote, true).is_ok());
        }
    }

    #[test]
    fn addresses_without_scheme_are_https_and_nonsense_is_refused() {
        let bare = endpoint("a-b.elb.us-west-2.amazonaws.com", false).unwrap();
        assert_eq!(bare.host_port(), "a-b.elb.us-west-2.amazonaws.com:443");
        assert_eq!(bare.region(), Some("us-west-2"));
        assert_eq!(endpoint("x.eu-west-1.elb.amazonaws.com", false).unwrap().region(), Some("eu-west-1"));
        assert_eq!(endpoint("operator.example", false).unwrap().region(), None);
        assert_eq!(
            bare.web_socket(&["streamlogs", "a/b"], &[("jobID", "1")]),
            "wss://a-b.elb.us-west-2.amazonaws.com/streamlogs/a%2Fb?jobID=1"
        );
        for nonsense in ["", "ftp://x", "https://", "https://user:pw@host", "https://:pw@host", "::"] {
            let refused = endpoint(nonsense, true).unwrap_err();
            assert!(!refused.message.contains("pw"), "{nonsense}: {refused:?}");
        }
    }
}
