//! Whose tokens are sent: read anew for every request, because they are short-lived files, and
//! never kept anywhere else.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::config::RayConfig;
use crate::domain::source::{Failure, FailureKind};

/// The most bytes of a file with a token.
const FILE_LIMIT: u64 = 64 * 1024;
/// What the simulator accepts.
const SIMULATED: &str = "simulated-token";

/// Where a token comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// A fixed, worthless one.
    Simulated,
    /// The dashboard's: a file of the context's, or what Ray's own tools use.
    Dashboard(Option<PathBuf>),
    /// Anyscale's: `ANYSCALE_CLI_TOKEN`, or the file that `anyscale login` writes.
    Anyscale,
}

#[derive(Deserialize)]
struct CredentialsFile {
    cli_token: Option<String>,
}

impl TokenSource {
    /// The dashboard's token of a context.
    pub fn dashboard(ray: &RayConfig) -> Self {
        if ray.simulated_credentials { Self::Simulated } else { Self::Dashboard(ray.token_file.as_ref().map(PathBuf::from)) }
    }

    /// Anyscale's token of a context.
    pub fn anyscale(ray: &RayConfig) -> Self {
        if ray.simulated_credentials { Self::Simulated } else { Self::Anyscale }
    }

    /// The token, if there is one. A dashboard mostly wants none.
    ///
    /// # Errors
    /// `NoCredentials` when there must be one, or the file that should hold it cannot be read.
    pub fn read(&self) -> Result<Option<SecretString>, Failure> {
        match self {
            Self::Simulated => Ok(Some(SIMULATED.to_owned().into())),
            Self::Dashboard(Some(file)) => required(file).map(Some),
            Self::Dashboard(None) => {
                if let Some(token) = variable("RAY_AUTH_TOKEN") {
                    return Ok(Some(token));
                }
                if let Some(file) = std::env::var_os("RAY_AUTH_TOKEN_PATH").filter(|file| !file.is_empty()) {
                    return required(Path::new(&file)).map(Some);
                }
                Ok(home(".ray/auth_token").and_then(|file| bounded(&file).ok()).and_then(|text| token(&text)))
            }
            Self::Anyscale => anyscale().map(Some),
        }
    }
}

fn variable(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().and_then(|value| token(&value))
}

fn token(raw: &str) -> Option<SecretString> {
    let raw = raw.trim();
    (!raw.is_empty()).then(|| raw.to_owned().into())
}

fn home(below: &str) -> Option<PathBuf> {
    etcetera::home_dir().ok().map(|home| home.join(below))
}

/// The file that `anyscale login` writes.
pub fn credentials_file() -> Option<PathBuf> {
    home(".anyscale/credentials.json")
}

fn anyscale() -> Result<SecretString, Failure> {
    if let Some(token) = variable("ANYSCALE_CLI_TOKEN") {
        return Ok(token);
    }
    let login = "log in with `anyscale login`, or set ANYSCALE_CLI_TOKEN";
    let Some(file) = credentials_file() else {
        return Err(Failure::new(FailureKind::NoCredentials, "there is no token for Anyscale and no home folder to look for one", login));
    };
    let none = |why: String| Failure::new(FailureKind::NoCredentials, format!("no token for Anyscale: {}: {why}", file.display()), login);
    let text = bounded(&file).map_err(|error| none(error.to_string()))?;
    // The parser's own message could quote the token.
    let parsed: CredentialsFile = serde_json::from_str(&text).map_err(|error| none(format!("no JSON at line {}", error.line())))?;
    parsed.cli_token.as_deref().and_then(token).ok_or_else(|| none("it has no cli_token".to_owned()))
}

fn bounded(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(FILE_LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

fn required(file: &Path) -> Result<SecretString, Failure> {
    let missing = |why: String| {
        Failure::new(
            FailureKind::NoCredentials,
            format!("no token for the Ray dashboard: {}: {why}", file.display()),
            "correct token_file or RAY_AUTH_TOKEN_PATH, or set RAY_AUTH_TOKEN",
        )
    };
    let text = bounded(file).map_err(|error| missing(error.to_string()))?;
    token(&text).ok_or_else(|| missing("it is empty".to_owned()))
}
