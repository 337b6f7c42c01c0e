//! One poll of one operator: what is asked, in which order, and how much of it at most.
//!
//! `/info` slowly, `/get` each time, and one by one only what the list cannot tell: `/describe`
//! for suspects and the selection, `/get/{api}` once per version. What fails on one API becomes a
//! gap; the others go on.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::TryFutureExt as _;
use serde::Deserialize as _;
use serde_json::Value;
use tokio::time::Instant;

use super::client::{DEADLINE, Operator, decode};
use super::memory::Memory;
use super::normalize::{Facts, Known, cluster, identify, is_suspect, raw_record, role, serving_routers, workload};
use super::refusal::concerns_everything;
use super::version::{Dialect, Version};
use super::wire::{ApiResponse, JobResponse, JobStatus, ModernStatus};
use super::{SOURCE, wire};
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::{Phase, Role};
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// Requests in flight at once, while single APIs are asked.
const AT_ONCE: usize = 4;

/// The most APIs described in one poll.
const DESCRIBES: usize = 40;

/// The most specifications read in one poll for APIs that look well; suspects come on top.
const CALM_SPECS: usize = 8;

/// The most jobs asked one by one in one poll.
const JOBS: usize = 8;

/// When a poll stops asking one by one, so that what is known arrives in time.
const BUDGET: Duration = Duration::from_secs(25);

/// Polls one operator.
#[derive(Debug)]
pub struct CortexSource {
    id: SourceId,
    context: Text,
    operator: Arc<Operator>,
    memory: Memory,
}

/// An element of `/get` with what was found out about it.
struct Item {
    raw: Value,
    decoded: ApiResponse,
    name: String,
    kind: String,
    version_id: String,
    described: Option<(Value, ApiResponse)>,
}

/// What a poll collects on its way.
struct Round<'a> {
    focus: &'a Focus,
    version: Version,
    begun: Instant,
    gaps: Vec<Gap>,
}

impl Round<'_> {
    fn is_late(&self) -> bool {
        self.begun.elapsed() > BUDGET
    }

    fn gap(&mut self, what: String, failure: Failure) {
        self.gaps.push(Gap { what: what.into(), failure });
    }
}

impl CortexSource {
    /// A source for one operator.
    pub fn new(context: &Text, operator: Arc<Operator>) -> Self {
        Self { id: SourceId::new(context, SOURCE), context: context.clone(), operator, memory: Memory::default() }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let begun = Instant::now();
        let mut gaps = self.refresh_info(focus).await?;
        let mut items = self.list(&mut gaps).await?;
        let version = self.operator.version().ok_or_else(|| {
            Failure::new(FailureKind::Bug, "the operator's version was never read", "report this with the version of holdup")
        })?;
        let mut round = Round { focus, version, begun, gaps };
        self.read_specs(&items, &mut round).await;
        self.describe(&mut items, &mut round).await;
        self.read_jobs(&mut items, &mut round).await;
        Ok(self.compose(&items, round))
    }

    /// Reads `/info` when it is due. Once it was read, a later failure is a gap, unless nothing
    /// else would work either.
    async fn refresh_info(&mut self, focus: &Focus) -> Result<Vec<Gap>, Failure> {
        if !self.memory.wants_info(focus.now) {
            return Ok(Vec::new());
        }
        match self.operator.info().await {
            Ok((info, _)) => {
                self.memory.cluster = Some((focus.now, cluster(&info, &self.context)));
                Ok(Vec::new())
            }
            Err(failure) if self.memory.cluster.is_none() || concerns_everything(failure.kind) => Err(failure),
            Err(failure) => Ok(vec![Gap { what: "cluster information".into(), failure }]),
        }
    }

    /// Reads `/get`. One broken object can fail it as a whole on the operator's side; then the
    /// names known from before are asked one by one.
    async fn list(&mut self, gaps: &mut Vec<Gap>) -> Result<Vec<Item>, Failure> {
        let elements = match self.operator.get(&["get"], &[]).await {
            Ok(Value::Array(elements)) => elements,
            Ok(_) => {
                return Err(Failure::new(
                    FailureKind::Garbage,
                    "the answer to /get is no list",
                    "check that the endpoint is a Cortex operator of version 0.30 to 0.42",
                ));
            }
            Err(failure) if failure.kind == FailureKind::ServerError => self.list_one_by_one(failure, gaps).await?,
            Err(failure) => return Err(failure),
        };
        let mut items = Vec::with_capacity(elements.len());
        for (index, raw) in elements.into_iter().enumerate() {
            match item(raw, index) {
                Ok(item) => items.push(item),
                Err(gap) => gaps.push(gap),
            }
        }
        self.memory.names = items.iter().map(|item| item.name.clone()).collect();
        Ok(items)
    }

