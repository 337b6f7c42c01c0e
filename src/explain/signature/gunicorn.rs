//! Whether a log shows a web server (Gunicorn) whose workers die and start again and again.
//!
//! A start of several workers at once and planned recycling (`max_requests`) look alike line by
//! line; only the times and the lines beside them tell. Nothing else is read from the log.

use std::borrow::Cow;

/// How a start of a worker is told.
pub(super) const BOOT: &str = "Booting worker with pid";

/// How a planned renewal of a worker is told.
pub(super) const PLANNED: &str = "Autorestarting worker";

/// Starts closer together than this are one start of several workers, in seconds.
const TOGETHER: u64 = 5;

/// Three starts within this time are a loop, in seconds.
const WINDOW: u64 = 600;

/// Adds that the workers start over and over, if the times in the log say so.
pub(super) fn mark(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(BOOT) && loops(&text) { Cow::Owned(format!("{text} [gunicorn keeps booting workers]")) } else { text }
}

fn loops(text: &str) -> bool {
    let mut starts: Vec<u64> = text.match_indices(BOOT).filter_map(|(at, _)| text.get(..at).and_then(moment)).collect();
    // Log lines are not always in order of time.
    starts.sort_unstable();
    let mut apart: Vec<u64> = Vec::new();
    for start in starts {
        if apart.last().is_none_or(|last| start - last >= TOGETHER) {
            apart.push(start);
        }
    }
    let planned = text.matches(PLANNED).count();
    apart.len() >= planned + 3 && apart.windows(3).any(|three| matches!(three, [first, _, last] if last - first <= WINDOW))
}

/// The last time stamp `[2026-01-01 11:37:31` of a text, in seconds from some beginning.
fn moment(before: &str) -> Option<u64> {
    let stamp = before.rmatch_indices('[').take(3).find_map(|(at, _)| {
        let stamp = before.get(at + 1..at + 20)?;
        (stamp.as_bytes().get(4) == Some(&b'-') && stamp.as_bytes().get(13) == Some(&b':')).then_some(stamp)
    })?;
    let mut numbers = stamp.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (year, month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?, next()?);
    // Months of 31 days: what matters is minutes, and a loop over midnight of the 30th shows in the next ones.
    Some(((((year * 12 + month) * 31 + day) * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(times: &[&str]) -> String {
        let line = |time: &&str| format!("[2026-01-01 {time} +0000] [97] [INFO] Booting worker with pid: 97 ");
        times.iter().map(line).collect::<Vec<_>>().concat()
    }

    fn marked(text: &str) -> bool {
        mark(Cow::Borrowed(text)).ends_with(']')
    }

    #[test]
    fn starts_minutes_apart_are_a_loop_in_any_order() {
        assert!(marked(&boot(&["11:37:31", "11:41:47", "11:41:22", "11:37:54"])));
        assert!(!marked(&boot(&["11:37:31", "12:41:47", "13:41:22"])));
    }

    #[test]
    fn one_start_of_several_workers_is_none() {
        assert!(!marked(&boot(&["08:00:01", "08:00:01", "08:00:02", "08:00:02"])));
    }

    #[test]
    fn planned_recycling_is_none() {
        let planned = "[2026-01-01 08:10:01 +0000] [8] [INFO] Autorestarting worker after current request. ";
        let log = format!(
            "{}{planned}{}{planned}{}{planned}{}",
            boot(&["08:00:01"]),
            boot(&["08:02:02"]),
            boot(&["08:04:08"]),
            boot(&["08:06:45"])
        );
        assert!(!marked(&log));
    }

    #[test]
    fn odd_logs_are_survived() {
        for text in ["Booting worker with pid", "[é Booting worker with pid: 1", "[9999-99-99 99:99:99] Booting worker with pid: 1"] {
            assert!(!marked(&boot(&[]).replace(' ', text)));
            let _ = mark(Cow::Borrowed(text));
        }
    }
}
