//! What a scenario file must not say although its shape is right: names that mean nothing, numbers
//! without sense. Every complaint has its line.

use std::path::Path;

use super::scenario::{ApiFile, ClusterFile, IncidentWord, Scenario, base};
use super::world::account::QUOTAS;
use super::world::machine::MACHINES;
use crate::config::problem::{Place, Problem, suggestion};

/// The most machines of a group, replicas of an API, workers of a job.
const MOST: u32 = 500;
/// The longest story, in seconds.
const LONGEST: i64 = 7 * 86_400;

/// A file and its text, to point into.
struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

/// Checks a scenario that could be read.
///
/// # Errors
/// The first thing wrong.
pub(super) fn check(file: &Path, text: &str, scenario: &Scenario) -> Result<(), Box<Problem>> {
    let source = Source { file, text };
    if !(0..=LONGEST).contains(&scenario.elapsed.0) {
        return Err(Box::new(source.wrong("elapsed", "the story must start between 0s and 7d in", "for example elapsed = \"41m\"")));
    }
    if scenario.is_empty() {
        return Err(Box::new(source.wrong("cluster", "there is no cluster", "add a [[cluster]] with a name")));
    }
    let classes: Vec<&str> = QUOTAS.iter().map(|(_, _, class, _)| *class).collect();
    for quota in &scenario.quota {
        source.known("quota class", &quota.class, &classes)?;
    }
    scenario.cluster.iter().try_for_each(|cluster| check_cluster(&source, cluster))
}

fn check_cluster(source: &Source<'_>, cluster: &ClusterFile) -> Result<(), Box<Problem>> {
    let types: Vec<&str> = MACHINES.iter().map(|machine| machine.name).collect();
    let inherited = cluster.base.as_deref().map(base).transpose()?;
    let inherited = inherited.iter().flat_map(|base| base.group.iter().map(|group| group.name.as_str()));
    let groups: Vec<&str> = inherited.chain(cluster.group.iter().map(|group| group.name.as_str())).collect();
    for group in &cluster.group {
        if group.types.is_empty() {
            return Err(Box::new(source.wrong(&group.name, "a group needs a machine type", "for example types = [\"g4dn.xlarge\"]")));
        }
        for name in &group.types {
            source.known("machine type", name, &types)?;
        }
        if group.min > group.max || group.running > group.max || group.max > MOST {
            let message = format!("expected min and running to be at most max, and max at most {MOST}");
            return Err(Box::new(source.wrong(&group.name, &message, "correct the numbers of this group")));
        }
    }
    cluster.api.iter().try_for_each(|api| check_api(source, api, &groups))?;
    check_kubernetes(source, cluster, &groups)
}

/// Names in the tables of the Kubernetes part.
fn check_kubernetes(source: &Source<'_>, cluster: &ClusterFile, groups: &[&str]) -> Result<(), Box<Problem>> {
    let inherited = cluster.base.as_deref().map(base).transpose()?;
    let apis: Vec<&ApiFile> = inherited.iter().flat_map(|base| &base.api).chain(&cluster.api).collect();
    let names: Vec<&str> = apis.iter().map(|api| api.name.as_str()).collect();
    let namespaces: Vec<&str> = apis.iter().map(|api| api.namespace.as_str()).collect();
    let claims: Vec<&str> = cluster.claim.iter().map(|claim| claim.name.as_str()).collect();
    for webhook in &cluster.webhook {
        source.known("workload of this cluster", &webhook.api, &names)?;
    }
    let ranges = cluster.limit_range.iter().map(|range| &range.namespace);
    let places = cluster.namespace_quota.iter().map(|quota| &quota.namespace);
    let places = places.chain(cluster.claim.iter().map(|claim| &claim.namespace)).chain(ranges);
    for namespace in places {
        source.known("namespace of a workload of this cluster", namespace, &namespaces)?;
    }
    for incident in cluster.incident.iter().filter(|incident| incident.kind != IncidentWord::AutoscalerDown) {
        source.known("node group of this cluster", &incident.group, groups)?;
    }
    for api in &cluster.api {
        let needs = api.deploy.iter().filter_map(|deploy| deploy.needs.as_ref()).chain([&api.needs]);
        for claim in needs.filter_map(|needs| needs.claim.as_ref()) {
            source.known("claim of this cluster", claim, &claims)?;
        }
    }
    Ok(())
}

