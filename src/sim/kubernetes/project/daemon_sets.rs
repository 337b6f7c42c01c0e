//! The daemon sets behind what runs on every node, the device plugin's among them.

use serde_json::{Value, json};

use super::daemons::System;
use super::object::{Named, View, finished, put_meta};

/// One set; `pods` is how many of it there are and how many of these are ready.
pub(super) fn daemon_set(view: View<'_>, system: &System, (pods, ready): (usize, usize)) -> Value {
    let created = view.cluster.created_at;
    let mut object = view.object(Named::new("apps/v1", "DaemonSet", system.namespace, system.name), created);
    put_meta(&mut object, "generation", json!(1));
    put_meta(&mut object, "labels", json!({ "k8s-app": system.name, "app.kubernetes.io/name": system.name }));
    put_meta(&mut object, "annotations", json!({ "deprecated.daemonset.template.generation": "1" }));
    let labels = json!({ "k8s-app": system.name });
    let image = format!("registry.example/system/{}:1", system.name);
    let mut template = json!({
        "containers": [{ "name": system.name, "image": image, "imagePullPolicy": "IfNotPresent" }],
        "tolerations": [{ "operator": "Exists" }], "priorityClassName": "system-node-critical", "serviceAccountName": system.name,
    });
    if let (Some(label), Value::Object(template)) = (system.on, &mut template) {
        template.insert("nodeSelector".to_owned(), json!({ (label): "true" }));
    }
    let spec = json!({
        "selector": { "matchLabels": labels }, "revisionHistoryLimit": 10,
        "template": { "metadata": { "labels": labels }, "spec": template },
        "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } },
    });
    let mut status = json!({
        "currentNumberScheduled": pods, "desiredNumberScheduled": pods, "numberMisscheduled": 0, "numberReady": ready,
        "observedGeneration": 1, "updatedNumberScheduled": pods,
    });
    if let Value::Object(status) = &mut status {
        // The server leaves out what is zero.
        let counts = [("numberAvailable", ready), ("numberUnavailable", pods - ready)];
        status.extend(counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), json!(count))));
    }
    finished(object, spec, status)
}
