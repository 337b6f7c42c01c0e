//! Log streams over real `WebSocket`s.

#![expect(clippy::unwrap_used, reason = "test support: a failure here is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocketUpgrade};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use holdup::domain::log::LogItem;
use holdup::source::LogRequest;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

use super::server::{connect, fixture, key, serve};

/// An operator whose stream plays recorded frames, each connection the next list.
fn operator(info: &str, list: &str, path: &str, frames: Vec<Value>) -> Router {
    operator_that_tells(info, list, path, frames, Arc::default())
}

/// The same, which tells when a client has read everything and gone.
fn operator_that_tells(info: &str, list: &str, path: &str, frames: Vec<Value>, gone: Arc<Notify>) -> Router {
    let connections = Arc::new(AtomicUsize::new(0));
    let (info, list) = (fixture(info).to_string(), fixture(list).to_string());
    let stream = move |upgrade: WebSocketUpgrade| async move {
        let turn = connections.fetch_add(1, Ordering::SeqCst);
        let frames = frames.get(turn).or(frames.last()).cloned().unwrap_or_default();
        let gone = Arc::clone(&gone);
        upgrade.on_upgrade(move |mut socket| async move {
            for frame in frames.as_array().unwrap() {
                let message = match frame["opcode"].as_str().unwrap() {
                    "text" => Message::text(frame["data"].as_str().unwrap()),
                    _ => Message::Close(Some(CloseFrame { code: 1000, reason: "".into() })),
                };
                if socket.send(message).await.is_err() {
                    return;
                }
            }
            while let Some(Ok(_)) = socket.recv().await {}
            gone.notify_one();
        })
    };
    Router::new()
        .route("/info", get(move || async move { info }))
        .route("/get/{api}", get(move || async move { list }))
        .route(path, get(stream))
}

fn request(name: &str, job: Option<&str>) -> LogRequest {
    LogRequest { workload: key(name), job: job.map(Into::into), replica: None, container: None, previous: false }
}

/// Follows until the stream ends or `enough` items came.
async fn follow(endpoint: &str, request: LogRequest, enough: usize) -> Vec<LogItem> {
    let (sender, mut receiver) = mpsc::channel(64);
    let reader = connect(endpoint).logs.unwrap();
    let following = tokio::spawn(reader.follow(request, sender));
    let mut items = Vec::new();
    while items.len() < enough {
        match receiver.recv().await {
            Some(item) => items.push(item),
            None => break,
        }
    }
    drop(receiver);
    following.await.unwrap();
    items
}

fn texts(items: &[LogItem]) -> Vec<String> {
    let text = |item: &LogItem| match item {
        LogItem::Line(line) => line.text.to_string(),
        LogItem::Note(note) => format!("note: {note}"),
        LogItem::Dropped(count) => format!("dropped: {count}"),
        LogItem::Ended(why) => format!("ended: {why}"),
    };
    items.iter().map(text).collect()
}

#[tokio::test]
async fn the_trap_is_stated_and_frames_are_told_apart() {
    let frames = vec![fixture("v042_streamlogs_frames.json")];
    let router = operator("v042_info_healthy.json", "v042_get_api_updating_gpu.json", "/streamlogs/{api}", frames);
    let items = follow(&serve(router).await, request("text-generator", None), 8).await;
    let texts = texts(&items);
    assert!(texts[0].contains("shows the NEW replica") && texts[0].contains("cannot be reached"), "{}", texts[0]);
    assert_eq!(texts[1], "note: waiting for pod to initialize");
    assert_eq!(texts[2], "INFO:     Started server process [1]");
    assert_eq!(texts[4], "RuntimeError: CUDA out of memory. Tried to allocate 1.20 GiB");
    assert_eq!(texts[5], "Traceback (most recent call last):");
    assert!(texts[6].starts_with("  File \"main.py\""), "{texts:?}");
    assert_eq!(texts[7], "note: the operator closed the stream");
}

#[tokio::test]
async fn a_closed_stream_is_opened_again_and_says_so() {
    let frames = vec![fixture("v042_streamlogs_frames.json")];
    let router = operator("v042_info_healthy.json", "v042_get_api_async.json", "/streamlogs/{api}", frames);
    let items = follow(&serve(router).await, request("video-tagger", None), 10).await;
    let texts = texts(&items);
    assert!(!texts[0].contains("NEW"), "nothing is being updated: {}", texts[0]);
    assert!(texts.contains(&"note: reconnecting in 1 s".to_owned()), "{texts:?}");
    assert!(texts[8].contains("connected again"), "{texts:?}");
}

#[tokio::test]
async fn old_operators_stream_under_another_path() {
    let frames = vec![fixture("v042_streamlogs_frames.json")];
    let router = operator("v031_info_stuck_max_instances.json", "v031_get_api_updating_gpu.json", "/logs/{api}", frames);
    let items = follow(&serve(router).await, request("text-generator", None), 3).await;
    assert!(texts(&items)[0].contains("NEW replica"), "{:?}", texts(&items));
}

#[tokio::test]
async fn a_finished_job_has_nothing_more_to_say() {
    let frames = vec![fixture("v042_streamlogs_no_pods_frames.json")];
    let router = operator("v042_info_healthy.json", "v042_get_api_batch.json", "/streamlogs/{api}", frames);
    let items = follow(&serve(router).await, request("image-classifier-batch", Some("68e52646092d4dff")), 10).await;
    let texts = texts(&items);
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].starts_with("ended: there are currently no pods running"), "{texts:?}");
}

#[tokio::test]
async fn a_refusal_before_the_stream_ends_it_with_the_reason() {
    let refuse = |Path(_): Path<String>, Query(_): Query<Vec<(String, String)>>| async {
        let body = fixture("v042_error_logs_job_id_required.json")["body"].to_string();
        Response::into_response((StatusCode::BAD_REQUEST, body).into_response())
    };
    let info = fixture("v042_info_healthy.json").to_string();
    let router = Router::new().route("/info", get(move || async move { info })).route("/streamlogs/{api}", get(refuse));
    let items = follow(&serve(router).await, request("image-classifier-batch", None), 10).await;
    let texts = texts(&items);
    assert!(texts[0].starts_with("ended: job id is required"), "{texts:?}");
    assert!(texts[0].contains("open the logs of one job"), "the next step: {texts:?}");
}

#[tokio::test]
async fn lines_that_nobody_takes_are_dropped_and_counted() {
    let mut lines: Vec<Value> =
        (0..5_000).map(|number| serde_json::json!({"opcode": "text", "data": format!("line {number}\n")})).collect();
    lines.push(serde_json::json!({"opcode": "close"}));
    let gone = Arc::new(Notify::new());
    let (list, path) = ("v042_get_api_async.json", "/streamlogs/{api}");
    let router = operator_that_tells("v042_info_healthy.json", list, path, vec![Value::from(lines)], Arc::clone(&gone));
    let endpoint = serve(router).await;
    let (sender, mut receiver) = mpsc::channel(16);
    let following = tokio::spawn(connect(&endpoint).logs.unwrap().follow(request("video-tagger", None), sender));
    // Nothing is taken before the stream was read to its end.
    gone.notified().await;
    let (mut seen, mut dropped) = (0, 0);
    while let Some(item) = receiver.recv().await {
        match item {
            LogItem::Line(_) => seen += 1,
            LogItem::Dropped(count) => dropped += count,
            LogItem::Note(note) if note.contains("closed") => break,
            LogItem::Note(_) | LogItem::Ended(_) => {}
        }
    }
    drop(receiver);
    following.await.unwrap();
    assert_eq!(seen + dropped, 5_000);
    assert!(dropped > 0);
}