    async fn list_one_by_one(&self, whole: Failure, gaps: &mut Vec<Gap>) -> Result<Vec<Value>, Failure> {
        let names: Vec<String> = self.memory.names.iter().take(DESCRIBES).cloned().collect();
        let answers = self.each(&names, |name| vec!["get".to_owned(), name.to_owned()]).await;
        let mut elements = Vec::new();
        let mut failed = Vec::new();
        for (name, answer) in names.into_iter().zip(answers) {
            match answer.and_then(first) {
                Ok(element) => elements.push(element),
                Err(failure) => failed.push(Gap { what: format!("API {name}").into(), failure }),
            }
        }
        if elements.is_empty() {
            return Err(whole);
        }
        gaps.push(Gap { what: "the list of APIs; those known from before were asked one by one".into(), failure: whole });
        gaps.append(&mut failed);
        Ok(elements)
    }

    /// Asks one path per name, a few at once, answers in the order of the names.
    async fn each<F>(&self, names: &[String], path: F) -> Vec<Result<Value, Failure>>
    where
        F: Fn(&str) -> Vec<String>,
    {
        let asked: Vec<_> = names
            .iter()
            .map(|name| path(name))
            .map(|segments| async move {
                let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
                self.operator.get(&segments, &[]).await
            })
            .collect();
        futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await
    }

    /// Reads specifications that are not known yet: all of suspects and the selection, a few of
    /// the others each time.
    async fn read_specs(&mut self, items: &[Item], round: &mut Round<'_>) {
        let now = round.focus.now;
        let ids: Vec<&str> = items.iter().map(|item| item.version_id.as_str()).collect();
        self.memory.keep_only(&ids);
        let mut wanted: Vec<&Item> = Vec::new();
        let mut calm = 0;
        for item in items.iter().filter(|item| self.memory.wants_spec(&item.version_id, now)) {
            let urgent = self.is_selected(item, round) || self.is_suspect(item, round);
            if round.version.dialect() == Dialect::Legacy && !self.is_selected(item, round) {
                // The list carries specifications; only the versions are missing.
                continue;
            }
            if urgent || calm < CALM_SPECS {
                calm += usize::from(!urgent);
                wanted.push(item);
            }
        }
        wanted.sort_by_key(|item| !(self.is_selected(item, round) || self.is_suspect(item, round)));
        wanted.truncate(DESCRIBES + CALM_SPECS);
        let names: Vec<String> = wanted.iter().map(|item| item.name.clone()).collect();
        let answers = self.each(&names, |name| vec!["get".to_owned(), name.to_owned()]).await;
        for (item, answer) in wanted.into_iter().zip(answers) {
            match answer.and_then(first).and_then(|raw| Ok((decode::<ApiResponse>(&raw, "/get/{api}")?, raw))) {
                Ok((decoded, raw)) if identify(&decoded).is_some_and(|(_, _, id)| id == item.version_id) => {
                    let spec = raw.get("spec").cloned().unwrap_or(Value::Null);
                    self.memory.learn(&item.version_id, Known::of(&decoded), spec);
                }
                // Deployed anew between two requests; the next poll knows the new version.
                Ok(_) => {}
                Err(failure) => self.memory.fail(&item.version_id, failure, now),
            }
        }
    }

    fn is_selected(&self, item: &Item, round: &Round<'_>) -> bool {
        let selected = round.focus.selected.as_ref();
        selected.is_some_and(|key| key.context == self.context && key.kind == ResourceKind::Workload && key.name == *item.name)
    }

    /// Whether the list alone cannot tell that a serving API is well. The legacy list can.
    fn is_suspect(&self, item: &Item, round: &Round<'_>) -> bool {
        if round.version.dialect() == Dialect::Legacy || role(&item.kind).0 != Role::Serving {
            return false;
        }
        let min = self.memory.known(&item.version_id).and_then(minimum);
        item.decoded
            .status
            .as_ref()
            .and_then(|status| ModernStatus::deserialize(status).ok())
            .is_some_and(|status| is_suspect(&status, min))
    }

