//! What the last lines of a log come to: which cause they name and which line says so.
//!
//! Line by line, but not only: of a traceback the exception counts and not the frames, an error
//! after which the program went on working counts for nothing, what a web server says about its
//! workers steps back behind what the worker said, and workers that boot over and over are a
//! finding of many lines. A log that names nothing known stays without a cause.

use super::super::finding::Confidence;
use super::{Classification, Field, Hints, classify, gunicorn, shared};

/// The most lines that are read, from the end.
const LINES: usize = 2_000;

/// How many lines below an exception may belong to its message.
const BELOW: usize = 3;

const TRACEBACK: &str = "Traceback (most recent call last)";

/// A line that names a cause.
struct Said {
    at: usize,
    found: Classification,
    /// Whether a program may say this and go on.
    survivable: bool,
}

/// The cause that the end of a log names, and the number of the line that says it, counted from 0
/// over `lines.lines()`. The newest of the surest counts, behind what it only wraps.
pub fn classify_log(lines: &str, hints: &Hints) -> Option<(Classification, usize)> {
    let all: Vec<&str> = lines.lines().collect();
    let begin = all.len().saturating_sub(LINES);
    let tail = all.get(begin..).unwrap_or_default();
    let hints = Hints { field: hints.field.or(Some(Field::LogLine)), ..hints.clone() };
    let mut said = said(tail, &hints);
    let worked = last_sign_of_work(tail);
    said.retain(|line| !line.survivable || worked.is_none_or(|worked| line.at > worked));
    said.extend(loops(tail, &hints));
    let (found, at) = decide(&said)?;
    Some((found, begin + at))
}

/// Every line that names a cause.
fn said(tail: &[&str], hints: &Hints) -> Vec<Said> {
    let mut said = Vec::new();
    let mut frames: Option<usize> = None;
    for (at, line) in tail.iter().enumerate() {
        if let Some(column) = line.find(TRACEBACK) {
            frames = Some(column);
            continue;
        }
        if let Some(column) = frames {
            if is_frame(line, column) {
                continue;
            }
            frames = None;
            said.extend(exception(tail, at, hints));
            continue;
        }
        let found = classify(line, hints);
        if found.cause.is_some() && !found.benign {
            said.push(Said { at, found, survivable: false });
        }
    }
    said
}

/// The exception at the end of a traceback. A message that names nothing is read with the lines below it.
fn exception(tail: &[&str], at: usize, hints: &Hints) -> Option<Said> {
    let line = tail.get(at)?;
    let mut found = classify(line, hints);
    if found.cause.is_none() {
        let below = tail.iter().skip(at).take(1 + BELOW).take_while(|line| !line.contains(TRACEBACK) && !line.trim().is_empty());
        found = classify(&below.copied().collect::<Vec<_>>().join("\n"), hints);
    }
    (found.cause.is_some() && !found.benign).then_some(Said { at, found, survivable: true })
}

/// Whether a line belongs to the frames of a traceback that stands in this column: everything a
/// logger puts before it is as wide on every line.
fn is_frame(line: &str, column: usize) -> bool {
    let own = line.get(column..).unwrap_or_default();
    own.trim().is_empty() || own.starts_with([' ', '\t']) || own.starts_with("[Previous line repeated")
}

/// The last line that shows that the program works: a request answered well, a start completed.
fn last_sign_of_work(tail: &[&str]) -> Option<usize> {
    let works =
        |line: &str| ["\" 200", "Application startup complete", "Uvicorn running on", " 200 OK"].iter().any(|sign| line.contains(sign));
    tail.iter().rposition(|line| works(line))
}

/// Workers that boot over and over; the last start says so.
fn loops(tail: &[&str], hints: &Hints) -> Option<Said> {
    let lines = || tail.iter().enumerate().filter(|(_, line)| line.contains(gunicorn::BOOT) || line.contains(gunicorn::PLANNED));
    let (at, _) = lines().next_back()?;
    let together: Vec<&str> = lines().map(|(_, line)| *line).collect();
    let found = classify(&together.join("\n"), hints);
    (found.cause.is_some() && !found.benign).then_some(Said { at, found, survivable: false })
}

