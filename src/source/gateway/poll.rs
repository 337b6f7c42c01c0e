//! One poll of one gateway: the jobs each time, networks every other time, details of what is in
//! trouble, pages about the installation in turns. What fails on one of them becomes a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::TryFutureExt as _;
use serde_json::Value;
use tokio::time::Instant;

use super::budget::Weight;
use super::client::{Call, DEADLINE, Gateway};
use super::details::{self, Detail};
use super::normalize::{events, is_bad, is_fresh_failure, is_over, is_stuck, job_key, provider_key, workload};
use super::providers::{self, Network};
use super::system::System;
use super::wire::{self, Job, Record};
use super::{SOURCE, envelope};
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::log::LogTail;
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// Jobs of a page: the most a gateway gives.
const PAGE: &str = "100";
/// Pages that are read.
const PAGES: u64 = 5;
/// Jobs that are read one by one in a poll.
const DETAILS: usize = 6;
/// Networks that are read one by one in a poll.
const NETWORKS: usize = 4;
/// Networks are listed anew after this.
const LIST_EVERY: Duration = Duration::from_secs(15);
/// A job or a network in trouble is read anew after this.
const DETAIL_EVERY: Duration = Duration::from_mins(1);
/// When a poll stops asking one by one, so that what is known arrives in time.
const BUDGET: Duration = Duration::from_secs(25);
/// The most bytes of a record for people.
const RECORD: usize = 64 * 1024;

/// Where lists of jobs may be, the documented call first.
const JOB_LISTS: &[(&str, &str)] =
    &[("plugin-core/jobs", "jobs"), ("v1/plugin-core/jobs", "v1/jobs"), ("computeJobs:list", "computeJobs:list")];

/// Where a gateway says how it does, in the order in which versions have it.
const HEALTH: &[&str] = &["health", "plugin-core:health", "app:getInfo", "__health_check"];

/// Polls one gateway.
#[derive(Debug)]
pub struct GatewaySource {
    id: SourceId,
    context: Text,
    gateway: Arc<Gateway>,
    networks: BTreeMap<String, (Network, Option<Timestamp>)>,
    listed_at: Option<Timestamp>,
    details: BTreeMap<String, Detail>,
    records: Vec<Record>,
    system: System,
    moving: bool,
}

impl GatewaySource {
    /// A source for one gateway.
    pub fn new(context: &Text, gateway: Arc<Gateway>) -> Self {
        Self {
            id: SourceId::new(context, SOURCE),
            context: context.clone(),
            gateway,
            networks: BTreeMap::new(),
            listed_at: None,
            details: BTreeMap::new(),
            records: Vec::new(),
            system: System::default(),
            moving: false,
        }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let begun = Instant::now();
        let (now, mut gaps) = (focus.now, Vec::new());
        let (jobs, raw) = self.jobs(&mut gaps).await?;
        // From here on a refusal of everything costs what follows, not what was read.
        let rest = self.read_rest(focus, &jobs, begun, &mut gaps).await;
        if let Err(failure) = rest {
            gaps.push(Gap { what: "details of jobs and networks".into(), failure });
        }
        let mut view = self.compose(&jobs, &raw, now);
        view.gaps.append(&mut gaps);
        view.gaps.sort_by(|a, b| a.what.cmp(&b.what));
        view.gaps.dedup();
        Ok(view)
    }

    /// All jobs, from the first list that this instance has.
    async fn jobs(&self, gaps: &mut Vec<Gap>) -> Result<(Vec<Job>, BTreeMap<String, Value>), Failure> {
        for (path, kind) in JOB_LISTS {
            if self.gateway.lacks(kind) {
                continue;
            }
            match self.pages(path, kind, gaps).await {
                Err(refusal) if refusal.absent => {}
                Err(refusal) => return Err(refusal.failure),
                Ok(rows) => return Ok(read_jobs(rows, gaps)),
            }
        }
        Err(self.no_list().await)
    }

