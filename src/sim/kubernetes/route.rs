//! Paths of the API.

use super::kinds::{self, KINDS, ServedKind};

/// What a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `/healthz`, `/readyz`, `/livez`.
    Health,
    /// `/version`.
    Version,
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// `/apis/<group>`.
    Group(&'a str),
    /// `/api/v1`, `/apis/<group>/<version>`.
    Resources(&'a str, &'a str),
    /// Objects of a kind, in a namespace or everywhere.
    Collection(&'static ServedKind, Option<&'a str>),
    /// One object; the namespace is empty for what has none.
    Object(&'static ServedKind, &'a str, &'a str),
    /// A pod's log: namespace and pod.
    Log(&'a str, &'a str),
    /// Questions of a caller about itself, by plural.
    Review(&'a str),
    /// A path within a group that is served.
    Unknown,
    /// A path of no group.
    Nowhere,
}

impl<'a> Route<'a> {
    /// Reads a path.
    pub(super) fn read(path: &'a str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            ["healthz" | "readyz" | "livez", ..] => Self::Health,
            ["version"] => Self::Version,
            ["api"] => Self::Core,
            ["apis"] => Self::Groups,
            ["api", "v1", rest @ ..] => Self::within("", "v1", rest),
            ["apis", "authorization.k8s.io", "v1", plural] => Self::Review(plural),
            ["apis", group] if is_group(group) => Self::Group(group),
            ["apis", group, version, rest @ ..] if has_version(group, version) => Self::within(group, version, rest),
            _ => Self::Nowhere,
        }
    }

    fn within(group: &'a str, version: &'a str, rest: &[&'a str]) -> Self {
        let kind = |plural: &str, namespaced: bool| kinds::find(group, version, plural).filter(|kind| kind.namespaced == namespaced);
        let read = match *rest {
            [] => Some(Self::Resources(group, version)),
            ["namespaces", namespace, "pods", pod, "log"] if group.is_empty() => Some(Self::Log(namespace, pod)),
            ["namespaces", namespace, plural] => kind(plural, true).map(|kind| Self::Collection(kind, Some(namespace))),
            ["namespaces", namespace, plural, name] => kind(plural, true).map(|kind| Self::Object(kind, namespace, name)),
            [plural, name] => kind(plural, false).map(|kind| Self::Object(kind, "", name)),
            [plural] => kinds::find(group, version, plural).map(|kind| Self::Collection(kind, None)),
            _ => None,
        };
        read.unwrap_or(Self::Unknown)
    }
}

fn is_group(group: &str) -> bool {
    group == "authorization.k8s.io" || KINDS.iter().any(|kind| !kind.group.is_empty() && kind.group == group)
}

fn has_version(group: &str, version: &str) -> bool {
    (group == "authorization.k8s.io" && version == "v1") || KINDS.iter().any(|kind| kind.group == group && kind.version == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let pods = kinds::find("", "v1", "pods").unwrap();
        let nodes = kinds::find("", "v1", "nodes").unwrap();
        for (path, route) in [
            ("/api/v1/pods", Route::Collection(pods, None)),
            ("/api/v1/namespaces/default/pods", Route::Collection(pods, Some("default"))),
            ("/api/v1/namespaces/default/pods/a", Route::Object(pods, "default", "a")),
            ("/api/v1/namespaces/default/pods/a/log", Route::Log("default", "a")),
            ("/api/v1/nodes/n", Route::Object(nodes, "", "n")),
            ("/api/v1/namespaces/default/nodes", Route::Unknown),
            ("/api/v1/foos", Route::Unknown),
            ("/apis/apps/v1", Route::Resources("apps", "v1")),
            ("/apis/apps", Route::Group("apps")),
            ("/apis/foo/v1/bars", Route::Nowhere),
            ("/apis/apps/v2/deployments", Route::Nowhere),
            ("/readyz", Route::Health),
            ("/", Route::Nowhere),
        ] {
            assert_eq!(Route::read(path), route, "{path}");
        }
        let namespaces = kinds::find("", "v1", "namespaces").unwrap();
        assert_eq!(Route::read("/api/v1/namespaces/default"), Route::Object(namespaces, "", "default"));
    }
}
