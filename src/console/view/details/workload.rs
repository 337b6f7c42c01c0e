//! One workload: what was asked for, how its update is carried out and how far it is, and what
//! bounds and holds it besides.

use super::document::Document;
use super::limits;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::view::content::Span;
use crate::console::view::nodes::amounts;
use crate::console::view::replicas;
use crate::domain::id::ResourceKey;
use crate::domain::rollout::{Revision, Rollout};
use crate::domain::snapshot::View;
use crate::domain::text::Text;
use crate::domain::workload::{Amount, Workload};

/// Everything known of a workload.
pub fn write(document: &mut Document, model: &Model, key: &ResourceKey) {
    let Some((_, workload)) = model.snapshot().workload(key) else { return };
    overview(document, workload);
    let views = || model.snapshot().sources(&key.context).map(|(_, source)| &*source.view);
    for rollout in views().flat_map(|view| &view.rollouts).filter(|rollout| rollout.workload == *key) {
        write_rollout(document, rollout);
    }
    beside(document, model, workload, &views().collect::<Vec<_>>());
    document.events(model, key);
}

fn overview(document: &mut Document, workload: &Workload) {
    let status = &workload.status;
    let serving = if status.serving { "answers requests" } else { "answers no request" };
    document.field("name", &workload.key.name);
    document.field("kind", format!("{} on {}", workload.kind, workload.platform));
    document.field("status", format!("{}; {serving}", status.native));
    for message in &workload.messages {
        let code = message.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        document.line("says", vec![Span::new(message.text.as_str(), Meaning::Quoted), Span::muted(format!("  {}{code}", message.field))]);
    }
    let counts = workload.replicas.as_ref();
    let states = counts.map(|counts| replicas::states(counts).into_iter().map(|(count, _, word, _)| format!("{count} {word}")));
    document.some("replicas", states.map(|states| states.collect::<Vec<_>>().join(", ")));
    document.some("bounds", workload.bounds.map(|bounds| format!("{} to {}", bounds.min, bounds.max)));
    document.some("one takes", workload.demand.map(|demand| amounts::demand(demand, &std::collections::BTreeMap::new())));
    document.some("update", strategy(workload));
    document.list("pinned to", &workload.pinned_groups);
    let targets: Vec<String> = workload
        .targets
        .iter()
        .map(|target| format!("{} {}%{}", target.workload, target.weight, if target.shadow { " (shadow)" } else { "" }))
        .collect();
    document.field("sends to", targets.join(", "));
    document.list("versions", workload.versions.iter().map(|version| &version.id));
    document.at("deployed", workload.deployed_at);
    document.some("endpoint", workload.endpoint.as_ref());
    document.field("same as", &workload.reproduce);
}

fn strategy(workload: &Workload) -> Option<String> {
    let amount = |amount| match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Percent(percent) => format!("{percent}%"),
    };
    let resolved = workload.surge_and_unavailable().map(|(surge, out)| format!(" ({surge} extra, {out} missing allowed)"));
    let strategy = workload.strategy?;
    let written = format!("max_surge {}, max_unavailable {}", amount(strategy.max_surge), amount(strategy.max_unavailable));
    Some(written + &resolved.unwrap_or_default())
}

/// One controller with its revisions.
pub fn write_rollout(document: &mut Document, rollout: &Rollout) {
    document.section(&format!("Rollout {}", rollout.key.name));
    document.field(
        "replicas",
        format!(
            "{} desired, {} updated, {} ready, {} available, {} unavailable",
            rollout.desired, rollout.updated, rollout.ready, rollout.available, rollout.unavailable
        ),
    );
    document.field("allowed now", format!("{} extra, {} missing", rollout.surge, rollout.max_unavailable));
    if rollout.paused {
        document.line("paused", vec![Span::new("somebody paused it: no update goes on until it is resumed", Meaning::Held)]);
    }
    if let (Some(wanted), Some(seen)) = (rollout.generation, rollout.observed_generation) {
        let seen_it = seen >= wanted;
        let text = if seen_it { format!("{wanted}, acted upon") } else { format!("{wanted}; the controller has only looked at {seen}") };
        document.line("generation", vec![Span::new(text, if seen_it { Meaning::Plain } else { Meaning::Warning })]);
    }
    document.some(
        "gives up",
        rollout.progress_deadline.map(|deadline| format!("after {} without progress", crate::domain::time::words(deadline))),
    );
    document.conditions(&rollout.conditions);
    for revision in &rollout.revisions {
        write_revision(document, revision);
    }
}

fn write_revision(document: &mut Document, revision: &Revision) {
    let number = revision.number.map(|number| format!("#{number} ")).unwrap_or_default();
    let counts = format!("{number}{}: {} wanted, {} exist, {} ready", revision.name, revision.desired, revision.existing, revision.ready);
    let short = revision.ready < revision.desired;
    let meaning = match (revision.is_current, short) {
        (true, true) => Meaning::Warning,
        (true, false) => Meaning::Live,
        (false, _) => Meaning::Plain,
    };
    document.line(if revision.is_current { "new revision" } else { "old revision" }, vec![Span::new(counts, meaning)]);
    document.list("  images", &revision.images);
    document.at("  made", revision.created_at);
    document.conditions(&revision.conditions);
}

/// Scalers, budgets, claims of its replicas, and the quotas of its namespaces.
fn beside(document: &mut Document, model: &Model, workload: &Workload, views: &[&View]) {
    let key = &workload.key;
    for scaler in views.iter().flat_map(|view| &view.scalers).filter(|scaler| scaler.workload.as_ref() == Some(key)) {
        document.section(&format!("Scaler {}", scaler.key.name));
        limits::write_scaler(document, scaler);
    }
    for budget in views.iter().flat_map(|view| &view.budgets).filter(|budget| budget.workloads.contains(key)) {
        document.section(&format!("Disruption budget {}", budget.key.name));
        limits::write_budget(document, budget);
    }
    let own = replicas::select(model, |replica| replica.workload.as_ref() == Some(key));
    let mounted: std::collections::BTreeSet<&Text> = own.iter().flat_map(|replica| &replica.placement.claims).collect();
    for claim in views.iter().flat_map(|view| &view.claims).filter(|claim| mounted.contains(&claim.key.name)) {
        document.section(&format!("Volume claim {}", claim.key.name));
        limits::write_claim(document, claim);
    }
    let namespaces: std::collections::BTreeSet<&str> = own.iter().filter_map(|replica| Some(replica.key.name.split_once('/')?.0)).collect();
    let quotas: Vec<_> = views
        .iter()
        .flat_map(|view| &view.namespace_quotas)
        .filter(|quota| quota.key.name.split_once('/').is_some_and(|(namespace, _)| namespaces.contains(namespace)))
        .collect();
    if !quotas.is_empty() {
        document.section("Quotas of its namespace");
        for quota in quotas {
            limits::write_quota(document, quota);
        }
    }
}
