//! Amounts of resources as Ray names them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::capacity::Resources;

/// Amounts of a map, or the sum of a list of bundles.
pub fn amounts(raw: &Value) -> BTreeMap<String, f64> {
    let mut sum: BTreeMap<String, f64> = BTreeMap::new();
    let mut add = |bundle: &Value| {
        for (name, amount) in bundle.as_object().into_iter().flatten() {
            if let Some(amount) = amount.as_f64() {
                *sum.entry(name.clone()).or_default() += amount;
            }
        }
    };
    match raw {
        Value::Array(bundles) => bundles.iter().for_each(add),
        bundle => add(bundle),
    }
    sum
}

/// The amounts as capacity. A share of a GPU counts as a whole one where it is asked for.
pub fn resources(amounts: &BTreeMap<String, f64>) -> Resources {
    let of = |name: &str| amounts.get(name).copied().unwrap_or_default().clamp(0.0, 1.0e15);
    Resources {
        cpu_millis: whole(of("CPU") * 1_000.0),
        memory_bytes: whole(of("memory")),
        gpus: whole(of("GPU").ceil()),
        neuron: whole(of("neuron_cores").ceil()),
        ..Resources::default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "callers bound it")]
fn whole(amount: f64) -> i64 {
    amount.round() as i64
}

/// `0.2/2.0 CPU` as (name, used, total); sizes with a unit in bytes.
pub(super) fn usage(line: &str) -> Option<(&str, f64, f64)> {
    let (figures, name) = line.trim().split_once(' ')?;
    let (used, total) = figures.split_once('/')?;
    Some((name.split(' ').next()?, figure(used)?, figure(total)?))
}

fn figure(text: &str) -> Option<f64> {
    let units = [("TiB", 40_i32), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];
    let (number, factor) =
        units.iter().find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, f64::from(*bits).exp2()))).unwrap_or((text, 1.0));
    number.trim().parse::<f64>().ok().map(|number| number * factor)
}

/// Whether two demands are the same, however the numbers are written.
pub(super) fn same(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> bool {
    let within = |a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>| {
        a.iter().filter(|(_, amount)| **amount > 0.0).all(|(name, amount)| b.get(name).is_some_and(|other| (other - amount).abs() < 1e-6))
    };
    within(a, b) && within(b, a)
}

/// The Python literal `{'CPU': 0.1, 'GPU': 1.0}` as amounts.
pub(super) fn literal(text: &str) -> BTreeMap<String, f64> {
    let inside = text.trim_matches(|symbol: char| "{} ".contains(symbol));
    inside
        .split(',')
        .filter_map(|pair| {
            let (name, amount) = pair.rsplit_once(':')?;
            Some((name.trim().trim_matches(['\'', '"']).to_owned(), amount.trim().parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_both_autoscalers_write_them() {
        assert_eq!(usage(" 0.2/2.0 CPU"), Some(("CPU", 0.2, 2.0)));
        assert_eq!(usage("0B/2.00GiB memory"), Some(("memory", 0.0, 2_147_483_648.0)));
        assert_eq!(usage("1.0/1.0 GPU (0.5 used of 1.0 reserved in placement groups)"), Some(("GPU", 1.0, 1.0)));
        assert_eq!(usage("(no demands)"), None);
        let demand = literal("{'CPU': 0.1, 'accelerator_type:L4': 0.01}");
        assert!(same(&demand, &amounts(&serde_json::json!({ "CPU": 0.1, "accelerator_type:L4": 0.01, "memory": 0 }))));
        assert_eq!(resources(&amounts(&serde_json::json!([{ "CPU": 1 }, { "GPU": 0.5, "CPU": 0.5 }]))).gpus, 1);
    }
}