    async fn pages(&self, path: &str, kind: &'static str, gaps: &mut Vec<Gap>) -> Result<Vec<Value>, super::refusal::Refusal> {
        let mut rows = Vec::new();
        let mut page = 1_u64;
        loop {
            let number = page.to_string();
            let query = [("page", number.as_str()), ("limit", PAGE), ("pageSize", PAGE), ("sort", "createdAt:desc")];
            let whole = self.gateway.get_whole(Call::essential(path, kind).with(&query)).await?;
            let pages = envelope::pages(&whole);
            let more = pages.map_or_else(|| envelope::has_next(&whole), |pages| page < pages);
            match envelope::unwrap(whole) {
                Value::Array(mut found) => rows.append(&mut found),
                _ => {
                    return Err(Failure::new(
                        FailureKind::Garbage,
                        "the answer for jobs holds no list",
                        "check that the endpoint is a compute gateway",
                    )
                    .into());
                }
            }
            if !more {
                return Ok(rows);
            }
            if page >= PAGES {
                let hint = "older jobs are not shown; select by id in the gateway's own dashboard";
                let message = format!("only the newest {} are read, {} pages are left", rows.len(), pages.map_or(1, |pages| pages - page));
                gaps.push(Gap { what: "older jobs".into(), failure: Failure::new(FailureKind::Throttled, message, hint) });
                return Ok(rows);
            }
            page += 1;
        }
    }

    /// Why there is no list of jobs: no gateway at all, or one without the calls.
    async fn no_list(&self) -> Failure {
        for path in HEALTH {
            if self.gateway.get(Call { weight: Weight::Essential, ..Call::background(path, path) }).await.is_ok() {
                return Failure::new(
                    FailureKind::Unsupported,
                    format!("the gateway answers at {path} and has no list of jobs"),
                    "its version lacks the calls that its documents describe; nothing can be told of its jobs",
                );
            }
        }
        Failure::new(
            FailureKind::Unsupported,
            "nothing at this address knows the calls of a compute gateway",
            "check endpoint and gateway.prefix; curl ENDPOINT/api/health should answer",
        )
    }

    async fn read_rest(&mut self, focus: &Focus, jobs: &[Job], begun: Instant, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
        let now = focus.now;
        self.list_networks(now, gaps).await?;
        let ids: BTreeSet<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
        self.details.retain(|id, _| ids.contains(id.as_str()));
        let selected = |job: &Job| focus.selected.as_ref().is_some_and(|key| *key == job_key(&self.context, &job.id));
        let mut wanted: Vec<&Job> = jobs
            .iter()
            .filter(|job| (selected(job) || is_stuck(job, now) || is_fresh_failure(job, now)) && self.is_due(job, now))
            .collect();
        wanted.sort_by_key(|job| (!selected(job), is_over(&job.status)));
        let troubled = !wanted.is_empty();
        for job in wanted.into_iter().take(DETAILS) {
            if begun.elapsed() > BUDGET {
                break;
            }
            let detail = details::job(&self.gateway, job, now, gaps).await?;
            self.details.insert(job.id.clone(), detail);
        }
        self.read_networks(jobs, now, begun, gaps).await?;
        let sick = self.networks.values().any(|(network, _)| network.is_online() == Some(false));
        if (troubled || sick)
            && let Some(records) = details::records(&self.gateway, gaps).await?
        {
            self.records = records;
        }
        if begun.elapsed() < BUDGET {
            self.system.read(&self.gateway, now, if self.listed_at == Some(now) { 4 } else { 1 }).await;
        }
        Ok(())
    }

    /// Whether a job's details are missing, or may have changed.
    fn is_due(&self, job: &Job, now: Timestamp) -> bool {
        let Some(known) = self.details.get(&job.id) else { return true };
        let changed = known.job.as_ref().is_none_or(|whole| whole.status != job.status);
        changed || (!is_over(&job.status) && known.read_at.is_none_or(|at| age(now, at) > DETAIL_EVERY))
    }

