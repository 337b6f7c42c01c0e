//! What controllers say about objects: the scheduler, the autoscaler, the Deployment controller.
//! Repetitions are counted, not listed; what nobody repeated for an hour is forgotten, as the API
//! server does. What the node agent says is not here: it follows from the state of pods.

use super::clock::Moment;

/// Story seconds that an entry outlives its last repetition.
const KEPT: i64 = 3_600;

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// Such as `Pod`.
    pub kind: &'static str,
    /// Empty for what belongs to the whole cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl About {
    /// An object.
    pub fn new(kind: &'static str, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// One thing said, as often as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// About what.
    pub about: About,
    /// Whether it is a warning.
    pub warning: bool,
    /// The machine word.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
    /// Who says it.
    pub component: &'static str,
    /// When first.
    pub first: Moment,
    /// When last.
    pub last: Moment,
    /// How often.
    pub count: u32,
}

/// All that was said in the last hour.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Vec<Happening>,
}

impl Journal {
    /// Says something of the ordinary.
    pub(crate) fn normal(&mut self, now: Moment, component: &'static str, about: &About, reason: &'static str, message: String) {
        self.say(now, component, about, (false, reason, message));
    }

    /// Says that something is wrong.
    pub(crate) fn warn(&mut self, now: Moment, component: &'static str, about: &About, reason: &'static str, message: String) {
        self.say(now, component, about, (true, reason, message));
    }

    fn say(&mut self, now: Moment, component: &'static str, about: &About, (warning, reason, message): (bool, &'static str, String)) {
        let same = |entry: &&mut Happening| {
            entry.about == *about && entry.reason == reason && entry.message == message && entry.component == component
        };
        if let Some(entry) = self.entries.iter_mut().rev().find(same) {
            entry.last = now;
            entry.count += 1;
            return;
        }
        let about = about.clone();
        self.entries.push(Happening { about, warning, reason, message, component, first: now, last: now, count: 1 });
    }

    /// Forgets what is too old.
    pub(crate) fn forget(&mut self, now: Moment) {
        if now % 60 == 0 {
            self.entries.retain(|entry| now - entry.last <= KEPT);
        }
    }

    /// What is remembered, the oldest first.
    pub fn entries(&self) -> &[Happening] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_counted_and_old_things_forgotten() {
        let mut journal = Journal::default();
        let pod = About::new("Pod", "default", "a");
        journal.warn(0, "default-scheduler", &pod, "FailedScheduling", "no".to_owned());
        journal.warn(300, "default-scheduler", &pod, "FailedScheduling", "no".to_owned());
        journal.normal(310, "default-scheduler", &pod, "Scheduled", "yes".to_owned());
        let counts: Vec<(u32, Moment, Moment)> = journal.entries().iter().map(|entry| (entry.count, entry.first, entry.last)).collect();
        assert_eq!(counts, [(2, 0, 300), (1, 310, 310)]);
        journal.forget(3_960);
        assert!(journal.entries().is_empty());
    }
}
