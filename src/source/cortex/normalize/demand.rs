//! Amounts as the operator writes them, and what one replica of an API asks of the scheduler.

use super::super::version::Version;
use super::super::wire::{Compute, Spec};
use crate::domain::capacity::Resources;
use crate::domain::workload::{Amount, UpdateStrategy};
use crate::source::quantity::{believable, quantity};

/// What the sidecar beside an API's containers asks for (the proxy, or the dequeuer).
const SIDECAR: Resources = Resources { cpu_millis: 100, memory_bytes: 100 * 1024 * 1024, storage_bytes: 0, gpus: 0, neuron: 0, pods: 0 };

/// More devices than any machine has; sums of it stay in range.
const MOST_DEVICES: i64 = 1_000_000;

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
}
