//! JSON from the API server, one object at a time: read without the parts that nobody reads, and
//! asked for fields that may be missing or of another type.
//!
//! Knows nothing of any kind of object.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Fields that are large and say nothing here, or repeat the specification with its secrets.
const DROPPED: [&str; 2] = ["managedFields", "kubectl.kubernetes.io/last-applied-configuration"];

/// The largest count that is believed: more than any cluster has, and sums of it stay in range.
const MOST: i64 = 10_000_000;

/// Texts one thread remembers to share; a cluster repeats a few hundred of them a thousand times.
const REMEMBERED: usize = 8_192;

/// Texts longer than this are not shared.
const SHARED_LENGTH: usize = 96;

/// Elements of a list, and entries of a map, that are looked at.
const ELEMENTS: usize = 1_000;

thread_local! {
    static KNOWN: RefCell<BTreeSet<Text>> = const { RefCell::new(BTreeSet::new()) };
}

/// The text, shared with earlier equal ones where that is cheap.
pub fn intern(raw: &str) -> Text {
    if raw.len() > SHARED_LENGTH {
        return Text::clean(raw);
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(text) = known.get(raw) {
            return text.clone();
        }
        let text = Text::clean(raw);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(text.clone());
        text
    })
}

/// A JSON value without [`DROPPED`] fields.
#[derive(Debug, Default)]
pub struct Tree(pub Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sifting).map(Self)
    }
}

struct Sifting;

impl<'de> Visitor<'de> for Sifting {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Tree(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if DROPPED.contains(&name.as_str()) {
                map.next_value::<IgnoredAny>()?;
            } else {
                let Tree(value) = map.next_value()?;
                fields.insert(name, value);
            }
        }
        Ok(Value::Object(fields))
    }
}

/// Asking a value for fields. What is missing or of another type is absent, zero or empty.
pub trait Fields {
    /// A field; null where there is none.
    fn at(&self, name: &str) -> &Value;
    /// Whether the field is there and not null.
    fn has(&self, name: &str) -> bool;
    /// A text that is likely unique to the object; numbers are taken as text.
    fn optional_text(&self, name: &str) -> Option<Text>;
    /// The same; missing is empty.
    fn text(&self, name: &str) -> Text;
    /// A text that many objects repeat; missing is empty.
    fn word(&self, name: &str) -> Text;
    /// The same; `None` where it is missing or empty.
    fn optional_word(&self, name: &str) -> Option<Text>;
    /// The elements of a list.
    fn list(&self, name: &str) -> &[Value];
    /// Those elements of a list that are texts.
    fn texts(&self, name: &str) -> Vec<Text>;
    /// A map of repeated texts.
    fn words(&self, name: &str) -> BTreeMap<Text, Text>;
    /// A truth; missing is false.
    fn flag(&self, name: &str) -> bool;
    /// A whole number.
    fn whole(&self, name: &str) -> Option<i64>;
    /// A count; negative and missing are zero, absurd ones are cut.
    fn count(&self, name: &str) -> u32;
    /// A count that may be missing.
    fn optional_count(&self, name: &str) -> Option<u32>;
    /// A time stamp.
    fn time(&self, name: &str) -> Option<Timestamp>;
}

static NULL: Value = Value::Null;

impl Fields for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&NULL)
    }

    fn has(&self, name: &str) -> bool {
        !self.at(name).is_null()
    }

    fn optional_text(&self, name: &str) -> Option<Text> {
        match self.at(name) {
            Self::String(text) => Some(Text::clean(text)),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Null | Self::Bool(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    fn text(&self, name: &str) -> Text {
        self.optional_text(name).unwrap_or_else(|| intern(""))
    }

    fn word(&self, name: &str) -> Text {
        match self.at(name) {
            Self::String(text) => intern(text),
            Self::Number(number) => intern(&number.to_string()),
            Self::Null | Self::Bool(_) | Self::Array(_) | Self::Object(_) => intern(""),
        }
    }

    fn optional_word(&self, name: &str) -> Option<Text> {
        Some(self.word(name)).filter(|word| !word.is_empty())
    }

    fn list(&self, name: &str) -> &[Value] {
        let all = self.at(name).as_array().map(Vec::as_slice).unwrap_or_default();
        all.get(..ELEMENTS).unwrap_or(all)
    }

    fn texts(&self, name: &str) -> Vec<Text> {
        self.list(name).iter().filter_map(|item| item.as_str().map(intern)).collect()
    }

    fn words(&self, name: &str) -> BTreeMap<Text, Text> {
        let text = |value: &Self| match value {
            Self::String(text) => Some(intern(text)),
            Self::Number(number) => Some(intern(&number.to_string())),
            Self::Bool(truth) => Some(intern(if *truth { "true" } else { "false" })),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        };
        let entries = self.at(name).as_object().into_iter().flatten();
        entries.take(ELEMENTS).filter_map(|(name, value)| Some((intern(name), text(value)?))).collect()
    }

    fn flag(&self, name: &str) -> bool {
        self.at(name).as_bool().unwrap_or_default()
    }

    #[expect(clippy::cast_possible_truncation, reason = "a float beyond the range saturates, which is what a count wants")]
    fn whole(&self, name: &str) -> Option<i64> {
        match self.at(name) {
            Self::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
            Self::String(text) => text.trim().parse().ok(),
            Self::Null | Self::Bool(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    fn count(&self, name: &str) -> u32 {
        self.optional_count(name).unwrap_or_default()
    }

    fn optional_count(&self, name: &str) -> Option<u32> {
        self.whole(name).and_then(|number| u32::try_from(number.clamp(0, MOST)).ok())
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.at(name).as_str().and_then(|text| text.parse().ok())
    }
}
