//! What answers hold, with every name a field goes by. Lenient: every field is optional, unknown
//! ones are ignored, figures may be text. No logic.
//!
//! Source: the project's documents (`api/jobs`, `api/providers`), its collections and dashboard.

use serde_json::Value;

use crate::domain::time::Timestamp;

/// The first field that is there and is not null. Dots lead inside.
fn field<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| name.split('.').try_fold(value, |value, part| value.get(part)).filter(|found| !found.is_null()))
}

/// A text, or a figure as text.
pub fn text(value: &Value, names: &[&str]) -> Option<String> {
    match field(value, names)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A figure, or one written as text.
pub fn number(value: &Value, names: &[&str]) -> Option<f64> {
    let number = match field(value, names)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A moment: RFC 3339, or unix seconds or milliseconds.
pub fn time(value: &Value, names: &[&str]) -> Option<Timestamp> {
    match field(value, names)? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number.as_i64()?;
            if number > 100_000_000_000 { Timestamp::from_millisecond(number).ok() } else { Timestamp::from_second(number).ok() }
        }
        _ => None,
    }
}

/// A list; empty where there is none.
pub fn list<'a>(value: &'a Value, names: &[&str]) -> &'a [Value] {
    field(value, names).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// The type or the id of its provider.
    pub provider: Option<String>,
    /// The gateway's own word.
    pub status: String,
    /// The image.
    pub image: Option<String>,
    /// As written: thousandths of a core in the documents, cores in places of the code.
    pub cpu: Option<f64>,
    /// As written, such as `512Mi`.
    pub memory: Option<String>,
    /// As written.
    pub storage: Option<String>,
    /// GPUs.
    pub gpu: Option<f64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When its container started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it will cost.
    pub projected: Option<f64>,
    /// The currency of that.
    pub currency: Option<String>,
    /// Its error.
    pub error: Option<String>,
    /// With what its program ended.
    pub exit_code: Option<i64>,
    /// The id the network gave it, once a provider has it.
    pub placed_as: Option<String>,
    /// Its own list of events.
    pub events: Vec<Event>,
}

/// Reads a job; `None` for what has no id.
pub fn job(value: &Value) -> Option<Job> {
    Some(Job {
        id: text(value, &["id", "jobId"])?,
        provider: text(value, &["provider", "providerId", "configuration.provider", "provider.id"]),
        status: text(value, &["status"]).unwrap_or_default(),
        image: text(value, &["image", "configuration.image"]),
        cpu: number(value, &["cpu", "configuration.cpu"]),
        memory: text(value, &["memory", "configuration.memory"]),
        storage: text(value, &["storage", "configuration.storage"]),
        gpu: number(value, &["gpu", "configuration.gpu"]),
        created_at: time(value, &["createdAt", "submittedAt"]),
        started_at: time(value, &["startedAt"]),
        ended_at: time(value, &["endedAt", "completedAt", "finishedAt"]),
        projected: number(value, &["cost.projected", "cost.final", "estimatedCost"]),
        currency: text(value, &["cost.currency", "currency"]),
        error: text(value, &["error", "error.message", "errorMessage", "results.error"]),
        #[expect(clippy::cast_possible_truncation, reason = "exit codes are small")]
        exit_code: number(value, &["results.exitCode", "exitCode"]).map(|code| code as i64),
        placed_as: text(value, &["providerJobId", "results.providerJobId"]),
        events: events(list(value, &["events"])),
    })
}

/// Something that happened to a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Such as `scheduled`.
    pub kind: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The sentence; empty where there is none.
    pub message: String,
}

/// Reads events.
pub fn events(values: &[Value]) -> Vec<Event> {
    let read = |value: &Value| {
        Some(Event {
            kind: text(value, &["type", "eventType", "name"])?,
            at: time(value, &["timestamp", "createdAt", "at"]),
            message: text(value, &["message", "reason", "details"]).unwrap_or_default(),
        })
    };
    values.iter().filter_map(read).collect()
}

/// A line of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// When, where the gateway says.
    pub at: Option<Timestamp>,
    /// The line.
    pub text: String,
}

/// Reads one line: an object, or the bare text.
pub fn line(value: &Value) -> Option<Line> {
    match value {
        Value::String(text) => Some(Line { at: None, text: text.clone() }),
        other => Some(Line { at: time(other, &["timestamp", "time"]), text: text(other, &["line", "message", "log"])? }),
    }
}

