//! Everything known of one object, for people: a document a kind of object.

pub mod document;
mod limits;
mod node;
mod provisioner;
mod replica;
mod workload;

use document::Document;

use super::activity;
use super::content::{Content, Span};
use super::{quotas, sources};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::snapshot::View;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::topology;

/// The details of the route's object.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Route::Details(object) = route else { return Content::default() };
    let mut document = Document::new(now);
    match object {
        ObjectId::Source(id) => return Content::document(sources::one(model, id, now)),
        ObjectId::Part(_) => {}
        ObjectId::Event { of, reason, message } => {
            event(&mut document, model, of, (reason, message));
            document.section(of.kind.word());
            resource(&mut document, model, of);
        }
        ObjectId::Resource(key) => match key.kind {
            ResourceKind::Activity => return activity::one(model, &Route::OneActivity(key.clone()), now),
            ResourceKind::Quota => return quotas::one(model, &Route::Quota(key.clone()), now),
            _ => resource(&mut document, model, key),
        },
    }
    document.content()
}

fn resource(document: &mut Document, model: &Model, key: &ResourceKey) {
    match key.kind {
        ResourceKind::Workload => workload::write(document, model, key),
        ResourceKind::Node => node::write(document, model, key),
        ResourceKind::Replica => replica::write(document, model, key),
        ResourceKind::NodeGroup => group(document, model, key),
        ResourceKind::Cluster | ResourceKind::Source => cluster(document, model, key),
        _ => {
            document.field(key.kind.word(), &key.name);
            for (_, source) in model.snapshot().sources(&key.context) {
                of_view(document, &source.view, key);
            }
            document.events(model, key);
        }
    }
}

/// The objects of the cluster that are one record of one source.
fn of_view(document: &mut Document, view: &View, key: &ResourceKey) {
    match key.kind {
        ResourceKind::Rollout => {
            if let Some(rollout) = view.rollouts.iter().find(|rollout| rollout.key == *key) {
                document.field("of", &rollout.workload.name);
                workload::write_rollout(document, rollout);
            }
        }
        ResourceKind::VolumeClaim => each(&view.claims, |claim| &claim.key, key, |claim| limits::write_claim(document, claim)),
        ResourceKind::Scaler => each(&view.scalers, |scaler| &scaler.key, key, |scaler| limits::write_scaler(document, scaler)),
        ResourceKind::DisruptionBudget => {
            each(&view.budgets, |budget| &budget.key, key, |budget| limits::write_budget(document, budget));
        }
        ResourceKind::NamespaceQuota => {
            each(&view.namespace_quotas, |quota| &quota.key, key, |quota| limits::write_quota(document, quota));
            each(&view.limit_rules, |rule| &rule.key, key, |rule| limits::write_rule(document, rule));
        }
        ResourceKind::Autoscaler => {
            each(view.autoscaler.as_slice(), |status| &status.key, key, |status| provisioner::write_autoscaler(document, status));
        }
        ResourceKind::NodePool => each(&view.node_pools, |pool| &pool.key, key, |pool| provisioner::write_pool(document, pool)),
        ResourceKind::NodeClaim => each(&view.node_claims, |claim| &claim.key, key, |claim| provisioner::write_claim(document, claim)),
        ResourceKind::NodeClass => each(&view.node_classes, |class| &class.key, key, |class| provisioner::write_class(document, class)),
        ResourceKind::Job => {
            let jobs = view.workloads.iter().flat_map(|workload| &workload.jobs);
            for job in jobs.filter(|job| job.key == *key) {
                document.field("status", &job.native);
                document.at("started", job.started_at);
            }
        }
        _ => {}
    }
}

fn each<T>(all: &[T], key_of: fn(&T) -> &ResourceKey, key: &ResourceKey, mut write: impl FnMut(&T)) {
    all.iter().filter(|one| key_of(one) == key).for_each(&mut write);
}

fn event(document: &mut Document, model: &Model, of: &ResourceKey, (reason, message): (&Text, &Text)) {
    let views = model.snapshot().sources(&of.context);
    let mut found = views.flat_map(|(id, source)| source.view.events.iter().map(move |event| (id, event)));
    let Some((source, event)) = found.find(|(_, event)| event.of == *of && event.reason == *reason && event.message == *message) else {
        return;
    };
    document.field("event", &event.reason);
    document.field("of", of.to_string());
    let meaning = if event.warning { Meaning::Warning } else { Meaning::Plain };
    document.line("kind", vec![Span::new(if event.warning { "warning" } else { "notice" }, meaning)]);
    document.line("said", vec![Span::new(event.message.as_str(), Meaning::Quoted)]);
    document.field("times", event.count.to_string());
    document.at("first", event.first_at);
    document.at("last", Some(event.at));
    document.field("source", &source.kind);
}

fn group(document: &mut Document, model: &Model, key: &ResourceKey) {
    let groups = topology::groups(model.snapshot(), &key.context);
    let Some(joined) = groups.iter().find(|joined| joined.key == key) else { return };
    document.field("group", &key.name);
    for (source, group) in joined.configured.into_iter().chain(joined.actual) {
        let count = |value: Option<u32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
        let sizes = format!(
            "{}: min {}, max {}, desired {}, in service {}, pending {}",
            source.kind,
            group.min,
            group.max,
            count(group.desired),
            count(group.in_service),
            count(group.pending)
        );
        document.field("size", sizes);
        document.some("cloud name", group.cloud_name.as_ref());
        document.list("machines", &group.instance_types);
        document.list("zones", &group.zones);
        for suspended in &group.suspended {
            document.field("suspended", format!("{}: {}", suspended.process, suspended.reason));
        }
    }
    let nodes = topology::nodes(model.snapshot(), &key.context);
    document.list("nodes", nodes.iter().filter(|joined| joined.group == Some(&key.name)).map(|joined| &joined.node.key.name));
    document.events(model, key);
}

fn cluster(document: &mut Document, model: &Model, key: &ResourceKey) {
    for (id, view) in model.snapshot().sources(&key.context) {
        let Some(cluster) = &view.view.cluster else { continue };
        let parts = [cluster.version.as_ref(), cluster.region.as_ref(), cluster.account.as_ref(), cluster.identity.as_ref()];
        let words: Vec<&str> = parts.into_iter().flatten().map(Text::as_str).collect();
        document.field(&id.kind, format!("{} {} {}", cluster.platform, cluster.name, words.join(" · ")));
    }
}
