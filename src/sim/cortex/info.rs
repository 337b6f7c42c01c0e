//! `GET /info`: configuration and machines.

use serde_json::{Map, Value, json};

use super::super::world::minting::hex;
use super::super::world::{Cluster, Group, Node, World, machine::machine};
use super::spec::{cpu, memory};
use crate::domain::capacity::Resources;

/// Images that the configuration names in 0.42.
const IMAGES: &[&str] = &[
    "operator",
    "controller_manager",
    "manager",
    "kubexit",
    "proxy",
    "activator",
    "autoscaler",
    "async_gateway",
    "enqueuer",
    "dequeuer",
    "cluster_autoscaler",
    "metrics_server",
    "nvidia_device_plugin",
    "neuron_device_plugin",
    "neuron_scheduler",
    "fluent_bit",
    "istio_proxy",
    "istio_pilot",
    "prometheus",
    "prometheus_config_reloader",
    "prometheus_operator",
    "prometheus_statsd_exporter",
    "prometheus_dcgm_exporter",
    "prometheus_kube_state_metrics",
    "prometheus_node_exporter",
    "kube_rbac_proxy",
    "grafana",
    "event_exporter",
];

/// Images that it named in 0.31.
const LEGACY_IMAGES: &[&str] = &[
    "operator",
    "manager",
    "downloader",
    "request_monitor",
    "async_gateway",
    "cluster_autoscaler",
    "metrics_server",
    "inferentia",
    "neuron_rtd",
    "nvidia",
    "fluent_bit",
    "istio_proxy",
    "istio_pilot",
    "prometheus",
    "prometheus_config_reloader",
    "prometheus_operator",
    "prometheus_statsd_exporter",
    "prometheus_dcgm_exporter",
    "prometheus_kube_state_metrics",
    "prometheus_node_exporter",
    "kube_rbac_proxy",
    "grafana",
    "event_exporter",
];

/// The whole answer.
pub(super) fn info(world: &World, cluster: &Cluster) -> Value {
    let ready = || cluster.live_nodes(world.now).filter(|node| node.has_joined(world.now));
    let group = |node: &Node| cluster.group(&node.group);
    let workers: Vec<Value> =
        ready().filter_map(|node| group(node).filter(|group| group.is_worker()).map(|group| worker(world, cluster, group, node))).collect();
    let pending = cluster.pods().filter(|(_, pod)| pod.is_unplaced()).count();
    let mut answer = Map::new();
    answer.insert("num_pending_replicas".to_owned(), json!(pending));
    if cluster.minor() >= 38 {
        let system: Vec<Value> = ready()
            .filter_map(|node| group(node).filter(|group| !group.is_worker()).map(|group| Value::Object(machine_info(group, node))))
            .collect();
        answer.insert("cluster_config".to_owned(), config(world, cluster));
        answer.insert("worker_node_infos".to_owned(), json!(workers));
        answer.insert("operator_node_infos".to_owned(), json!(system));
    } else {
        answer.insert("cluster_config".to_owned(), legacy_config(world, cluster));
        answer.insert("node_infos".to_owned(), json!(workers));
        if cluster.minor() <= 32 {
            answer.insert("masked_aws_access_key_id".to_owned(), json!("****************ATED"));
        }
    }
    Value::Object(answer)
}

fn machine_info(group: &Group, node: &Node) -> Map<String, Value> {
    let price = f64::from(machine(&node.instance_type).price_milli_usd) / 1_000.0;
    // Spot machines cost about a third.
    let price = if node.spot { price * 0.3 } else { price };
    let mut fields = Map::new();
    fields.insert("nodegroup_name".to_owned(), json!(group.nodegroup));
    fields.insert("instance_type".to_owned(), json!(node.instance_type));
    fields.insert("is_spot".to_owned(), json!(node.spot));
    fields.insert("price".to_owned(), json!(price));
    fields
}

fn worker(world: &World, cluster: &Cluster, group: &Group, node: &Node) -> Value {
    let on_it = |(_, pod): &(&super::Api, &super::super::world::Pod)| {
        pod.node.as_deref() == Some(node.instance_id.as_str()) && !pod.phase.is_over()
    };
    let replicas = cluster.pods().filter(on_it).count();
    let mut fields = machine_info(group, node);
    if cluster.minor() < 31 {
        fields.remove("nodegroup_name");
    }
    fields.insert("name".to_owned(), json!(node.name));
    fields.insert("num_replicas".to_owned(), json!(replicas));
    if cluster.minor() >= 37 {
        fields.insert("num_enqueuer_replicas".to_owned(), json!(0));
    }
    if (35..40).contains(&cluster.minor()) {
        fields.insert("num_async_gateway_replicas".to_owned(), json!(0));
    }
    let amounts = |amounts: Resources| compute(amounts, cluster.minor() >= 36);
    fields.insert("compute_user_capacity".to_owned(), amounts(cluster.offered_by(node, world.now)));
    fields.insert("compute_available".to_owned(), amounts(cluster.free_on(node, world.now)));
    fields.insert("compute_user_requested".to_owned(), amounts(cluster.held_on(&node.instance_id)));
    Value::Object(fields)
}

