//! What every object of the API has: its metadata, the kind it is listed under, and a store of
//! the newest version of each.
//!
//! Objects are trimmed: they keep what holdup uses and nothing else, because a cluster has
//! thousands of them. Only the name must be there; whatever else is missing or of another type
//! reads as absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

use super::tree::{Fields, Tree, intern};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Annotations that are kept; the others are dropped when an object is read.
const ANNOTATIONS: &[&str] = &[
    "autoscaling.keda.sh/paused",
    "autoscaling.keda.sh/paused-replicas",
    "cluster-autoscaler.kubernetes.io/last-updated",
    "cluster-autoscaler.kubernetes.io/safe-to-evict",
    "deployment.kubernetes.io/revision",
    "karpenter.sh/do-not-disrupt",
    "kubernetes.io/config.mirror",
    "serving.kserve.io/deploymentMode",
    "storageclass.kubernetes.io/is-default-class",
    "volume.kubernetes.io/selected-node",
];

/// What identifies an object and says who made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Its name.
    pub name: Text,
    /// Its namespace; empty for objects of the whole cluster.
    pub namespace: Text,
    /// Its identity over time: an object of the same name made later has another.
    pub uid: Text,
    /// The version of this copy; opaque.
    pub resource_version: String,
    /// Counts changes of the specification.
    pub generation: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Since when it has been going away.
    pub deleting_since: Option<Timestamp>,
    /// Its labels.
    pub labels: BTreeMap<Text, Text>,
    /// The few annotations that say something about its state.
    pub annotations: BTreeMap<Text, Text>,
    /// Who made it.
    pub owners: Vec<Owner>,
}

/// One owner of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Such as `ReplicaSet`.
    pub kind: Text,
    /// Its name; the namespace is the object's own.
    pub name: Text,
    /// Its identity.
    pub uid: Text,
    /// Whether it is the one that manages the object.
    pub controller: bool,
}

impl Meta {
    /// The owner that manages it.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }

    /// The owner of a kind.
    pub fn owner(&self, kind: &str) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.kind == kind)
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&Text> {
        self.labels.get(name)
    }

    /// Its place in a store.
    pub fn place(&self) -> (Text, Text) {
        (self.namespace.clone(), self.name.clone())
    }

    /// `namespace/name`, or the name alone for objects of the whole cluster.
    pub fn path(&self) -> Text {
        if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name).into() }
    }

    fn read(tree: &Value) -> Option<Self> {
        let metadata = tree.at("metadata");
        let name = metadata.text("name");
        if name.is_empty() {
            return None;
        }
        Some(Self {
            name,
            namespace: metadata.word("namespace"),
            uid: metadata.text("uid"),
            resource_version: metadata.text("resourceVersion").as_str().to_owned(),
            generation: metadata.whole("generation").and_then(|number| u64::try_from(number).ok()),
            created_at: metadata.time("creationTimestamp"),
            deleting_since: metadata.time("deletionTimestamp"),
            labels: metadata.words("labels"),
            annotations: ANNOTATIONS
                .iter()
                .filter_map(|name| Some((intern(name), metadata.at("annotations").optional_text(name)?)))
                .collect(),
            owners: metadata.list("ownerReferences").iter().map(Owner::read).collect(),
        })
    }
}

impl Owner {
    fn read(tree: &Value) -> Self {
        Self { kind: tree.word("kind"), name: tree.word("name"), uid: tree.word("uid"), controller: tree.flag("controller") }
    }
}

/// How a kind is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The version asked for.
    pub version: &'static str,
    /// Versions that are understood as well, for servers that lack the first; newest first.
    pub older: &'static [&'static str],
    /// The path segment, such as `pods`.
    pub plural: &'static str,
    /// The name, such as `Pod`.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether every server has it; `false` for custom resources, which are read only where they
    /// are installed.
    pub always: bool,
}

impl Kind {
    /// A kind that every server has, with objects in namespaces.
    pub const fn built_in(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str) -> Self {
        Self { group, version, older: &[], plural, kind, namespaced: true, always: true }
    }

    /// A kind that somebody may have installed, with objects in namespaces.
    pub const fn custom(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str) -> Self {
        Self { always: false, ..Self::built_in(group, version, plural, kind) }
    }

    /// The same for objects of the whole cluster.
    pub const fn of_cluster(self) -> Self {
        Self { namespaced: false, ..self }
    }

    /// The same, understood in older versions too.
    pub const fn or_older(self, older: &'static [&'static str]) -> Self {
        Self { older, ..self }
    }
}

/// An object of one kind, trimmed to what holdup uses.
pub trait Object: DeserializeOwned + PartialEq + Send + Sync + 'static {
    /// How it is listed.
    const KIND: Kind;
    /// Its metadata.
    fn meta(&self) -> &Meta;
}

/// The newest version of each object of a kind, by namespace and name.
pub type Store<O> = BTreeMap<(Text, Text), Arc<O>>;

/// How a kind takes what it needs out of what the server sent.
pub(super) trait Trim: Sized {
    /// Takes it. Never fails: what is missing is absent.
    fn trim(meta: Meta, tree: &Value) -> Self;
}

/// Reads an object of any kind.
///
/// # Errors
/// What is no JSON object, or has no name.
pub(super) fn read<'de, D: Deserializer<'de>, O: Trim>(deserializer: D) -> Result<O, D::Error> {
    let Tree(tree) = serde::Deserialize::deserialize(deserializer)?;
    let meta = Meta::read(&tree).ok_or_else(|| D::Error::custom("an object without a name"))?;
    Ok(O::trim(meta, &tree))
}

/// Makes a type with a field `meta` and a [`Trim`] an [`Object`].
macro_rules! object {
    ($type:ident, $kind:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::source::kubernetes::object::read(deserializer)
            }
        }

        impl $crate::source::kubernetes::object::Object for $type {
            const KIND: $crate::source::kubernetes::object::Kind = $kind;

            fn meta(&self) -> &$crate::source::kubernetes::object::Meta {
                &self.meta
            }
        }
    };
}
pub(super) use object;
