//! The record of one object, as its source received it; where no source keeps records, what holdup
//! itself keeps of it.

use serde::Serialize;

use super::content::{Cell, Content, Row, Span};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::View;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// The longest record shown, in bytes.
const LONGEST: usize = 256 * 1024;

/// The raw record of a resource and the source that received it.
pub fn record<'a>(model: &'a Model, key: &ResourceKey) -> Option<(&'a SourceId, &'a Text)> {
    let mut sources = model.snapshot().views.iter();
    sources.find_map(|(id, source)| Some((id, source.view.raw.get(key)?)))
}

/// What holdup keeps of a resource, of every source that tells of it.
pub fn kept<'a>(model: &'a Model, key: &'a ResourceKey) -> Vec<(&'a SourceId, String)> {
    let sources = model.snapshot().sources(&key.context);
    sources.flat_map(|(id, source)| of_view(&source.view, key).into_iter().map(move |text| (id, text))).collect()
}

/// Whether there is anything to show.
pub fn is_known(model: &Model, key: &ResourceKey) -> bool {
    record(model, key).is_some() || !kept(model, key).is_empty()
}

fn of_view(view: &View, key: &ResourceKey) -> Vec<String> {
    match key.kind {
        ResourceKind::Workload => of(&view.workloads, |it| &it.key, key),
        ResourceKind::Replica => of(&view.replicas, |it| &it.key, key),
        ResourceKind::Job => view.workloads.iter().flat_map(|workload| of(&workload.jobs, |it| &it.key, key)).collect(),
        ResourceKind::Node => of(&view.nodes, |it| &it.key, key),
        ResourceKind::NodeGroup => of(&view.groups, |it| &it.key, key),
        ResourceKind::Activity => of(&view.activities, |it| &it.key, key),
        ResourceKind::Quota => of(&view.quotas, |it| &it.key, key),
        ResourceKind::Rollout => of(&view.rollouts, |it| &it.key, key),
        ResourceKind::VolumeClaim => of(&view.claims, |it| &it.key, key),
        ResourceKind::Scaler => of(&view.scalers, |it| &it.key, key),
        ResourceKind::DisruptionBudget => of(&view.budgets, |it| &it.key, key),
        ResourceKind::NamespaceQuota => [of(&view.namespace_quotas, |it| &it.key, key), of(&view.limit_rules, |it| &it.key, key)].concat(),
        ResourceKind::Autoscaler => of(view.autoscaler.as_slice(), |it| &it.key, key),
        ResourceKind::NodePool => of(&view.node_pools, |it| &it.key, key),
        ResourceKind::NodeClaim => of(&view.node_claims, |it| &it.key, key),
        ResourceKind::NodeClass => of(&view.node_classes, |it| &it.key, key),
        ResourceKind::Object => of(&view.events, |it| &it.of, key),
        ResourceKind::Cluster | ResourceKind::Source => view.cluster.iter().filter_map(pretty).collect(),
    }
}

fn of<T: Serialize>(all: &[T], key_of: fn(&T) -> &ResourceKey, key: &ResourceKey) -> Vec<String> {
    all.iter().filter(|one| key_of(one) == key).filter_map(pretty).collect()
}

fn pretty(record: &impl Serialize) -> Option<String> {
    serde_json::to_string_pretty(record).ok()
}

/// Its lines, not wrapped: left and right pan.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Some(key) = route.subject() else { return Content::default() };
    if let Some((source, text)) = record(model, key) {
        let mut heading = vec![Span::muted(format!("as received by {}", source.kind))];
        if let Some(at) = model.snapshot().read_at(source) {
            heading.extend([Span::muted(", read "), Span::age(now, at, Meaning::Muted), Span::muted(" ago")]);
        }
        return Content { heading: vec![heading], ..document(text) };
    }
    let kept = kept(model, key);
    if kept.is_empty() {
        return Content { empty: "no source tells of this any more".to_owned(), ..Content::document(Vec::new()) };
    }
    let sources: Vec<&str> = kept.iter().map(|(source, _)| source.kind.as_str()).collect();
    let heading = vec![Span::muted(format!("as holdup keeps it, from {}; the record itself was not kept", sources.join(", ")))];
    let texts: Vec<&str> = kept.iter().map(|(_, text)| text.as_str()).collect();
    Content { heading: vec![heading], ..document(&Text::clean_lines(&texts.join("\n"), LONGEST)) }
}

fn document(text: &str) -> Content {
    let line = |(number, line): (usize, &str)| Row::new(ObjectId::Part(number.to_string()), vec![Cell::plain(line)]);
    Content::document(text.split('\n').enumerate().map(line).collect())
}
