//! Why no provider of a network takes an order: the network is down, the wallet too light, the
//! request too large, the way to it broken, or all are busy. In this order.

use super::Rule;
use crate::domain::condition::{self, StatusCondition};
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::workload::Workload;
use crate::explain::commands::{quoted, remedy};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect;
use crate::explain::engine::{Held, Obstacle, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence, Missing, Remedy, Risk};
use crate::explain::placement::Waiting;
use crate::explain::words::{bytes, cores, list};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "network_takes_none",
    explains: Condition::ReplicaUnplaced,
    causes: &[UNAVAILABLE, WALLET, RESOURCES, NETWORK, LATE],
    check,
};

const UNAVAILABLE: &str = "gateway/pending-provider-unavailable";
const WALLET: &str = "gateway/pending-wallet";
const RESOURCES: &str = "gateway/pending-resources";
const NETWORK: &str = "gateway/pending-network";
const LATE: &str = "gateway/x-deploy-timeout";

/// The unit in which wallets and costs can be compared.
const CENTS: &str = "US cents";

/// A job that waits, and the network that should take it.
struct Case<'w, 'a> {
    world: &'w World<'a>,
    waiting: Waiting<'a>,
    network: Said<'a, Node>,
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let workload = waiting.workload;
    if workload.platform.as_str() != dialect::GATEWAY {
        return Verdict::Clear;
    }
    let Some(wanted) = workload.pinned_groups.first() else { return unlisted(&waiting, "the job names no network") };
    let nodes = &world.inside(&key.context).nodes;
    let by_kind = || nodes.values().find(|(_, node)| node.group.as_ref() == Some(wanted));
    let Some(network) = nodes.get(wanted).or_else(by_kind).copied() else {
        return unlisted(&waiting, &format!("the gateway lists no network {wanted}"));
    };
    let case = Case { world, waiting, network };
    if waiting.job.is_some_and(|job| job.counts.creating > 0) {
        return case.late();
    }
    if network.1.ready == Some(false) {
        return case.down();
    }
    let mut held: Vec<Held> = [case.wallet(), case.resources(), case.unreachable()].into_iter().flatten().collect();
    if held.is_empty() {
        held.extend(case.busy());
    }
    match held.first_mut() {
        Some(first) => {
            first.finding.evidence.extend(case.words());
            Verdict::Several(held)
        }
        // The platform's own words will do.
        None if !workload.messages.is_empty() => Verdict::Clear,
        None => nothing(&case),
    }
}

