//! Which name a story has on which platform. A platform that has a word of its own for something
//! keeps it; everything else has the cluster's own.

use super::world::World;
use crate::domain::text::Text;
use crate::domain::workload::Workload;

/// The id of the cluster's own causes.
pub const KUBERNETES: &str = "kubernetes";

/// The platform's word for something about a workload, or the cluster's own.
pub fn pick(workload: &Workload, own: &'static str, cluster: &'static str) -> &'static str {
    if workload.platform.as_str() == KUBERNETES { cluster } else { own }
}

/// The same for something that many workloads of a context share.
pub fn pick_shared(world: &World<'_>, context: &Text, own: &'static str, cluster: &'static str) -> &'static str {
    let workloads = &world.context(context).workloads;
    let plain = !workloads.is_empty() && workloads.iter().all(|(_, workload)| workload.platform.as_str() == KUBERNETES);
    if plain { cluster } else { own }
}
