//! Everything known of one object, for people.

use super::activity::{self, field};
use super::content::{Content, Row};
use super::{nodes, quotas, replicas, sources};
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::time::Timestamp;
use crate::domain::topology;
use crate::domain::workload::{Amount, Workload};

/// The details of the route's object.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Route::Details(object) = route else { return Content::default() };
    match object {
        ObjectId::Source(id) => Content::document(sources::one(model, id, now)),
        ObjectId::Part(_) => Content::document(Vec::new()),
        ObjectId::Resource(key) => match key.kind {
            ResourceKind::Activity => activity::one(model, &Route::OneActivity(key.clone()), now),
            ResourceKind::Quota => quotas::one(model, &Route::Quota(key.clone()), now),
            ResourceKind::Node => nodes::one(model, &Route::Node(key.clone()), now),
            ResourceKind::Workload => document(model.snapshot().workload(key).map(|(_, found)| workload(found))),
            ResourceKind::NodeGroup => document(group(model, key)),
            ResourceKind::Replica => document(replica(model, key)),
            _ => document(cluster(model, key)),
        },
    }
}

fn document(rows: Option<Vec<Row>>) -> Content {
    let empty = "nothing more is known of this".to_owned();
    Content { empty, ..Content::document(rows.unwrap_or_default()) }
}

fn some(rows: &mut Vec<Row>, name: &str, value: Option<String>) {
    rows.extend(value.filter(|value| !value.is_empty()).map(|value| field(name, &value)));
}

fn workload(workload: &Workload) -> Vec<Row> {
    let status = &workload.status;
    let serving = if status.serving { "answers requests" } else { "answers no request" };
    let mut rows = vec![
        field("name", &workload.key.name),
        field("kind", &format!("{} on {}", workload.kind, workload.platform)),
        field("status", &format!("{}; {serving}", status.native)),
    ];
    let counts = workload.replicas.as_ref();
    let states = counts.map(|counts| replicas::states(counts).into_iter().map(|(count, _, word, _)| format!("{count} {word}")));
    some(&mut rows, "replicas", states.map(|states| states.collect::<Vec<_>>().join(", ")));
    some(&mut rows, "bounds", workload.bounds.map(|bounds| format!("{} to {}", bounds.min, bounds.max)));
    let demand = workload.demand.map(|demand| {
        let gpus = if demand.gpus > 0 { format!(", {} GPU", demand.gpus) } else { String::new() };
        let neuron = if demand.neuron > 0 { format!(", {} Neuron", demand.neuron) } else { String::new() };
        format!("{}, {}{gpus}{neuron}", nodes::cpu(demand.cpu_millis), nodes::memory(demand.memory_bytes))
    });
    some(&mut rows, "one takes", demand);
    let amount = |amount| match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Percent(percent) => format!("{percent}%"),
    };
    let resolved = workload.surge_and_unavailable().map(|(surge, out)| format!(" ({surge} extra, {out} missing allowed)"));
    let strategy = workload
        .strategy
        .map(|strategy| format!("max_surge {}, max_unavailable {}", amount(strategy.max_surge), amount(strategy.max_unavailable)));
    some(&mut rows, "update", strategy.map(|strategy| strategy + &resolved.unwrap_or_default()));
    let groups: Vec<&str> = workload.pinned_groups.iter().map(crate::domain::text::Text::as_str).collect();
    some(&mut rows, "pinned to", Some(groups.join(", ")));
    let targets: Vec<String> = workload
        .targets
        .iter()
        .map(|target| format!("{} {}%{}", target.workload, target.weight, if target.shadow { " (shadow)" } else { "" }))
        .collect();
    some(&mut rows, "sends to", Some(targets.join(", ")));
    let versions: Vec<&str> = workload.versions.iter().map(|version| version.id.as_str()).collect();
    some(&mut rows, "versions", Some(versions.join(", ")));
    some(&mut rows, "deployed", workload.deployed_at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    some(&mut rows, "endpoint", workload.endpoint.as_ref().map(ToString::to_string));
    some(&mut rows, "same as", Some(workload.reproduce.to_string()));
    rows
}

fn group(model: &Model, key: &ResourceKey) -> Option<Vec<Row>> {
    let groups = topology::groups(model.snapshot(), &key.context);
    let joined = groups.iter().find(|joined| joined.key == key)?;
    let mut rows = vec![field("group", &key.name)];
    for (source, group) in joined.configured.into_iter().chain(joined.actual) {
        let count = |value: Option<u32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
        let who = format!(
            "{}: min {}, max {}, desired {}, in service {}, pending {}",
            source.kind,
            group.min,
            group.max,
            count(group.desired),
            count(group.in_service),
            count(group.pending)
        );
        rows.push(Row { id: ObjectId::Part(source.to_string()), ..field("size", &who) });
        some(&mut rows, "cloud name", group.cloud_name.as_ref().map(ToString::to_string));
        let list = |texts: &[crate::domain::text::Text]| texts.iter().map(crate::domain::text::Text::as_str).collect::<Vec<_>>().join(", ");
        some(&mut rows, "machines", Some(list(&group.instance_types)));
        some(&mut rows, "zones", Some(list(&group.zones)));
        for suspended in &group.suspended {
            rows.push(Row {
                id: ObjectId::Part(suspended.process.to_string()),
                ..field("suspended", &format!("{}: {}", suspended.process, suspended.reason))
            });
        }
    }
    Some(rows)
}

fn replica(model: &Model, key: &ResourceKey) -> Option<Vec<Row>> {
    let found = replicas::select(model, |replica| replica.key == *key);
    let replica = found.first()?;
    let mut rows = vec![
        field("replica", &key.name),
        field("state", &format!("{}{}", replica.state, if replica.ready { ", answers" } else { "" })),
        field("version", &format!("{} ({})", replica.version, if replica.is_current { "new" } else { "old" })),
        field("restarts", &replica.restarts.to_string()),
    ];
    some(&mut rows, "of", replica.workload.as_ref().map(|workload| workload.name.to_string()));
    some(&mut rows, "why", replica.reason.as_ref().map(ToString::to_string));
    some(&mut rows, "node", replica.node.as_ref().map(ToString::to_string));
    Some(rows)
}

fn cluster(model: &Model, key: &ResourceKey) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for (id, view) in model.snapshot().sources(&key.context) {
        let Some(cluster) = &view.view.cluster else { continue };
        let parts = [cluster.version.as_ref(), cluster.region.as_ref(), cluster.account.as_ref(), cluster.identity.as_ref()];
        let words: Vec<&str> = parts.into_iter().flatten().map(crate::domain::text::Text::as_str).collect();
        let text = format!("{} {} {}", cluster.platform, cluster.name, words.join(" · "));
        rows.push(Row { id: ObjectId::Part(id.to_string()), ..field(&id.kind, &text) });
    }
    (!rows.is_empty()).then_some(rows)
}
