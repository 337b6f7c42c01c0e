//! One poll of one project: the list each time, and one by one only what the list cannot tell.
//!
//! Services that have settled are described again every few minutes; those that move, those in
//! trouble and the selected one each time. What fails on one of them becomes a gap, and what one is
//! not allowed is not asked again in the same poll.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::TryFutureExt as _;
use serde_json::Value;
use tokio::time::Instant;

use super::client::{Cloud, decode};
use super::describe::{Asking, Described, describe};
use super::logs::{Channel, Channels};
use super::normalize::{self, Around, Known};
use super::refusal::concerns_everything;
use super::tails;
use super::wire::{QuotaAnswer, Service, ServiceList, Specification, SpecificationList};
use crate::config::ModelArtsConfig;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::log::LogTail;
use crate::domain::quota::Quota;
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::Phase;
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// The kind of the source, as the JSON contract shows it.
pub const SOURCE: &str = "modelarts";
/// Services in one answer; the most the service gives.
const PAGE: usize = 1_000;
/// The most pages read.
const PAGES: usize = 10;
/// The most services described in one poll.
const DESCRIBED: usize = 24;
/// The most logs read in one poll.
const TAILS: usize = 8;
/// After this a settled service is described again, and limits are read again.
const FRESH: Duration = Duration::from_mins(5);
/// When a poll stops asking one by one, so that what is known arrives in time.
const BUDGET: Duration = Duration::from_secs(20);

/// Polls one project.
#[derive(Debug)]
pub struct ModelArtsSource {
    id: SourceId,
    context: Text,
    cloud: Arc<Cloud>,
    settings: ModelArtsConfig,
    channels: Channels,
    kept: BTreeMap<String, Entry>,
    specifications: Vec<Specification>,
    quotas: Vec<Quota>,
    limits_read: Option<Timestamp>,
}

/// What is kept of one service between polls.
#[derive(Debug, Default)]
struct Entry {
    name: String,
    known: Known,
    raw: Value,
    read_at: Option<Timestamp>,
    /// The newest event that was told.
    told: Option<Timestamp>,
    tail: Option<LogTail>,
}

impl ModelArtsSource {
    /// A source for one project; where logs are is written into `channels`.
    pub fn new(context: &Text, cloud: Arc<Cloud>, settings: ModelArtsConfig, channels: Channels) -> Self {
        Self {
            id: SourceId::new(context, SOURCE),
            context: context.clone(),
            cloud,
            settings,
            channels,
            kept: BTreeMap::new(),
            specifications: Vec::new(),
            quotas: Vec::new(),
            limits_read: None,
        }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let begun = Instant::now();
        let mut gaps = Vec::new();
        self.list(&mut gaps).await?;
        self.describe(focus, begun, &mut gaps).await;
        self.read_limits(focus.now, &mut gaps).await;
        self.read_tails(focus.now, begun, &mut gaps).await;
        self.tell_channels();
        Ok(self.compose(gaps))
    }

    /// Reads the whole list and keeps what is known of those that are still there.
    async fn list(&mut self, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
        let (services, cut) = self.pages().await?;
        if cut {
            let message = format!("there are more than {} services", services.len());
            let hint = "set workspace in the [modelarts] section of this context to look at one only";
            gaps.push(Gap { what: "further services".into(), failure: Failure::new(FailureKind::Unsupported, message, hint) });
        }
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for (service, _) in &services {
            *seen.entry(service.service_name.clone()).or_default() += 1;
        }
        let mut kept = BTreeMap::new();
        for (service, raw) in services {
            let mut entry = self.kept.remove(&service.service_id).unwrap_or_default();
            let twice = seen.get(&service.service_name).is_some_and(|times| *times > 1);
            // Names are unique only in a workspace.
            let short: String = service.service_id.chars().take(8).collect();
            entry.name = if twice { format!("{} ({short})", service.service_name) } else { service.service_name.clone() };
            let id = service.service_id.clone();
            if entry.known.service.status != service.status || entry.known.service.transition_at != service.transition_at {
                entry.read_at = None;
            }
            if entry.read_at.is_none() {
                let config = std::mem::take(&mut entry.known.service.config);
                entry.known.service = Service { config, ..service };
                entry.raw = raw;
            } else {
                entry.known.service.progress = service.progress;
                entry.known.service.failed_times = service.failed_times;
            }
            kept.insert(id, entry);
        }
        self.kept = kept;
        Ok(())
    }

