//! One WebSocket: opened with identity and version, kept alive with pings, read to its end.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::super::client::{DEADLINE, Operator, timed_out, unreachable};
use super::super::refusal;
use super::super::wire::ErrorBody;
use super::frame::{First, classify};
use super::{Ending, Out};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::LogRequest;

/// How often a ping is sent: load balancers cut connections that are silent for minutes.
const PING: Duration = Duration::from_secs(30);

/// Without any sign of life for this long, a connection is dead.
const SILENCE: Duration = Duration::from_secs(90);

/// The largest message; the operator itself ends a stream at a line of 1 MiB.
const MESSAGE_LIMIT: usize = 2 * 1024 * 1024;

/// How a stream stopped.
pub(super) enum Stop {
    /// There is nothing to read from.
    NoReplicas(Text),
    /// The operator closed it.
    Closed {
        /// Whether a line had come.
        after_lines: bool,
    },
    /// The connection is gone.
    Broken(Text),
}

/// An open stream.
pub(super) struct Stream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

enum Opening {
    Open(Box<Stream>),
    Refused(ErrorBody),
}

impl Stream {
    /// Opens the stream of a request; learns the operator's version first if need be, and repeats
    /// once what a new signature or a new version can heal.
    pub(super) async fn open(operator: &Operator, request: &LogRequest) -> Result<Self, Failure> {
        if operator.version().is_none() {
            operator.info().await?;
        }
        let refused = match Self::once(operator, request).await? {
            Opening::Open(stream) => return Ok(*stream),
            Opening::Refused(body) => body,
        };
        if refused.kind == "endpoints.api_version_mismatch" {
            operator.info().await?;
        } else if refusal::wants_new_signature(&refused) {
            operator.forget_identity().await;
        } else {
            return Err(operator.refused(&refused).await);
        }
        match Self::once(operator, request).await? {
            Opening::Open(stream) => Ok(*stream),
            Opening::Refused(body) => Err(operator.refused(&body).await),
        }
    }

    async fn once(operator: &Operator, request: &LogRequest) -> Result<Opening, Failure> {
        let path = operator.version().map_or("streamlogs", |version| version.log_path());
        let job = request.job.as_ref().map(|job| ("jobID", job.as_str()));
        let url = operator.endpoint().web_socket(&[path, &request.workload.name], job.as_slice());
        let mut handshake = url.into_client_request().map_err(|error| {
            Failure::new(FailureKind::Misconfigured, format!("no address for a stream: {error}"), "check the endpoint of this context")
        })?;
        handshake.headers_mut().extend(operator.headers().await?);
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(MESSAGE_LIMIT);
        config.max_frame_size = Some(MESSAGE_LIMIT);
        let connecting = connect_async_tls_with_config(handshake, Some(config), false, Some(operator.trust().web_socket()?));
        let host = operator.endpoint().host_port();
        match timeout(DEADLINE, connecting).await {
            Err(_) => Err(timed_out(host)),
            Ok(Ok((socket, _))) => Ok(Opening::Open(Box::new(Self { socket }))),
            Ok(Err(error)) => match operator.trust().take_refusal() {
                Some(refusal) => Err(refusal),
                None => not_opened(error, host),
            },
        }
    }

    /// Passes lines on until the stream stops.
    pub(super) async fn pump(&mut self, out: &mut Out) -> Result<Stop, Ending> {
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut alive = Instant::now();
        let (mut fresh, mut after_lines) = (true, false);
        loop {
            let message = tokio::select! {
                message = self.socket.next() => message,
                _ = pings.tick() => {
                    if alive.elapsed() > SILENCE {
                        return Ok(Stop::Broken("no sign of life".into()));
                    }
                    if let Err(error) = self.socket.send(Message::Ping(Vec::new().into())).await {
                        return Ok(Stop::Broken(error.to_string().into()));
                    }
                    continue;
                }
                () = out.lines.closed() => {
                    self.farewell().await;
                    return Err(Ending::Gone);
                }
            };
            alive = Instant::now();
            let frame = match message {
                Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
                Some(Ok(Message::Binary(bytes))) => String::from_utf8_lossy(&bytes).into_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) | None => return Ok(Stop::Closed { after_lines }),
                Some(Err(error)) => return Ok(Stop::Broken(error.to_string().into())),
            };
            if fresh {
                match classify(&frame) {
                    First::NoReplicas => return Ok(Stop::NoReplicas(Text::clean(frame.trim_end()))),
                    First::Waiting => {
                        out.note(frame.trim_end().trim_end_matches('.').trim_end()).await?;
                        continue;
                    }
                    First::Line => fresh = false,
                }
            }
            after_lines = true;
            for line in frame.strip_suffix('\n').unwrap_or(&frame).split('\n') {
                out.line(line)?;
            }
        }
    }

    /// Tells the operator that nobody listens any more; it lingers otherwise.
    async fn farewell(&mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        // The stream ends either way.
        let _ended = timeout(Duration::from_millis(250), self.socket.close(Some(frame))).await;
    }
}

/// A handshake that failed: the operator's envelope, or something in front of it.
fn not_opened(error: Error, host: &str) -> Result<Opening, Failure> {
    match error {
        Error::Http(response) => {
            let status = response.status().as_u16();
            let body = response.into_body().unwrap_or_default();
            serde_json::from_slice::<ErrorBody>(&body).map(Opening::Refused).map_err(|_| refusal::from_status(status, &body))
        }
        Error::Io(error) => Err(unreachable(host, &error.to_string())),
        other => Err(Failure::new(
            FailureKind::Garbage,
            format!("{host} does not open a stream as Cortex does: {other}"),
            "check that the endpoint is a Cortex operator, and that no proxy in between blocks WebSockets",
        )),
    }
}
