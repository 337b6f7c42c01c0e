//! Which kubeconfig files there are, what they hold, and which of their contexts is meant.
//! Reads files and environment; opens no connection and runs no command.

use std::path::PathBuf;

use kube::config::{Kubeconfig, KubeconfigError};

use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

/// The variable that lists kubeconfig files.
pub const VARIABLE: &str = "KUBECONFIG";

/// How many names are told when one is not found.
const NAMES: usize = 8;

/// All kubeconfig files together.
#[derive(Clone)]
pub struct Merged {
    /// Their contents; the first file to name something wins.
    pub config: Kubeconfig,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// One context of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The name of its cluster.
    pub cluster: String,
    /// The namespace that it names.
    pub namespace: Option<String>,
}

/// What the name of an EKS cluster says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EksName {
    /// The cluster.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its account, where the name is an ARN.
    pub account: Option<String>,
}

/// The files that count: the named one, those of `KUBECONFIG`, or `~/.kube/config`.
pub fn files(named: Option<&str>) -> Vec<PathBuf> {
    let home = etcetera::home_dir().ok();
    if let Some(named) = named {
        return match (named.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => vec![home.join(rest)],
            _ => vec![PathBuf::from(named)],
        };
    }
    let listed = std::env::var_os(VARIABLE).unwrap_or_default();
    let listed: Vec<PathBuf> = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    if listed.is_empty() { home.map(|home| home.join(".kube/config")).into_iter().collect() } else { listed }
}

/// Reads the files; those of `KUBECONFIG` that are absent are passed over, as kubectl does.
/// `None` when there is none at all.
///
/// # Errors
/// `Misconfigured`, naming the file: it cannot be read, is no kubeconfig, or was named and is
/// absent. Never repeats what the file says: there are secrets in it.
pub fn read(named: Option<&str>) -> Result<Option<Merged>, Failure> {
    let mut merged = Merged { config: Kubeconfig::default(), files: Vec::new() };
    for file in files(named) {
        if !file.exists() {
            if named.is_some() {
                let hint = "correct kubernetes.kubeconfig of this context, or leave it out to use KUBECONFIG or ~/.kube/config";
                return Err(Failure::new(FailureKind::Misconfigured, format!("the kubeconfig {} is absent", file.display()), hint));
            }
            continue;
        }
        let wrong = |error: &KubeconfigError| {
            let hint = "check it with: kubectl config view";
            Failure::new(FailureKind::Misconfigured, format!("the kubeconfig {} {}", file.display(), what_is_wrong(error)), hint)
        };
        let one = Kubeconfig::read_from(&file).map_err(|error| wrong(&error))?;
        merged.config = merged.config.merge(one).map_err(|error| wrong(&error))?;
        merged.files.push(file);
    }
    Ok((!merged.files.is_empty()).then_some(merged))
}

/// What is wrong, without any of the file's own words.
fn what_is_wrong(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(why, _) => format!("cannot be read: {why}"),
        KubeconfigError::Parse(why) => match why.location() {
            Some(place) => format!("is not YAML as kubectl writes it, at line {}", place.line()),
            None => "is not YAML as kubectl writes it".to_owned(),
        },
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => {
            "is of another kind or version than the other files of KUBECONFIG".to_owned()
        }
        _ => "cannot be used".to_owned(),
    }
}

impl Merged {
    /// Its contexts, in order.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |named: &kube::config::NamedContext| {
            let context = named.context.clone().unwrap_or_default();
            Entry { name: named.name.clone(), cluster: context.cluster, namespace: context.namespace }
        };
        self.config.contexts.iter().map(entry).collect()
    }

    /// The context that is meant: the named one, else the current one.
    ///
    /// # Errors
    /// `Misconfigured`, with names near the one that is not there.
    pub fn choose(&self, wanted: Option<&str>) -> Result<Entry, Failure> {
        let entries = self.entries();
        let only = if let [only] = entries.as_slice() { Some(only.name.as_str()) } else { None };
        let Some(name) = wanted.or(self.config.current_context.as_deref()).filter(|name| !name.is_empty()).or(only) else {
            let hint = format!("kubectl config use-context NAME, or kubernetes.context = \"NAME\"; {}", names(&entries, None));
            return Err(Failure::new(FailureKind::Misconfigured, "the kubeconfig has no current context", hint));
        };
        entries.iter().find(|entry| entry.name == name).cloned().ok_or_else(|| {
            let message = format!("the kubeconfig has no context called {}", Text::clean_to(name, 120));
            Failure::new(FailureKind::Misconfigured, message, names(&entries, Some(name)))
        })
    }

    /// The context that reaches a cluster known by name, and by region where that is known. The
    /// current one wins among several.
    pub fn of_cluster(&self, name: &str, region: Option<&str>) -> Option<Entry> {
        let mut fitting: Vec<Entry> = self.entries().into_iter().filter(|entry| entry.reaches(name, region)).collect();
        let current = fitting.iter().position(|entry| self.config.current_context.as_ref() == Some(&entry.name));
        (!fitting.is_empty()).then(|| fitting.swap_remove(current.unwrap_or(0)))
    }
}