    /// All pages. Whether `offset` counts services or pages is told differently in different places:
    /// a page that brings nothing new is asked for again in the other reading.
    async fn pages(&self) -> Result<(Vec<(Service, Value)>, bool), Failure> {
        let mut found: Vec<(Service, Value)> = Vec::new();
        let mut ids = BTreeSet::new();
        let mut by_page = false;
        for page in 0..PAGES {
            let offset = if by_page { page } else { found.len() };
            let mut list = self.page(offset).await?;
            if page > 0 && !by_page && list.services.iter().all(|raw| raw.get("service_id").is_none_or(|id| ids.contains(&id.to_string())))
            {
                by_page = true;
                list = self.page(page).await?;
            }
            let total = usize::try_from(list.total_count.unwrap_or_default()).unwrap_or(usize::MAX);
            let before = found.len();
            for raw in list.services {
                let service: Service = decode(&raw, "a service of the list")?;
                if !service.service_id.is_empty() && ids.insert(raw.get("service_id").map(Value::to_string).unwrap_or_default()) {
                    found.push((service, raw));
                }
            }
            if found.len() >= total || found.len() == before {
                return Ok((found, false));
            }
        }
        Ok((found, true))
    }

    async fn page(&self, offset: usize) -> Result<ServiceList, Failure> {
        let (offset, limit) = (offset.to_string(), PAGE.to_string());
        let mut query = vec![("infer_type", "real-time"), ("limit", limit.as_str()), ("offset", offset.as_str())];
        if let Some(workspace) = &self.settings.workspace {
            query.push(("workspace_id", workspace));
        }
        let raw = self.cloud.get(&["services"], &query, "modelarts:service:list").await?;
        decode(&raw, "the list of services")
    }

    fn is_selected(&self, entry: &Entry, focus: &Focus) -> bool {
        let selected = focus.selected.as_ref();
        selected.is_some_and(|key| key.context == self.context && key.kind == ResourceKind::Workload && key.name == *entry.name)
    }

    /// Describes what has to be described, the urgent first, two at a time.
    async fn describe(&mut self, focus: &Focus, begun: Instant, gaps: &mut Vec<Gap>) {
        let urgent = |entry: &Entry| self.is_selected(entry, focus) || is_trouble(normalize::phase(&entry.known));
        let due = |entry: &Entry| entry.read_at.is_none_or(|at| age(focus.now, at) > FRESH);
        let mut wanted: Vec<(bool, Option<Timestamp>, String)> = self
            .kept
            .iter()
            .filter(|(_, entry)| urgent(entry) || due(entry))
            .map(|(id, entry)| (!urgent(entry), entry.read_at, id.clone()))
            .collect();
        wanted.sort();
        let left = wanted.split_off(wanted.len().min(DESCRIBED));
        if !left.is_empty() {
            let message = format!("{} services are described in a later poll", left.len());
            let failure =
                Failure::new(FailureKind::Throttled, message, "nothing to do: each poll describes some of them, those in trouble first");
            gaps.push(Gap { what: "details of further services".into(), failure });
        }
        let asking = Asking::new(begun + BUDGET);
        let cloud = &self.cloud;
        let asked = wanted.into_iter().map(|(_, _, id)| describe(cloud, id, &asking));
        let answers: Vec<Described> = futures_util::stream::iter(asked).buffered(2).collect().await;
        for described in answers {
            self.keep(described, focus.now);
        }
        gaps.extend(asking.gaps());
    }

    fn keep(&mut self, described: Described, now: Timestamp) {
        let Some(entry) = self.kept.get_mut(&described.id) else { return };
        if let Some((service, raw)) = described.detail {
            entry.known.service = service;
            entry.raw = raw;
            entry.read_at = Some(now);
        }
        if let Some(events) = described.events {
            entry.known.events = events;
        }
        if let Some(updates) = described.updates {
            entry.known.updates = updates;
        }
        if described.monitor.is_some() {
            entry.known.monitor = described.monitor;
        }
    }

    /// Reads flavors and quotas once in a while: they say why nothing finds a place.
    async fn read_limits(&mut self, now: Timestamp, gaps: &mut Vec<Gap>) {
        if self.limits_read.is_some_and(|at| age(now, at) < FRESH) {
            return;
        }
        self.limits_read = Some(now);
        let query = [("infer_type", "real-time"), ("limit", "1000"), ("offset", "0")];
        let flavors = self.cloud.get(&["services", "specifications"], &query, "modelarts:service:listSpecifications").await;
        match flavors.and_then(|raw| decode::<SpecificationList>(&raw, "the list of flavors")) {
            Ok(list) => self.specifications = list.specifications,
            Err(failure) => gaps.push(Gap { what: "flavors".into(), failure }),
        }
        let workspace = self.settings.workspace.clone().unwrap_or_else(|| "0".to_owned());
        let of_workspace = ["workspaces", workspace.as_str(), "quotas"];
        let mut quotas = Vec::new();
        for (segments, action) in [(&["quotas"][..], "modelarts:quota:get"), (&of_workspace[..], "modelarts:workspace:getQuotas")] {
            match self.cloud.get(segments, &[], action).await.and_then(|raw| decode::<QuotaAnswer>(&raw, "quotas")) {
                Ok(answer) => quotas.extend(normalize::quotas(&self.context, &answer, now)),
                // Not every installation has both.
                Err(failure) if matches!(failure.kind, FailureKind::NotFound | FailureKind::Unsupported) => {}
                Err(failure) => gaps.push(Gap { what: segments.join(" ").into(), failure }),
            }
        }
        self.quotas = quotas;
    }

