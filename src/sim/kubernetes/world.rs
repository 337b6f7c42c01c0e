//! The backing of a cluster of the shared world.

use std::sync::{Mutex, PoisonError};

use super::super::world::{Api, Cluster, KubernetesFaults, Moment, Pod, SharedWorld, World, runs};
use super::backing::{Backing, LogEntry, LogOf};
use super::project::objects;
use super::store::Store;
use crate::clock;
use crate::domain::time::Timestamp;

/// The story is not looked at more often than this, in milliseconds: at a high speed every look
/// would find something new.
const PAUSE: i64 = 100;
/// Containers that Cortex adds to its pods.
const SIDECARS: [&str; 3] = ["proxy", "dequeuer", "gateway"];

/// Serves what one cluster of the world has.
#[derive(Debug)]
pub struct WorldBacking {
    world: SharedWorld,
    cluster: String,
    /// When the world was last looked at, and the story's moment then.
    looked: Mutex<Option<(Timestamp, i64)>>,
}

impl WorldBacking {
    /// Of the cluster with this name.
    pub fn new(world: SharedWorld, cluster: &str) -> Self {
        Self { world, cluster: cluster.to_owned(), looked: Mutex::new(None) }
    }

    fn see<T>(&self, see: impl FnOnce(&World, &Cluster) -> T) -> Option<T> {
        let world = self.world.now_view();
        let cluster = world.clusters.iter().find(|cluster| cluster.name == self.cluster)?;
        Some(see(&world, cluster))
    }
}

impl Backing for WorldBacking {
    fn update(&self, store: &mut Store) {
        let present = clock::now();
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|(at, _)| (0..PAUSE).contains(&(present.as_millisecond() - at.as_millisecond()))) {
            return;
        }
        let told = looked.map(|(_, moment)| moment);
        let seen = self.see(|world, cluster| (world.now, (told != Some(world.now)).then(|| objects(world, cluster))));
        if let Some((moment, news)) = seen {
            *looked = Some((present, moment));
            if let Some(objects) = news {
                for why in store.reconcile(&objects).refused {
                    tracing::warn!(cluster = self.cluster, why, "an object of the simulated cluster is not served");
                }
            }
        }
    }

    fn minor(&self) -> u32 {
        self.see(|_, cluster| cluster.kubernetes_minor()).unwrap_or_default()
    }

    fn faults(&self) -> KubernetesFaults {
        let world = self.world.now_view();
        let mut faults = world.faults.kubernetes.clone();
        // The cluster's tokens are signed with the session of the account.
        faults.expired |= world.faults.aws.credentials_expired;
        faults
    }

    fn log(&self, of: &LogOf<'_>) -> Vec<LogEntry> {
        let lines = self.see(|world, cluster| {
            let (api, pod) = cluster.pods().find(|(_, pod)| pod.name == of.pod)?;
            let sidecar = SIDECARS.contains(&of.container);
            Some(if sidecar { listens(world, pod) } else { served(world, api, pod, of.previous) })
        });
        lines.flatten().unwrap_or_default()
    }
}

/// What one run of the container that serves wrote.
fn served(world: &World, api: &Api, pod: &Pod, previous: bool) -> Vec<LogEntry> {
    let lives = api.version(&pod.spec_id).and_then(|version| version.behaviour.lives());
    let (present, before) = match (lives, pod.started_at) {
        (Some(lives), Some(first)) => runs::at(first, lives, world.now).logged(),
        _ => (0, None),
    };
    let run = if previous { before } else { Some(present) };
    let lines = pod.log.iter().filter(|line| Some(line.run) == run);
    lines.map(|line| LogEntry { at: stamp(world, line.at), text: line.text.clone() }).collect()
}

/// As the node's clock has it.
fn stamp(world: &World, moment: Moment) -> Timestamp {
    world.faults.kubernetes.there(world.stamp(moment))
}

/// What the container beside it wrote: that it listens.
fn listens(world: &World, pod: &Pod) -> Vec<LogEntry> {
    let started = pod.started_at.map(|at| LogEntry { at: stamp(world, at), text: "listening for requests on port 8888".to_owned() });
    started.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::build::build;
    use crate::sim::kubernetes::kinds::find;
    use crate::sim::scenario::{FILES, parse};
    use std::path::Path;

    #[test]
    fn everything_a_cluster_has_is_served_and_a_pod_keeps_its_log() {
        for (name, text) in FILES {
            let path = Path::new(name);
            let scenario = parse(path, text).unwrap();
            let world = build(path, &scenario, clock::now(), scenario.elapsed.0, 1.0).unwrap();
            let mut store = Store::default();
            for cluster in &world.clusters {
                assert_eq!(store.reconcile(&objects(&world, cluster)).refused, Vec::<String>::new(), "{name}");
            }
            if scenario.cluster.first().is_none_or(|cluster| cluster.base.as_deref() != Some("production")) {
                continue;
            }
            let backing = WorldBacking::new(SharedWorld::new(world), &scenario.cluster[0].name);
            let mut store = Store::default();
            backing.update(&mut store);
            let pods = store.objects(find("", "v1", "pods").unwrap(), Some("default"), "", None).unwrap();
            let api = pods.iter().find(|pod| pod.name.starts_with("api-sentiment")).unwrap();
            let of = LogOf { namespace: "default", pod: &api.name, container: "api", previous: false };
            assert!(!backing.log(&of).is_empty(), "{name}");
        }
    }
}
