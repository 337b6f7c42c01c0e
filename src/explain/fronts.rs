//! What stands in front of a program and answers in its place, told by an answer's code, body and time.
//!
//! Load balancers, gateways and proxies give up after fixed or preset times and answer with bodies of
//! their own: whoever sees "504 after 29 s" has met one of them and not the model. Figures are the
//! defaults of the services; what can be changed says so. Nothing is decided here: a measured answer
//! is held against the table, and what does not fit is left out.

mod table;

use serde::Serialize;

use super::finding::Confidence;

/// Whose services stand in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
    /// Huawei Cloud.
    Huawei,
}

impl Cloud {
    /// Every cloud with the name a person gives it.
    pub const ALL: [(&str, Self); 4] = [("aws", Self::Aws), ("azure", Self::Azure), ("gcp", Self::Gcp), ("huawei", Self::Huawei)];

    /// The cloud of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(own, _)| *own == name).map(|(_, cloud)| *cloud)
    }

    /// Its name in full.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "Amazon Web Services",
            Self::Azure => "Azure",
            Self::Gcp => "Google Cloud",
            Self::Huawei => "Huawei Cloud",
        }
    }

    /// The cloud that a platform always runs on.
    pub fn of(platform: &str) -> Option<Self> {
        match platform {
            "aws" | "cortex" => Some(Self::Aws),
            "azure" => Some(Self::Azure),
            "modelarts" => Some(Self::Huawei),
            _ => None,
        }
    }
}

/// An answer to a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body, empty if there was none or nobody kept it.
    pub body: &'a str,
    /// The seconds it took, if somebody measured.
    pub after: Option<f64>,
    /// The platform, if known.
    pub platform: Option<&'a str>,
    /// The cloud, if known; the platform's own otherwise.
    pub cloud: Option<Cloud>,
}

/// Something in front and what an answer of its own means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Front {
    /// Its name.
    pub who: &'static str,
    /// The cloud it belongs to, or any.
    pub cloud: Option<Cloud>,
    /// The platforms it belongs to; none means any.
    #[serde(skip)]
    platforms: &'static [&'static str],
    /// The codes it answers with.
    #[serde(skip)]
    codes: &'static [u16],
    /// After how many seconds it answers by default; none if at once or at any time.
    pub seconds: Option<f64>,
    /// Whether nobody can change that time.
    #[serde(skip)]
    fixed: bool,
    /// Words of its bodies, in small letters; one of them is enough.
    #[serde(skip)]
    body: &'static [&'static str],
    /// What it means and which figure matters.
    pub says: &'static str,
}

/// How far a measured time may be off, in seconds and as a share.
const SLACK: (f64, f64) = (1.5, 0.04);

/// What may have given that answer, the best explanations alone: those whose words stand in the body,
/// and of these, where a time was measured, those that wait that long. The confidence is of the group.
pub fn behind(answer: &Answer<'_>) -> (Confidence, Vec<&'static Front>) {
    let mut left: Vec<&Front> = table::FRONTS.iter().filter(|front| front.concerns(answer)).collect();
    let body = answer.body.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let worded = left.iter().any(|front| front.wrote(&body));
    left.retain(|front| if worded { front.wrote(&body) } else { front.body.is_empty() || body.is_empty() });
    let timed = answer.after.is_some_and(|after| left.iter().any(|front| front.waits(after)));
    if let Some(after) = answer.after {
        // A time that fits decides; one that fits nothing leaves what answers at any time.
        left.retain(|front| if timed { front.waits(after) } else { front.seconds.is_none() || (worded && !front.fixed) });
    }
    if !worded && !timed {
        // Nothing tells them apart: first what is the platform's own, then what is true of all.
        left.sort_by_key(|front| front.remoteness());
    }
    let confidence = if worded || timed { Confidence::Likely } else { Confidence::Possible };
    (confidence, left)
}

impl Front {
    fn concerns(&self, answer: &Answer<'_>) -> bool {
        let cloud = answer.cloud.or_else(|| answer.platform.and_then(Cloud::of));
        self.codes.contains(&answer.status)
            && (self.cloud.is_none() || cloud.is_none() || self.cloud == cloud)
            && (self.platforms.is_empty() || answer.platform.is_none_or(|platform| self.platforms.contains(&platform)))
    }

    fn remoteness(&self) -> u8 {
        match (self.platforms, self.cloud.is_none() && self.body.is_empty() && self.seconds.is_none()) {
            ([_], _) => 0,
            ([], true) => 1,
            _ => 2,
        }
    }

    fn wrote(&self, body: &str) -> bool {
        self.body.iter().any(|words| body.contains(words))
    }

    fn waits(&self, after: f64) -> bool {
        self.seconds.is_some_and(|seconds| (after - seconds).abs() <= SLACK.0.max(seconds * SLACK.1))
    }
}

#[cfg(test)]
mod tests;
