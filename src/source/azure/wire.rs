//! What Azure Resource Manager sends, as far as it is used (management API 2025-12-01, Azure
//! Monitor 2024-02-01). Every field may be missing, null or of another shape; no logic here.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A field that is left at its default when it does not have the expected shape.
fn soft<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

macro_rules! lenient {
    ($(#[$outer:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name { $($(#[$field_doc])* #[serde(deserialize_with = "soft")] pub $field: $kind,)* }
    };
}

mod autoscale;

pub use autoscale::*;

lenient! {
    /// A workspace, an endpoint or a deployment; `properties` differ.
    Resource {
        /// The whole path.
        id: String,
        /// The last part of it.
        name: String,
        /// The region.
        location: String,
        /// `Managed` or `K8S`.
        kind: String,
        /// Who it is.
        identity: Identity,
        /// Instances, for deployments.
        sku: Sku,
        /// Who and when.
        system_data: SystemData,
        /// What it is.
        properties: Properties,
    }
}

lenient! {
    /// The identity with which an endpoint fetches images and models.
    Identity {
        /// The id of the one that the system made.
        principal_id: String,
        /// Those that somebody chose.
        user_assigned_identities: BTreeMap<String, Value>,
    }
}

lenient! {
    /// The size of a deployment.
    Sku {
        /// Instances.
        capacity: Option<u32>,
    }
}

lenient! {
    /// Who touched it.
    SystemData {
        /// When it was made.
        created_at: String,
        /// When it was last changed.
        last_modified_at: String,
        /// By whom.
        last_modified_by: String,
    }
}

lenient! {
    /// Properties of endpoints and deployments together.
    Properties {
        /// Where the last operation on it stands.
        provisioning_state: String,
        /// `Managed`, `Kubernetes`.
        endpoint_compute_type: String,
        /// The machine.
        instance_type: String,
        /// The model's id.
        model: String,
        /// The environment's id.
        environment_id: String,
        /// Where requests go.
        scoring_uri: String,
        /// Share of the traffic in percent, by deployment.
        traffic: BTreeMap<String, u32>,
        /// Share of copied traffic in percent.
        mirror_traffic: BTreeMap<String, u32>,
        /// The attached cluster of a Kubernetes endpoint.
        compute: Option<String>,
        /// How it scales.
        scale_settings: ScaleSettings,
        /// What a pod asks for, on Kubernetes.
        container_resource_requirements: Requirements,
        /// The service's own notes, the address of the last operation among them.
        properties: BTreeMap<String, Value>,
    }
}

lenient! {
    /// How a Kubernetes deployment scales.
    ScaleSettings {
        /// `Default` or `TargetUtilization`.
        scale_type: String,
        /// Never fewer.
        min_instances: Option<u32>,
        /// Never more.
        max_instances: Option<u32>,
    }
}

lenient! {
    /// What a pod asks for.
    Requirements {
        /// Requests.
        container_resource_requests: ContainerResources,
    }
}

lenient! {
    /// Kubernetes quantities.
    ContainerResources {
        /// Cores.
        cpu: Option<String>,
        /// Bytes.
        memory: Option<String>,
        /// GPUs.
        gpu: Option<String>,
    }
}

lenient! {
    /// An operation's own resource.
    Operation {
        /// `InProgress`, `Succeeded`, `Failed`, `Canceled`.
        status: String,
        /// When it began.
        start_time: String,
        /// When it ended.
        end_time: String,
        /// Why it failed.
        error: Option<Value>,
    }
}

lenient! {
    /// One line of usages, of either provider.
    UsageRow {
        /// The whole path; below a workspace for shares of it.
        id: String,
        /// Such as `Microsoft.MachineLearningServices/vmFamily/usages`.
        #[serde(rename = "type")]
        kind: String,
        /// Used now.
        current_value: u64,
        /// The limit; -1 for none of its own.
        limit: i64,
        /// Its names.
        name: Named,
    }
}

lenient! {
    /// A name for machines and one for people.
    Named {
        /// For machines.
        value: String,
        /// For people.
        localized_value: String,
    }
}

lenient! {
    /// A machine that the service offers.
    VmSize {
        /// Such as `Standard_DS3_v2`.
        name: String,
        /// Such as `standardDSv2Family`.
        family: String,
        /// Cores.
        #[serde(rename = "vCPUs")]
        cores: u32,
        /// GPUs.
        gpus: u32,
        /// Memory.
        #[serde(rename = "memoryGB")]
        memory_gb: f64,
    }
}

lenient! {
    /// The body of an answer with metrics.
    Metrics {
        /// Metrics.
        value: Vec<Metric>,
    }
}

lenient! {
    /// One metric.
    Metric {
        /// Its name.
        name: Named,
        /// One series for each combination of dimensions.
        timeseries: Vec<Series>,
    }
}

lenient! {
    /// One series.
    Series {
        /// Dimensions; their names come back in lower case.
        metadatavalues: Vec<Dimension>,
        /// Points; those without a number are not there yet.
        data: Vec<Point>,
    }
}

lenient! {
    /// One dimension.
    Dimension {
        /// Its name.
        name: Named,
        /// Its value.
        value: String,
    }
}

lenient! {
    /// One point.
    Point {
        /// When.
        time_stamp: String,
        /// The mean of the minute.
        average: Option<f64>,
    }
}

lenient! {
    /// One row of the activity log.
    ActivityRow {
        /// Who.
        caller: String,
        /// When.
        event_timestamp: String,
        /// What, such as `…/deployments/write`.
        operation_name: Named,
        /// How far it is.
        status: Named,
        /// To what.
        resource_id: String,
        /// How bad it is.
        level: String,
    }
}
