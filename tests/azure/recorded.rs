//! Every recorded body, read as a whole workspace.

use holdup::domain::log::LogItem;
use holdup::domain::workload::{Phase, Role};
use holdup::source::LogRequest;
use holdup::source::azure::container_log;
use holdup::source::azure::envelope::statements;
use serde_json::Value;
use tokio::sync::mpsc;

use super::server::{Replay, WORKSPACE, connected, fixture, fixture_text, poll, read, workload, workspace};

#[tokio::test]
async fn endpoints_route_and_deployments_stand_where_azure_says() {
    let view = read(&workspace().serve().await).await.unwrap();
    let states: Vec<(&str, Phase, &str)> =
        view.workloads.iter().map(|one| (one.key.name.as_str(), one.status.phase, one.status.native.as_str())).collect();
    for (name, phase, native) in [
        ("chat-prod/blue", Phase::Live, "Succeeded"),
        ("chat-prod/canary", Phase::Failed, "Failed"),
        ("chat-prod/green", Phase::Updating, "Updating"),
        ("ner-k8s/main", Phase::Live, "Succeeded"),
        ("ner-k8s/next", Phase::Updating, "Creating"),
        ("vision-gpu/a100", Phase::Failed, "Failed"),
        ("vision-gpu/t4", Phase::Failed, "Failed"),
    ] {
        assert!(states.contains(&(name, phase, native)), "{name} in {states:?}");
    }
    let router = workload(&view, "chat-prod");
    assert_eq!(router.role, Role::Router);
    let targets: Vec<(&str, u32, bool)> = router.targets.iter().map(|to| (to.workload.as_str(), to.weight, to.shadow)).collect();
    assert_eq!(targets, [("chat-prod/blue", 100, false), ("chat-prod/green", 0, false), ("chat-prod/green", 10, true)]);
    let blue = workload(&view, "chat-prod/blue");
    assert_eq!(blue.versions[0].traffic, Some(100));
    assert_eq!(blue.versions[0].id.as_str(), "chat-7b:3 chat-env:7");
    assert_eq!(blue.bounds.map(|bounds| (bounds.min, bounds.max)), Some((2, 3)), "from the autoscale setting");
    let scaler = view.scalers.iter().find(|scaler| scaler.workload.as_ref() == Some(&blue.key)).unwrap();
    assert_eq!(scaler.metrics, ["CpuUtilizationPercentage above 70 for 5 min: 2 more, then 5 min of rest"]);
    assert_eq!(workload(&view, "ner-k8s/main").bounds.map(|bounds| bounds.max), Some(4), "from its own scale settings");
    assert_eq!(workload(&view, "ner-k8s/main").demand.map(|demand| demand.cpu_millis), Some(1_000));
    assert!(blue.reproduce.contains("--endpoint-name chat-prod --name blue --workspace-name mlw-prod --resource-group rg-serving"));
}

#[tokio::test]
async fn the_operation_says_why_and_the_block_above_the_log_how_far_it_came() {
    let view = read(&workspace().serve().await).await.unwrap();
    let first = |name: &str| {
        let message = workload(&view, name).messages.first().unwrap_or_else(|| panic!("{name} says nothing"));
        (message.code.as_ref().map(ToString::to_string).unwrap_or_default(), message.text.to_string())
    };
    assert_eq!(first("chat-prod/canary").0, "ResourceNotReady");
    assert_eq!(first("vision-gpu/a100").0, "OutOfQuota");
    assert!(first("vision-gpu/a100").1.starts_with("Not enough subscription CPU quota"));
    assert!(first("vision-gpu/t4").1.contains("container registry authorization failure"));
    assert_eq!(first("ner-k8s/next").0, "KubernetesCrashLoopBackOff");
    let green = &workload(&view, "chat-prod/green").messages;
    assert_eq!(green[0].code.as_deref().map(ToString::to_string).as_deref(), Some("DownloadFailed"), "{green:?}");
    assert!(green[0].field.contains("12 times"));
    let tail = view.log_tails.iter().find(|tail| tail.of.name.as_str() == "chat-prod/canary").unwrap();
    assert!(tail.lines.contains("ModuleNotFoundError: No module named 'lightgbm'") && tail.lines.contains("UserContainerStart InProgress"));
    let talk = |name: &str| workload(&view, name).messages.iter().any(|message| message.text.contains("There are no logs"));
    assert!(!talk("vision-gpu/a100"), "nothing was started, so there cannot be a log");
    assert!(view.log_tails.iter().all(|tail| !tail.of.name.ends_with("blue")), "the log of what is well is nobody's business");
}

