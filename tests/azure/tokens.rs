//! Who asks: the built program against token endpoints of this machine. Tokens are fetched once and kept,
//! and no secret is shown or written down, whatever is logged.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::server::{Replay, workspace};

const TOKEN: &str = "loopback-token-nobody-may-see";
const SECRET: &str = "loopback-secret-nobody-may-see";
/// Far ahead, in unix seconds.
const ENDS: &str = "4102444800";

/// Runs `holdup status` on the workspace of the fixtures with this Azure section and environment.
async fn status(replay: &Replay, home: &Path, section: &str, environment: &[(&str, String)]) -> Output {
    let endpoint = replay.serve().await;
    let config = home.join("config.toml");
    let text = format!(
        "[contexts.mlw]\nplatform = \"azure\"\nendpoint = \"{endpoint}\"\n\n[contexts.mlw.azure]\n\
         subscription = \"11111111-2222-3333-4444-555555555555\"\nresource_group = \"rg-serving\"\nworkspace = \"mlw-prod\"\n{section}\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_holdup"));
    command.arg("--config").arg(config).arg("--log").arg(home.join("log")).arg("status");
    command.env_clear().env("HOME", home).env("HOLDUP_LOG_FILTER", "trace");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().await.unwrap();
    let written = std::fs::read(home.join("log")).unwrap_or_default();
    for text in [&output.stdout, &output.stderr, &written] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(TOKEN) && !text.contains(SECRET), "{text}");
    }
    output
}

