//! `holdup explain`: what the catalogue knows of a cause, or of an answer to a request.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use super::format::Format;
use super::{Error, Exit, report};
use crate::explain::catalogue::{self, Cause, Layer};
use crate::explain::fronts::{self, Cloud, Front};
use crate::explain::signature::{self, Classification, Field, Hints};
use crate::explain::{CauseId, Confidence, Remedy, Risk};

/// How wide text is set, in columns.
const WIDTH: usize = 96;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    /// The cause, as `holdup why` and `holdup classify` name it
    #[arg(value_name = "ID", conflicts_with_all = ["list", "http"])]
    id: Option<String>,
    /// List the causes
    #[arg(long, conflicts_with = "http")]
    list: bool,
    /// Explain an answer to a request by its HTTP status, 400 to 599
    #[arg(long, value_name = "CODE")]
    http: Option<u16>,
    /// The body of that answer
    #[arg(long, value_name = "TEXT", requires = "http", default_value = "", hide_default_value = true)]
    body: String,
    /// After how many seconds that answer came
    #[arg(long, value_name = "SECONDS", requires = "http")]
    after: Option<f64>,
    /// The cloud whose load balancers and gateways stand in front; the platform's own where it has one
    #[arg(long, requires = "http", value_parser = clap::builder::PossibleValuesParser::new(Cloud::ALL.map(|(name, _)| name)))]
    cloud: Option<String>,
    /// Only this platform
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(signature::platforms()))]
    platform: Option<String>,
    /// How it looks
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Prints what is known.
///
/// # Errors
/// When the id is unknown, or standard output cannot take it.
pub fn run(args: &Args) -> Result<Exit, Error> {
    if let Some(code) = args.http {
        return http(args, code);
    }
    let text = match &args.id {
        Some(id) => entry(find(id)?, args.format),
        None => list(args.platform.as_deref(), args.format),
    };
    report::print(&text)?;
    Ok(Exit::Clear)
}

fn find(id: &str) -> Result<&'static Cause, Error> {
    catalogue::find(&CauseId::from(id)).ok_or_else(|| {
        let near: Vec<&str> = catalogue::near(id).iter().map(|cause| cause.id.as_str()).collect();
        let hint =
            if near.is_empty() { "holdup explain --list shows all of them".to_owned() } else { format!("perhaps {}", near.join(", ")) };
        Error::usage(format!("no cause is called `{id}`"), hint)
    })
}

/// The certainty as a word for people and scripts.
pub fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

fn layer_word(layer: Layer) -> &'static str {
    match layer {
        Layer::Rollout => "rollout",
        Layer::Replica => "replica",
        Layer::Node => "node",
        Layer::Image => "image",
        Layer::Probe => "probe",
        Layer::Config => "config",
        Layer::Group => "group",
        Layer::Quota => "quota",
        Layer::Provider => "provider",
        Layer::Permission => "permission",
        Layer::Request => "request",
    }
}

fn risk_word(risk: Risk) -> &'static str {
    match risk {
        Risk::Inspect => "only looks",
        Risk::Low => "harmless",
        Risk::Mutating => "changes the system",
        Risk::Destructive => "may interrupt or lose something",
    }
}

// ── one entry ───────────────────────────────────────────────────────────────────────────────

fn entry(cause: &Cause, format: Format) -> String {
    match format {
        Format::Text => entry_text(cause),
        Format::Markdown => entry_markdown(cause),
        Format::Json => pretty(&Entry::from(cause)),
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a CauseId,
    title: &'a str,
    layer: Layer,
    benign: bool,
    retryable: bool,
    explanation: &'a str,
    observed: &'a [String],
    signatures: &'a [catalogue::Signature],
    remedies: Vec<Remedy>,
    prefer_over: &'a [CauseId],
    also_known_as: &'a [CauseId],
    docs: Option<&'a str>,
}

impl<'a> From<&'a Cause> for Entry<'a> {
    fn from(cause: &'a Cause) -> Self {
        Self {
            id: &cause.id,
            title: &cause.title,
            layer: cause.layer,
            benign: cause.benign,
            retryable: cause.retryable,
            explanation: &cause.explanation,
            observed: &cause.observed,
            signatures: &cause.signatures,
            remedies: cause.remedies(&[]),
            prefer_over: &cause.prefer_over,
            also_known_as: &cause.also_known_as,
            docs: docs(cause),
        }
    }
}

