//! Machine types of the simulated region: shape, price, quota class, and what is left for pods.

use crate::domain::capacity::Resources;

/// One machine type. Sources: the EC2 type pages, the EKS image's list of pods a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub name: &'static str,
    /// Default vCPUs.
    pub vcpus: u32,
    /// Memory in GiB.
    pub memory_gib: u32,
    /// NVIDIA GPUs.
    pub gpus: u32,
    /// Pods that a node of it can hold, the system's own included.
    pub pods: u32,
    /// On-demand price in thousandths of a US dollar an hour.
    pub price_milli_usd: u32,
    /// Quota class without lifecycle: `Standard`, `G`, `P`.
    pub class: &'static str,
}

const fn of(name: &'static str, shape: (u32, u32, u32), pods: u32, price_milli_usd: u32, class: &'static str) -> Machine {
    Machine { name, vcpus: shape.0, memory_gib: shape.1, gpus: shape.2, pods, price_milli_usd, class }
}

/// All types that scenarios may use; the first stands in for an unknown one.
pub const MACHINES: &[Machine] = &[
    of("m5.large", (2, 8, 0), 29, 96, "Standard"),
    of("t3.medium", (2, 4, 0), 17, 42, "Standard"),
    of("t3.large", (2, 8, 0), 35, 83, "Standard"),
    of("m5.xlarge", (4, 16, 0), 58, 192, "Standard"),
    of("m5.2xlarge", (8, 32, 0), 58, 384, "Standard"),
    of("m5.4xlarge", (16, 64, 0), 234, 768, "Standard"),
    of("c5.xlarge", (4, 8, 0), 58, 170, "Standard"),
    of("c5.2xlarge", (8, 16, 0), 58, 340, "Standard"),
    of("r5.xlarge", (4, 32, 0), 58, 252, "Standard"),
    of("g4dn.xlarge", (4, 16, 1), 29, 526, "G"),
    of("g4dn.2xlarge", (8, 32, 1), 29, 752, "G"),
    of("g4dn.4xlarge", (16, 64, 1), 29, 1_204, "G"),
    of("g4dn.12xlarge", (48, 192, 4), 234, 3_912, "G"),
    of("g5.xlarge", (4, 16, 1), 58, 1_006, "G"),
    of("g5.2xlarge", (8, 32, 1), 58, 1_212, "G"),
    of("g5.12xlarge", (48, 192, 4), 234, 5_672, "G"),
    of("p3.2xlarge", (8, 61, 1), 58, 3_060, "P"),
    of("p3.8xlarge", (32, 244, 4), 234, 12_240, "P"),
];

/// The type with this name; scenario files are checked, so an unknown name does not get here.
pub fn machine(name: &str) -> &'static Machine {
    static FALLBACK: Machine = of("m5.large", (2, 8, 0), 29, 96, "Standard");
    MACHINES.iter().find(|machine| machine.name == name).unwrap_or(&FALLBACK)
}

impl Machine {
    /// The quota class it counts in: `G/OnDemand`, `G/Spot`.
    pub fn quota_class(&self, spot: bool) -> String {
        format!("{}/{}", self.class, if spot { "Spot" } else { "OnDemand" })
    }
}

/// Pods that the daemons of Cortex and EKS take on every worker.
pub const DAEMON_PODS: i64 = 7;

/// What a worker of a type offers to API pods: its size less what the kubelet reserves
/// (300m, 800 MiB with the eviction threshold) and what the daemons ask for (260m, 350 MiB; with a
/// GPU another 150m, 150 MiB). Source: Cortex's constants.
pub fn allocatable(machine: &Machine) -> Resources {
    let gpu_daemons = i64::from(machine.gpus > 0) * 150;
    // The kernel and firmware keep about a twentieth of the nominal memory.
    let usable_mib = i64::from(machine.memory_gib) * 1_024 * 945 / 1_000;
    Resources {
        cpu_millis: i64::from(machine.vcpus) * 1_000 - 300 - 260 - gpu_daemons,
        memory_bytes: (usable_mib - 800 - 350 - gpu_daemons) * 1_048_576,
        storage_bytes: 0,
        gpus: i64::from(machine.gpus),
        neuron: 0,
        pods: i64::from(machine.pods) - DAEMON_PODS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_offer_what_cortex_documents() {
        assert_eq!(allocatable(machine("m5.large")).cpu_millis, 1_440);
        assert_eq!(allocatable(machine("g4dn.xlarge")).cpu_millis, 3_290);
        assert_eq!(machine("g4dn.xlarge").quota_class(true), "G/Spot");
    }
}
