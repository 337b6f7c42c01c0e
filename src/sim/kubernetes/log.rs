//! Logs of containers: the choice of the container as the API server makes it, the refusals as the
//! kubelet words them, the lines as the container runtime stamps them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::time::sleep;

use super::backing::{LogEntry, LogOf};
use super::kinds::{self, ServedKind};
use super::options::{Query, flag};
use super::server::Server;
use super::status::Refusal;
use crate::clock::now;
use crate::domain::time::Timestamp;

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What of a log is asked for.
#[derive(Clone, Debug, Default)]
struct Part {
    previous: bool,
    follow: bool,
    timestamps: bool,
    since: Option<Timestamp>,
    tail: Option<usize>,
    limit: Option<usize>,
}

/// Answers `/log`.
pub(super) fn log(server: &Arc<Server>, namespace: &str, pod: &str, query: &Query) -> Result<Response, Refusal> {
    let pods = kinds::find("", "v1", "pods").ok_or_else(Refusal::no_such_resource)?;
    let part = Part::read(pod, query, server.backing().faults().there(now()))?;
    let object = server.look(|store| store.get(pods, namespace, pod)).ok_or_else(|| Refusal::not_found(pods, pod))?.value();
    let container = choose(&object, pod, query.get("container").map(String::as_str).unwrap_or_default())?;
    let plain = [(header::CONTENT_TYPE, "text/plain")];
    if object.pointer("/spec/nodeName").and_then(Value::as_str).is_none_or(str::is_empty) {
        // Without a node there is no kubelet to ask, and nothing to say.
        return Ok((plain, Body::empty()).into_response());
    }
    let run = Run::of(&object, &container);
    run.readable(pod, &container, part.previous)?;
    let follower = Follower {
        server: server.clone(),
        pods,
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        container,
        left: part.limit,
        sent: Mark { at: Timestamp::MIN, lines: 0 },
        is_cut: part.follow && !part.previous && server.cuts_log(),
        part,
        state: State::First,
    };
    let lines = stream::unfold(follower, |mut follower| async move { Some((follower.next().await?, follower)) });
    Ok((plain, Body::from_stream(lines)).into_response())
}

impl Part {
    fn read(pod: &str, query: &Query, present: Timestamp) -> Result<Self, Refusal> {
        let wrong = |field, message: &str| Refusal::invalid(("", "PodLogOptions"), pod, field, "FieldValueInvalid", message);
        let number = |field: &'static str, least: i64| match query.get(field).map(|value| (value, value.parse::<i64>())) {
            None => Ok(None),
            Some((_, Ok(number))) if number >= least => Ok(Some(number)),
            Some((_, Ok(number))) => Err(wrong(field, &format!("Invalid value: {number}: must be greater than or equal to {least}"))),
            Some((value, Err(_))) => Err(Refusal::bad_request(format!(
                "unable to parse query parameter {field}: strconv.ParseInt: parsing \"{value}\": invalid syntax"
            ))),
        };
        let seconds = number("sinceSeconds", 1)?;
        let time = query.get("sinceTime").map(|text| {
            text.parse::<Timestamp>().map_err(|_| Refusal::bad_request(format!("parsing time \"{text}\": cannot parse it as RFC3339")))
        });
        let time = time.transpose()?;
        if seconds.is_some() && time.is_some() {
            return Err(wrong("sinceSeconds", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }
        let ago = seconds.map(|seconds| present.saturating_sub(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN));
        let count = |number: Option<i64>| number.map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        Ok(Self {
            previous: flag(query, "previous"),
            follow: flag(query, "follow"),
            timestamps: flag(query, "timestamps"),
            since: time.or(ago),
            tail: count(number("tailLines", 0)?),
            limit: count(number("limitBytes", 1)?),
        })
    }
}

/// The names of a pod's containers of one sort.
fn names<'a>(pod: &'a Value, sort: &str) -> Vec<&'a str> {
    let containers = pod.pointer(&format!("/spec/{sort}")).and_then(Value::as_array).into_iter().flatten();
    containers.filter_map(|container| container.get("name")?.as_str()).collect()
}

