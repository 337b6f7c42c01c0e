//! A pod's containers: what they ask, how they are probed, what they do.

use serde_json::Value;

use super::super::tree::Fields;
use crate::domain::replica::{Container, ContainerState, Probe, ProbeKind, Termination};
use crate::domain::text::Text;
use crate::source::quantity::units;

/// Bytes of a container's message that are kept: enough for the last lines of a log.
const MESSAGE: usize = 4_096;

/// Bytes of a probe's command that are kept.
const COMMAND: usize = 200;

/// One container from its specification and, where the node agent reported, its status.
pub fn container(spec: &Value, status: Option<&Value>, init: bool) -> Container {
    let status = status.unwrap_or(&Value::Null);
    let ports = spec.list("ports");
    Container {
        name: spec.word("name"),
        init,
        image: spec.word("image"),
        ready: status.flag("ready"),
        restarts: status.count("restartCount"),
        state: state(status.at("state")),
        last: status.at("lastState").has("terminated").then(|| termination(status.at("lastState").at("terminated"))),
        probes: probes(spec),
        ports: ports.iter().filter_map(|port| port_number(port.at("containerPort"))).collect(),
        memory_limit: spec.at("resources").at("limits").optional_text("memory").and_then(|text| units(&text)),
    }
}

fn state(tree: &Value) -> ContainerState {
    if tree.has("running") {
        ContainerState::Running { since: tree.at("running").time("startedAt") }
    } else if tree.has("terminated") {
        ContainerState::Terminated(termination(tree.at("terminated")))
    } else if tree.has("waiting") {
        let waiting = tree.at("waiting");
        ContainerState::Waiting { reason: waiting.word("reason"), message: lines(waiting) }
    } else {
        ContainerState::Unknown
    }
}

fn termination(tree: &Value) -> Termination {
    let small = |name: &str| tree.whole(name).and_then(|number| i32::try_from(number).ok());
    Termination {
        reason: tree.word("reason"),
        message: lines(tree),
        exit_code: small("exitCode").unwrap_or_default(),
        signal: small("signal").filter(|signal| *signal != 0),
        started_at: tree.time("startedAt"),
        finished_at: tree.time("finishedAt"),
    }
}

fn lines(tree: &Value) -> Text {
    tree.at("message").as_str().map_or_else(|| tree.word("message"), |message| Text::clean_lines(message, MESSAGE))
}

fn probes(spec: &Value) -> Vec<Probe> {
    let kinds = [("startupProbe", ProbeKind::Startup), ("readinessProbe", ProbeKind::Readiness), ("livenessProbe", ProbeKind::Liveness)];
    kinds.into_iter().filter(|(field, _)| spec.has(field)).map(|(field, kind)| probe(spec, spec.at(field), kind)).collect()
}

/// A probe with the API's defaults: a try every 10 s that may take 1 s, three failures count.
fn probe(spec: &Value, tree: &Value, kind: ProbeKind) -> Probe {
    let (asks, port) = asked(spec, tree);
    Probe {
        kind,
        asks,
        port,
        initial_delay: tree.count("initialDelaySeconds"),
        period: tree.optional_count("periodSeconds").unwrap_or(10),
        timeout: tree.optional_count("timeoutSeconds").unwrap_or(1),
        failures: tree.optional_count("failureThreshold").unwrap_or(3),
    }
}

fn asked(spec: &Value, tree: &Value) -> (Text, Option<u16>) {
    let at = |how: &Value| {
        let port = resolve(spec, how.at("port"));
        (port, port.map_or_else(|| how.text("port"), |port| port.to_string().into()))
    };
    if tree.has("httpGet") {
        let http = tree.at("httpGet");
        let (port, shown) = at(http);
        let scheme = if http.text("scheme") == "HTTPS" { "https" } else { "http" };
        let path = http.text("path");
        let slash = if path.starts_with('/') { "" } else { "/" };
        return (format!("{scheme} {}:{shown}{slash}{path}", http.text("host")).into(), port);
    }
    if tree.has("tcpSocket") {
        let (port, shown) = at(tree.at("tcpSocket"));
        return (format!("tcp :{shown}").into(), port);
    }
    if tree.has("grpc") {
        let (port, shown) = at(tree.at("grpc"));
        let service = tree.at("grpc").text("service");
        let separator = if service.is_empty() { "" } else { "/" };
        return (format!("grpc :{shown}{separator}{service}").into(), port);
    }
    let command = tree.at("exec").texts("command").join(" ");
    (Text::clean_to(&format!("exec {command}"), COMMAND), None)
}

/// A port by number, or by the name a container's port has.
fn resolve(spec: &Value, port: &Value) -> Option<u16> {
    port_number(port).or_else(|| {
        let name = port.as_str()?;
        let named = spec.list("ports").iter().find(|port| port.at("name").as_str() == Some(name))?;
        port_number(named.at("containerPort"))
    })
}

/// A port; numbers in quotes are numbers too.
pub fn port_number(tree: &Value) -> Option<u16> {
    let number = tree.as_u64().or_else(|| tree.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|port| *port > 0)
}
