//! Events, in both shapes: `v1` (`involvedObject`, count, `lastTimestamp`) and `events.k8s.io/v1`
//! (regarding, series, `deprecatedCount`). Newer reporters write the fields of the second into the
//! first as well, and leave its time stamps null.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::{Fields, intern};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Bytes of a message that are kept.
const MESSAGE: usize = 2_048;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its metadata, without labels, owners and identity: there are very many events.
    pub meta: Meta,
    /// The kind of the object it is about.
    pub about_kind: Text,
    /// The object's namespace; empty for objects of the whole cluster.
    pub about_namespace: Text,
    /// The object's name.
    pub about_name: Text,
    /// Whether it is a warning.
    pub warning: bool,
    /// The machine word.
    pub reason: Text,
    /// The sentence.
    pub message: Text,
    /// When first.
    pub first_at: Option<Timestamp>,
    /// When last.
    pub last_at: Option<Timestamp>,
    /// How often.
    pub count: u32,
}

object!(Event, Kind::built_in("", "v1", "events", "Event"));

impl Trim for Event {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let about = if tree.has("regarding") { tree.at("regarding") } else { tree.at("involvedObject") };
        let series = tree.at("series");
        let stamp = |names: [&str; 2]| names.into_iter().find_map(|name| tree.time(name));
        let first = stamp(["firstTimestamp", "deprecatedFirstTimestamp"]).or_else(|| tree.time("eventTime"));
        let last = series.time("lastObservedTime").into_iter().chain(stamp(["lastTimestamp", "deprecatedLastTimestamp"])).max();
        let counts = [series.count("count"), tree.count("count"), tree.count("deprecatedCount")];
        Self {
            about_kind: about.word("kind"),
            about_namespace: about.word("namespace"),
            about_name: about.word("name"),
            warning: tree.at("type").as_str() == Some("Warning"),
            reason: tree.word("reason"),
            message: message(tree),
            first_at: first.or(meta.created_at),
            last_at: last.or(first).or(meta.created_at),
            count: counts.into_iter().max().unwrap_or_default().max(1),
            meta: Meta { uid: intern(""), labels: BTreeMap::new(), owners: Vec::new(), ..meta },
        }
    }
}

fn message(tree: &Value) -> Text {
    let text = tree.at("message").as_str().or_else(|| tree.at("note").as_str()).unwrap_or_default();
    if text.len() > MESSAGE { Text::clean_to(text, MESSAGE) } else { intern(text) }
}