impl Entry {
    fn reaches(&self, name: &str, region: Option<&str>) -> bool {
        match self.eks() {
            Some(eks) => eks.name == name && region.is_none_or(|region| eks.region == region),
            None => self.cluster == name || self.name == name,
        }
    }

    /// What its names say of an EKS cluster, if it is one.
    pub fn eks(&self) -> Option<EksName> {
        eks_name(&self.cluster).or_else(|| eks_name(&self.name))
    }
}

/// Reads `arn:aws:eks:REGION:ACCOUNT:cluster/NAME` (what `aws eks update-kubeconfig` writes) and
/// `USER@NAME.REGION.eksctl.io` (what eksctl writes).
pub fn eks_name(name: &str) -> Option<EksName> {
    if let Some(rest) = name.strip_prefix("arn:") {
        let mut parts = rest.splitn(5, ':').skip(1);
        let (Some("eks"), Some(region), Some(account), Some(resource)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        let name = resource.strip_prefix("cluster/")?;
        return Some(EksName { name: name.to_owned(), region: region.to_owned(), account: Some(account.to_owned()) });
    }
    let plain = name.rsplit_once('@').map_or(name, |(_, cluster)| cluster);
    let (name, region) = plain.strip_suffix(".eksctl.io")?.rsplit_once('.')?;
    Some(EksName { name: name.to_owned(), region: region.to_owned(), account: None })
}

/// The names there are, the nearest first.
fn names(entries: &[Entry], wanted: Option<&str>) -> String {
    if entries.is_empty() {
        return "the kubeconfig has no contexts: aws eks update-kubeconfig, or your platform's login command, adds one".to_owned();
    }
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(wanted) = wanted {
        names.sort_by(|a, b| strsim::jaro_winkler(wanted, b).total_cmp(&strsim::jaro_winkler(wanted, a)));
    }
    let more = if names.len() > NAMES { ", …" } else { "" };
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| Text::clean_to(name, 120).to_string()).collect();
    format!("there are: {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
current-context: minikube
clusters: [{name: minikube, cluster: {server: 'https://127.0.0.1:8443'}}]
contexts:
  - {name: minikube, context: {cluster: minikube, user: u}}
  - {name: me@prod.us-west-2.eksctl.io, context: {cluster: prod.us-west-2.eksctl.io, user: u}}
  - {name: live, context: {cluster: 'arn:aws:eks:us-east-1:123456789012:cluster/prod', user: u}}
";

    fn merged(text: &str) -> Merged {
        Merged { config: Kubeconfig::from_yaml(text).unwrap(), files: Vec::new() }
    }

    #[test]
    fn a_cluster_is_found_by_the_names_that_its_tools_write() {
        let all = merged(FILE);
        let found = |name, region| all.of_cluster(name, region).map(|entry| entry.name);
        assert_eq!(found("prod", Some("us-east-1")).as_deref(), Some("live"));
        assert_eq!(found("prod", Some("us-west-2")).as_deref(), Some("me@prod.us-west-2.eksctl.io"));
        assert_eq!(found("prod", Some("eu-west-1")), None, "another cluster of the same name is not taken");
        assert_eq!(found("minikube", Some("us-east-1")).as_deref(), Some("minikube"));
        assert_eq!(found("pro", None), None);
    }

    #[test]
    fn a_wrong_name_gets_the_near_ones() {
        let wrong = merged(FILE).choose(Some("minikub")).unwrap_err();
        assert!(wrong.message.contains("minikub") && wrong.hint.starts_with("there are: minikube, "), "{wrong:?}");
        assert_eq!(merged(FILE).choose(None).unwrap().name, "minikube");
        let none = merged("contexts: []").choose(None).unwrap_err();
        assert!(none.hint.contains("update-kubeconfig"), "{none:?}");
    }

    #[test]
    fn names_that_only_look_like_clusters_are_not_read() {
        for name in ["arn:aws:iam::1:role/x", "arn:aws:eks:r:1:nodegroup/x", "eksctl.io", "prod", ""] {
            assert_eq!(eks_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_broken_file_is_named_and_its_secrets_are_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, "users:\n  - name: x\n    user: {token: hunter2\n  - [").unwrap();
        let Err(failure) = read(file.to_str()) else { panic!("it is broken") };
        assert!(failure.message.contains("config") && !format!("{failure:?}").contains("hunter2"), "{failure:?}");
        let Err(absent) = read(Some("/nowhere/at/all")) else { panic!("it is absent") };
        assert!(absent.message.contains("absent"));
    }
}
