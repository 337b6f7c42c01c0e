//! The one cluster of a context: found once, followed by one set of informers that its three
//! sources and its log reader share.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::adoption::Adoption;
use super::connect::{Target, Wanted};
use super::informer::{Conduct, Pace, Shared, conduct};
use super::logs::Member;
use super::objects::Selector;
use super::server::{Server, Traffic};
use crate::config::KubernetesConfig;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::source::Focus;

/// What a context says of its cluster, and the cluster once it is found.
#[derive(Debug)]
pub struct Link {
    /// The context's name.
    pub context: Text,
    /// Its settings.
    pub config: KubernetesConfig,
    /// The platform whose objects these are; `None` where Kubernetes itself is the platform.
    pub adoption: Option<Adoption>,
    /// Which workloads are shown.
    pub selector: Selector,
    traffic: Arc<Traffic>,
    hub: Mutex<Option<Arc<Hub>>>,
    members: watch::Sender<Arc<Vec<Member>>>,
}

/// A cluster that is followed. Dropping it ends every watch.
#[derive(Debug)]
pub struct Hub {
    /// The server.
    pub server: Arc<Server>,
    /// What the informers hold.
    pub shared: Arc<Shared>,
    _informers: AbortOnDropHandle<()>,
}

impl Link {
    /// A link that asks nothing yet.
    ///
    /// # Errors
    /// `Misconfigured` for a selector that is none.
    pub fn new(context: &str, config: KubernetesConfig, adoption: Option<Adoption>) -> Result<Arc<Self>, Failure> {
        let selector = Selector::parse(config.selector.as_deref().unwrap_or_default()).map_err(|why| {
            let message = format!("kubernetes.selector of context {context} is no label selector: {why}");
            Failure::new(FailureKind::Misconfigured, message, "write it as kubectl takes it: app=llm,tier in (gpu, cpu)")
        })?;
        Ok(Arc::new(Self {
            context: Text::clean(context),
            config,
            adoption,
            selector,
            traffic: Arc::default(),
            hub: Mutex::default(),
            members: watch::Sender::default(),
        }))
    }

    /// What reading the cluster cost so far.
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    /// The cluster, followed from the first call on. `None` when no kubeconfig context reaches the
    /// cluster that the platform runs on.
    ///
    /// # Errors
    /// `Misconfigured`, naming file or setting.
    pub fn reach(&self, focus: &Focus) -> Result<Option<Arc<Hub>>, Failure> {
        let mut slot = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = &*slot {
            return Ok(Some(Arc::clone(hub)));
        }
        let wanted = self.wanted(focus);
        if wanted.is_none() && self.leans_on_platform() {
            return Ok(None);
        }
        let Some(target) = Target::of(&self.config, wanted.as_ref())? else { return Ok(None) };
        tracing::info!(context = %self.context, cluster = target.shown(), "a cluster is followed");
        let hub = Arc::new(self.follow(target));
        *slot = Some(Arc::clone(&hub));
        Ok(Some(hub))
    }

    /// The cluster, if it is followed already.
    pub fn hub(&self) -> Option<Arc<Hub>> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why there is nothing to follow.
    pub fn nowhere(&self, focus: &Focus) -> Failure {
        match self.wanted(focus) {
            Some(Wanted { name, region }) => {
                let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
                Failure::new(
                    FailureKind::NotFound,
                    format!("no kubeconfig context reaches cluster {name}, so its pods, nodes and events are not seen"),
                    format!(
                        "aws eks update-kubeconfig --name {name}{region} adds one; kubernetes.context names one of another name, kubernetes = false asks no cluster"
                    ),
                )
            }
            None if self.leans_on_platform() => Failure::new(
                FailureKind::Waiting,
                "which cluster the platform runs on is not known yet",
                "mend the platform's own source first, or name a kubeconfig context in kubernetes.context",
            ),
            None => Failure::new(
                FailureKind::NotFound,
                "there is no kubeconfig, and this is no pod of a cluster",
                "name a file in KUBECONFIG or kubernetes.kubeconfig; aws eks update-kubeconfig writes one",
            ),
        }
    }

    /// Replicas with their containers, as the last view had them.
    pub fn members(&self) -> watch::Receiver<Arc<Vec<Member>>> {
        self.members.subscribe()
    }

    /// A new view has these replicas.
    pub(super) fn tell_members(&self, members: Vec<Member>) {
        self.members.send_if_modified(|present| {
            let differs = **present != members;
            if differs {
                *present = Arc::new(members);
            }
            differs
        });
    }

    /// Whether only the platform above knows which cluster is meant.
    fn leans_on_platform(&self) -> bool {
        self.adoption.is_some() && self.config.context.is_none() && self.config.endpoint_url.is_none()
    }

    /// The cluster that the platform above tells of.
    fn wanted(&self, focus: &Focus) -> Option<Wanted> {
        if !self.leans_on_platform() {
            return None;
        }
        let beneath = |kind: &str| kind.starts_with("kubernetes") || kind.starts_with("aws.");
        let cluster = focus
            .snapshot
            .sources(&self.context)
            .filter(|(id, _)| !beneath(&id.kind))
            .find_map(|(_, source)| source.view.cluster.as_ref())?;
        Some(Wanted { name: cluster.name.to_string(), region: cluster.region.as_ref().map(ToString::to_string) })
    }

    fn follow(&self, target: Target) -> Hub {
        let namespace = target.namespace();
        let server = Arc::new(Server::new(target, Arc::clone(&self.traffic)));
        let shared = Arc::new(Shared::default());
        let mut own: Vec<String> = self.adoption.iter().map(|adoption| adoption.namespace.to_owned()).collect();
        if !own.contains(&namespace) {
            own.push(namespace);
        }
        let followed = Conduct {
            server: Arc::clone(&server),
            shared: Arc::clone(&shared),
            namespaces: self.config.namespaces.clone(),
            own,
            pace: Pace::default(),
        };
        Hub { server, shared, _informers: AbortOnDropHandle::new(tokio::spawn(conduct(followed))) }
    }
}
