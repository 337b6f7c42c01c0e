//! Serving platforms on Kubernetes: the objects above Deployments and pods.

use serde_json::Value;

use super::super::super::world::{Api, ApiKind};
use super::object::{Named, View};

/// Who made the Deployment, where a serving platform did.
pub(super) fn owner_of_deployment(view: View<'_>, api: &Api) -> Option<Value> {
    (api.kind == ApiKind::InferenceService)
        .then(|| view.owner(Named::new("serving.kserve.io/v1beta1", "InferenceService", &api.namespace, &api.name)))
}
