//! `GET /metrics`: Prometheus text, open to everybody as the real one.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::super::world::{ApiKind, PodPhase, machine::machine};
use super::{Answer, Operator};

/// Queue figures of asynchronous APIs and the cost of the cluster.
pub(super) async fn metrics(State(operator): State<Operator>) -> Answer {
    let text = operator.look(|world, cluster| {
        let mut text = String::new();
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        for (name, per_replica) in [("active", 1), ("in_flight", 3), ("queued", 2)] {
            line(format!("# TYPE cortex_async_{name} gauge"));
            for api in cluster.apis.iter().filter(|api| api.kind == ApiKind::Async) {
                let ready = api.replicas().filter(|pod| pod.phase == PodPhase::Ready).count();
                let value = ready * per_replica;
                line(format!("cortex_async_{name}{{api_kind=\"AsyncAPI\",api_name=\"{}\"}} {value}", api.name));
            }
        }
        let cost: u32 = cluster.live_nodes(world.now).map(|node| machine(&node.instance_type).price_milli_usd).sum();
        line("# TYPE cortex_cluster_cost gauge".to_owned());
        line(format!("cortex_cluster_cost{{api=\"false\",component=\"cluster-costs\",kind=\"false\"}} {}", f64::from(cost) / 1_000.0));
        Ok(text)
    })?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
