//! One poll of one workspace: what is asked, in which order, how much of it, and how often.
//!
//! Endpoints and deployments each time; the operation of every deployment that is not well, and
//! its logs; figures, limits and the activity log at their own pace. What fails in one place is a
//! gap, and the rest goes on.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::TryFutureExt as _;
use serde::Deserialize as _;
use serde_json::Value;
use tokio::time::Instant;

use super::client::{DEADLINE, Manager, PAGES};
use super::memory::Memory;
use super::normalize::{is_moving, phase, stamp};
use super::refusal::concerns_everything;
use super::wire::{Operation, Resource};
use super::{SOURCE, compose, slow, tails};
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::Phase;
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// Requests in flight at once.
pub(super) const AT_ONCE: usize = 4;
/// When a poll stops asking for what is only nice to know.
const BUDGET: Duration = Duration::from_secs(20);
/// The most operations asked in one poll.
const OPERATIONS: usize = 60;

/// Polls one workspace.
#[derive(Debug)]
pub struct AzureSource {
    id: SourceId,
    pub(super) context: Text,
    pub(super) manager: Arc<Manager>,
    pub(super) memory: Memory,
}

/// A deployment with its endpoint and what was found out about it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) endpoint: usize,
    /// `endpoint/deployment`.
    pub(super) name: String,
    pub(super) raw: Value,
    pub(super) resource: Resource,
    pub(super) operation: Option<(Operation, Value)>,
}

/// An endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) raw: Value,
    pub(super) resource: Resource,
    pub(super) operation: Option<(Operation, Value)>,
}

/// What a poll collects on its way.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub(super) focus: &'a Focus,
    begun: Instant,
    pub(super) gaps: Vec<Gap>,
}

impl Round<'_> {
    pub(super) fn is_late(&self) -> bool {
        self.begun.elapsed() > BUDGET
    }

    pub(super) fn gap(&mut self, what: impl Into<Text>, failure: Failure) {
        self.gaps.push(Gap { what: what.into(), failure });
    }
}

impl Item {
    /// Whether it is not as it should be, so that more is asked about it.
    pub(super) fn is_suspect(&self) -> bool {
        phase(&self.resource.properties.provisioning_state) != Phase::Live
    }

    pub(super) fn operation_link(&self) -> String {
        operation_link(&self.resource)
    }
}

impl AzureSource {
    /// A source for one workspace.
    pub fn new(context: &Text, manager: Arc<Manager>) -> Self {
        Self { id: SourceId::new(context, SOURCE), context: context.clone(), manager, memory: Memory::default() }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let mut round = Round { focus, begun: Instant::now(), gaps: Vec::new() };
        let mut endpoints = self.endpoints(&mut round).await?;
        let mut items = self.deployments(&endpoints, &mut round).await?;
        self.operations(&mut endpoints, &mut items, &mut round).await?;
        let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
        let links: Vec<String> =
            items.iter().map(Item::operation_link).chain(endpoints.iter().map(|one| operation_link(&one.resource))).collect();
        self.memory.keep_only(&names, &links);
        self.workspace(&mut round).await;
        slow::figures(self, &endpoints, &items, &mut round).await;
        tails::read(self, &endpoints, &items, &mut round).await;
        slow::limits(self, &endpoints, &mut round).await;
        slow::activity(self, &items, &mut round).await;
        Ok(compose::view(self, &endpoints, &items, round))
    }

    async fn endpoints(&mut self, round: &mut Round<'_>) -> Result<Vec<Endpoint>, Failure> {
        let path = format!("{}/onlineEndpoints", self.manager.place.workspace_path());
        let pages = self.manager.list(&path, &[], "workspace").await?;
        if pages.cut {
            round.gap("endpoints", cut("endpoints", pages.values.len()));
        }
        let mut endpoints = Vec::new();
        for raw in pages.values {
            match named(&raw) {
                Some(resource) => endpoints.push(Endpoint { raw, resource, operation: None }),
                None => round.gap("an endpoint", unreadable()),
            }
        }
        endpoints.sort_by(|a, b| a.resource.name.cmp(&b.resource.name));
        Ok(endpoints)
    }

    async fn deployments(&mut self, endpoints: &[Endpoint], round: &mut Round<'_>) -> Result<Vec<Item>, Failure> {
        let asked: Vec<_> = endpoints
            .iter()
            .map(|endpoint| {
                let manager = Arc::clone(&self.manager);
                let path = format!("{}/onlineEndpoints/{}/deployments", manager.place.workspace_path(), endpoint.resource.name);
                async move { manager.list(&path, &[], "endpoint").await }
            })
            .collect();
        let answers: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut items = Vec::new();
        for (index, (endpoint, answer)) in endpoints.iter().zip(answers).enumerate() {
            let name = &endpoint.resource.name;
            match answer {
                Ok(pages) => {
                    if pages.cut {
                        round.gap(format!("deployments of {name}"), cut("deployments", pages.values.len()));
                    }
                    self.memory.deployments.insert(name.clone(), pages.values);
                }
                // Removed between two requests.
                Err(failure) if failure.kind == FailureKind::NotFound => {
                    self.memory.deployments.remove(name);
                }
                Err(failure) if concerns_everything(failure.kind) => return Err(failure),
                Err(failure) => round.gap(format!("deployments of {name}"), failure),
            }
            for raw in self.memory.deployments.get(name).into_iter().flatten() {
                match named(raw) {
                    Some(resource) => {
                        let name = format!("{name}/{}", resource.name);
                        items.push(Item { endpoint: index, name, raw: raw.clone(), resource, operation: None });
                    }
                    None => round.gap(format!("a deployment of {name}"), unreadable()),
                }
            }
        }
        let known: Vec<&String> = endpoints.iter().map(|endpoint| &endpoint.resource.name).collect();
        self.memory.deployments.retain(|name, _| known.contains(&name));
        Ok(items)
    }

