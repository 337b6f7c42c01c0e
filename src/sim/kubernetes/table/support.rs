//! What all tables need: texts and numbers out of objects, ages, maps in a line.

use serde_json::Value;

use crate::domain::time::Timestamp;

/// A text in an object, empty if it is not there.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The same, or what is printed for nothing.
pub(super) fn text_or(object: &Value, pointer: &str, nothing: &str) -> String {
    Some(text(object, pointer)).filter(|text| !text.is_empty()).unwrap_or(nothing).to_owned()
}

/// A number in an object, zero if it is not there.
pub(super) fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The items of a list in an object.
pub(super) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// How many entries a map has.
pub(super) fn entries(object: &Value, pointer: &str) -> usize {
    object.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

/// The object's name.
pub(super) fn name(object: &Value) -> Value {
    text(object, "/metadata/name").into()
}

/// How long ago it was made.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    ago(text(object, "/metadata/creationTimestamp"), now).into()
}

/// How long ago a stamp was.
pub(super) fn ago(stamp: &str, now: Timestamp) -> String {
    stamp.parse::<Timestamp>().map_or_else(|_| "<unknown>".to_owned(), |stamp| duration(now.duration_since(stamp).as_secs()))
}

/// A duration as `kubectl` prints it: two units at most, the smaller one dropped as it grows.
pub(super) fn duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let pair = |large: i64, one: &str, small: i64, other: &str| {
        if small == 0 { format!("{large}{one}") } else { format!("{large}{one}{small}{other}") }
    };
    match hours {
        _ if seconds < -1 => "<invalid>".to_owned(),
        _ if seconds < 0 => "0s".to_owned(),
        _ if seconds < 120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => pair(hours / 24, "d", hours % 24, "h"),
        _ if hours < 2 * 365 * 24 => format!("{}d", hours / 24),
        _ if hours < 8 * 365 * 24 => pair(hours / 24 / 365, "y", hours / 24 % 365, "d"),
        _ => format!("{}y", hours / 24 / 365),
    }
}

/// `a=b,c=d`.
pub(super) fn pairs(object: &Value, pointer: &str) -> String {
    let map = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let pairs: Vec<String> = map.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

/// One field of each item, joined by commas.
pub(super) fn joined(object: &Value, pointer: &str, field: &str) -> String {
    items(object, pointer).iter().map(|item| text(item, field)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (seconds, printed) in [
            (0, "0s"),
            (119, "119s"),
            (125, "2m5s"),
            (180, "3m"),
            (4_000, "66m"),
            (11_100, "3h5m"),
            (90_000, "25h"),
            (300_000, "3d11h"),
            (864_000, "10d"),
        ] {
            assert_eq!(duration(seconds), printed);
        }
    }
}
