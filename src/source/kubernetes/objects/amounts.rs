//! Lists of resources: requests, limits, capacities.
//!
//! Whole GPUs of any vendor sum up in `gpus`. `neuron` counts AWS Neuron devices
//! (`aws.amazon.com/neuron`, and `aws.amazon.com/neurondevice` of old plugins); where only cores
//! are asked for (`aws.amazon.com/neuroncore`), two make one, as on an Inferentia2 or Trainium
//! device. Slices (MIG, shared and fractional GPUs), TPUs, Gaudi cards, network devices and the
//! like are found by name only, so that nobody takes a seventh of a GPU for a whole one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::tree::{Fields, intern};
use crate::domain::capacity::Resources;
use crate::domain::text::Text;
use crate::source::quantity::{millis, units};

/// Whole GPUs, by the names their device plugins register.
const WHOLE_GPUS: [&str; 4] = ["nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"];

/// Neuron devices.
const NEURON: [&str; 2] = ["aws.amazon.com/neuron", "aws.amazon.com/neurondevice"];

/// Neuron cores; how many make a device.
const NEURON_CORES: (&str, i64) = ("aws.amazon.com/neuroncore", 2);

/// More devices than any machine has; sums of it stay in range.
const MOST_DEVICES: i64 = 1_000_000;

/// Amounts of resources, common ones by field and extended ones by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// The common ones, with accelerators summed up.
    pub common: Resources,
    /// Extended resources by name, whole GPUs included.
    pub extended: BTreeMap<Text, i64>,
}

impl Amounts {
    /// Reads a list of resources such as `{"cpu": "2", "nvidia.com/gpu": 1}`. What is no quantity
    /// is left out.
    pub fn read(list: &Value) -> Self {
        Self::requested(list, &Value::Null)
    }

    /// What a container asks for: a limit without a request is a request too.
    pub fn requested(requests: &Value, limits: &Value) -> Self {
        let mut amounts = Self::default();
        for (name, _) in limits.as_object().into_iter().flatten() {
            amounts.set(name, &limits.text(name));
        }
        for (name, _) in requests.as_object().into_iter().flatten() {
            amounts.set(name, &requests.text(name));
        }
        amounts.count_accelerators();
        amounts
    }

    fn set(&mut self, name: &str, text: &str) {
        match name {
            "cpu" => self.common.cpu_millis = millis(text).unwrap_or_default(),
            "memory" => self.common.memory_bytes = units(text).unwrap_or_default(),
            "ephemeral-storage" => self.common.storage_bytes = units(text).unwrap_or_default(),
            "pods" => self.common.pods = units(text).unwrap_or_default(),
            _ if name.contains('/') => {
                let devices = units(text).unwrap_or_default().clamp(-MOST_DEVICES, MOST_DEVICES);
                self.extended.insert(intern(name), devices);
            }
            // Huge pages and what else is counted in bytes.
            _ => {}
        }
    }

    fn count_accelerators(&mut self) {
        let sum = |names: &[&str]| names.iter().filter_map(|name| self.extended.get(*name)).sum::<i64>();
        let (cores, per_device) = NEURON_CORES;
        let devices = sum(&NEURON);
        self.common.gpus = sum(&WHOLE_GPUS);
        // A node advertises devices and their cores side by side; a pod asks for either.
        self.common.neuron = if devices == 0 { (sum(&[cores]) + per_device - 1).div_euclid(per_device) } else { devices };
    }

    /// The sum of both.
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add(other);
        sum
    }

    /// Adds the other to this.
    pub fn add(&mut self, other: &Self) {
        self.common = self.common.plus(other.common);
        for (name, amount) in &other.extended {
            let slot = self.extended.entry(name.clone()).or_default();
            *slot = slot.saturating_add(*amount);
        }
    }

    /// The larger of both, resource by resource.
    pub fn max(&self, other: &Self) -> Self {
        let (a, b) = (self.common, other.common);
        let common = Resources {
            cpu_millis: a.cpu_millis.max(b.cpu_millis),
            memory_bytes: a.memory_bytes.max(b.memory_bytes),
            storage_bytes: a.storage_bytes.max(b.storage_bytes),
            gpus: a.gpus.max(b.gpus),
            neuron: a.neuron.max(b.neuron),
            pods: a.pods.max(b.pods),
        };
        let mut larger = Self { common, extended: self.extended.clone() };
        for (name, amount) in &other.extended {
            let slot = larger.extended.entry(name.clone()).or_default();
            *slot = (*slot).max(*amount);
        }
        larger
    }
}
