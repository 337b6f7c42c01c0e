//! Joins over views: which group a node belongs to, what both the platform and the cloud say of
//! a group, which quota a machine type counts in. Pure look-ups; the snapshot stays as it is.

use std::collections::BTreeMap;

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
    let mut joined: BTreeMap<&ResourceKey, JoinedGroup<'a>> = BTreeMap::new();
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

/// A machine as all sources of its context know it: one, however many tell of it.
#[derive(Clone, Copy, Debug)]
pub struct JoinedNode<'a> {
    /// The richest record.
    pub node: &'a Node,
    /// Who made it.
    pub source: &'a SourceId,
    /// Its group: who saw the machine itself may not know the platform's name of it.
    pub group: Option<&'a Text>,
    /// Its price in thousandths of a US dollar an hour, if anybody says.
    pub price_milli_usd: Option<u64>,
}

/// Whether another record of a machine tells more than the known one: the source that saw the
/// machine itself knows best.
pub fn tells_more(known: &Node, other: &Node) -> bool {
    known.detail.is_none() && other.detail.is_some()
}

/// All machines of a context, by key. Where the cluster itself was read it is the authority: a
/// platform may list a machine under a name of its own making.
pub fn nodes<'a>(snapshot: &'a Snapshot, context: &'a Text) -> Vec<JoinedNode<'a>> {
    let mut joined: BTreeMap<&ResourceKey, JoinedNode<'a>> = BTreeMap::new();
    for (source, view) in snapshot.sources(context) {
        for node in &view.view.nodes {
            let fresh = JoinedNode { node, source, group: node.group.as_ref(), price_milli_usd: node.price_milli_usd };
            joined.entry(&node.key).and_modify(|known| *known = known.with(fresh)).or_insert(fresh);
        }
    }
    if joined.values().any(|joined| joined.node.detail.is_some()) {
        joined.retain(|_, joined| joined.node.detail.is_some());
    }
    joined.into_values().collect()
}

/// Machines of all contexts, each counted once.
pub fn count_nodes(snapshot: &Snapshot) -> usize {
    snapshot.contexts().into_iter().map(|context| nodes(snapshot, context).len()).sum()
}

impl JoinedNode<'_> {
    fn with(self, other: Self) -> Self {
        let (best, rest) = if tells_more(self.node, other.node) { (other, self) } else { (self, other) };
        Self { group: best.group.or(rest.group), price_milli_usd: best.price_milli_usd.or(rest.price_milli_usd), ..best }
    }
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