/// The container that is meant, which must be named where there are several.
fn choose(object: &Value, pod: &str, wanted: &str) -> Result<String, Refusal> {
    let (usual, initial, added) = (names(object, "containers"), names(object, "initContainers"), names(object, "ephemeralContainers"));
    if !wanted.is_empty() {
        let known = usual.iter().chain(&initial).chain(&added).any(|name| *name == wanted);
        let unknown = || Refusal::bad_request(format!("container {wanted} is not valid for pod {pod}"));
        return known.then(|| wanted.to_owned()).ok_or_else(unknown);
    }
    if let ([only], true, true) = (usual.as_slice(), initial.is_empty(), added.is_empty()) {
        return Ok((*only).to_owned());
    }
    let choice = |words: &str, names: &[&str]| if names.is_empty() { String::new() } else { format!("{words}: [{}]", names.join(" ")) };
    let message = format!(
        "a container name must be specified for pod {pod}{}{}{}",
        choice(", choose one of", &usual),
        choice(" or one of the init containers", &initial),
        choice(" or one of the ephemeral containers", &added)
    );
    Err(Refusal::bad_request(message))
}

/// Where a container stands, as its status says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Run {
    known: bool,
    runs: bool,
    ended: bool,
    ended_before: bool,
    waits_for: Option<String>,
}

impl Run {
    fn of(pod: &Value, container: &str) -> Self {
        let sorts = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
        let statuses = sorts.iter().filter_map(|sort| pod.pointer(&format!("/status/{sort}"))?.as_array()).flatten();
        let Some(status) = statuses.into_iter().find(|status| status.get("name").and_then(Value::as_str) == Some(container)) else {
            return Self::default();
        };
        let has = |pointer: &str| status.pointer(pointer).is_some_and(|value| !value.is_null());
        let reason = || status.pointer("/state/waiting/reason").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            known: true,
            runs: has("/state/running"),
            ended: has("/state/terminated"),
            ended_before: has("/lastState/terminated"),
            waits_for: has("/state/waiting").then(reason),
        }
    }

    /// Whether there is a log, in the kubelet's words if not.
    fn readable(&self, pod: &str, container: &str, previous: bool) -> Result<(), Refusal> {
        let subject = format!("container \"{container}\" in pod \"{pod}\" is");
        let why = match self {
            Self { known: false, .. } => format!("{subject} not available"),
            Self { ended_before: false, .. } if previous => {
                format!("previous terminated container \"{container}\" in pod \"{pod}\" not found")
            }
            _ if self.runs || self.ended || self.ended_before => return Ok(()),
            Self { waits_for: Some(reason), .. } => match reason.as_str() {
                "ErrImagePull" => format!("{subject} waiting to start: image can't be pulled"),
                "ImagePullBackOff" => format!("{subject} waiting to start: trying and failing to pull image"),
                reason => format!("{subject} waiting to start: {reason}"),
            },
            Self { waits_for: None, .. } => format!("{subject} waiting to start - no logs yet"),
        };
        Err(Refusal::bad_request(why))
    }
}

/// Up to where a log was sent: a moment, and how many lines of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    at: Timestamp,
    lines: usize,
}

