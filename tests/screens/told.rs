//! What the rules would say of the story's world, written down: the screens are of the console, not of
//! the rules.

use holdup::domain::id::{ResourceKind, SourceId};
use holdup::domain::snapshot::Snapshot;
use holdup::domain::text::Text;
use holdup::domain::time::{Duration, Timestamp};
use holdup::explain::{CauseId, Confidence, Evidence, Explanation, Explanations, Finding, Link, Missing, Progress, Remedy, Risk, Verdict};

use super::*;

fn evidence(source: &str, kind: ResourceKind, name: &str, field: &str, value: &str, seconds: u64) -> Evidence {
    Evidence {
        source: SourceId::new(&context(), source),
        resource: key(kind, name),
        field: field.into(),
        value: value.into(),
        observed_at: ago(seconds),
    }
}

fn link(depth: usize, cause: &str, says: &str, evidence: Vec<Evidence>, remedies: Vec<Remedy>) -> Link {
    let finding = Finding {
        cause: CauseId::from(cause),
        resource: workload_key("text-generator"),
        says: says.into(),
        confidence: Confidence::Certain,
        evidence,
        remedies,
        leads_to: Vec::new(),
    };
    Link { depth, finding: finding.into() }
}

fn remedy(text: &str, command: Option<&str>, risk: Risk) -> Remedy {
    Remedy { text: text.into(), command: command.map(Text::from), risk }
}

fn text_generator() -> Explanation {
    let group = ResourceKind::NodeGroup;
    let chain = vec![
        link(
            0,
            "cortex/update-waits-for-gpu",
            "the new version waits for a GPU",
            vec![evidence("cortex", ResourceKind::Workload, "text-generator", "replica_counts.stalled", "1", 4)],
            Vec::new(),
        ),
        link(
            1,
            "cortex/rolling-update-deadlock",
            "the old version holds the only free slot; max_surge needs a second one",
            vec![evidence("cortex", ResourceKind::Node, "ip-10-0-31-7.ec2.internal", "gpu.free", "0 of 1", 4)],
            Vec::new(),
        ),
        link(
            2,
            "cortex/group-cannot-grow",
            "group gpu tried to grow from 1 to 2 and AWS refused, 6 times",
            vec![evidence("aws.autoscaling", group, "gpu", "StatusCode", "Failed ×6", 130)],
            Vec::new(),
        ),
        link(
            3,
            "aws/vcpu-quota-on-demand",
            "vCPU quota \"Running On-Demand G and VT instances\" is 4, 4 in use, 4 more needed",
            vec![
                evidence("aws.autoscaling", group, "gpu", "StatusMessage", REFUSAL, 130),
                evidence("aws.servicequotas", ResourceKind::Quota, "L-DB2E81BA", "Value", "4", 260),
                evidence("aws.cloudwatch", ResourceKind::Quota, "L-DB2E81BA", "ResourceCount", "4", 240),
            ],
            vec![
                remedy(
                    "request an increase to 8; AWS answers within minutes to days",
                    Some(
                        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA --desired-value 8 --region us-east-1",
                    ),
                    Risk::Mutating,
                ),
                remedy(
                    "replace in place: set max_surge 0 and deploy with --force; with 1 replica no request is answered until the new version is ready",
                    Some("cortex deploy text-generator.yaml --env prod --force"),
                    Risk::Destructive,
                ),
                remedy("see what else uses G machines and stop what is not needed", Some("cortex get --env prod"), Risk::Inspect),
            ],
        ),
    ];
    Explanation {
        workload: workload_key("text-generator"),
        verdict: Verdict::Held,
        since: Some(ago(41 * MINUTE)),
        root: Some(CauseId::from("aws/vcpu-quota-on-demand")),
        also: Vec::new(),
        headline: "G vCPU quota 4, all in use".into(),
        chain,
        missing: Vec::new(),
        progress: None,
        pace: None,
        next_update: None,
        freed: None,
    }
}

/// What the rules would say of the story; these tests are about screens.
pub fn explain(snapshot: &Snapshot, at: Timestamp) -> Explanations {
    let clear = |name: &str| Explanation {
        workload: workload_key(name),
        verdict: Verdict::Clear,
        since: None,
        root: None,
        also: Vec::new(),
        headline: Text::default(),
        chain: Vec::new(),
        missing: Vec::new(),
        progress: None,
        pace: None,
        next_update: None,
        freed: None,
    };
    let one = |workload: &Workload| match workload.key.name.as_str() {
        "text-generator" => text_generator(),
        "summarizer" => Explanation {
            since: Some(ago(2 * MINUTE)),
            progress: Some(Progress {
                stage: "node joining".into(),
                elapsed: at.duration_since(ago(130)).unsigned_abs(),
                least: Duration::from_mins(2),
                usual: Duration::from_mins(5),
            }),
            ..clear("summarizer")
        },
        "image-classifier" => Explanation {
            verdict: Verdict::Held,
            since: Some(ago(12 * MINUTE)),
            root: Some("cortex/update-crash".into()),
            headline: "new version exits with 1 on start".into(),
            chain: vec![link(
                0,
                "cortex/update-crash",
                "the new version exits with an error on start, 11 times in 12 min",
                Vec::new(),
                Vec::new(),
            )],
            ..clear("image-classifier")
        },
        "translator" => Explanation {
            verdict: Verdict::CannotTell,
            since: Some(ago(19 * MINUTE)),
            missing: vec![Missing {
                source: SourceId::new(&context(), "aws.servicequotas"),
                question: "whether the vCPU quota is used up".into(),
                why: "access denied".into(),
                unlock: "servicequotas:GetServiceQuota".into(),
            }],
            ..clear("translator")
        },
        "sentiment" => Explanation {
            next_update: Some(
                "its next update would get stuck with 2 of 3 ready: node ip-10-0-31-7 has 0 of 1 GPUs free, group gpu cannot grow".into(),
            ),
            ..clear("sentiment")
        },
        name => clear(name),
    };
    snapshot
        .workloads()
        .map(|(_, workload)| (workload.key.clone(), Explanation { workload: workload.key.clone(), ..one(workload) }))
        .collect()
}
