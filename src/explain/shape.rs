//! What one machine of a type brings, and which vCPU quota it counts in.
//!
//! Facts only: the embedded table first, and the provider's naming rule for what it lacks.

use crate::domain::capacity::Resources;
use crate::domain::instance_type;

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
    if let Some(known) = instance_type::find(name) {
        return Some(Shape { vcpus: known.vcpus, accelerators: Some(known.accelerators), family: known.family, estimated: false });
    }
    let family = instance_type::family(name)?;
    let accelerators = if has_accelerator(family) { None } else { Some(0) };
    Some(Shape { vcpus: instance_type::estimated_vcpus(name)?, accelerators, family: family.to_owned(), estimated: true })
}

/// Families whose machines carry accelerators that a scheduler hands out.
fn has_accelerator(family: &str) -> bool {
    matches!(family, "G and VT" | "P" | "Inf" | "Trn" | "DL")
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
    fn known_types_and_new_ones_have_a_shape() {
        let cases =
            [("g4dn.xlarge", 4, Some(1), "G and VT"), ("g4dn.12xlarge", 48, Some(4), "G and VT"), ("m5.large", 2, Some(0), "Standard")];
        for (name, vcpus, accelerators, family) in cases {
            let shape = of(name).unwrap_or_else(|| panic!("{name} has a shape"));
            assert_eq!(
                (shape.vcpus, shape.accelerators, shape.family.as_str(), shape.estimated),
                (vcpus, accelerators, family, false),
                "{name}"
            );
        }
        let unborn = of("g99.4xlarge").unwrap();
        assert_eq!((unborn.vcpus, unborn.accelerators, unborn.estimated), (16, None, true));
        assert_eq!(of("nonsense"), None);
    }
}
