//! The image of the new version does not arrive.

use super::{Rule, replica_tells};
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::replica::{Container, ContainerState, Replica};
use crate::explain::broken;
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::{self, pick};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{CauseId, Confidence, Evidence, Remedy, Risk};
use crate::explain::known;
use crate::explain::signature::{self, Field, Hints};
use crate::explain::troubles::Trouble;
use crate::explain::words::{count, lower};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "image_pull",
    explains: Condition::ImageMissing,
    causes: &["cortex/update-image-pull", "kubernetes/image-pull-generic", "kubernetes/image-pull-secret-missing"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((waiting, counts)) = broken::find(world, key) else { return Verdict::Clear };
    let replicas = if waiting.job.is_some() { Vec::new() } else { broken::replicas(world, key, Trouble::Image) };
    if counts.image_error == 0 && replicas.is_empty() {
        return Verdict::Clear;
    }
    let event = world.warnings(key, "Failed").or_else(|| world.warnings(key, "BackOff"));
    let refused = replicas.first().map(|said| refusal(world, *said));
    let number = counts.image_error.max(u32::try_from(replicas.len()).unwrap_or(u32::MAX));
    let affected = count(number, waiting.unit());
    let specific = refused.as_ref().map_or("kubernetes/image-pull-generic", |refused| refused.cause.as_str());
    let own = pick(waiting.workload, "cortex/update-image-pull", "");
    // Beneath a platform the registry's answer, where it says something, is a link of its own.
    let deeper = !own.is_empty() && !specific.ends_with("-generic");
    let told = refused.as_ref().filter(|_| !deeper);
    let words = told.map(|refused| format!(": {}", refused.words)).unwrap_or_default();
    let mut remedies = Vec::new();
    if waiting.workload.platform.as_str() == "cortex" {
        let name = format!("apiName={}", waiting.workload.key.name);
        let name = commands::quoted(&name);
        let answer = remedy(
            Risk::Inspect,
            "read the registry's answer: the operator does not pass it on, the events of the pod have it",
            format!("kubectl describe pods -l {name}"),
        );
        remedies.extend((!deeper).then_some(answer));
        remedies.push(remedy(Risk::Mutating, corrected(specific), commands::deploy_forced(waiting.workload)));
    }
    if let (Some((_, replica)), dialect::KUBERNETES) = (replicas.first(), waiting.workload.platform.as_str()) {
        remedies.extend(ways(world, replica, specific));
    }
    // What the registry said is the story, where it said something.
    let headline = match refused.as_ref().filter(|_| !specific.ends_with("-generic")) {
        Some(refused) => format!("{} ({affected})", titled(refused)),
        None => format!("image cannot be pulled ({affected})"),
    };
    Held::new(
        if own.is_empty() { specific } else { own },
        key,
        world.confidence(waiting.source, Confidence::Certain),
        format!("the image of the new version cannot be pulled ({affected}){words}"),
        headline,
    )
    .evidence(told.iter().flat_map(|refused| refused.evidence.clone()))
    .evidence([world.evidence(waiting.source, key, "replica_counts.err_image_pull", counts.image_error.to_string())])
    .evidence(event.map(|(source, event)| {
        let mut evidence = world.evidence(source, key, &event.reason, event.message.clone());
        evidence.observed_at = event.at;
        evidence
    }))
    .remedies(remedies)
    .asks_each(replica_tells::asks(replicas.first()))
    .verdict()
}

/// The registry's answer by itself, beneath a platform that does not pass it on.
pub(super) fn of_replica<'a>(world: &World<'a>, said: Said<'a, Replica>) -> Verdict {
    let refused = refusal(world, said);
    if refused.cause.ends_with("-generic") {
        return Verdict::Clear;
    }
    let title = titled(&refused);
    Held::new(&refused.cause, &said.1.key, world.confidence(said.0, Confidence::Certain), format!("{title}: {}", refused.words), title)
        // What to do about the workload is the platform's to say, above.
        .remedies(ways(world, said.1, &refused.cause).into_iter().filter(|remedy| remedy.command.is_some()))
        .evidence(refused.evidence)
        .verdict()
}

/// What to correct before the next deployment, as far as the registry's answer tells.
fn corrected(cause: &str) -> &'static str {
    match cause {
        "kubernetes/image-pull-secret-missing" => "once the secret is there, deploy again (--force, because an update is still going on)",
        "kubernetes/image-not-found" => {
            "correct the image's name or tag, or push it, and deploy (--force, because an update is still going on)"
        }
        _ => {
            "correct the image name, or let the nodes' role read the repository, and deploy (--force, because an update is still going on)"
        }
    }
}

