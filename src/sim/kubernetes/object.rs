//! One object as it is kept: its bytes, made once a version, and what selectors ask of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::event;
use super::kinds::{self, ServedKind};

/// The order in which the real server writes an object's metadata.
const METADATA: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    VERSION,
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const VERSION: &str = "resourceVersion";

/// The fields that a field selector may name, by plural, besides name and namespace: the label and
/// where it stands. Source: the field label conversion functions of the API groups.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "pods",
        &[
            ("spec.nodeName", "/spec/nodeName"),
            ("status.phase", "/status/phase"),
            ("spec.restartPolicy", "/spec/restartPolicy"),
            ("spec.schedulerName", "/spec/schedulerName"),
            ("spec.serviceAccountName", "/spec/serviceAccountName"),
            ("status.podIP", "/status/podIP"),
            ("status.nominatedNodeName", "/status/nominatedNodeName"),
        ],
    ),
    (
        "events",
        &[
            ("involvedObject.kind", "/involvedObject/kind"),
            ("involvedObject.namespace", "/involvedObject/namespace"),
            ("involvedObject.name", "/involvedObject/name"),
            ("involvedObject.uid", "/involvedObject/uid"),
            ("involvedObject.apiVersion", "/involvedObject/apiVersion"),
            ("involvedObject.resourceVersion", "/involvedObject/resourceVersion"),
            ("involvedObject.fieldPath", "/involvedObject/fieldPath"),
            ("reason", "/reason"),
            ("reportingComponent", "/reportingComponent"),
            ("source", "/source/component"),
            ("type", "/type"),
        ],
    ),
    ("nodes", &[("spec.unschedulable", "/spec/unschedulable")]),
    ("namespaces", &[("status.phase", "/status/phase")]),
    ("replicasets", &[("status.replicas", "/status/replicas")]),
    ("jobs", &[("status.successful", "/status/succeeded")]),
];

/// Whether objects of a kind can be selected by a field.
pub(super) fn has_field(kind: &ServedKind, label: &str) -> bool {
    let own = FIELDS.iter().find(|(plural, _)| *plural == kind.plural).map_or(&[][..], |(_, fields)| fields);
    label == "metadata.name" || (label == "metadata.namespace" && kind.namespaced) || own.iter().any(|(known, _)| *known == label)
}

/// An object that has not got its version yet: everything before and after the place of it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: &'static ServedKind,
    namespace: String,
    name: String,
    labels: BTreeMap<String, String>,
    fields: Vec<(&'static str, String)>,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// Where in the tail the metadata end.
    metadata: usize,
}

impl Draft {
    /// Reads an object.
    ///
    /// # Errors
    /// What is wrong with it: its kind is not served, or it has no name.
    pub(super) fn read(object: &Value) -> Result<Self, String> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (api_version, word) = (text("/apiVersion"), text("/kind"));
        let kind = kinds::of_object(api_version, word).ok_or_else(|| format!("{api_version} {word} is not served"))?;
        let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
        if name.is_empty() || namespace.is_empty() == kind.namespaced {
            return Err(format!("{word} `{namespace}/{name}` has not the name and namespace of its kind"));
        }
        let labels = object.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        let known = FIELDS.iter().find(|(plural, _)| *plural == kind.plural).map_or(&[][..], |(_, fields)| fields);
        let fields = known.iter().map(|(label, pointer)| (*label, plain(object.pointer(pointer)))).collect();
        let (head, tail, metadata) = write(object, kind);
        Ok(Self { kind, namespace: namespace.to_owned(), name: name.to_owned(), labels, fields, head, tail, metadata })
    }

    /// Where it stands among its kind: `namespace/name`, or the name alone.
    pub(super) fn key(&self) -> String {
        key(&self.namespace, &self.name)
    }

    /// Whether it says what a stored object says.
    pub(super) fn is(&self, stored: &Stored) -> bool {
        stored.bytes.get(..stored.version_at.start) == Some(&self.head) && stored.bytes.get(stored.version_at.end..) == Some(&self.tail)
    }

    /// Gives it a version.
    pub(super) fn versioned(self, version: u64) -> Stored {
        let digits = version.to_string();
        let version_at = self.head.len()..self.head.len() + digits.len();
        let metadata = version_at.end + self.metadata;
        let bytes = [&self.head[..], digits.as_bytes(), &self.tail[..]].concat().into();
        let Self { kind, namespace, name, labels, fields, .. } = self;
        Stored { kind, namespace, name, version, labels, fields, bytes, version_at, metadata, newer: OnceLock::new() }
    }
}

