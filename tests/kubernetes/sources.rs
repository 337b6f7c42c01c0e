//! The three sources of a context over a scripted server: what a screen is given.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use holdup::config::{ContextConfig, KubernetesConfig};
use holdup::domain::snapshot::{Cluster, Snapshot, View};
use holdup::domain::source::{Failure, FailureKind};
use holdup::domain::store::{self, Update};
use holdup::domain::time::Timestamp;
use holdup::source::cortex::groups::OBJECTS;
use holdup::source::kubernetes::{beneath, connect_with};
use holdup::source::{Connected, Focus};
use serde_json::json;

use super::server::{Answer, Script, change, pod};

fn context(kubernetes: KubernetesConfig) -> ContextConfig {
    ContextConfig { name: "test".into(), platform: "kubernetes".into(), kubernetes: Some(kubernetes), ..ContextConfig::default() }
}

/// The sources of a context that is pointed at a script.
pub async fn connect(script: &Script) -> Connected {
    connect_with(&context(KubernetesConfig { endpoint_url: Some(script.serve().await), ..KubernetesConfig::default() })).unwrap().0
}

/// One poll of one of the sources: workloads, nodes, events.
pub async fn polled(connected: &mut Connected, source: usize) -> Result<Arc<View>, Failure> {
    poll_with(connected, source, Snapshot::default()).await
}

async fn poll_with(connected: &mut Connected, source: usize, snapshot: Snapshot) -> Result<Arc<View>, Failure> {
    let focus = Focus { snapshot: Arc::new(snapshot), selected: None, now: Timestamp::from_second(1_795_232_000).unwrap() };
    tokio::time::timeout(Duration::from_secs(20), connected.sources[source].poll(&focus)).await.unwrap()
}

fn recorded() -> Script {
    Script::default()
        .list("pods", [Answer::fixture(200, "pods.json")])
        .list("nodes", [Answer::fixture(200, "nodes.json")])
        .list("deployments", [Answer::fixture(200, "deployments.json")])
        .list("replicasets", [Answer::fixture(200, "replicasets.json")])
        .list("events", [Answer::fixture(200, "events_core_v1.json")])
}

#[tokio::test]
async fn the_recorded_cluster_becomes_three_views() {
    let mut connected = connect(&recorded()).await;
    let ids: Vec<String> = connected.sources.iter().map(|source| source.id().to_string()).collect();
    assert_eq!(ids, ["test/kubernetes", "test/kubernetes.nodes", "test/kubernetes.events"]);
    let view = polled(&mut connected, 0).await.unwrap();
    assert_eq!(view.gaps, []);
    assert!(!view.workloads.is_empty() && !view.replicas.is_empty() && !view.rollouts.is_empty());
    assert_eq!(view.cluster.as_ref().unwrap().version.as_ref().unwrap(), "v0.0.0-master+faecb196815e2");
    assert_eq!(polled(&mut connected, 1).await.unwrap().nodes.len(), 3);
    assert!(!polled(&mut connected, 2).await.unwrap().events.is_empty());
    let again = polled(&mut connected, 2).await.unwrap();
    assert_eq!(again.events, [], "events are told once; the store keeps them");
}

#[tokio::test]
async fn a_change_wakes_the_source_and_only_the_one_it_concerns() {
    let silent = Answer::then_silence("");
    let later = Answer::then_silence(change("ADDED", &pod("new", "400")));
    let script = recorded().watch("pods", [later]).watch("events", [silent]);
    let mut connected = connect(&script).await;
    polled(&mut connected, 2).await.unwrap();
    let mut found = false;
    for _ in 0..50 {
        let view = polled(&mut connected, 0).await.unwrap();
        found = view.replicas.iter().any(|replica| replica.key.name == "default/new");
        if found {
            break;
        }
        tokio::time::timeout(Duration::from_secs(5), connected.sources[0].changed()).await.unwrap();
    }
    assert!(found);
    let quiet = tokio::time::timeout(Duration::from_millis(300), connected.sources[2].changed()).await;
    assert!(quiet.is_err(), "no event came");
}

#[tokio::test]
async fn what_may_not_be_read_is_a_gap_of_the_view_it_belongs_to_or_its_failure() {
    let denied = || Answer::fixture(403, "forbidden_403.json");
    let script = recorded().list("namespaces", [denied()]);
    let mut connected = connect(&script).await;
    let view = polled(&mut connected, 0).await.unwrap();
    let gaps: Vec<(&str, &str)> = view.gaps.iter().map(|gap| (gap.what.as_str(), gap.failure.permissions[0].as_str())).collect();
    assert_eq!(gaps, [("namespaces", "list namespaces")]);

    let script = Script::default().list("pods", [Answer::fixture(200, "pods.json")]).list("nodes", [denied()]);
    let mut connected = connect(&script).await;
    assert!(polled(&mut connected, 0).await.is_ok());
    let failure = polled(&mut connected, 1).await.unwrap_err();
    assert_eq!((failure.kind, failure.permissions[0].as_str()), (FailureKind::Denied, "list nodes"));
    assert!(failure.hint.contains("kubectl auth can-i list nodes"), "{failure:?}");
}

#[tokio::test]
async fn nobody_there_is_said_with_a_next_step() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (mut connected, _) =
        connect_with(&context(KubernetesConfig { endpoint_url: Some(address), ..KubernetesConfig::default() })).unwrap();
    let failure = polled(&mut connected, 0).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.hint.contains("kubectl version"), "{failure:?}");
}

#[tokio::test]
async fn a_token_that_no_longer_holds_is_told_as_such() {
    let script = Script::default().on("/apis", [Answer::fixture(401, "unauthorized_401.json")]);
    let failure = polled(&mut connect(&script).await, 0).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Expired);
}

