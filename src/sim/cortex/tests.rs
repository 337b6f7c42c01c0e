//! The operator's bytes against the recorded shapes: the same situation must have the same keys
//! with the same types, neither more nor fewer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::super::build::build;
use super::super::scenario::parse;
use super::super::world::{Cluster, World};
use super::{api, info, job};
use crate::clock::now;

/// Parts whose keys are a person's own.
const OPAQUE: &[&str] = &["env", "config", "tags", "submitted_api_spec"];

type Shape = BTreeMap<String, BTreeSet<&'static str>>;

fn shape(value: &Value, path: &str, into: &mut Shape) {
    let (word, is_inner) = match value {
        Value::Null => ("null", false),
        Value::Bool(_) => ("bool", false),
        Value::Number(_) => ("number", false),
        Value::String(_) => ("string", false),
        Value::Array(items) => {
            for item in items {
                shape(item, &format!("{path}[]"), into);
            }
            ("array", false)
        }
        Value::Object(_) => ("object", true),
    };
    into.entry(path.to_owned()).or_default().insert(word);
    if let (true, Value::Object(fields)) = (is_inner, value) {
        for (name, field) in fields.iter().filter(|(name, _)| !OPAQUE.contains(&name.as_str())) {
            shape(field, &format!("{path}.{name}"), into);
        }
    }
}

fn assert_same_shape(what: &str, ours: &Value, recorded: &Value) {
    let (mut mine, mut theirs) = (Shape::new(), Shape::new());
    shape(ours, "", &mut mine);
    shape(recorded, "", &mut theirs);
    let keys = |shape: &Shape| shape.keys().cloned().collect::<BTreeSet<_>>();
    let surplus: Vec<_> = keys(&mine).difference(&keys(&theirs)).cloned().collect();
    let lacking: Vec<_> = keys(&theirs).difference(&keys(&mine)).cloned().collect();
    assert!(surplus.is_empty() && lacking.is_empty(), "{what}: surplus {surplus:#?}, lacking {lacking:#?}");
    for (path, types) in &mine {
        let recorded = &theirs[path];
        let agree = types.intersection(recorded).next().is_some() || types.contains("null") || recorded.contains("null");
        assert!(agree, "{what} at {path}: {types:?}, recorded {recorded:?}");
    }
}

fn world(scenario: &str, elapsed: i64) -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim/scenarios").join(format!("{scenario}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let scenario = parse(&path, &text).unwrap();
    let mut world = build(&path, &scenario, now(), elapsed, 1.0).unwrap();
    world.advance(elapsed);
    world
}

fn recorded(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cortex").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let named = |item: &&Value| item.pointer("/metadata/name").or_else(|| item.pointer("/spec/name")).and_then(Value::as_str) == Some(name);
    list.as_array().unwrap().iter().find(named).unwrap_or_else(|| panic!("{name} in {list}"))
}

fn cluster<'a>(world: &'a World, name: &str) -> &'a Cluster {
    world.clusters.iter().find(|cluster| cluster.name == name).unwrap()
}

#[test]
fn modern_bodies_have_the_recorded_shape() {
    let world = world("stuck-gpu-quota", 2_460);
    let prod = cluster(&world, "prod");
    let generator = prod.api("text-generator").unwrap();
    let list = api::list(&world, prod);
    assert_same_shape("/get", named(&list, "text-generator"), named(&recorded("v042_get_updating_gpu.json"), "text-generator"));
    assert_same_shape("/get/{api}", &api::whole(&world, prod, generator), &recorded("v042_get_api_updating_gpu.json")[0]);
    let described = api::described(&world, prod, generator);
    let reference = &recorded("v042_describe_updating_gpu_stalled.json")[0];
    assert_same_shape("/describe", &described, reference);
    assert_eq!(described["status"], reference["status"], "the situation is the recorded one");
}

#[test]
fn modern_info_has_the_recorded_shape() {
    let world = world("bad-day", 2_460);
    let mut reference = recorded("v042_info_healthy.json");
    reference["worker_node_infos"].as_array_mut().unwrap().truncate(1);
    assert_same_shape("/info", &info::info(&world, cluster(&world, "prod")), &reference);
}

#[test]
fn splitters_and_jobs_have_the_recorded_shape() {
    let world = world("bad-day", 2_460);
    let prod = cluster(&world, "prod");
    let list = api::list(&world, prod);
    let recorded_list = recorded("v042_get_healthy.json");
    assert_same_shape("a splitter", named(&list, "text-router"), named(&recorded_list, "text-router"));
    let router = api::whole(&world, prod, prod.api("text-router").unwrap());
    let mut reference = recorded("v042_get_traffic_splitter.json")[0].clone();
    if router["spec"]["node_groups"].is_null() {
        reference["spec"]["node_groups"] = Value::Null;
    }
    assert_same_shape("one splitter", &router, &reference);
    let batch = prod.api("image-classifier-batch").unwrap();
    let mut ours = job::status(&world, prod, batch, &batch.jobs[0]);
    let mut reference = recorded("v042_batch_job_pending_gpu.json")["job_status"].clone();
    // Which states workers are in differs; the word for each is checked by the client's tests.
    ours["worker_counts"] = Value::Null;
    reference["worker_counts"] = Value::Null;
    assert_same_shape("a job", &ours, &reference);
}

#[test]
fn legacy_bodies_have_the_recorded_shape() {
    let mut world = world("stuck-at-max-instances", 2_460);
    "0.31.1".clone_into(&mut world.clusters[0].version);
    let old = &world.clusters[0];
    let list = api::list(&world, old);
    let mut reference = named(&recorded("v031_get_updating_gpu.json"), "text-generator").clone();
    let mut ours = named(&list, "text-generator").clone();
    assert_eq!(ours["status"]["status_code"], "status_stalled");
    // The latency of an idle API is null in either.
    for item in [&mut ours, &mut reference] {
        item["metrics"]["network_stats"] = Value::Null;
    }
    assert_same_shape("legacy /get", &ours, &reference);
    assert_same_shape("legacy /info", &info::info(&world, old), &recorded("v031_info_stuck_max_instances.json"));
}
