//! A cluster whose clock is not this machine's: how far apart they are, by the `Date` of its
//! answers, and its times as this machine's clock would have them. Otherwise everything of a cluster
//! that is an hour ahead would be new for an hour, and of one that is behind too old.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::HeaderMap;
use axum::http::header::DATE;
use jiff::SignedDuration;

use crate::domain::condition::StatusCondition;
use crate::domain::replica::{Container, ContainerState, Replica, Termination};
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::time::{Duration, Timestamp, words};

/// Seconds from which on clocks are told to differ. A `Date` has whole seconds and an answer takes
/// its time, so less may be nothing.
const NOTABLE: i64 = 60;

/// Seconds by which a measurement may wander without every time being moved again.
const STEADY: i64 = 5;

/// How far a cluster's clock is ahead of this machine's, in seconds; behind is negative.
#[derive(Debug, Default)]
pub struct Skew(AtomicI64);

impl Skew {
    /// Compares the date of an answer that has just come.
    pub fn measure(&self, headers: &HeaderMap, here: Timestamp) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let Some(there) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { return };
        let ahead = there.timestamp().as_second() - here.as_second();
        let ahead = if ahead.abs() < NOTABLE { 0 } else { ahead };
        let held = self.0.load(Ordering::Relaxed);
        if ahead == 0 || held == 0 || (ahead - held).abs() > STEADY {
            self.0.store(ahead, Ordering::Relaxed);
        }
    }

    /// The cluster's time as this machine's clock would have it.
    pub fn here(&self, at: Timestamp) -> Timestamp {
        at.saturating_sub(SignedDuration::from_secs(self.0.load(Ordering::Relaxed))).unwrap_or(at)
    }

    /// That the clocks differ, where they do.
    pub fn gap(&self) -> Option<Gap> {
        let ahead = Some(self.0.load(Ordering::Relaxed)).filter(|ahead| *ahead != 0)?;
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        let apart = words(Duration::from_secs(ahead.unsigned_abs()));
        let message =
            format!("the cluster's clock is {apart} {direction} this machine's; its times are shown as this machine would have them");
        let hint = "`date -u` on both sides shows which one is wrong; timedatectl set-ntp true sets it right";
        Some(Gap { what: "the cluster's clock".into(), failure: Failure::new(FailureKind::ClockSkew, message, hint) })
    }

    /// Moves every time of a view.
    pub fn correct(&self, view: &mut View) {
        if self.0.load(Ordering::Relaxed) == 0 {
            return;
        }
        for workload in &mut view.workloads {
            self.each([&mut workload.deployed_at, &mut workload.status.since]);
            self.each(workload.versions.iter_mut().map(|version| &mut version.deployed_at));
            self.each(workload.messages.iter_mut().map(|message| &mut message.at));
        }
        view.replicas.iter_mut().for_each(|replica| self.replica(replica));
        for rollout in &mut view.rollouts {
            self.conditions(&mut rollout.conditions);
            for revision in &mut rollout.revisions {
                self.each([&mut revision.created_at]);
                self.conditions(&mut revision.conditions);
            }
        }
        for event in &mut view.events {
            event.at = self.here(event.at);
            self.each([&mut event.first_at]);
        }
        self.limits(view);
        self.machines(view);
    }

    fn limits(&self, view: &mut View) {
        view.scalers.iter_mut().for_each(|scaler| self.conditions(&mut scaler.conditions));
        view.budgets.iter_mut().for_each(|budget| self.conditions(&mut budget.conditions));
        for claim in &mut view.claims {
            self.each([&mut claim.created_at]);
            self.conditions(&mut claim.conditions);
        }
    }

    fn machines(&self, view: &mut View) {
        for node in &mut view.nodes {
            self.each([&mut node.created_at]);
            if let Some(detail) = node.detail.as_mut().map(Arc::make_mut) {
                self.each([&mut detail.deleting_since]);
                self.each(detail.taints.iter_mut().map(|taint| &mut taint.since));
                self.conditions(&mut detail.conditions);
            }
        }
        if let Some(autoscaler) = &mut view.autoscaler {
            self.each([&mut autoscaler.reported_at]);
            self.each(autoscaler.groups.iter_mut().map(|group| &mut group.since));
        }
        for claim in &mut view.node_claims {
            self.each([&mut claim.created_at, &mut claim.deleting_since]);
            self.conditions(&mut claim.conditions);
        }
        view.node_pools.iter_mut().for_each(|pool| self.conditions(&mut pool.conditions));
        view.node_classes.iter_mut().for_each(|class| self.conditions(&mut class.conditions));
    }

    fn replica(&self, replica: &mut Replica) {
        self.each([&mut replica.created_at, &mut replica.placed_at, &mut replica.deleting_since]);
        self.conditions(&mut replica.conditions);
        replica.containers.iter_mut().for_each(|container| self.container(container));
    }

    fn container(&self, container: &mut Container) {
        match &mut container.state {
            ContainerState::Running { since } => self.each([since]),
            ContainerState::Terminated(end) => self.end(end),
            ContainerState::Waiting { .. } | ContainerState::Unknown => {}
        }
        container.last.iter_mut().for_each(|end| self.end(end));
    }

    fn end(&self, end: &mut Termination) {
        self.each([&mut end.started_at, &mut end.finished_at]);
    }

    fn conditions(&self, conditions: &mut [StatusCondition]) {
        self.each(conditions.iter_mut().map(|condition| &mut condition.since));
    }

    fn each<'t>(&self, times: impl IntoIterator<Item = &'t mut Option<Timestamp>>) {
        times.into_iter().for_each(|time| *time = time.map(|at| self.here(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(skew: &Skew, date: &str, here: &str) -> i64 {
        let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        skew.measure(&headers, here.parse().unwrap());
        skew.0.load(Ordering::Relaxed)
    }

    #[test]
    fn small_differences_are_none_and_a_large_one_holds_still() {
        let skew = Skew::default();
        assert_eq!(measured(&skew, "Sat, 21 Nov 2026 12:00:40 GMT", "2026-11-21T12:00:00Z"), 0);
        assert!(skew.gap().is_none());
        assert_eq!(measured(&skew, "Sat, 21 Nov 2026 13:00:00 GMT", "2026-11-21T12:00:00Z"), 3_600);
        assert_eq!(measured(&skew, "Sat, 21 Nov 2026 13:00:01 GMT", "2026-11-21T12:00:03Z"), 3_600, "a slow answer");
        assert_eq!(skew.here("2026-11-21T13:00:00Z".parse().unwrap()).to_string(), "2026-11-21T12:00:00Z");
        assert_eq!(measured(&skew, "no date", "2026-11-21T12:00:00Z"), 3_600);
        assert_eq!(measured(&skew, "Sat, 21 Nov 2026 11:00:00 GMT", "2026-11-21T12:00:00Z"), -3_600);
        assert!(skew.gap().unwrap().failure.message.contains("60 min behind this machine's"));
        assert_eq!(measured(&skew, "Sat, 21 Nov 2026 12:00:00 GMT", "2026-11-21T12:00:00Z"), 0, "somebody set it right");
    }
}
