//! Why nobody answers at the target of a route: at zero replicas, or not there at all. A target
//! that is itself held up is explained where it stands.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::workload::Phase;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::Waiting;
use crate::explain::unplaced;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "target_silent",
    explains: Condition::TargetSilent,
    causes: &["cortex/http-activator-wait", "cortex/api-not-deployed", "cortex/http-not-ready-yet"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return not_deployed(world, key) };
    if workload.status.phase != Phase::Zero {
        let says = format!("{} has no ready replica ({})", key.name, workload.status.native);
        let waiting = Waiting { source, workload, job: None };
        let waits = waiting.unplaced() > 0;
        let groups = unplaced::groups(world, waiting).into_iter().filter(|_| waits);
        return Held::new("cortex/http-not-ready-yet", key, Confidence::Certain, says.as_str(), says.as_str())
            .evidence([world.evidence(source, key, "status", workload.status.native.clone())])
            .asks(groups.collect::<Vec<Symptom>>())
            .verdict();
    }
    let says = format!("{} is scaled to zero: the first request wakes a replica and waits for it", key.name);
    let bounds = workload.bounds.map(|bounds| world.evidence(source, key, "autoscaling.min_replicas", bounds.min.to_string()));
    Held::new(
        "cortex/http-activator-wait",
        key,
        world.confidence(source, Confidence::Certain),
        says,
        format!("target {} is at zero replicas", key.name),
    )
    .evidence([world.evidence(source, key, "status", workload.status.native.clone())])
    .evidence(bounds)
    .remedies([
        remedy(Risk::Low, "wake it: send one request and wait until a replica is ready", wake(workload.endpoint.as_deref())),
        remedy(
            Risk::Mutating,
            "keep it awake: set autoscaling.min_replicas to 1 and deploy. One replica is paid for all the time",
            format!("cortex deploy --env {}", commands::quoted(&key.context)),
        ),
        advice(Risk::Mutating, "or send the traffic to a target that serves: change the weights of the splitter and deploy"),
    ])
    .verdict()
}

fn wake(endpoint: Option<&str>) -> String {
    // The address is the operator's word: anything else could be read as an option or a file.
    let address = endpoint.filter(|endpoint| endpoint.starts_with("http://") || endpoint.starts_with("https://"));
    format!("curl -sS -g -m 600 -X POST {} -d '{{}}'", commands::quoted(address.unwrap_or("http://ENDPOINT")))
}

fn not_deployed(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let platform = world.context(&key.context).workloads.first().map(|(source, _)| *source);
    let Some(source) = platform else { return Verdict::Clear };
    let says = format!("{} is not deployed", key.name);
    Held::new("cortex/api-not-deployed", key, world.confidence(source, Confidence::Certain), says.as_str(), format!("target {says}"))
        .evidence([world.evidence(source, key, "name", "absent from the list of APIs")])
        .remedies([advice(Risk::Mutating, "deploy the target, or take it out of the splitter's configuration and deploy that")])
        .verdict()
}

#[cfg(test)]
mod tests {
    use super::wake;

    #[test]
    fn an_endpoint_cannot_become_an_option() {
        assert!(wake(Some("-o/tmp/x")).contains(" http://ENDPOINT "));
        assert!(wake(Some("http://a/$(id)")).contains(" 'http://a/$(id)' "));
    }
}