    /// Reads the last lines of the logs of what is in trouble, and of what answers calls with errors.
    async fn read_tails(&mut self, now: Timestamp, begun: Instant, gaps: &mut Vec<Gap>) {
        let mut left = TAILS;
        for entry in self.kept.values_mut() {
            let phase = normalize::phase(&entry.known);
            let failing = phase == Phase::Live && entry.known.service.failed_times.unwrap_or_default() > 0;
            if !is_trouble(phase) && !failing {
                entry.tail = None;
                entry.known.of_callers = Vec::new();
                continue;
            }
            let what = format!("the log of {}", entry.name);
            let Some((group, stream)) = channel(&entry.known.service, &self.settings) else {
                if is_trouble(phase) {
                    gaps.push(Gap { what: what.into(), failure: tails::no_channel() });
                }
                continue;
            };
            if left == 0 || begun.elapsed() > BUDGET {
                continue;
            }
            left -= 1;
            match tails::read(&self.cloud, (&group, &stream), &entry.known.service.service_id, tails::since(&entry.known, phase, now), now)
                .await
            {
                Ok(rows) => {
                    entry.known.of_callers = normalize::of_callers(&rows, tails::recent(now));
                    let of = ResourceKey::new(&self.context, ResourceKind::Workload, entry.name.as_str());
                    let wanted = is_trouble(phase) || !entry.known.of_callers.is_empty();
                    entry.tail = tails::tail(of, &rows, now).filter(|_| wanted);
                }
                Err(failure) => {
                    let everything = concerns_everything(failure.kind);
                    gaps.push(Gap { what: what.into(), failure });
                    if everything {
                        return;
                    }
                }
            }
        }
    }

    /// Where the log reader finds the logs.
    fn tell_channels(&self) {
        let told = self.kept.iter().map(|(id, entry)| {
            let place = channel(&entry.known.service, &self.settings);
            (Text::clean(&entry.name), Channel { service: id.clone(), place })
        });
        *self.channels.lock().unwrap_or_else(PoisonError::into_inner) = told.collect();
    }

    fn compose(&mut self, gaps: Vec<Gap>) -> View {
        let project = self.cloud.known_project();
        let api = format!("{}/v1/{project}", self.cloud.address());
        let lts = self.cloud.place.base(super::place::Service::Lts).as_str().trim_end_matches('/');
        let mut view = View {
            cluster: Some(Cluster {
                platform: SOURCE.into(),
                name: self.context.clone(),
                version: None,
                region: (!self.cloud.place.region.is_empty()).then(|| self.cloud.place.region.as_str().into()),
                account: Some(project.into()),
                identity: None,
                pending_replicas: None,
            }),
            quotas: self.quotas.clone(),
            gaps,
            ..View::default()
        };
        for entry in self.kept.values_mut() {
            let channel = channel(&entry.known.service, &self.settings);
            let around = Around {
                context: &self.context,
                specifications: &self.specifications,
                api: &api,
                lts,
                channel: channel.as_ref().map(|(group, stream)| (group.as_str(), stream.as_str())),
            };
            let workload = normalize::workload(&entry.known, &entry.name, around);
            let new = |at: Timestamp| entry.told.is_none_or(|told| at > told);
            view.events.extend(normalize::events(&workload.key, &entry.known.events).into_iter().filter(|event| new(event.at)));
            entry.told = view.events.iter().filter(|event| event.of == workload.key).map(|event| event.at).max().or(entry.told);
            view.log_tails.extend(entry.tail.clone());
            view.raw.insert(workload.key.clone(), normalize::raw_record(&entry.raw));
            view.workloads.push(workload);
        }
        view.workloads.sort_by(|one, other| one.key.cmp(&other.key));
        view.events.sort_by_key(|event| std::cmp::Reverse(event.at));
        view.log_tails.sort_by(|one, other| one.of.cmp(&other.of));
        view
    }
}

/// Whether something is wanted that is not there yet.
fn is_trouble(phase: Phase) -> bool {
    matches!(phase, Phase::Updating | Phase::Short | Phase::Failed | Phase::Unrecognized)
}

/// Where a service's log is: as its description says, or as the settings do.
fn channel(service: &Service, settings: &ModelArtsConfig) -> Option<(String, String)> {
    normalize::log_channel(service).or_else(|| Some((settings.log_group.clone()?, settings.log_stream.clone()?)))
}

impl Source for ModelArtsSource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(15), calm: Duration::from_mins(1), deadline: Duration::from_secs(45) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}

/// The map of channels, shared between poller and log reader.
pub(super) fn no_channels() -> Channels {
    Arc::new(Mutex::new(BTreeMap::new()))
}