/// The ways out of the catalogue. Commands about a registry of the cloud are for images of that registry.
fn ways(world: &World<'_>, replica: &Replica, cause: &str) -> Vec<Remedy> {
    let image = waiting_for_image(replica).map(|container| container.image.as_str()).unwrap_or_default();
    let fill = Fill::of(world, &replica.key.context).replica(replica).and("image", image);
    let repository = repository(image);
    let fill = match repository {
        Some(repository) => fill.and("repository", repository),
        None => fill,
    };
    let mut remedies = fill.remedies(cause);
    let fits = |remedy: &Remedy| repository.is_some() || !remedy.command.as_ref().is_some_and(|command| command.contains("aws ecr "));
    remedies.retain(fits);
    remedies
}

/// The repository of an image in Amazon's registry: `team/api` of `1.dkr.ecr.eu-west-1.amazonaws.com/team/api:2`.
fn repository(image: &str) -> Option<&str> {
    let (host, path) = image.split_once('/')?;
    let name = path.split(['@', ':']).next()?;
    (host.contains(".dkr.ecr.") && !name.is_empty()).then_some(name)
}

/// The catalogue's title, with the name of the secret where that is what is missing.
fn titled(refused: &Refused) -> String {
    let title = known::title(&refused.cause.as_str().into()).map(lower).unwrap_or_default();
    let secret = refused.words.split_once("pull secrets (").and_then(|(_, rest)| rest.split_once(')')).map(|(name, _)| name);
    match secret {
        Some(name) if refused.cause.ends_with("secret-missing") => format!("the pull secret {name} does not exist"),
        _ => title,
    }
}

fn waiting_for_image(replica: &Replica) -> Option<&Container> {
    let waits = |container: &&Container| matches!(&container.state, ContainerState::Waiting { reason, .. } if reason.contains("Image") || reason.contains("Pull"));
    replica.containers.iter().find(waits)
}

/// The end of an error that was wrapped several times: what the registry itself answered.
fn end(text: &str) -> String {
    const LONGEST: usize = 160;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut tail = "";
    for (at, _) in text.rmatch_indices(": ") {
        let longer = text.get(at + 2..).unwrap_or_default();
        if !tail.is_empty() && longer.chars().count() > LONGEST {
            break;
        }
        tail = longer;
    }
    let tail = if tail.is_empty() { text } else { tail };
    tail.chars().take(LONGEST * 2).collect()
}

/// Why a registry did not hand an image out.
struct Refused {
    cause: String,
    words: String,
    evidence: Vec<Evidence>,
}

/// The kubelet's words about the image, and the secret that should have opened the registry.
fn refusal(world: &World<'_>, (source, replica): Said<'_, Replica>) -> Refused {
    let container = waiting_for_image(replica);
    let mut evidence = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    if let Some(container) = container
        && let ContainerState::Waiting { reason, message } = &container.state
    {
        let field = format!("{} state.waiting", container.name);
        evidence.push(world.evidence(source, &replica.key, &field, format!("{reason}: {message}")));
        texts.push(message.to_string());
    }
    let events = world.events(&replica.key);
    let about = |reason: &str| matches!(reason, "Failed" | "FailedToRetrieveImagePullSecret" | "ErrImageNeverPull" | "InspectFailed");
    // "Error: ErrImagePull" repeats the state; what the registry answered stands first.
    let says_more = |event: &Event| event.warning && about(&event.reason) && !event.message.starts_with("Error: ");
    for (place, said) in events.into_iter().filter(|(_, event)| says_more(event)).take(2).enumerate() {
        texts.push(said.1.message.to_string());
        evidence.insert(place, world.told(said));
    }
    let hints = Hints::field("kubernetes", Field::EventMessage);
    // A secret that is not there explains why the registry says no.
    let secret = texts.iter().find(|text| text.contains("retrieve some image pull secrets"));
    let image = |cause: &CauseId| cause.as_str().starts_with("kubernetes/image-");
    let found = texts
        .iter()
        .find_map(|text| signature::classify(text, &hints).cause.filter(image).filter(|cause| !cause.as_str().ends_with("generic")));
    let cause = match (secret, found) {
        (Some(_), _) => "kubernetes/image-pull-secret-missing".to_owned(),
        (None, Some(cause)) => cause.0,
        (None, None) => "kubernetes/image-pull-generic".to_owned(),
    };
    let told = secret.or_else(|| texts.iter().max_by_key(|text| text.len())).map(String::as_str).unwrap_or_default();
    let mut words = end(told);
    if words.is_empty() {
        words = container.map(|container| container.image.to_string()).unwrap_or_default();
    }
    Refused { cause, words, evidence }
}
