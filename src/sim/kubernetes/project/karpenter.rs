//! Karpenter's objects: pools, claims, and the class of their machines.

use serde_json::{Map, Value, json};

use super::super::super::world::machine::machine;
use super::super::super::world::{Group, Node, NodeClaim, Pool};
use super::object::{Named, View, finished, put_meta};

const CLASS: &str = "default";

/// All of them; nothing where Karpenter does not run.
pub(super) fn objects(view: View<'_>) -> Vec<Value> {
    if !view.cluster.uses_pools() {
        return Vec::new();
    }
    let mut objects = vec![node_class(view)];
    let pools = view.cluster.groups.iter().filter_map(|group| Some((group, group.pool.as_ref()?)));
    objects.extend(pools.map(|(group, pool)| node_pool(view, group, pool)));
    for claim in &view.cluster.control.node_claims {
        let node = view.cluster.live_nodes(view.now()).find(|node| node.instance_id == claim.instance);
        objects.extend(node.map(|node| node_claim(view, claim, node)));
    }
    objects
}

fn node_class(view: View<'_>) -> Value {
    let created = view.cluster.created_at;
    let object = view.object(Named::new("karpenter.k8s.aws/v1", "EC2NodeClass", "", CLASS), created);
    let names = ["SubnetsReady", "SecurityGroupsReady", "AMIsReady", "InstanceProfileReady", "ValidationSucceeded", "Ready"];
    let conditions: Vec<Value> = names.iter().map(|name| view.condition(name, true, (name, ""), created)).collect();
    finished(
        object,
        json!({ "amiSelectorTerms": [{ "alias": "al2@latest" }], "role": format!("KarpenterNodeRole-{}", view.cluster.name) }),
        json!({ "conditions": conditions }),
    )
}

fn requirements(group: &Group) -> Value {
    json!([
        { "key": "karpenter.sh/capacity-type", "operator": "In", "values": [if group.spot { "spot" } else { "on-demand" }] },
        { "key": "node.kubernetes.io/instance-type", "operator": "In", "values": group.instance_types },
        { "key": "topology.kubernetes.io/zone", "operator": "In", "values": group.zones },
        { "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"] },
    ])
}

fn taints(view: View<'_>, group: &Group) -> Vec<Value> {
    let taints = view.cluster.taints_of_group(group);
    taints.iter().map(|taint| json!({ "key": taint.key, "value": taint.value, "effect": taint.effect })).collect()
}

fn class_reference() -> Value {
    json!({ "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": CLASS })
}

fn node_pool(view: View<'_>, group: &Group, pool: &Pool) -> Value {
    let created = group.created_at;
    let mut object = view.object(Named::new("karpenter.sh/v1", "NodePool", "", &group.name), created);
    put_meta(&mut object, "generation", json!(1));
    let mut limits = Map::new();
    for (name, limit) in [("cpu", pool.cpus), ("nvidia.com/gpu", pool.gpus)] {
        if let Some(limit) = limit {
            limits.insert(name.to_owned(), json!(limit.to_string()));
        }
    }
    let spec = json!({
        "weight": group.priority, "limits": limits, "disruption": { "consolidationPolicy": "WhenEmpty", "consolidateAfter": "10m" },
        "template": {
            "metadata": { "labels": group.labels },
            "spec": {
                "nodeClassRef": class_reference(), "requirements": requirements(group), "taints": taints(view, group),
                "expireAfter": "720h",
            },
        },
    });
    let (cpus, gpus) = view.cluster.used_by_pool(&group.name, view.now());
    let nodes = view.cluster.nodes_of(&group.name, view.now()).count();
    let conditions: Vec<Value> =
        ["ValidationSucceeded", "NodeClassReady", "Ready"].iter().map(|name| view.condition(name, true, (name, ""), created)).collect();
    let status = json!({
        "resources": {
            "cpu": cpus.to_string(), "memory": format!("{}Gi", cpus * 4), "nvidia.com/gpu": gpus.to_string(), "nodes": nodes.to_string(),
            "pods": (nodes * 29).to_string(), "ephemeral-storage": format!("{}Gi", nodes * 50),
        },
        "conditions": conditions,
    });
    finished(object, spec, status)
}

fn node_claim(view: View<'_>, claim: &NodeClaim, node: &Node) -> Value {
    let mut object = view.object(Named::new("karpenter.sh/v1", "NodeClaim", "", &claim.name), claim.created_at);
    let shape = machine(&node.instance_type);
    put_meta(
        &mut object,
        "labels",
        json!({
            "karpenter.sh/nodepool": claim.pool, "node.kubernetes.io/instance-type": node.instance_type,
            "karpenter.sh/capacity-type": if node.spot { "spot" } else { "on-demand" }, "topology.kubernetes.io/zone": node.zone,
        }),
    );
    put_meta(&mut object, "ownerReferences", json!([view.owner(Named::new("karpenter.sh/v1", "NodePool", "", &claim.pool))]));
    let group = view.cluster.group(&claim.pool);
    let spec = json!({
        "nodeClassRef": class_reference(), "requirements": group.map(requirements).unwrap_or_default(),
        "taints": group.map(|group| taints(view, group)).unwrap_or_default(),
        "resources": { "requests": { "cpu": "2510m", "memory": "8542Mi", "nvidia.com/gpu": shape.gpus.to_string(), "pods": "8" } },
    });
    let now = view.now();
    let waits_for_gpu = shape.gpus > 0 && !node.has_devices(now);
    let registered = node.is_registered(now);
    let initialized = node.has_joined(now) && !waits_for_gpu;
    let unsure = |name: &str, (reason, message): (&str, &str), since| json!({ "type": name, "status": "Unknown", "reason": reason, "message": message, "lastTransitionTime": view.stamp(since) });
    let launched = view.condition("Launched", true, ("Launched", ""), claim.created_at + 3);
    let registration = if registered {
        view.condition("Registered", true, ("Registered", ""), node.registers_at())
    } else {
        unsure("Registered", ("NodeNotFound", "Node not registered with cluster"), claim.created_at)
    };
    let initialization = if initialized {
        view.condition("Initialized", true, ("Initialized", ""), node.joins_at)
    } else if node.has_joined(now) {
        unsure("Initialized", ("ResourceNotRegistered", "Resource \"nvidia.com/gpu\" was requested but not registered"), node.joins_at)
    } else if registered {
        unsure("Initialized", ("NodeNotReady", "Node status is NotReady"), node.registers_at())
    } else {
        unsure("Initialized", ("NodeNotFound", "Node not registered with cluster"), claim.created_at)
    };
    let ready = view.condition("Ready", initialized, if initialized { ("Ready", "") } else { ("UnhealthyDependents", "") }, node.joins_at);
    let mut status = json!({
        "providerID": format!("aws:///{}/{}", node.zone, node.instance_id), "imageID": "ami-0a5b3c1d2e4f60718",
        "capacity": {
            "cpu": shape.vcpus.to_string(), "memory": format!("{}Gi", shape.memory_gib), "nvidia.com/gpu": shape.gpus.to_string(),
            "pods": shape.pods.to_string(),
        },
        "conditions": [launched, registration, initialization, ready],
    });
    if let (true, Value::Object(status)) = (registered, &mut status) {
        status.insert("nodeName".to_owned(), json!(node.name));
    }
    finished(object, spec, status)
}
