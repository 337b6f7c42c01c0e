//! One list, in pages, each item taken as it arrives. A page that breaks off is asked for again
//! under the same token; a token that has expired begins the list anew; what a list has replaced
//! is not seen before the list is whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::backoff::Backoff;
use super::kinds::Kept;
use super::run::Informer;
use super::scan::{Malformed, Part, Scanner};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::source::kubernetes::object::Store;
use crate::source::kubernetes::refusal::{Refused, garbage};

/// Objects a page. A server may send more at once: items are taken one by one all the same.
const PAGE: &str = "500";

/// How often one page is asked for again before the list counts as failed.
const TRIES: u32 = 3;

/// How often a list begins anew because the server forgot its place.
const BEGINNINGS: u32 = 3;

/// A list that is not whole yet.
pub(super) struct Listed<O> {
    /// What came so far.
    pub(super) objects: Store<O>,
    /// How many came that could not be read.
    pub(super) unreadable: u64,
    /// Why, of one of them.
    pub(super) example: Option<Text>,
}

/// Where a page ends.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    next: String,
}

impl<O: Kept> Informer<O> {
    /// Lists all there is and puts it in place of what was there. Gives the version to watch from.
    ///
    /// # Errors
    /// Why it could not be finished; the objects from before stay.
    pub(super) async fn list(&self) -> Result<String, Failure> {
        let _turn = self.turns.acquire().await;
        let mut listed = Listed::default();
        let mut token = String::new();
        let (mut tries, mut beginnings) = (0, 0);
        let mut backoff = Backoff::new(O::KIND.plural, self.pace);
        loop {
            let refused = match self.page(&token, beginnings < BEGINNINGS, &mut listed).await {
                Ok(meta) if meta.next.is_empty() => {
                    self.shared.replace(&self.watched(), &self.scope, listed);
                    return Ok(meta.resource_version);
                }
                Ok(meta) => {
                    (token, tries) = (meta.next, 0);
                    continue;
                }
                Err(refused) => refused,
            };
            if refused.is_gone() && beginnings <= BEGINNINGS {
                // Pages that expire again and again are too slow for this server: then all at once.
                beginnings += 1;
                token.clear();
                listed = Listed::default();
                continue;
            }
            tries += 1;
            if tries >= TRIES || !may_pass(refused.failure.kind) {
                return Err(refused.failure);
            }
            self.shared.troubled(&self.watched(), &refused.failure, tries);
            tokio::time::sleep(backoff.pause(&refused.failure)).await;
        }
    }

    async fn page(&self, token: &str, in_pages: bool, listed: &mut Listed<O>) -> Result<ListMeta, Refused> {
        let mut query = Vec::new();
        if in_pages {
            query.push(("limit", PAGE));
        }
        if !token.is_empty() {
            query.push(("continue", token));
        }
        let mut answer = self.server.get(&self.path(&query), &self.scope.asked("list", O::KIND.plural)).await?;
        let mut scanner = Scanner::default();
        let (mut meta, mut is_list) = (ListMeta::default(), false);
        let mut sink = |part: Part<'_>| match part {
            Part::Item(item) => listed.take(item),
            Part::TooLarge => listed.passed_over("it is larger than any object may be".into()),
            Part::Field("metadata", value) => meta = serde_json::from_slice(value).unwrap_or_default(),
            Part::Field("kind", value) => is_list = value.ends_with(b"List\""),
            Part::Field(..) => {}
        };
        while let Some(piece) = answer.chunk(self.server.patience().stall).await? {
            scanner.feed(&piece, &mut sink).map_err(|Malformed| garbage(answer.server(), "is not a list"))?;
        }
        if !scanner.is_complete() {
            return Err(garbage(answer.server(), "broke off in the middle of a list").into());
        }
        if !is_list {
            return Err(garbage(answer.server(), "is not a list").into());
        }
        Ok(meta)
    }
}

impl<O> Default for Listed<O> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), unreadable: 0, example: None }
    }
}

impl<O: Kept> Listed<O> {
    fn take(&mut self, item: &[u8]) {
        match serde_json::from_slice::<O>(item) {
            Ok(object) => {
                let place = object.meta().place();
                self.objects.insert(place, Arc::new(object));
            }
            Err(error) => self.passed_over(Text::clean_to(&error.to_string(), 200)),
        }
    }

    fn passed_over(&mut self, why: Text) {
        self.unreadable += 1;
        self.example.get_or_insert(why);
    }
}

/// Whether asking again at once may help.
fn may_pass(kind: FailureKind) -> bool {
    use FailureKind::{Garbage, ServerError, Throttled, TimedOut, Unreachable};
    matches!(kind, Garbage | ServerError | Throttled | TimedOut | Unreachable)
}
