//! How far this machine's clock is from the servers': their `Date` header against ours.
//! A signature older than five minutes is refused by AWS, so this is worth a look.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::check::Check;
use crate::clock;
use crate::config::TlsTrust;
use crate::source::trust::{PinFile, Trust};

/// From here on a difference is worth telling.
const NOTABLE: SignedDuration = SignedDuration::from_secs(30);
/// From here on AWS refuses signatures. Source: the five minutes its own error message names.
const REFUSED: SignedDuration = SignedDuration::from_secs(300);
/// How long to wait for a `Date`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks `url` for its date and compares. Nothing secret is sent, so any certificate will do.
pub async fn check(area: &str, what: &str, url: &str, on_this_machine: bool) -> Check {
    let name = format!("clock of {what}");
    match date_of(url, on_this_machine).await {
        Ok((server, here)) => judge(area, name, here.duration_since(server)),
        Err(why) => Check::note(area, name, format!("not compared: {why}")),
    }
}

async fn date_of(url: &str, on_this_machine: bool) -> Result<(Timestamp, Timestamp), String> {
    let trust = Trust::new(&TlsTrust::AcceptInvalid, "", PinFile::at("unused")).map_err(|failure| failure.message.to_string())?;
    let client = trust.http(on_this_machine).map_err(|failure| failure.message.to_string())?;
    let client = client.timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())?;
    let answer = client.head(url).send().await.map_err(|error| {
        let why = if error.is_timeout() { "no answer in 5 s" } else { "nothing answers there" };
        why.to_owned()
    })?;
    let here = clock::now();
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).ok_or("the answer has no date")?;
    let server = jiff::fmt::rfc2822::parse(date).map_err(|_| "the answer's date is not a date")?;
    Ok((server.timestamp(), here))
}

fn judge(area: &str, what: String, ahead: SignedDuration) -> Check {
    let seconds = ahead.abs().as_secs();
    let direction = if ahead.is_negative() { "behind" } else { "ahead" };
    let says = format!("this machine is {seconds} s {direction}");
    match ahead.abs() {
        difference if difference >= REFUSED => {
            Check::fail(area, what, format!("{says}; AWS refuses signatures from 300 s on"), "set the clock: timedatectl set-ntp true")
        }
        difference if difference >= NOTABLE => Check::note(area, what, says),
        _ => Check::ok(area, what, "agrees with this machine's"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Mark;
    use super::*;

    #[test]
    fn five_minutes_are_too_much_in_either_direction() {
        let marks = [0, 20, -60, 299, 300, -4_000].map(|seconds| judge("a", "b".into(), SignedDuration::from_secs(seconds)).mark);
        assert_eq!(marks, [Mark::Ok, Mark::Ok, Mark::Note, Mark::Note, Mark::Fail, Mark::Fail]);
    }
}
