//! What stands between holdup and an answer: a source that could not be read, told with the
//! permission or setting that would unlock it.

use std::sync::Arc;

use super::commands::advice;
use super::engine::{Obstacle, Verdict};
use super::finding::{CauseId, Confidence, Evidence, Finding, Missing, Risk};
use super::inside;
use super::world::World;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::source::{Failure, FailureKind, Gap, Health};
use crate::domain::text::Text;

/// A part of the provider's interface that rules need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Sizes and history of node groups.
    Groups,
    /// Limits and their use.
    Quotas,
    /// The machines of a cluster as it sees them itself.
    Nodes,
    /// Replicas one by one.
    Replicas,
    /// What the cluster's autoscaler reports.
    Autoscaler,
}

impl Need {
    fn source(self) -> &'static str {
        match self {
            Self::Groups => "aws.autoscaling",
            Self::Quotas => "aws.servicequotas",
            Self::Nodes | Self::Autoscaler => inside::NODES,
            Self::Replicas => inside::SOURCE,
        }
    }

    /// Prefixes of the permissions that belong to it.
    fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Groups => &["autoscaling:"],
            Self::Quotas => &["servicequotas:", "cloudwatch:"],
            Self::Nodes => &["list nodes", "watch nodes", "get nodes"],
            Self::Replicas => &["list pods", "watch pods", "get pods"],
            Self::Autoscaler => &["list configmaps", "watch configmaps", "get configmaps"],
        }
    }

    /// What has to be allowed when the service does not name it.
    fn usual_permissions(self) -> &'static [&'static str] {
        match self {
            Self::Groups => &["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"],
            Self::Quotas => &["servicequotas:GetServiceQuota"],
            Self::Nodes => &["list nodes"],
            Self::Replicas => &["list pods"],
            Self::Autoscaler => &["get configmaps in namespace kube-system"],
        }
    }

    /// A failure of the whole part: what was denied first hides what would be denied next, so all
    /// that the part needs is named.
    fn whole(self, failure: &Failure) -> Failure {
        let mut failure = failure.clone();
        if failure.kind == FailureKind::Denied {
            for permission in self.usual_permissions() {
                if !failure.permissions.iter().any(|named| named.as_str() == *permission) {
                    failure.permissions.push((*permission).into());
                }
            }
        }
        failure
    }

    /// What is missing inside an otherwise good answer, as one failure.
    fn gaps(self, gaps: &[Gap]) -> Option<Failure> {
        let belongs = |permission: &Text| self.prefixes().iter().any(|prefix| permission.starts_with(prefix));
        let mut mine = gaps.iter().map(|gap| &gap.failure).filter(|failure| failure.permissions.iter().any(belongs));
        let mut first = mine.next()?.clone();
        for permission in mine.flat_map(|failure| &failure.permissions) {
            if !first.permissions.contains(permission) {
                first.permissions.push(permission.clone());
            }
        }
        Some(first)
    }

    fn question(self) -> &'static str {
        match self {
            Self::Groups => "why the node group does not grow",
            Self::Quotas => "whether the vCPU quota is used up",
            Self::Nodes => "what is free on the nodes, and who holds the rest",
            Self::Replicas => "what the replicas wait for",
            Self::Autoscaler => "why the cluster autoscaler does not grow the group",
        }
    }
}

/// Why a part cannot be read at the moment, and who should have read it; `None` if it can.
pub fn failure(world: &World<'_>, context: &Text, need: Need) -> Option<(SourceId, Failure)> {
    let sources = &world.context(context).sources;
    if let Some((id, source)) = sources.iter().find(|(id, _)| id.kind.as_str() == need.source()) {
        let failure = match &source.health {
            Health::Failed { failure, .. } => Some(need.whole(failure)),
            Health::Stale { failure, .. } if blocks(failure.kind) => Some(need.whole(failure)),
            Health::Waiting => Some(waiting()),
            Health::Stale { .. } | Health::Fresh { .. } => need.gaps(&source.view.gaps),
        };
        return failure.map(|failure| ((*id).clone(), failure));
    }
    if matches!(need, Need::Nodes | Need::Replicas | Need::Autoscaler) {
        return Some((SourceId::new(context, need.source()), no_cluster(context)));
    }
    // Another source of the account that cannot be read stands for all of them.
    let account = sources.iter().find(|(id, _)| id.kind.starts_with("aws"));
    match account.and_then(|(id, source)| source.health.failure().map(|failure| (id, failure))) {
        Some((id, failure)) => Some(((*id).clone(), need.whole(failure))),
        None => Some((SourceId::new(context, need.source()), not_configured(context))),
    }
}

/// Failures that do not pass by themselves.
fn blocks(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Denied | FailureKind::Expired | FailureKind::NoCredentials | FailureKind::WrongAccount)
}

fn waiting() -> Failure {
    Failure::new(FailureKind::Waiting, "not read yet", "wait for the first answer")
}

fn not_configured(context: &Text) -> Failure {
    let hint = format!("configure [contexts.{context}.aws], and allow the read-only actions that `holdup doctor` lists");
    Failure::new(FailureKind::Misconfigured, "no AWS account is configured for this context", hint)
}

fn no_cluster(context: &Text) -> Failure {
    let hint = format!("configure [contexts.{context}.kubernetes] with a kubeconfig context that reaches the cluster");
    Failure::new(FailureKind::Misconfigured, "the cluster's own API is not read for this context", hint)
}