impl<'a> Case<'_, 'a> {
    fn name(&self) -> &'a str {
        &self.network.1.key.name
    }

    fn workload(&self) -> &'a Workload {
        self.waiting.workload
    }

    fn told(&self, name: &str) -> Option<&'a StatusCondition> {
        condition::named(&self.network.1.detail.as_deref()?.conditions, name)
    }

    fn held(&self, cause: &str, confidence: Confidence, says: String, headline: String) -> Held {
        let world = self.world;
        let endpoint = self.network.1.detail.as_deref().and_then(|detail| detail.labels.get("endpoint"));
        let mut fill = Fill::of(world, &self.workload().key.context).known_of(self.workload()).and("provider", self.name());
        if let Some(endpoint) = endpoint {
            fill = fill.and("provider_endpoint", endpoint);
        }
        let elsewhere = self.elsewhere();
        let mut remedies = fill.remedies(cause);
        if elsewhere.is_some() {
            // Another network is named: the same with a hole for its name is of no use beside it.
            remedies.retain(|remedy| !remedy.command.as_ref().is_some_and(|command| command.contains("<provider>")));
        }
        Held::new(cause, &self.workload().key, world.confidence(self.network.0, confidence), says, headline)
            .remedies(remedies)
            .remedies(elsewhere)
    }

    /// A condition of the network as evidence.
    fn shown(&self, name: &str) -> Option<Evidence> {
        let told = self.told(name)?;
        let value =
            [told.reason.as_str(), told.message.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        Some(self.world.evidence(self.network.0, &self.network.1.key, name, value))
    }

    /// What the gateway says of the job itself.
    fn words(&self) -> Vec<Evidence> {
        let of = |message: &crate::domain::workload::PlatformMessage| {
            self.world.evidence(self.waiting.source, &self.workload().key, &message.field, message.text.clone())
        };
        self.workload().messages.iter().map(of).collect()
    }

    fn down(&self) -> Verdict {
        let word = self.told("status").map_or("offline", |told| told.reason.as_str());
        let says = format!("the network {} is {word}: no provider takes the job", self.name());
        self.held(UNAVAILABLE, Confidence::Certain, says, format!("{} is {word}", self.name()))
            .evidence(self.shown("status"))
            .evidence(self.shown("statusCall"))
            .evidence(self.words())
            .asks([Symptom::new(Condition::NodeSick, &self.network.1.key)])
            .verdict()
    }

    fn wallet(&self) -> Option<Held> {
        let key = format!("wallet of {}", self.name());
        let context = self.world.context(&self.workload().key.context);
        let (source, wallet) = context.quotas.iter().find(|(_, quota)| quota.key.name.as_str() == key).copied()?;
        let limit = wallet.limit?;
        let cost = self.workload().quota_demand.as_ref().filter(|demand| demand.quota == wallet.key && wallet.unit.as_str() == CENTS);
        if limit > 0 && cost.is_none_or(|cost| cost.each <= limit) {
            return None;
        }
        let money = |amount: u64| format!("{}.{:02} USD", amount / 100, amount % 100);
        let has = if wallet.unit.as_str() == CENTS { money(limit) } else { format!("{limit} {}", wallet.unit) };
        let (says, headline) = match cost {
            Some(cost) => (
                format!("the wallet at {} holds {has}, and the job will cost {}", self.name(), money(cost.each)),
                format!("wallet holds {has} of {}", money(cost.each)),
            ),
            None => (format!("the wallet at {} is empty", self.name()), "wallet is empty".to_owned()),
        };
        let evidence = cost.map(|cost| self.world.evidence(self.waiting.source, &self.workload().key, "cost.projected", money(cost.each)));
        Some(
            self.held(WALLET, Confidence::Certain, says, headline)
                .evidence([self.world.evidence(source, &wallet.key, "walletBalance", format!("{has} ({})", wallet.title))])
                .evidence(evidence),
        )
    }

    fn resources(&self) -> Option<Held> {
        let (free, asked) = (known(self.network.1)?, self.workload().demand?);
        let kinds = [
            ("cpu", asked.cpu_millis, free.cpu_millis, cores(asked.cpu_millis), cores(free.cpu_millis)),
            ("memory", asked.memory_bytes, free.memory_bytes, bytes(asked.memory_bytes), bytes(free.memory_bytes)),
            ("gpu", asked.gpus, free.gpus, asked.gpus.to_string(), free.gpus.to_string()),
        ];
        let short: Vec<_> = kinds.into_iter().filter(|(_, asked, free, ..)| asked > free).collect();
        if short.is_empty() {
            return None;
        }
        let lacks: Vec<String> = short.iter().map(|(name, _, _, asked, free)| format!("{name} {asked} ({free} free)")).collect();
        let lacks = list(&lacks.iter().map(String::as_str).collect::<Vec<_>>());
        let world = self.world;
        let evidence = short.iter().flat_map(|(name, _, _, asked, free)| {
            [
                world.evidence(self.waiting.source, &self.workload().key, name, asked.as_str()),
                world.evidence(self.network.0, &self.network.1.key, &format!("capabilities.{name}.available"), free.as_str()),
            ]
        });
        let says = format!("the job asks for more than {} has free: {lacks}", self.name());
        Some(self.held(RESOURCES, Confidence::Certain, says, format!("too large for {}: {lacks}", self.name())).evidence(evidence))
    }

    fn unreachable(&self) -> Option<Held> {
        let silent = self.told("statusCall").is_some();
        let unseen = self.told("lastChecked").is_some_and(|told| told.holds == Some(false));
        if !silent && !unseen {
            return None;
        }
        let what = if silent { "does not answer the gateway" } else { "was last seen too long ago" };
        let says = format!("the way between gateway and {} is broken: it {what}", self.name());
        Some(
            self.held(NETWORK, Confidence::Likely, says, format!("{} {what}", self.name()))
                .evidence(self.shown("statusCall"))
                .evidence(self.shown("lastChecked")),
        )
    }

    fn busy(&self) -> Option<Held> {
        let holds = |name: &str| self.told(name).is_some_and(|told| told.holds == Some(true));
        if !holds("networkLoad") && !holds("latency") {
            return None;
        }
        let says = format!("the network {} is overloaded: nobody on it takes the job", self.name());
        Some(
            self.held(UNAVAILABLE, Confidence::Likely, says, format!("{} is overloaded", self.name()))
                .evidence(self.shown("networkLoad"))
                .evidence(self.shown("latency")),
        )
    }

    fn late(&self) -> Verdict {
        let says = format!("a provider of {} has taken the job and has not started it", self.name());
        self.held(LATE, Confidence::Likely, says, format!("{} does not start it", self.name()))
            .evidence([self.world.evidence(self.waiting.source, &self.workload().key, "status", self.workload().status.native.clone())])
            .verdict()
    }

    /// Networks that would take it now, as far as they tell.
    fn elsewhere(&self) -> Option<Remedy> {
        let asked = self.workload().demand.unwrap_or_default();
        let nodes = &self.world.inside(&self.workload().key.context).nodes;
        let others = nodes.values().filter(|(_, node)| node.key != self.network.1.key && node.ready == Some(true));
        let fits: Vec<&Node> = others.filter(|(_, node)| known(node).is_none_or(|free| free.holds(asked))).map(|(_, node)| *node).collect();
        let first = fits.first()?.group.as_deref()?;
        let names: Vec<&str> = fits.iter().map(|node| node.key.name.as_str()).collect();
        let base = Fill::base(self.workload())?;
        let command = format!(
            "curl -X POST -H 'Content-Type: application/json' -H \"Authorization: Bearer $GATEWAY_KEY\" -d '{{\"provider\":\"{}\"}}' {}",
            first.replace(['\'', '"', '\\'], ""),
            quoted(&format!("{base}/api/plugin-core/jobs/{}/resubmit", self.workload().key.name))
        );
        Some(remedy(
            Risk::Mutating,
            match names.as_slice() {
                [only] => format!("send it to {only}, which is online and has room for it as far as it tells"),
                _ => format!("send it to {first}; online at the moment: {}", list(&names)),
            },
            command,
        ))
    }
}

