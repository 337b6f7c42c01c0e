//! What the autoscaler waits for, tries and is refused: from its text, which both autoscalers
//! write, from the first one's report, and from the cluster's events.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::wire::{ClusterEvent, StatusData};
use super::amounts::{literal, same, usage};
use super::moment;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// What the autoscaler tells.
#[derive(Clone, Debug, Default)]
pub struct Autoscaler {
    /// Lines such as `gpu_l4, 1 launching`.
    pub pending: Vec<String>,
    /// Lines such as `gpu_a10g: InsufficientInstanceCapacity (latest_attempt: 03:19:26)`, one a type.
    pub failures: Vec<String>,
    /// Demands that wait, with their line.
    pub demands: Vec<(BTreeMap<String, f64>, String)>,
    /// Used and total by resource.
    pub usage: BTreeMap<String, (f64, f64)>,
    usage_lines: Vec<String>,
    /// Why the monitor crashed.
    pub error: Option<String>,
    /// Its events, newest first.
    pub events: Vec<(Option<Timestamp>, String)>,
}

/// Something said of a demand: field, sentence, time.
pub type About = (&'static str, Text, Option<Timestamp>);

impl Autoscaler {
    /// Reads the text form.
    pub fn read_text(&mut self, text: &str) {
        let mut section = "";
        for line in text.lines() {
            let Some(own) = line.strip_prefix(' ') else {
                section = line.trim_end_matches(':');
                continue;
            };
            if own.starts_with('(') {
                continue;
            }
            match section {
                "Pending" => self.pending.push(own.to_owned()),
                "Recent failures" => self.fail(own),
                "Total Usage" | "Usage" => self.used(own),
                "Pending Demands" | "Demands" => {
                    if let Some((bundle, _)) = own.split_once("}:").filter(|(bundle, _)| !bundle.contains('*')) {
                        self.demands.push((literal(bundle), own.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }

    fn used(&mut self, line: &str) {
        if let Some((name, used, total)) = usage(line) {
            self.usage.insert(name.to_owned(), (used, total));
            self.usage_lines.push(line.to_owned());
        }
    }

    /// One line a type: the newest stands first.
    fn fail(&mut self, line: &str) {
        if !self.failures.iter().any(|known| kind(known) == kind(line)) {
            self.failures.push(line.to_owned());
        }
    }

    /// Reads the first autoscaler's report for what the text leaves out: the provider's own words.
    pub fn read_report(&mut self, data: &StatusData) {
        self.error = data.autoscaling_error.clone().filter(|error| !error.is_empty());
        let availabilities = data.cluster_status.pointer("/autoscalerReport/nodeAvailabilitySummary/nodeAvailabilities");
        for entry in availabilities.and_then(Value::as_object).into_iter().flat_map(serde_json::Map::values) {
            if entry.pointer("/isAvailable").and_then(Value::as_bool) != Some(false) {
                continue;
            }
            let text = |path: &str| entry.pointer(path).and_then(Value::as_str).unwrap_or_default();
            let description = text("/unavailableNodeInformation/description");
            match self.failures.iter_mut().find(|known| kind(known) == text("/nodeType")) {
                Some(known) => {
                    known.push(' ');
                    known.push_str(description);
                }
                None => {
                    self.failures.push(format!("{}: {}: {description}", text("/nodeType"), text("/unavailableNodeInformation/category")));
                }
            }
        }
    }

    /// Reads events; only the autoscaler's own are of interest.
    pub fn read_events(&mut self, events: &BTreeMap<String, Vec<ClusterEvent>>) {
        let own = events.values().flatten().filter(|event| event.source_type.as_deref() == Some("AUTOSCALER"));
        self.events = own
            .map(|event| {
                let seconds = event.timestamp.as_f64().or_else(|| event.timestamp.as_str()?.parse().ok());
                (seconds.and_then(moment), event.message.clone())
            })
            .collect();
        self.events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// What it says of a demand that waits, the weightiest first.
    pub fn about(&self, demand: &BTreeMap<String, f64>) -> Vec<About> {
        let mut said: Vec<About> = Vec::new();
        let impossible = self.events.iter().find(|(_, text)| {
            let bundle = text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(bundle, _)| bundle);
            text.contains("No available node types") && bundle.is_some_and(|bundle| same(&literal(bundle), demand))
        });
        said.extend(impossible.map(told));
        for line in self.failures.iter().filter(|line| self.concerns(line, demand)) {
            let of_type = format!("of type {}.", kind(line));
            let event = self.events.iter().find(|(_, text)| text.starts_with("Failed to launch") && text.contains(&of_type));
            said.extend(event.map(told));
            said.push(("autoscaler.recent_failures", Text::clean(&format!("Recent failures: {line}")), None));
        }
        if said.is_empty() {
            let launching = self.pending.iter().filter(|line| self.concerns(line, demand));
            said.extend(launching.map(|line| ("autoscaler.pending", Text::clean(line), None)));
        }
        if let Some((_, line)) = self.demands.iter().find(|(known, _)| same(known, demand)) {
            let text = format!("Total Usage: {} Pending Demands: {line}", self.usage_lines.join(" "));
            said.push(("autoscaler.pending_demands", Text::clean(&text), None));
        }
        said
    }

    /// Whether a line about a node type can be about a demand: the accelerator that is asked for
    /// stands in the type's name, or only one demand waits at all.
    fn concerns(&self, line: &str, demand: &BTreeMap<String, f64>) -> bool {
        match demand.keys().find_map(|name| name.strip_prefix("accelerator_type:")) {
            Some(accelerator) => kind(line).to_lowercase().contains(&accelerator.to_lowercase()),
            None => self.demands.len() <= 1 && self.demands.iter().all(|(known, _)| same(known, demand)),
        }
    }
}

/// The node type that a line begins with.
fn kind(line: &str) -> &str {
    line.split([':', ',']).next().unwrap_or_default()
}

fn told((at, text): &(Option<Timestamp>, String)) -> About {
    ("autoscaler.event", Text::clean(text), *at)
}