    async fn describe(&self, items: &mut [Item], round: &mut Round<'_>) {
        if round.version.dialect() == Dialect::Legacy {
            return;
        }
        let asks =
            |item: &&mut Item| role(&item.kind).0 == Role::Serving && (self.is_selected(item, round) || self.is_suspect(item, round));
        let mut wanted: Vec<&mut Item> = items.iter_mut().filter(asks).collect();
        wanted.sort_by_key(|item| !self.is_selected(item, round));
        let late = round.is_late();
        let kept = if late { 0 } else { wanted.len().min(DESCRIBES) };
        for item in wanted.split_off(kept) {
            round.gap(format!("replicas of {}", item.name), not_asked(late));
        }
        let names: Vec<String> = wanted.iter().map(|item| item.name.clone()).collect();
        let answers = self.each(&names, |name| vec!["describe".to_owned(), name.to_owned()]).await;
        for (item, answer) in wanted.into_iter().zip(answers) {
            match answer.and_then(first).and_then(|raw| Ok((decode::<ApiResponse>(&raw, "/describe/{api}")?, raw))) {
                Ok((decoded, raw)) => item.described = Some((raw, decoded)),
                Err(failure) => round.gap(format!("replicas of {}", item.name), failure),
            }
        }
    }

    /// Completes jobs: the selected API's history, and running jobs that the list tells without
    /// their workers.
    async fn read_jobs(&self, items: &mut [Item], round: &mut Round<'_>) {
        let (mut asked, mut left) = (0, 0);
        for item in items.iter_mut().filter(|item| role(&item.kind).0 == Role::Jobs) {
            let full = round.is_late() || asked >= JOBS;
            if !full && self.is_selected(item, round) {
                asked += 1;
                match self.operator.get(&["get", &item.name], &[]).await.and_then(first).and_then(|raw| decode(&raw, "/get/{api}")) {
                    Ok(ApiResponse { batch_job_statuses, task_job_statuses, .. }) => {
                        item.decoded.batch_job_statuses = batch_job_statuses;
                        item.decoded.task_job_statuses = task_job_statuses;
                    }
                    Err(failure) => round.gap(format!("jobs of {}", item.name), failure),
                }
            }
            let most = if full { 0 } else { JOBS.saturating_sub(asked) };
            let (now_asked, now_left) = self.complete_workers(item, round, most).await;
            asked += now_asked;
            left += now_left;
        }
        if left > 0 {
            let why = format!("not asked: at most {JOBS} jobs are asked one by one in a poll");
            let failure = Failure::new(FailureKind::Throttled, why, "`cortex get API JOB_ID` shows the workers of one job");
            round.gap(format!("workers of {left} running jobs"), failure);
        }
    }

    /// How many jobs it asked, and how many it left because `most` were asked.
    async fn complete_workers(&self, item: &mut Item, round: &mut Round<'_>, most: usize) -> (usize, usize) {
        let path = if item.kind == "BatchAPI" { "batch" } else { "tasks" };
        let ApiResponse { batch_job_statuses, task_job_statuses, .. } = &mut item.decoded;
        let (mut asked, mut left) = (0, 0);
        for raw in batch_job_statuses.iter_mut().chain(task_job_statuses) {
            let Ok(status) = JobStatus::deserialize(&*raw) else { continue };
            let active = matches!(status.status.strip_prefix("status_").unwrap_or(&status.status), "running" | "enqueuing" | "pending");
            if !active || status.worker_counts.is_some() {
                continue;
            }
            if asked >= most {
                left += 1;
                continue;
            }
            asked += 1;
            match self.operator.get(&[path, &item.name], &[("jobID", &status.job_id)]).await {
                Ok(answer) if JobResponse::deserialize(&answer).is_ok_and(|job| job.job_status.is_some()) => {
                    *raw = answer.get("job_status").cloned().unwrap_or(Value::Null);
                }
                Ok(_) => round.gap(format!("job {}", status.job_id), unreadable("it has no status")),
                Err(failure) => round.gap(format!("job {}", status.job_id), failure),
            }
        }
        (asked, left)
    }

