//! Source `aws.servicequotas`: the vCPU quotas that a cluster's worker groups count in, with what
//! is used and what was asked for.
//!
//! Which quotas matter follows from the machines that other sources know.
//! Values and requests are kept ten minutes, usage two. Every action that is denied is a gap of
//! its own, naming the action; the rest is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::types::{RequestedServiceQuotaChange, ServiceQuota};
use futures_util::TryFutureExt as _;

use super::account::{Account, Session, cluster_of, waiting_for_platform};
use super::activities::timestamp;
use super::metrics::{UsageMetric, usages, whole};
use super::quota_codes::QuotaCode;
use super::wanted::wanted;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::quota::{IncreaseRequest, Quota, Usage};
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::source::{BoxFuture, Cadence, Focus, Source};

const GET: &str = "servicequotas:GetServiceQuota";
const LIST: &str = "servicequotas:ListServiceQuotas";
const DEFAULT: &str = "servicequotas:GetAWSDefaultServiceQuota";
const REQUESTS: &str = "servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota";
const SERVICE: &str = "ec2";
/// Pages of a list that one poll follows; `ec2` has a few hundred quotas at 100 a page.
const PAGES: usize = 10;
const VALUES_KEPT: Duration = Duration::from_mins(10);
const USAGE_KEPT: Duration = Duration::from_mins(2);

/// The source.
pub struct Quotas {
    context: Text,
    account: Arc<Account>,
    values: BTreeMap<QuotaCode, Kept>,
    usage: BTreeMap<&'static str, Usage>,
    usage_read: Option<(Timestamp, BTreeSet<&'static str>)>,
}

/// A quota as last read.
#[derive(Clone, Debug)]
struct Kept {
    at: Timestamp,
    quota: Quota,
    metric: Option<UsageMetric>,
}

impl Quotas {
    /// A source for the quotas of one context.
    pub fn new(context: Text, account: Arc<Account>) -> Self {
        Self { context, account, values: BTreeMap::new(), usage: BTreeMap::new(), usage_read: None }
    }

    async fn read(&mut self, focus: &Focus) -> Result<View, Failure> {
        let (_, region) = cluster_of(&focus.snapshot, &self.context)?;
        let codes = wanted(&focus.snapshot, &self.context).ok_or_else(waiting_for_platform)?;
        let session = self.account.session(region.as_deref()).await?;
        let mut view = View { aws_profile: self.account.profile(), ..View::default() };
        self.values.retain(|code, kept| codes.contains(code) && age(focus.now, kept.at) < VALUES_KEPT);
        self.read_values(&session, &codes, focus.now, &mut view.gaps).await?;
        self.read_usage(&session, focus.now, &mut view.gaps).await;
        let usage = &self.usage;
        view.quotas = self.values.iter().map(|(code, kept)| Quota { usage: usage.get(code.code).copied(), ..kept.quota.clone() }).collect();
        view.quotas.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(view)
    }

    /// Reads the values that are not kept. Fails only when nothing at all is known.
    async fn read_values(
        &mut self,
        session: &Session,
        codes: &BTreeSet<QuotaCode>,
        now: Timestamp,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), Failure> {
        let client = Client::new(&session.config);
        let mut list: Option<Vec<ServiceQuota>> = None;
        for code in codes.iter().filter(|code| !self.values.contains_key(*code)).cloned().collect::<Vec<_>>() {
            match value(session, &client, &code, &mut list, gaps).await {
                Ok((raw, is_default)) => {
                    let mut kept = self.kept(&code, &raw, is_default, now);
                    kept.quota.requests = requests(session, &client, &code, gaps).await;
                    if let Some(failure) = error_reason(&raw) {
                        gaps.push(Gap { what: format!("quota {}", code.code).into(), failure });
                    }
                    self.values.insert(code, kept);
                }
                Err(failure) if fatal(&failure) && self.values.is_empty() => return Err(failure),
                Err(failure) => {
                    let stop = fatal(&failure);
                    gaps.push(Gap { what: format!("quota {}", code.code).into(), failure });
                    if stop {
                        break;
                    }
                }
            }
        }
        merge_equal(gaps);
        Ok(())
    }