fn docs(cause: &Cause) -> Option<&str> {
    Some(cause.docs.as_str()).filter(|docs| !docs.is_empty())
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).map_or_else(|_| "null\n".to_owned(), |text| text + "\n")
}

/// Whether it is trouble at all, and whether waiting may help.
fn outlook(cause: &Cause) -> &'static str {
    match (cause.benign, cause.retryable) {
        (true, _) => "news rather than trouble",
        (false, true) => "may clear by itself",
        (false, false) => "stays until somebody acts",
    }
}

fn entry_text(cause: &Cause) -> String {
    let mut out = format!("{}\n{}  ({}; {})\n\n", cause.title, cause.id, layer_word(cause.layer), outlook(cause));
    wrap(&mut out, "", &cause.explanation);
    if !cause.observed.is_empty() {
        out.push_str("\nSeen by\n");
        for sign in &cause.observed {
            wrap(&mut out, "  - ", sign);
        }
    }
    out.push_str("\nWays out\n");
    for remedy in cause.remedies(&[]) {
        wrap(&mut out, "  - ", &format!("{} [{}]", remedy.text, risk_word(remedy.risk)));
        if let Some(command) = &remedy.command {
            let _ = writeln!(out, "      {command}");
        }
    }
    if let Some(docs) = docs(cause) {
        let _ = writeln!(out, "\nMore: {docs}");
    }
    out
}

fn entry_markdown(cause: &Cause) -> String {
    let mut out = format!(
        "## {}\n\n`{}` · {} · {}\n\n{}\n",
        cause.title,
        cause.id,
        layer_word(cause.layer),
        outlook(cause),
        cause.explanation.trim()
    );
    if !cause.observed.is_empty() {
        out.push_str("\n**Seen by**\n\n");
        for sign in &cause.observed {
            let _ = writeln!(out, "- {sign}");
        }
    }
    out.push_str("\n**Ways out**\n\n");
    for remedy in cause.remedies(&[]) {
        let _ = writeln!(out, "- {} _({})_", remedy.text, risk_word(remedy.risk));
        if let Some(command) = &remedy.command {
            let _ = writeln!(out, "  ```sh\n  {command}\n  ```");
        }
    }
    if let Some(docs) = docs(cause) {
        let _ = writeln!(out, "\n[More]({docs})");
    }
    out
}

