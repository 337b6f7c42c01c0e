//! Codes of the EC2 vCPU quotas by family and lifecycle. Source: AWS, "Amazon EC2 instance type
//! quotas". The value, the name and the usage metric come from the service itself.

/// A vCPU quota to ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotaCode {
    /// Such as `L-DB2E81BA`.
    pub code: &'static str,
    /// Instance family, as [`crate::domain::instance_type::family`] names it.
    pub family: &'static str,
    /// Whether it limits spot machines.
    pub spot: bool,
}

/// Family, on-demand code, spot code (`None`: there is no such quota).
const CODES: &[(&str, &str, Option<&str>)] = &[
    ("Standard", "L-1216C47A", Some("L-34B43A08")),
    ("G and VT", "L-DB2E81BA", Some("L-3819A6DF")),
    ("P", "L-417A185B", Some("L-7212CCBC")),
    ("Inf", "L-1945791B", Some("L-B5D1601B")),
    ("Trn", "L-2C3B7624", Some("L-6B0D517C")),
    ("DL", "L-6E869C2A", Some("L-85EED4F7")),
    ("F", "L-74FC7D96", Some("L-88CF9481")),
    ("X", "L-7295265B", Some("L-E3A00192")),
    ("High Memory", "L-43DA4232", None),
    ("HPC", "L-F7808C92", None),
];

/// P5 and newer have a spot quota of their own; on demand all P share one.
const P5_SPOT: &str = "L-C4BD4855";

/// The quota that a machine type counts in; `None` where there is none.
pub fn for_type(instance_type: &str, spot: bool) -> Option<QuotaCode> {
    let family = crate::domain::instance_type::family(instance_type)?;
    let (family, on_demand, spot_code) = CODES.iter().find(|(name, ..)| *name == family)?;
    let newer_p = instance_type.starts_with("p5") || instance_type.starts_with("p6");
    let code = match (spot, newer_p) {
        (false, _) => on_demand,
        (true, true) => P5_SPOT,
        (true, false) => (*spot_code)?,
    };
    Some(QuotaCode { code, family, spot })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_find_their_quota() {
        let cases = [
            ("g4dn.xlarge", false, Some("L-DB2E81BA")),
            ("g5.xlarge", true, Some("L-3819A6DF")),
            ("p5.48xlarge", true, Some("L-C4BD4855")),
            ("p5.48xlarge", false, Some("L-417A185B")),
            ("inf1.xlarge", false, Some("L-1945791B")),
            ("m5.large", true, Some("L-34B43A08")),
            ("hpc6a.48xlarge", true, None),
            ("mac2.metal", false, None),
        ];
        for (name, spot, expected) in cases {
            assert_eq!(for_type(name, spot).map(|quota| quota.code), expected, "{name} spot {spot}");
        }
    }
}
