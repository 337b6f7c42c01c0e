//! Deserializers that forgive: null, floats for whole numbers, numbers for strings.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The largest count that is believed: more than any cluster has, and sums of it stay in range.
const MOST: u32 = 10_000_000;

/// A value or its default where the field is null.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A count: negative and unreadable become zero, fractions are cut.
pub fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(optional_count(deserializer)?.unwrap_or(0))
}

/// A count that may be missing.
pub fn optional_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Ok(whole(&Value::deserialize(deserializer)?).map(|number| u32::try_from(number.max(0)).unwrap_or(MOST).min(MOST)))
}

/// A whole number that may be missing.
pub fn optional_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(whole(&Value::deserialize(deserializer)?))
}

/// A string that may be missing or be written as a number.
pub fn optional_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// A string; missing is empty.
pub fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_string(deserializer)?.unwrap_or_default())
}

/// Strings out of a list; what is no string is left out.
pub fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let Value::Array(items) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

/// The elements of a list, undecoded; anything else is an empty list.
pub fn elements<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Vec::new(),
    })
}

/// A part that is left out when it does not have the expected shape.
pub fn if_readable<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

#[expect(clippy::cast_possible_truncation, reason = "a float beyond the range saturates, which is what a count wants")]
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_beyond_belief_are_cut() {
        for absurd in ["4294967295", "1e300", "9223372036854775807"] {
            let count = super::count(&mut serde_json::Deserializer::from_str(absurd)).unwrap();
            assert_eq!(count, super::MOST, "{absurd}");
        }
    }
}
