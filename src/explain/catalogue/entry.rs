//! One catalogue entry and how it is read from TOML.

use serde::{Deserialize, Serialize};

use super::super::finding::{CauseId, Confidence, Remedy, Risk};
use super::super::signature::Field;
use super::fill;

/// Where in the stack a cause sits; the deeper it is, the nearer to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The update as a whole.
    Rollout,
    /// A running copy.
    Replica,
    /// A machine.
    Node,
    /// The container image.
    Image,
    /// A health check.
    Probe,
    /// What somebody wrote down: a specification, a template, a setting.
    Config,
    /// The set of machines and what makes it grow.
    Group,
    /// A limit of the account.
    Quota,
    /// The cloud or service itself.
    Provider,
    /// What the caller or a role may do.
    Permission,
    /// One request: its route, its size, its time.
    Request,
}

/// A range of response times, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seconds {
    /// Not earlier.
    pub from: f64,
    /// Not later.
    pub to: f64,
}

/// A text that gives a cause away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The fields it may stand in; none means any.
    #[serde(default, rename = "where")]
    pub where_: Vec<Field>,
    /// A regular expression (ASCII classes, case ignored), searched in the unfolded text. An empty
    /// one fits any text and counts only where the status is known.
    pub pattern: String,
    /// Patterns that must be found too, anywhere in the text: the surroundings in which the first
    /// one means this. Much quicker to search than one pattern with a gap of any length.
    #[serde(default)]
    pub with: Vec<String>,
    /// A status the record must carry: an HTTP code, an activity's `StatusCode`. None means any.
    /// Without a known status the match counts for less.
    #[serde(default)]
    pub status: Vec<String>,
    /// When the answer must have come. Without a measured time the match counts for less.
    #[serde(default)]
    pub after: Option<Seconds>,
    /// How much the text proves.
    #[serde(default = "certain")]
    pub confidence: Confidence,
    /// Whether the text means this only where the platform is known to be the cause's own.
    #[serde(default)]
    pub needs_platform: bool,
}

fn certain() -> Confidence {
    Confidence::Certain
}

/// A way out with `{placeholders}` still in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseRemedy {
    /// What to do and what it costs.
    pub text: String,
    /// The command, if there is one.
    #[serde(default)]
    pub command: Option<String>,
    /// How much it can hurt.
    pub risk: Risk,
}

/// A message an entry is tested with: plain text, or text with where and how it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sample {
    /// Just the text.
    Plain(String),
    /// With its surroundings.
    Placed(Placed),
}

/// A text and what is known of where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The text.
    pub text: String,
    /// The field it stood in.
    #[serde(default, rename = "where")]
    pub where_: Option<Field>,
    /// The status it came with.
    #[serde(default)]
    pub status: Option<String>,
    /// The seconds after which it came.
    #[serde(default)]
    pub after: Option<f64>,
}

/// One known cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// `platform/kebab-slug`.
    pub id: CauseId,
    /// A few words.
    pub title: String,
    /// Where it sits.
    pub layer: Layer,
    /// Whether it is news rather than trouble (a launch that worked).
    #[serde(default)]
    pub benign: bool,
    /// Texts that give it away.
    #[serde(default)]
    pub signatures: Vec<Signature>,
    /// What gives it away where no text does: states and figures, in words.
    #[serde(default)]
    pub observed: Vec<String>,
    /// What it means, how it is told from its look-alikes, what to do first.
    pub explanation: String,
    /// Ways out, the first to try first.
    #[serde(default)]
    pub remedies: Vec<CauseRemedy>,
    /// Causes that only wrap or follow from this one: they step back when both are seen.
    #[serde(default)]
    pub prefer_over: Vec<CauseId>,
    /// Whether the same attempt may succeed later without anybody doing anything.
    #[serde(default)]
    pub retryable: bool,
    /// Where to read on.
    #[serde(default)]
    pub docs: String,
    /// Other ids of the same cause.
    #[serde(default)]
    pub also_known_as: Vec<CauseId>,
    /// Messages that must be recognised as this cause.
    #[serde(default)]
    pub matches: Vec<Sample>,
    /// Messages that look like it and are something else.
    #[serde(default)]
    pub look_alikes: Vec<Sample>,
}

impl Cause {
    /// The part of the id before the slash.
    pub fn platform(&self) -> &str {
        self.id.as_str().split('/').next().unwrap_or_default()
    }

    /// The ways out with `{name}` replaced by the value given for it; a name without a value
    /// stays as `<name>`. Values are quoted for a shell where they need it. `{aws}`, `{az}`,
    /// `{gateway}`, `{kube}` and `{env}` stand for the options that carry the context: they are made
    /// from `region`, `profile`, `resource_group`, `workspace`, `subscription`, `base_url`,
    /// `kube_context` and `env`.
    pub fn remedies(&self, fill: &[(&str, &str)]) -> Vec<Remedy> {
        let filled = |remedy: &CauseRemedy| Remedy {
            text: fill::text(&remedy.text, fill).into(),
            command: remedy.command.as_deref().map(|command| fill::command(command, fill).into()),
            risk: remedy.risk,
        };
        self.remedies.iter().map(filled).collect()
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    cause: Vec<toml::Value>,
}

/// Reads one file: the entries that parse and belong to the platform, and what is wrong with the others.
pub(super) fn read(platform: &str, text: &str) -> Result<(Vec<Cause>, Vec<String>), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let (mut causes, mut wrong) = (Vec::new(), Vec::new());
    for value in file.cause {
        let id = value.get("id").and_then(toml::Value::as_str).unwrap_or("an entry without id").to_owned();
        match value.try_into::<Cause>() {
            Ok(cause) if cause.platform() == platform => causes.push(cause),
            Ok(cause) => wrong.push(format!("{}: stands in the file of {platform}", cause.id)),
            Err(error) => wrong.push(format!("{id}: {error}")),
        }
    }
    Ok((causes, wrong))
}
