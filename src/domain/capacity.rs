//! Amounts of what a scheduler hands out: CPU, memory, accelerators, pod slots.

use serde::{Deserialize, Serialize};

/// Amounts of schedulable resources. Absent and zero are the same thing here; where "unknown"
/// matters, the field that holds a `Resources` is an `Option`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resources {
    /// CPU in thousandths of a core.
    pub cpu_millis: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// Local disk in bytes (`ephemeral-storage`); zero where nobody says.
    #[serde(default)]
    pub storage_bytes: i64,
    /// Whole GPUs of any vendor (`nvidia.com/gpu`, `amd.com/gpu`, …); slices are named resources.
    pub gpus: i64,
    /// Other accelerators (AWS Neuron devices).
    pub neuron: i64,
    /// Pod slots.
    pub pods: i64,
}

impl Resources {
    /// `self - other`, per resource; may go negative.
    pub fn minus(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_sub(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            storage_bytes: self.storage_bytes.saturating_sub(other.storage_bytes),
            gpus: self.gpus.saturating_sub(other.gpus),
            neuron: self.neuron.saturating_sub(other.neuron),
            pods: self.pods.saturating_sub(other.pods),
        }
    }

    /// `self + other`, per resource.
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            storage_bytes: self.storage_bytes.saturating_add(other.storage_bytes),
            gpus: self.gpus.saturating_add(other.gpus),
            neuron: self.neuron.saturating_add(other.neuron),
            pods: self.pods.saturating_add(other.pods),
        }
    }

    /// Whether `demand` fits into `self`, leaving pod slots and local disk aside: not every source counts them.
    pub fn holds(self, demand: Self) -> bool {
        self.cpu_millis >= demand.cpu_millis
            && self.memory_bytes >= demand.memory_bytes
            && self.gpus >= demand.gpus
            && self.neuron >= demand.neuron
    }

    /// Whether an accelerator is asked for.
    pub fn wants_accelerator(self) -> bool {
        self.gpus > 0 || self.neuron > 0
    }
}