/// A provider, from its row and its status together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    /// Its id.
    pub id: String,
    /// What jobs call it: `akash`.
    pub kind: String,
    /// The gateway's word for its state.
    pub status: Option<String>,
    /// Milliseconds.
    pub latency: Option<f64>,
    /// Milliseconds as they usually are.
    pub usual_latency: Option<f64>,
    /// When the gateway last looked.
    pub checked_at: Option<Timestamp>,
    /// Its version.
    pub version: Option<String>,
    /// Machines of the network.
    pub nodes: Option<f64>,
    /// Percent of the network's CPU and memory in use.
    pub load: (Option<f64>, Option<f64>),
    /// Where it answers.
    pub endpoint: Option<String>,
    /// What its status says is wrong.
    pub error: Option<String>,
    /// What the wallet holds.
    pub wallet: Option<Wallet>,
    /// Price of CPU, as written.
    pub price: Option<f64>,
}

/// Reads a provider; `None` for what has no name of any kind.
pub fn provider(value: &Value) -> Option<Provider> {
    let id = text(value, &["id", "providerId", "network", "networkName", "name"])?;
    Some(Provider {
        kind: text(value, &["type", "network", "networkName"]).unwrap_or_else(|| id.clone()),
        id,
        status: text(value, &["status"]),
        latency: number(value, &["latency"]),
        usual_latency: number(value, &["metrics.latency"]),
        checked_at: time(value, &["lastChecked"]),
        version: text(value, &["version"]),
        nodes: number(value, &["nodeCount", "availableNodes"]),
        load: (number(value, &["networkLoad.cpu"]), number(value, &["networkLoad.memory"])),
        endpoint: list(value, &["endpoints"]).first().and_then(Value::as_str).map(str::to_owned),
        error: text(value, &["error", "error.message", "message"]),
        wallet: field(value, &["walletBalance"]).and_then(wallet),
        price: number(value, &["pricing.cpu", "currentPrice"]),
    })
}

/// What a wallet holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wallet {
    /// The coin, such as `uakt`: a leading `u` means millionths.
    pub coin: Option<String>,
    /// The amount, as written.
    pub amount: Option<String>,
    /// The same in US dollars.
    pub usd: Option<f64>,
}

/// Reads a balance, in its own object or bare.
pub fn wallet(value: &Value) -> Option<Wallet> {
    let inner = field(value, &["balance", "walletBalance"]).filter(|inner| inner.is_object()).unwrap_or(value);
    let wallet = Wallet {
        coin: text(inner, &["denom", "currency"]),
        amount: text(inner, &["amount", "balance"]),
        usd: number(inner, &["usdValue"]),
    };
    (wallet.amount.is_some() || wallet.usd.is_some()).then_some(wallet)
}

/// How much of something a provider has: a figure, a text, or both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Free now.
    pub free: Option<String>,
    /// At most.
    pub most: Option<String>,
}

/// Reads one resource of a provider's capabilities.
pub fn span(value: &Value, name: &str) -> Span {
    match value.get(name) {
        Some(both @ Value::Object(_)) => Span { free: text(both, &["available", "free"]), most: text(both, &["max", "total"]) },
        Some(_) => {
            let only = text(value, &[name]);
            Span { free: only.clone(), most: only }
        }
        None => Span::default(),
    }
}

/// A line of the gateway's own log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Option<Timestamp>,
    /// Which part wrote it.
    pub service: String,
    /// The sentence.
    pub message: String,
    /// The job it is about.
    pub job: Option<String>,
    /// The provider it is about.
    pub provider: Option<String>,
    /// The code of its error.
    pub code: Option<String>,
    /// The sentence of its error.
    pub error: Option<String>,
    /// Whether the error is a time-out.
    pub timed_out: bool,
    /// Whether it is an error or a warning.
    pub is_trouble: bool,
}

/// Reads a line of the gateway's own log.
pub fn record(value: &Value) -> Option<Record> {
    Some(Record {
        at: time(value, &["timestamp", "time"]),
        service: text(value, &["service"]).unwrap_or_default(),
        message: text(value, &["message", "line"])?,
        job: text(value, &["jobId"]),
        provider: text(value, &["providerId"]),
        code: text(value, &["error.code"]),
        error: text(value, &["error.message", "error"]),
        timed_out: value.pointer("/error/details/timeout").and_then(Value::as_bool).unwrap_or(false),
        is_trouble: text(value, &["level"]).is_some_and(|level| matches!(level.as_str(), "error" | "warn" | "warning" | "fatal")),
    })
}