fn check_api(source: &Source<'_>, api: &ApiFile, groups: &[&str]) -> Result<(), Box<Problem>> {
    let deployed = api.deploy.iter().filter_map(|deploy| deploy.groups.as_ref()).flatten();
    for group in api.groups.iter().chain(deployed) {
        source.known("node group of this cluster", group, groups)?;
    }
    for amount in [&api.max_surge, &api.max_unavailable] {
        if amount.strip_suffix('%').unwrap_or(amount).parse::<u32>().is_err() {
            let message = format!("expected a number or a percentage, found `{amount}`");
            return Err(Box::new(source.wrong(amount, &message, "for example \"25%\" or \"1\"")));
        }
    }
    let counts = api.scale.iter().map(|scale| scale.replicas).chain(api.job.iter().map(|job| job.workers));
    if counts.chain([api.replicas]).any(|count| count > MOST) {
        let message = format!("expected at most {MOST} replicas and workers");
        return Err(Box::new(source.wrong(&api.name, &message, "correct the numbers of this API")));
    }
    let times = api.deploy.iter().map(|deploy| deploy.at).chain(api.scale.iter().map(|scale| scale.at));
    if times.chain(api.job.iter().map(|job| job.at)).any(|at| at.0 < -86_400) {
        return Err(Box::new(source.wrong(&api.name, "expected nothing earlier than a day before the story", "for example at = \"-10m\"")));
    }
    Ok(())
}

impl Source<'_> {
    /// A problem where a word first stands in the file.
    fn wrong(&self, word: &str, message: &str, hint: &str) -> Problem {
        let quoted = self.text.find(&format!("\"{word}\"")).map(|at| at..at + word.len() + 2);
        let span = quoted.or_else(|| self.text.find(word).map(|at| at..at + word.len()));
        let place = span.map_or_else(Place::default, |span| Place::of(self.file, self.text, span));
        let place = Place { file: self.file.to_owned(), ..place };
        Problem { place, message: message.to_owned(), hint: Some(hint.to_owned()) }
    }

    fn known(&self, what: &str, word: &str, known: &[&str]) -> Result<(), Box<Problem>> {
        if known.contains(&word) {
            return Ok(());
        }
        Err(Box::new(self.wrong(word, &format!("`{word}` is no {what}"), &suggestion(word, known))))
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::scenario::parse;
    use std::path::Path;

    const GOOD: &str = r#"
title = "mine"
elapsed = "5m"

[[cluster]]
name = "prod"

[[cluster.group]]
name = "gpu"
types = ["g4dn.xlarge"]
min = 1
max = 2
running = 1

[[cluster.api]]
name = "text"
groups = ["gpu"]
"#;

    #[test]
    fn the_tables_of_kubernetes_name_what_there_is() {
        let file = Path::new("mine.toml");
        for (table, says) in [
            ("[[cluster.webhook]]\nname = \"w\"\napi = \"texts\"\nat = \"0s\"\nmessage = \"no\"\n", "did you mean `text`"),
            ("[[cluster.namespace_quota]]\nname = \"q\"\nnamespace = \"defualt\"\ngpus = 1\n", "did you mean `default`"),
            ("[[cluster.incident]]\nat = \"1m\"\nkind = \"drain\"\ngroup = \"gpus\"\n", "did you mean `gpu`"),
        ] {
            let problem = parse(file, &format!("{GOOD}\n{table}")).unwrap_err();
            assert!(problem.hint.as_deref().unwrap_or_default().contains(says), "{problem}");
        }
    }

    #[test]
    fn names_and_numbers_without_sense_get_their_line_and_a_way_on() {
        let file = Path::new("mine.toml");
        assert!(parse(file, GOOD).is_ok());
        for (from, to, line, says) in [
            ("g4dn.xlarge", "g4dn.xlrage", 10, "did you mean `g4dn.xlarge`"),
            ("groups = [\"gpu\"]", "groups = [\"gpuu\"]", 17, "did you mean `gpu`"),
            ("running = 1", "running = 3", 9, "correct the numbers"),
            ("\"5m\"", "\"-5m\"", 3, "41m"),
        ] {
            let problem = parse(file, &GOOD.replace(from, to)).unwrap_err();
            assert_eq!(problem.place.line, line, "{problem}");
            assert!(problem.hint.as_deref().unwrap_or_default().contains(says), "{problem}");
        }
    }
}
