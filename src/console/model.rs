//! Everything the console knows. No colours, no sizes of panes, no clock: a value that
//! [`super::update`] changes and drawing reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::Cache;
use super::keymap::{Keymap, Layer};
use super::logs::LogState;
use super::navigation::{Navigation, ObjectId, Route};
use super::view::timeline::Sort;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::snapshot::Snapshot;
use crate::domain::store;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::explain::fit::Proposal;
use crate::explain::{CauseId, Explanation, Explanations};

/// What the console is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Keys.
    pub keymap: Keymap,
    /// Sources that will report: shown as waiting until they do.
    pub sources: Vec<SourceId>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// A word at the left end of the status line, such as `demo bad-day`.
    pub label: Option<Text>,
    /// What explains a world; the console neither knows rules nor waits for them.
    pub explain: Explain,
}

/// Explains all workloads of a world at a time.
pub type Explain = fn(&Snapshot, Timestamp) -> Explanations;

impl Default for Settings {
    fn default() -> Self {
        Self { keymap: Keymap::default(), sources: Vec::new(), size: (80, 24), label: None, explain: |_, _| Explanations::new() }
    }
}

/// Where one is in a list: the selection is an identity, the index only a fallback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// The selected row.
    pub selected: Option<ObjectId>,
    /// Where it was last.
    pub index: usize,
    /// The first row on the screen.
    pub offset: usize,
    /// The filter, as typed.
    pub filter: String,
    /// Column to sort by; `None` is the view's own order.
    pub sort: Option<usize>,
    /// Whether the order is reversed.
    pub reverse: bool,
    /// Whether only problems are shown.
    pub only_problems: bool,
    /// Columns panned to the right (documents only).
    pub pan: usize,
}

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// Filters the list.
    Filter,
    /// Filters what one can go to; Enter goes there.
    Palette,
    /// Searches the log.
    LogSearch,
    /// Filters the log.
    LogFilter,
}

/// A line that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// What is typed so far.
    pub text: String,
    /// What applied before, for Esc.
    pub before: String,
}

/// A screen held still.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// Since when; ages stand still too.
    pub at: Timestamp,
    /// The world as it was.
    pub snapshot: Snapshot,
    /// What was known of it.
    pub explanations: Arc<Explanations>,
    /// Updates that came since and are not shown.
    pub held: u64,
}

/// The whole state of the console.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) snapshot: Snapshot,
    pub(super) explanations: Arc<Explanations>,
    pub(super) explained_at: Option<Timestamp>,
    pub(super) explained_generation: u64,
    /// Where one is.
    pub navigation: Navigation,
    /// State of every list visited.
    pub lists: BTreeMap<Route, ListState>,
    /// The panel of the dashboard that has the keys.
    pub panel: usize,
    /// The prompt, if one is open.
    pub prompt: Option<Prompt>,
    /// What the console has to say about the last key.
    pub message: Option<Text>,
    /// A screen held still.
    pub frozen: Option<Frozen>,
    /// Links of explanations that are open where others are closed, or closed where all are open.
    pub toggled: BTreeSet<(ResourceKey, CauseId)>,
    /// Explanations whose links are all open.
    pub opened: BTreeSet<ResourceKey>,
    /// The one sort of moments that timelines show; all of them without.
    pub moments: Option<Sort>,
    /// What one thinks of deploying, by workload.
    pub proposals: BTreeMap<ResourceKey, Proposal>,
    /// The log that is open, or was last.
    pub log: LogState,
    /// Keys.
    pub keymap: Keymap,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// A word at the left end of the status line.
    pub label: Option<Text>,
    pub(super) focused: Option<ResourceKey>,
    pub(super) explain: Explain,
    /// Counts what a person does that may change a listing; moving the cursor does not.
    pub(super) revision: u64,
    /// Counts what the sources and the rules said anew.
    pub(super) told: u64,
    pub(super) cache: Cache,
}

impl Model {
    /// Terminals from here on show the dashboard.
    pub const DASHBOARD: (u16, u16) = (120, 28);

