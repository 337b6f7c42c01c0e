//! `DescribeAutoScalingGroups`: the groups as eksctl and Cortex set them up.

use axum::response::Response;

use super::super::world::{Cluster, Group, GroupRole, Node, World, minting};
use super::Refusal;
use super::query::{AUTO_SCALING, Form, Xml, response};

/// A group with the cluster it belongs to.
type Owned<'a> = (&'a Cluster, &'a Group);

/// Answers the call.
pub(super) fn describe(world: &World, form: &Form) -> Result<Response, Refusal> {
    let names = form.list("AutoScalingGroupNames");
    let filters = form.filters();
    let mut chosen: Vec<Owned> = world
        .clusters
        .iter()
        .flat_map(|cluster| cluster.groups.iter().map(move |group| (cluster, group)))
        .filter(|(_, group)| group.is_auto_scaling())
        .filter(|(_, group)| names.is_empty() || names.contains(&group.asg_name.as_str()))
        .filter(|owned| filters.iter().all(|(name, values)| passes(&tags(*owned), name, values)))
        .collect();
    chosen.sort_by_key(|(_, group)| &group.asg_name);
    let with_instances = form.get("IncludeInstances") != Some("false");
    let (shown, token) = form.page(50)?.of(&chosen);
    Ok(response("DescribeAutoScalingGroups", AUTO_SCALING, |result| {
        result.members("AutoScalingGroups", shown, |xml, owned| describe_one(xml, world, *owned, with_instances));
        if let Some(token) = token {
            result.leaf("NextToken", token);
        }
    }))
}

fn passes(tags: &[(String, String)], filter: &str, values: &[&str]) -> bool {
    match filter {
        "tag-key" => tags.iter().any(|(key, _)| values.contains(&key.as_str())),
        "tag-value" => tags.iter().any(|(_, value)| values.contains(&value.as_str())),
        other => match other.strip_prefix("tag:") {
            Some(wanted) => tags.iter().any(|(key, value)| key == wanted && values.contains(&value.as_str())),
            None => false,
        },
    }
}

/// The ARN of a group.
pub(super) fn arn(world: &World, group: &Group) -> String {
    let id = minting::uuid(&format!("group/{}", group.asg_name));
    let account = &world.account;
    format!("arn:aws:autoscaling:{}:{}:autoScalingGroup:{id}:autoScalingGroupName/{}", account.region, account.id, group.asg_name)
}

fn describe_one(xml: &mut Xml, world: &World, owned: Owned, with_instances: bool) {
    let (cluster, group) = owned;
    xml.leaf("AutoScalingGroupName", &group.asg_name).leaf("AutoScalingGroupARN", arn(world, group));
    launch_description(xml, group);
    xml.leaf("MinSize", group.min).leaf("MaxSize", group.max).leaf("DesiredCapacity", group.desired);
    xml.leaf("DefaultCooldown", 300);
    xml.texts("AvailabilityZones", group.zones.iter().map(String::as_str));
    xml.texts("LoadBalancerNames", []).texts("TargetGroupARNs", []);
    xml.leaf("HealthCheckType", "EC2").leaf("HealthCheckGracePeriod", 0);
    if with_instances {
        let nodes: Vec<&Node> = cluster.nodes_of(&group.name, world.now).collect();
        xml.members("Instances", nodes, |xml, node| instance(xml, node, world.now));
    }
    xml.leaf("CreatedTime", format!("{:.3}", world.stamp(group.created_at)));
    xml.members("SuspendedProcesses", &group.suspended, |xml, suspension| {
        let reason = format!("User suspended at {:.0}", world.stamp(suspension.since));
        xml.leaf("ProcessName", &suspension.process).leaf("SuspensionReason", reason);
    });
    let subnets: Vec<String> = group.zones.iter().map(|zone| subnet(cluster, zone)).collect();
    xml.leaf("VPCZoneIdentifier", subnets.join(","));
    xml.members("Tags", tags(owned), |xml, (key, value)| {
        xml.leaf("ResourceId", &group.asg_name).leaf("ResourceType", "auto-scaling-group");
        xml.leaf("Key", key).leaf("Value", value).leaf("PropagateAtLaunch", true);
    });
    xml.texts("TerminationPolicies", ["Default"]);
    xml.leaf("NewInstancesProtectedFromScaleIn", false);
}

