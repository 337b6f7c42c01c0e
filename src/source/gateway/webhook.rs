//! Signatures of webhooks: HMAC-SHA256 as hex, over the body alone or over a time and the body.
//!
//! Pure: the clock's time is an argument. Source: the project's webhook document (`t=…,v1=…`) and
//! its troubleshooting document (bare hex). Both of their samples write the parsed body anew before
//! they hash it, so the signer may have hashed the compact form of what was sent.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::time::{Duration, Timestamp};

/// A stamp may be so old, or so far ahead; our choice, nothing is documented.
pub const WINDOW: Duration = Duration::from_mins(5);

/// Bytes of a signature.
const SIZE: usize = 32;

/// A signature as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Over the body.
    Plain(Vec<u8>),
    /// Over the time, a full stop and the body.
    Stamped {
        /// Unix seconds, as written: they are part of what is signed.
        stamp: String,
        /// One for each secret in use.
        tags: Vec<Vec<u8>>,
    },
}

/// What a signature came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is of this very body.
    Valid,
    /// It is of the body's compact form: it was written anew on its way.
    ValidCompact,
    /// It is right, and too old or from the future by so many seconds.
    Stale(i64),
    /// It is of another body, or made with another secret.
    Wrong,
}

impl Signature {
    /// Reads a header's value in either form; a name before it (`X-Cortex-Signature:`, `sha256=`)
    /// does no harm.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let value = match text.split_once(':') {
            Some((_, value)) => value.trim(),
            None => text.trim(),
        };
        if !value.contains("t=") || !value.contains("v1=") {
            let hex = value.strip_prefix("sha256=").or_else(|| value.strip_prefix("v1=")).unwrap_or(value);
            return unhex(hex).map(Self::Plain).ok_or("it is neither hex digits nor t=…,v1=…");
        }
        let (mut stamp, mut tags) = (None, Vec::new());
        for (name, value) in value.split(',').filter_map(|part| part.trim().split_once('=')) {
            match name {
                "t" => stamp = Some(value.to_owned()),
                "v1" => tags.push(unhex(value).ok_or("v1 holds other than hex digits")?),
                // Later versions may add others.
                _ => {}
            }
        }
        let stamp = stamp.filter(|stamp| stamp.parse::<i64>().is_ok()).ok_or("t is no number of seconds")?;
        Ok(Self::Stamped { stamp, tags })
    }

    /// Checks it against a body, as it came and in its compact form.
    pub fn check(&self, secret: &[u8], body: &[u8], now: Timestamp, window: Duration) -> Verdict {
        let fits = |body: &[u8]| match self {
            Self::Plain(tag) => equals(secret, &[body], tag),
            Self::Stamped { stamp, tags } => {
                tags.iter().fold(false, |fits, tag| fits | equals(secret, &[stamp.as_bytes(), b".", body], tag))
            }
        };
        let found = if fits(body) {
            Verdict::Valid
        } else if compact(body).is_some_and(|compact| fits(&compact)) {
            Verdict::ValidCompact
        } else {
            return Verdict::Wrong;
        };
        match self.age(now) {
            Some(age) if age.unsigned_abs() > window.as_secs() => Verdict::Stale(age),
            _ => found,
        }
    }

    fn age(&self, now: Timestamp) -> Option<i64> {
        match self {
            Self::Plain(_) => None,
            Self::Stamped { stamp, .. } => Some(now.as_second().saturating_sub(stamp.parse().ok()?)),
        }
    }
}

/// Compares in a time that does not depend on where they differ; unequal lengths are unequal.
fn equals(secret: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    if tag.len() != SIZE {
        return false;
    }
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(tag).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.trim().chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let whole = !digits.is_empty() && digits.len().is_multiple_of(2);
    whole.then(|| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// A JSON body without the spaces between its parts, keys in their order; `None` if it is no JSON
/// or compact already.
fn compact(body: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).ok()?;
    let (mut inside, mut escaped) = (false, false);
    let keep = |byte: &u8| {
        let space = !inside && matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if *byte == b'"' && !escaped {
            inside = !inside;
        }
        escaped = inside && *byte == b'\\' && !escaped;
        !space
    };
    let compact: Vec<u8> = body.iter().copied().filter(keep).collect();
    (compact.len() < body.len()).then_some(compact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_headers_are_refused_and_nothing_breaks() {
        for odd in ["", "zz", "abc", "t=,v1=00", "t=x,v1=00", "t=1,v1=xyz", "sha256="] {
            assert!(Signature::read(odd).is_err(), "{odd}");
        }
        assert_eq!(
            Signature::read("X-Cortex-Signature: t=7,v0=1,v1=00ff"),
            Ok(Signature::Stamped { stamp: "7".into(), tags: vec![vec![0, 255]] })
        );
        assert_eq!(Signature::read("sha256=00FF"), Ok(Signature::Plain(vec![0, 255])));
    }

    #[test]
    fn only_spaces_between_parts_go() {
        let compacted = |text: &str| compact(text.as_bytes()).map(|body| String::from_utf8(body).unwrap());
        assert_eq!(compacted(r#"{ "b": "x \" y \\", "a" : [ 1, 2 ] }"#).as_deref(), Some(r#"{"b":"x \" y \\","a":[1,2]}"#));
        assert_eq!(compacted(r#"{"a":"b c"}"#), None);
        assert_eq!(compacted("no json"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_is_too_strange(header in "[tv1=,:;0-9a-fA-F \\-x]{0,80}", body in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            if let Ok(signature) = Signature::read(&header) {
                let verdict = signature.check(b"secret", &body, Timestamp::UNIX_EPOCH, WINDOW);
                proptest::prop_assert_eq!(verdict, Verdict::Wrong);
            }
        }
    }
}