/// The key of an object.
pub(super) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// A field's value as field selectors compare it.
fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Bytes before and after the version, and the end of the metadata after it.
fn write(object: &Value, kind: &ServedKind) -> (Vec<u8>, Vec<u8>, usize) {
    let empty = Map::new();
    let metadata = object.get("metadata").and_then(Value::as_object).unwrap_or(&empty);
    let mut names: Vec<&str> = metadata.keys().map(String::as_str).filter(|name| *name != VERSION).chain([VERSION]).collect();
    // Custom resources are written in the order of the alphabet.
    names.sort_by_key(|name| if kind.custom { (0, *name) } else { (METADATA.iter().position(|known| known == name).unwrap_or(99), *name) });
    let mut out = b"\"metadata\":{".to_vec();
    let mut head = None;
    for (index, name) in names.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if name == VERSION {
            out.extend_from_slice(b"\"resourceVersion\":\"");
            head = Some(std::mem::take(&mut out));
            out.push(b'"');
        } else if let Some(value) = metadata.get(name) {
            member(&mut out, name, value);
        }
    }
    out.push(b'}');
    let end = out.len();
    for (name, value) in object.as_object().into_iter().flatten() {
        if !["metadata", "kind", "apiVersion"].contains(&name.as_str()) {
            out.push(b',');
            member(&mut out, name, value);
        }
    }
    out.push(b'}');
    (head.unwrap_or_default(), out, end)
}

fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    out.extend_from_slice(format!("{}:{value}", Value::from(name)).as_bytes());
}

/// One version of an object.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) kind: &'static ServedKind,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) labels: BTreeMap<String, String>,
    fields: Vec<(&'static str, String)>,
    /// All of it but the opening brace, the kind and the version of the API.
    bytes: Bytes,
    version_at: Range<usize>,
    metadata: usize,
    /// An event as the newer group writes it.
    newer: OnceLock<Bytes>,
}

impl Stored {
    /// The value of a selectable field, empty if it has none.
    pub(super) fn field(&self, label: &str) -> &str {
        match label {
            "metadata.name" => &self.name,
            "metadata.namespace" => &self.namespace,
            _ => self.fields.iter().find(|(known, _)| *known == label).map_or("", |(_, value)| value),
        }
    }

    /// The same with another version, as a deletion announces it.
    pub(super) fn reversioned(&self, version: u64) -> Option<Self> {
        let whole = self.whole(self.kind).concat();
        Some(Draft::read(&serde_json::from_slice(&whole).ok()?).ok()?.versioned(version))
    }

    /// The object as a value, without kind and version of the API.
    pub(super) fn value(&self) -> Value {
        serde_json::from_slice(&[b"{", &self.bytes[..]].concat()).unwrap_or_default()
    }

    /// Its bytes as an object of `kind`, after the opening brace.
    fn rest(&self, kind: &ServedKind) -> Bytes {
        if kind.group == self.kind.group {
            return self.bytes.clone();
        }
        self.newer
            .get_or_init(|| {
                let (head, tail, _) = write(&event::newer(self.value()), self.kind);
                [&head[..], self.version.to_string().as_bytes(), &tail[..]].concat().into()
            })
            .clone()
    }

    /// Complete, with kind and version of the API: an answer of its own, an event of a watch.
    pub(super) fn whole(&self, kind: &ServedKind) -> [Bytes; 2] {
        let (word, version) = (kind.kind, kind.api_version());
        let opening = if kind.custom {
            format!("{{\"apiVersion\":\"{version}\",\"kind\":\"{word}\",")
        } else {
            format!("{{\"kind\":\"{word}\",\"apiVersion\":\"{version}\",")
        };
        [opening.into(), self.rest(kind)]
    }

    /// An item of a list: kinds that are not custom leave out what the list says already.
    pub(super) fn item(&self, kind: &ServedKind) -> [Bytes; 2] {
        if kind.custom { self.whole(kind) } else { [Bytes::from_static(b"{"), self.rest(kind)] }
    }

    /// Only its metadata, as an object of the group `meta.k8s.io`.
    pub(super) fn metadata_only(&self) -> [Bytes; 2] {
        let mut metadata = self.bytes.get(..self.metadata).unwrap_or_default().to_vec();
        metadata.push(b'}');
        [Bytes::from_static(br#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","#), metadata.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_written_once_with_its_version_among_its_metadata() {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "spec": { "nodeName": "a" },
            "metadata": { "labels": { "app": "x" }, "uid": "u", "namespace": "n", "name": "p", "resourceVersion": "7" },
        });
        let draft = Draft::read(&object).unwrap();
        assert_eq!(draft.key(), "n/p");
        let stored = draft.versioned(41);
        assert_eq!(
            stored.whole(stored.kind).concat(),
            br#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"41","labels":{"app":"x"}},"spec":{"nodeName":"a"}}"#
        );
        assert_eq!((stored.field("spec.nodeName"), stored.field("status.phase")), ("a", ""));
        let only: Value = serde_json::from_slice(&stored.metadata_only().concat()).unwrap();
        assert_eq!(only["metadata"]["resourceVersion"], "41");
        assert!(Draft::read(&object).unwrap().is(&stored));
    }

    #[test]
    fn what_is_not_served_is_said() {
        assert!(Draft::read(&json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "x" } })).unwrap_err().contains("Secret"));
        assert!(Draft::read(&json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x" } })).is_err());
    }
}
