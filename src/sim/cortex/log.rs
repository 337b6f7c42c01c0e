//! Log streams: one pod's lines over a WebSocket, or the address of the stored ones.

use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use super::super::world::{Api, Cluster, Moment, Pod, PodPhase, World};
use super::{Answer, Operator, Queries, Refusal, body, deployed, job};

/// How often the pod is looked at for new lines.
const LOOK: Duration = Duration::from_millis(200);

/// `/logs/{api}`: a stream up to 0.35, an address from 0.36 on.
pub(super) async fn logs(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Query(query): Queries,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    if operator.look(|_, cluster| Ok(cluster.minor() < 36))? {
        return stream(operator, name, query.get("jobID"), upgrade);
    }
    operator.look(|_, cluster| {
        deployed(cluster, &name)?;
        let filter = format!("fields @timestamp, message | filter cortex.labels.apiName=\"{name}\" | sort @timestamp asc");
        let region = &cluster.region;
        let url = format!("https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:logs-insights?query={filter}");
        Ok(body(&json!({ "log_url": url })))
    })
}

/// `/streamlogs/{api}` from 0.36 on.
pub(super) async fn stream_logs(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Query(query): Queries,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    if operator.look(|_, cluster| Ok(cluster.minor() < 36))? {
        return Ok((StatusCode::NOT_FOUND, "404 page not found\n").into_response());
    }
    stream(operator, name, query.get("jobID"), upgrade)
}

fn stream(operator: Operator, name: String, job: Option<&String>, upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Answer {
    let number = operator.look(|world, cluster| {
        let api = deployed(cluster, &name)?;
        match (job, api.kind.has_jobs()) {
            (Some(id), true) => job::find(world, api, id).map(|job| Some(job.number)),
            (None, true) => Err(Refusal::new(
                "endpoints.logs_job_id_required",
                format!("job id is required for {name} ({}); name one with its jobs' ids", api.kind.word()),
            )),
            (_, false) => Ok(None),
        }
    })?;
    let Ok(upgrade) = upgrade else {
        return Err(Refusal::new(
            "error",
            "websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
        ));
    };
    Ok(upgrade.on_upgrade(move |socket| {
        Follower { operator, name, job: number, pod: None, sent: Mark { at: Moment::MIN, lines: 0 } }.run(socket)
    }))
}

/// Follows the first pod that matches, as `kubectl logs` would.
struct Follower {
    operator: Operator,
    name: String,
    job: Option<u64>,
    pod: Option<String>,
    sent: Mark,
}

/// Up to where a log was sent: a moment, and how many lines of it. The log itself forgets its
/// oldest lines, so that counting from its beginning would not do.
#[derive(Clone, Copy)]
struct Mark {
    at: Moment,
    lines: usize,
}

impl Mark {
    fn fresh(&mut self, pod: &Pod) -> Vec<String> {
        let rest = pod.log.iter().filter(|line| line.at == self.at).skip(self.lines);
        let fresh = rest.chain(pod.log.iter().filter(|line| line.at > self.at)).map(|line| format!("{}\n", line.text)).collect();
        if let Some(last) = pod.log.last().map(|line| line.at) {
            *self = Self { at: last, lines: pod.log.iter().filter(|line| line.at == last).count() };
        }
        fresh
    }
}

/// What the pod has to say at one look.
enum Look {
    NoPods,
    Initializing(&'static str),
    Lines(Vec<String>),
    Over,
}

impl Follower {
    async fn run(mut self, mut socket: WebSocket) {
        let mut told = false;
        loop {
            let frames = match self.look() {
                Look::NoPods => {
                    let text = "there are currently no pods running for this workload; it may be scaled to zero or not deployed yet\n";
                    if socket.send(Message::text(text)).await.is_ok() {
                        close(socket).await;
                    }
                    return;
                }
                Look::Over => return close(socket).await,
                Look::Initializing(text) if !told => {
                    told = true;
                    vec![text.to_owned()]
                }
                Look::Initializing(_) => Vec::new(),
                Look::Lines(lines) => lines,
            };
            for frame in frames {
                if socket.send(Message::text(frame)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                // What a client says is read and ignored; its close ends the stream.
                said = socket.recv() => match said {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
            }
        }
    }

    fn look(&mut self) -> Look {
        let Self { operator, name, job, pod: chosen, sent } = self;
        let seen = operator.look(|_: &World, cluster: &Cluster| {
            let Some(api) = cluster.api(name) else { return Ok(Look::Over) };
            let found = match chosen {
                Some(pod_name) => api.pods.iter().find(|pod| pod.name == *pod_name),
                None => first(api, *job),
            };
            let Some(pod) = found else { return Ok(if chosen.is_some() { Look::Over } else { Look::NoPods }) };
            *chosen = Some(pod.name.clone());
            if matches!(pod.phase, PodPhase::Pending | PodPhase::Creating | PodPhase::ImageError) {
                return Ok(Look::Initializing(waiting(cluster, *job)));
            }
            let fresh = sent.fresh(pod);
            Ok(if fresh.is_empty() && pod.phase.is_over() { Look::Over } else { Look::Lines(fresh) })
        });
        seen.unwrap_or(Look::Over)
    }
}

/// The first pod of the current version, or of the job.
fn first(api: &Api, job: Option<u64>) -> Option<&Pod> {
    match job {
        Some(number) => api.workers_of(number).next(),
        None => api.pods.iter().find(|pod| pod.job.is_none() && pod.phase != PodPhase::Terminating && api.is_current(pod)),
    }
}

fn waiting(cluster: &Cluster, job: Option<u64>) -> &'static str {
    match (cluster.minor() >= 36, job) {
        (true, _) => "waiting for pod to initialize ...\n",
        (false, Some(_)) => "waiting for worker to initialize ...\n",
        (false, None) => "waiting for replica to initialize ...\n",
    }
}

async fn close(mut socket: WebSocket) {
    let frame = CloseFrame { code: axum::extract::ws::close_code::NORMAL, reason: "".into() };
    // A client that is gone already needs no farewell.
    let _gone = socket.send(Message::Close(Some(frame))).await;
}