    fn compose(&mut self, items: &[Item], round: Round<'_>) -> View {
        let Round { focus, version, mut gaps, .. } = round;
        let mut view = View::default();
        for item in items {
            let key = ResourceKey::new(&self.context, ResourceKind::Workload, item.name.as_str());
            let known = self.memory.known(&item.version_id);
            let facts = Facts {
                item: &item.decoded,
                described: item.described.as_ref().map(|(_, decoded)| decoded),
                known,
                version: &version,
                context: &self.context,
                seen: focus.snapshot.history.phase_since(&key),
                now: focus.now,
            };
            view.workloads.extend(workload(&facts));
            view.raw.insert(key, self.record(item));
            if let Some(failure) = self.memory.failure(&item.version_id) {
                gaps.push(Gap { what: format!("specification of {}", item.name).into(), failure: failure.clone() });
            }
            let broken = item.decoded.jobs().1;
            if broken > 0 {
                gaps.push(Gap { what: format!("{broken} jobs of {}", item.name).into(), failure: unreadable("they have another shape") });
            }
        }
        view.workloads.sort_by(|a, b| a.key.cmp(&b.key));
        serving_routers(&mut view.workloads);
        self.add_cluster(&mut view, &mut gaps);
        gaps.sort_by(|a, b| a.what.cmp(&b.what));
        view.gaps = gaps;
        let moves = |phase| matches!(phase, Phase::Updating | Phase::Short | Phase::Failed);
        self.memory.moving = view.workloads.iter().any(|workload| moves(workload.status.phase));
        view
    }

    fn record(&self, item: &Item) -> Text {
        let mut parts = vec![("/get", &item.raw)];
        if let Some((raw, _)) = &item.described {
            parts.push(("/describe", raw));
        }
        if let Some(spec) = self.memory.raw(&item.version_id) {
            parts.push(("specification", spec));
        }
        raw_record(&parts)
    }

    fn add_cluster(&self, view: &mut View, gaps: &mut Vec<Gap>) {
        let Some((_, cluster)) = &self.memory.cluster else { return };
        view.cluster.clone_from(&cluster.cluster);
        view.nodes.clone_from(&cluster.nodes);
        view.groups.clone_from(&cluster.groups);
        view.raw.extend(cluster.raw.iter().cloned());
        gaps.extend(cluster.gaps.iter().cloned());
    }
}

fn minimum(known: &Known) -> Option<u32> {
    known.spec.as_ref()?.autoscaling.as_ref().map(|scaling| scaling.min_replicas)
}

fn item(raw: Value, index: usize) -> Result<Item, Gap> {
    let named = raw.pointer("/metadata/name").or_else(|| raw.pointer("/spec/name")).or_else(|| raw.pointer("/status/api_name"));
    let what = named.and_then(Value::as_str).map_or_else(|| format!("API number {} of /get", index + 1), |name| format!("API {name}"));
    let gap = |failure| Gap { what: what.clone().into(), failure };
    let decoded = wire::ApiResponse::deserialize(&raw).map_err(|error| gap(unreadable(&error.to_string())))?;
    let Some((name, kind, version_id)) = identify(&decoded) else { return Err(gap(unreadable("it has no name"))) };
    Ok(Item { raw, decoded, name, kind, version_id, described: None })
}

/// The only element of an answer about one API.
fn first(answer: Value) -> Result<Value, Failure> {
    match answer {
        Value::Array(elements) => elements.into_iter().next().ok_or_else(|| unreadable("the answer is an empty list")),
        other @ Value::Object(_) => Ok(other),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(unreadable("the answer is no list")),
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::new(FailureKind::Garbage, format!("not as Cortex sends it: {why}"), "`cortex get -o json` shows what the operator sends")
}

fn not_asked(late: bool) -> Failure {
    let (kind, why) = if late {
        (FailureKind::TimedOut, format!("not asked: the operator is slow, and {} s had passed", BUDGET.as_secs()))
    } else {
        (FailureKind::Throttled, format!("not asked: more than {DESCRIBES} APIs are in trouble at once"))
    };
    Failure::new(kind, why, "select the API and it is asked first")
}

impl Source for CortexSource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        // The legacy list reads every specification from storage and asks for metrics: slower.
        let legacy = self.operator.version().is_some_and(|version| version.dialect() == Dialect::Legacy);
        let moving = Duration::from_secs(if legacy { 10 } else { 5 });
        Cadence { moving, calm: Duration::from_secs(15), deadline: BUDGET + 2 * DEADLINE }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}
