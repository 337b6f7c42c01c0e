//! What the operator's bodies look like: serde types for both dialects, no logic.
//!
//! Every field may be absent or null, numbers may be written as floats, unknown fields and unknown
//! words pass. Lists are kept as raw values and decoded one by one, so that one broken element
//! costs only itself. Names and shapes are those of the operator's own types at 0.30 to 0.42.

mod api;
mod info;
mod job;
pub(crate) mod lenient;
mod status;

pub use api::{ApiResponse, ApiVersion, Autoscaling, Compute, Container, Metadata, Networking, Pod, Spec, TrafficSplit, UpdateStrategy};
pub use info::{ClusterConfig, Info, NodeGroup, NodeInfo, SpotConfig};
pub use job::{JobResponse, JobStatus, WorkerCounts};
pub use status::{LegacyCounts, LegacyReplicaCounts, LegacyStatus, ModernCounts, ModernStatus};

use serde::Deserialize;

/// The body of a refusal: `{"kind": …, "message": …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ErrorBody {
    /// A stable word such as `resources.api_not_deployed`; `error` for anything foreign.
    pub kind: String,
    /// For people; never matched on, with the one exception of foreign errors.
    #[serde(default)]
    pub message: String,
}
