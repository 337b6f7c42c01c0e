//! What the server has: groups and versions with one request, the kinds of a custom group with
//! one more each. Nothing that is not there is ever listed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::domain::source::Failure;
use crate::domain::text::Text;
use crate::source::kubernetes::object::Kind;
use crate::source::kubernetes::refusal::Asked;
use crate::source::kubernetes::server::Server;

/// Groups with their versions, and the kinds of those that were looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    groups: BTreeMap<String, Vec<String>>,
    kinds: BTreeSet<(String, String, String)>,
    known: bool,
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    name: String,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    name: String,
}

impl Served {
    /// Asks the server. What of `kinds` every server has is not looked into.
    ///
    /// # Errors
    /// Why the groups could not be read; a group that fails alone counts as absent.
    pub async fn read(server: &Server, kinds: &[Kind]) -> Result<Self, Failure> {
        let groups: GroupList = short(server, "/apis").await?;
        let mut served = Self { known: true, ..Self::default() };
        for group in groups.groups {
            served.groups.insert(group.name, group.versions.into_iter().map(|version| version.version).collect());
        }
        let wanted: BTreeSet<(&str, String)> =
            kinds.iter().filter(|kind| !kind.always).filter_map(|kind| Some((kind.group, served.group_version(kind)?))).collect();
        for (group, version) in wanted {
            match short::<ResourceList>(server, &format!("/apis/{group}/{version}")).await {
                Ok(list) => {
                    let kinds = list.resources.into_iter().map(|resource| (group.to_owned(), version.clone(), resource.name));
                    served.kinds.extend(kinds);
                }
                Err(failure) => tracing::info!(group, version, message = %failure.message, "a group could not be looked into"),
            }
        }
        Ok(served)
    }

    /// The version under which to list a kind; `None` when the server does not have it.
    pub fn version(&self, kind: &Kind) -> Option<String> {
        if !self.known || kind.group.is_empty() {
            return kind.always.then(|| kind.version.to_owned());
        }
        let version = self.group_version(kind)?;
        let is_there = kind.always || self.kinds.contains(&(kind.group.to_owned(), version.clone(), kind.plural.to_owned()));
        is_there.then_some(version)
    }

    /// The newest version of the kind's group that is understood.
    fn group_version(&self, kind: &Kind) -> Option<String> {
        let has = self.groups.get(kind.group)?;
        let understood = std::iter::once(&kind.version).chain(kind.older);
        understood.copied().find(|version| has.iter().any(|there| there == version)).map(str::to_owned)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionInfo {
    git_version: Text,
}

/// The server's version, such as `v1.29.4-eks-036c24b`.
///
/// # Errors
/// What the request met.
pub(super) async fn version_of(server: &Server) -> Result<Text, Failure> {
    short::<VersionInfo>(server, "/version").await.map(|info| info.git_version)
}

async fn short<T: for<'de> Deserialize<'de>>(server: &Server, path: &str) -> Result<T, Failure> {
    let asked = Asked { what: format!("get {path}"), namespace: None };
    let mut answer = server.get(path, &asked).await.map_err(|refused| refused.failure)?;
    let body = answer.whole().await?;
    serde_json::from_slice(&body).map_err(|_| {
        Failure::new(
            crate::domain::source::FailureKind::Garbage,
            format!("{} does not answer {path} as an API server does", answer.server()),
            "check that the address is an API server, and that no proxy or login page answers for it: kubectl version",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_both_know_is_taken() {
        let hpa = Kind::built_in("autoscaling", "v2", "horizontalpodautoscalers", "X").or_older(&["v2beta2"]);
        let pool = Kind::custom("karpenter.sh", "v1", "nodepools", "NodePool").of_cluster();
        let mut served = Served { known: true, ..Served::default() };
        served.groups.insert("autoscaling".into(), vec!["v1".into(), "v2beta2".into()]);
        served.groups.insert("karpenter.sh".into(), vec!["v1".into()]);
        assert_eq!(served.version(&hpa).as_deref(), Some("v2beta2"));
        assert_eq!(served.version(&pool), None, "the group is there, the kind is not");
        served.kinds.insert(("karpenter.sh".into(), "v1".into(), "nodepools".into()));
        assert_eq!(served.version(&pool).as_deref(), Some("v1"));
        assert_eq!(Served::default().version(&pool), None);
        assert_eq!(Served::default().version(&hpa).as_deref(), Some("v2"), "what nobody could ask is tried");
    }
}
