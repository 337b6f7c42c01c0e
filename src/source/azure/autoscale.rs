//! Autoscale settings: within which bounds a deployment is scaled, and by which rules. Pure.

use super::wire::{AutoscaleProfile, AutoscaleRow, AutoscaleRule};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::limits::Scaler;
use crate::domain::text::Text;
use crate::domain::time::{Duration, words};
use crate::domain::workload::ReplicaBounds;

/// The most rules that are told.
const TOLD: usize = 12;

/// What scales one deployment.
#[derive(Clone, Debug)]
pub struct Autoscale {
    name: String,
    /// Between what.
    pub bounds: ReplicaBounds,
    rules: Vec<Text>,
}

impl Autoscale {
    /// A setting that acts, with the lower-case id of what it scales; `None` for one that is switched off or has no
    /// bounds.
    pub fn read(row: &AutoscaleRow) -> Option<(String, Self)> {
        let properties = &row.properties;
        // Profiles with days or times of their own count only then; the one without counts otherwise.
        let always = |profile: &&AutoscaleProfile| profile.fixed_date.is_none() && profile.recurrence.is_none();
        let usual = properties.profiles.iter().find(always).or_else(|| properties.profiles.first())?;
        let bounds = bounds(usual)?;
        let others = properties.profiles.iter().filter(|profile| !std::ptr::eq(*profile, usual));
        let at_times = others.filter_map(|profile| {
            let ReplicaBounds { min, max } = self::bounds(profile)?;
            Some(format!("at times of profile {}: {min} to {max}", profile.name))
        });
        let rules = usual.rules.iter().map(sentence).chain(at_times).take(TOLD).map(Text::from).collect();
        properties.enabled.then(|| (properties.target_resource_uri.to_lowercase(), Self { name: row.name.clone(), bounds, rules }))
    }

    /// It as what scales a workload that has `capacity` instances.
    pub fn scaler(&self, workload: &ResourceKey, capacity: Option<u32>) -> Scaler {
        let current = capacity.unwrap_or_default();
        Scaler {
            key: ResourceKey::new(&workload.context, ResourceKind::Scaler, self.name.as_str()),
            workload: Some(workload.clone()),
            min: self.bounds.min,
            max: self.bounds.max,
            current,
            desired: current,
            metrics: self.rules.clone(),
            conditions: Vec::new(),
        }
    }
}

fn bounds(profile: &AutoscaleProfile) -> Option<ReplicaBounds> {
    Some(ReplicaBounds { min: profile.capacity.minimum.parse().ok()?, max: profile.capacity.maximum.parse().ok()? })
}

/// `CpuUtilizationPercentage above 70 for 5 min: 2 more, then 5 min of rest`.
fn sentence(rule: &AutoscaleRule) -> String {
    let (measured, action) = (&rule.metric_trigger, &rule.scale_action);
    let compared = match measured.operator.as_str() {
        "GreaterThan" => "above",
        "GreaterThanOrEqual" => "from",
        "LessThan" => "below",
        "LessThanOrEqual" => "at most",
        "Equals" => "exactly",
        other => other,
    };
    let percent = if action.kind == "PercentChangeCount" { " %" } else { "" };
    let does = match (action.direction.as_str(), action.kind.as_str()) {
        (_, "ExactCount") => format!("exactly {}", action.value),
        ("Increase", _) => format!("{}{percent} more", action.value),
        ("Decrease", _) => format!("{}{percent} fewer", action.value),
        (other, _) => other.to_owned(),
    };
    let window = span(&measured.time_window).map(|window| format!(" for {window}")).unwrap_or_default();
    let rest = span(&action.cooldown).map(|rest| format!(", then {rest} of rest")).unwrap_or_default();
    format!("{} {compared} {}{window}: {does}{rest}", measured.metric_name, measured.threshold)
}

/// A span as the service writes it (`PT5M`), in words.
fn span(text: &str) -> Option<String> {
    let span: jiff::SignedDuration = text.parse().ok()?;
    Some(words(Duration::try_from(span).ok()?))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::*;

    fn rule(operator: &str, direction: &str, kind: &str, value: &str) -> Value {
        json!({
            "metricTrigger": {"metricName": "CpuUtilizationPercentage", "operator": operator, "threshold": 70, "timeWindow": "PT5M"},
            "scaleAction": {"direction": direction, "type": kind, "value": value, "cooldown": "PT10M"},
        })
    }

    fn read(setting: &Value) -> Option<(String, Autoscale)> {
        Autoscale::read(&AutoscaleRow::deserialize(setting).unwrap())
    }

    #[test]
    fn rules_become_sentences_and_other_profiles_are_named() {
        let rules = [
            rule("GreaterThan", "Increase", "ChangeCount", "2"),
            rule("LessThanOrEqual", "Decrease", "PercentChangeCount", "50"),
            rule("Equals", "None", "ExactCount", "3"),
        ];
        let night = json!({"name": "night", "capacity": {"minimum": "0", "maximum": "1"}, "recurrence": {"frequency": "Week"}});
        let usual = json!({"name": "default", "capacity": {"minimum": "2", "maximum": "8"}, "rules": rules});
        let setting = json!({"name": "blue", "properties": {"enabled": true, "targetResourceUri": "/Sub/X", "profiles": [night, usual]}});
        let (target, autoscale) = read(&setting).unwrap();
        assert_eq!((target.as_str(), autoscale.bounds), ("/sub/x", ReplicaBounds { min: 2, max: 8 }));
        let told: Vec<&str> = autoscale.rules.iter().map(Text::as_str).collect();
        assert_eq!(
            told,
            [
                "CpuUtilizationPercentage above 70 for 5 min: 2 more, then 10 min of rest",
                "CpuUtilizationPercentage at most 70 for 5 min: 50 % fewer, then 10 min of rest",
                "CpuUtilizationPercentage exactly 70 for 5 min: exactly 3, then 10 min of rest",
                "at times of profile night: 0 to 1",
            ]
        );
        let scaler = autoscale.scaler(&ResourceKey::new(&"c".into(), ResourceKind::Workload, "chat/blue"), Some(8));
        assert_eq!((scaler.min, scaler.max, scaler.current), (2, 8, 8));
    }

    #[test]
    fn what_is_switched_off_or_says_nothing_scales_nothing() {
        for setting in [
            json!({"properties": {"enabled": false, "profiles": [{"capacity": {"minimum": "1", "maximum": "2"}}]}}),
            json!({"properties": {"enabled": true, "profiles": []}}),
            json!({"properties": {"enabled": true, "profiles": [{"capacity": {"minimum": "one", "maximum": 2}}]}}),
            json!({"properties": null}),
        ] {
            assert!(read(&setting).is_none(), "{setting}");
        }
    }
}
