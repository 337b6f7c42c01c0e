//! What a platform that runs on Kubernetes says of its objects there. Data, given by the
//! platform's adapter; the rules that read it are here and pure.

use std::collections::BTreeMap;

use crate::domain::text::Text;

/// How the objects of a platform are told from everybody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The namespace with the platform's workloads.
    pub namespace: &'static str,
    /// The label of pods and of their controllers whose value is the workload's name at the
    /// platform.
    pub workload_label: &'static str,
    /// Labels of a node whose value is the cloud-side name of its group; the first present counts.
    pub group_labels: &'static [&'static str],
    /// What precedes the platform's own name in that of a group that runs workloads; none means
    /// that every group does.
    pub worker_prefixes: &'static [GroupPrefix],
}

/// A name prefix of groups that run workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPrefix {
    /// Such as `cx-wd-`.
    pub prefix: &'static str,
    /// Whether such groups launch reclaimable machines.
    pub spot: bool,
}

/// What the labels of a node say of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOfNode {
    /// The platform's short name of it.
    pub name: Text,
    /// Whether workloads run there.
    pub is_worker: bool,
    /// Whether its machines can be reclaimed, as far as the name says.
    pub spot: bool,
}

impl Adoption {
    /// The workload that an object with these labels belongs to, by its name at the platform.
    pub fn workload<'l>(&self, namespace: &str, labels: &'l BTreeMap<Text, Text>) -> Option<&'l Text> {
        labels.get(self.workload_label).filter(|name| namespace == self.namespace && !name.is_empty())
    }

    /// The group of a node with these labels.
    pub fn group(&self, labels: &BTreeMap<Text, Text>) -> Option<GroupOfNode> {
        let full = self.group_labels.iter().find_map(|label| labels.get(*label)).filter(|name| !name.is_empty())?;
        for worker in self.worker_prefixes {
            if let Some(short) = full.strip_prefix(worker.prefix).filter(|short| !short.is_empty()) {
                return Some(GroupOfNode { name: short.into(), is_worker: true, spot: worker.spot });
            }
        }
        Some(GroupOfNode { name: full.clone(), is_worker: self.worker_prefixes.is_empty(), spot: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADOPTION: Adoption = Adoption {
        namespace: "default",
        workload_label: "apiName",
        group_labels: &["alpha.eksctl.io/nodegroup-name"],
        worker_prefixes: &[GroupPrefix { prefix: "cx-wd-", spot: false }, GroupPrefix { prefix: "cx-ws-", spot: true }],
    };

    fn labels(name: &str, value: &str) -> BTreeMap<Text, Text> {
        [(name.into(), value.into())].into()
    }

    #[test]
    fn a_pod_is_the_platforms_only_in_its_namespace() {
        let own = labels("apiName", "text-generator");
        assert_eq!(ADOPTION.workload("default", &own).unwrap(), "text-generator");
        assert_eq!(ADOPTION.workload("kube-system", &own), None);
        assert_eq!(ADOPTION.workload("default", &labels("app", "x")), None);
    }

    #[test]
    fn groups_carry_the_platforms_own_short_name() {
        let group = |value| ADOPTION.group(&labels("alpha.eksctl.io/nodegroup-name", value)).unwrap();
        assert_eq!(group("cx-ws-cheap"), GroupOfNode { name: "cheap".into(), is_worker: true, spot: true });
        assert_eq!(group("cx-operator"), GroupOfNode { name: "cx-operator".into(), is_worker: false, spot: false });
        assert_eq!(ADOPTION.group(&labels("other", "x")), None);
    }
}
