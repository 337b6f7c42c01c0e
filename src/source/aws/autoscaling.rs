//! Source `aws.autoscaling`: the groups of a cluster, found by tag, and what happened in them.
//!
//! Groups are read whole each time. Activities are read incrementally: from a little before the
//! last one seen, and from the start of whatever is still running. Where activities may not be
//! read, the groups still are, and a gap says what is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter, InstancesDistribution};
use futures_util::TryFutureExt as _;

use super::account::{Account, Identity, Session, cluster_of, identity};
use super::activities::normalize;
use super::errors::unreadable;
use super::selector::{GroupSelector, Membership};
use crate::domain::group::{ActivityOutcome, NodeGroup, ScalingActivity, SuspendedProcess};
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::source::{BoxFuture, Cadence, Focus, Source};

const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";
const ACTIVITIES: &str = "autoscaling:DescribeScalingActivities";
/// The most a page may have, by the service's model.
const PAGE: i32 = 100;
/// Pages of groups, and of activities of one group, that one poll follows.
const PAGES: usize = 10;
/// How far back the first look at a group goes. AWS keeps six weeks.
const FIRST_LOOK: Duration = Duration::from_hours(72);
/// How far before the last seen start the next look begins.
const OVERLAP: Duration = Duration::from_mins(5);
/// With so few worker groups, all are read every time.
const FEW: usize = 4;
/// A group where nothing moves is read every so many polls.
const ROUND: u64 = 4;

/// The source.
pub struct Autoscaling {
    context: Text,
    account: Arc<Account>,
    selector: GroupSelector,
    identity: Option<Identity>,
    polls: u64,
    seen: BTreeMap<ResourceKey, Seen>,
}

/// What the next look at a group's activities starts from.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Where the next look begins; `None` before the first one.
    from: Option<Timestamp>,
    /// Desired and in service at the last look.
    size: (Option<u32>, Option<u32>),
    /// Whether the newest was still running or had failed.
    unsettled: bool,
}

impl Autoscaling {
    /// A source for the groups of one context.
    pub fn new(context: Text, account: Arc<Account>, selector: GroupSelector) -> Self {
        Self { context, account, selector, identity: None, polls: 0, seen: BTreeMap::new() }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let (cluster, region) = cluster_of(&focus.snapshot, &self.context)?;
        let session = self.account.session(region.as_deref()).await?;
        let client = Client::new(&session.config);
        let mut view = View { aws_profile: self.account.profile(), ..View::default() };
        let raw = self.groups(&session, &client, &cluster, &mut view.gaps).await?;
        for group in &raw {
            let normal = self.normal_group(group);
            view.raw.insert(normal.key.clone(), Text::clean_lines(&format!("{group:#?}"), Text::LIMIT));
            view.groups.push(normal);
        }
        view.groups.sort_by(|a, b| a.key.cmp(&b.key));
        self.history(&session, &client, &mut view, focus.now).await;
        self.caller(&session, &mut view).await;
        self.polls += 1;
        Ok(view)
    }