/// Of several lines the one that counts.
fn decide(said: &[Said]) -> Option<(Classification, usize)> {
    let recognizer = shared();
    let steps_back = |line: &Said| {
        said.iter().any(|other| match (&other.found.cause, &line.found.cause) {
            (Some(one), Some(wrapper)) => {
                (other.found.confidence != Confidence::Possible || line.found.confidence == Confidence::Possible)
                    && recognizer.prefers(one, wrapper)
            }
            _ => false,
        })
    };
    let left: Vec<&Said> = said.iter().filter(|line| !steps_back(line)).collect();
    let chosen = left.iter().max_by_key(|line| (line.found.confidence, line.at))?;
    let mut found = chosen.found.clone();
    for other in left.iter().filter(|line| line.found.confidence == found.confidence).filter_map(|line| line.found.cause.as_ref()) {
        if found.cause.as_ref() != Some(other) && !found.also.contains(other) {
            found.also.push(other.clone());
        }
    }
    Some((found, chosen.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cause and the line that says it.
    fn read<'a>(log: &'a str, platform: &str) -> Option<(String, &'a str)> {
        let (found, at) = classify_log(log, &Hints::platform(platform))?;
        Some((found.cause?.0, log.lines().nth(at).unwrap_or_default()))
    }

    #[test]
    fn the_exception_counts_and_not_its_frames() {
        let log = "INFO starting\nTraceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    raise \
                   MemoryError('CUDA out of memory')\nModuleNotFoundError: No module named 'torchvision'\n";
        let found = read(log, "kubernetes");
        assert_eq!(found, Some(("kubernetes/app-missing-package".to_owned(), "ModuleNotFoundError: No module named 'torchvision'")));
    }

    #[test]
    fn prefixes_of_a_logger_are_seen_through() {
        let log = "(EngineCore pid=77) ERROR 02-11 Traceback (most recent call last):\n(EngineCore pid=77) ERROR 02-11   File \"x.py\", \
                   line 1\n(EngineCore pid=77) ERROR 02-11 torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.50 GiB. GPU 0 \
                   has a total capacity of 21.98 GiB\n(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.";
        assert_eq!(read(log, "kubernetes").map(|(cause, _)| cause).as_deref(), Some("kubernetes/app-cuda-oom"));
    }

    #[test]
    fn of_chained_exceptions_the_last_one_decides() {
        let log = "Traceback (most recent call last):\n  File \"a\", line 1\nModuleNotFoundError: No module named 'fast'\n\nDuring handling of \
                   the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b\", line \
                   2\nFileNotFoundError: [Errno 2] No such file or directory: '/models/a/model.onnx'";
        assert_eq!(read(log, "kubernetes").map(|(cause, _)| cause).as_deref(), Some("kubernetes/app-model-missing"));
    }

    #[test]
    fn a_traceback_that_was_survived_is_none() {
        let log = "Traceback (most recent call last):\n  File \"a\", line 1\nModuleNotFoundError: No module named 'optional'\nINFO \
                   Application startup complete.\n10.0.0.1 - \"POST /predict HTTP/1.1\" 200 OK\n";
        assert_eq!(read(log, "kubernetes"), None);
    }

    #[test]
    fn what_the_web_server_says_steps_back() {
        let log = "[2026-02-11 09:14:40 +0000] [8] [ERROR] Exception in worker process\nTraceback (most recent call last):\n  File \"a\", line \
                   1\nSyntaxError: invalid syntax\n[2026-02-11 09:14:41 +0000] [1] [ERROR] Worker (pid:8) exited with code 3\n[2026-02-11 \
                   09:14:41 +0000] [1] [ERROR] Reason: Worker failed to boot.\n";
        assert_eq!(read(log, "kubernetes"), Some(("kubernetes/app-syntax-error".to_owned(), "SyntaxError: invalid syntax")));
        let alone = "[2026-02-11 09:14:41 +0000] [1] [ERROR] Reason: Worker failed to boot.\n";
        assert_eq!(read(alone, "cortex").map(|(cause, _)| cause).as_deref(), Some("kubernetes/app-boot-failed"));
    }

    #[test]
    fn workers_that_boot_over_and_over_are_a_finding_of_many_lines() {
        let boot = |time: &str| format!("[2026-02-11 {time} +0000] [9] [INFO] Booting worker with pid: 9\nloading weights\n");
        let log: String = ["09:10:00", "09:11:10", "09:12:20", "09:13:30"].iter().map(|time| boot(time)).collect();
        assert_eq!(read(&log, "kubernetes").map(|(cause, _)| cause).as_deref(), Some("kubernetes/app-boot-failed"));
        let once: String = ["09:10:00", "09:10:00", "09:10:01", "09:10:01"].iter().map(|time| boot(time)).collect();
        assert_eq!(read(&once, "kubernetes"), None);
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        for log in ["", "\n\n", TRACEBACK, "Traceback (most recent call last):\n  File", "é\nINFO ready"] {
            assert_eq!(read(log, "kubernetes"), None, "{log}");
        }
    }
}