/// What a network has free, where it was asked.
fn known(node: &Node) -> Option<crate::domain::capacity::Resources> {
    node.detail.as_deref()?.labels.contains_key("capabilities").then_some(node.free)
}

fn unlisted(waiting: &Waiting<'_>, why: &str) -> Verdict {
    cannot_tell(waiting, why)
}

/// Nothing is wrong with what could be read: say what that was.
fn nothing(case: &Case<'_, '_>) -> Verdict {
    let read: Vec<&str> =
        ["status", "networkLoad", "latency", "lastChecked"].into_iter().filter(|name| case.told(name).is_some()).collect();
    let mut checked: Vec<&str> = read;
    if known(case.network.1).is_some() {
        checked.push("capabilities");
    }
    if case.workload().quota_demand.is_some() {
        checked.push("wallet");
    }
    let checked =
        if checked.is_empty() { "nothing of it could be read".to_owned() } else { format!("{} show nothing wrong", list(&checked)) };
    cannot_tell(&case.waiting, &format!("{} of {}", checked, case.name()))
}

fn cannot_tell(waiting: &Waiting<'_>, why: &str) -> Verdict {
    let missing = Missing {
        source: waiting.source.clone(),
        question: format!("why no provider takes {}", waiting.workload.key.name).into(),
        why: why.into(),
        unlock: format!("{}/events", waiting.workload.reproduce).into(),
    };
    Verdict::CannotTell(Box::new(Obstacle { missing: vec![missing], finding: None, headline: format!("cannot tell: {why}").into() }))
}