fn compute(amounts: Resources, with_shm: bool) -> Value {
    let mut fields = Map::new();
    fields.insert("cpu".to_owned(), json!(cpu(amounts.cpu_millis)));
    fields.insert("mem".to_owned(), json!(memory(amounts.memory_bytes)));
    fields.insert("gpu".to_owned(), json!(amounts.gpus));
    fields.insert("inf".to_owned(), json!(amounts.neuron));
    if with_shm {
        fields.insert("shm".to_owned(), Value::Null);
    }
    Value::Object(fields)
}

fn node_group(cluster: &Cluster, group: &Group) -> Value {
    let modern = cluster.minor() >= 36;
    let spot = if group.spot {
        json!({
            "instance_distribution": group.instance_types,
            "on_demand_base_capacity": 0, "on_demand_percentage_above_base_capacity": 0,
            "max_price": f64::from(group.machine().price_milli_usd) / 1_000.0, "instance_pools": group.instance_types.len(),
        })
    } else {
        Value::Null
    };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("name", json!(group.name));
    put("instance_type", json!(group.machine().name));
    put("min_instances", json!(group.min));
    put("max_instances", json!(group.max));
    put("instance_volume_size", json!(50));
    put("instance_volume_type", json!(if modern { "gp3" } else { "gp2" }));
    put("instance_volume_iops", if modern { json!(3000) } else { Value::Null });
    put("spot", json!(group.spot));
    put("spot_config", spot);
    if modern {
        put("instance_volume_throughput", json!(125));
    }
    if cluster.minor() >= 37 {
        put("priority", json!(group.priority));
    }
    Value::Object(fields)
}

/// What both generations of the configuration have.
fn common(world: &World, cluster: &Cluster, images: &[&str]) -> Map<String, Value> {
    let mut fields = Map::new();
    for image in images {
        let name = image.replace('_', "-");
        fields.insert(format!("image_{image}"), json!(format!("registry.example/cortexlabs/{name}:{}", cluster.version)));
    }
    let groups: Vec<Value> = cluster.groups.iter().filter(|group| group.is_worker()).map(|group| node_group(cluster, group)).collect();
    let account = &world.account.id;
    let rest = [
        ("cluster_name", json!(cluster.name)),
        ("region", json!(cluster.region)),
        ("node_groups", json!(groups)),
        ("tags", json!({ "cortex.dev/cluster-name": cluster.name })),
        ("availability_zones", json!(cluster.zones)),
        ("iam_policy_arns", json!(["arn:aws:iam::aws:policy/AmazonS3FullAccess"])),
        ("subnet_visibility", json!("public")),
        ("nat_gateway", json!("none")),
        ("api_load_balancer_scheme", json!("internet-facing")),
        ("operator_load_balancer_scheme", json!("internal")),
        ("telemetry", json!(false)),
        ("cortex_policy_arn", json!(format!("arn:aws:iam::{account}:policy/cortex-{}-{}", cluster.name, cluster.region))),
        ("bucket", json!(format!("{}-{}", cluster.name, hex(&cluster.name, 10)))),
        ("api_version", json!(cluster.version)),
        ("operator_id", json!(hex(account, 63))),
        ("cluster_id", json!(hex(&format!("{}/cluster", cluster.name), 63))),
        ("is_operator_in_cluster", json!(true)),
    ];
    fields.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    fields
}

fn config(world: &World, cluster: &Cluster) -> Value {
    let mut fields = common(world, cluster, IMAGES);
    let rest = [
        ("prometheus_instance_type", json!("t3.medium")),
        ("api_load_balancer_type", json!("nlb")),
        ("api_load_balancer_cidr_white_list", json!(["0.0.0.0/0"])),
        ("operator_load_balancer_cidr_white_list", json!(["10.0.0.0/8"])),
        ("vpc_cidr", json!("192.168.0.0/16")),
        ("account_id", json!(world.account.id)),
        ("cluster_uid", json!(world.stamp(cluster.created_at).as_second().to_string())),
    ];
    fields.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(fields)
}

fn legacy_config(world: &World, cluster: &Cluster) -> Value {
    let mut fields = common(world, cluster, LEGACY_IMAGES);
    let types: std::collections::BTreeSet<&str> =
        cluster.groups.iter().filter(|group| group.is_worker()).map(|group| group.machine().name).collect();
    let metadata: Vec<Value> = types
        .into_iter()
        .map(|name| {
            let shape = machine(name);
            json!({
                "region": cluster.region, "type": name, "memory": format!("{}Gi", shape.memory_gib), "cpu": shape.vcpus.to_string(),
                "gpu": shape.gpus, "inf": 0, "price": f64::from(shape.price_milli_usd) / 1_000.0,
            })
        })
        .collect();
    let rest = [
        ("provider", json!("aws")),
        ("is_managed", json!(true)),
        ("namespace", json!("default")),
        ("istio_namespace", json!("istio-system")),
        ("instance_metadata", json!(metadata)),
    ];
    fields.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(fields)
}
