//! What is known about a case, for the placeholders of the catalogue's remedies.

use std::borrow::Cow;

use super::finding::{CauseId, Remedy};
use super::world::{Group, World};
use super::{dialect, known};
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::provisioner::NodePool;
use crate::domain::replica::{Container, Replica};
use crate::domain::text::Text;
use crate::domain::workload::Workload;

/// Options of the platforms' own commands and the placeholders they fill.
const OPTIONS: &[(&str, &str)] = &[
    ("address", "dashboard"),
    ("cloud", "cloud"),
    ("context", "kube_context"),
    ("deployment-name", "deployment"),
    ("endpoint-name", "endpoint"),
    ("namespace", "namespace"),
    ("profile", "profile"),
    ("project", "project"),
    ("region", "region"),
    ("resource-group", "resource_group"),
    ("subscription", "subscription"),
    ("workspace-name", "workspace"),
];

/// The words before a name in a message, what ends it, and the placeholder that it fills.
const NAMED: &[(&str, char, &str)] = &[("for volume \"", '"', "volume"), ("already used by pod(s) ", ' ', "holder")];

/// What is left of options whose values nobody knows, and without which the commands mean what their
/// own settings say: inside a pod there is no context, and Anyscale's program has a cloud and a project.
const UNSAID: &[&str] = &[" --context <kube_context>", " --cloud <cloud>", " --project <project>"];

/// Names and values; the newest of a name counts.
#[derive(Clone, Debug, Default)]
pub struct Fill {
    values: Vec<(Cow<'static, str>, String)>,
    /// It is an application of Ray Serve by itself, which commands of Anyscale do not reach.
    is_plain_ray: bool,
}

impl Fill {
    /// What is known of a context.
    pub fn of(world: &World<'_>, context: &Text) -> Self {
        let reached_by = world.context(context).sources.iter().find_map(|(_, source)| source.view.kubectl_context.as_ref());
        let fill = Self::default().and("env", context).and("context", context);
        let fill = match reached_by {
            Some(name) => fill.and("kube_context", name),
            None => fill,
        };
        let fill = match world.region(context) {
            Some(region) => fill.and("region", region),
            None => fill,
        };
        let fill = match world.aws_profile(context) {
            Some(profile) => fill.and("profile", profile),
            None => fill,
        };
        match world.cluster_name(context) {
            Some(name) => fill.and("cluster", name),
            None => fill,
        }
    }

    /// One more value.
    pub fn and(mut self, name: impl Into<Cow<'static, str>>, value: &str) -> Self {
        self.values.insert(0, (name.into(), value.to_owned()));
        self
    }

    /// A name with its namespace, under `name`.
    pub fn named(self, name: &'static str, full: &str) -> Self {
        match full.split_once('/') {
            Some((namespace, own)) => self.and("namespace", namespace).and(name, own),
            None => self.and(name, full),
        }
    }

    /// A replica, with its namespace, node and workload.
    pub fn replica(self, replica: &Replica) -> Self {
        let fill = self.named("pod", &replica.key.name);
        let fill = match &replica.node {
            Some(node) => fill.and("node", node),
            None => fill,
        };
        let fill = match in_trouble(replica) {
            Some(container) => fill.and("container", &container.name),
            None => fill,
        };
        match &replica.workload {
            Some(workload) => fill.workload(workload),
            None => fill,
        }
    }

    /// A machine, with the cloud's id of it.
    pub fn node(self, node: &Node) -> Self {
        let fill = self.and("node", &node.key.name);
        match node.detail.as_ref().and_then(|detail| detail.instance.as_ref()) {
            Some(instance) => fill.and("instance", instance),
            None => fill,
        }
    }

    /// What a message calls by name.
    pub fn said(self, message: &str) -> Self {
        NAMED.iter().fold(self, |fill, (before, end, name)| {
            let named = message.split_once(before).and_then(|(_, rest)| rest.split(*end).next());
            match named.map(|value| value.trim_end_matches(',')).filter(|value| !value.is_empty()) {
                Some(value) => fill.and(*name, value),
                None => fill,
            }
        })
    }

    /// A workload.
    pub fn workload(self, workload: &ResourceKey) -> Self {
        let own = workload.name.rsplit('/').next().unwrap_or_default().to_owned();
        let fill = match workload.name.split_once('/') {
            Some((namespace, _)) => self.and("namespace", namespace),
            None => self,
        };
        fill.and("name", &own).and("workload", &own).and("deployment", &own).and("api", &own)
    }