    async fn list_networks(&mut self, now: Timestamp, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
        if self.listed_at.is_some_and(|at| age(now, at) < LIST_EVERY) {
            return Ok(());
        }
        let call = Call::essential("plugin-core/providers", "providers");
        let rows = match self.gateway.get(call).await {
            Err(refusal) if refusal.absent => self.gateway.get(Call::essential("networkStatus:list", "networkStatus:list")).await,
            answer => answer,
        };
        match rows {
            Ok(rows) => {
                self.listed_at = Some(now);
                let mut known = std::mem::take(&mut self.networks);
                for row in rows.as_array().into_iter().flatten().filter_map(wire::provider) {
                    let (mut network, read_at) = known.remove(&row.id).unwrap_or_default();
                    network.row = row;
                    self.networks.insert(network.row.id.clone(), (network, read_at));
                }
                Ok(())
            }
            Err(refusal) if refusal.absent => Ok(()),
            Err(refusal) if super::refusal::concerns_everything(refusal.failure.kind) => Err(refusal.failure),
            Err(refusal) => {
                gaps.push(Gap { what: "networks".into(), failure: refusal.failure });
                Ok(())
            }
        }
    }

    /// Reads networks that jobs wait for, and those that are not well.
    async fn read_networks(&mut self, jobs: &[Job], now: Timestamp, begun: Instant, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
        let waited: BTreeSet<String> =
            jobs.iter().filter(|job| is_stuck(job, now)).filter_map(|job| self.network_of(job)).map(str::to_owned).collect();
        let due = |(network, read_at): &(Network, Option<Timestamp>)| {
            let wanted = waited.contains(&network.row.id) || network.is_online() == Some(false);
            wanted && read_at.is_none_or(|at| age(now, at) > DETAIL_EVERY)
        };
        let mut ids: Vec<String> = self.networks.iter().filter(|(_, known)| due(known)).map(|(id, _)| id.clone()).collect();
        ids.sort_by_key(|id| !waited.contains(id));
        for id in ids.into_iter().take(NETWORKS) {
            let Some((network, read_at)) = self.networks.get_mut(&id).filter(|_| begun.elapsed() < BUDGET) else { break };
            details::network(&self.gateway, network, gaps).await?;
            *read_at = Some(now);
        }
        Ok(())
    }

    /// The id of the network that a job is meant for: jobs carry its type, or its id.
    fn network_of(&self, job: &Job) -> Option<&str> {
        let wanted = job.provider.as_deref()?;
        let by_id = self.networks.get_key_value(wanted).map(|(id, _)| id.as_str());
        by_id.or_else(|| self.networks.values().find(|(network, _)| network.row.kind == wanted).map(|(network, _)| network.row.id.as_str()))
    }

    fn compose(&mut self, jobs: &[Job], raw: &BTreeMap<String, Value>, now: Timestamp) -> View {
        let mut view = View::default();
        for job in jobs {
            if let Some(detail) = self.details.get_mut(&job.id) {
                detail.records = self.records.iter().filter(|record| record.job.as_deref() == Some(&*job.id)).cloned().collect();
            }
            let detail = self.details.get(&job.id);
            let told = workload(&self.context, self.gateway.place(), job, detail, self.network_of(job), now);
            let key = told.key.clone();
            view.events.extend(events(job, detail).iter().filter_map(|event| happened(&key, event)));
            view.log_tails.extend(detail.and_then(|detail| tail(&key, detail, now)));
            let whole = detail.map(|detail| &detail.raw).filter(|raw| raw.is_object()).or_else(|| raw.get(&job.id));
            view.raw.extend(whole.map(|whole| (key.clone(), record(whole))));
            view.workloads.push(told);
        }
        for (network, _) in self.networks.values() {
            view.nodes.push(providers::node(&self.context, network, now));
            view.quotas.extend(providers::wallet(&self.context, network));
        }
        view.events.extend(self.records.iter().filter_map(|record| self.said(record)));
        self.system.tell(&self.context, &mut view);
        view.cluster = Some(Cluster {
            platform: "gateway".into(),
            name: self.context.clone(),
            version: None,
            region: None,
            account: None,
            identity: self.system.role().map(|role| format!("role {role}").into()),
            pending_replicas: None,
        });
        view.workloads.sort_by(|a, b| a.key.cmp(&b.key));
        view.nodes.sort_by(|a, b| a.key.cmp(&b.key));
        view.quotas.sort_by(|a, b| a.key.cmp(&b.key));
        view.events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.of.cmp(&b.of)));
        self.moving = jobs.iter().any(|job| !is_over(&job.status));
        view
    }

    /// A line of the gateway's own log, as an event of the network it is about.
    fn said(&self, record: &Record) -> Option<Event> {
        let provider = record.provider.as_deref()?;
        let message = match &record.error {
            Some(error) => format!("{}: {error}", record.message),
            None => record.message.clone(),
        };
        Some(Event {
            of: provider_key(&self.context, provider),
            at: record.at?,
            first_at: None,
            count: 1,
            warning: record.is_trouble,
            reason: Text::clean(&record.service),
            message: Text::clean(&message),
        })
    }
}

