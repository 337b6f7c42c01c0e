//! Signatures of Huawei's API gateway: `SDK-HMAC-SHA256` in its two header forms. Pure: it reads no
//! clock and sends nothing.
//!
//! Both forms sign the same canonical request (method, path, query, some headers, the body's hash).
//! One signs with the secret itself, the other with a key derived for a day, region and service.
//! Source: Huawei's API request signing guide, and the signers of its and Open Telekom Cloud's SDKs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::config::SignStyle;

/// The name of the algorithm.
const ALGORITHM: &str = "SDK-HMAC-SHA256";
/// The header with the time of signing.
pub const DATE_HEADER: &str = "x-sdk-date";

/// A key pair, perhaps a temporary one.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The access key, which is no secret.
    pub access: String,
    /// Its secret.
    pub secret: SecretString,
    /// The token that belongs to a temporary pair.
    pub token: Option<SecretString>,
}

/// What is signed of a request.
#[derive(Clone, Debug)]
pub struct Signed<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path as it is sent.
    pub path: &'a str,
    /// The query, decoded.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers by lower-case name; `host` and `x-sdk-date` among them.
    pub headers: &'a BTreeMap<String, String>,
    /// The body.
    pub body: &'a [u8],
}

/// In which form, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// The form of the header.
    pub style: SignStyle,
    /// The region, for the derived key.
    pub region: &'a str,
    /// The service, for the derived key.
    pub service: &'a str,
}

/// The value of the `Authorization` header.
pub fn authorization(request: &Signed<'_>, keys: &Keys, form: Form<'_>) -> String {
    let secret = keys.secret.expose_secret();
    let date = request.headers.get(DATE_HEADER).map(String::as_str).unwrap_or_default();
    let (whose, scope, key) = match form.style {
        SignStyle::Access => (format!("Access={}", keys.access), None, secret.as_bytes().to_vec()),
        SignStyle::Credential => {
            let day = date.get(..8).unwrap_or_default();
            let scope = format!("{day}/{}/{}/sdk_request", form.region, form.service);
            let begin = format!("SDK{secret}").into_bytes();
            let key = scope.split('/').fold(begin, |key, part| keyed(&key, part.as_bytes()));
            (format!("Credential={}/{scope}", keys.access), Some(scope), key)
        }
    };
    let hashed = hex(&Sha256::digest(canonical_request(request, form.style).as_bytes()));
    let scope = scope.map(|scope| format!("{scope}\n")).unwrap_or_default();
    let signature = hex(&keyed(&key, format!("{ALGORITHM}\n{date}\n{scope}{hashed}").as_bytes()));
    format!("{ALGORITHM} {whose}, SignedHeaders={}, Signature={signature}", names(request.headers))
}

/// The text whose hash is signed.
pub fn canonical_request(request: &Signed<'_>, style: SignStyle) -> String {
    let query = canonical_query(request.query);
    // The derived form puts the query of a bodyless POST in the place of its body.
    let swapped = style == SignStyle::Credential && request.method == "POST" && request.body.is_empty();
    let (query, body) = if swapped { (String::new(), query.as_bytes().to_vec()) } else { (query.clone(), request.body.to_vec()) };
    let mut headers = String::new();
    for (name, value) in signable(request.headers) {
        // Writing to a string cannot fail.
        let _ok = writeln!(headers, "{name}:{}", value.trim());
    }
    let path = canonical_path(request.path);
    let body = hex(&Sha256::digest(&body));
    format!("{}\n{path}\n{query}\n{headers}\n{}\n{body}", request.method, names(request.headers))
}

/// Names with an underscore are left out.
fn signable(headers: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    headers.iter().filter(|(name, _)| !name.contains('_'))
}

fn names(headers: &BTreeMap<String, String>) -> String {
    signable(headers).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
}

/// The query as it is signed, and as it must be sent: sorted, with everything escaped.
pub fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (escaped(name.as_bytes()), escaped(value.as_bytes()))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The path as it is signed: every segment escaped anew, with a slash at its end that is not sent.
fn canonical_path(path: &str) -> String {
    let mut canonical: String = path.split('/').map(|segment| escaped(&unescaped(segment))).collect::<Vec<_>>().join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Escapes everything but letters, digits and `-._~`.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ok = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn unescaped(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code =
            after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let (b'%', Some(code)) = (first, code) {
            bytes.push(code);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ok = write!(text, "{byte:02x}");
        text
    })
}
