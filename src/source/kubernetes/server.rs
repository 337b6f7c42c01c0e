//! Requests to one API server: only GET, each counted, each with a bound on every wait. A login
//! that the server no longer accepts is renewed once before anybody is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::header::{ACCEPT, RETRY_AFTER};
use axum::http::{HeaderMap, Request, Response};
use kube::client::Body;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connect::{Connection, Target};
use super::pulse::Pulse;
use super::refusal::{self, Asked, Refused};
use super::skew::Skew;
use crate::clock;
use crate::domain::source::{Failure, FailureKind};

/// How long a server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until the first byte of an answer.
    pub response: Duration,
    /// Between two pieces of an answer that has an end.
    pub stall: Duration,
    /// Between two pieces of a watch. Bookmarks come about every minute.
    pub silence: Duration,
    /// Without a word over any connection, after which the server is asked whether it is there.
    pub quiet: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [response, stall, silence, quiet] = [30, 15, 90, 20].map(Duration::from_secs);
        Self { response, stall, silence, quiet }
    }
}

/// The most bytes of a refusal, and of a short answer.
const SHORT: usize = 1024 * 1024;

/// How long before its end a login is renewed.
const MARGIN: Duration = Duration::from_mins(1);

/// How long a login that failed is not tried again by the next request.
const LOGIN_PAUSE: Duration = Duration::from_secs(4);

/// What reading a cluster cost so far.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    /// Requests sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes of bodies received.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// One API server.
#[derive(Debug)]
pub struct Server {
    target: Target,
    login: Mutex<Login>,
    traffic: Arc<Traffic>,
    patience: Patience,
    skew: Skew,
    pulse: Arc<Pulse>,
}

#[derive(Debug, Default)]
struct Login {
    connection: Option<Arc<Connection>>,
    failed: Option<(Instant, Failure)>,
}

/// An answer whose body is still to be read.
pub struct Answer {
    body: Body,
    server: String,
    traffic: Arc<Traffic>,
    pulse: Arc<Pulse>,
    stall: Duration,
}

impl Server {
    /// A server. Opens no connection.
    pub fn new(target: Target, traffic: Arc<Traffic>) -> Self {
        Self { target, login: Mutex::default(), traffic, patience: Patience::default(), skew: Skew::default(), pulse: Arc::default() }
    }

    /// The same with other waits.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// How long it may take.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// How far its clock is from this machine's.
    pub fn skew(&self) -> &Skew {
        &self.skew
    }

    /// Whether it is still there.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Which one it is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The connection, made if there is none.
    ///
    /// # Errors
    /// Why the login failed.
    pub async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let mut login = self.login.lock().await;
        let holds = |connection: &&Arc<Connection>| connection.expires.is_none_or(|expires| clock::now() + MARGIN < expires);
        if let Some(connection) = login.connection.as_ref().filter(holds) {
            return Ok(Arc::clone(connection));
        }
        if let Some((at, failure)) = &login.failed
            && at.elapsed() < LOGIN_PAUSE
        {
            return Err(failure.clone());
        }
        match self.target.connect().await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *login = Login { connection: Some(Arc::clone(&connection)), failed: None };
                Ok(connection)
            }
            Err(failure) => {
                login.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// Asks for a path with its query.
    ///
    /// # Errors
    /// What the request met; a refused login only after it was renewed once.
    pub async fn get(&self, path: &str, asked: &Asked) -> Result<Answer, Refused> {
        let mut renewed = false;
        loop {
            let connection = self.connection().await?;
            let response = self.send(&connection, path).await?;
            let code = response.status().as_u16();
            let retry_after = retry_after(response.headers());
            let mut answer = Answer {
                body: response.into_body(),
                server: connection.server.clone(),
                traffic: Arc::clone(&self.traffic),
                pulse: Arc::clone(&self.pulse),
                stall: self.patience.stall,
            };
            if (200..300).contains(&code) {
                return Ok(answer);
            }
            let body = answer.whole().await.unwrap_or_default();
            if code == 401 {
                self.forget(&connection).await;
                if !renewed {
                    renewed = true;
                    continue;
                }
            }
            return Err(refusal::refused(asked, code, &body, retry_after));
        }
    }

    async fn send(&self, connection: &Connection, path: &str) -> Result<Response<Body>, Failure> {
        let request = Request::get(path).header(ACCEPT, "application/json").body(Body::empty()).map_err(|error| {
            Failure::new(FailureKind::Bug, format!("no request can be made: {error}"), "report this with the version of holdup")
        })?;
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        match tokio::time::timeout(self.patience.response, connection.client.send(request)).await {
            Ok(Ok(response)) => {
                self.pulse.hear();
                self.skew.measure(response.headers(), clock::now());
                Ok(response)
            }
            Ok(Err(error)) => Err(refusal::broken(&connection.server, &error)),
            Err(_) => Err(refusal::timed_out(&connection.server, self.patience.response)),
        }
    }

    /// Makes the next request log in anew, unless another one already did.
    async fn forget(&self, old: &Arc<Connection>) {
        let mut login = self.login.lock().await;
        if login.connection.as_ref().is_some_and(|present| Arc::ptr_eq(present, old)) {
            login.connection = None;
        }
    }
}

impl Answer {
    /// The next piece of the body; `None` at its end. `patience` is how long it may take.
    ///
    /// # Errors
    /// `TimedOut` when nothing came, `Garbage` when the answer broke off.
    pub async fn chunk(&mut self, patience: Duration) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = std::future::poll_fn(|context| std::pin::Pin::new(&mut self.body).poll_frame(context));
            let Ok(frame) = tokio::time::timeout(patience, frame).await else {
                return Err(refusal::timed_out(&self.server, patience));
            };
            match frame {
                None => return Ok(None),
                Some(Err(_)) => return Err(refusal::garbage(&self.server, "broke off")),
                // Trailers carry nothing that is used.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.pulse.hear();
                        self.traffic.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// All of a short answer; what is longer is cut.
    ///
    /// # Errors
    /// As [`Answer::chunk`].
    pub async fn whole(&mut self) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        while let Some(piece) = self.chunk(self.stall).await? {
            whole.extend_from_slice(&piece);
            if whole.len() >= SHORT {
                whole.truncate(SHORT);
                break;
            }
        }
        Ok(whole)
    }

    /// Where it came from, as it may be shown.
    pub fn server(&self) -> &str {
        &self.server
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
