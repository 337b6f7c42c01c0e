//! Certificates: remembered on first use, refused when they change.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test support: a failure here is a failed test")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use holdup::config::TlsTrust;
use holdup::domain::source::FailureKind;
use holdup::source::cortex::connect_with;
use holdup::source::trust::PinFile;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::server::{context, fixture, poll};

/// A self-signed certificate, as the operator makes one for each cluster.
fn certificate() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// An operator behind TLS on a port of its own, for as many connections as come.
fn serve(listener: TcpListener, config: Arc<ServerConfig>) {
    std::thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            let mut request = [0; 8192];
            let Ok(read) = stream.read(&mut request) else { continue };
            let body =
                if request[..read].starts_with(b"GET /info") { fixture("v042_info_healthy.json").to_string() } else { "[]".to_owned() };
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            stream.conn.send_close_notify();
            let _flushed = stream.flush();
        }
    });
}

async fn outcome(endpoint: &str, policy: TlsTrust, pins: &PinFile) -> Result<(), holdup::domain::source::Failure> {
    let context = holdup::config::ContextConfig { tls: policy, ..context(endpoint) };
    let mut connected = connect_with(&context, pins.clone()).unwrap();
    poll(connected.sources[0].as_mut(), None).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_remembered_and_a_changed_certificate_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pins = PinFile::at(folder.path().join("pins"));
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = first.local_addr().unwrap();
    let endpoint = format!("https://{address}");
    serve(first, certificate());
    outcome(&endpoint, TlsTrust::Pin, &pins).await.unwrap();
    let remembered = std::fs::read_to_string(pins.path()).unwrap();
    assert!(remembered.starts_with(&format!("{address} sha256:")), "{remembered}");
    outcome(&endpoint, TlsTrust::Pin, &pins).await.unwrap();

    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = second.local_addr().unwrap();
    serve(second, certificate());
    // The other server under the first one's name: what a renewed certificate looks like.
    std::fs::write(pins.path(), remembered.replace(&address.to_string(), &other.to_string())).unwrap();
    let refused = outcome(&format!("https://{other}"), TlsTrust::Pin, &pins).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Untrusted, "{refused:?}");
    assert!(refused.message.contains("has changed"), "{}", refused.message);
    assert!(refused.hint.contains(&pins.path().display().to_string()), "{}", refused.hint);
    outcome(&format!("https://{other}"), TlsTrust::AcceptInvalid, &pins).await.unwrap();
    let distrusted = outcome(&endpoint, TlsTrust::System, &pins).await.unwrap_err();
    assert_eq!(distrusted.kind, FailureKind::Untrusted, "no authority signed it: {distrusted:?}");
}