    /// A workload by the names of its platform: its own, and the options of the command that shows
    /// it, which carries its surroundings (`--workspace-name ml` is the workspace).
    pub fn known_of(self, workload: &Workload) -> Self {
        let mut fill = self.workload(&workload.key);
        let own = workload.key.name.as_str();
        let (outer, inner) = own.split_once('/').unwrap_or((own, own));
        let is_application = dialect::is_of_ray(workload);
        for (name, value) in [("endpoint", outer), ("service", own), ("job", own), ("deployment", inner)] {
            // Of what service an application is part is not known.
            if !(is_application && name == "service") {
                fill = fill.and(name, value);
            }
        }
        fill.is_plain_ray = is_application && !own.contains('/');
        if let Some(base) = Self::base(workload) {
            fill = fill.and("base_url", base);
            if let Some(network) = workload.pinned_groups.first() {
                fill = fill.and("provider", network);
            }
        }
        for (name, value) in &workload.names {
            fill = fill.and(name.to_string(), value);
        }
        let mut words = workload.reproduce.split_whitespace().peekable();
        while let Some(word) = words.next() {
            // An address of a service below its project: `https://HOST/v1/PROJECT/services/ID`.
            if let Some((host, below)) = word.split_once("/v1/")
                && let Some((project, id)) = below.split_once("/services/")
            {
                fill = fill.and("endpoint", host).and("project", project).and("service", id);
            }
            let Some(option) = word.strip_prefix("--") else { continue };
            let (option, value) = match option.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (option, words.next_if(|value| !value.starts_with('-'))),
            };
            let name = OPTIONS.iter().find(|(known, _)| *known == option).map(|(_, name)| *name);
            if let (Some(name), Some(value)) = (name, value) {
                fill = fill.and(name, value.trim_matches(['\'', '"']));
            }
        }
        fill
    }

    /// Where a gateway answers, from the command that shows one of its jobs.
    pub fn base(workload: &Workload) -> Option<&str> {
        let mut words = workload.reproduce.split_whitespace();
        words.find_map(|word| word.split_once("/api/plugin-core/")).map(|(base, _)| base)
    }

    /// The deployment that a field of the platform is about (`deployments.blue.message`).
    pub fn said_in(self, field: &str) -> Self {
        let mut parts = field.split('.').skip_while(|part| *part != "deployments").skip(1);
        match parts.next() {
            Some(deployment) if !deployment.is_empty() => self.and("deployment", deployment),
            _ => self,
        }
    }

    /// A pool that claims machines, with the template of its machines.
    pub fn pool(self, pool: &NodePool) -> Self {
        let class = pool.node_class.rsplit('/').next().unwrap_or_default().to_owned();
        self.and("nodepool", &pool.key.name).and("nodeclass", &class)
    }

    /// A group of machines.
    pub fn group(self, group: &Group<'_>) -> Self {
        self.and("group", &group.key.name).and("node_group", &group.key.name).and("asg", group.cloud_name())
    }

    /// The catalogue's ways out of a cause, filled.
    pub fn remedies(&self, cause: &str) -> Vec<Remedy> {
        // The name that the platform's own command takes where none is given.
        let usual = cause.starts_with("cortex/").then_some(("file", "cortex.yaml"));
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (name.as_ref(), value.as_str())).chain(usual).collect();
        let mut remedies = known::remedies(&CauseId::from(cause), &values);
        for command in remedies.iter_mut().filter_map(|remedy| remedy.command.as_mut()) {
            for unsaid in UNSAID.iter().filter(|unsaid| command.contains(**unsaid)).collect::<Vec<_>>() {
                *command = command.replace(unsaid, "").into();
            }
        }
        if self.is_plain_ray {
            remedies.retain_mut(|remedy| self.reaches_ray(remedy));
        }
        remedies
    }

    /// Puts what Anyscale's program does into the words of Ray's own; `false` where that has none.
    fn reaches_ray(&self, remedy: &mut Remedy) -> bool {
        let Some(command) = remedy.command.as_ref().filter(|command| command.starts_with("anyscale ")) else { return true };
        let known = self.values.iter().find(|(name, _)| name == "dashboard");
        let address = known.map_or(Cow::Borrowed("<dashboard>"), |(_, address)| super::commands::quoted(address));
        let own = [
            ("anyscale service deploy ", format!("serve deploy <file> --address {address}")),
            ("anyscale service status ", format!("serve status --address {address}")),
        ];
        let own = own.into_iter().find(|(begin, _)| command.starts_with(begin)).map(|(_, own)| own);
        let is_known = own.is_some();
        remedy.command = own.map(Text::from);
        is_known
    }

    /// Only those that can be typed as they stand: where a better way is known, what speaks in
    /// general or has holes left only makes the list longer.
    pub fn commands(&self, cause: &str) -> Vec<Remedy> {
        let whole = |remedy: &Remedy| remedy.command.as_ref().is_some_and(|command| !command.contains('<'));
        self.remedies(cause).into_iter().filter(whole).collect()
    }

    /// ` --context prod`, or nothing where it is not known.
    pub fn kubectl(&self) -> String {
        let known = self.values.iter().find(|(name, _)| name == "kube_context");
        known.map_or_else(|| "kubectl".to_owned(), |(_, context)| format!("kubectl --context {}", super::commands::quoted(context)))
    }
}

/// The container of a replica that somebody would look at: the one that is not as it should be, or its only one.
fn in_trouble(replica: &Replica) -> Option<&Container> {
    let running: Vec<&Container> = replica.containers.iter().filter(|container| !container.init).collect();
    let waiting = replica.containers.iter().find(|container| container.init && !container.ready && container.restarts > 0);
    waiting.or_else(|| running.iter().copied().find(|container| !container.ready)).or_else(|| running.first().copied())
}
