//! One running (or not yet running) copy of a workload.

use serde::{Deserialize, Serialize};

use super::capacity::Resources;
use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// A replica, where a source lists them one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Its identity.
    pub key: ResourceKey,
    /// The workload it belongs to.
    pub workload: ResourceKey,
    /// The version it runs.
    pub version: Text,
    /// Whether that is the version being rolled out.
    pub is_current: bool,
    /// The platform's word for its state, such as `Pending` or `CrashLoopBackOff`.
    pub state: Text,
    /// Whether it answers.
    pub ready: bool,
    /// The node it runs on.
    pub node: Option<Text>,
    /// What it holds or asks for.
    pub demand: Resources,
    /// Restarts so far.
    pub restarts: u32,
    /// Why it is not ready, as the platform words it.
    pub reason: Option<Text>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}
