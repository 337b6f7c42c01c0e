//! `holdup fit WORKLOAD`: plays an update before anybody deploys it.

use super::format::Format;
use super::observe::{Reading, observe};
use super::{Error, Exit, Globals, report};
use crate::domain::id::ResourceKey;
use crate::domain::workload::Amount;
use crate::explain::fit::{Fit, Proposal, plan};
use crate::explain::report::{fit_exit_code, fit_json, fit_markdown, fit_text};
use crate::explain::world::World;

/// Arguments of `fit`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 it fits (now, or after new machines), 1 it gets stuck, 2 wrong usage or configuration, 3 cannot tell, 4 time ran out."
)]
pub struct Args {
    /// Which workload
    workload: String,
    /// With so many replicas
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replicas: Option<u32>,
    /// With so many extra replicas during the update: a number or a percentage
    #[arg(long, value_name = "N|N%", value_parser = amount)]
    max_surge: Option<Amount>,
    /// With so many missing replicas during the update: a number or a percentage
    #[arg(long, value_name = "N|N%", value_parser = amount)]
    max_unavailable: Option<Amount>,
    /// With so many GPUs a replica
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=1_024))]
    gpu: Option<i64>,
    /// With so much CPU a replica: cores or thousandths, such as 2, 1.5 or 500m
    #[arg(long, value_name = "CORES", value_parser = cpu)]
    cpu: Option<i64>,
    /// With so much memory a replica, such as 8Gi or 512Mi
    #[arg(long, value_name = "BYTES", value_parser = memory)]
    memory: Option<i64>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

fn amount(text: &str) -> Result<Amount, String> {
    let (digits, percent) = text.strip_suffix('%').map_or((text, false), |digits| (digits, true));
    let number: u32 = digits.parse().map_err(|_| "a number such as 1, or a percentage such as 25%".to_owned())?;
    Ok(if percent { Amount::Percent(number) } else { Amount::Count(number) })
}

/// Thousandths of a core.
fn cpu(text: &str) -> Result<i64, String> {
    let wrong = || "cores such as 2, 1.5 or 500m".to_owned();
    if let Some(millis) = text.strip_suffix('m') {
        return millis.parse().ok().filter(|millis| *millis > 0).ok_or_else(wrong);
    }
    thousandths(text).filter(|millis| *millis > 0).ok_or_else(wrong)
}

/// Bytes.
fn memory(text: &str) -> Result<i64, String> {
    const UNITS: &[(&str, i64)] = &[
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    let (number, unit) = UNITS.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit))).unwrap_or((text, 1));
    let bytes = thousandths(number).and_then(|thousandths| thousandths.checked_mul(unit)).map(|thousandths| thousandths / 1_000);
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| "an amount such as 8Gi, 512Mi or 1073741824".to_owned())
}

/// A decimal number, in thousandths.
fn thousandths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !part.chars().all(|digit| digit.is_ascii_digit()) || whole.is_empty() || !whole.chars().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part: i64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(part)
}

impl Args {
    fn proposal(&self) -> Proposal {
        Proposal {
            replicas: self.replicas,
            max_surge: self.max_surge,
            max_unavailable: self.max_unavailable,
            cpu_millis: self.cpu,
            memory_bytes: self.memory,
            gpus: self.gpu,
        }
    }
}

/// Reads, plays, prints.
///
/// # Errors
/// A wrong configuration, context or workload name.
pub async fn run(args: &Args, globals: &Globals) -> Result<Exit, Error> {
    let observed = observe(globals, Some(&args.workload), &args.reading).await?;
    observed.tell_what_was_in_the_way();
    let answer = observed.report(Some(&args.workload))?;
    let named: Vec<&ResourceKey> = answer.entries.iter().filter_map(|entry| entry.workload).map(|workload| &workload.key).collect();
    if named.is_empty() {
        // Its context could not be read at all; the notes have said why.
        return Ok(observed.exit(&answer));
    }
    let world = World::new(&observed.snapshot, observed.now);
    let fits: Vec<Fit> = named.into_iter().filter_map(|workload| plan(&world, workload, &args.proposal())).collect();
    let text = match args.format {
        Format::Text => fit_text(&fits, observed.now, observed.style(globals)),
        Format::Json => fit_json(&fits, observed.now),
        Format::Markdown => fit_markdown(&fits, observed.now),
    };
    report::print(&text)?;
    Ok(match fit_exit_code(&fits) {
        0 => Exit::Clear,
        1 => Exit::Held,
        _ => Exit::CannotTell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        assert_eq!((cpu("2"), cpu("1.5"), cpu("500m")), (Ok(2_000), Ok(1_500), Ok(500)));
        assert_eq!((memory("8Gi"), memory("1.5Gi"), memory("1024")), (Ok(8 << 30), Ok(3 << 29), Ok(1_024)));
        assert_eq!((amount("25%"), amount("1")), (Ok(Amount::Percent(25)), Ok(Amount::Count(1))));
        for wrong in ["", "x", "-1", "1.x", "0", "9999999999999Gi"] {
            assert!(cpu(wrong).is_err() && memory(wrong).is_err(), "{wrong}");
        }
        assert!(amount("a quarter").is_err());
    }
}