    /// A console that has seen nothing yet.
    pub fn new(settings: Settings) -> Self {
        let mut snapshot = Snapshot::default();
        for source in settings.sources {
            store::announce(&mut snapshot, source);
        }
        Self {
            snapshot,
            explanations: Arc::new(Explanations::new()),
            explained_at: None,
            explained_generation: 0,
            navigation: Navigation::default(),
            lists: BTreeMap::new(),
            panel: 0,
            prompt: None,
            message: None,
            frozen: None,
            toggled: BTreeSet::new(),
            opened: BTreeSet::new(),
            moments: None,
            proposals: BTreeMap::new(),
            log: LogState::default(),
            keymap: settings.keymap,
            size: settings.size,
            label: settings.label,
            focused: None,
            explain: settings.explain,
            revision: 0,
            told: 0,
            cache: Cache::default(),
        }
    }

    /// The world as it is, for the sources and for saving; the screen may show an older one.
    pub fn live(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The world on the screen.
    pub fn snapshot(&self) -> &Snapshot {
        self.frozen.as_ref().map_or(&self.snapshot, |frozen| &frozen.snapshot)
    }

    /// Explanations on the screen.
    pub fn explanations(&self) -> &Explanations {
        self.frozen.as_ref().map_or(&self.explanations, |frozen| &frozen.explanations)
    }

    /// The explanation of one workload on the screen.
    pub fn explanation(&self, workload: &ResourceKey) -> Option<&Explanation> {
        self.explanations().get(workload)
    }

    /// The time on the screen: `now`, or when it was held still.
    pub fn time(&self, now: Timestamp) -> Timestamp {
        self.frozen.as_ref().map_or(now, |frozen| frozen.at)
    }

    /// Whether the dashboard is on the screen.
    pub fn dashboard(&self) -> bool {
        *self.navigation.top() == Route::Workloads && self.size.0 >= Self::DASHBOARD.0 && self.size.1 >= Self::DASHBOARD.1
    }

    /// The panels of the dashboard, in the order of Tab.
    pub fn panels(&self) -> Vec<Route> {
        let mut panels = vec![Route::Workloads];
        panels.extend(self.selected_workload().map(Route::Explanation));
        panels.extend([Route::Groups, Route::Quotas, Route::Nodes]);
        panels
    }

    /// The view that has the keys.
    pub fn focus(&self) -> Route {
        if self.dashboard() {
            let panels = self.panels();
            return panels.get(self.panel % panels.len().max(1)).cloned().unwrap_or(Route::Workloads);
        }
        self.navigation.top().clone()
    }

    /// The workload selected in the list of workloads.
    pub fn selected_workload(&self) -> Option<ResourceKey> {
        self.lists.get(&Route::Workloads)?.selected.as_ref()?.resource().cloned()
    }

    /// The workload a person looks at: the subject of the screen, or the selection.
    pub fn looked_at(&self) -> Option<ResourceKey> {
        let route = self.focus();
        let of = |key: &ResourceKey| self.snapshot().workload(key).map(|(_, workload)| workload.key.clone());
        let selected = self.list(&route).and_then(|list| list.selected.as_ref()?.resource());
        route.subject().and_then(of).or_else(|| selected.and_then(of)).or_else(|| self.selected_workload())
    }

    /// The state of a list, if it was visited.
    pub fn list(&self, route: &Route) -> Option<&ListState> {
        self.lists.get(route)
    }

    /// The keys that count in a view.
    pub fn layer(&self, route: &Route) -> Layer {
        match route {
            Route::Logs(_) => Layer::Logs,
            Route::Explanation(_) => Layer::Explanation,
            Route::Fit(_) => Layer::Fit,
            Route::Events | Route::Timeline(_) => Layer::Timeline,
            _ => Layer::List,
        }
    }

    /// Whether a link of an explanation shows all of its evidence.
    pub fn is_open(&self, explanation: &Explanation, cause: &CauseId) -> bool {
        let by_default = self.opened.contains(&explanation.workload);
        by_default != self.toggled.contains(&(explanation.workload.clone(), cause.clone()))
    }
}
