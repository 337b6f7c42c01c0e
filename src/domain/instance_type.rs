//! Shapes of cloud machine types: vCPUs, memory, accelerators and the quota family they count in.
//!
//! The table is embedded; it holds facts, no policy. See `instance_types.tsv` beside this file.

use serde::{Deserialize, Serialize};

/// What one machine of a type brings, and which vCPU quota it uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceType {
    /// The provider's name, such as `g4dn.xlarge`.
    pub name: String,
    /// Default vCPUs, the unit of the quota.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Accelerator devices.
    pub accelerators: u32,
    /// Accelerator name, empty without one (`NVIDIA T4`).
    pub accelerator: String,
    /// The quota family: `Standard`, `G and VT`, `P`, …
    pub family: String,
}
