//! Workloads of a scenario: their first version, and the events of their story.

use std::collections::BTreeMap;

use super::super::scenario::{ApiFile, BehaviourWord, DeployFile, KindWord, NeedsFile, Span};
use super::super::story::{Action, Event};
use super::super::world::{Api, ApiKind, Behaviour, Container, Needs, Scaler, Target, Toleration, Version, minting};
use crate::domain::workload::{Amount, UpdateStrategy};

pub(super) fn build_api(cluster: &str, file: &ApiFile) -> Api {
    let kind = match file.kind {
        KindWord::Realtime => ApiKind::Realtime,
        KindWord::Async => ApiKind::Async,
        KindWord::Batch => ApiKind::Batch,
        KindWord::Task => ApiKind::Task,
        KindWord::Splitter => ApiKind::Splitter,
        KindWord::Deployment => ApiKind::Deployment,
        KindWord::StatefulSet => ApiKind::StatefulSet,
        KindWord::InferenceService => ApiKind::InferenceService,
        KindWord::RayService => ApiKind::RayService,
        KindWord::LeaderWorkerSet => ApiKind::LeaderWorkerSet,
    };
    let deployment = format!("{cluster}/{}", file.name);
    let deployment_id =
        if kind.has_replicas() { minting::letters(&deployment, "abcdefghijklmnopqrstuvwxyz0123456789", 10) } else { String::new() };
    let container = Container {
        name: match kind {
            ApiKind::Batch => "batch",
            ApiKind::Task => "task",
            _ => "api",
        }
        .to_owned(),
        image: format!("registry.example/{}:1", file.name),
        cpu_millis: thousandths(file.cpu),
        memory_mib: mebibytes(file.memory_gib),
        gpu: file.gpu,
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
    };
    let version = Version {
        spec_id: minting::hex(&format!("{deployment}/spec/1"), 32),
        pod_id: minting::hex(&format!("{deployment}/pod/1"), 63),
        deployment_id,
        deployed_at: -file.age.0,
        containers: if kind == ApiKind::Splitter { Vec::new() } else { vec![container] },
        node_groups: file.groups.clone(),
        strategy: UpdateStrategy { max_surge: amount(&file.max_surge), max_unavailable: amount(&file.max_unavailable) },
        min_replicas: file.min_replicas.unwrap_or(file.replicas),
        max_replicas: file.max_replicas.unwrap_or(file.replicas.max(1) * 3),
        max_concurrency: 4,
        behaviour: Behaviour::Normal { pull: 45, warm_up: 40 },
        needs: needs(&file.needs),
    };
    let target =
        |target: &super::super::scenario::TargetFile| Target { api: target.api.clone(), weight: target.weight, shadow: target.shadow };
    Api {
        name: file.name.clone(),
        namespace: file.namespace.clone(),
        size: file.size.max(1),
        budget: file.budget,
        scaler: file.scaler.map(|scaler| Scaler { min: scaler.min, max: scaler.max, wanted: scaler.wanted }),
        kind,
        created_at: version.deployed_at - 21 * 86_400,
        versions: vec![version],
        desired: file.replicas,
        pods: Vec::new(),
        jobs: Vec::new(),
        targets: file.target.iter().map(target).collect(),
        refused: None,
        next_try: i64::MIN,
        completed: None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a handful of cores")]
fn thousandths(cpus: f64) -> i64 {
    (cpus * 1_000.0).round() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "some gibibytes")]
pub(super) fn mebibytes(gibibytes: f64) -> i64 {
    (gibibytes * 1_024.0).round() as i64
}

fn needs(file: &NeedsFile) -> Needs {
    Needs {
        selector: file.selector.clone(),
        affinity: file.affinity.clone(),
        tolerations: file.tolerations.iter().map(|text| Toleration::parse(text)).collect(),
        claim: file.claim.clone(),
        share: file.share.clone(),
        configmap: file.configmap.clone(),
        secret: file.secret.clone(),
        pull_secret: file.pull_secret.clone(),
        host_port: file.host_port,
        probe_port: file.probe_port.unwrap_or(8_080),
    }
}

fn amount(text: &str) -> Amount {
    let percent = text.strip_suffix('%').and_then(|percent| percent.parse().ok());
    percent.map_or_else(|| Amount::Count(text.parse().unwrap_or_default()), Amount::Percent)
}

/// The events of one API.
pub(super) fn plan(api: &Api, file: &ApiFile, cluster: usize, events: &mut Vec<Event>) {
    let mut add = |at: Span, action: Action| events.push(Event { at: at.0, cluster, api: api.name.clone(), action });
    let mut version = api.versions.first().cloned();
    for (count, deploy) in file.deploy.iter().enumerate() {
        if let Some(before) = &version {
            let next = next_version(before, deploy, count + 2);
            add(deploy.at, Action::Deploy(Box::new(next.clone())));
            version = Some(next);
        }
    }
    for scale in &file.scale {
        add(scale.at, Action::Scale(scale.replicas));
    }
    for job in &file.job {
        add(job.at, Action::Submit { workers: job.workers, batches: job.batches, seconds: job.work.0 });
    }
}

fn next_version(before: &Version, deploy: &DeployFile, number: usize) -> Version {
    let mut next = before.clone();
    let label = format!("{}/{number}", before.pod_id);
    next.spec_id = minting::hex(&format!("spec/{label}"), 32);
    next.pod_id = minting::hex(&format!("pod/{label}"), 63);
    next.deployed_at = deploy.at.0;
    for container in &mut next.containers {
        let image = container.image.split(':').next().unwrap_or_default();
        container.image = format!("{image}:{number}");
        container.cpu_millis = deploy.cpu.map_or(container.cpu_millis, thousandths);
        container.memory_mib = deploy.memory_gib.map_or(container.memory_mib, mebibytes);
        container.gpu = deploy.gpu.unwrap_or(container.gpu);
    }
    if let Some(given) = &deploy.needs {
        next.needs = needs(given);
    }
    if let Some(groups) = &deploy.groups {
        next.node_groups.clone_from(groups);
    }
    next.behaviour = match deploy.behaviour {
        BehaviourWord::Normal => Behaviour::Normal { pull: deploy.pull.0, warm_up: deploy.warm_up.0 },
        BehaviourWord::Crash => Behaviour::Crash { after: 20, words: deploy.last_words },
        BehaviourWord::OutOfMemory => Behaviour::OutOfMemory { after: 55 },
        BehaviourWord::ImagePull => Behaviour::ImagePull,
        BehaviourWord::NeverReady => Behaviour::NeverReady,
        BehaviourWord::WrongPort => Behaviour::WrongPort,
        BehaviourWord::ConfigMissing => Behaviour::ConfigMissing,
        BehaviourWord::SecretMissing => Behaviour::SecretMissing,
        BehaviourWord::MountFails => Behaviour::MountFails,
        BehaviourWord::NodeOutOfMemory => Behaviour::NodeOutOfMemory { after: 55 },
    };
    next
}
