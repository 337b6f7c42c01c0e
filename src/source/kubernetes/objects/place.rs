//! A pod specification's demands of its place: selector, affinity, tolerations, neighbours,
//! volumes, and the objects it cannot start without.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::tree::{Fields, intern};
use super::container::port_number;
use crate::domain::placement::{LabelOperator, LabelRule, NodeTerm, Placement, Toleration};
use crate::domain::text::Text;

/// The usual scheduler; any other is worth a word.
const USUAL_SCHEDULER: &str = "default-scheduler";

/// Every namespace has it, every pod mounts it.
const EVERYWHERE: &str = "kube-root-ca.crt";

/// The placement of a pod. `namespace` is the pod's; `pod` its name, for the claims that are made
/// for it alone.
pub fn placement(spec: &Value, namespace: &str, pod: &str) -> Placement {
    let affinity = spec.at("affinity");
    let terms = affinity.at("nodeAffinity").at("requiredDuringSchedulingIgnoredDuringExecution").list("nodeSelectorTerms");
    let containers = || spec.list("initContainers").iter().chain(spec.list("containers"));
    Placement {
        selector: spec.words("nodeSelector"),
        affinity: terms.iter().map(node_term).collect(),
        tolerations: spec.list("tolerations").iter().map(toleration).collect(),
        neighbours: neighbours(spec, affinity),
        claims: claims(spec, namespace, pod),
        needs: needs(spec, namespace),
        pull_secrets: spec.list("imagePullSecrets").iter().filter_map(|secret| secret.optional_word("name")).collect(),
        host_ports: containers().flat_map(|part| part.list("ports")).filter_map(|port| port_number(port.at("hostPort"))).collect(),
        priority: spec.whole("priority").unwrap_or_default(),
        priority_class: spec.optional_word("priorityClassName"),
        scheduler: spec.optional_word("schedulerName").filter(|name| *name != USUAL_SCHEDULER).unwrap_or_else(|| intern("")),
        gates: spec.list("schedulingGates").iter().map(|gate| gate.word("name")).collect(),
        runtime_class: spec.optional_word("runtimeClassName"),
    }
}

fn node_term(tree: &Value) -> NodeTerm {
    let rules = tree.list("matchExpressions").iter().chain(tree.list("matchFields"));
    NodeTerm { all: rules.filter_map(label_rule).collect() }
}

/// One condition on a label; `None` for an operator that does not exist.
pub fn label_rule(tree: &Value) -> Option<LabelRule> {
    let operator = match tree.at("operator").as_str()? {
        "In" => LabelOperator::In,
        "NotIn" => LabelOperator::NotIn,
        "Exists" => LabelOperator::Exists,
        "DoesNotExist" => LabelOperator::DoesNotExist,
        "Gt" => LabelOperator::Gt,
        "Lt" => LabelOperator::Lt,
        _ => return None,
    };
    Some(LabelRule { key: tree.word("key"), operator, values: tree.texts("values") })
}

fn toleration(tree: &Value) -> Toleration {
    let any_value = tree.at("operator").as_str() == Some("Exists");
    Toleration { key: tree.word("key"), value: (!any_value).then(|| tree.word("value")), effect: tree.word("effect") }
}

fn neighbours(spec: &Value, affinity: &Value) -> Vec<Text> {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let beside = affinity.at("podAffinity").list(REQUIRED).iter().map(|term| ("beside", term));
    let apart = affinity.at("podAntiAffinity").list(REQUIRED).iter().map(|term| ("apart from", term));
    let mut words: Vec<Text> = beside
        .chain(apart)
        .map(|(how, term)| format!("{how} pods with {}, per {}", selector_words(term.at("labelSelector")), term.text("topologyKey")))
        .map(Text::from)
        .collect();
    let strict =
        spec.list("topologySpreadConstraints").iter().filter(|rule| rule.at("whenUnsatisfiable").as_str() != Some("ScheduleAnyway"));
    words.extend(strict.map(|rule| {
        let (key, pods) = (rule.text("topologyKey"), selector_words(rule.at("labelSelector")));
        Text::from(format!("spread over {key}, difference at most {}, counting pods with {pods}", rule.count("maxSkew")))
    }));
    words
}

/// A label selector as somebody would type it.
pub fn selector_words(selector: &Value) -> String {
    let exact = selector.words("matchLabels").into_iter().map(|(key, value)| format!("{key}={value}"));
    let rules = selector.list("matchExpressions").iter().filter_map(label_rule).map(|rule| {
        let (key, values) = (&rule.key, rule.values.join(","));
        match rule.operator {
            LabelOperator::In => format!("{key} in ({values})"),
            LabelOperator::NotIn => format!("{key} notin ({values})"),
            LabelOperator::Exists => key.as_str().to_owned(),
            LabelOperator::DoesNotExist => format!("!{key}"),
            LabelOperator::Gt => format!("{key}>{values}"),
            LabelOperator::Lt => format!("{key}<{values}"),
        }
    });
    let words: Vec<String> = exact.chain(rules).collect();
    if words.is_empty() { "any label".to_owned() } else { words.join(",") }
}

fn claims(spec: &Value, namespace: &str, pod: &str) -> Vec<Text> {
    let name = |volume: &Value| {
        let named = volume.at("persistentVolumeClaim").optional_word("claimName");
        named.or_else(|| volume.has("ephemeral").then(|| format!("{pod}-{}", volume.text("name")).into()))
    };
    spec.list("volumes").iter().filter_map(name).map(|name| format!("{namespace}/{name}").into()).collect()
}

/// Configuration a container cannot be made without: what is marked optional is left out.
fn needs(spec: &Value, namespace: &str) -> Vec<Text> {
    let mut needs = BTreeSet::new();
    let mut add = |kind: &str, reference: &Value, field: &str| {
        let name = reference.word(field);
        if !name.is_empty() && name != EVERYWHERE && !reference.flag("optional") {
            needs.insert(intern(&format!("{kind} {namespace}/{name}")));
        }
    };
    for container in spec.list("initContainers").iter().chain(spec.list("containers")) {
        for variable in container.list("env") {
            add("configmap", variable.at("valueFrom").at("configMapKeyRef"), "name");
            add("secret", variable.at("valueFrom").at("secretKeyRef"), "name");
        }
        for source in container.list("envFrom") {
            add("configmap", source.at("configMapRef"), "name");
            add("secret", source.at("secretRef"), "name");
        }
    }
    for volume in spec.list("volumes") {
        add("configmap", volume.at("configMap"), "name");
        add("secret", volume.at("secret"), "secretName");
        add("secret", volume.at("csi").at("nodePublishSecretRef"), "name");
        for source in volume.at("projected").list("sources") {
            add("configmap", source.at("configMap"), "name");
            add("secret", source.at("secret"), "name");
        }
    }
    for claim in spec.list("resourceClaims") {
        add("resourceclaim", claim, "resourceClaimName");
    }
    needs.into_iter().collect()
}
