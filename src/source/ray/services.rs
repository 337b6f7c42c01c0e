//! One poll of Anyscale's service API: who asks, all pages of the services, and the events of
//! those that are not well.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::TryFutureExt as _;
use serde_json::Value;

use super::client::Api;
use super::normalize;
use super::wire::{Page, Service, ServiceEvent, UserInfo};
use super::{PLATFORM, SERVICES};
use crate::config::RayConfig;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// The most the service gives out at once.
const PAGE: &str = "50";
/// Pages that are read; more are said to be left out.
const PAGES: usize = 20;
/// Services whose events are asked for in one poll.
const ASKED: usize = 20;
/// Requests in flight at once.
const AT_ONCE: usize = 4;
/// Fields that hold tokens; they are dropped before a record is kept.
const SECRET: [&str; 4] = ["auth_token", "secondary_auth_token", "access_token", "ssh_private_key"];

/// Polls Anyscale's service API.
#[derive(Debug)]
pub struct ServicesSource {
    id: SourceId,
    context: Text,
    api: Arc<Api>,
    project: Option<String>,
    cloud: Option<String>,
    dashboard: Option<String>,
    identity: Option<Text>,
}

impl ServicesSource {
    /// A source for the services a token sees.
    pub fn new(context: &Text, api: Arc<Api>, ray: &RayConfig) -> Self {
        let (project, cloud) = (ray.project.clone(), ray.cloud.clone());
        let dashboard = ray.dashboard.clone();
        Self { id: SourceId::new(context, SERVICES), context: context.clone(), api, project, cloud, dashboard, identity: None }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let mut view = View::default();
        if self.identity.is_none() {
            match self.api.json::<UserInfo>("/api/v2/userinfo/", &[]).await {
                Ok(user) => self.identity = user.result.email.as_deref().map(Text::clean),
                Err(failure) => view.gaps.push(Gap { what: "who the token belongs to".into(), failure }),
            }
        }
        let listed = self.list(&mut view.gaps).await?;
        let mut services: Vec<(Service, Value)> = Vec::new();
        for mut raw in listed {
            match serde_json::from_value::<Service>(raw.clone()) {
                Ok(service) => {
                    forget_secrets(&mut raw);
                    services.push((service, raw));
                }
                Err(error) => view.gaps.push(unread(&raw, &error)),
            }
        }
        self.compose(&services, focus, &mut view).await;
        view.workloads.sort_by(|a, b| a.key.cmp(&b.key));
        view.events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.of.cmp(&b.of)));
        view.cluster = Some(Cluster {
            platform: PLATFORM.into(),
            name: self.project.as_deref().map_or_else(|| self.context.clone(), Text::clean),
            version: None,
            region: None,
            account: self.cloud.as_deref().map(Text::clean),
            identity: self.identity.clone(),
            pending_replicas: None,
        });
        Ok(view)
    }

    async fn list(&self, gaps: &mut Vec<Gap>) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("count", PAGE), ("archive_status", "NOT_ARCHIVED")];
            query.extend(self.project.as_deref().map(|project| ("project_id", project)));
            query.extend(self.cloud.as_deref().map(|cloud| ("cloud_id", cloud)));
            query.extend(token.as_deref().map(|token| ("paging_token", token)));
            let page = match self.api.json::<Page>("/api/v2/services-v2/", &query).await {
                Ok(page) => page,
                Err(failure) if all.is_empty() => return Err(failure),
                Err(failure) => {
                    gaps.push(Gap { what: format!("services after the first {}", all.len()).into(), failure });
                    return Ok(all);
                }
            };
            all.extend(page.results);
            token = page.metadata.and_then(|metadata| metadata.next_paging_token).filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(all);
            }
        }
        let failure = Failure::new(
            FailureKind::Unsupported,
            format!("there are more than the first {} services, and no more are read", all.len()),
            "set project or cloud in the context's [ray] table",
        );
        gaps.push(Gap { what: "further services".into(), failure });
        Ok(all)
    }

    /// Workloads, with the events of those that are not well and of the one that is looked at.
    async fn compose(&self, services: &[(Service, Value)], focus: &Focus, view: &mut View) {
        let is_selected = |service: &Service| {
            focus.selected.as_ref().is_some_and(|key| key.context == self.context && key.name.as_str() == service.name.as_str())
        };
        let asks = |service: &&(Service, Value)| {
            is_selected(&service.0) || !matches!(service.0.current_state.as_deref(), Some("RUNNING" | "TERMINATED"))
        };
        let asked: Vec<&(Service, Value)> = services.iter().filter(asks).collect();
        if asked.len() > ASKED {
            let failure = Failure::new(
                FailureKind::Throttled,
                format!("the events of {} services are left for later, to be polite", asked.len() - ASKED),
                "select a service to read its events now",
            );
            view.gaps.push(Gap { what: "events of some services".into(), failure });
        }
        let requests = asked.into_iter().take(ASKED).map(|(service, _)| async move {
            let path = format!("/api/v2/events/service/{}/events", service.id);
            (service.id.as_str(), self.api.json::<Page>(&path, &[("count", PAGE)]).await)
        });
        let requests: Vec<_> = requests.collect();
        let answers: Vec<(&str, Result<Page, Failure>)> = futures_util::stream::iter(requests).buffered(AT_ONCE).collect().await;
        for (service, raw) in services {
            let mut events: Vec<ServiceEvent> = Vec::new();
            if let Some((_, answer)) = answers.iter().find(|(id, _)| *id == service.id) {
                match answer {
                    Ok(page) => events.extend(page.results.iter().filter_map(|raw| serde_json::from_value(raw.clone()).ok())),
                    Err(failure) => view.gaps.push(Gap { what: format!("events of {}", service.name).into(), failure: failure.clone() }),
                }
            }
            let (workload, told) = normalize::service(service, &events, &self.context, self.dashboard.as_deref(), focus.now);
            let pretty = serde_json::to_string_pretty(raw).unwrap_or_default();
            view.raw.insert(workload.key.clone(), Text::clean_lines(&pretty, Text::LIMIT));
            view.workloads.push(workload);
            view.events.extend(told);
        }
    }
}

/// Takes everything out of a record that opens doors.
fn forget_secrets(raw: &mut Value) {
    match raw {
        Value::Object(fields) => {
            fields.retain(|name, _| !SECRET.contains(&name.as_str()));
            fields.values_mut().for_each(forget_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_secrets),
        _ => {}
    }
}

fn unread(raw: &Value, error: &serde_json::Error) -> Gap {
    let name = raw.get("name").and_then(Value::as_str).unwrap_or("without a name");
    let failure = Failure::new(
        FailureKind::Garbage,
        format!("a service is not as Anyscale sends it: {error}"),
        "report this with the version of holdup; the other services are shown",
    );
    Gap { what: format!("service {name}").into(), failure }
}

impl Source for ServicesSource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(10), calm: Duration::from_secs(30), deadline: Duration::from_mins(1) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}

/// The key of an application's or service's workload.
pub fn workload_key(context: &Text, name: &str) -> ResourceKey {
    ResourceKey::new(context, ResourceKind::Workload, name)
}