/// The verdict for a part that cannot be read.
pub fn verdict(world: &World<'_>, context: &Text, need: Need) -> Verdict {
    match failure(world, context, need) {
        Some((source, failure)) => Verdict::CannotTell(Box::new(obstacle(world, &source, &failure, need.question()))),
        None => Verdict::Clear,
    }
}

/// What of a cluster's inside could not be read, to be told beside what was found about a workload
/// without it.
pub fn beside(world: &World<'_>, workload: &ResourceKey) -> Vec<Missing> {
    let context = &workload.context;
    let inside = world.inside(context);
    let mut missing = kept_back(world, workload);
    if !inside.is_read {
        return missing;
    }
    // Replicas that are there were read, whatever other namespaces hide.
    let needs = [(Need::Replicas, inside.of(workload).is_empty()), (Need::Nodes, !inside.sees_nodes())];
    let needs = needs.into_iter().filter(|(_, unseen)| *unseen).map(|(need, _)| need);
    let unread = needs.filter_map(|need| failure(world, context, need).map(|found| (need, found)));
    missing.extend(unread.flat_map(|(need, (source, failure))| obstacle(world, &source, &failure, need.question()).missing));
    missing
}

/// What the platform does not let this identity read of just this workload (its log, its events): the
/// answer may stand there.
fn kept_back(world: &World<'_>, workload: &ResourceKey) -> Vec<Missing> {
    let Some((source, _)) = world.workload(workload) else { return Vec::new() };
    let Some(read) = world.snapshot.views.get(source) else { return Vec::new() };
    let of_it = format!(" of {}", workload.name);
    let own = read.view.gaps.iter().filter(|gap| blocks(gap.failure.kind) && gap.what.ends_with(&of_it));
    own.flat_map(|gap| obstacle(world, source, &gap.failure, &format!("what stands in the {}", gap.what)).missing).collect()
}

/// What a failing source leaves open, with the next step.
pub fn obstacle(world: &World<'_>, source: &SourceId, failure: &Failure, question: &str) -> Obstacle {
    let named = |unlock: Text| Missing { source: source.clone(), question: question.into(), why: failure.message.clone(), unlock };
    let missing = match failure.kind {
        FailureKind::Denied if !failure.permissions.is_empty() => failure.permissions.iter().cloned().map(named).collect(),
        _ => vec![named(failure.hint.clone())],
    };
    let headline: Text = match failure.kind {
        FailureKind::Waiting => format!("still reading {}", service(source)).into(),
        _ => format!("cannot tell: {}: {}", service(source), failure.message).into(),
    };
    let finding = cause(source, failure.kind).map(|cause| Arc::new(finding(world, source, failure, cause, question)));
    Obstacle { missing, finding, headline }
}

fn finding(world: &World<'_>, source: &SourceId, failure: &Failure, cause: &str, question: &str) -> Finding {
    let resource = ResourceKey::new(&source.context, ResourceKind::Source, source.kind.clone());
    let read_at = world.snapshot.views.get(source).and_then(|view| match &view.health {
        Health::Failed { at, .. } => Some(*at),
        _ => None,
    });
    Finding {
        cause: CauseId::from(cause),
        says: format!("holdup cannot tell {question}: {} answers \"{}\"", service(source), failure.message).into(),
        confidence: Confidence::Certain,
        evidence: vec![Evidence {
            source: source.clone(),
            resource: resource.clone(),
            field: "failure".into(),
            value: failure.message.clone(),
            observed_at: read_at.unwrap_or(world.now),
        }],
        remedies: vec![advice(Risk::Low, failure.hint.clone())],
        resource,
        leads_to: Vec::new(),
    }
}

/// The service behind a source, in words.
fn service(source: &SourceId) -> &str {
    match source.kind.as_str() {
        "aws.autoscaling" => "AWS Auto Scaling",
        "aws.servicequotas" => "AWS Service Quotas",
        "cortex" => "the Cortex operator",
        super::dialect::GATEWAY => "the gateway",
        kind if kind.starts_with(inside::SOURCE) => "the Kubernetes API",
        other => other,
    }
}

/// The catalogue's entry for a failure.
fn cause(source: &SourceId, kind: FailureKind) -> Option<&'static str> {
    let aws = source.kind.starts_with("aws");
    let cortex = source.kind.starts_with("cortex");
    if source.kind.as_str() == super::dialect::GATEWAY {
        return of_gateway(kind);
    }
    Some(match kind {
        FailureKind::Expired => "aws/credentials-expired",
        FailureKind::NoCredentials => "aws/credentials-missing",
        FailureKind::ClockSkew => "aws/clock-skew",
        FailureKind::WrongAccount if cortex => "cortex/api-other-account",
        FailureKind::Denied if aws => "aws/iam-denied",
        FailureKind::Denied if cortex => "cortex/api-auth-failed",
        FailureKind::Throttled if aws => "aws/api-throttled",
        FailureKind::ServerError if aws => "aws/service-unavailable",
        FailureKind::Unreachable | FailureKind::TimedOut if aws => "aws/endpoint-unreachable",
        FailureKind::Unreachable | FailureKind::TimedOut | FailureKind::ServerError if cortex => "cortex/api-operator-down",
        _ => return None,
    })
}

/// The same for a compute gateway, whose keys and limits are its own.
fn of_gateway(kind: FailureKind) -> Option<&'static str> {
    Some(match kind {
        FailureKind::Expired | FailureKind::NoCredentials | FailureKind::Denied => "gateway/x-auth-invalid",
        FailureKind::Throttled => "gateway/rate-too-many",
        FailureKind::TimedOut => "gateway/http-timeout",
        FailureKind::Unreachable | FailureKind::ServerError => "gateway/dash-api",
        _ => return None,
    })
}
