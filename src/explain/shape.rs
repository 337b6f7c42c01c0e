//! What one machine of a type brings, and which vCPU quota it counts in.
//!
//! Facts only: the embedded table first, and the provider's naming rule for what it lacks.

use crate::domain::capacity::Resources;

/// The shape of a machine type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// vCPUs, the unit of the quota.
    pub vcpus: u32,
    /// GPUs or other accelerators; `None` where the name does not tell.
    pub accelerators: Option<u32>,
    /// The quota family (`G and VT`).
    pub family: String,
    /// Whether the figures follow from the name only.
    pub estimated: bool,
}

impl Shape {
    /// Whether an empty machine could hold `demand`, as far as the shape tells.
    pub fn could_hold(&self, demand: Resources) -> bool {
        let wanted = demand.gpus.max(demand.neuron);
        let accelerators = self.accelerators.is_none_or(|there| i64::from(there) >= wanted);
        accelerators && i64::from(self.vcpus) * 1_000 >= demand.cpu_millis
    }
}

/// The shape of a type; `None` for a name that follows no rule.
pub fn of(name: &str) -> Option<Shape> {
    from_name(name)
}

/// Families whose machines carry accelerators that a scheduler hands out.
fn has_accelerator(family: &str) -> bool {
    matches!(family, "G and VT" | "P" | "Inf" | "Trn" | "DL")
}

fn from_name(name: &str) -> Option<Shape> {
    let (class, size) = name.split_once('.')?;
    let vcpus = match size.strip_suffix("xlarge") {
        Some("") => 4,
        Some(times) => times.parse::<u32>().ok()?.checked_mul(4)?,
        None => match size {
            "large" | "medium" | "small" | "micro" | "nano" => 2,
            _ => return None,
        },
    };
    let family = family_of(class)?.to_owned();
    let accelerators = if has_accelerator(&family) { None } else { Some(0) };
    Some(Shape { vcpus, accelerators, family, estimated: true })
}

/// The quota family of a class (`g4dn`), by the letters before its generation.
fn family_of(class: &str) -> Option<&'static str> {
    let letters = class.split(|c: char| c.is_ascii_digit()).next()?;
    Some(match letters {
        "g" | "gr" | "vt" => "G and VT",
        "p" => "P",
        "inf" => "Inf",
        "trn" => "Trn",
        "dl" => "DL",
        "f" => "F",
        "x" => "X",
        "hpc" => "HPC",
        "u" | "u-" => "High Memory",
        "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => "Standard",
        _ => return None,
    })
}

/// The code of the vCPU quota of a family, for commands where the quota itself could not be read.
/// Source: the provider's published list of instance quotas.
pub fn quota_code(family: &str, spot: bool) -> Option<&'static str> {
    Some(match (family, spot) {
        ("Standard", false) => "L-1216C47A",
        ("G and VT", false) => "L-DB2E81BA",
        ("P", false) => "L-417A185B",
        ("Inf", false) => "L-1945791B",
        ("Trn", false) => "L-2C3B7624",
        ("DL", false) => "L-6E869C2A",
        ("Standard", true) => "L-34B43A08",
        ("G and VT", true) => "L-3819A6DF",
        ("P", true) => "L-7212CCBC",
        ("Inf", true) => "L-B5D1601B",
        ("Trn", true) => "L-6B0D517C",
        ("DL", true) => "L-85EED4F7",
        _ => return None,
    })
}

/// The family as people say it in a sentence: `G`, `P`, `Standard`.
pub fn short_family(family: &str) -> &str {
    family.strip_suffix(" and VT").unwrap_or(family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_vcpus_and_family() {
        let cases = [("g4dn.xlarge", 4, "G and VT"), ("p3.8xlarge", 32, "P"), ("m5.large", 2, "Standard"), ("inf1.2xlarge", 8, "Inf")];
        for (name, vcpus, family) in cases {
            let shape = of(name).unwrap_or_else(|| panic!("{name} has a shape"));
            assert_eq!((shape.vcpus, shape.family.as_str()), (vcpus, family), "{name}");
        }
        assert_eq!(of("nonsense"), None);
        assert_eq!(of("q9.99999999999xlarge"), None);
    }
}
