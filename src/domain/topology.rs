//! Joins over views: which group a node belongs to, what both the platform and the cloud say of
//! a group, which quota a machine type counts in. Pure look-ups; the snapshot stays as it is.

use super::group::{NodeGroup, ScalingActivity};
use super::id::{ResourceKey, SourceId};
use super::node::Node;
use super::quota::Quota;
use super::snapshot::Snapshot;
use super::text::Text;

/// A group as all sources of its context know it.
#[derive(Clone, Debug)]
pub struct JoinedGroup<'a> {
    /// Its identity.
    pub key: &'a ResourceKey,
    /// What the platform configured, and which source says so.
    pub configured: Option<(&'a SourceId, &'a NodeGroup)>,
    /// What the cloud reports, and which source says so.
    pub actual: Option<(&'a SourceId, &'a NodeGroup)>,
}

impl<'a> JoinedGroup<'a> {
    /// The richest single view: the cloud's if there is one.
    pub fn group(&self) -> Option<&'a NodeGroup> {
        self.actual.or(self.configured).map(|(_, group)| group)
    }
}

/// All groups of a context, by key.
pub fn groups<'a>(snapshot: &'a Snapshot, context: &'a Text) -> Vec<JoinedGroup<'a>> {
    let mut joined: std::collections::BTreeMap<&ResourceKey, JoinedGroup<'a>> = std::collections::BTreeMap::new();
    for (source, view) in snapshot.sources(context) {
        for group in &view.view.groups {
            let entry = joined.entry(&group.key).or_insert(JoinedGroup { key: &group.key, configured: None, actual: None });
            if group.cloud_name.is_some() {
                entry.actual = Some((source, group));
            } else {
                entry.configured = Some((source, group));
            }
        }
    }
    joined.into_values().collect()
}

/// All nodes of a context with their source.
pub fn nodes<'a>(snapshot: &'a Snapshot, context: &'a Text) -> impl Iterator<Item = (&'a SourceId, &'a Node)> {
    snapshot.sources(context).flat_map(|(id, source)| source.view.nodes.iter().map(move |node| (id, node)))
}

/// The activities of one group, newest first, with their source.
pub fn activities<'a>(snapshot: &'a Snapshot, group: &'a ResourceKey) -> impl Iterator<Item = (&'a SourceId, &'a ScalingActivity)> {
    snapshot
        .sources(&group.context)
        .flat_map(|(id, source)| source.view.activities.iter().map(move |activity| (id, activity)))
        .filter(move |(_, activity)| activity.group == *group)
}

/// The quota that machines of a family count in.
pub fn quota<'a>(snapshot: &'a Snapshot, context: &'a Text, family: &str, spot: bool) -> Option<(&'a SourceId, &'a Quota)> {
    snapshot
        .sources(context)
        .flat_map(|(id, source)| source.view.quotas.iter().map(move |quota| (id, quota)))
        .find(|(_, quota)| quota.family.as_str() == family && quota.spot == spot)
}