    fn kept(&self, code: &QuotaCode, raw: &ServiceQuota, is_default: bool, at: Timestamp) -> Kept {
        let quota = Quota {
            key: ResourceKey::new(&self.context, ResourceKind::Quota, code.code),
            title: raw.quota_name().unwrap_or(code.code).into(),
            family: code.family.into(),
            spot: code.spot,
            limit: raw.value().and_then(whole),
            is_default,
            usage: None,
            unit: "vCPU".into(),
            adjustable: raw.adjustable(),
            requests: Vec::new(),
        };
        Kept { at, quota, metric: raw.usage_metric().and_then(usage_metric) }
    }

    async fn read_usage(&mut self, session: &Session, now: Timestamp, gaps: &mut Vec<Gap>) {
        let metrics: Vec<(&'static str, UsageMetric)> =
            self.values.iter().filter_map(|(code, kept)| Some((code.code, kept.metric.clone()?))).collect();
        let codes: BTreeSet<&'static str> = metrics.iter().map(|(code, _)| *code).collect();
        let fresh = self.usage_read.as_ref().is_some_and(|(at, read)| age(now, *at) < USAGE_KEPT && codes.is_subset(read));
        if metrics.is_empty() || fresh {
            return;
        }
        let wanted: Vec<UsageMetric> = metrics.iter().map(|(_, metric)| metric.clone()).collect();
        match usages(session, &wanted, now).await {
            Ok(found) => {
                let pairs = metrics.iter().zip(found);
                self.usage = pairs.filter_map(|((code, _), usage)| Some((*code, usage?))).collect();
                self.usage_read = Some((now, codes));
            }
            Err(failure) => gaps.push(Gap { what: "usage of the vCPU quotas".into(), failure }),
        }
    }
}

impl Source for Quotas {
    fn id(&self) -> SourceId {
        SourceId::new(&self.context, "aws.servicequotas")
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_mins(1), calm: Duration::from_mins(5), deadline: Duration::from_secs(45) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus).map_ok(Arc::new))
    }
}

/// The applied value, or the default where none is applied, by whichever action is allowed.
async fn value(
    session: &Session,
    client: &Client,
    code: &QuotaCode,
    list: &mut Option<Vec<ServiceQuota>>,
    gaps: &mut Vec<Gap>,
) -> Result<(ServiceQuota, bool), Failure> {
    let denied = if list.is_none() {
        let request = client.get_service_quota().service_code(SERVICE).quota_code(code.code);
        match session.call(GET, request.send()).await {
            Ok(answer) => return answer.quota.map(|quota| (quota, false)).ok_or_else(|| super::errors::unreadable(GET, 200, b"")),
            Err(failure) if failure.kind == FailureKind::NotFound => return default(session, client, code).await,
            Err(failure) if failure.kind == FailureKind::Denied => Some(failure),
            Err(failure) => return Err(failure),
        }
    } else {
        None
    };
    if let Some(get_denied) = denied {
        match all(session, client, gaps).await {
            Ok(quotas) => *list = Some(quotas),
            Err(failure) if failure.kind == FailureKind::Denied => {
                gaps.push(Gap { what: "the list of quotas".into(), failure });
                return Err(get_denied);
            }
            Err(failure) => return Err(failure),
        }
    }
    let listed = list.iter().flatten().find(|quota| quota.quota_code() == Some(code.code)).cloned();
    match listed {
        Some(quota) => Ok((quota, false)),
        None => default(session, client, code).await,
    }
}

