//! Puts what was read together into one view.

use super::container_log::{ContainerLog, Instead};
use super::limits;
use super::monitor;
use super::normalize::{self, Facts, deployment_key};
use super::poll::{AzureSource, Endpoint, Item, Round};
use super::record::record;
use crate::domain::event::Event;
use crate::domain::log::LogTail;
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::workload::Workload;

/// The most bytes of a log tail.
const TAIL: usize = 8 * 1024;

pub(super) fn view(source: &AzureSource, endpoints: &[Endpoint], items: &[Item], mut round: Round<'_>) -> View {
    let mut view = View { cluster: Some(cluster(source, endpoints)), ..View::default() };
    for item in items {
        if let Some(endpoint) = endpoints.get(item.endpoint) {
            add_deployment(source, endpoint, item, &round, &mut view);
        }
        round.gaps.extend(withheld(source, item));
    }
    for endpoint in endpoints {
        let name = &endpoint.resource.name;
        let mine = |workload: &&Workload| workload.key.name.split_once('/').is_some_and(|(own, _)| own == name);
        let serving = view.workloads.iter().filter(mine).any(|workload| workload.status.serving);
        let operation = endpoint.operation.as_ref().map(|(operation, _)| operation);
        view.workloads.push(normalize::endpoint(&source.manager.place, &source.context, &endpoint.resource, operation, serving));
        let mut parts = vec![("endpoint", &endpoint.raw)];
        parts.extend(endpoint.operation.as_ref().map(|(_, raw)| ("operation", raw)));
        view.raw.insert(source.key(name), record(&parts, &normalize::odd_weights(&endpoint.resource)));
        for odd in normalize::odd_weights(&endpoint.resource) {
            round.gap(
                format!("traffic of {name}"),
                Failure::new(FailureKind::Unsupported, odd, "az ml online-endpoint update --traffic sets the weights"),
            );
        }
    }
    view.workloads.sort_by(|a, b| a.key.cmp(&b.key));
    view.quotas.clone_from(&source.memory.limits.value.quotas);
    view.events.extend(source.memory.activity.value.iter().cloned());
    view.events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.of.cmp(&b.of)).then_with(|| a.reason.cmp(&b.reason)));
    let slow = [&source.memory.figures.gaps, &source.memory.limits.gaps, &source.memory.activity.gaps];
    round.gaps.extend(slow.into_iter().flatten().cloned());
    round.gaps.extend(source.memory.logs.values().flat_map(|logs| logs.gaps.iter().cloned()));
    round.gaps.sort_by(|a, b| a.what.cmp(&b.what));
    view.gaps = round.gaps;
    view
}

fn cluster(source: &AzureSource, endpoints: &[Endpoint]) -> Cluster {
    let place = &source.manager.place;
    Cluster {
        platform: super::PLATFORM.into(),
        name: place.workspace.as_str().into(),
        version: None,
        region: source.location(endpoints).map(Text::from),
        account: Some(place.subscription.as_str().into()),
        identity: None,
        pending_replicas: None,
    }
}

fn add_deployment(source: &AzureSource, endpoint: &Endpoint, item: &Item, round: &Round<'_>, view: &mut View) {
    let limits = &source.memory.limits.value;
    let figures = source.memory.figures.value.get(&item.name);
    let logs = source.memory.logs.get(&item.name);
    let containers: &[(&'static str, ContainerLog)] = logs.map_or(&[], |logs| &logs.containers);
    let quota = limits::demand(&item.resource.properties.instance_type, &limits.sizes, &limits.quotas);
    let scale = limits.scales.get(&item.resource.id.to_lowercase());
    let facts = Facts {
        place: &source.manager.place,
        context: &source.context,
        endpoint: &endpoint.resource,
        deployment: &item.resource,
        operation: item.operation.as_ref().map(|(operation, _)| operation),
        logs: containers,
        figures,
        bounds: scale.map(|scale| scale.bounds),
        size: limits.sizes.get(&item.resource.properties.instance_type.to_lowercase()),
        quota: quota.as_ref(),
        now: round.focus.now,
    };
    let workload = normalize::deployment(&facts);
    let key = deployment_key(&source.context, &endpoint.resource.name, &item.resource.name);
    view.scalers.extend(scale.map(|scale| scale.scaler(&key, item.resource.sku.capacity)));
    for (container, log) in containers {
        let at = logs.map_or(round.focus.now, |logs| logs.at);
        if let Some(lines) = log.tail().filter(|_| log.instead.is_none()) {
            view.log_tails.push(LogTail {
                of: key.clone(),
                workload: Some(key.clone()),
                container: Some((*container).into()),
                previous: false,
                at,
                lines: Text::clean_lines(&lines, TAIL),
            });
        }
        view.events.extend(pod_events(&key, log));
    }
    let mut words: Vec<String> = facts
        .operation
        .and_then(|operation| {
            let took = normalize::took(operation, round.focus.now)?;
            Some(format!("operation {} after {took}", operation.status))
        })
        .into_iter()
        .collect();
    words.extend(containers.iter().filter_map(|(container, log)| Some(format!("{container}: {}", log.progress()?))));
    words.extend(figures.map(monitor::words).unwrap_or_default());
    let mut parts = vec![("deployment", &item.raw)];
    parts.extend(item.operation.as_ref().map(|(_, raw)| ("operation", raw)));
    view.raw.insert(key, record(&parts, &words));
    view.workloads.push(workload);
}

/// A log that the service does not give out while it makes a deployment, as what is missing.
fn withheld(source: &AzureSource, item: &Item) -> Option<Gap> {
    let logs = source.memory.logs.get(&item.name)?;
    let sentence = logs.containers.iter().find_map(|(_, log)| match &log.instead {
        Some(Instead::Withheld(sentence)) => Some(sentence),
        Some(Instead::Nothing(_)) | None => None,
    })?;
    let hint = "nothing to do: it is asked for again every half minute, and up to ten minutes after the operation ends";
    let failure = Failure::new(FailureKind::Unsupported, format!("Azure withholds it: {sentence}"), hint);
    Some(Gap { what: format!("log of {}", item.name).into(), failure })
}

/// Events of the pod, repeated ones as one.
fn pod_events(key: &crate::domain::id::ResourceKey, log: &ContainerLog) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for event in &log.events {
        let Some(at) = event.at else { continue };
        match events.iter_mut().find(|known| known.reason.as_str() == event.name && known.message.as_str() == event.message) {
            Some(known) => {
                known.count += 1;
                known.first_at = Some(known.first_at.unwrap_or(known.at).min(at));
                known.at = known.at.max(at);
            }
            None => events.push(Event {
                of: key.clone(),
                at,
                first_at: None,
                count: 1,
                warning: event.warning,
                reason: event.name.as_str().into(),
                message: event.message.as_str().into(),
            }),
        }
    }
    events
}
