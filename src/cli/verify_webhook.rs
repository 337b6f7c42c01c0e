//! `holdup verify-webhook`: says whether a delivery of a compute gateway is what it claims to be.
//!
//! The secret comes from a file or from the environment, never from an argument: arguments of a
//! program can be read by everybody on the machine.

use std::io::Read;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::report::print;
use super::{Error, Exit};
use crate::clock;
use crate::domain::time::{Duration, Timestamp};
use crate::source::gateway::webhook::{Signature, Verdict, WINDOW};

/// The environment variable with the secret.
const VARIABLE: &str = "WEBHOOK_SECRET";
/// The most bytes of a body.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Arguments of `verify-webhook`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The signature as it came: hex digits, or the value of X-Cortex-Signature (t=…,v1=…)
    #[arg(long, value_name = "TEXT")]
    signature: String,
    /// The file with the webhook's secret; the environment's `WEBHOOK_SECRET` otherwise
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The moment to compare the signature's time with, in unix seconds; now otherwise
    #[arg(long, value_name = "SECONDS")]
    at: Option<i64>,
    /// How far the signature's time may be off, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = WINDOW.as_secs())]
    window: u64,
    /// The file with the body as it came; standard input otherwise
    body: Option<PathBuf>,
}

/// Checks one delivery. Ends with 0 when it is genuine, with 1 when it is not.
///
/// # Errors
/// When the signature cannot be read, or the secret or the body is not there.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let signature = Signature::read(&args.signature)
        .map_err(|why| Error::usage(format!("the signature cannot be read: {why}"), "copy the header's value whole, in quotes"))?;
    let secret = secret(args.secret_file.as_deref())?;
    let body = body(args.body.as_deref())?;
    let now = match args.at {
        Some(at) => Timestamp::from_second(at)
            .map_err(|_| Error::usage("--at is no moment that can be written", "give unix seconds, such as 1767258000"))?,
        None => clock::now(),
    };
    let verdict = signature.check(secret.expose_secret().as_bytes(), &body, now, Duration::from_secs(args.window));
    let (exit, text) = told(verdict, args.window);
    print(&format!("{text}\n"))?;
    Ok(exit)
}

fn told(verdict: Verdict, window: u64) -> (Exit, String) {
    match verdict {
        Verdict::Valid => (Exit::Clear, "genuine: the signature is of this body".to_owned()),
        Verdict::ValidCompact => {
            let text = "genuine: the signature is of the body's compact form\n  note: the body was written anew on its way; check the raw bytes in your receiver, before they are parsed";
            (Exit::Clear, text.to_owned())
        }
        Verdict::Stale(age) if age < 0 => {
            (Exit::Held, format!("refused: signed {} s in the future, more than {window} s\n  hint: a clock is wrong, here or there", -age))
        }
        Verdict::Stale(age) => (
            Exit::Held,
            format!(
                "refused: signed {age} s ago, more than {window} s\n  hint: a replay, or a clock is wrong; --at checks an old delivery"
            ),
        ),
        Verdict::Wrong => {
            let text = "refused: the signature is not of this body with this secret\n  hint: the secret of another webhook, or the body was changed before it was kept; `holdup explain gateway/webhook-signature` has more";
            (Exit::Held, text.to_owned())
        }
    }
}

fn secret(file: Option<&Path>) -> Result<SecretString, Error> {
    let missing = || {
        let hint = format!("set {VARIABLE}, or name a file with --secret-file; it is never given as an argument");
        Error::usage("there is no secret to check with", hint)
    };
    let text = match file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Error::usage(format!("cannot read the secret from {}: {error}", file.display()), "correct --secret-file"))?,
        None => std::env::var(VARIABLE).map_err(|_| missing())?,
    };
    // Editors end files with a line break; no secret does.
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() { Err(missing()) } else { Ok(text.into()) }
}

fn body(file: Option<&Path>) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let read = match file {
        Some(file) => std::fs::File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut body)),
        None => std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut body),
    };
    read.map_err(|error| Error::usage(format!("cannot read the body: {error}"), "name the file, or pipe the body in"))?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(Error::usage("the body is larger than 16 MiB", "no delivery is; is it the right file?"));
    }
    Ok(body)
}