    /// Groups of the cluster: the first cluster tag that finds any decides.
    async fn groups(
        &self,
        session: &Session,
        client: &Client,
        cluster: &Text,
        gaps: &mut Vec<Gap>,
    ) -> Result<Vec<AutoScalingGroup>, Failure> {
        for tag in self.selector.cluster_tags {
            let filter = Filter::builder().name(format!("tag:{tag}")).values(cluster.as_str()).build();
            let (mut found, mut token) = (Vec::new(), None);
            for _ in 0..PAGES {
                let request = client.describe_auto_scaling_groups().filters(filter.clone()).max_records(PAGE).set_next_token(token);
                let page = session.call(GROUPS, request.send()).await?;
                found.extend(page.auto_scaling_groups.unwrap_or_default());
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
            if token.is_some() {
                gaps.push(truncated("further groups", found.len()));
            }
            // The SDK decodes half a document as a whole one; a group that was asked for by its tag
            // and lacks it was cut off.
            if found.iter().any(|group| !carries(group, tag, cluster)) {
                return Err(unreadable(GROUPS, 200, b"cut off"));
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let tags = self.selector.cluster_tags.join(" or ");
        Err(Failure::new(
            FailureKind::NotFound,
            format!("no autoscaling group in {} has the tag {tags} = {cluster}", session.region),
            "check that account and region are the cluster's: `holdup doctor` shows both",
        ))
    }

    fn normal_group(&self, group: &AutoScalingGroup) -> NodeGroup {
        let cloud_name = group.auto_scaling_group_name().unwrap_or_default();
        let tags: BTreeMap<String, String> =
            group.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect();
        let member = self.selector.membership(cloud_name, &tags);
        let states = || group.instances().iter().filter_map(|instance| instance.lifecycle_state());
        NodeGroup {
            key: ResourceKey::new(&self.context, ResourceKind::NodeGroup, member.name.as_str()),
            cloud_name: Some(cloud_name.into()),
            is_worker: member.is_worker,
            spot: is_spot(group, &member),
            instance_types: instance_types(group),
            min: size(group.min_size()).unwrap_or_default(),
            max: size(group.max_size()).unwrap_or_default(),
            desired: size(group.desired_capacity()),
            in_service: Some(count(states().filter(|state| state.as_str() == "InService"))),
            pending: Some(count(states().filter(|state| state.as_str().starts_with("Pending")))),
            zones: group.availability_zones().iter().map(|zone| zone.as_str().into()).collect(),
            suspended: self.suspended(group),
            priority: None,
        }
    }

    fn suspended(&self, group: &AutoScalingGroup) -> Vec<SuspendedProcess> {
        let all = group.suspended_processes().iter().filter_map(|process| {
            let name = process.process_name()?;
            let news = !self.selector.normal_suspensions.contains(&name);
            news.then(|| SuspendedProcess { process: name.into(), reason: process.suspension_reason().unwrap_or_default().into() })
        });
        all.collect()
    }

    /// Reads what is new in the groups of interest. Trouble becomes gaps.
    async fn history(&mut self, session: &Session, client: &Client, view: &mut View, now: Timestamp) {
        let workers: Vec<NodeGroup> = view.groups.iter().filter(|group| group.is_worker).cloned().collect();
        let few = workers.len() <= FEW;
        for group in &workers {
            let seen = self.seen.get(&group.key).cloned().unwrap_or_default();
            let moved = seen.size != (group.desired, group.in_service) || group.desired != group.in_service;
            if !(few || moved || seen.unsettled || seen.from.is_none() || self.polls.is_multiple_of(ROUND)) {
                continue;
            }
            let from = seen.from.unwrap_or_else(|| now.checked_sub(FIRST_LOOK).unwrap_or(Timestamp::UNIX_EPOCH));
            match activities_of(session, client, group, from).await {
                Ok((fresh, complete)) => {
                    if !complete {
                        view.gaps.push(truncated(&format!("older activities of group {}", group.key.name), fresh.len()));
                    }
                    self.seen.insert(group.key.clone(), next_look(group, &fresh, from));
                    view.activities.extend(fresh);
                }
                Err(failure) => {
                    // What stops one group stops all: one gap says so.
                    let stops = matches!(failure.kind, FailureKind::Denied | FailureKind::Throttled | FailureKind::Expired);
                    let what = if stops { "activities of the groups".into() } else { format!("activities of group {}", group.key.name) };
                    view.gaps.push(Gap { what: what.into(), failure });
                    if stops {
                        break;
                    }
                }
            }
        }
        view.activities.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| a.key.cmp(&b.key)));
    }

    /// Who holdup is; asked until answered once.
    async fn caller(&mut self, session: &Session, view: &mut View) {
        if self.identity.is_none() {
            match identity(&session.config).await {
                Ok(identity) => self.identity = Some(identity),
                Err(failure) => view.gaps.push(Gap { what: "who holdup is at AWS".into(), failure }),
            }
        }
        let caller = self.identity.clone();
        view.cluster = caller.map(|identity| Cluster {
            platform: "aws".into(),
            name: identity.account.clone(),
            version: None,
            region: Some(session.region.as_str().into()),
            account: Some(identity.account),
            identity: Some(identity.arn),
            pending_replicas: None,
        });
    }
}

impl Source for Autoscaling {
    fn id(&self) -> SourceId {
        SourceId::new(&self.context, "aws.autoscaling")
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(20), calm: Duration::from_mins(1), deadline: Duration::from_secs(45) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}

fn carries(group: &AutoScalingGroup, tag: &str, value: &str) -> bool {
    group.tags().iter().any(|it| it.key() == Some(tag) && it.value() == Some(value))
}

/// Activities that started after `from`, newest first, and whether that is all of them.
async fn activities_of(
    session: &Session,
    client: &Client,
    group: &NodeGroup,
    from: Timestamp,
) -> Result<(Vec<ScalingActivity>, bool), Failure> {
    let since = Filter::builder().name("StartTimeLowerBound").values(format!("{from:.0}")).build();
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let request = client
            .describe_scaling_activities()
            .auto_scaling_group_name(group.cloud_name.as_deref().unwrap_or_default())
            .filters(since.clone())
            .max_records(PAGE)
            .set_next_token(token);
        let page = session.call(ACTIVITIES, request.send()).await?;
        let before = found.len();
        found.extend(page.activities().iter().filter_map(|activity| normalize(&group.key, activity)));
        if found.len() - before < page.activities().len() {
            return Err(unreadable(ACTIVITIES, 200, b"cut off"));
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok((found, token.is_none()))
}

/// The next look begins a little before the newest start, and never after one that still runs.
fn next_look(group: &NodeGroup, fresh: &[ScalingActivity], from: Timestamp) -> Seen {
    let newest = fresh.iter().max_by_key(|activity| activity.started_at);
    let after_newest = newest.and_then(|activity| activity.started_at.checked_sub(OVERLAP).ok()).map_or(from, |start| start.max(from));
    let running = fresh.iter().filter(|activity| activity.outcome == ActivityOutcome::Running);
    let oldest_running = running.map(|activity| activity.started_at).min();
    Seen {
        from: Some(oldest_running.map_or(after_newest, |start| start.min(after_newest))),
        size: (group.desired, group.in_service),
        unsettled: oldest_running.is_some() || newest.is_some_and(|activity| activity.outcome == ActivityOutcome::Failed),
    }
}

fn truncated(what: &str, read: usize) -> Gap {
    let failure = Failure::new(
        FailureKind::Garbage,
        format!("there are more than the {read} that were read"),
        "nothing to do unless the older ones matter: the aws CLI reads them all",
    );
    Gap { what: what.into(), failure }
}

fn size(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// A mixed policy says itself what share is on demand; without one the platform's naming does.
fn is_spot(group: &AutoScalingGroup, member: &Membership) -> bool {
    let distribution = group.mixed_instances_policy().and_then(|policy| policy.instances_distribution());
    distribution.and_then(InstancesDistribution::on_demand_percentage_above_base_capacity).map_or(member.spot, |percent| percent < 100)
}

/// Types of the mixed policy, else those that run: a plain launch template is only known to EC2.
fn instance_types(group: &AutoScalingGroup) -> Vec<Text> {
    let template = group.mixed_instances_policy().and_then(|policy| policy.launch_template());
    let listed = template.iter().flat_map(|template| template.overrides()).filter_map(|it| it.instance_type());
    let running = group.instances().iter().filter_map(|instance| instance.instance_type());
    let mut types: Vec<Text> = Vec::new();
    for name in listed.chain(running) {
        if !types.iter().any(|known| known.as_str() == name) {
            types.push(name.into());
        }
    }
    types
}
