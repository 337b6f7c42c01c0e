//! The path of a request: which kind, of which namespace, with which options.

use crate::source::kubernetes::object::Kind;
use crate::source::kubernetes::refusal::Asked;

/// Which objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All there are.
    All,
    /// Those of one namespace.
    Namespace(String),
    /// One object of a namespace.
    One {
        /// The namespace.
        namespace: &'static str,
        /// The name.
        name: &'static str,
    },
}

impl Scope {
    /// The namespace, if only one is asked.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Namespace(namespace) => Some(namespace),
            Self::One { namespace, .. } => Some(namespace),
        }
    }

    /// Whether an object of this place is in it.
    pub fn holds(&self, namespace: &str, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespace(own) => own == namespace,
            Self::One { namespace: own, name: only } => *own == namespace && *only == name,
        }
    }

    /// What is asked, for people and for a refusal.
    pub fn asked(&self, verb: &str, plural: &str) -> Asked {
        Asked { what: format!("{verb} {plural}"), namespace: self.namespace().map(str::to_owned) }
    }
}

/// The path with its query. `version` is the one that the server has.
pub fn request_path(kind: &Kind, version: &str, scope: &Scope, query: &[(&str, &str)]) -> String {
    let mut path = if kind.group.is_empty() { format!("/api/{version}") } else { format!("/apis/{}/{version}", kind.group) };
    if let Some(namespace) = scope.namespace() {
        path = format!("{path}/namespaces/{}", escaped(namespace));
    }
    let mut options = form_urlencoded::Serializer::new(String::new());
    if let Scope::One { name, .. } = scope {
        options.append_pair("fieldSelector", &format!("metadata.name={name}"));
    }
    options.extend_pairs(query);
    format!("{path}/{}?{}", kind.plural, options.finish())
}

/// A name as one segment of a path.
pub fn escaped(segment: &str) -> String {
    form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: Kind = Kind::built_in("", "v1", "pods", "Pod");

    #[test]
    fn paths_are_those_of_the_api() {
        assert_eq!(request_path(&PODS, "v1", &Scope::All, &[("limit", "500")]), "/api/v1/pods?limit=500");
        let apps = Kind::built_in("apps", "v1", "deployments", "Deployment");
        let path = request_path(&apps, "v1", &Scope::Namespace("a/b".into()), &[("continue", "x=&y")]);
        assert_eq!(path, "/apis/apps/v1/namespaces/a%2Fb/deployments?continue=x%3D%26y");
        let one = Scope::One { namespace: "kube-system", name: "status" };
        assert_eq!(request_path(&PODS, "v1", &one, &[]), "/api/v1/namespaces/kube-system/pods?fieldSelector=metadata.name%3Dstatus");
    }
}
