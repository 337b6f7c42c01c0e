//! Watches: one JSON object a line, for as long as both sides want.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, sleep_until};

use super::access::WatchFault;
use super::kinds::ServedKind;
use super::media::Form;
use super::object::Stored;
use super::options::{At, Options};
use super::selector::Selector;
use super::server::Server;
use super::status::Refusal;
use super::store::{Change, Store};
use super::table;

/// How often the world behind is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long a watch lasts that says nothing about it.
const LIFE: Duration = Duration::from_mins(45);
/// How often a quiet watch is told its version.
const BOOKMARK: Duration = Duration::from_mins(1);

/// Answers a watch.
pub(super) fn watch(server: Arc<Server>, kind: &'static ServedKind, namespace: Option<&str>, options: Options, form: Form) -> Response {
    let now = Instant::now();
    let watch = Watch {
        news: server.news(),
        fault: server.watch_fault(),
        server,
        kind,
        namespace: namespace.map(str::to_owned),
        selector: options.selector,
        form,
        at: match options.at {
            At::Newest | At::Any => None,
            At::Since(version) | At::Exactly(version) => Some(version),
        },
        bookmarks: options.bookmarks,
        ends: now + options.timeout_seconds.map_or(LIFE, Duration::from_secs),
        bookmark_at: now + BOOKMARK,
        headed: false,
        over: None,
    };
    let lines = stream::unfold(watch, |mut watch| async move { Some((watch.next().await?, watch)) });
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(lines)).into_response()
}

/// How a watch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Ended,
    Cut,
}

struct Watch {
    server: Arc<Server>,
    kind: &'static ServedKind,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    /// Up to where changes were sent; `None` before the first look, for all there is.
    at: Option<u64>,
    bookmarks: bool,
    ends: Instant,
    bookmark_at: Instant,
    news: Receiver<u64>,
    /// Whether a table's columns were named.
    headed: bool,
    fault: Option<WatchFault>,
    over: Option<Over>,
}

impl Watch {
    /// The next lines; `None` at the end.
    async fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        match self.over {
            Some(Over::Ended) => return None,
            Some(Over::Cut) => {
                self.over = Some(Over::Ended);
                return Some(Err(io::ErrorKind::ConnectionReset.into()));
            }
            None => {}
        }
        if let Some(line) = self.broken_from_the_start() {
            self.over = Some(Over::Ended);
            return Some(Ok(line));
        }
        loop {
            self.news.borrow_and_update();
            let lines = self.look();
            if !lines.is_empty() {
                if self.fault == Some(WatchFault::Cut) {
                    self.over = Some(Over::Cut);
                }
                return Some(Ok(lines.into()));
            }
            tokio::select! {
                _ = self.news.changed() => {}
                () = sleep(LOOK) => {}
                () = sleep_until(self.bookmark_at), if self.bookmarks => {
                    self.bookmark_at = Instant::now() + BOOKMARK;
                    return Some(Ok(self.bookmark().into()));
                }
                () = sleep_until(self.ends) => {
                    self.over = Some(Over::Ended);
                    return self.bookmarks.then(|| Ok(self.bookmark().into()));
                }
            }
        }
    }

    fn broken_from_the_start(&self) -> Option<Bytes> {
        match self.fault? {
            WatchFault::Cut => None,
            WatchFault::Garbled => Some(Bytes::from_static(b"{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Po\x00\xff<html>502\n")),
            WatchFault::Outdated => {
                let newest = self.server.look(Store::version);
                Some(error(&Refusal::too_old(self.at.unwrap_or_default(), newest)).into())
            }
        }
    }

    /// What happened since the last look, as lines.
    fn look(&mut self) -> Vec<u8> {
        let (kind, at, namespace) = (self.kind, self.at, self.namespace.as_deref());
        let seen = self.server.look(|store| match at {
            Some(at) => store.changes(kind, at).map(|changes| (changes, Vec::new(), store.version().max(at))),
            None => store.objects(kind, namespace, "", None).map(|objects| (Vec::new(), objects, store.version())),
        });
        let mut lines = Vec::new();
        let Ok((changes, objects, version)) = seen else {
            self.over = Some(Over::Ended);
            return error(&Refusal::too_old(at.unwrap_or_default(), self.server.look(Store::version)));
        };
        self.at = Some(version);
        for object in objects {
            if self.selector.admits(&object) {
                self.line(&mut lines, "ADDED", &object);
            }
        }
        for change in &changes {
            if let Some((word, object)) = self.event(change) {
                self.line(&mut lines, word, &object);
            }
        }
        lines
    }

    /// What a change is to this watch: an object that is not selected any more is as good as gone.
    fn event(&self, change: &Change) -> Option<(&'static str, Arc<Stored>)> {
        let chosen = |object: &Option<Arc<Stored>>| {
            let object = object.as_ref()?;
            let here = self.namespace.as_ref().is_none_or(|namespace| *namespace == object.namespace);
            (here && self.selector.admits(object)).then(|| object.clone())
        };
        match (chosen(&change.before), chosen(&change.after)) {
            (None, None) => None,
            (None, Some(after)) => Some(("ADDED", after)),
            (Some(_), Some(after)) => Some(("MODIFIED", after)),
            (Some(before), None) => {
                let versioned = change.last.clone().or_else(|| before.reversioned(change.version).map(Arc::new));
                Some(("DELETED", versioned.unwrap_or(before)))
            }
        }
    }

    fn line(&mut self, lines: &mut Vec<u8>, word: &str, object: &Arc<Stored>) {
        lines.extend_from_slice(format!("{{\"type\":\"{word}\",\"object\":").as_bytes());
        let pieces = match self.form {
            Form::Whole => object.whole(self.kind).to_vec(),
            Form::Metadata => object.metadata_only().to_vec(),
            Form::Table(rows) => {
                let metadata = format!("{{\"resourceVersion\":\"{}\"}}", object.version);
                let table = table::table(self.kind, std::slice::from_ref(object), rows, &metadata, !self.headed);
                self.headed = true;
                vec![table]
            }
        };
        for piece in pieces {
            lines.extend_from_slice(&piece);
        }
        lines.extend_from_slice(b"}\n");
    }

    /// Tells the version up to which everything was sent.
    fn bookmark(&self) -> Vec<u8> {
        let (word, version) = match self.form {
            Form::Whole => (self.kind.kind, self.kind.api_version()),
            Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            Form::Table(_) => ("Table", "meta.k8s.io/v1".to_owned()),
        };
        let at = self.at.unwrap_or_default();
        let metadata = format!("{{\"resourceVersion\":\"{at}\",\"creationTimestamp\":null}}");
        let object = format!("{{\"kind\":\"{word}\",\"apiVersion\":\"{version}\",\"metadata\":{metadata}}}");
        format!("{{\"type\":\"BOOKMARK\",\"object\":{object}}}\n").into_bytes()
    }
}

fn error(refusal: &Refusal) -> Vec<u8> {
    [b"{\"type\":\"ERROR\",\"object\":", &refusal.body()[..], b"}\n"].concat()
}
