//! Versions of the operator, and which of the two dialects each speaks.

use crate::domain::source::{Failure, FailureKind};

/// Which bodies an operator sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 0.30 to 0.39: a status code with two sets of counts, specifications in every list.
    Legacy,
    /// 0.40 to 0.42: counts only, `/describe`.
    Modern,
}

/// An operator's version, kept as it was written because it must be echoed to the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    text: String,
    minor: u32,
}

impl Version {
    /// Reads `0.42.1`. What is no such number (a development build) counts as the newest.
    ///
    /// # Errors
    /// `Unsupported` below 0.30: those want secrets in a header.
    pub fn read(text: &str) -> Result<Self, Failure> {
        if text.is_empty() {
            return Err(Failure::new(
                FailureKind::Garbage,
                "the operator does not say its version",
                "check that the endpoint is a Cortex operator: `cortex cluster info` prints its address",
            ));
        }
        let mut numbers = text.trim_start_matches('v').split('.').map(str::parse::<u32>);
        let minor = match (numbers.next(), numbers.next()) {
            (Some(Ok(0)), Some(Ok(minor))) => minor,
            _ => u32::MAX,
        };
        if minor < 30 { Err(too_old(Some(text))) } else { Ok(Self { text: text.to_owned(), minor }) }
    }

    /// As the operator wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which bodies it sends.
    pub fn dialect(&self) -> Dialect {
        if self.minor < 40 { Dialect::Legacy } else { Dialect::Modern }
    }

    /// The path of the log stream.
    pub fn log_path(&self) -> &'static str {
        if self.minor < 36 { "logs" } else { "streamlogs" }
    }

    /// Whether replicas carry a sidecar in asynchronous and batch APIs, as they do since they have
    /// containers of their own.
    pub fn has_dequeuer(&self) -> bool {
        self.minor >= 36
    }
}

/// The failure for operators that holdup does not speak to.
pub fn too_old(version: Option<&str>) -> Failure {
    let which = version.map_or_else(|| "this Cortex".to_owned(), |version| format!("Cortex {version}"));
    Failure::new(
        FailureKind::Unsupported,
        format!("{which} is too old, unsupported: it wants a secret key in a header"),
        "holdup speaks Cortex 0.30 to 0.42; use the cortex command of that version",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialect_follows_the_version() {
        let cases = [
            ("0.30.0", Dialect::Legacy),
            ("0.39.1", Dialect::Legacy),
            ("0.40.0", Dialect::Modern),
            ("0.42.1", Dialect::Modern),
            ("master", Dialect::Modern),
        ];
        for (text, dialect) in cases {
            assert_eq!(Version::read(text).unwrap().dialect(), dialect, "{text}");
        }
        assert_eq!(Version::read("0.35.0").unwrap().log_path(), "logs");
        assert_eq!(Version::read("0.36.0").unwrap().log_path(), "streamlogs");
        for old in ["0.29.0", "0.18.1", "v0.2"] {
            let failure = Version::read(old).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unsupported);
            assert!(failure.message.contains("too old"));
        }
    }
}
