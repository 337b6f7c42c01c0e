//! What getLogs answers: a block with the state of an instance, its container events, and lines.
//! Pure.

use crate::domain::time::Timestamp;

/// The most lines that are kept as a tail.
const TAIL_LINES: usize = 60;
/// The most bytes of it.
const TAIL_BYTES: usize = 8 * 1024;

/// An answer of getLogs, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerLog {
    /// Stages of the start and where each stands, in their order.
    pub stages: Vec<(String, String)>,
    /// What happened to the pod, oldest first.
    pub events: Vec<PodEvent>,
    /// The log's own lines without progress bars.
    pub lines: Vec<String>,
    /// The sentence that came instead of a log.
    pub instead: Option<Instead>,
}

/// One `Kind: Pod, Name: …` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodEvent {
    /// Such as `DownloadFailed`.
    pub name: String,
    /// Whether it is a warning.
    pub warning: bool,
    /// When.
    pub at: Option<Timestamp>,
    /// The sentence.
    pub message: String,
}

/// Why there is no log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Withheld while the deployment is made or deleted; the sentence.
    Withheld(String),
    /// There is none; the sentence.
    Nothing(String),
}

/// Takes an answer apart. Text without the block is all lines.
pub fn read(content: &str) -> ContainerLog {
    let mut log = ContainerLog::default();
    let bare = content.trim();
    if bare.lines().count() <= 1 {
        if bare.contains("logs can't be retrieved") || bare.contains("logs cannot be retrieved") {
            log.instead = Some(Instead::Withheld(bare.to_owned()));
            return log;
        }
        if bare.is_empty() || bare.contains("no logs for this deployment") {
            log.instead = Some(Instead::Nothing(bare.to_owned()));
            return log;
        }
    }
    let mut part = Part::Lines;
    for line in content.lines() {
        match line.trim() {
            "Instance status:" => part = Part::Stages,
            "Container events:" => part = Part::Events,
            "Container logs:" => part = Part::Lines,
            bare => match part {
                Part::Stages => log.stages.extend(stage(bare)),
                Part::Events => log.events.extend(event(bare)),
                Part::Lines if is_progress(bare) => {}
                Part::Lines => log.lines.push(line.trim_end().to_owned()),
            },
        }
    }
    log
}

#[derive(Clone, Copy)]
enum Part {
    Stages,
    Events,
    Lines,
}

fn stage(line: &str) -> Option<(String, String)> {
    let (name, state) = line.split_once(':')?;
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
    (is_word(name.trim()) && is_word(state.trim())).then(|| (name.trim().to_owned(), state.trim().to_owned()))
}

fn event(line: &str) -> Option<PodEvent> {
    let after = |key: &str| line.split_once(key).map(|(_, rest)| rest);
    let value = |key: &str| after(key).map(|rest| rest.split(',').next().unwrap_or(rest).trim().to_owned());
    Some(PodEvent {
        name: value("Name: ")?,
        warning: value("Type: ").is_some_and(|kind| kind == "Warning"),
        at: value("Time: ").and_then(|stamp| stamp_of(&stamp)),
        message: after("Message: ")?.trim().to_owned(),
    })
}

/// Times come as `2025-10-16T11:51:39.965418Z`, and before 2023 as `20220519-03:11:59.750675`.
fn stamp_of(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let (day, time) = text.split_once('-')?;
        let (year, rest) = day.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        format!("{year}-{month}-{day}T{time}Z").parse().ok()
    })
}

/// Bars of image layers fill hundreds of kilobytes and say nothing.
fn is_progress(line: &str) -> bool {
    ["layer-sha256:", "manifest-sha256:", "config-sha256:", "index-sha256:", "elapsed:"].iter().any(|bar| line.starts_with(bar))
}

impl ContainerLog {
    /// Where the start stands, in one line: `SystemSetup Succeeded, ModelDownload InProgress`.
    pub fn progress(&self) -> Option<String> {
        let stages: Vec<String> = self.stages.iter().map(|(name, state)| format!("{name} {state}")).collect();
        (!stages.is_empty()).then(|| stages.join(", "))
    }

    /// The stage that is not over yet or failed, with its state.
    pub fn open_stage(&self) -> Option<&(String, String)> {
        let failed = self.stages.iter().find(|(_, state)| state == "Failed");
        let open = |(name, state): &&(String, String)| name != "SystemSetup" && state == "InProgress";
        failed.or_else(|| self.stages.iter().find(open)).or_else(|| self.stages.iter().find(|(_, state)| state == "InProgress"))
    }

    /// The last lines, below the state of the start and the warnings: what is worth reading.
    pub fn tail(&self) -> Option<String> {
        let mut head: Vec<String> = self.progress().map(|progress| format!("Instance status: {progress}")).into_iter().collect();
        if let Some(last) = self.events.iter().rfind(|event| event.warning) {
            let times = self.events.iter().filter(|event| event.name == last.name).count();
            head.push(format!("Container event {} ({times} times): {}", last.name, last.message));
        }
        let mut bytes: usize = head.iter().map(|line| line.len() + 1).sum();
        let mut kept: Vec<&str> = Vec::new();
        for line in self.lines.iter().rev().take(TAIL_LINES) {
            bytes += line.len() + 1;
            if bytes > TAIL_BYTES {
                break;
            }
            kept.push(line);
        }
        kept.reverse();
        let all: Vec<&str> = head.iter().map(String::as_str).chain(kept).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_events_and_lines_are_told_apart() {
        let content = "Instance status:\nSystemSetup: InProgress\nModelDownload: InProgress\nUserContainerStart: Waiting\n\nContainer events:\nKind: Pod, Name: DownloadFailed, Type: Warning, Time: 2026-11-21T02:20:00.66Z, Message: Model download failed, retrying.\nKind: Pod, Name: Old, Type: Normal, Time: 20220519-03:11:59.750675, Message: x\n\nContainer logs:\nlayer-sha256:abc: 10%\nelapsed: 3s\nTraceback:\n  indented\n";
        let log = read(content);
        assert_eq!(log.open_stage().unwrap().0, "ModelDownload");
        assert_eq!(log.events.len(), 2);
        assert_eq!(log.events[0].message, "Model download failed, retrying.");
        assert!(log.events[1].at.is_some());
        assert_eq!(log.lines, ["Traceback:", "  indented"]);
        assert!(log.tail().unwrap().contains("DownloadFailed (1 times)"));
    }

    #[test]
    fn withheld_is_not_the_same_as_none() {
        let withheld = read("Deployment is in deleting or creating state so logs can't be retrieved.");
        assert!(matches!(withheld.instead, Some(Instead::Withheld(_))));
        assert!(matches!(read("There are no logs for this deployment at the moment.").instead, Some(Instead::Nothing(_))));
        assert!(matches!(read("").instead, Some(Instead::Nothing(_))));
        assert_eq!(read("just a line\nand another").lines.len(), 2);
    }

    #[test]
    fn a_tail_is_bounded() {
        let long = format!("Container logs:\n{}", "x".repeat(500)) + &"\nline".repeat(500);
        let tail = read(&long).tail().unwrap();
        assert!(tail.lines().count() <= TAIL_LINES && tail.len() <= TAIL_BYTES);
    }
}
