//! The permissions holdup uses, as the smallest IAM policy that grants them.

use serde_json::{Value, json};

/// What is called, and what for. Source: the calls that the AWS sources make; `sts:GetCallerIdentity`
/// needs no permission. None of these actions can be limited to resources.
pub const ACTIONS: [(&str, &str); 7] = [
    ("autoscaling:DescribeAutoScalingGroups", "node groups: desired, max, instances"),
    ("autoscaling:DescribeScalingActivities", "why a group did not grow"),
    ("cloudwatch:GetMetricData", "how much of a quota is used"),
    ("servicequotas:GetAWSDefaultServiceQuota", "a quota's default, where the account's own value cannot be read"),
    ("servicequotas:GetServiceQuota", "a quota's value"),
    ("servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota", "increases that were asked for"),
    ("servicequotas:ListServiceQuotas", "quota values, where single ones are denied"),
];

/// The policy document.
pub fn document() -> Value {
    let actions: Vec<&str> = ACTIONS.iter().map(|(action, _)| *action).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "HoldupReads", "Effect": "Allow", "Action": actions, "Resource": "*" }]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_only_reads() {
        let reads = |action: &str| {
            ["Describe", "Get", "List"].iter().any(|verb| action.split_once(':').is_some_and(|(_, name)| name.starts_with(verb)))
        };
        assert!(ACTIONS.iter().all(|(action, _)| reads(action)));
        assert_eq!(document()["Statement"][0]["Action"].as_array().unwrap().len(), ACTIONS.len());
    }
}
