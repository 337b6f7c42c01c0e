//! What each source of each context answers when asked once.

use super::check::Check;
use crate::config::ContextConfig;
use crate::config::context::{is_this_machine, shown_address};
use crate::domain::snapshot::{Cluster, Snapshot, SourceView};
use crate::domain::source::{Failure, Gap, Health};
use crate::domain::text::Text;
use crate::source::kubernetes;

/// Identity, then one line a source, then its gaps.
pub fn checks(context: &ContextConfig, snapshot: &Snapshot) -> Vec<Check> {
    let area = area(context);
    let name = Text::clean(&context.name);
    let clusters: Vec<&Cluster> = snapshot.sources(&name).filter_map(|(_, source)| source.view.cluster.as_ref()).collect();
    let mut checks = Vec::new();
    if let Some(endpoint) = &context.endpoint {
        checks.push(Check::ok(&area, "endpoint", shown_address(endpoint)));
    }
    if let Some(url) = context.aws.as_ref().and_then(|aws| aws.endpoint_url.as_ref()) {
        checks.push(Check::ok(&area, "AWS endpoint", shown_address(url)));
    }
    match kubernetes::described(context) {
        Some(Ok(description)) => checks.push(Check::ok(&area, "Kubernetes cluster", description.says)),
        Some(Err(failure)) => checks.push(failed(&area, "Kubernetes cluster", &failure)),
        None => checks.push(Check::note(&area, "Kubernetes cluster", "not asked: kubernetes = false")),
    }
    checks.extend(fact(&area, "version", &clusters, |cluster| cluster.version.as_ref()));
    checks.extend(fact(&area, "identity", &clusters, |cluster| cluster.identity.as_ref()));
    checks.extend(fact(&area, "account", &clusters, |cluster| cluster.account.as_ref()));
    checks.extend(fact(&area, "region", &clusters, |cluster| cluster.region.as_ref()));
    for (id, source) in snapshot.sources(&name) {
        checks.push(health(&area, &id.kind, source));
        checks.extend(source.view.gaps.iter().map(|gap| gap_of(&area, gap)));
    }
    checks
}

/// The heading of a context.
pub fn area(context: &ContextConfig) -> String {
    format!("context {}", context.name)
}

fn fact(area: &str, what: &str, clusters: &[&Cluster], pick: impl Fn(&Cluster) -> Option<&Text>) -> Option<Check> {
    clusters.iter().find_map(|cluster| pick(cluster)).map(|value| Check::ok(area, what, value.as_str()))
}

fn health(area: &str, kind: &str, source: &SourceView) -> Check {
    match &source.health {
        Health::Fresh { .. } => {
            let took = source.stats.took.as_millis();
            Check::ok(area, kind, format!("{} ({took} ms)", contents(source)))
        }
        Health::Waiting => {
            Check::fail(area, kind, "was not asked: it waits for what another source did not bring", "mend the source above first")
        }
        Health::Stale { failure, .. } | Health::Failed { failure, .. } => failed(area, kind, failure),
    }
}

/// What could not be read inside an answer; in the way only where somebody can do something about it.
fn gap_of(area: &str, gap: &Gap) -> Check {
    let failure = &gap.failure;
    if failure.needs_nobody() {
        return Check::note(area, gap.what.as_str(), format!("{}; {}", failure.message, failure.hint));
    }
    failed(area, &gap.what, failure)
}

fn failed(area: &str, what: &str, failure: &Failure) -> Check {
    let mut check = Check::fail(area, what, failure.message.as_str(), failure.hint.as_str());
    check.permissions = failure.permissions.iter().map(|permission| permission.as_str().to_owned()).collect();
    check
}

/// What a view holds, in counts.
fn contents(source: &SourceView) -> String {
    let view = &source.view;
    let counts = [
        (view.workloads.len(), "workloads"),
        (view.replicas.len(), "replicas"),
        (view.nodes.len(), "nodes"),
        (view.groups.len(), "groups"),
        (view.activities.len(), "activities"),
        (view.quotas.len(), "quotas"),
        (view.events.len(), "events"),
    ];
    let told: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if told.is_empty() { "answers; nothing there".to_owned() } else { told.join(", ") }
}

/// Where to ask for the time: name and address, only where a person's settings allow asking.
pub fn clocks(context: &ContextConfig, snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let mut clocks = Vec::new();
    if let Some(endpoint) = &context.endpoint {
        let url = if endpoint.contains("://") { endpoint.clone() } else { format!("https://{endpoint}") };
        if url.starts_with("https://") || context.allow_plain_http || is_this_machine(&url) {
            clocks.push(("the endpoint", url));
        }
    }
    if let Some(Ok(description)) = kubernetes::described(context)
        && let Some(address) = description.address
        && (address.starts_with("https://") || is_this_machine(&address))
    {
        clocks.push(("the cluster", address));
    }
    if let Some(aws) = &context.aws {
        let name = Text::clean(&context.name);
        let seen = snapshot.sources(&name).find_map(|(_, source)| source.view.cluster.as_ref()?.region.clone());
        let region = aws.region.clone().or_else(|| seen.map(|region| region.as_str().to_owned()));
        let elsewhere = aws.endpoint_url.clone().or_else(|| std::env::var("AWS_ENDPOINT_URL").ok());
        match (elsewhere, region) {
            (Some(url), _) => clocks.push(("AWS", url)),
            (None, Some(region)) if region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
                let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                clocks.push(("AWS", format!("https://sts.{region}.{suffix}/")));
            }
            (None, _) => {}
        }
    }
    clocks
}
