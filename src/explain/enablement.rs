//! What must run on a machine before it can offer its GPU: driver, container toolkit, device
//! plugin, in this order. The first that does not run keeps the rest from running; it is the one
//! to look at.

use super::fill::Fill;
use super::inside::Inside;
use super::world::{Said, World};
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::replica::{Replica, ReplicaPhase};

/// One stage.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// What the names of its pods contain, under the GPU operator and without it.
    parts: &'static [&'static str],
    /// Its name for people.
    pub name: &'static str,
    /// Its cause where it runs and is not ready.
    pub cause: &'static str,
}

/// The stages, in the order in which they wait for each other.
const STAGES: [Stage; 4] = [
    Stage { parts: &["nvidia-driver"], name: "driver", cause: "kubernetes/gpu-operator" },
    Stage { parts: &["container-toolkit"], name: "container toolkit", cause: "kubernetes/gpu-operator" },
    Stage { parts: &["operator-validator"], name: "check of the GPU operator", cause: "kubernetes/gpu-operator" },
    Stage { parts: &["device-plugin"], name: "device plugin", cause: "kubernetes/gpu-plugin-nvml" },
];

/// How far a machine is.
pub enum Enabled<'a> {
    /// This stage is there and does not run.
    Broken(Stage, Said<'a, Replica>),
    /// No pod of this stage is on the machine, and so many other machines have one.
    Missing(Stage, usize),
    /// All that is known of runs.
    Runs(Said<'a, Replica>),
    /// Nothing of it is seen anywhere.
    Unseen,
}

/// How far the enablement of a machine's GPU is, by the pods on it.
pub fn of<'a>(world: &World<'a>, node: &ResourceKey) -> Enabled<'a> {
    let inside = world.inside(&node.context);
    let here = |stage: &Stage| inside.tenants(&node.name).iter().copied().find(|(_, tenant)| is_of(stage, tenant));
    for stage in STAGES {
        match here(&stage) {
            Some(said) if !said.1.ready && said.1.phase != ReplicaPhase::Done => return Enabled::Broken(stage, said),
            Some(_) => {}
            None => {
                let elsewhere = machines_with(inside, &stage);
                if elsewhere > 0 {
                    return Enabled::Missing(stage, elsewhere);
                }
            }
        }
    }
    let [.., plugin] = STAGES;
    here(&plugin).map_or(Enabled::Unseen, Enabled::Runs)
}

fn is_of(stage: &Stage, replica: &Replica) -> bool {
    stage.parts.iter().any(|part| replica.key.name.contains(part))
}

/// So many machines carry a pod of the stage.
fn machines_with(inside: &Inside<'_>, stage: &Stage) -> usize {
    let on = |name| inside.tenants(name).iter().any(|(_, tenant)| is_of(stage, tenant));
    inside.nodes.keys().filter(|name| on(name)).count()
}

/// The device plugin's pod on a machine, for the placeholders; none is left where there is none.
pub fn plugin(world: &World<'_>, fill: Fill, node: &Node) -> Fill {
    let [.., stage] = STAGES;
    let tenants = world.inside(&node.key.context).tenants(&node.key.name);
    match tenants.iter().find(|(_, tenant)| is_of(&stage, tenant)) {
        Some((_, tenant)) => fill.named("pod", &tenant.key.name),
        None => fill.and("pod", "").and("namespace", ""),
    }
}
