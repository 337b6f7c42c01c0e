//! `holdup classify`: names the cause of every message on standard input.
//!
//! One message a line, plain text or JSON Lines with a `message` field; one answer a line, in the
//! same order, as soon as the lines are there. A line that names nothing known gets no cause.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::num::NonZero;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Error, Exit};
use crate::explain::catalogue;
use crate::explain::signature::{self, Classification, Field, Hints};
use crate::explain::{CauseId, Confidence};

/// The most bytes of one line that are looked at.
const LONGEST: usize = 256 * 1024;
/// How much is read at a time.
const BUFFER: usize = 256 * 1024;
/// From how many lines on another thread pays.
const MANY: usize = 128;
/// The most threads that answer side by side.
const THREADS: usize = 16;

/// Arguments of `classify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The platform the messages come from; a `platform` field of a line counts where this is not given
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(signature::platforms()))]
    platform: Option<String>,
    /// How the answers look
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How answers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Id, confidence and title, separated by tabs; `-` for a message that names nothing known
    Text,
    /// One JSON object a line
    Json,
}

/// Reads standard input to its end and answers every line.
///
/// # Errors
/// When standard input cannot be read or standard output cannot take the answers.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let mut out = std::io::stdout().lock();
    match stream(std::io::stdin().lock(), &mut out, args) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Clear),
    }
}

/// Answers what is there, then waits for more: whole lines of each read, in order.
fn stream(input: impl Read, out: &mut impl Write, args: &Args) -> std::io::Result<()> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut rest = Line::default();
    loop {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        if chunk.is_empty() {
            break;
        }
        let mut lines = Vec::new();
        let mut pieces = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            rest.extend(piece);
            if pieces.peek().is_some() {
                lines.push(std::mem::take(&mut rest).bytes);
            }
        }
        let read = chunk.len();
        input.consume(read);
        out.write_all(&answers(&lines, args))?;
        out.flush()?;
    }
    if rest.begun {
        out.write_all(&answers(&[rest.bytes], args))?;
    }
    out.flush()
}

/// A line while it is read, bounded.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    begun: bool,
}

impl Line {
    fn extend(&mut self, piece: &[u8]) {
        let room = LONGEST.saturating_sub(self.bytes.len()).min(piece.len());
        self.bytes.extend_from_slice(piece.get(..room).unwrap_or_default());
        self.begun |= !piece.is_empty();
    }
}

/// The answers to some lines, in order; parts of many lines are answered side by side.
fn answers(lines: &[Vec<u8>], args: &Args) -> Vec<u8> {
    let each = |lines: &[Vec<u8>]| lines.iter().flat_map(|line| answer(&String::from_utf8_lossy(line), args)).collect::<Vec<u8>>();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let parts = (lines.len() / MANY).clamp(1, cores);
    let mut pieces = lines.chunks(lines.len().div_ceil(parts).max(1));
    let Some(first) = pieces.next() else { return Vec::new() };
    std::thread::scope(|scope| {
        let beside: Vec<_> = pieces.map(|piece| (piece, scope.spawn(move || each(piece)))).collect();
        let mut all = each(first);
        for (piece, answered) in beside {
            // A thread that could not answer left its lines unanswered; answer them here.
            all.extend(answered.join().unwrap_or_else(|_| each(piece)));
        }
        all
    })
}

fn answer(line: &str, args: &Args) -> Vec<u8> {
    let found = Message::read(line, args.platform.as_deref()).classify();
    let mut out = match args.format {
        Format::Json => serde_json::to_vec(&Answer::from(&found)).unwrap_or_else(|_| b"{\"id\":null}".to_vec()),
        Format::Text => in_words(&found).into_bytes(),
    };
    out.push(b'\n');
    out
}

/// The JSON answer; part of the contract with scripts.
#[derive(Serialize)]
struct Answer<'a> {
    id: Option<&'a CauseId>,
    #[serde(flatten)]
    rest: Option<Rest<'a>>,
}

#[derive(Serialize)]
struct Rest<'a> {
    confidence: Confidence,
    also: &'a [CauseId],
    retryable: bool,
    benign: bool,
    title: &'a str,
}

impl<'a> From<&'a Classification> for Answer<'a> {
    fn from(found: &'a Classification) -> Self {
        let id = found.cause.as_ref();
        let rest = id.map(|id| Rest {
            confidence: found.confidence,
            also: &found.also,
            retryable: found.retryable,
            benign: found.benign,
            title: catalogue::find(id).map_or("", |cause| &cause.title),
        });
        Self { id, rest }
    }
}

