//! Taking a message apart before it is searched: escapes undone (JSON in JSON in JSON), typographic
//! quotes made plain, doubled braces of format strings halved, HTML entities read, white space collapsed, length bounded.

use std::borrow::Cow;

use super::{gunicorn, predicates, ray};

/// The most bytes that are searched: the beginning and the end of longer texts, half each.
const LIMIT: usize = 16 * 1024;

/// How many layers of escaping are undone.
const LAYERS: usize = 4;

/// The text as signatures expect it.
pub(super) fn unfold(raw: &str) -> Cow<'_, str> {
    let mut text = bounded(raw);
    for _ in 0..LAYERS {
        if !text.contains('\\') {
            break;
        }
        text = Cow::Owned(unescaped(&text));
    }
    if text.contains("{{") {
        text = Cow::Owned(text.replace("{{", "{").replace("}}", "}"));
    }
    if text.contains('&') {
        text = Cow::Owned(entities(&text));
    }
    if needs_plain(&text) {
        text = Cow::Owned(plain(&text));
    }
    gunicorn::mark(ray::mark(predicates::mark(mark(text))))
}

fn bounded(raw: &str) -> Cow<'_, str> {
    if raw.len() <= LIMIT {
        return Cow::Borrowed(raw);
    }
    let head = raw.get(..raw.floor_char_boundary(LIMIT / 2)).unwrap_or_default();
    let tail = raw.get(raw.ceil_char_boundary(raw.len() - LIMIT / 2)..).unwrap_or_default();
    Cow::Owned(format!("{head} {tail}"))
}

/// Undoes one layer of backslash escapes.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let before = chars.clone();
        match chars.next() {
            Some('n' | 'r' | 't') => out.push(' '),
            Some('u') => match code_point(chars.as_str()) {
                Some(point) => {
                    out.push(point);
                    chars.nth(3);
                }
                None => out.push_str("\\u"),
            },
            Some(escaped @ ('"' | '\\' | '/' | '\'')) => out.push(escaped),
            // Anything else is no escape (a Windows path, a regular expression).
            _ => {
                out.push(' ');
                chars = before;
            }
        }
    }
    out
}

fn code_point(rest: &str) -> Option<char> {
    rest.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32)
}

fn entities(text: &str) -> String {
    [("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// Whether there is white space to collapse or a typographic sign to replace.
fn needs_plain(text: &str) -> bool {
    let mut blank = true;
    for byte in text.bytes() {
        let is_blank = byte.is_ascii_whitespace();
        if byte >= 0x80 || (is_blank && (blank || byte != b' ')) || byte.is_ascii_control() {
            return true;
        }
        blank = is_blank;
    }
    blank && !text.is_empty()
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '‘' | '’' | '‛' | '′' => out.push('\''),
            '“' | '”' | '„' | '″' => out.push('"'),
            '‐' | '‑' | '–' | '—' => out.push('-'),
            c if c.is_whitespace() || c.is_control() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Says in words what a pattern cannot see: which of two numbers is larger.
fn mark(text: Cow<'_, str>) -> Cow<'_, str> {
    const CHANGE: &str = "desired capacity from ";
    // Where the real change of capacity is told, it counts, whatever happened to the wish.
    if text.contains("ing the capacity from") {
        return text;
    }
    let Some((_, behind)) = text.rsplit_once(CHANGE) else { return text };
    let mut numbers = behind.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(before)), Some(Ok(after))) if after > before => Cow::Owned(format!("{text} [desired rose]")),
        (Some(Ok(before)), Some(Ok(after))) if after < before => Cow::Owned(format!("{text} [desired fell]")),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(unfold("Max spot instance count exceeded."), Cow::Borrowed(_)));
    }

    #[test]
    fn layers_of_escaping_come_off() {
        assert_eq!(unfold(r#"{\"a\":\"b\\\"c\\\"\"}"#), r#"{"a":"b"c""}"#);
        assert_eq!(unfold("don\\u0027t\\n\\tpanic  now\n"), "don't panic now");
        assert_eq!(unfold(r#"(CallFailed) {{\"errors\":{{\"\":[\"no\"]}}}}"#), r#"(CallFailed) {"errors":{"":["no"]}}"#);
        assert_eq!(unfold("it’s &quot;over&quot;"), "it's \"over\"");
    }

    #[test]
    fn odd_input_is_survived() {
        for raw in ["\\", "\\u12", "\\uD800x", "", "\u{0}", "C:\\dir\\new"] {
            let _ = unfold(raw);
        }
        assert!(unfold(&"é ".repeat(20_000)).len() <= LIMIT + 8);
    }

    #[test]
    fn a_change_of_the_wish_is_put_in_words() {
        assert!(unfold("changing the desired capacity from 9 to 10.").ends_with("[desired rose]"));
        assert!(unfold("changing the desired capacity from 10 to 9.").ends_with("[desired fell]"));
        assert!(!unfold("the desired capacity from 10 to 9. increasing the capacity from 3 to 9.").contains('['));
    }
}
