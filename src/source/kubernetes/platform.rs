//! Kubernetes as a platform of its own, and the same beneath another one.

use std::sync::Arc;

use super::adoption::Adoption;
use super::connect::{Target, in_cluster};
use super::feed::ClusterSource;
use super::informer::Feed;
use super::kubeconfig;
use super::link::Link;
use super::logs::ClusterLogs;
use super::server::Traffic;
use super::{PLATFORM, connect};
use crate::config::context::shown_address;
use crate::config::{AwsConfig, ContextConfig, KubernetesConfig};
use crate::domain::source::{Failure, FailureKind};
use crate::source::aws::{self, GroupSelector, WorkerPrefix};
use crate::source::{Connected, Discovery, Platform, Source};

/// How the groups of an EKS cluster look to AWS: managed groups carry the service's own tags,
/// eksctl's their own.
const EKS_GROUPS: GroupSelector = GroupSelector {
    cluster_tags: &["eks:cluster-name", "alpha.eksctl.io/cluster-name"],
    node_group_tags: &["eks:nodegroup-name", "alpha.eksctl.io/nodegroup-name", "eksctl.io/v1alpha2/nodegroup-name"],
    worker_prefixes: &[WorkerPrefix { prefix: "", spot: false }],
    normal_suspensions: &[],
};

/// How many contexts of a kubeconfig can be named.
const MOST: usize = 300;

/// The platform.
pub struct Kubernetes;

impl Platform for Kubernetes {
    fn id(&self) -> &'static str {
        PLATFORM
    }

    fn title(&self) -> &'static str {
        "Kubernetes"
    }

    fn discover(&self) -> Discovery {
        discover()
    }

    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure> {
        let (mut connected, _) = connect_with(context)?;
        connected.sources.extend(cloud(context));
        Ok(connected)
    }
}

/// The sources of a context whose platform is Kubernetes, without the cloud beneath, and what
/// they will have cost.
///
/// # Errors
/// `Misconfigured`, naming the setting.
pub fn connect_with(context: &ContextConfig) -> Result<(Connected, Arc<Traffic>), Failure> {
    let Some(config) = &context.kubernetes else {
        let message = format!("context {} is of platform kubernetes and has kubernetes = false", context.name);
        return Err(Failure::new(FailureKind::Misconfigured, message, "remove kubernetes = false, or the context"));
    };
    let config = KubernetesConfig { endpoint_url: config.endpoint_url.clone().or_else(|| context.endpoint.clone()), ..config.clone() };
    let link = Link::new(&context.name, config, None)?;
    let traffic = link.traffic();
    let logs = Arc::new(ClusterLogs::new(Arc::clone(&link), None));
    Ok((Connected { sources: sources(&link), logs: Some(logs) }, traffic))
}

/// Adds the cluster to what a platform on it connected, unless the context asks no cluster.
///
/// # Errors
/// `Misconfigured`, naming the setting.
pub fn beneath(context: &ContextConfig, adoption: Adoption, mut platform: Connected) -> Result<Connected, Failure> {
    let Some(config) = &context.kubernetes else { return Ok(platform) };
    let link = Link::new(&context.name, config.clone(), Some(adoption))?;
    platform.sources.extend(sources(&link));
    platform.logs = Some(Arc::new(ClusterLogs::new(link, platform.logs)));
    Ok(platform)
}

fn sources(link: &Arc<Link>) -> Vec<Box<dyn Source>> {
    [Feed::Workloads, Feed::Nodes, Feed::Events].map(|feed| Box::new(ClusterSource::new(link, feed)) as Box<dyn Source>).into()
}

/// AWS beneath, where the kubeconfig context names an EKS cluster or the settings name an account.
fn cloud(context: &ContextConfig) -> Vec<Box<dyn Source>> {
    let (Some(config), Some(aws)) = (&context.kubernetes, &context.aws) else { return Vec::new() };
    let eks = Target::of(config, None).ok().flatten().and_then(|target| target.eks());
    if eks.is_none() && *aws == AwsConfig::default() {
        return Vec::new();
    }
    let region = aws.region.clone().or(eks.map(|eks| eks.region));
    let context = ContextConfig { aws: Some(AwsConfig { region, ..aws.clone() }), ..context.clone() };
    aws::sources(&context, EKS_GROUPS)
}

/// The current context of the kubeconfig; the others can be named.
fn discover() -> Discovery {
    let mut found = Discovery { may_be_beneath: true, ..Discovery::default() };
    let merged = match kubeconfig::read(None) {
        Ok(Some(merged)) => merged,
        Ok(None) if in_cluster() => {
            found.contexts.push(discovered("in-cluster", None));
            return found;
        }
        Ok(None) => {
            let looked: Vec<String> = kubeconfig::files(None).iter().map(|file| file.display().to_string()).collect();
            found.notes.push(format!("Kubernetes: no {}; aws eks update-kubeconfig or another login writes it", looked.join(", ")));
            return found;
        }
        Err(failure) => {
            found.notes.push(format!("Kubernetes: {}; {}", failure.message, failure.hint));
            return found;
        }
    };
    let current = merged.choose(None).map(|entry| entry.name);
    if let Err(failure) = &current {
        found.notes.push(format!("Kubernetes: {}; {}", failure.message, failure.hint));
    }
    for entry in merged.entries().into_iter().take(MOST).filter(|entry| !entry.name.chars().any(char::is_control)) {
        let is_current = current.as_ref().is_ok_and(|current| *current == entry.name);
        let context = discovered(&entry.name, Some(entry.name.clone()));
        if is_current { found.contexts.push(context) } else { found.on_request.push(context) }
    }
    found
}

fn discovered(name: &str, context: Option<String>) -> ContextConfig {
    ContextConfig {
        name: name.to_owned(),
        platform: PLATFORM.to_owned(),
        aws: Some(AwsConfig::default()),
        kubernetes: Some(KubernetesConfig { context, ..KubernetesConfig::default() }),
        ..ContextConfig::default()
    }
}

/// Where the cluster of a context is looked for, for people: the server's address and what names
/// it, or why there is none. Reads files, asks no network.
///
/// # Errors
/// What is wrong with the settings.
pub fn described(context: &ContextConfig) -> Option<Result<Description, Failure>> {
    let config = context.kubernetes.as_ref()?;
    let automatic = context.platform != PLATFORM && config.context.is_none() && config.endpoint_url.is_none();
    let says = |says: String| Description { says, address: None };
    if automatic {
        return Some(kubeconfig::read(config.kubeconfig.as_deref()).map(|merged| match merged {
            Some(merged) => says(format!("the context of {} that names the platform's cluster", listed(&merged.files))),
            None => says("no kubeconfig; pods, nodes and events are not seen".to_owned()),
        }));
    }
    Some(Target::of(config, None).map(|target| match target {
        None => says("no kubeconfig, and this is no pod of a cluster".to_owned()),
        Some(connect::Target::Address(url)) => {
            Description { says: format!("{}, without credentials", shown_address(&url)), address: Some(url) }
        }
        Some(target) => Description { says: format!("context {}", target.shown()), address: target.address() },
    }))
}

/// What [`described`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// In words.
    pub says: String,
    /// The server's address, where it is known already.
    pub address: Option<String>,
}

fn listed(files: &[std::path::PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
