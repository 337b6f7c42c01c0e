//! One poll of a Ray cluster's dashboard: what is asked, in which order, and how much at most.
//!
//! The version and the control store's health first, each quickly: with a frozen store the rest
//! would hang. Then the applications, without which there is nothing to show; machines, actors,
//! autoscaler and logs each may fail and become a gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::TryFutureExt as _;
use serde_json::Value;

use super::client::Api;
use super::normalize::{Actor, Autoscaler, Facts, applications, machines, nodes, with_proxies};
use super::services::workload_key;
use super::tails::Tails;
use super::wire::{
    Application, EventsAnswer, RayVersion, Serve, StateActor, StateAnswer, StateNode, StatusAnswer, SummaryAnswer, SummaryData,
};
use super::{DASHBOARD, PLATFORM};
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::Phase;
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// How long the control store may take to say that it lives.
const HEALTH: Duration = Duration::from_secs(3);
/// Actors that are read: dead ones stay listed for long.
const ACTORS: &str = "1000";

/// Polls one dashboard.
#[derive(Debug)]
pub struct DashboardSource {
    id: SourceId,
    context: Text,
    api: Arc<Api>,
    prefix: &'static str,
    tails: Tails,
}

impl DashboardSource {
    /// A source for one dashboard; `prefix` stands before the names of applications.
    pub fn new(context: &Text, api: Arc<Api>, prefix: &'static str) -> Self {
        let tails = Tails::new(context, Arc::clone(&api));
        Self { id: SourceId::new(context, DASHBOARD), context: context.clone(), api, prefix, tails }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let version: RayVersion = self.api.json("/api/version", &[]).await?;
        self.check_store().await?;
        let serve: Serve = self.api.json("/api/serve/applications/", &[]).await?;
        let mut view = View::default();
        let read = decode(&serve, &mut view.gaps);
        let api = &self.api;
        let (states, summary, text, report) = tokio::join!(
            api.json::<StateAnswer>("/api/v0/nodes", &[("detail", "true"), ("limit", ACTORS)]),
            api.json::<SummaryAnswer>("/nodes", &[("view", "summary"), ("nocache", "1")]),
            api.json::<StatusAnswer>("/api/cluster_status", &[("format", "1")]),
            api.json::<StatusAnswer>("/api/cluster_status", &[("format", "0")]),
        );
        let summary = keep("the machines' figures", summary, &mut view.gaps).map(|answer| answer.data);
        let states = keep("machines", states.and_then(rows::<StateNode>), &mut view.gaps).unwrap_or_default();
        let mut machines = machines(states, summary.as_ref(), focus.now);
        with_proxies(&mut machines, serve.proxies.as_ref().unwrap_or(&BTreeMap::new()));
        let mut autoscaler = Autoscaler::default();
        if let Some(text) = keep("the autoscaler's report", text, &mut view.gaps) {
            autoscaler.read_text(text.data.cluster_status.as_str().unwrap_or_default());
        }
        if let Some(report) = keep("the autoscaler's figures", report, &mut view.gaps) {
            autoscaler.read_report(&report.data);
        }
        let actors = self.actors_and_events(&read, &mut autoscaler, &mut view).await;
        let facts = Facts {
            context: &self.context,
            prefix: self.prefix,
            dashboard: self.api.shown(),
            actors: &actors,
            machines: &machines,
            autoscaler: &autoscaler,
        };
        let placed = applications(&read, &facts, &mut view);
        view.nodes = nodes(&machines, &placed, &self.context);
        for (name, raw) in &serve.applications {
            let key = workload_key(&self.context, &format!("{}{name}", self.prefix));
            let pretty = serde_json::to_string_pretty(&without_secrets(raw)).unwrap_or_default();
            view.raw.insert(key, Text::clean_lines(&pretty, Text::LIMIT));
        }
        self.tails.read(&read, &view.workloads, &actors, focus.now).await.store(&mut view);
        view.cluster = Some(self.cluster(&version, summary.as_ref(), &view));
        Ok(view)
    }

    /// A store that does not answer would make everything else hang.
    async fn check_store(&self) -> Result<(), Failure> {
        match self.api.text("/api/gcs_healthz", &[], HEALTH).await {
            Ok(_) => Ok(()),
            // Ray before 2.9 has no such path, and a proxy may keep it back.
            Err(failure) if matches!(failure.kind, FailureKind::Unsupported | FailureKind::Denied | FailureKind::NoCredentials) => Ok(()),
            Err(failure) if matches!(failure.kind, FailureKind::TimedOut | FailureKind::ServerError) => Err(Failure::new(
                failure.kind,
                format!("Ray's control store does not answer while its dashboard does: {}", failure.message),
                "see the head's memory, CPU and disk before restarting it; requests to the applications are mostly still answered",
            )),
            Err(failure) => Err(failure),
        }
    }

