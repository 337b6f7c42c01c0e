//! Amounts: Kubernetes quantities, and what one replica of an API asks of the scheduler.

use super::super::version::Version;
use super::super::wire::{Compute, Spec};
use crate::domain::capacity::Resources;
use crate::domain::workload::{Amount, UpdateStrategy};

/// What the sidecar beside an API's containers asks for (the proxy, or the dequeuer).
const SIDECAR: Resources = Resources { cpu_millis: 100, memory_bytes: 100 * 1024 * 1024, storage_bytes: 0, gpus: 0, neuron: 0, pods: 0 };

/// A Kubernetes quantity (`200m`, `8Gi`, `14G`, `1e3`) in thousandths of its unit.
pub fn quantity(text: &str) -> Option<i128> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(split)?;
    let (multiplier, divisor): (i128, i128) = match suffix {
        "" => (1, 1),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        _ => (10_i128.checked_pow(suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|power| *power <= 18)?)?, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let negative = whole.starts_with('-');
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Nine digits of a fraction are more than any quantity carries.
    let fraction = fraction.get(..9).unwrap_or(fraction);
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let digits = whole.checked_mul(scale)?.checked_add(if negative { -part } else { part })?;
    digits.checked_mul(1_000)?.checked_mul(multiplier)?.checked_div(scale.checked_mul(divisor)?)
}

/// More devices than any machine has; sums of it stay in range.
const MOST_DEVICES: i64 = 1_000_000;

/// An amount that no machine exceeds, so that sums of it stay in range.
fn believable(amount: i128) -> i64 {
    const MOST: i64 = 1 << 53;
    i64::try_from(amount.clamp(i128::from(-MOST), i128::from(MOST))).unwrap_or(MOST)
}

/// Amounts as the operator writes them.
pub fn amount(compute: &Compute) -> Resources {
    let thousandths = |text: &Option<String>| text.as_deref().and_then(quantity).unwrap_or(0);
    Resources {
        cpu_millis: believable(thousandths(&compute.cpu)),
        memory_bytes: believable(thousandths(&compute.mem) / 1_000),
        storage_bytes: 0,
        gpus: compute.gpu.unwrap_or(0).clamp(-MOST_DEVICES, MOST_DEVICES),
        neuron: compute.inf.unwrap_or(0).clamp(-MOST_DEVICES, MOST_DEVICES),
        pods: 0,
    }
}

/// What one replica asks for, sidecar included. `None` for kinds without replicas.
pub fn demand(spec: &Spec, version: &Version) -> Option<Resources> {
    let containers = spec.pod.as_ref().map(|pod| pod.containers.iter().map(|container| &container.compute).collect::<Vec<_>>());
    let parts = containers.or_else(|| spec.compute.as_ref().map(|compute| vec![compute]))?;
    let own = parts.into_iter().map(amount).fold(Resources { pods: 1, ..Resources::default() }, Resources::plus);
    let has_sidecar = match spec.kind.as_str() {
        "RealtimeAPI" => true,
        "AsyncAPI" | "BatchAPI" => version.has_dequeuer(),
        _ => false,
    };
    Some(if has_sidecar { own.plus(SIDECAR) } else { own })
}

/// `25%` or `1`; `None` for anything else, so that nobody takes a guess for what was read.
fn step(text: Option<&str>) -> Option<Amount> {
    let text = text.unwrap_or("25%").trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().ok().map(Amount::Percent),
        None => text.parse().ok().map(Amount::Count),
    }
}

/// How replicas are replaced; the operator's default is 25 % of both.
pub(super) fn strategy(spec: &Spec) -> Option<UpdateStrategy> {
    let strategy = spec.update_strategy.as_ref()?;
    Some(UpdateStrategy { max_surge: step(strategy.max_surge.as_deref())?, max_unavailable: step(strategy.max_unavailable.as_deref())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_every_spelling() {
        let cases = [
            ("200m", 200),
            ("2", 2_000),
            ("0.5", 500),
            ("-1.5", -1_500),
            ("8Gi", 8 * 1_073_741_824_000),
            ("14G", 14_000_000_000_000),
            ("6732732Ki", 6_732_732 * 1_024_000),
            ("1e3", 1_000_000),
        ];
        for (text, expected) in cases {
            assert_eq!(quantity(text), Some(expected), "{text}");
        }
        for nonsense in ["x", "1e99", "5Qi", "1.2.3", "99999999999999999999999999999999999999999"] {
            assert_eq!(quantity(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn an_unreadable_strategy_is_not_read_as_the_default() {
        let read = |surge: &str| {
            let spec = serde_json::json!({"update_strategy": {"max_surge": surge}});
            strategy(&serde_json::from_value(spec).unwrap())
        };
        let usual = Amount::Percent(25);
        assert_eq!(read("1"), Some(UpdateStrategy { max_surge: Amount::Count(1), max_unavailable: usual }));
        assert_eq!(read("50%"), Some(UpdateStrategy { max_surge: Amount::Percent(50), max_unavailable: usual }));
        assert_eq!((read("lots"), read("-5%")), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[0-9eEmkMGTi.+-]{0,40}") {
            let _ = quantity(&text);
        }
    }
}
