//! Where one is: routes, the way back, and the history that `[ ]` and `-` walk.

use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::text::Text;

/// One screen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// All workloads; from 120 columns on the dashboard.
    Workloads,
    /// What is held up, the longest first.
    Holdups,
    /// Node groups.
    Groups,
    /// What node groups tried, all groups together.
    Activity,
    /// Limits of the account.
    Quotas,
    /// Machines.
    Nodes,
    /// Events of all resources.
    Events,
    /// Where data comes from and how old it is.
    Sources,
    /// Why one workload does not finish.
    Explanation(ResourceKey),
    /// Whether the next update of one workload would finish.
    Fit(ResourceKey),
    /// Copies of one workload.
    Replicas(ResourceKey),
    /// Jobs of one workload.
    Jobs(ResourceKey),
    /// The history of one node group.
    GroupActivity(ResourceKey),
    /// One entry of that history, whole.
    OneActivity(ResourceKey),
    /// What runs on one machine.
    Node(ResourceKey),
    /// Requests for one quota, and who uses it.
    Quota(ResourceKey),
    /// A log.
    Logs(LogRoute),
    /// What happened to one resource (all, without one), merged over sources.
    Timeline(Option<ResourceKey>),
    /// Everything known of one object, for people.
    Details(ObjectId),
    /// The record of one object as its source received it.
    Raw(ResourceKey),
    /// Everything one can go to or do, by name.
    Palette,
    /// Keys.
    Help,
}

/// Whose log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogRoute {
    /// The workload.
    pub workload: ResourceKey,
    /// A job of it.
    pub job: Option<Text>,
    /// One replica of it.
    pub replica: Option<Text>,
    /// One container of a replica, where the platform lets one choose; all of them otherwise.
    pub container: Option<Text>,
    /// The previous container.
    pub previous: bool,
}

/// Something a row stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectId {
    /// A resource.
    Resource(ResourceKey),
    /// A source.
    Source(SourceId),
    /// Something that happened to a resource.
    Event {
        /// To what.
        of: ResourceKey,
        /// The short machine word.
        reason: Text,
        /// The sentence.
        message: Text,
    },
    /// A part of a document, by a name that is stable inside it.
    Part(String),
}

impl ObjectId {
    /// The resource, if it is one or happened to one.
    pub fn resource(&self) -> Option<&ResourceKey> {
        match self {
            Self::Resource(key) | Self::Event { of: key, .. } => Some(key),
            Self::Source(_) | Self::Part(_) => None,
        }
    }
}

impl Route {
    /// The tabs, in order.
    pub const TABS: [Self; 8] =
        [Self::Workloads, Self::Holdups, Self::Groups, Self::Activity, Self::Quotas, Self::Nodes, Self::Events, Self::Sources];

    /// The word of a tab, or of a crumb.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Workloads => "Workloads",
            Self::Holdups => "Holdups",
            Self::Groups => "Groups",
            Self::Activity => "Activity",
            Self::Quotas => "Quotas",
            Self::Nodes => "Nodes",
            Self::Events => "Events",
            Self::Sources => "Sources",
            Self::Explanation(_) => "why",
            Self::Fit(_) => "would it fit",
            Self::Replicas(_) => "replicas",
            Self::Jobs(_) => "jobs",
            Self::GroupActivity(_) => "activity",
            Self::OneActivity(_) => "one activity",
            Self::Node(_) => "what runs on it",
            Self::Quota(_) => "requests and use",
            Self::Logs(log) if log.previous => "previous logs",
            Self::Logs(_) => "logs",
            Self::Timeline(_) => "timeline",
            Self::Details(_) => "details",
            Self::Raw(_) => "raw",
            Self::Palette => "go to",
            Self::Help => "help",
        }
    }

    /// The resource the screen is about.
    pub fn subject(&self) -> Option<&ResourceKey> {
        match self {
            Self::Explanation(key)
            | Self::Fit(key)
            | Self::Replicas(key)
            | Self::Jobs(key)
            | Self::GroupActivity(key)
            | Self::OneActivity(key)
            | Self::Node(key)
            | Self::Quota(key)
            | Self::Raw(key)
            | Self::Timeline(Some(key)) => Some(key),
            Self::Logs(log) => Some(&log.workload),
            Self::Details(object) => object.resource(),
            _ => None,
        }
    }
}

