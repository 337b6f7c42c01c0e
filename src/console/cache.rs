//! Listings that were built, kept until something changes that they are made of: a cursor key in a
//! list of thousands of rows builds nothing. What a listing reads of time is only ages, and those are
//! worded anew when they are drawn.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::model::ListState;
use super::navigation::Route;
use super::view::content::Content;
use crate::domain::time::{self, Duration, Timestamp};

/// How long a listing stands while nothing but time changes: widths of columns hang on ages.
const STANDS: Duration = Duration::from_secs(10);

/// What a listing is made of, beside the route.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    revision: u64,
    dashboard: bool,
    filter: String,
    sort: Option<usize>,
    reverse: bool,
    only_problems: bool,
}

impl Made {
    fn of(revision: u64, dashboard: bool, list: Option<&ListState>) -> Self {
        Self {
            revision,
            dashboard,
            filter: list.map(|list| list.filter.clone()).unwrap_or_default(),
            sort: list.and_then(|list| list.sort),
            reverse: list.is_some_and(|list| list.reverse),
            only_problems: list.is_some_and(|list| list.only_problems),
        }
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
    pub(super) fn listing(
        &self,
        route: &Route,
        (revision, dashboard, list): (u64, bool, Option<&ListState>),
        now: Timestamp,
        build: impl FnOnce() -> Content,
    ) -> Arc<Content> {
        let made = Made::of(revision, dashboard, list);
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(route) {
            let apart = time::age(now, kept.at).max(time::age(kept.at, now));
            if kept.made == made && apart < STANDS {
                return Arc::clone(&kept.content);
            }
        }
        let content = Arc::new(build());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was built before the last change is never asked for again.
        kept.retain(|_, kept| kept.made.revision == revision);
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
