//! How the groups of a platform are recognised among all groups of an account. Data, given by the
//! platform's adapter; the rules that read it are here and pure.

use std::collections::BTreeMap;

/// What a platform's groups look like.
#[derive(Clone, Copy, Debug)]
pub struct GroupSelector {
    /// Tags whose value is the cluster's name; tried in order until one finds groups.
    pub cluster_tags: &'static [&'static str],
    /// Tags whose value is the cloud-side name of the node group (`cx-wd-gpu`); the first present
    /// counts. Without any, the part after `-nodegroup-` of an eksctl group name is taken.
    pub node_group_tags: &'static [&'static str],
    /// What precedes the platform's own name in that of a group that runs workloads.
    pub worker_prefixes: &'static [WorkerPrefix],
    /// Processes that the platform suspends on purpose; no news when they are.
    pub normal_suspensions: &'static [&'static str],
}

/// A name prefix of worker groups.
#[derive(Clone, Copy, Debug)]
pub struct WorkerPrefix {
    /// Such as `cx-wd-`.
    pub prefix: &'static str,
    /// Whether such groups launch reclaimable machines.
    pub spot: bool,
}

/// What the rules say of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The platform's short name of it.
    pub name: String,
    /// Whether workloads run there.
    pub is_worker: bool,
    /// Whether its machines can be reclaimed.
    pub spot: bool,
}

impl GroupSelector {
    /// Names a group by its tags, or else by the name that eksctl gave it.
    pub fn membership(&self, cloud_name: &str, tags: &BTreeMap<String, String>) -> Membership {
        let tagged = self.node_group_tags.iter().find_map(|tag| tags.get(*tag)).map(String::as_str);
        let full = tagged.or_else(|| from_eksctl(cloud_name)).unwrap_or(cloud_name);
        for worker in self.worker_prefixes {
            if let Some(short) = full.strip_prefix(worker.prefix).filter(|short| !short.is_empty()) {
                return Membership { name: short.to_owned(), is_worker: true, spot: worker.spot };
            }
        }
        Membership { name: full.to_owned(), is_worker: false, spot: false }
    }
}

/// `eksctl-<cluster>-nodegroup-<name>-NodeGroup-<random>` → `<name>`.
fn from_eksctl(cloud_name: &str) -> Option<&str> {
    let (_, rest) = cloud_name.strip_prefix("eksctl-")?.split_once("-nodegroup-")?;
    rest.rsplit_once("-NodeGroup-").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELECTOR: GroupSelector = GroupSelector {
        cluster_tags: &["a/cluster"],
        node_group_tags: &["a/nodegroup"],
        worker_prefixes: &[WorkerPrefix { prefix: "cx-wd-", spot: false }, WorkerPrefix { prefix: "cx-ws-", spot: true }],
        normal_suspensions: &[],
    };

    #[test]
    fn tags_name_a_group_and_its_own_name_does_otherwise() {
        let tags: BTreeMap<_, _> = [("a/nodegroup".to_owned(), "cx-ws-cheap".to_owned())].into();
        let cases = [
            ("whatever", &tags, ("cheap", true, true)),
            ("eksctl-prod-nodegroup-cx-wd-gpu-NodeGroup-1ABC", &BTreeMap::new(), ("gpu", true, false)),
            ("eksctl-prod-nodegroup-cx-operator-NodeGroup-9", &BTreeMap::new(), ("cx-operator", false, false)),
            ("handmade", &BTreeMap::new(), ("handmade", false, false)),
        ];
        for (cloud_name, tags, (name, is_worker, spot)) in cases {
            let expected = Membership { name: name.into(), is_worker, spot };
            assert_eq!(SELECTOR.membership(cloud_name, tags), expected, "{cloud_name}");
        }
    }
}
