//! The rights holdup uses on a Kubernetes cluster, as a role that an administrator can apply.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::source::kubernetes::informer::read_kinds;

/// A cluster role with a role for the autoscaler's report, as YAML. Binding them to somebody is
/// left to who applies it.
pub fn document() -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, plural) in read_kinds().filter(|(_, plural)| *plural != "configmaps") {
        groups.entry(group).or_default().push(plural);
    }
    let mut text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: holdup\nrules:\n".to_owned();
    for (group, mut plurals) in groups {
        plurals.sort_unstable();
        plurals.dedup();
        let _ = writeln!(text, "  - apiGroups: [\"{group}\"]");
        let _ = writeln!(text, "    resources: [{}]", plurals.join(", "));
        text.push_str("    verbs: [get, list, watch]\n");
    }
    text.push_str("  - apiGroups: [\"\"]\n    resources: [pods/log]\n    verbs: [get]\n");
    text.push_str(
        "---\n# What the cluster autoscaler reports; no other configuration map is read.\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: holdup\n  namespace: kube-system\nrules:\n  \
         - apiGroups: [\"\"]\n    resources: [configmaps]\n    resourceNames: [cluster-autoscaler-status]\n    verbs: [get, list, watch]\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_only_reads_and_reads_no_secret() {
        let role = document();
        for resource in ["pods", "events", "nodes", "nodepools", "inferenceservices", "pods/log", "cluster-autoscaler-status"] {
            assert!(role.contains(resource), "{resource} in\n{role}");
        }
        for word in ["secrets", "create", "update", "patch", "delete", "\"*\""] {
            assert!(!role.contains(word), "{word} in\n{role}");
        }
    }
}