/// Sets a paragraph; lines after the first are indented as far as its lead.
fn wrap(out: &mut String, lead: &str, paragraph: &str) {
    let indent = " ".repeat(lead.len());
    let mut line = lead.to_owned();
    for word in paragraph.split_whitespace() {
        let empty = line.trim_start_matches(['-', ' ']).is_empty();
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line.clone_from(&indent);
        } else if !empty {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

// ── the list ────────────────────────────────────────────────────────────────────────────────

fn list(platform: Option<&str>, format: Format) -> String {
    let causes: Vec<&Cause> =
        catalogue::all().iter().filter(|cause| platform.is_none_or(|platform| cause.platform() == platform)).collect();
    match format {
        Format::Json => {
            let rows: Vec<_> =
                causes.iter().map(|cause| json!({"id": cause.id, "title": cause.title, "layer": cause.layer, "benign": cause.benign, "retryable": cause.retryable})).collect();
            pretty(&rows)
        }
        Format::Markdown => page(&causes),
        Format::Text => {
            let width = causes.iter().map(|cause| cause.id.as_str().len()).max().unwrap_or_default();
            causes.iter().fold(String::new(), |mut rows, cause| {
                let _ = writeln!(rows, "{:<width$}  {}", cause.id, cause.title);
                rows
            })
        }
    }
}

/// The causes as a page: a table for each platform, and what else each cause is called.
fn page(causes: &[&Cause]) -> String {
    let mut platforms: Vec<&str> = causes.iter().map(|cause| cause.platform()).collect();
    platforms.sort_unstable();
    platforms.dedup();
    let mut out = format!(
        "# Causes\n\nEverything that is known to hold a rollout up: {} causes. `holdup explain ID` tells more of each.\n\
         This page is printed by `holdup explain --list --format markdown`.\n",
        causes.len()
    );
    for platform in platforms {
        let _ = write!(out, "\n## {platform}\n\n| id | cause | layer | outlook |\n|---|---|---|---|\n");
        for cause in causes.iter().filter(|cause| cause.platform() == platform) {
            let others: String = cause.also_known_as.iter().fold(String::new(), |others, id| format!("{others}, `{id}`"));
            let title = cause.title.replace('|', "\\|");
            let _ = writeln!(out, "| `{}`{others} | {title} | {} | {} |", cause.id, layer_word(cause.layer), outlook(cause));
        }
    }
    out
}

// ── an answer to a request ──────────────────────────────────────────────────────────────────

fn http(args: &Args, code: u16) -> Result<Exit, Error> {
    check(code, args.after)?;
    let hints = Hints { platform: args.platform.clone(), field: Some(Field::HttpBody), status: Some(code.to_string()), after: args.after };
    let cloud = args.cloud.as_deref().and_then(Cloud::named);
    let found = of_cloud(signature::classify(&args.body, &hints), cloud);
    let cause = found.cause.as_ref().map(|id| find(id.as_str())).transpose()?;
    let (confidence, fronts) =
        fronts::behind(&fronts::Answer { status: code, body: &args.body, after: args.after, platform: args.platform.as_deref(), cloud });
    let text = match args.format {
        Format::Json => pretty(&json!({
            "confidence": cause.map(|_| found.confidence),
            "also": found.also,
            "cause": cause.map(Entry::from),
            "in_front": {"confidence": confidence, "who": fronts},
        })),
        format => {
            let known = cloud.or_else(|| args.platform.as_deref().and_then(Cloud::of));
            answer_told(&found, cause, format) + &in_front(confidence, &fronts, known, format) + &more(args, cause)
        }
    };
    report::print(&text)?;
    Ok(if cause.is_some() || !fronts.is_empty() { Exit::Clear } else { Exit::CannotTell })
}

/// Refuses what no failed request can have.
fn check(code: u16, after: Option<f64>) -> Result<(), Error> {
    match code {
        400..600 => {}
        100..400 => {
            return Err(Error::usage(
                format!("{code} is no failure"),
                "only answers from 400 to 599 are explained; holdup why tells of the workload itself",
            ));
        }
        _ => return Err(Error::usage(format!("{code} is no HTTP status"), "a status from 400 to 599, as in --http 503")),
    }
    if after.is_some_and(|after| !after.is_finite() || after < 0.0) {
        return Err(Error::usage("no answer comes after such a time", "seconds from the request to the answer, as in --after 29.3"));
    }
    Ok(())
}

/// The cause again, unless its name says that it is one cloud's own and the cloud is another.
fn of_cloud(mut found: Classification, cloud: Option<Cloud>) -> Classification {
    let elsewhere = |id: &CauseId| {
        let own = id.as_str().rsplit('-').next().and_then(Cloud::named);
        matches!((own, cloud), (Some(own), Some(cloud)) if own != cloud)
    };
    found.also.retain(|id| !elsewhere(id));
    if found.cause.as_ref().is_some_and(elsewhere) {
        let also = if found.also.is_empty() { None } else { Some(found.also.remove(0)) };
        found = Classification { cause: also, confidence: Confidence::Possible, ..found };
    }
    found
}

/// The cause that the answer names, if it names one.
fn answer_told(found: &Classification, cause: Option<&Cause>, format: Format) -> String {
    match (cause, format) {
        (Some(cause), Format::Markdown) => entry_markdown(cause),
        (Some(cause), _) => format!("{}: {}", confidence_word(found.confidence), entry_text(cause)),
        (None, _) => "no known cause answers like this by itself\n".to_owned(),
    }
}

/// What stands in front and may have answered instead of the program.
fn in_front(confidence: Confidence, fronts: &[&Front], known: Option<Cloud>, format: Format) -> String {
    let mut out = String::new();
    let Some((_, more)) = fronts.split_first() else { return out };
    let who = if more.is_empty() { "Who answered" } else { "Who may have answered" };
    let _ = match format {
        Format::Markdown => write!(out, "\n### {who} ({})\n\n", confidence_word(confidence)),
        _ => write!(out, "\n{who} ({})\n", confidence_word(confidence)),
    };
    for front in fronts {
        // Where the cloud is not known, several have a load balancer.
        let whose = front.cloud.filter(|_| known.is_none()).map(|cloud| format!(" ({})", cloud.name())).unwrap_or_default();
        let line = format!("{}{whose}: {}", front.who, front.says);
        match format {
            Format::Markdown => {
                let _ = writeln!(out, "- {line}");
            }
            _ => wrap(&mut out, "  - ", &line),
        }
    }
    out
}

/// What else would narrow it down.
fn more(args: &Args, cause: Option<&Cause>) -> String {
    let hint = match (args.body.is_empty(), args.after) {
        (true, _) => "the answer's body would tell more: --body '…'",
        (false, None) => "the time it took would tell more: --after SECONDS",
        (false, Some(_)) if cause.is_none() => "the workload itself may tell: holdup why",
        (false, Some(_)) => return String::new(),
    };
    format!("\n  {hint}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_can_be_shown_in_every_form() {
        for cause in catalogue::all() {
            let text = entry(cause, Format::Text);
            assert!(text.starts_with(&cause.title) && text.contains("Ways out"));
            assert!(entry(cause, Format::Markdown).starts_with("## "));
            let json: serde_json::Value = serde_json::from_str(&entry(cause, Format::Json)).unwrap();
            assert_eq!(json["id"], cause.id.as_str());
        }
    }

    #[test]
    fn an_unknown_id_offers_near_ones() {
        let error = find("aws/vcpu-quota").unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains("aws/vcpu-quota-on-demand"), "{error}");
        assert!(find("qqqq").unwrap_err().to_string().contains("--list"));
    }

    #[test]
    fn paragraphs_are_set_within_the_width() {
        let mut out = String::new();
        wrap(&mut out, "  - ", &"word ".repeat(60));
        assert!(out.lines().all(|line| line.len() <= WIDTH) && out.lines().skip(1).all(|line| line.starts_with("    word")));
    }

    #[test]
    fn an_answer_without_a_cause_still_says_who_gave_it() {
        let (confidence, fronts) =
            fronts::behind(&fronts::Answer { status: 504, after: Some(29.0), cloud: Some(Cloud::Aws), ..fronts::Answer::default() });
        let told = in_front(confidence, &fronts, Some(Cloud::Aws), Format::Text);
        assert!(told.starts_with("\nWho ") && told.contains("(likely)") && told.contains("API Gateway"), "{told}");
        assert!(!told.contains("Amazon"), "{told}");
        assert!(in_front(confidence, &fronts, None, Format::Text).contains("API Gateway (REST) (Amazon Web Services): "));
        assert!(in_front(confidence, &[], None, Format::Text).is_empty());
    }

    #[test]
    fn what_no_failed_request_has_is_refused() {
        for code in [400, 404, 499, 503, 599] {
            assert!(check(code, Some(0.0)).is_ok());
        }
        for (code, after, said) in [
            (0, None, "no HTTP status"),
            (99, None, "no HTTP status"),
            (200, None, "no failure"),
            (302, None, "no failure"),
            (600, None, "no HTTP status"),
            (504, Some(-3.0), "such a time"),
            (504, Some(f64::NAN), "such a time"),
            (504, Some(f64::INFINITY), "such a time"),
        ] {
            let error = check(code, after).unwrap_err();
            assert!(error.exit() == Exit::Usage && error.to_string().contains(said), "{code} {after:?}: {error}");
        }
    }

    #[test]
    fn a_cause_of_one_cloud_is_not_told_on_another() {
        let answer = |cloud: Option<Cloud>| {
            let hints = Hints { after: Some(300.0), ..Hints::field("anyscale", Field::HttpBody).with_status("504") };
            of_cloud(signature::classify("", &hints), cloud).cause.map(|cause| cause.0)
        };
        assert_eq!(answer(Some(Cloud::Aws)).as_deref(), Some("anyscale/http-504-aws"));
        assert_eq!(answer(None).as_deref(), Some("anyscale/http-504-aws"));
        assert_ne!(answer(Some(Cloud::Azure)).as_deref(), Some("anyscale/http-504-aws"));
    }

    /// The page beside the data is what the program prints; `HOLDUP_BLESS=1` writes it again.
    #[test]
    fn the_page_of_causes_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain/causes/README.md");
        let page = list(None, Format::Markdown);
        if std::env::var_os("HOLDUP_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let shown = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(shown == page, "{} differs from the data; HOLDUP_BLESS=1 cargo test --lib page_of_causes", path.display());
    }

    #[test]
    fn every_name_of_a_cause_is_found() {
        for cause in catalogue::all() {
            for name in cause.also_known_as.iter().chain([&cause.id]) {
                assert_eq!(find(name.as_str()).unwrap().id, cause.id);
            }
        }
    }

    #[test]
    fn the_list_can_be_narrowed() {
        assert!(list(Some("cortex"), Format::Text).lines().all(|line| line.starts_with("cortex/")));
        assert!(list(None, Format::Markdown).contains("`aws/iam-denied`"));
    }
}
