//! The stable JSON of `why`: schema `holdup/why/1`. Fields are added, never renamed.

use serde::Serialize;

use super::{Entry, Report};
use crate::domain::id::ResourceKind;
use crate::domain::time::Timestamp;
use crate::explain::finding::{CauseId, Confidence, Evidence, Finding, Freed, Missing, Progress, Remedy, Risk, Verdict};

/// The name and version of the shape.
const SCHEMA: &str = "holdup/why/1";

/// The report as pretty-printed JSON with a final line break.
pub fn why_json(report: &Report<'_>) -> String {
    let body = Why { schema: SCHEMA, observed_at: report.now, verdicts: report.entries.iter().map(VerdictBody::new).collect() };
    pretty(&body)
}

/// Any value as pretty-printed JSON with a final line break.
pub(super) fn pretty<T: Serialize>(value: &T) -> String {
    // Strings, numbers and maps with string keys always serialize.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Why<'a> {
    schema: &'static str,
    observed_at: Timestamp,
    verdicts: Vec<VerdictBody<'a>>,
}

#[derive(Serialize)]
struct VerdictBody<'a> {
    context: &'a str,
    /// `null` where the whole context could not be read.
    workload: Option<&'a str>,
    platform: &'a str,
    verdict: Verdict,
    since: Option<Timestamp>,
    root: Option<&'a str>,
    also: Vec<&'a str>,
    headline: &'a str,
    progress: Option<ProgressBody<'a>>,
    /// What is normal for its rollout, and until when it was.
    normal: Option<NormalBody>,
    freed: Option<FreedBody<'a>>,
    chain: Vec<LinkBody<'a>>,
    missing: Vec<MissingBody<'a>>,
}

impl<'a> VerdictBody<'a> {
    fn new(entry: &'a Entry<'_>) -> Self {
        let explanation = &*entry.explanation;
        let key = &explanation.workload;
        Self {
            context: &key.context,
            workload: (key.kind == ResourceKind::Workload).then_some(key.name.as_str()),
            platform: &entry.platform,
            verdict: explanation.verdict,
            since: explanation.since,
            root: explanation.root.as_ref().map(CauseId::as_str),
            also: explanation.also.iter().map(CauseId::as_str).collect(),
            headline: &explanation.headline,
            progress: explanation.progress.as_ref().map(ProgressBody::new),
            normal: explanation.pace.map(|pace| NormalBody {
                from_seconds: pace.least.as_secs(),
                to_seconds: pace.most.as_secs(),
                until: pace.until,
            }),
            freed: explanation.freed.as_ref().map(FreedBody::new),
            chain: explanation.chain.iter().map(|link| LinkBody::new(link.depth, &link.finding)).collect(),
            missing: explanation.missing.iter().map(MissingBody::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct ProgressBody<'a> {
    stage: &'a str,
    elapsed_seconds: u64,
    usual_seconds: u64,
    remaining_seconds: u64,
    /// Whether it takes longer than usual.
    slow: bool,
}

impl<'a> ProgressBody<'a> {
    fn new(progress: &'a Progress) -> Self {
        Self {
            stage: &progress.stage,
            elapsed_seconds: progress.elapsed.as_secs(),
            usual_seconds: progress.usual.as_secs(),
            remaining_seconds: progress.remaining().as_secs(),
            slow: progress.is_slow(),
        }
    }
}

#[derive(Serialize)]
struct NormalBody {
    from_seconds: u64,
    to_seconds: u64,
    until: Timestamp,
}

#[derive(Serialize)]
struct FreedBody<'a> {
    root: &'a str,
    was: &'a str,
    since: Option<Timestamp>,
    at: Timestamp,
    by: Option<&'a str>,
}

impl<'a> FreedBody<'a> {
    fn new(freed: &'a Freed) -> Self {
        Self { root: freed.root.as_str(), was: &freed.was, since: freed.since, at: freed.at, by: freed.by.as_deref() }
    }
}

#[derive(Serialize)]
struct LinkBody<'a> {
    depth: usize,
    cause: &'a str,
    resource: String,
    says: &'a str,
    confidence: Confidence,
    evidence: Vec<EvidenceBody<'a>>,
    remedies: Vec<RemedyBody<'a>>,
    leads_to: Vec<&'a str>,
}

impl<'a> LinkBody<'a> {
    fn new(depth: usize, finding: &'a Finding) -> Self {
        Self {
            depth,
            cause: finding.cause.as_str(),
            resource: finding.resource.to_string(),
            says: &finding.says,
            confidence: finding.confidence,
            evidence: finding.evidence.iter().map(EvidenceBody::new).collect(),
            remedies: finding.remedies.iter().map(RemedyBody::new).collect(),
            leads_to: finding.leads_to.iter().map(CauseId::as_str).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct EvidenceBody<'a> {
    source: &'a str,
    resource: String,
    field: &'a str,
    value: &'a str,
    observed_at: Timestamp,
}

impl<'a> EvidenceBody<'a> {
    pub(super) fn new(evidence: &'a Evidence) -> Self {
        Self {
            source: &evidence.source.kind,
            resource: evidence.resource.to_string(),
            field: &evidence.field,
            value: &evidence.value,
            observed_at: evidence.observed_at,
        }
    }
}

#[derive(Serialize)]
pub(super) struct RemedyBody<'a> {
    text: &'a str,
    command: Option<&'a str>,
    risk: Risk,
}

impl<'a> RemedyBody<'a> {
    pub(super) fn new(remedy: &'a Remedy) -> Self {
        Self { text: &remedy.text, command: remedy.command.as_deref(), risk: remedy.risk }
    }
}

#[derive(Serialize)]
pub(super) struct MissingBody<'a> {
    source: &'a str,
    question: &'a str,
    why: &'a str,
    unlock: &'a str,
}

impl<'a> MissingBody<'a> {
    pub(super) fn new(missing: &'a Missing) -> Self {
        Self { source: &missing.source.kind, question: &missing.question, why: &missing.why, unlock: &missing.unlock }
    }
}
