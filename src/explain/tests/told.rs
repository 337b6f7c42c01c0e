//! How explanations read: text, Markdown, JSON, the listing, the exit code.

use crate::domain::source::FailureKind;
use crate::domain::workload::{Phase, ReplicaCounts};
use crate::explain::report::{Report, Scope, Style, exit_code, status_json, status_text, why_json, why_markdown, why_text};
use crate::explain::testing::{QUOTA_TEXT, Scene};

fn hero() -> Scene {
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 6, QUOTA_TEXT);
    scene.quotas.quotas[0].limit = Some(4);
    let mut calm = scene.workload("sentiment");
    calm.status.phase = Phase::Live;
    calm.status.native = "live".into();
    calm.replicas = Some(ReplicaCounts { desired: Some(2), ready: 2, up_to_date: 2, ..ReplicaCounts::default() });
    scene.cortex.workloads.push(calm);
    scene
}

fn with<T>(scene: &Scene, scope: &Scope, read: impl FnOnce(&Report<'_>) -> T) -> T {
    let (snapshot, explanations) = (scene.snapshot(), scene.run());
    read(&Report::new(&snapshot, &explanations, scope, scene.now))
}

#[test]
fn the_text_reads_as_a_tree_within_eighty_columns() {
    let scope = Scope { context: None, workload: Some("text-generator".into()) };
    let text = with(&hero(), &scope, |report| why_text(report, Style::default()));
    let expected = include_str!("why.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain/tests/why.txt"), &text).unwrap();
        return;
    }
    assert_eq!(text, expected);
    for line in text.lines().filter(|line| !line.trim_start().starts_with('$')) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let ascii = with(&hero(), &scope, |report| why_text(report, Style { width: 60, ascii: true }));
    assert!(ascii.is_ascii());
}

#[test]
fn the_markdown_can_be_pasted_into_a_ticket() {
    let mut scene = hero();
    scene.hero().key.name = "a*b|c".into();
    let markdown = with(&scene, &Scope::default(), why_markdown);
    assert!(markdown.contains("## a\\*b\\|c (prod): held up for 41 min"), "{markdown}");
    assert!(markdown.contains("Root cause: `aws/vcpu-quota-on-demand`"), "{markdown}");
    assert!(markdown.contains("```sh\n   aws service-quotas request-service-quota-increase"), "{markdown}");
}

#[test]
fn the_json_keeps_its_contract() {
    let value: serde_json::Value = serde_json::from_str(&with(&hero(), &Scope::default(), why_json)).unwrap();
    assert_eq!(value["schema"], "holdup/why/1");
    assert_eq!(value["observed_at"], "2026-03-01T12:00:00Z");
    let held = &value["verdicts"][1];
    assert_eq!(
        (held["workload"].as_str(), held["verdict"].as_str(), held["root"].as_str()),
        (Some("text-generator"), Some("held"), Some("aws/vcpu-quota-on-demand"))
    );
    assert_eq!(held["since"], "2026-03-01T11:19:00Z");
    let refused = &held["chain"][2];
    assert_eq!(refused["resource"], "group gpu");
    assert_eq!((refused["confidence"].as_str(), refused["leads_to"][0].as_str()), (Some("certain"), Some("aws/vcpu-quota-on-demand")));
    let evidence = &refused["evidence"][0];
    assert_eq!((evidence["source"].as_str(), evidence["field"].as_str()), (Some("aws.autoscaling"), Some("StatusMessage")));
    assert_eq!(evidence["observed_at"], "2026-03-01T11:58:00Z");
    assert_eq!(held["chain"][3]["remedies"][0]["risk"], "mutating");
    assert_eq!(value["verdicts"][0]["verdict"], "clear");
}

#[test]
fn the_exit_code_is_the_worst_verdict() {
    let code = |scene: &Scene, workload: Option<&str>| {
        let scope = Scope { context: None, workload: workload.map(Into::into) };
        with(scene, &scope, exit_code)
    };
    let mut scene = hero();
    assert_eq!((code(&scene, None), code(&scene, Some("sentiment"))), (1, 0));
    scene.fail("aws.autoscaling", FailureKind::Denied, "access denied", &[]);
    scene.fail("aws.servicequotas", FailureKind::Denied, "access denied", &[]);
    assert_eq!(code(&scene, None), 3);
    scene.fail("cortex", FailureKind::Unreachable, "connection refused", &[]);
    assert_eq!(code(&scene, None), 3, "a context that was never read is not clear");
}

#[test]
fn the_listing_has_one_line_per_workload() {
    let text = with(&hero(), &Scope::default(), |report| status_text(report, Style::default()));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("WORKLOAD") && lines[0].contains("WHY"));
    assert!(lines[2].starts_with("✖ text-generator") && lines[2].contains("G vCPU quota 4"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&with(&hero(), &Scope::default(), status_json)).unwrap();
    assert_eq!(value["schema"], "holdup/status/1");
    assert_eq!((value["workloads"][1]["ready"].as_u64(), value["workloads"][1]["desired"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn a_context_that_cannot_be_read_is_told_in_every_form() {
    let mut scene = hero();
    scene.fail("cortex", FailureKind::Unreachable, "connection refused", &[]);
    let scope = Scope::default();
    let text = with(&scene, &scope, |report| why_text(report, Style::default()));
    assert!(text.contains("context prod: cannot tell") && text.contains("unlock: do the next step"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&with(&scene, &scope, why_json)).unwrap();
    let verdict = &value["verdicts"][0];
    assert_eq!((verdict["workload"].is_null(), verdict["verdict"].as_str()), (true, Some("cannot_tell")));
    assert_eq!(verdict["missing"][0]["why"], "connection refused");
    assert!(with(&scene, &scope, |report| status_text(report, Style::default())).contains("prod"));
}
