//! Events as the group `events.k8s.io` writes them. They are kept as the core group has them; the
//! newer one renames fields and marks the old counts and stamps as deprecated.

use serde_json::{Map, Value};

/// Old name and new name; the old ones not listed are not in the new form.
const NAMES: &[(&str, &str)] = &[
    ("metadata", "metadata"),
    ("eventTime", "eventTime"),
    ("series", "series"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
    ("action", "action"),
    ("reason", "reason"),
    ("involvedObject", "regarding"),
    ("related", "related"),
    ("message", "note"),
    ("type", "type"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// An event of the core group, in the newer form.
pub(super) fn newer(mut event: Value) -> Value {
    let mut renamed = Map::new();
    for (old, new) in NAMES {
        match event.get_mut(*old).map(Value::take) {
            // The core group writes these even if they are empty, the newer one does not.
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value) => drop(renamed.insert((*new).to_owned(), value)),
            None if *new == "eventTime" => drop(renamed.insert((*new).to_owned(), Value::Null)),
            None => {}
        }
    }
    Value::Object(renamed)
}
