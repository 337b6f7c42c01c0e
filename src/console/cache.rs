//! Listings that were built, kept until something changes that they are made of: a cursor key in a
//! list of thousands of rows builds nothing. What a listing reads of time is only ages, and those are
//! worded anew when they are drawn.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::model::Model;
use super::navigation::Route;
use super::view::content::Content;
use crate::domain::snapshot::SourceView;
use crate::domain::time::{self, Duration, Timestamp};

/// How long a listing stands while nothing but time changes: widths of columns hang on ages.
const STANDS: Duration = Duration::from_secs(10);

/// What a listing is made of, beside the route.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    revision: u64,
    world: Vec<u64>,
    dashboard: bool,
    filter: String,
    sort: Option<usize>,
    reverse: bool,
    only_problems: bool,
}

impl Made {
    fn of(model: &Model, route: &Route) -> Self {
        let list = model.list(route);
        Self {
            revision: model.revision,
            world: world(model, route),
            dashboard: model.dashboard(),
            filter: list.map(|list| list.filter.clone()).unwrap_or_default(),
            sort: list.and_then(|list| list.sort),
            reverse: list.is_some_and(|list| list.reverse),
            only_problems: list.is_some_and(|list| list.only_problems),
        }
    }
}

/// How far the part of the world has come that a view reads. What only tells of something else moves
/// nothing: of thousands of replicas none is worded anew because there is another event.
fn world(model: &Model, route: &Route) -> Vec<u64> {
    let views = || model.snapshot().views.values();
    let says_more = |source: &&SourceView| {
        let view = &source.view;
        source.health.failure().is_some() || !(view.gaps.is_empty() && view.replicas.is_empty() && view.workloads.is_empty())
    };
    match route {
        // Its rows are the replicas, and what could not be read is told beneath them.
        Route::Replicas(_) => views().map(|source| if says_more(&source) { source.stats.changed } else { 0 }).collect(),
        // They show how the sources themselves are doing.
        Route::Sources | Route::Details(_) | Route::Raw(_) => vec![model.told, views().map(|source| source.stats.polls).sum()],
        _ => vec![model.told],
    }
}

struct Kept {
    made: Made,
    at: Timestamp,
    content: Arc<Content>,
}

/// Listings by route. A clone of the model starts with none.
#[derive(Default)]
pub struct Cache(Mutex<BTreeMap<Route, Kept>>);

impl Cache {
    /// The listing of a route: the one kept, or what `build` makes.
    pub(super) fn listing(&self, model: &Model, route: &Route, now: Timestamp, build: impl FnOnce() -> Content) -> Arc<Content> {
        let made = Made::of(model, route);
        {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = kept.get(route) {
                let apart = time::age(now, kept.at).max(time::age(kept.at, now));
                if kept.made == made && apart < STANDS {
                    return Arc::clone(&kept.content);
                }
            }
            // What was built before the last change is never asked for again; a long list and the one
            // that follows it need not be in memory together.
            kept.retain(|other, kept| other != route && kept.made.revision == made.revision);
        }
        let content = Arc::new(build());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(route.clone(), Kept { made, at: now, content: Arc::clone(&content) });
        content
    }
}

impl Clone for Cache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::event::{Event, Stamped};
    use crate::console::model::Settings;
    use crate::console::panes::listing;
    use crate::console::update::update;
    use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
    use crate::domain::replica::Replica;
    use crate::domain::snapshot::View;
    use crate::domain::store::Update;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn key(kind: ResourceKind, name: &str) -> ResourceKey {
        ResourceKey::new(&"prod".into(), kind, name)
    }

    fn tell(model: &mut Model, source: &str, view: View) {
        let source = SourceId::new(&"prod".into(), source);
        let told = Update { source, at: NOW, took: Duration::ZERO, outcome: Ok(Arc::new(view)) };
        update(model, Stamped { at: NOW, event: Event::Update(Box::new(told)) });
    }

    fn events(reason: &str) -> View {
        let event = crate::domain::event::Event {
            of: key(ResourceKind::Object, "Lease ml/a"),
            at: NOW,
            first_at: None,
            count: 1,
            warning: false,
            reason: reason.into(),
            message: "x".into(),
        };
        View { events: vec![event], ..View::default() }
    }

    fn replicas(count: usize) -> View {
        let replica = |number: usize| Replica {
            workload: Some(key(ResourceKind::Workload, "ml/chat")),
            ..Replica::unknown(key(ResourceKind::Replica, &format!("ml/chat-{number}")))
        };
        View { replicas: (0..count).map(replica).collect(), ..View::default() }
    }

    #[test]
    fn replicas_are_worded_anew_for_replicas_and_not_for_events() {
        let mut model = Model::new(Settings::default());
        let route = Route::Replicas(key(ResourceKind::Workload, "ml/chat"));
        tell(&mut model, "kubernetes", replicas(2));
        tell(&mut model, "kubernetes.events", events("Pulled"));
        let first = listing(&model, &route, NOW);
        assert_eq!(first.rows.len(), 2);
        tell(&mut model, "kubernetes.events", events("Started"));
        tell(&mut model, "kubernetes", replicas(2));
        assert!(Arc::ptr_eq(&first, &listing(&model, &route, NOW)), "nothing that it shows is new");
        tell(&mut model, "kubernetes", replicas(3));
        assert_eq!(listing(&model, &route, NOW).rows.len(), 3);
        let timeline = listing(&model, &Route::Events, NOW);
        tell(&mut model, "kubernetes.events", events("Killing"));
        assert_eq!(listing(&model, &Route::Events, NOW).rows.len(), timeline.rows.len() + 1);
    }
}