#[tokio::test]
async fn quotas_are_counted_in_the_family_with_the_reserve() {
    let view = read(&workspace().serve().await).await.unwrap();
    let demand = workload(&view, "vision-gpu/a100").quota_demand.clone().unwrap();
    assert_eq!((demand.quota.name.as_str(), demand.each), ("Standard NCADSA100v4 Family Cluster Dedicated vCPUs", 24));
    assert_eq!(demand.update_reserve_percent, 20);
    let quota = view.quotas.iter().find(|quota| quota.key == demand.quota).unwrap();
    assert_eq!((quota.limit, quota.usage.map(|usage| usage.value)), (Some(48), Some(0)));
    assert!(view.quotas.iter().any(|quota| quota.key.name.as_str() == "compute cores"), "an attached cluster counts in Compute");
    assert!(workload(&view, "ner-k8s/main").quota_demand.is_none());
}

#[tokio::test]
async fn who_did_what_comes_from_the_activity_log_and_nothing_else_does() {
    let view = read(&workspace().serve().await).await.unwrap();
    let event = view.events.iter().find(|event| event.message.contains("deploy-bot@example.org")).unwrap();
    assert_eq!(event.reason.as_str(), "write");
    assert!(!event.message.contains("ResourceNotReady"));
    assert!(view.events.iter().any(|event| event.reason.as_str() == "DownloadFailed" && event.count == 12));
}

#[tokio::test]
async fn only_reads_go_out_with_a_version_and_links_are_taken_as_they_stand() {
    let replay = workspace();
    let mut connected = connected(&replay.serve().await);
    poll(connected.sources[0].as_mut()).await.unwrap();
    for asked in replay.asked() {
        let reads = asked.method == "GET" || (asked.method == "POST" && asked.path.ends_with("/getLogs"));
        assert!(reads && asked.query.contains("api-version="), "{asked:?}");
        assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("holdup/"));
        assert_eq!(asked.headers["authorization"], "Bearer simulated-token");
    }
    let logs: Vec<Value> = replay
        .asked()
        .iter()
        .filter(|asked| asked.path.ends_with("getLogs"))
        .map(|asked| serde_json::from_str(&asked.body).unwrap())
        .collect();
    assert!(logs.iter().any(|body| body["containerType"] == "StorageInitializer") && logs.iter().all(|body| body["tail"] == 300));
    // What has ended is not asked again, nor is what is fresh.
    let before = replay.asked().len();
    poll(connected.sources[0].as_mut()).await.unwrap();
    let again: Vec<String> = replay.asked()[before..].iter().map(|asked| asked.path.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(again.len(), 6, "endpoints, three lists of deployments, a running operation and a forgotten one: {again:?}");
}

#[tokio::test]
async fn records_are_shown_without_values_of_variables() {
    let mut deployments = fixture("deployments_chat-prod.json");
    deployments["value"][0]["properties"]["environmentVariables"]["HF_TOKEN"] = "hunter2".into();
    let replay = Replay::default().fixture(&format!("{WORKSPACE}/onlineEndpoints"), "online_endpoints_list.json").body(
        &format!("{WORKSPACE}/onlineEndpoints/chat-prod/deployments"),
        200,
        &deployments.to_string(),
    );
    let view = read(&replay.serve().await).await.unwrap();
    let record = view.raw.iter().find(|(key, _)| key.name.as_str() == "chat-prod/blue").unwrap().1;
    assert!(record.contains("HF_TOKEN") && !format!("{view:?}").contains("hunter2"));
}

