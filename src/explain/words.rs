//! Small helpers for calm sentences with numbers.

use std::borrow::Cow;

use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, words};

/// `1 replica`, `3 replicas`.
pub fn count(number: u32, noun: &str) -> String {
    let ending = if noun.ends_with("ch") { "es" } else { "s" };
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}{ending}") }
}

/// `1 of 4`.
pub fn of(part: u32, whole: u32) -> String {
    format!("{part} of {whole}")
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

/// Names of resources for a sentence, at most three and a count.
pub fn names<'n>(names: impl ExactSizeIterator<Item = &'n Text>) -> String {
    let whole = names.len();
    let shown: Vec<&str> = names.take(3).map(Text::as_str).collect();
    match whole.saturating_sub(3) {
        0 => list(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A machine's name without its domain; an address stays whole.
pub fn short_name(name: &str) -> &str {
    match name.split_once('.') {
        Some((host, _)) if !host.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => name,
    }
}

/// The start of a long message; of one that ends with a traceback its last line, where the reason stands.
pub fn excerpt(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_traceback = lines.clone().any(|line| line.starts_with("File \""));
    let message = lines.next_back().filter(|_| is_traceback).unwrap_or(message);
    let message = one_line(message);
    let mut excerpt: String = message.chars().take(120).collect();
    if excerpt.len() < message.len() {
        excerpt.push('…');
    }
    excerpt
}

/// What a person would quote of a message: its start, and of several lines (a traceback) the last one too,
/// because that is where the error stands.
pub fn gist(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let text = match lines.next_back() {
        Some(last) if first.len() + last.len() < 160 => format!("{first} … {last}"),
        _ => excerpt(message),
    };
    in_quotes(&text)
}

/// A text in quotes that it does not use itself.
pub fn in_quotes(text: &str) -> String {
    if text.contains('"') && !text.contains('\'') { format!("'{text}'") } else { format!("\"{text}\"") }
}

/// A text of several lines as one.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\r', '\t']) { Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")) } else { Cow::Borrowed(text) }
}

/// A moment in UTC, as everywhere in an explanation: `14:02 UTC`, with its day where that is another one.
pub fn clock_time(now: Timestamp, at: Timestamp) -> String {
    let is_today = now.strftime("%F").to_string() == at.strftime("%F").to_string();
    at.strftime(if is_today { "%H:%M UTC" } else { "%F %H:%M UTC" }).to_string()
}

/// `2–5 min`, `up to 5 min`, `45 s – 2 min`: how long something takes.
pub fn span(least: Duration, most: Duration) -> String {
    let whole = |duration: Duration| duration.as_secs().is_multiple_of(60) && duration.as_secs() < 6_000;
    if least.is_zero() {
        format!("up to {}", words(most))
    } else if whole(least) && whole(most) {
        format!("{}–{} min", least.as_secs() / 60, most.as_secs() / 60)
    } else {
        format!("{} – {}", words(least), words(most))
    }
}

/// A title as the start of a phrase; abbreviations keep their capitals.
pub fn lower(title: &str) -> String {
    // A name with capitals inside (`ModelArts`) stays as it is written.
    if title.split_whitespace().next().unwrap_or_default().chars().skip(1).any(char::is_uppercase) {
        return title.to_owned();
    }
    let mut chars = title.chars();
    match (chars.next(), chars.next()) {
        // `A replica …` is a sentence, `G machines …` is a name.
        (Some('A'), Some(' ')) => format!("a {}", chars.as_str()),
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain([second]).chain(chars).collect(),
        _ => title.to_owned(),
    }
}

/// `1.5 cores`, `1 core`, `200 millicores`.
pub fn cores(millis: i64) -> String {
    match millis {
        1_000 => "1 core".to_owned(),
        _ if millis < 1_000 => format!("{millis} millicores"),
        _ if millis % 1_000 == 0 => format!("{} cores", millis / 1_000),
        _ => format!("{}.{} cores", millis / 1_000, millis % 1_000 / 100),
    }
}

/// `512 MiB`, `1.5 GiB`.
pub fn bytes(bytes: i64) -> String {
    let mebibytes = bytes / (1 << 20);
    match mebibytes {
        0..1_024 => format!("{mebibytes} MiB"),
        _ if mebibytes % 1_024 < 103 => format!("{} GiB", mebibytes / 1_024),
        _ => format!("{}.{} GiB", mebibytes / 1_024, mebibytes % 1_024 * 10 / 1_024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_the_start_of_a_phrase_and_names_stay_names() {
        let cases = [
            ("A replica asks for something", "a replica asks for something"),
            ("The update failed", "the update failed"),
            ("G machines are used up", "G machines are used up"),
            ("GPU missing", "GPU missing"),
            ("ModelArts says no", "ModelArts says no"),
            ("A", "A"),
            ("", ""),
        ];
        for (title, phrase) in cases {
            assert_eq!(lower(title), phrase);
        }
    }

    #[test]
    fn amounts_read_like_speech() {
        assert_eq!((count(1, "replica"), count(2, "replica")), ("1 replica".to_owned(), "2 replicas".to_owned()));
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!((cores(1_000), cores(1_500), cores(200)), ("1 core".into(), "1.5 cores".into(), "200 millicores".into()));
        assert_eq!((bytes(512 << 20), bytes(8 << 30), bytes((3 << 30) / 2)), ("512 MiB".into(), "8 GiB".into(), "1.5 GiB".into()));
    }
}
