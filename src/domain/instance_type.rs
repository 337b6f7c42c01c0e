//! Shapes of cloud machine types: vCPUs, memory, accelerators and the quota family they count in.
//!
//! The table is embedded; it holds facts, no policy. `instance_types.tsv` beside this file has a
//! line a type, sorted by name: name, vCPUs, memory in GiB and, where there are accelerators,
//! their number and the index of their name. A line is parsed when it is asked for; the family
//! follows from the name, as the quotas are defined by it.

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

static TABLE: &str = include_str!("instance_types.tsv");

const ACCELERATORS: &[&str] = &[
    "AMD Radeon Pro V520",
    "AWS Inferentia",
    "AWS Inferentia2",
    "AWS Trainium",
    "AWS Trainium2",
    "Habana Gaudi HL-205",
    "NVIDIA A100",
    "NVIDIA A10G",
    "NVIDIA B200",
    "NVIDIA B300",
    "NVIDIA H100",
    "NVIDIA H200",
    "NVIDIA K520",
    "NVIDIA K80",
    "NVIDIA L4",
    "NVIDIA L4 (1/2 partition)",
    "NVIDIA L4 (1/4 partition)",
    "NVIDIA L4 (1/8 partition)",
    "NVIDIA L40S",
    "NVIDIA M60",
    "NVIDIA RTX PRO 4500",
    "NVIDIA RTX PRO Server 6000",
    "NVIDIA T4",
    "NVIDIA T4g",
    "NVIDIA V100",
    "Qualcomm AI100",
    "Xilinx U30",
    "Xilinx Virtex UltraScale (VU9P)",
    "Xilinx Virtex UltraScale+ (VU47P)",
];

/// The shape of a type, if the table has it.
pub fn find(name: &str) -> Option<InstanceType> {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let start = TABLE.get(..middle)?.rfind('\n').map_or(0, |end| end + 1).max(low);
        let line = TABLE.get(start..)?.lines().next()?;
        let here = line.split('\t').next()?;
        match here.cmp(name) {
            std::cmp::Ordering::Equal => return parse(line),
            std::cmp::Ordering::Less => low = start + line.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

fn parse(line: &str) -> Option<InstanceType> {
    let mut fields = line.split('\t');
    let name = fields.next()?;
    let vcpus = fields.next()?.parse().ok()?;
    let memory_mib = mib(fields.next()?)?;
    let accelerators = fields.next().map_or(Some(0), |count| count.parse().ok())?;
    let accelerator = fields.next().and_then(|index| ACCELERATORS.get(index.parse::<usize>().ok()?)).copied().unwrap_or_default();
    Some(InstanceType {
        name: name.to_owned(),
        vcpus,
        memory_mib,
        accelerators,
        accelerator: accelerator.to_owned(),
        family: family(name)?.to_owned(),
    })
}

/// GiB with at most three decimals, as MiB.
fn mib(gib: &str) -> Option<u64> {
    let (whole, fraction) = gib.split_once('.').unwrap_or((gib, ""));
    let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 1024 + (thousandths * 1024).div_ceil(1000))
}

/// The quota family of a type, known or not: the letters before the first digit decide.
/// `None` for what has no vCPU quota of its own (`mac`) and for names of no known form.
pub fn family(name: &str) -> Option<&'static str> {
    if name.starts_with("u-") || name.starts_with("u7") {
        return Some("High Memory");
    }
    let letters = name.split(|c: char| !c.is_ascii_lowercase()).next()?;
    match letters {
        "g" | "gr" | "vt" => Some("G and VT"),
        "p" => Some("P"),
        "inf" => Some("Inf"),
        "trn" => Some("Trn"),
        "dl" => Some("DL"),
        "f" => Some("F"),
        "x" => Some("X"),
        "hpc" => Some("HPC"),
        "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => Some("Standard"),
        _ => None,
    }
}

/// vCPUs by the rule of thumb for a type that the table lacks (`<N>xlarge` has 4N): an estimate,
/// to be shown as one. `None` for `metal` and unknown sizes.
pub fn estimated_vcpus(name: &str) -> Option<u32> {
    let (_, size) = name.split_once('.')?;
    match size {
        "nano" | "micro" | "small" | "large" => Some(2),
        "medium" => Some(1),
        "xlarge" => Some(4),
        _ => size.strip_suffix("xlarge")?.parse::<u32>().ok()?.checked_mul(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_complete_and_readable() {
        let names: Vec<&str> = TABLE.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(names.len(), 1_421);
        assert!(names.is_sorted());
        for name in names.iter().filter(|name| !name.starts_with("mac")) {
            assert!(find(name).is_some_and(|found| found.name == **name && found.vcpus > 0), "{name}");
        }
    }

    #[test]
    fn known_shapes() {
        let cases = [
            ("g4dn.xlarge", 4, 16_384, 1, "G and VT"),
            ("g4dn.12xlarge", 48, 196_608, 4, "G and VT"),
            ("p4d.24xlarge", 96, 1_179_648, 8, "P"),
            ("inf1.6xlarge", 24, 49_152, 4, "Inf"),
            ("m5.large", 2, 8_192, 0, "Standard"),
            ("t3.nano", 2, 512, 0, "Standard"),
            ("trn1.32xlarge", 128, 524_288, 16, "Trn"),
        ];
        for (name, vcpus, memory, accelerators, family) in cases {
            let found = find(name).unwrap();
            assert_eq!((found.vcpus, found.memory_mib, found.accelerators, found.family.as_str()), (vcpus, memory, accelerators, family));
        }
        assert!(find("g4dn.xlarge").unwrap().accelerator.contains("T4"));
    }

    #[test]
    fn unknown_types_are_estimated_or_not_told() {
        for name in ["", "a", "zzz.large", "g4dn.", "g4dn.xlargee", "\u{e9}"] {
            assert_eq!(find(name), None, "{name}");
        }
        assert_eq!((estimated_vcpus("g9.4xlarge"), family("g9.4xlarge")), (Some(16), Some("G and VT")));
        assert_eq!((estimated_vcpus("q1.metal"), family("mac2.metal")), (None, None));
    }
}
