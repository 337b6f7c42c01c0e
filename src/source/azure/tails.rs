//! The logs of both containers of what is in trouble: few at once, not too often, and only their
//! end. The block above them tells how far an instance came long before the operation fails.

use std::sync::Arc;

use serde_json::{Value, json};

use super::client::Manager;
use super::container_log::{self, ContainerLog};
use super::memory::Logs;
use super::poll::{AzureSource, Endpoint, Item, Round, ended};
use crate::domain::source::{Failure, FailureKind, Gap};

/// Both containers: the name people know, and the one of the interface.
pub(super) const CONTAINERS: [(&str, &str); 2] = [("inference-server", "InferenceServer"), ("storage-initializer", "StorageInitializer")];
/// Lines asked for.
pub(super) const LINES: u32 = 300;
/// The most deployments whose logs are read in one poll.
const MOST: usize = 6;

/// Reads the logs that are due.
pub(super) async fn read(source: &mut AzureSource, endpoints: &[Endpoint], items: &[Item], round: &mut Round<'_>) {
    let now = round.focus.now;
    let selected = round.focus.selected.clone();
    let context = source.context.clone();
    let is_selected = |item: &Item| selected.as_ref().is_some_and(|key| key.context == context && *key.name == *item.name);
    let fails = |item: &Item| source.memory.figures.value.get(&item.name).is_some_and(|figures| !figures.failing().is_empty());
    let mut wanted: Vec<&Item> = items.iter().filter(|item| item.is_suspect() || fails(item)).collect();
    let wants: Vec<String> = wanted.iter().map(|item| item.name.clone()).collect();
    source.memory.logs.retain(|name, _| wants.contains(name));
    wanted.retain(|item| source.memory.logs.get(&item.name).is_none_or(|logs| logs.is_due(&item.operation_link(), ended(item), now)));
    wanted.sort_by_key(|item| !is_selected(item));
    if round.is_late() {
        wanted.clear();
    }
    for item in wanted.iter().skip(MOST) {
        if !source.memory.logs.contains_key(&item.name) {
            round.gap(format!("logs of {}", item.name), later());
        }
    }
    wanted.truncate(MOST);
    let asked: Vec<_> = wanted
        .iter()
        .filter_map(|item| Some((endpoints.get(item.endpoint)?, item)))
        .map(|(endpoint, item)| both(Arc::clone(&source.manager), endpoint.resource.name.clone(), item.resource.name.clone()))
        .collect();
    let answers = futures_util::future::join_all(asked).await;
    for (item, answers) in wanted.into_iter().zip(answers) {
        let mut logs = Logs { at: now, operation: item.operation_link(), containers: Vec::new(), gaps: Vec::new() };
        for ((container, _), answer) in CONTAINERS.iter().zip(answers) {
            match answer {
                Ok(log) => logs.containers.push((container, log)),
                Err(failure) => logs.gaps.push(Gap { what: format!("{container} log of {}", item.name).into(), failure }),
            }
        }
        source.memory.logs.insert(item.name.clone(), logs);
    }
}

async fn both(manager: Arc<Manager>, endpoint: String, deployment: String) -> Vec<Result<ContainerLog, Failure>> {
    let mut answers = Vec::new();
    for (_, container) in CONTAINERS {
        answers.push(one(&manager, &endpoint, &deployment, container, LINES).await.map(|content| container_log::read(&content)));
    }
    answers
}

/// The text of one container's log. The service refuses with a sentence where it withholds it; that
/// sentence is an answer too.
///
/// # Errors
/// What the request met.
pub(super) async fn one(manager: &Manager, endpoint: &str, deployment: &str, container: &str, lines: u32) -> Result<String, Failure> {
    let path = format!("{}/onlineEndpoints/{endpoint}/deployments/{deployment}/getLogs", manager.place.workspace_path());
    match manager.ask(&path, &json!({ "containerType": container, "tail": lines }), "log").await {
        Ok(answer) => match answer.get("content") {
            Some(Value::String(content)) => Ok(content.clone()),
            Some(Value::Null) | None => Ok(String::new()),
            Some(_) => Err(Failure::new(FailureKind::Garbage, "the log is no text", "az ml online-deployment get-logs shows it")),
        },
        Err(failure) if failure.message.contains("logs can't be retrieved") => {
            Ok("Deployment is in deleting or creating state so logs can't be retrieved.".to_owned())
        }
        Err(failure) => Err(failure),
    }
}

fn later() -> Failure {
    let message = format!("not asked yet: at most {MOST} deployments are asked for logs in a poll");
    Failure::new(FailureKind::Throttled, message, "select the deployment and it is asked first")
}