fn in_words(found: &Classification) -> String {
    let Some(id) = &found.cause else { return "-".to_owned() };
    let title = catalogue::find(id).map_or("", |cause| &cause.title);
    format!("{id}\t{}\t{title}", super::explain::confidence_word(found.confidence))
}

/// A message and what its line says beside it.
struct Message {
    text: String,
    /// The whole line, where the text is only a part of it.
    line: Option<String>,
    hints: Hints,
}

impl Message {
    fn read(line: &str, platform: Option<&str>) -> Self {
        let hints = Hints { platform: platform.map(str::to_owned), ..Hints::default() };
        let record = Some(line)
            .filter(|line| line.trim_start().starts_with('{'))
            .and_then(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
        match record {
            Some(record) if record.contains_key("message") => Self::from_record(&record, line, hints),
            _ => Self { text: line.to_owned(), line: None, hints },
        }
    }

    fn from_record(record: &Map<String, Value>, line: &str, mut hints: Hints) -> Self {
        let message = record.get("message").map(plain).unwrap_or_default();
        let code = first(record, &["code", "error_code", "errorCode", "reason"]).map(plain);
        let text = match code {
            Some(code) if !code.is_empty() && !message.contains(&code) => format!("{code}: {message}"),
            _ => message,
        };
        let known = |name: &String| signature::platforms().any(|platform| platform == name);
        hints.platform = hints.platform.or_else(|| record.get("platform").map(plain).filter(known));
        hints.field = first(record, &["field", "where", "surface"]).and_then(Value::as_str).and_then(Field::named);
        hints.status = first(record, &["status", "status_code", "statusCode", "StatusCode", "http_status"])
            .map(plain)
            .filter(|status| !status.is_empty());
        hints.after = first(record, &["after", "seconds", "elapsed"]).and_then(Value::as_f64);
        // A record without anything else may be an answer's body: its own shape then counts too.
        let line = (record.len() <= 2).then(|| line.to_owned());
        Self { text, line, hints }
    }

    fn classify(&self) -> Classification {
        let found = signature::classify(&self.text, &self.hints);
        match &self.line {
            Some(line) if found.cause.is_none() => signature::classify(line, &self.hints),
            _ => found,
        }
    }
}

fn first<'a>(record: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| record.get(*name)).filter(|value| !value.is_null())
}

/// A string as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(input: &str, format: Format) -> Vec<String> {
        let mut out = Vec::new();
        stream(input.as_bytes(), &mut out, &Args { platform: None, format }).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_line_has_its_answer_in_order() {
        let lines = answered(
            "Max spot instance count exceeded.\n\nhello\n{\"message\":\"VcpuLimitExceeded\",\"id\":7}\n{\"message\":null}",
            Format::Json,
        );
        assert_eq!(lines.len(), 5);
        assert_eq!(
            lines[0],
            r#"{"id":"aws/vcpu-quota-spot","confidence":"likely","also":["anyscale/capacity-quota"],"retryable":false,"benign":false,"title":"Spot vCPU quota of the instance family"}"#
        );
        assert_eq!((lines[1].as_str(), lines[2].as_str(), lines[4].as_str()), (r#"{"id":null}"#, r#"{"id":null}"#, r#"{"id":null}"#));
        assert!(lines[3].contains("aws/vcpu-quota-on-demand"));
    }

    #[test]
    fn many_lines_keep_their_order() {
        let input: String = (0..2000).map(|n| if n % 3 == 0 { "VcpuLimitExceeded\n" } else { "fine\n" }).collect();
        let lines = answered(&input, Format::Text);
        assert_eq!(lines.len(), 2000);
        assert!(lines.iter().enumerate().all(|(n, line)| line.starts_with(if n % 3 == 0 { "aws/vcpu" } else { "-" })));
    }

    #[test]
    fn what_stands_beside_the_message_counts() {
        let lines = answered(
            concat!(
                r#"{"message":"Launching a new EC2 instance: i-0a","StatusCode":"InProgress"}"#,
                "\n",
                r#"{"message":"quota","code":"MaxSpotInstanceCountExceeded"}"#,
                "\n",
                r#"{"message":"no healthy upstream","platform":"cortex","field":"http_body","status":503}"#,
                "\n"
            ),
            Format::Text,
        );
        let ids: Vec<&str> = lines.iter().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(ids, ["aws/in-progress", "aws/vcpu-quota-spot", "cortex/http-no-live-replica"]);
    }

    #[test]
    fn an_endless_line_is_bounded() {
        let lines = answered(&format!("{}\nVcpuLimitExceeded", "x".repeat(3 * LONGEST)), Format::Text);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].starts_with("aws/vcpu-quota-on-demand"));
    }
}