/// Every call to the management API carried the token.
fn all_carried_the_token(replay: &Replay, besides: &str) {
    let asked = replay.asked();
    let calls: Vec<_> = asked.iter().filter(|asked| !asked.path.starts_with(besides)).collect();
    assert!(calls.len() > 10, "{} calls", calls.len());
    assert!(calls.iter().all(|asked| asked.headers["authorization"] == format!("Bearer {TOKEN}")));
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machines_identity_is_asked_once_for_the_cloud_that_is_set() {
    for (cloud, resource) in [
        ("public", "https%3A%2F%2Fmanagement.azure.com"),
        ("us-government", "https%3A%2F%2Fmanagement.core.usgovcloudapi.net"),
        ("china", "https%3A%2F%2Fmanagement.chinacloudapi.cn"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let token = json!({ "access_token": TOKEN, "expires_on": ENDS, "resource": "x", "token_type": "Bearer" });
        let replay = workspace().body("/msi/token", 200, &token.to_string());
        let identity = Replay::default().body("/msi/token", 200, &token.to_string());
        let environment = [("IDENTITY_ENDPOINT", format!("{}/msi/token", identity.serve().await)), ("IDENTITY_HEADER", SECRET.to_owned())];
        let section = format!("credential = \"managed-identity\"\nclient_id = \"77777777-0000\"\ncloud = \"{cloud}\"");
        let output = status(&replay, home.path(), &section, &environment).await;
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let asked = identity.asked();
        assert_eq!(asked.len(), 1, "one token for all calls");
        assert_eq!(asked[0].headers["x-identity-header"], SECRET);
        assert!(asked[0].query.contains(&format!("resource={resource}")) && asked[0].query.contains("client_id=77777777-0000"));
        all_carried_the_token(&replay, "/msi");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_that_the_machine_does_not_have_is_told_with_a_next_step() {
    let home = tempfile::tempdir().unwrap();
    let identity = Replay::default().body("/msi/token", 400, &json!({ "error": "invalid_request" }).to_string());
    let environment = [("IDENTITY_ENDPOINT", format!("{}/msi/token", identity.serve().await)), ("IDENTITY_HEADER", SECRET.to_owned())];
    let replay = workspace();
    let output = status(&replay, home.path(), "credential = \"managed-identity\"", &environment).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("no such managed identity"), "{}", said(&output));
    assert!(replay.asked().is_empty(), "nothing is sent without a token");
}

/// An `az` of a few lines: it counts its runs and says what is in `answer`.
fn az(home: &Path, answer: &str, code: u8) -> Vec<(&'static str, String)> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = home.join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(home.join("answer"), answer).unwrap();
    let out = if code == 0 { "1" } else { "2" };
    let script = format!("#!/bin/sh\necho \"$@\" >> '{0}/runs'\ncat '{0}/answer' >&{out}\nexit {code}\n", home.display());
    std::fs::write(folder.join("az"), script).unwrap();
    std::fs::set_permissions(folder.join("az"), std::fs::Permissions::from_mode(0o755)).unwrap();
    vec![("PATH", format!("{}:/usr/bin:/bin", folder.display()))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_azure_cli_is_run_once_for_all_calls() {
    let home = tempfile::tempdir().unwrap();
    let answer = json!({ "accessToken": TOKEN, "expires_on": 4_102_444_800_i64, "expiresOn": "2100-01-01 00:00:00.000000",
        "subscription": "11111111-2222-3333-4444-555555555555", "tenant": "t", "tokenType": "Bearer" });
    let environment = az(home.path(), &answer.to_string(), 0);
    let replay = workspace();
    let output = status(&replay, home.path(), "credential = \"azure-cli\"", &environment).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    all_carried_the_token(&replay, "/none");
    let runs = std::fs::read_to_string(home.path().join("runs")).unwrap();
    assert_eq!(runs.lines().count(), 1, "{runs}");
    assert!(runs.contains("get-access-token") && runs.contains("https://management.azure.com/.default"), "{runs}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_logged_in_is_told_with_the_command_that_logs_in() {
    let home = tempfile::tempdir().unwrap();
    let environment = az(home.path(), "ERROR: Please run 'az login' to setup account.\n", 1);
    let output = status(&workspace(), home.path(), "credential = \"azure-cli\"", &environment).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("log in: az login"), "{}", said(&output));
}

/// A login service behind TLS that answers every request with `body`, and what it was sent.
fn login_service(body: String, status: &'static str, certificate: &Path) -> (String, Arc<Mutex<Vec<String>>>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (config, sent) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let kept = Arc::clone(&sent);
    std::thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            // The form comes after the head, perhaps in a record of its own.
            while !String::from_utf8_lossy(&request).contains("client_secret=") {
                match stream.read(&mut chunk) {
                    Ok(read) if read > 0 => request.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            stream.conn.send_close_notify();
            let _flushed = stream.flush();
        }
    });
    (address, sent)
}

fn principal(home: &Path, authority: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AZURE_AUTHORITY_HOST", authority.to_owned()),
        ("SSL_CERT_FILE", home.join("authority.pem").display().to_string()),
        ("AZURE_TENANT_ID", "99999999-8888-7777-6666-555555555555".to_owned()),
        ("AZURE_CLIENT_ID", "44444444-3333".to_owned()),
        ("AZURE_CLIENT_SECRET", SECRET.to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_principal_in_the_environment_is_found_first_and_asked_once() {
    let home = tempfile::tempdir().unwrap();
    let token = json!({ "access_token": TOKEN, "expires_in": 3599, "ext_expires_in": 3599, "token_type": "Bearer" });
    let (authority, sent) = login_service(token.to_string(), "200 OK", &home.path().join("authority.pem"));
    let replay = workspace();
    let output = status(&replay, home.path(), "", &principal(home.path(), &authority)).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    all_carried_the_token(&replay, "/none");
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 1, "one token for all calls");
    assert!(sent[0].starts_with("POST /99999999-8888-7777-6666-555555555555/oauth2/v2.0/token"), "{}", sent[0]);
    assert!(sent[0].contains(&format!("client_secret={SECRET}")) && sent[0].contains("grant_type=client_credentials"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_has_expired_is_told_without_showing_it() {
    let home = tempfile::tempdir().unwrap();
    let refusal = json!({ "error": "invalid_client", "error_codes": [7_000_222],
        "error_description": format!("AADSTS7000222: The provided client secret keys for app '44444444-3333' are expired. {SECRET}") });
    let (authority, _) = login_service(refusal.to_string(), "401 Unauthorized", &home.path().join("authority.pem"));
    let output = status(&workspace(), home.path(), "credential = \"service-principal\"", &principal(home.path(), &authority)).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("secret of the service principal has expired"), "{}", said(&output));
    assert!(said(&output).contains("az ad app credential reset"), "{}", said(&output));
}