    /// Follows the operation of everything that is not well to its own resource: only there stands
    /// why it failed.
    async fn operations(&mut self, endpoints: &mut [Endpoint], items: &mut [Item], round: &mut Round<'_>) -> Result<(), Failure> {
        let suspects = items.iter().filter(|item| item.is_suspect()).map(|item| (item.name.clone(), item.operation_link()));
        let ill = endpoints.iter().filter(|one| phase(&one.resource.properties.provisioning_state) != Phase::Live);
        let all: Vec<(String, String)> =
            suspects.chain(ill.map(|one| (one.resource.name.clone(), operation_link(&one.resource)))).collect();
        for (name, _) in all.iter().filter(|(_, link)| link.is_empty()) {
            round.gap(format!("operation of {name}"), no_operation());
        }
        let open: Vec<(String, String)> =
            all.into_iter().filter(|(_, link)| !link.is_empty() && !self.memory.ended.contains_key(link)).take(OPERATIONS).collect();
        let asked: Vec<_> = open
            .iter()
            .map(|(_, link)| {
                let manager = Arc::clone(&self.manager);
                let link = link.clone();
                async move { manager.follow(&link, "operation").await }
            })
            .collect();
        let answers: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut running = std::collections::BTreeMap::new();
        for ((name, link), answer) in open.into_iter().zip(answers) {
            match answer.and_then(|raw| Ok((Operation::deserialize(&raw).map_err(|_| unreadable())?, raw))) {
                Ok((operation, raw)) if is_moving(&operation.status) => {
                    running.insert(link, (operation, raw));
                }
                Ok(ended) => {
                    self.memory.ended.insert(link, ended);
                }
                Err(failure) if failure.kind == FailureKind::NotFound => round.gap(format!("operation of {name}"), forgotten()),
                Err(failure) if concerns_everything(failure.kind) => return Err(failure),
                Err(failure) => round.gap(format!("operation of {name}"), failure),
            }
        }
        let find = |link: &str| running.get(link).or_else(|| self.memory.ended.get(link)).cloned();
        for item in items.iter_mut().filter(|item| item.is_suspect()) {
            item.operation = find(&operation_link(&item.resource));
        }
        for endpoint in endpoints.iter_mut().filter(|one| phase(&one.resource.properties.provisioning_state) != Phase::Live) {
            endpoint.operation = find(&operation_link(&endpoint.resource));
        }
        Ok(())
    }

    /// The workspace itself, once: its region, and what may explain a build that fails.
    async fn workspace(&mut self, round: &mut Round<'_>) {
        if self.memory.workspace.is_some() {
            return;
        }
        match self.manager.get(&self.manager.place.workspace_path(), "workspace").await {
            Ok(raw) => {
                let location = raw.get("location").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.memory.workspace = Some((raw, location));
            }
            Err(failure) => round.gap("workspace", failure),
        }
    }

    /// The region: the workspace's, or that of any endpoint.
    pub(super) fn location(&self, endpoints: &[Endpoint]) -> Option<String> {
        let own = self.memory.workspace.as_ref().map(|(_, location)| location.clone());
        let found =
            own.into_iter().chain(endpoints.iter().map(|endpoint| endpoint.resource.location.clone())).find(|place| !place.is_empty());
        found.map(|place| place.to_lowercase().replace(' ', "")).filter(|place| super::place::is_plain(place))
    }

    pub(super) fn key(&self, name: &str) -> ResourceKey {
        ResourceKey::new(&self.context, ResourceKind::Workload, name)
    }
}

/// A resource with a name that may stand in a path.
fn named(raw: &Value) -> Option<Resource> {
    Resource::deserialize(raw).ok().filter(|resource| super::place::is_plain(&resource.name))
}

fn operation_link(resource: &Resource) -> String {
    let notes = &resource.properties.properties;
    let found = notes.iter().find(|(key, _)| key.eq_ignore_ascii_case("AzureAsyncOperationUri"));
    found.and_then(|(_, link)| link.as_str()).unwrap_or_default().to_owned()
}

/// When the operation of a deployment ended.
pub(super) fn ended(item: &Item) -> Option<crate::domain::time::Timestamp> {
    let told = item.operation.as_ref().and_then(|(operation, _)| stamp(&operation.end_time));
    let state = &item.resource.properties.provisioning_state;
    if is_moving(state) { None } else { told.or_else(|| stamp(&item.resource.system_data.last_modified_at)) }
}

pub(super) fn cut(what: &str, read: usize) -> Failure {
    let message = format!("only the first {read} {what} were read: there are more than {PAGES} pages");
    Failure::new(FailureKind::Unsupported, message, "make a context for each workspace with fewer of them")
}

fn unreadable() -> Failure {
    Failure::new(FailureKind::Garbage, "it is not as Azure sends it", "az rest --method get shows what the service sends")
}

fn no_operation() -> Failure {
    let hint = "az ml online-deployment get-logs, and the activity log of the resource group, may still tell";
    Failure::new(FailureKind::NotFound, "its record names no operation, so why it failed cannot be read", hint)
}

fn forgotten() -> Failure {
    let hint = "deploy again: the new operation keeps its reason for a while";
    Failure::new(FailureKind::NotFound, "the operation is forgotten already, and its reason with it", hint)
}

impl Source for AzureSource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(15), calm: Duration::from_mins(1), deadline: BUDGET + 3 * DEADLINE }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}
