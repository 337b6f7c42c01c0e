//! Who asks: a key pair, a token, or a user's name and password, from where the settings and the
//! environment say, and the machine's own identity where they say nothing.
//!
//! Files and the environment are read here; what IAM and the machine's metadata have to be asked
//! is asked by the [`client`](super::client). Secrets leave this module only to sign.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;

use super::environment::{KEY_VARIABLES, PROJECT_NAME_VARIABLES, TOKEN_VARIABLES, Variables};
use super::sign::Keys;
use crate::config::ModelArtsConfig;
use crate::domain::source::{Failure, FailureKind};

/// The most bytes of a file with a secret.
const FILE_LIMIT: u64 = 64 * 1024;

/// A way to prove who asks.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Sign with a key pair.
    Keys(Keys),
    /// Send a token as it is.
    Token(SecretString),
    /// Ask IAM for a token first.
    Password(Box<Password>),
    /// Ask the machine for a temporary key pair first.
    Machine,
}

/// A user's name and password.
#[derive(Clone, Debug)]
pub struct Password {
    /// The user.
    pub user: String,
    /// The password.
    pub password: SecretString,
    /// The account the user belongs to.
    pub domain: String,
    /// The project's name; the region's where empty.
    pub project: String,
}

/// The document with a key pair: that of the machine's metadata, with or without its envelope.
#[derive(Deserialize)]
pub(super) struct KeyDocument {
    credential: Option<Box<KeyDocument>>,
    #[serde(alias = "access_key", alias = "ak")]
    access: Option<String>,
    #[serde(alias = "secret_key", alias = "sk")]
    secret: Option<String>,
    #[serde(alias = "security_token", alias = "token")]
    securitytoken: Option<String>,
    expires_at: Option<String>,
}

impl KeyDocument {
    /// The pair in it, and until when it is good.
    pub(super) fn keys(self) -> Option<(Keys, Option<String>)> {
        if let Some(inside) = self.credential {
            return inside.keys();
        }
        let (access, secret) = (self.access?, self.secret?);
        let keys = Keys { access, secret: SecretString::from(secret), token: self.securitytoken.map(SecretString::from) };
        Some((keys, self.expires_at))
    }
}

/// The identity for a context, by its settings first and the environment next.
///
/// # Errors
/// A file that is named and cannot be used.
pub fn identity(settings: &ModelArtsConfig, variables: &Variables) -> Result<Identity, Failure> {
    if settings.simulated_credentials {
        let secret = SecretString::from("simulated-secret-key");
        return Ok(Identity::Keys(Keys { access: "SIMULATEDACCESSKEY01".to_owned(), secret, token: None }));
    }
    if let Some(file) = &settings.token_file {
        return Ok(Identity::Token(SecretString::from(read(file, "token_file")?.trim().to_owned())));
    }
    if let Some(file) = &settings.keys_file {
        let text = read(file, "keys_file")?;
        // The parser's own message could quote the secret.
        let keys = serde_json::from_str::<KeyDocument>(&text).ok().and_then(KeyDocument::keys);
        return keys.map(|(keys, _)| Identity::Keys(keys)).ok_or_else(|| {
            let hint = "write it as {\"access\": \"…\", \"secret\": \"…\"}, with \"securitytoken\" for a temporary pair";
            Failure::new(FailureKind::NoCredentials, format!("there is no key pair in {file}"), hint)
        });
    }
    let secret = |name: &str| variables.get(name).map(SecretString::from);
    for [access, secret_name, token] in KEY_VARIABLES {
        if let (Some(access), Some(secret_key)) = (variables.get(access), secret(secret_name)) {
            return Ok(Identity::Keys(Keys { access, secret: secret_key, token: secret(token) }));
        }
    }
    if let Some(token) = variables.first(&TOKEN_VARIABLES) {
        return Ok(Identity::Token(SecretString::from(token)));
    }
    if let (Some(user), Some(password)) = (variables.get("OS_USERNAME"), secret("OS_PASSWORD")) {
        let domain = variables.first(&["OS_USER_DOMAIN_NAME", "OS_DOMAIN_NAME"]).unwrap_or_default();
        let project = variables.first(&PROJECT_NAME_VARIABLES).unwrap_or_default();
        return Ok(Identity::Password(Box::new(Password { user, password, domain, project })));
    }
    Ok(Identity::Machine)
}

fn read(file: &str, setting: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let opened = fs::File::open(Path::new(file)).and_then(|open| open.take(FILE_LIMIT).read_to_string(&mut text));
    opened.map(|_| text).map_err(|error| {
        let hint = format!("correct {setting} of this context, or make the file readable for you alone: chmod 600 {file}");
        Failure::new(FailureKind::NoCredentials, format!("cannot read {file}: {error}"), hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_first_whole_pair_counts_and_nothing_shows_its_secret() {
        let given = variables(&[
            ("HUAWEICLOUD_SDK_AK", "half"),
            ("HW_ACCESS_KEY", "AK"),
            ("HW_SECRET_KEY", "nobody-sees-this"),
            ("HW_SECURITY_TOKEN", "nor-that"),
            ("OS_USERNAME", "u"),
            ("OS_PASSWORD", "p"),
        ]);
        let found = identity(&ModelArtsConfig::default(), &given).unwrap();
        assert!(matches!(&found, Identity::Keys(keys) if keys.access == "AK" && keys.token.is_some()), "{found:?}");
        let shown = format!("{found:?}");
        assert!(!shown.contains("nobody") && !shown.contains("nor-that"), "{shown}");
    }

    #[test]
    fn a_token_then_a_password_then_the_machine() {
        let of = |pairs: &[(&str, &str)]| identity(&ModelArtsConfig::default(), &variables(pairs)).unwrap();
        assert!(matches!(of(&[("OS_TOKEN", "t"), ("OS_USERNAME", "u"), ("OS_PASSWORD", "p")]), Identity::Token(_)));
        assert!(matches!(of(&[("OS_USERNAME", "u"), ("OS_PASSWORD", "p")]), Identity::Password(_)));
        assert!(matches!(of(&[]), Identity::Machine));
    }

    #[test]
    fn the_metadata_document_is_a_key_file_too() {
        let text =
            r#"{"credential": {"access": "HST", "secret": "s3", "securitytoken": "st", "expires_at": "2026-01-01T15:00:00.000000Z"}}"#;
        let (keys, until) = serde_json::from_str::<KeyDocument>(text).unwrap().keys().unwrap();
        assert_eq!((keys.access.as_str(), keys.secret.expose_secret()), ("HST", "s3"));
        assert!(keys.token.is_some() && until.is_some());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        fs::write(&file, r#"{"access": 7, "secret": "leaks-from-parsers"}"#).unwrap();
        let settings = ModelArtsConfig { keys_file: Some(file.display().to_string()), ..ModelArtsConfig::default() };
        let failure = identity(&settings, &Variables::default()).unwrap_err();
        assert!(failure.message.contains("no key pair") && !format!("{failure:?}").contains("leaks"), "{failure:?}");
    }
}