async fn default(session: &Session, client: &Client, code: &QuotaCode) -> Result<(ServiceQuota, bool), Failure> {
    let request = client.get_aws_default_service_quota().service_code(SERVICE).quota_code(code.code);
    let answer = session.call(DEFAULT, request.send()).await?;
    answer.quota.map(|quota| (quota, true)).ok_or_else(|| super::errors::unreadable(DEFAULT, 200, b""))
}

async fn all(session: &Session, client: &Client, gaps: &mut Vec<Gap>) -> Result<Vec<ServiceQuota>, Failure> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let request = client.list_service_quotas().service_code(SERVICE).max_results(100).set_next_token(token);
        let page = session.call(LIST, request.send()).await?;
        found.extend(page.quotas.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
    let message = format!("there are more than the {} quotas that were read", found.len());
    let failure = Failure::new(FailureKind::Garbage, message, format!("allow {GET}: it asks for one quota by its code"));
    gaps.push(Gap { what: "further quotas".into(), failure });
    Ok(found)
}

/// Increase requests, newest first. Trouble becomes a gap.
async fn requests(session: &Session, client: &Client, code: &QuotaCode, gaps: &mut Vec<Gap>) -> Vec<IncreaseRequest> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let request = client
            .list_requested_service_quota_change_history_by_quota()
            .service_code(SERVICE)
            .quota_code(code.code)
            .max_results(100)
            .set_next_token(token);
        match session.call(REQUESTS, request.send()).await {
            Ok(page) => {
                found.extend(page.requested_quotas().iter().filter_map(increase));
                token = page.next_token.filter(|token| !token.is_empty());
            }
            Err(failure) if failure.kind == FailureKind::NotFound => break,
            Err(failure) => {
                gaps.push(Gap { what: "requests for higher quotas".into(), failure });
                break;
            }
        }
        if token.is_none() {
            break;
        }
    }
    found.sort_by_key(|request| std::cmp::Reverse(request.created_at));
    found
}

fn increase(raw: &RequestedServiceQuotaChange) -> Option<IncreaseRequest> {
    Some(IncreaseRequest {
        desired: raw.desired_value().and_then(whole)?,
        status: raw.status().map_or("", |status| status.as_str()).into(),
        created_at: raw.created().and_then(timestamp),
        case: raw.case_id().filter(|case| !case.is_empty()).map(Text::from),
    })
}

fn usage_metric(raw: &aws_sdk_servicequotas::types::MetricInfo) -> Option<UsageMetric> {
    let dimensions: BTreeMap<&String, &String> = raw.metric_dimensions()?.iter().collect();
    Some(UsageMetric {
        namespace: raw.metric_namespace()?.to_owned(),
        name: raw.metric_name()?.to_owned(),
        statistic: raw.metric_statistic_recommendation().unwrap_or("Maximum").to_owned(),
        dimensions: dimensions.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    })
}

/// A good answer can carry the reason why it has no value.
fn error_reason(raw: &ServiceQuota) -> Option<Failure> {
    let reason = raw.error_reason()?;
    let code = reason.error_code().map_or("", |code| code.as_str());
    let kind = if code == "DEPENDENCY_ACCESS_DENIED_ERROR" { FailureKind::Denied } else { FailureKind::ServerError };
    let message = format!("AWS could not say the value ({code}: {})", reason.error_message().unwrap_or_default());
    Some(Failure::new(kind, message, "holdup asks again in ten minutes; the AWS console may show it"))
}

/// What will stop the next call as well.
fn fatal(failure: &Failure) -> bool {
    !matches!(failure.kind, FailureKind::Denied | FailureKind::NotFound | FailureKind::ServerError)
}

/// Keeps one gap of each: the same denial for four quotas is one fact.
fn merge_equal(gaps: &mut Vec<Gap>) {
    let mut seen: Vec<(Text, Vec<Text>)> = Vec::new();
    gaps.retain(|gap| {
        let identity = (gap.failure.message.clone(), gap.failure.permissions.clone());
        let new = gap.failure.kind != FailureKind::Denied || !seen.contains(&identity);
        seen.push(identity);
        new
    });
}