fn read_jobs(rows: Vec<Value>, gaps: &mut Vec<Gap>) -> (Vec<Job>, BTreeMap<String, Value>) {
    let (mut jobs, mut raw, mut broken) = (Vec::new(), BTreeMap::new(), 0_usize);
    for row in rows {
        match wire::job(&row) {
            Some(job) if !raw.contains_key(&job.id) => {
                raw.insert(job.id.clone(), row);
                jobs.push(job);
            }
            // Pages move while they are read: what was at the end of one is at the start of the next.
            Some(_) => {}
            None => broken += 1,
        }
    }
    if broken > 0 {
        let failure = Failure::new(FailureKind::Garbage, "they have no id", "curl …/api/plugin-core/jobs shows what the gateway sends");
        gaps.push(Gap { what: format!("{broken} jobs").into(), failure });
    }
    (jobs, raw)
}

fn happened(of: &ResourceKey, event: &wire::Event) -> Option<Event> {
    Some(Event {
        of: of.clone(),
        at: event.at?,
        first_at: None,
        count: 1,
        warning: is_bad(event),
        reason: Text::clean(&event.kind),
        message: Text::clean(&event.message),
    })
}

fn tail(of: &ResourceKey, detail: &Detail, now: Timestamp) -> Option<LogTail> {
    let lines: Vec<&str> = detail.lines.iter().map(|line| line.text.as_str()).collect();
    (!lines.is_empty()).then(|| LogTail {
        of: of.clone(),
        workload: Some(of.clone()),
        container: None,
        previous: false,
        at: detail.lines.iter().filter_map(|line| line.at).max().unwrap_or(now),
        lines: Text::clean_lines(&lines.join("\n"), Text::LIMIT),
    })
}

/// A record as it was received, for a person to read: without the values of environment variables,
/// and without settings of networks and webhooks that carry secrets.
pub fn record(value: &Value) -> Text {
    let mut value = value.clone();
    redact(&mut value);
    Text::clean_lines(&serde_json::to_string_pretty(&value).unwrap_or_default(), RECORD)
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let lower = name.to_ascii_lowercase();
                let is_secret = ["secret", "password", "token", "apikey", "api_key", "mnemonic", "privatekey", "credential"];
                if lower == "env" || is_secret.iter().any(|word| lower.contains(word)) { hide(field) } else { redact(field) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Hides values; names stay.
fn hide(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        other => *other = Value::from("(not shown)"),
    }
}

impl Source for GatewaySource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence {
            moving: Duration::from_secs(if self.moving { 10 } else { 30 }),
            calm: Duration::from_secs(30),
            deadline: BUDGET + 2 * DEADLINE,
        }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_name_what_they_hide() {
        let shown = record(&json!({
            "config": {"env": {"HF_TOKEN": "hunter2"}, "apiKey": "hunter2", "ports": [80]},
            "webhook": {"secret": "hunter2", "url": "https://ops.example"},
        }));
        assert!(shown.contains("HF_TOKEN") && shown.contains("ops.example") && !shown.contains("hunter2"), "{shown}");
    }
}
