//! Which name a story has on which platform. A platform that has a word of its own for something
//! keeps it; everything else has the cluster's own.

use super::world::World;
use crate::domain::text::Text;
use crate::domain::workload::Workload;

/// The id of the cluster's own causes.
pub const KUBERNETES: &str = "kubernetes";

/// The platform whose words are the first choice of a rule that has two.
const CORTEX: &str = "cortex";

/// The gateway to compute networks, which places orders with networks instead of replicas on machines.
pub const GATEWAY: &str = "gateway";

/// A platform by the name people call it.
pub fn name(platform: &str) -> &str {
    match platform {
        CORTEX => "Cortex",
        KUBERNETES => "Kubernetes",
        "azure" => "Azure",
        "anyscale" => "Anyscale",
        "modelarts" => "ModelArts",
        GATEWAY => "the gateway",
        "aws" => "AWS",
        other => other,
    }
}

/// Whether a workload is an application of Ray Serve, with Anyscale above it or without.
pub fn is_of_ray(workload: &Workload) -> bool {
    workload.platform.as_str() == "anyscale" && workload.kind.as_str() == "application"
}

/// Who says what a platform tells of a workload.
pub fn speaker(workload: &Workload) -> &str {
    if is_of_ray(workload) { "Ray" } else { name(&workload.platform) }
}

/// Whether a platform tells the stages of a deployment as events.
pub fn tells_stages(platform: &str) -> bool {
    platform == "modelarts"
}

/// What a platform's failure is called when its own words name no cause that is known.
pub fn failure(platform: &str) -> Option<&'static str> {
    match platform {
        "anyscale" => Some("anyscale/service-unhealthy"),
        "modelarts" => Some("modelarts/ev-service-failed"),
        _ => None,
    }
}

/// A route to nobody: the cause's name, the field with the weights, and the name for a route that
/// sends nothing anywhere although there is somebody, where the platform knows such a thing.
pub struct EmptyRoute {
    /// Traffic goes where nobody answers.
    pub cause: &'static str,
    /// Where the weights stand.
    pub field: &'static str,
    /// No target has any weight.
    pub unweighted: Option<&'static str>,
}

/// How a platform speaks of routes.
pub fn empty_route(platform: &str) -> EmptyRoute {
    match platform {
        "azure" => EmptyRoute {
            cause: "azure/net-not-scored-state",
            field: "properties.traffic",
            unweighted: Some("azure/net-not-scored-traffic"),
        },
        _ => EmptyRoute { cause: "cortex/http-no-live-replica", field: "apis[].weight", unweighted: None },
    }
}

/// Whether the platform itself says why a target does not answer; its replicas are not counted one by
/// one then.
pub fn speaks_for_targets(platform: &str) -> bool {
    platform != CORTEX
}

/// The platform's word for something about a workload, or the cluster's own.
pub fn pick(workload: &Workload, own: &'static str, cluster: &'static str) -> &'static str {
    if workload.platform.as_str() == CORTEX { own } else { cluster }
}

/// The same for something that many workloads of a context share.
pub fn pick_shared(world: &World<'_>, context: &Text, own: &'static str, cluster: &'static str) -> &'static str {
    let workloads = &world.context(context).workloads;
    let plain = !workloads.is_empty() && workloads.iter().all(|(_, workload)| workload.platform.as_str() == KUBERNETES);
    if plain { cluster } else { own }
}
