//! One replica: its containers with their probes, where it may run, what happened to it.

use super::document::Document;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::view::content::Span;
use crate::console::view::nodes::amounts;
use crate::console::view::replicas::{self, state};
use crate::domain::id::ResourceKey;
use crate::domain::placement::{LabelOperator, LabelRule, Placement};
use crate::domain::replica::{Container, ContainerState, Probe, ProbeKind, Replica};
use crate::domain::text::Text;

/// Everything known of a replica.
pub fn write(document: &mut Document, model: &Model, key: &ResourceKey) {
    let found = replicas::select(model, |replica| replica.key == *key);
    let Some(replica) = found.first() else { return };
    overview(document, replica);
    for container in &replica.containers {
        write_container(document, container);
    }
    document.section("Conditions");
    document.conditions(&replica.conditions);
    document.section("Where it may run");
    write_placement(document, &replica.placement);
    document.events(model, key);
}

fn overview(document: &mut Document, replica: &Replica) {
    let (glyph, meaning) = state::look(replica);
    document.field("replica", &replica.key.name);
    let answers = if replica.ready { ", answers" } else { "" };
    document.line("state", vec![Span::new(format!("{glyph} {}{answers}", replica.state), meaning)]);
    document.field("why", state::why(replica));
    document.some("said", replica.message.as_ref());
    document.field("of", replica.workload.as_ref().map_or("no workload that is watched", |workload| workload.name.as_str()));
    if !replica.version.is_empty() {
        document.field("version", format!("{} ({})", replica.version, if replica.is_current { "new" } else { "old" }));
    }
    document.field("node", replica.node.as_ref().map_or("none yet", Text::as_str));
    document.field("holds", amounts::demand(replica.demand, &replica.extended));
    document.field("restarts", replica.restarts.to_string());
    document.at("made", replica.created_at);
    document.at("got its node", replica.placed_at);
    document.at("going since", replica.deleting_since);
}

fn write_container(document: &mut Document, container: &Container) {
    document.section(&format!("{} {}", if container.init { "Runs first:" } else { "Container" }, container.name));
    document.field("image", &container.image);
    let (word, meaning) = match &container.state {
        ContainerState::Waiting { .. } => ("waiting", Meaning::Held),
        ContainerState::Running { .. } if container.ready => ("running, ready", Meaning::Live),
        ContainerState::Running { .. } => ("running, not ready", Meaning::Progressing),
        ContainerState::Terminated(end) if end.exit_code == 0 => ("ended well", Meaning::Idle),
        ContainerState::Terminated(_) => ("ended", Meaning::Failed),
        ContainerState::Unknown => ("unknown", Meaning::Unknown),
    };
    let mut line = vec![Span::new(word, meaning)];
    match &container.state {
        ContainerState::Waiting { reason, message } => line.push(Span::plain(format!("  {reason}  {message}"))),
        ContainerState::Terminated(end) => line.push(Span::plain(format!("  {}", state::ended(end)))),
        ContainerState::Running { .. } | ContainerState::Unknown => {}
    }
    document.line("state", line);
    if let ContainerState::Running { since } = &container.state {
        document.at("since", *since);
    }
    if let Some(end) = &container.last {
        document.line("ended last", vec![Span::new(state::ended(end), Meaning::Failed)]);
        document.at("at", end.finished_at);
    }
    if container.restarts > 0 {
        document.field("restarts", container.restarts.to_string());
    }
    for probe in &container.probes {
        write_probe(document, probe);
    }
    let ports: Vec<String> = container.ports.iter().map(u16::to_string).collect();
    document.field("ports", ports.join(", "));
    document.some("memory limit", container.memory_limit.map(amounts::memory));
}

fn write_probe(document: &mut Document, probe: &Probe) {
    let name = match probe.kind {
        ProbeKind::Startup => "startup",
        ProbeKind::Readiness => "readiness",
        ProbeKind::Liveness => "liveness",
    };
    let patience = u64::from(probe.failures) * u64::from(probe.period);
    let times = format!(
        "  after {} s, each {} s, {} s time, {} failures count ({patience} s)",
        probe.initial_delay, probe.period, probe.timeout, probe.failures
    );
    document.line(name, vec![Span::plain(probe.asks.as_str()), Span::muted(times)]);
}

fn write_placement(document: &mut Document, placement: &Placement) {
    let selector: Vec<String> = placement.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    document.field("labels", selector.join(", "));
    for term in &placement.affinity {
        let rules: Vec<String> = term.all.iter().map(rule).collect();
        document.field("one of", rules.join(" and "));
    }
    let tolerations: Vec<String> = placement
        .tolerations
        .iter()
        .map(|toleration| {
            let value = toleration.value.as_ref().map(|value| format!("={value}")).unwrap_or_default();
            let key = if toleration.key.is_empty() { "every taint" } else { toleration.key.as_str() };
            let effect = if toleration.effect.is_empty() { String::new() } else { format!(":{}", toleration.effect) };
            format!("{key}{value}{effect}")
        })
        .collect();
    document.field("puts up with", tolerations.join(", "));
    document.list("neighbours", &placement.neighbours);
    document.list("volumes", &placement.claims);
    document.list("needs", &placement.needs);
    document.list("pulls with", &placement.pull_secrets);
    let ports: Vec<String> = placement.host_ports.iter().map(u16::to_string).collect();
    document.field("node ports", ports.join(", "));
    if let Some(class) = &placement.priority_class {
        document.field("priority", format!("{} ({class})", placement.priority));
    }
    document.field("scheduler", &placement.scheduler);
    document.list("held by gates", &placement.gates);
    document.some("runtime", placement.runtime_class.as_ref());
}

/// A rule on a label in words.
pub fn rule(rule: &LabelRule) -> String {
    let values: Vec<&str> = rule.values.iter().map(Text::as_str).collect();
    let values = values.join(", ");
    match rule.operator {
        LabelOperator::In => format!("{} in {values}", rule.key),
        LabelOperator::NotIn => format!("{} not in {values}", rule.key),
        LabelOperator::Exists => format!("has {}", rule.key),
        LabelOperator::DoesNotExist => format!("has no {}", rule.key),
        LabelOperator::Gt => format!("{} > {values}", rule.key),
        LabelOperator::Lt => format!("{} < {values}", rule.key),
    }
}
