//! One container's log: opened at its end, reopened where it broke off, no line twice.

use std::collections::BTreeSet;

use tokio::sync::mpsc;

use super::choose::Place;
use crate::clock;
use crate::domain::source::FailureKind;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, words};
use crate::source::kubernetes::informer::{Line, Lines, escaped};
use crate::source::kubernetes::refusal::{Asked, Refused};
use crate::source::kubernetes::server::{Answer, Server};

/// Lines of the past that are read first.
const TAIL: &str = "500";

/// The same of a container that is over.
const TAIL_OF_PREVIOUS: &str = "5000";

/// The longest line; the rest of it is passed over.
const LINE: usize = 64 * 1024;

/// A silent stream is reopened after so long: a connection can die without a word.
const SILENCE: Duration = Duration::from_mins(5);

/// The first pause before a stream is opened again, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Lines of one instant that are remembered, to know them again.
const REMEMBERED: usize = 2_000;

/// What a stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A line, with the time it was written.
    Line(Timestamp, Text),
    /// Something about the stream.
    Note(Text),
    /// It is over for good; why.
    Over(Text),
}

/// Follows one container's log until it is over or nobody listens.
pub async fn follow(server: &Server, place: &Place, previous: bool, said: &mpsc::Sender<(Place, Said)>) {
    let tell = async |what: Said| said.send((place.clone(), what)).await.is_ok();
    let mut seam = Seam::default();
    let mut pause = PAUSE;
    let mut last_note = Text::default();
    loop {
        let note = match server.get(&path(place, previous, seam.last), &asked(place)).await {
            Ok(answer) => {
                let before = seam.last;
                let Some(note) = read(answer, &mut seam, (server, place), said).await else { return };
                if previous {
                    tell(Said::Over(note)).await;
                    return;
                }
                if seam.last != before {
                    pause = PAUSE;
                    last_note = Text::default();
                }
                note
            }
            Err(refused) => match meaning(&refused, previous) {
                Said::Note(note) => note,
                over => {
                    tell(over).await;
                    return;
                }
            },
        };
        // The same words again and again would only cover the lines.
        if note != last_note && !note.is_empty() && !tell(Said::Note(format!("{note}; asking again in {}", words(pause)).into())).await {
            return;
        }
        last_note = note;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = said.closed() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Reads to the end of an answer; says why it ended, or nothing when nobody listens.
async fn read(mut answer: Answer, seam: &mut Seam, (server, place): (&Server, &Place), said: &mpsc::Sender<(Place, Said)>) -> Option<Text> {
    let mut lines = Lines::new(LINE);
    seam.reopen();
    loop {
        let piece = match answer.chunk(SILENCE).await {
            Ok(Some(piece)) => piece,
            Ok(None) => return Some("the container's log ended".into()),
            Err(failure) if failure.kind == FailureKind::TimedOut => return Some(Text::default()),
            Err(failure) => return Some(failure.message),
        };
        let mut fresh = Vec::new();
        lines.feed(&piece, &mut |line| {
            let (Line::Whole(line) | Line::TooLong(line)) = line;
            let (at, text) = split(line);
            if seam.is_new(at, &text) {
                fresh.push(Said::Line(at.map_or_else(clock::now, |at| server.skew().here(at)), text));
            }
        });
        for line in fresh {
            said.send((place.clone(), line)).await.ok()?;
        }
    }
}

fn path(place: &Place, previous: bool, since: Option<Timestamp>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("container", &place.container).append_pair("timestamps", "true");
    match (previous, since) {
        (true, _) => query.append_pair("previous", "true").append_pair("tailLines", TAIL_OF_PREVIOUS),
        (false, None) => query.append_pair("follow", "true").append_pair("tailLines", TAIL),
        (false, Some(since)) => query.append_pair("follow", "true").append_pair("sinceTime", &format!("{since:.0}")),
    };
    format!("/api/v1/namespaces/{}/pods/{}/log?{}", escaped(&place.namespace), escaped(&place.pod), query.finish())
}

/// The path of the last lines alone.
pub(super) fn tail_path(place: &Place, previous: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("container", &place.container).append_pair("tailLines", "60");
    if previous {
        query.append_pair("previous", "true");
    }
    format!("/api/v1/namespaces/{}/pods/{}/log?{}", escaped(&place.namespace), escaped(&place.pod), query.finish())
}

fn asked(place: &Place) -> Asked {
    Asked { what: "get pods/log".to_owned(), namespace: Some(place.namespace.to_string()) }
}

/// Whether to ask again after a refusal.
fn meaning(refused: &Refused, previous: bool) -> Said {
    let failure = &refused.failure;
    match refused.code {
        404 => Said::Over("the replica is gone".into()),
        400 if previous => Said::Over(
            "there is no previous container: it has not ended once since the replica was made, or its log is no longer kept".into(),
        ),
        // The sentence names the container and what it waits for.
        400 => Said::Note(Text::clean(failure.message.rsplit_once(": ").map_or(failure.message.as_str(), |(_, why)| why)).clone()),
        403 => Said::Over(format!("{}; {}", failure.message, failure.hint).into()),
        _ => Said::Note(failure.message.clone()),
    }
}

/// The time in front of a line, and the line.
fn split(line: &[u8]) -> (Option<Timestamp>, Text) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let stamp = line.get(..end).and_then(|stamp| std::str::from_utf8(stamp).ok()).and_then(|stamp| stamp.parse().ok());
    match stamp {
        Some(at) => (Some(at), Text::clean_bytes(line.get(end + 1..).unwrap_or_default())),
        None => (None, Text::clean_bytes(line)),
    }
}

/// Where a stream broke off: what comes again after a reopening is known by its time and text.
#[derive(Debug, Default)]
struct Seam {
    last: Option<Timestamp>,
    at_last: BTreeSet<Text>,
    open: bool,
}

impl Seam {
    fn reopen(&mut self) {
        self.open = self.last.is_some();
    }

    fn is_new(&mut self, at: Option<Timestamp>, text: &Text) -> bool {
        let (Some(at), last) = (at, self.last) else { return true };
        match last.map(|last| at.cmp(&last)) {
            Some(std::cmp::Ordering::Less) => return !self.open,
            Some(std::cmp::Ordering::Equal) => {
                if self.open && self.at_last.contains(text) {
                    return false;
                }
            }
            Some(std::cmp::Ordering::Greater) | None => {
                self.last = Some(at);
                self.at_last.clear();
                self.open = false;
            }
        }
        if self.at_last.len() < REMEMBERED {
            self.at_last.insert(text.clone());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, nanos: i32, text: &str) -> (Option<Timestamp>, Text) {
        (Timestamp::new(second, nanos).ok(), text.into())
    }

    #[test]
    fn a_seam_shows_every_line_once() {
        let mut seam = Seam::default();
        let first = [line(1, 0, "a"), line(2, 5, "b"), line(2, 5, "b"), line(2, 5, "c")];
        assert!(first.iter().all(|(at, text)| seam.is_new(*at, text)), "repetitions are real while nothing broke");
        seam.reopen();
        let again = [line(2, 1, "older"), line(2, 5, "b"), line(2, 5, "c"), line(2, 5, "d"), line(3, 0, "b"), line(2, 9, "late")];
        let shown: Vec<&str> = again.iter().filter(|(at, text)| seam.is_new(*at, text)).map(|(_, text)| text.as_str()).collect();
        assert_eq!(shown, ["d", "b", "late"]);
    }

    #[test]
    fn a_line_without_a_time_is_shown_as_it_is() {
        assert_eq!(split(b"no time here").0, None);
        let (at, text) = split(b"2026-11-21T03:32:35.123456789Z  two  spaces");
        assert_eq!((at.unwrap().as_second(), text.as_str()), (1_795_231_955, " two  spaces"));
    }
}
