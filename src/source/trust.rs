//! One TLS policy for every client: rustls with aws-lc, the system's roots, extra roots from the
//! environment, and pinned certificates where a server signs its own.
//!
//! Whatever the policy, the handshake signature is always verified: a pin without it would accept
//! anybody who copied the certificate. Nothing here sends a request.

mod pin;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_tungstenite::Connector;

pub use pin::PinFile;

use crate::config::TlsTrust;
use crate::domain::source::{Failure, FailureKind};

/// Environment variables that name files with extra certificate authorities.
pub const CA_VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"];

/// How one server is trusted, with a memory of why it last was not.
#[derive(Clone, Debug)]
pub struct Trust {
    verifier: Arc<Verifier>,
}

impl Trust {
    /// The trust for `host_port` (`host:443`); `pins` is read and written only for
    /// [`TlsTrust::Pin`].
    ///
    /// # Errors
    /// `Misconfigured` when the system's certificate authorities are wanted and none can be loaded.
    pub fn new(policy: &TlsTrust, host_port: &str, pins: PinFile) -> Result<Self, Failure> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let rule = match policy {
            TlsTrust::System => Rule::Authorities(authorities(&provider)?),
            TlsTrust::Pin => Rule::Pinned { pins, host_port: host_port.to_ascii_lowercase() },
            TlsTrust::AcceptInvalid => Rule::Anything,
        };
        Ok(Self { verifier: Arc::new(Verifier { rule, provider, refusal: Mutex::new(None) }) })
    }

    /// Why the last handshake was refused, if it was; forgotten once asked. A client calls this
    /// when a connection failed, because the layers between wrap the reason beyond recognition.
    pub fn take_refusal(&self) -> Option<Failure> {
        self.verifier.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A builder for HTTP clients under this policy. Proxies come from the environment, except for
    /// servers on this machine.
    ///
    /// # Errors
    /// `Bug` when rustls rejects its own defaults.
    pub fn http(&self, on_this_machine: bool) -> Result<reqwest::ClientBuilder, Failure> {
        let builder = reqwest::Client::builder().tls_backend_preconfigured(self.config(&[b"h2", b"http/1.1"])?);
        Ok(if on_this_machine { builder.no_proxy() } else { builder })
    }

    /// A connector for `WebSocket`s under this policy.
    ///
    /// # Errors
    /// As [`Trust::http`].
    pub fn web_socket(&self) -> Result<Connector, Failure> {
        Ok(Connector::Rustls(Arc::new(self.config(&[b"http/1.1"])?)))
    }

    fn config(&self, protocols: &[&[u8]]) -> Result<ClientConfig, Failure> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.verifier.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                Failure::new(FailureKind::Bug, format!("no usable TLS version: {error}"), "report this with the version of holdup")
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.verifier) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}

/// The files with extra certificate authorities that the environment names.
pub fn extra_authority_files() -> Vec<PathBuf> {
    CA_VARIABLES.iter().filter_map(std::env::var_os).filter(|value| !value.is_empty()).map(PathBuf::from).collect()
}

fn authorities(provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in extra_authority_files() {
        roots.add_parsable_certificates(read_authorities(&file)?);
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().map_err(|error| {
        Failure::new(
            FailureKind::Misconfigured,
            format!("no certificate authorities to trust: {error}"),
            "install the ca-certificates package, or name a PEM file in SSL_CERT_FILE",
        )
    })
}

fn read_authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unusable = |why: String| {
        Failure::new(
            FailureKind::Misconfigured,
            format!("cannot read certificate authorities from {}: {why}", file.display()),
            format!("correct or unset whichever of {} names it", CA_VARIABLES.join(", ")),
        )
    };
    CertificateDer::pem_file_iter(file)
        .map_err(|error| unusable(error.to_string()))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(error.to_string()))
}

#[derive(Debug)]
enum Rule {
    Authorities(Arc<WebPkiServerVerifier>),
    Pinned { pins: PinFile, host_port: String },
    Anything,
}

#[derive(Debug)]
struct Verifier {
    rule: Rule,
    provider: Arc<CryptoProvider>,
    refusal: Mutex<Option<Failure>>,
}

impl Verifier {
    fn refuse(&self, failure: Failure) -> rustls::Error {
        let text = failure.message.to_string();
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        rustls::Error::General(text)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.rule {
            Rule::Anything => Ok(ServerCertVerified::assertion()),
            Rule::Pinned { pins, host_port } => match pins.check(host_port, leaf) {
                Ok(()) => Ok(ServerCertVerified::assertion()),
                Err(failure) => Err(self.refuse(failure)),
            },
            Rule::Authorities(verifier) => verifier.verify_server_cert(leaf, intermediates, name, stapled, now).map_err(|error| {
                self.refuse(Failure::new(
                    FailureKind::Untrusted,
                    format!("the certificate of {} is not trusted: {error}", name.to_str()),
                    "set tls = \"pin\" for this context if the server signs its own, or name its authority in SSL_CERT_FILE",
                ))
            }),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
