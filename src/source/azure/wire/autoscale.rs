//! Autoscale settings as Azure Monitor sends them (2022-10-01).

use serde::Deserialize;
use serde_json::Value;

use super::soft;

lenient! {
    /// An autoscale setting.
    AutoscaleRow {
        /// Its name.
        name: String,
        /// What it says.
        properties: AutoscaleProperties,
    }
}

lenient! {
    /// What an autoscale setting says.
    AutoscaleProperties {
        /// Whether it acts.
        enabled: bool,
        /// What it scales.
        target_resource_uri: String,
        /// Profiles, the default among them.
        profiles: Vec<AutoscaleProfile>,
    }
}

lenient! {
    /// One profile.
    AutoscaleProfile {
        /// Its name.
        name: String,
        /// Its bounds.
        capacity: AutoscaleCapacity,
        /// When it adds and takes away.
        rules: Vec<AutoscaleRule>,
        /// The days on which it counts, where it is not for always.
        fixed_date: Option<Value>,
        /// The times at which it counts again and again.
        recurrence: Option<Value>,
    }
}

lenient! {
    /// Bounds, written as text.
    AutoscaleCapacity {
        /// Never fewer.
        minimum: String,
        /// Never more.
        maximum: String,
    }
}

lenient! {
    /// One rule.
    AutoscaleRule {
        /// What it measures.
        metric_trigger: AutoscaleTrigger,
        /// What it does.
        scale_action: AutoscaleAction,
    }
}

lenient! {
    /// What a rule measures.
    AutoscaleTrigger {
        /// The figure.
        metric_name: String,
        /// `Average`, `Maximum`, …
        time_aggregation: String,
        /// Over how long, such as `PT5M`.
        time_window: String,
        /// `GreaterThan`, …
        operator: String,
        /// The value it is compared with.
        threshold: f64,
    }
}

lenient! {
    /// What a rule does.
    AutoscaleAction {
        /// `Increase`, `Decrease`, `None`.
        direction: String,
        /// `ChangeCount`, `PercentChangeCount`, `ExactCount`.
        #[serde(rename = "type")]
        kind: String,
        /// By how many, as text.
        value: String,
        /// How long nothing happens afterwards, such as `PT5M`.
        cooldown: String,
    }
}
