//! One line of the doctor's report, and the report as text and JSON.

use std::fmt::Write;

use serde::Serialize;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing to do.
    Note,
    /// In the way, with a next step.
    Fail,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it belongs to: `terminal`, `configuration`, or a context.
    pub area: String,
    /// What was looked at.
    pub what: String,
    /// How it came out.
    pub mark: Mark,
    /// What was seen.
    pub says: String,
    /// What the person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Permissions that would help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
}

impl Check {
    /// All is well.
    pub fn ok(area: &str, what: impl Into<String>, says: impl Into<String>) -> Self {
        Self { area: area.to_owned(), what: what.into(), mark: Mark::Ok, says: says.into(), next: None, permissions: Vec::new() }
    }

    /// Worth knowing.
    pub fn note(area: &str, what: impl Into<String>, says: impl Into<String>) -> Self {
        Self { mark: Mark::Note, ..Self::ok(area, what, says) }
    }

    /// In the way.
    pub fn fail(area: &str, what: impl Into<String>, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { mark: Mark::Fail, next: Some(next.into()), ..Self::ok(area, what, says) }
    }
}

/// The report for people.
pub fn text(checks: &[Check]) -> String {
    let mut out = String::new();
    let mut area = "";
    let width = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or_default().min(28);
    for check in checks {
        if check.area != area {
            area = &check.area;
            let gap = if out.is_empty() { "" } else { "\n" };
            let _infallible = writeln!(out, "{gap}{area}");
        }
        let _infallible = writeln!(out, "  {:<4}  {:<width$}  {}", check.mark.word(), check.what, check.says);
        let indent = width + 10;
        if !check.permissions.is_empty() {
            let _infallible = writeln!(out, "{:indent$}needs: {}", "", check.permissions.join(", "));
        }
        if let Some(next) = &check.next {
            let _infallible = writeln!(out, "{:indent$}next: {next}", "");
        }
    }
    let failed = checks.iter().filter(|check| check.mark == Mark::Fail).count();
    let _infallible = match failed {
        0 => writeln!(out, "\nall is well"),
        1 => writeln!(out, "\n1 thing is in the way"),
        _ => writeln!(out, "\n{failed} things are in the way"),
    };
    out
}

/// The report for scripts.
///
/// # Errors
/// Never for these types; the serializer's word is passed on.
pub fn json(checks: &[Check]) -> serde_json::Result<String> {
    let value = serde_json::json!({ "schema": "holdup/doctor/1", "checks": checks });
    serde_json::to_string_pretty(&value).map(|text| text + "\n")
}