impl Mark {
    /// The lines not sent yet; the log may have lost its oldest ones meanwhile.
    fn fresh(&mut self, lines: Vec<LogEntry>) -> Vec<LogEntry> {
        let mark = *self;
        if let Some(last) = lines.last().map(|line| line.at) {
            *self = Self { at: last, lines: lines.iter().filter(|line| line.at == last).count() };
        }
        let mut skipped = 0;
        let is_fresh = |line: &LogEntry| {
            let counted = line.at == mark.at && skipped < mark.lines;
            skipped += usize::from(counted);
            line.at >= mark.at && !counted
        };
        lines.into_iter().filter(is_fresh).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    First,
    Following,
    Broken,
    Over,
}

struct Follower {
    server: Arc<Server>,
    pods: &'static ServedKind,
    namespace: String,
    pod: String,
    container: String,
    part: Part,
    /// Bytes that may still be sent.
    left: Option<usize>,
    sent: Mark,
    /// Whether its connection breaks once something new is written.
    is_cut: bool,
    state: State,
}

impl Follower {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            let was = self.state;
            match was {
                State::Over => return None,
                State::Broken => {
                    self.state = State::Over;
                    return Some(Err(io::ErrorKind::ConnectionReset.into()));
                }
                State::First => self.state = if self.part.follow && !self.part.previous { State::Following } else { State::Over },
                State::Following => sleep(LOOK).await,
            }
            let goes_on = self.runs();
            let of = LogOf { namespace: &self.namespace, pod: &self.pod, container: &self.container, previous: self.part.previous };
            let lines = self.server.backing().log(&of);
            let first = self.sent.at == Timestamp::MIN;
            let mut fresh = self.sent.fresh(lines);
            if let Some(tail) = self.part.tail.filter(|_| first) {
                fresh.drain(..fresh.len().saturating_sub(tail));
            }
            let bytes = self.write(&fresh);
            if !goes_on || self.left == Some(0) {
                self.state = State::Over;
            }
            if self.is_cut && was == State::Following && !bytes.is_empty() {
                self.state = State::Broken;
                return Some(Ok(bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec().into()));
            }
            if !bytes.is_empty() {
                return Some(Ok(bytes.into()));
            }
        }
    }

    /// Whether the container may still write something.
    fn runs(&self) -> bool {
        let object = self.server.look(|store| store.get(self.pods, &self.namespace, &self.pod));
        object.is_some_and(|object| Run::of(&object.value(), &self.container).runs)
    }

    fn write(&mut self, lines: &[LogEntry]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines.iter().filter(|line| self.part.since.is_none_or(|since| line.at >= since)) {
            if self.part.timestamps {
                bytes.extend_from_slice(line.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string().as_bytes());
            }
            bytes.extend_from_slice(line.text.as_bytes());
            bytes.push(b'\n');
        }
        if let Some(left) = &mut self.left {
            bytes.truncate(*left);
            *left -= bytes.len();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn why(refusal: Result<(), Refusal>) -> String {
        let body: Value = serde_json::from_slice(&refusal.unwrap_err().body()).unwrap();
        body["message"].as_str().unwrap().to_owned()
    }

    fn pod(state: &Value, last: &Value) -> Value {
        json!({
            "spec": { "containers": [{ "name": "api" }, { "name": "proxy" }], "initContainers": [{ "name": "fetch" }] },
            "status": { "containerStatuses": [{ "name": "api", "state": state, "lastState": last }] },
        })
    }

    #[test]
    fn refusals_are_the_kubelets() {
        let waiting = |reason: &str| Run::of(&pod(&json!({ "waiting": { "reason": reason } }), &json!({})), "api");
        assert_eq!(
            why(waiting("ContainerCreating").readable("p", "api", false)),
            r#"container "api" in pod "p" is waiting to start: ContainerCreating"#
        );
        assert!(why(waiting("ImagePullBackOff").readable("p", "api", false)).ends_with("trying and failing to pull image"));
        assert_eq!(
            why(waiting("CrashLoopBackOff").readable("p", "api", true)),
            r#"previous terminated container "api" in pod "p" not found"#
        );
        assert!(why(Run::of(&pod(&json!({}), &json!({})), "proxy").readable("p", "proxy", false)).ends_with("not available"));
        let crashed = Run::of(&pod(&json!({ "waiting": { "reason": "CrashLoopBackOff" } }), &json!({ "terminated": {} })), "api");
        assert!(crashed.readable("p", "api", false).is_ok() && crashed.readable("p", "api", true).is_ok());
    }

    #[test]
    fn where_there_are_several_one_must_be_named() {
        let object = pod(&json!({}), &json!({}));
        let refusal = choose(&object, "p", "").unwrap_err();
        assert_eq!(
            why(Err(refusal)),
            "a container name must be specified for pod p, choose one of: [api proxy] or one of the init containers: [fetch]"
        );
        assert_eq!(choose(&object, "p", "fetch").unwrap(), "fetch");
        assert_eq!(why(choose(&object, "p", "x").map(|_| ())), "container x is not valid for pod p");
    }

    #[test]
    fn what_was_sent_is_not_sent_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let line = |second, text: &str| LogEntry { at: at(second), text: text.to_owned() };
        let mut mark = Mark { at: Timestamp::MIN, lines: 0 };
        assert_eq!(mark.fresh(vec![line(1, "a"), line(2, "b")]).len(), 2);
        let fresh = mark.fresh(vec![line(2, "b"), line(2, "c"), line(3, "d")]);
        assert_eq!(fresh.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["c", "d"]);
        assert!(mark.fresh(vec![line(3, "d")]).is_empty());
    }
}