/// The stack of screens and the history of visits.
#[derive(Clone, Debug)]
pub struct Navigation {
    stack: Vec<Route>,
    visited: Vec<Vec<Route>>,
    position: usize,
}

impl Default for Navigation {
    fn default() -> Self {
        Self { stack: vec![Route::Workloads], visited: vec![vec![Route::Workloads]], position: 0 }
    }
}

impl Navigation {
    /// The most visits remembered, and the deepest stack.
    pub const LIMIT: usize = 64;

    /// The screen that is open.
    pub fn top(&self) -> &Route {
        self.stack.last().unwrap_or(&Route::Workloads)
    }

    /// The tab at the bottom of the stack.
    pub fn tab(&self) -> &Route {
        self.stack.first().unwrap_or(&Route::Workloads)
    }

    /// The screens from the tab to the open one.
    pub fn crumbs(&self) -> &[Route] {
        &self.stack
    }

    /// Opens a screen above the present one.
    pub fn push(&mut self, route: Route) {
        if *self.top() == route {
            return;
        }
        if self.stack.len() == Self::LIMIT {
            self.stack.remove(1);
        }
        self.stack.push(route);
        self.remember();
    }

    /// Opens a screen that is no visit: history and the way back do not know it.
    pub fn glance(&mut self, route: Route) {
        if *self.top() != route {
            self.stack.push(route);
        }
    }

    /// Leaves such a screen.
    pub fn dismiss(&mut self, route: &Route) {
        if self.stack.len() > 1 && self.top() == route {
            self.stack.pop();
        }
    }

    /// Opens a screen in the place of the present one.
    pub fn replace(&mut self, route: Route) {
        if *self.top() == route {
            return;
        }
        if self.stack.len() > 1 {
            self.stack.pop();
        }
        self.stack.push(route);
        self.remember();
    }

    /// Opens a tab.
    pub fn open_tab(&mut self, route: Route) {
        if self.stack.len() == 1 && *self.top() == route {
            return;
        }
        self.stack = vec![route];
        self.remember();
    }

    /// Goes back one screen; false at a tab.
    pub fn pop(&mut self) -> bool {
        if self.stack.len() < 2 {
            return false;
        }
        self.stack.pop();
        self.remember();
        true
    }

    /// Walks the history by `step`; false at its end.
    pub fn walk(&mut self, step: isize) -> bool {
        let Some(position) = self.position.checked_add_signed(step) else { return false };
        let Some(stack) = self.visited.get(position) else { return false };
        self.stack.clone_from(stack);
        self.position = position;
        true
    }

    /// Between this view and the one before, to and fro.
    pub fn swap(&mut self) -> bool {
        let Some(stack) = self.position.checked_sub(1).and_then(|before| self.visited.get(before)).cloned() else { return false };
        self.stack = stack;
        self.remember();
        true
    }

    fn remember(&mut self) {
        self.visited.truncate(self.position + 1);
        self.visited.push(self.stack.clone());
        if self.visited.len() > Self::LIMIT {
            self.visited.remove(0);
        }
        self.position = self.visited.len().saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_and_the_history_differ() {
        let mut navigation = Navigation::default();
        navigation.push(Route::Help);
        assert!(navigation.pop());
        assert!(!navigation.pop());
        assert!(navigation.walk(-1), "the history still knows help");
        assert_eq!(*navigation.top(), Route::Help);
        assert!(navigation.walk(1));
        assert_eq!(*navigation.top(), Route::Workloads);
        assert!(!navigation.walk(1));
        assert!(navigation.swap());
        assert_eq!(*navigation.top(), Route::Help);
    }
}
