//! Certificates remembered on first use: a small text file, one `host:port sha256:HEX` a line.
//!
//! A person can read it, and removing a line is how a new certificate is accepted.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::config::paths::Paths;
use crate::domain::source::{Failure, FailureKind};

/// The most bytes of a pin file that are read.
const FILE_LIMIT: u64 = 1024 * 1024;

/// The file with the remembered certificates.
#[derive(Clone, Debug)]
pub struct PinFile(PathBuf);

impl PinFile {
    /// A pin file at a path of one's own choice.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The pin file in holdup's state folder (`$XDG_STATE_HOME/holdup`, or `~/.local/state/holdup`).
    ///
    /// # Errors
    /// `Misconfigured` when there is no home folder to put it in.
    pub fn of_this_user() -> Result<Self, Failure> {
        let paths = Paths::find().ok_or_else(|| {
            Failure::new(
                FailureKind::Misconfigured,
                "no home folder to remember certificates in",
                "set HOME, or set tls = \"accept-invalid\" or \"system\" for this context",
            )
        })?;
        Ok(Self(paths.state.join("pinned-certificates")))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Accepts the certificate if it is the remembered one, or if none was remembered yet; then it
    /// is from now on.
    pub(super) fn check(&self, host_port: &str, certificate: &[u8]) -> Result<(), Failure> {
        let seen = fingerprint(certificate);
        match self.remembered(host_port).map_err(|error| self.unusable("read", &error))? {
            Some(known) if known.eq_ignore_ascii_case(&seen) => Ok(()),
            Some(known) => Err(Failure::new(
                FailureKind::Untrusted,
                format!("the certificate of {host_port} has changed: it was {known} and is {seen}"),
                format!(
                    "if somebody renewed it on purpose, remove the line of {host_port} from {} and the new one is remembered; otherwise talk to whoever runs the cluster",
                    self.0.display()
                ),
            )),
            None => self.remember(host_port, &seen).map_err(|error| self.unusable("write", &error)),
        }
    }

    fn remembered(&self, host_port: &str) -> io::Result<Option<String>> {
        let Some(text) = self.text()? else { return Ok(None) };
        Ok(text.lines().find_map(|line| {
            let (host, pin) = line.trim().split_once(char::is_whitespace)?;
            host.eq_ignore_ascii_case(host_port).then(|| pin.trim().to_owned())
        }))
    }

    fn text(&self) -> io::Result<Option<String>> {
        match fs::metadata(&self.0) {
            Ok(about) if about.len() > FILE_LIMIT => Err(io::Error::other("larger than a pin file can be")),
            Ok(_) => fs::read_to_string(&self.0).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Written beside and moved into place, so that a reader never sees half a file.
    fn remember(&self, host_port: &str, pin: &str) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut text = self.text()?.unwrap_or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{text}{host_port} {pin}")?;
        file.persist(&self.0).map_err(|error| error.error)?;
        Ok(())
    }

    fn unusable(&self, what: &str, error: &io::Error) -> Failure {
        Failure::new(
            FailureKind::Untrusted,
            format!("cannot {what} the remembered certificates in {}: {error}", self.0.display()),
            "make that file readable and writable, or choose another policy with tls = \"system\" or \"accept-invalid\"",
        )
    }
}

/// `sha256:` and the fingerprint in hexadecimal.
fn fingerprint(certificate: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(certificate).iter().fold(String::from("sha256:"), |mut text, byte| {
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_certificate_is_remembered_and_another_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pins = PinFile::at(folder.path().join("state/pins"));
        pins.check("prod:443", b"one").unwrap();
        pins.check("PROD:443", b"one").unwrap();
        pins.check("staging:443", b"two").unwrap();
        let refused = pins.check("prod:443", b"two").unwrap_err();
        assert_eq!(refused.kind, FailureKind::Untrusted);
        assert!(refused.hint.contains("pins"), "{}", refused.hint);
        pins.check("prod:443", b"one").unwrap();
    }
}