#[test]
fn every_recorded_error_says_one_thing_with_its_code() {
    for (name, code, says) in [
        ("operation_chat-prod_canary_failed_resourcenotready.json", "ResourceNotReady", "User container has crashed"),
        ("operation_vision-gpu_a100_failed_outofquota.json", "OutOfQuota", "Not enough subscription CPU quota"),
        ("operation_vision-gpu_t4_failed_imagebuildfailure.json", "ImageBuildFailure", "registry authorization failure"),
        ("operation_ner-k8s_next_failed_crashloop.json", "KubernetesCrashLoopBackOff", "CrashLoopBackOff"),
        ("operation_chat-prod_green_failed_startup_auth.json", "BadArgument", "Startup task failed due to authorization error"),
        ("put_deployment_400_vmsize_quota.json", "OutOfQuota", "Additional needed: 72"),
        ("put_deployment_400_unrecoverable.json", "", "unrecoverable state"),
        ("error_403_authorization.json", "AuthorizationFailed", "getLogs/action"),
        ("error_404_deployment.json", "ResourceNotFound", "was not found"),
        ("error_401_expired.json", "ExpiredAuthenticationToken", "expiry UTC time"),
        ("metrics_error_bad_dimension.json", "BadRequest", ""),
    ] {
        let said = statements(&fixture(name));
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        assert!(said[0].text.contains(says), "{name}: {said:?}");
        if name.starts_with("metrics") {
            continue;
        }
        assert_eq!(said[0].code.as_deref().unwrap_or_default(), code, "{name}");
    }
}

#[test]
fn every_recorded_log_is_taken_apart() {
    for (name, open, needle) in [
        ("getlogs_green_imagepull_401.json", Some("UserContainerImagePull"), "exchange refresh token failed"),
        ("getlogs_green_modeldownload_retrying.json", Some("ModelDownload"), "mir-imagefetcher"),
        ("getlogs_inference_missing_package.json", Some("UserContainerStart"), "No module named 'lightgbm'"),
        ("getlogs_inference_init_filenotfound.json", Some("UserContainerStart"), "FileNotFoundError"),
        ("getlogs_inference_syntax_error.json", Some("UserContainerStart"), "SyntaxError"),
        ("getlogs_storage_initializer_crash.json", None, "AuthorizationPermissionMismatch"),
        ("getlogs_inference_run_exception_timeout_sigkill.json", None, "SIGKILL"),
    ] {
        let log = container_log::read(fixture(name)["content"].as_str().unwrap());
        let tail = log.tail().unwrap();
        assert!(tail.contains(needle), "{name}: {tail}");
        assert!(tail.len() <= 8 * 1024 && tail.lines().count() <= 62, "{name}");
        if let Some(open) = open {
            assert_eq!(log.open_stage().map(|(stage, _)| stage.as_str()), Some(open), "{name}");
        }
    }
    for name in ["getlogs_inference_creating_withheld.json", "getlogs_inference_none.json"] {
        assert!(container_log::read(fixture(name)["content"].as_str().unwrap()).instead.is_some(), "{name}");
    }
    assert!(fixture_text("getlogs_request_storage_initializer.json").contains("StorageInitializer"));
}

#[tokio::test]
async fn a_log_is_followed_line_by_line() {
    let path = format!("{WORKSPACE}/onlineEndpoints/chat-prod/deployments/canary/getLogs");
    let replay = Replay::default().fixture(&path, "getlogs_inference_missing_package.json");
    let connected = connected(&replay.serve().await);
    let (sender, mut lines) = mpsc::channel(1_000);
    let request = LogRequest {
        workload: super::server::focus(Some("chat-prod/canary")).selected.unwrap(),
        job: None,
        replica: None,
        container: Some("inference-server".into()),
        previous: false,
    };
    let reading = tokio::spawn(connected.logs.unwrap().follow(request, sender));
    let mut seen = Vec::new();
    while let Some(item) = lines.recv().await {
        if let LogItem::Line(line) = item {
            seen.push(line);
            if seen.last().unwrap().text.contains("Worker failed to boot") {
                break;
            }
        }
    }
    drop(lines);
    reading.await.unwrap();
    let error = seen.iter().find(|line| line.text.contains("E [18410] azmlinfsrv")).unwrap();
    assert_eq!(error.at.to_string(), "2026-11-20T22:34:31.87Z", "the server's own stamp");
    assert!(seen.iter().all(|line| !line.text.contains("Instance status")));
}
