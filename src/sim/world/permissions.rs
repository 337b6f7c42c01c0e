//! What stands between clients and the Kubernetes API servers of the world, and who may read what
//! there. Values only: the server decides what they mean on the wire.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::time::Timestamp;

/// How the Kubernetes API servers misbehave, all of them alike.
///
/// The counts are how many answers are broken before the server recovers, so that a client that
/// tries again gets through; a large number is forever.
#[derive(Clone, Debug)]
pub struct KubernetesFaults {
    /// Nothing listens at the address.
    pub down: bool,
    /// Accepts and never answers.
    pub hang: bool,
    /// Whom the server takes the caller for, in its refusals.
    pub user: String,
    /// The bearer token it wants; `None` takes everybody.
    pub token: Option<String>,
    /// The caller's credentials have expired: everything is 401.
    pub expired: bool,
    /// What the caller may read, and nothing else; `None` for everything.
    pub allowed: Option<Vec<Permission>>,
    /// What the caller may not read, whatever is allowed.
    pub denied: Vec<Permission>,
    /// Requests answered with 429 and `Retry-After`.
    pub throttled_requests: u32,
    /// Lists that stop in the middle and never go on.
    pub stalled_lists: u32,
    /// Lists whose connection is cut in the middle.
    pub cut_lists: u32,
    /// Watches that send a line that is no JSON, then end.
    pub garbled_watches: u32,
    /// Watches whose connection is cut after the first change.
    pub cut_watches: u32,
    /// Watches that are told that their resource version is too old.
    pub outdated_watches: u32,
    /// Followed logs that are cut in the middle of a line.
    pub cut_logs: u32,
    /// Seconds that the cluster's clocks are ahead; behind is negative.
    pub clock: i64,
}

impl Default for KubernetesFaults {
    fn default() -> Self {
        Self {
            down: false,
            hang: false,
            user: "ml-oncall".to_owned(),
            token: None,
            expired: false,
            allowed: None,
            denied: Vec::new(),
            throttled_requests: 0,
            stalled_lists: 0,
            cut_lists: 0,
            garbled_watches: 0,
            cut_watches: 0,
            outdated_watches: 0,
            cut_logs: 0,
            clock: 0,
        }
    }
}

/// What a request would read.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// `get`, `list`, `watch`.
    pub verb: &'a str,
    /// Plural, with the subresource: `pods`, `pods/log`.
    pub resource: &'a str,
    /// API group, empty for the core.
    pub group: &'a str,
    /// The namespace, `None` at the cluster scope.
    pub namespace: Option<&'a str>,
}

impl KubernetesFaults {
    /// What the cluster's clocks show at a time.
    pub fn there(&self, at: Timestamp) -> Timestamp {
        at.saturating_add(jiff::SignedDuration::from_secs(self.clock)).unwrap_or(at)
    }

    /// Whether the caller may read this.
    pub fn permits(&self, access: &Access<'_>) -> bool {
        let allowed = self.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|permission| permission.covers(access)));
        allowed && !self.denied.iter().any(|permission| permission.covers(access))
    }
}

/// Where a permission holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every namespace and for what has none.
    Everywhere,
    /// Only for requests over all namespaces, and for what has none.
    Cluster,
    /// In one namespace.
    Namespace(String),
}

/// One rule: verbs on resources, somewhere. Written `list,watch pods,deployments in default`,
/// `get pods/log`, `list nodes`, `* secrets`, `list pods at cluster scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `*` for all.
    pub verbs: BTreeSet<String>,
    /// Plurals, `deployments.apps` for one of a group, `*` for all.
    pub resources: BTreeSet<String>,
    /// Where.
    pub scope: Scope,
}

impl Permission {
    /// Reads a rule; `None` if it has not this shape.
    pub fn read(text: &str) -> Option<Self> {
        let (rule, scope) = match (text.split_once(" in "), text.strip_suffix(" at cluster scope")) {
            (_, Some(rule)) => (rule, Scope::Cluster),
            (Some((rule, namespace)), None) if !namespace.trim().is_empty() && !namespace.trim().contains(' ') => {
                (rule, Scope::Namespace(namespace.trim().to_owned()))
            }
            (Some(_), None) => return None,
            (None, None) => (text, Scope::Everywhere),
        };
        let (verbs, resources) = rule.trim().split_once(' ')?;
        let words = |list: &str| list.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
        let read = Self { verbs: words(verbs), resources: words(resources), scope };
        let whole = !read.verbs.is_empty() && !read.resources.is_empty() && read.resources.iter().all(|word| !word.contains(' '));
        whole.then_some(read)
    }

    /// Whether a request is one of those the rule is about.
    pub fn covers(&self, access: &Access<'_>) -> bool {
        let qualified = format!("{}.{}", access.resource, access.group);
        let resource = ["*", access.resource, &qualified].iter().any(|name| self.resources.contains(*name));
        let verb = self.verbs.contains("*") || self.verbs.contains(access.verb);
        let place = match &self.scope {
            Scope::Everywhere => true,
            Scope::Cluster => access.namespace.is_none(),
            Scope::Namespace(name) => access.namespace == Some(name),
        };
        verb && resource && place
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |words: &BTreeSet<String>| words.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        write!(formatter, "{} {}", join(&self.verbs), join(&self.resources))?;
        match &self.scope {
            Scope::Everywhere => Ok(()),
            Scope::Cluster => formatter.write_str(" at cluster scope"),
            Scope::Namespace(name) => write!(formatter, " in {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access<'a>(verb: &'a str, resource: &'a str, namespace: Option<&'a str>) -> Access<'a> {
        Access { verb, resource, group: "apps", namespace }
    }

    #[test]
    fn rules_are_read_and_written_alike() {
        for text in ["list nodes", "get,list pods,pods/log in default", "* secrets", "list pods at cluster scope"] {
            assert_eq!(Permission::read(text).unwrap().to_string(), text);
        }
        for text in ["", "list", "list pods in", "list pods in a b", "list pods and nodes"] {
            assert_eq!(Permission::read(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_is_allowed_and_not_denied_may_be_read() {
        let rule = |text| Permission::read(text).unwrap();
        let mut faults = KubernetesFaults { denied: vec![rule("list nodes"), rule("list pods at cluster scope")], ..Default::default() };
        assert!(!faults.permits(&access("list", "nodes", None)));
        assert!(faults.permits(&access("get", "nodes", None)));
        assert!(!faults.permits(&access("list", "pods", None)));
        assert!(faults.permits(&access("list", "pods", Some("default"))));
        faults.allowed = Some(vec![rule("get,list,watch pods,deployments.apps in default")]);
        assert!(faults.permits(&access("watch", "deployments", Some("default"))));
        assert!(!faults.permits(&access("watch", "deployments", None)));
        assert!(!faults.permits(&access("get", "pods/log", Some("default"))));
    }
}