    /// Actors and events, only while something is in trouble.
    async fn actors_and_events(
        &self,
        read: &[(String, Application)],
        autoscaler: &mut Autoscaler,
        view: &mut View,
    ) -> BTreeMap<String, Actor> {
        let well = |application: &Application| {
            let deployments = application.deployments.iter().flat_map(BTreeMap::values);
            application.status.as_deref() == Some("RUNNING") && deployments.into_iter().all(|one| one.status.as_deref() == Some("HEALTHY"))
        };
        if read.iter().all(|(_, application)| well(application)) {
            return BTreeMap::new();
        }
        let (actors, events) = tokio::join!(
            self.api.json::<StateAnswer>("/api/v0/actors", &[("detail", "true"), ("limit", ACTORS)]),
            self.api.json::<EventsAnswer>("/events", &[("nocache", "1")]),
        );
        if let Some(events) = keep("events of the cluster", events, &mut view.gaps) {
            autoscaler.read_events(&events.data.events);
            let of = ResourceKey::new(&self.context, ResourceKind::Autoscaler, "ray");
            let told = autoscaler.events.iter().filter_map(|(at, text)| {
                let warning = text.starts_with("Failed") || text.contains("No available node types");
                let message = Text::clean(text);
                Some(Event { of: of.clone(), at: (*at)?, first_at: None, count: 1, warning, reason: "AUTOSCALER".into(), message })
            });
            view.events.extend(told);
        }
        let rows = keep("actors", actors.and_then(rows::<StateActor>), &mut view.gaps).unwrap_or_default();
        rows.into_iter().filter_map(|row| Some((row.name.clone()?, actor(&row)))).collect()
    }

    fn cluster(&self, version: &RayVersion, summary: Option<&SummaryData>, view: &View) -> Cluster {
        let waiting = view.workloads.iter().filter_map(|workload| workload.replicas);
        Cluster {
            platform: PLATFORM.into(),
            name: self.context.clone(),
            version: version.ray_version.as_deref().map(|version| format!("ray {}", Text::clean(version)).into()),
            region: None,
            account: None,
            identity: None,
            pending_replicas: summary.map(|_| waiting.map(|counts| counts.unplaced()).sum()),
        }
    }
}

/// Applications, each by itself: one that is not understood is a gap.
fn decode(serve: &Serve, gaps: &mut Vec<Gap>) -> Vec<(String, Application)> {
    let mut read = Vec::new();
    for (name, raw) in &serve.applications {
        match serde_path_to_error::deserialize::<_, Application>(raw) {
            Ok(application) => read.push((name.clone(), application)),
            Err(error) => gaps.push(Gap {
                what: format!("application {name}").into(),
                failure: Failure::new(
                    FailureKind::Garbage,
                    format!("it is not as Ray Serve sends it, at {}: {}", error.path(), error.inner()),
                    "report this with the version of Ray; the other applications are shown",
                ),
            }),
        }
    }
    read
}

fn keep<T>(what: &str, answer: Result<T, Failure>, gaps: &mut Vec<Gap>) -> Option<T> {
    answer.map_err(|failure| gaps.push(Gap { what: what.into(), failure })).ok()
}

/// The rows of the state API; a truncated list is an answer all the same.
fn rows<T: serde::de::DeserializeOwned>(answer: StateAnswer) -> Result<Vec<T>, Failure> {
    if answer.result == Some(false) {
        let why = Text::clean_to(answer.msg.as_deref().unwrap_or_default(), 300);
        return Err(Failure::new(
            FailureKind::ServerError,
            format!("Ray's state API failed: {why}"),
            "its dashboard.log on the head node says why",
        ));
    }
    Ok(answer.data.unwrap_or_default().result.result.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect())
}

fn actor(row: &StateActor) -> Actor {
    let mut causes = row.death_cause.iter().flat_map(BTreeMap::values);
    let death = causes.find_map(|cause| cause.get("error_message").and_then(Value::as_str).map(str::to_owned));
    Actor {
        state: row.state.clone().unwrap_or_default(),
        node_id: row.node_id.clone(),
        death: death.filter(|_| row.state.as_deref() == Some("DEAD")),
    }
}

/// Environment variables of an application may hold passwords: their names are kept.
fn without_secrets(raw: &Value) -> Value {
    let mut kept = raw.clone();
    hide(&mut kept);
    kept
}

fn hide(raw: &mut Value) {
    match raw {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match (name.as_str(), value) {
                    ("env_vars", Value::Object(variables)) => variables.values_mut().for_each(|value| *value = Value::from("…")),
                    ("user_config" | "args" | "ssl_keyfile_password", value) if !value.is_null() => *value = Value::from("…"),
                    (_, value) => hide(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

impl Source for DashboardSource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(5), calm: Duration::from_secs(15), deadline: Duration::from_secs(45) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}

/// Whether logs of a workload in this phase are worth reading.
pub(super) fn is_troubled(phase: Phase) -> bool {
    matches!(phase, Phase::Updating | Phase::Short | Phase::Failed)
}
