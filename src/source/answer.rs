//! Answers of HTTP services, whatever they mean: read to their end and no further than a bound, and
//! what was at the bottom of one that broke off.

use reqwest::Response;

use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

/// The body of an answer of at most `limit` bytes; `broken` says what an answer that ends early means,
/// `check` what to look at where it is larger.
///
/// # Errors
/// `Garbage` above the bound, what `broken` makes of it otherwise.
pub async fn bounded(
    response: &mut Response,
    limit: usize,
    check: impl Into<Text>,
    broken: impl Fn(&reqwest::Error) -> Failure,
) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > limit {
            let message = format!("the answer is larger than {} MiB", limit / (1024 * 1024));
            return Err(Failure::new(FailureKind::Garbage, message, check));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost reason of an error: the layers around it only say that there is one.
pub fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