fn subnet(cluster: &Cluster, zone: &str) -> String {
    format!("subnet-{}", minting::hex(&format!("{}/{zone}", cluster.name), 17))
}

fn template(xml: &mut Xml, name: &str, group: &Group) {
    xml.node(name, |xml| {
        xml.leaf("LaunchTemplateId", format!("lt-{}", minting::hex(&group.asg_name, 17)));
        xml.leaf("LaunchTemplateName", &group.nodegroup).leaf("Version", "1");
    });
}

/// Spot groups have a mixed instances policy, the others a launch template alone.
fn launch_description(xml: &mut Xml, group: &Group) {
    if !group.spot {
        template(xml, "LaunchTemplate", group);
        return;
    }
    xml.node("MixedInstancesPolicy", |policy| {
        policy.node("LaunchTemplate", |xml| {
            template(xml, "LaunchTemplateSpecification", group);
            xml.members("Overrides", &group.instance_types, |xml, instance_type| {
                xml.leaf("InstanceType", instance_type);
            });
        });
        policy.node("InstancesDistribution", |xml| {
            xml.leaf("OnDemandAllocationStrategy", "prioritized").leaf("OnDemandBaseCapacity", 0);
            xml.leaf("OnDemandPercentageAboveBaseCapacity", 0).leaf("SpotAllocationStrategy", "lowest-price");
            xml.leaf("SpotInstancePools", group.instance_types.len().max(1));
        });
    });
}

fn instance(xml: &mut Xml, node: &Node, now: i64) {
    let state = if node.is_in_service(now) { "InService" } else { "Pending" };
    xml.leaf("InstanceId", &node.instance_id).leaf("InstanceType", &node.instance_type);
    xml.leaf("AvailabilityZone", &node.zone).leaf("LifecycleState", state).leaf("HealthStatus", "Healthy");
    xml.leaf("ProtectedFromScaleIn", false);
}

/// The tags that eksctl, CloudFormation and Cortex put on a group.
fn tags((cluster, group): Owned) -> Vec<(String, String)> {
    let name = cluster.name.as_str();
    let mut tags: Vec<(String, String)> = [
        ("Name".to_owned(), format!("{name}-{}-Node", group.nodegroup)),
        ("alpha.eksctl.io/cluster-name".to_owned(), name.to_owned()),
        ("alpha.eksctl.io/eksctl-version".to_owned(), "0.107.0".to_owned()),
        ("alpha.eksctl.io/nodegroup-name".to_owned(), group.nodegroup.clone()),
        ("alpha.eksctl.io/nodegroup-type".to_owned(), "unmanaged".to_owned()),
        ("cortex.dev/cluster-name".to_owned(), name.to_owned()),
        ("eksctl.cluster.k8s.io/v1alpha1/cluster-name".to_owned(), name.to_owned()),
        ("eksctl.io/v1alpha2/nodegroup-name".to_owned(), group.nodegroup.clone()),
        ("k8s.io/cluster-autoscaler/enabled".to_owned(), "true".to_owned()),
        (format!("k8s.io/cluster-autoscaler/{name}"), "owned".to_owned()),
        (format!("kubernetes.io/cluster/{name}"), "owned".to_owned()),
    ]
    .into();
    let hint = |key: &str, value: &str| (format!("k8s.io/cluster-autoscaler/node-template/{key}"), value.to_owned());
    if group.role == GroupRole::Worker {
        tags.push(hint("label/workload", "true"));
        if group.machine().gpus > 0 {
            tags.push(hint("label/k8s.amazonaws.com/accelerator", "true"));
            tags.push(hint("label/nvidia.com/gpu", "true"));
            tags.push(hint("taint/dedicated", "nvidia.com/gpu=true"));
        }
    }
    tags.sort();
    tags
}
