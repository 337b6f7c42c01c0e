//! `DescribeScalingActivities`: what is under way first, then the newest, six weeks back.

use axum::response::Response;
use serde_json::json;

use super::super::world::{Activity, Group, World};
use super::query::{AUTO_SCALING, Form, Xml, response};
use super::{Refusal, groups};
use crate::domain::time::Timestamp;

/// AWS forgets what is older.
const KEPT_SECONDS: i64 = 42 * 24 * 3_600;

/// Answers the call.
pub(super) fn describe(world: &World, form: &Form) -> Result<Response, Refusal> {
    let name = form.get("AutoScalingGroupName");
    let wanted = Wanted::read(form, name.is_some())?;
    let mut chosen: Vec<(&Group, &Activity)> = world
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.groups)
        .filter(|group| group.is_auto_scaling() && name.is_none_or(|name| group.asg_name == name))
        .flat_map(|group| group.activities_newest_first().into_iter().map(move |activity| (group, activity)))
        .filter(|(_, activity)| wanted.holds(world, activity))
        .collect();
    chosen.sort_by_key(|(_, activity)| (activity.ended_at.is_some(), std::cmp::Reverse(activity.started_at)));
    let (shown, token) = form.page(100)?.of(&chosen);
    Ok(response("DescribeScalingActivities", AUTO_SCALING, |result| {
        result.members("Activities", shown, |xml, (group, activity)| describe_one(xml, world, group, activity));
        if let Some(token) = token {
            result.leaf("NextToken", token);
        }
    }))
}

/// What the filters and the list of ids let through.
struct Wanted<'a> {
    ids: Vec<&'a str>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    statuses: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(form: &'a Form, has_group: bool) -> Result<Self, Refusal> {
        let mut wanted = Self { ids: form.list("ActivityIds"), from: None, until: None, statuses: Vec::new() };
        for (name, values) in form.filters() {
            match name {
                "StartTimeLowerBound" => wanted.from = Some(stamp(&values)?),
                "StartTimeUpperBound" => wanted.until = Some(stamp(&values)?),
                "Status" if has_group => wanted.statuses = values,
                "Status" => return Err(Refusal::invalid("The Status filter needs an Auto Scaling group name")),
                other => return Err(Refusal::invalid(format!("Unsupported filter name: {other}"))),
            }
        }
        Ok(wanted)
    }

    fn holds(&self, world: &World, activity: &Activity) -> bool {
        let started = world.stamp(activity.started_at);
        world.now - activity.started_at <= KEPT_SECONDS
            && (self.ids.is_empty() || self.ids.contains(&activity.id.as_str()))
            && self.from.is_none_or(|from| started >= from)
            && self.until.is_none_or(|until| started <= until)
            && (self.statuses.is_empty() || self.statuses.contains(&activity.status.word()))
    }
}

/// ISO 8601; without an offset UTC is meant.
fn stamp(values: &[&str]) -> Result<Timestamp, Refusal> {
    let text = values.first().copied().unwrap_or_default();
    text.parse().or_else(|_| format!("{text}Z").parse()).map_err(|_| Refusal::invalid(format!("Invalid timestamp: {text}")))
}

fn describe_one(xml: &mut Xml, world: &World, group: &Group, activity: &Activity) {
    let cause: Vec<String> =
        activity.cause.iter().map(|sentence| format!("At {:.0} {}", world.stamp(sentence.at), sentence.text)).collect();
    xml.leaf("ActivityId", &activity.id).leaf("AutoScalingGroupName", &group.asg_name);
    xml.leaf("AutoScalingGroupARN", groups::arn(world, group));
    xml.leaf("Description", &activity.description).leaf("Cause", cause.join("  "));
    xml.leaf("StartTime", format!("{:.3}", world.stamp(activity.started_at)));
    if let Some(ended) = activity.ended_at {
        xml.leaf("EndTime", format!("{:.0}", world.stamp(ended)));
    }
    xml.leaf("StatusCode", activity.status.word());
    if let Some(message) = &activity.message {
        xml.leaf("StatusMessage", message);
    }
    xml.leaf("Progress", activity.progress);
    xml.leaf("Details", json!({ "Subnet ID": activity.subnet, "Availability Zone": activity.zone }));
}