fn kubeconfig(folder: &std::path::Path, server: &str, user: &serde_json::Value) -> String {
    let file = folder.join("config");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "elsewhere",
        "clusters": [{"name": "prod.us-west-2.eksctl.io", "cluster": {"server": server}}, {"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "elsewhere", "context": {"cluster": "x", "user": "me"}}, {"name": "me@prod.us-west-2.eksctl.io", "context": {"cluster": "prod.us-west-2.eksctl.io", "user": "me"}}],
        "users": [{"name": "me", "user": user}],
    });
    std::fs::write(&file, config.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

fn told(name: &str) -> Snapshot {
    let cluster = Cluster {
        platform: "cortex".into(),
        name: name.into(),
        version: None,
        region: Some("us-west-2".into()),
        account: None,
        identity: None,
        pending_replicas: None,
    };
    let view = View { cluster: Some(cluster), ..View::default() };
    let source = holdup::domain::id::SourceId::new(&"test".into(), "cortex");
    let mut snapshot = Snapshot::default();
    store::apply(&mut snapshot, Update { source, at: Timestamp::UNIX_EPOCH, took: Duration::ZERO, outcome: Ok(Arc::new(view)) });
    snapshot
}

#[tokio::test]
async fn beneath_a_platform_the_context_that_names_its_cluster_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let server = recorded().serve().await;
    let file = kubeconfig(folder.path(), &server, &json!({"token": "hunter2"}));
    let config =
        ContextConfig { platform: "cortex".into(), ..context(KubernetesConfig { kubeconfig: Some(file), ..KubernetesConfig::default() }) };
    let nothing = || Connected { sources: Vec::new(), logs: None };
    let mut connected = beneath(&config, OBJECTS, nothing()).unwrap();
    let early = polled(&mut connected, 0).await.unwrap();
    assert!(early.gaps[0].failure.message.contains("not known yet"), "{early:?}");
    let view = poll_with(&mut connected, 0, told("prod")).await.unwrap();
    assert!(view.cluster.is_none() && !view.replicas.is_empty());

    let mut connected = beneath(&config, OBJECTS, nothing()).unwrap();
    let view = poll_with(&mut connected, 0, told("staging")).await.unwrap();
    assert!(view.gaps[0].failure.hint.contains("aws eks update-kubeconfig --name staging --region us-west-2"), "{view:?}");
    let others = poll_with(&mut connected, 1, told("staging")).await.unwrap();
    assert_eq!(*others, View::default(), "it is told once");
}

#[cfg(unix)]
#[tokio::test]
async fn a_login_command_is_run_anew_when_its_token_is_refused_and_its_words_are_not_repeated() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("login");
    let runs = folder.path().join("runs");
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "hunter2"}});
    std::fs::write(&plugin, format!("#!/bin/sh\necho run >> {}\necho '{credential}'\n", runs.display())).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let user = |command: &str, args: &[&str]| json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": args, "interactiveMode": "IfAvailable"}});
    let script = recorded().on(
        "/apis",
        [
            Answer::fixture(401, "unauthorized_401.json"),
            Answer::json(&json!({"groups": [{"name": "apps", "versions": [{"version": "v1"}]}]})),
        ],
    );
    let server = script.serve().await;
    let at = |file: String| {
        context(KubernetesConfig {
            kubeconfig: Some(file),
            context: Some("me@prod.us-west-2.eksctl.io".into()),
            ..KubernetesConfig::default()
        })
    };
    let (mut connected, _) = connect_with(&at(kubeconfig(folder.path(), &server, &user(plugin.to_str().unwrap(), &[])))).unwrap();
    let view = polled(&mut connected, 0).await.unwrap();
    assert!(!view.replicas.is_empty());
    let logins = std::fs::read_to_string(&runs).unwrap();
    assert_eq!(logins.lines().count(), 2, "once at the start, once when the token was refused");

    let (mut connected, _) = connect_with(&at(kubeconfig(folder.path(), &server, &user("no-such-plugin", &[])))).unwrap();
    let failure = polled(&mut connected, 0).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoCredentials);
    assert!(failure.message.contains("no-such-plugin") && failure.hint.contains("PATH"), "{failure:?}");

    std::fs::write(
        &plugin,
        "#!/bin/sh\necho '{\"token\": \"hunter2\"}'\necho 'Error loading SSO Token: the token has expired' >&2\nexit 255\n",
    )
    .unwrap();
    let (mut connected, _) =
        connect_with(&at(kubeconfig(folder.path(), &server, &user(plugin.to_str().unwrap(), &["--secret", "hunter3"])))).unwrap();
    let failure = polled(&mut connected, 0).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Expired);
    assert!(failure.message.contains("SSO Token") && failure.hint.contains("aws sso login"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("hunter"), "{failure:?}");
}

#[tokio::test]
async fn the_last_lines_of_what_crashes_are_read_once_for_each_end() {
    let log = "/api/v1/namespaces/default/pods/crasher-8449456d5c-9gcsx/log";
    let script = recorded().on(log, [Answer::whole(200, "loading\nRuntimeError: CUDA out of memory\n")]);
    let mut connected = connect(&script).await;
    for _ in 0..3 {
        let view = polled(&mut connected, 0).await.unwrap();
        let tail = view.log_tails.iter().find(|tail| tail.of.name.contains("crasher")).unwrap();
        assert_eq!(tail.lines.trim_end(), "loading\nRuntimeError: CUDA out of memory");
    }
    assert_eq!(script.asked(&[log, "tailLines"]).len(), 1);
}

#[tokio::test]
async fn a_selector_that_is_none_is_refused_at_once() {
    let refused = connect_with(&context(KubernetesConfig { selector: Some("app in (".into()), ..KubernetesConfig::default() }));
    let failure = refused.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Misconfigured);
}
