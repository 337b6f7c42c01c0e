//! `[faults.kubernetes]` of a scenario file. Data only.

use serde::Deserialize;

use super::super::world::{KubernetesFaults, Permission};
use super::Span;

/// What is broken between clients and the Kubernetes API servers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KubernetesFaultsFile {
    /// Nothing listens at the address.
    pub down: bool,
    /// Accepts and never answers.
    pub hang: bool,
    /// Whom the server takes the caller for.
    pub user: Option<String>,
    /// The bearer token it wants.
    pub token: Option<String>,
    /// The caller's credentials have expired.
    pub expired: bool,
    /// Only this may be read, such as `get,list,watch pods in default`.
    pub allowed: Option<Vec<PermissionWord>>,
    /// This may not be read, such as `list nodes`.
    pub denied: Vec<PermissionWord>,
    /// How many requests are answered with 429 first.
    pub throttled_requests: u32,
    /// How many lists stop in the middle first.
    pub stalled_lists: u32,
    /// How many lists are cut in the middle first.
    pub cut_lists: u32,
    /// How many watches send garbage first.
    pub garbled_watches: u32,
    /// How many watches are cut first.
    pub cut_watches: u32,
    /// How many watches are told that they are too old first.
    pub outdated_watches: u32,
    /// How many followed logs are cut in the middle of a line first.
    pub cut_logs: u32,
    /// How far the cluster's clocks are ahead, such as `1h`; `-1h` is behind.
    pub clock: Span,
}

/// A rule as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct PermissionWord(pub Permission);

impl TryFrom<String> for PermissionWord {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Permission::read(&text)
            .map(Self)
            .ok_or_else(|| format!("expected a rule such as `list nodes` or `get,list pods/log in default`, found `{text}`"))
    }
}

impl KubernetesFaultsFile {
    /// As the world has them.
    pub fn faults(&self) -> KubernetesFaults {
        let rules = |words: &[PermissionWord]| words.iter().map(|word| word.0.clone()).collect();
        let usual = KubernetesFaults::default();
        KubernetesFaults {
            down: self.down,
            hang: self.hang,
            user: self.user.clone().unwrap_or(usual.user),
            token: self.token.clone(),
            expired: self.expired,
            allowed: self.allowed.as_deref().map(rules),
            denied: rules(&self.denied),
            throttled_requests: self.throttled_requests,
            stalled_lists: self.stalled_lists,
            cut_lists: self.cut_lists,
            garbled_watches: self.garbled_watches,
            cut_watches: self.cut_watches,
            outdated_watches: self.outdated_watches,
            cut_logs: self.cut_logs,
            clock: self.clock.0,
        }
    }
}
