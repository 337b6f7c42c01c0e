//! Lists: whole ones, pages, tables, and single objects.

use std::sync::Arc;

use axum::body::Bytes;
use axum::response::Response;

use super::body::{self, End};
use super::kinds::ServedKind;
use super::media::Form;
use super::object::Stored;
use super::options::{At, Options, Token};
use super::server::Server;
use super::status::Refusal;
use super::store::{Store, TooOld};
use super::table;

/// One page of a list, taken out of the store.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) objects: Vec<Arc<Stored>>,
    /// The version of the list.
    pub(super) version: u64,
    /// Token of the next page.
    go_on: Option<String>,
    /// Objects after this page, if that is known without looking at them.
    remaining: Option<usize>,
}

/// Answers a list.
pub(super) fn list(
    server: &Server,
    kind: &'static ServedKind,
    namespace: Option<&str>,
    options: &Options,
    form: Form,
) -> Result<Response, Refusal> {
    let page = server.look(|store| page(store, kind, namespace, options))?;
    Ok(body::json(pieces(kind, &page, form), server.list_end()))
}

/// Takes a page out of the store.
pub(super) fn page(store: &Store, kind: &'static ServedKind, namespace: Option<&str>, options: &Options) -> Result<Page, Refusal> {
    let newest = store.version();
    let prefix = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let start = options.go_on.as_ref().map(|token| format!("{prefix}{}", token.start)).unwrap_or_default();
    let pinned = match (&options.go_on, options.at) {
        (Some(token), _) => u64::try_from(token.version).ok(),
        (None, At::Exactly(version) | At::Since(version)) if version > newest => return Err(Refusal::too_new(version, newest)),
        (None, At::Exactly(version)) => Some(version),
        (None, At::Newest | At::Any | At::Since(_)) => None,
    };
    let found = store.objects(kind, namespace, &start, pinned).map_err(|TooOld| match &options.go_on {
        Some(token) => Refusal::page_too_old(Token { version: -1, start: token.start.clone() }.write()),
        None => Refusal::list_too_old(),
    })?;
    let version = pinned.unwrap_or(newest);
    let mut objects: Vec<_> = found.into_iter().filter(|object| options.selector.admits(object)).collect();
    // Lists of any version come from a cache that knows no pages.
    let limit = if options.at == At::Any && options.go_on.is_none() { 0 } else { options.limit };
    let rest = if limit > 0 && objects.len() > limit { objects.split_off(limit).len() } else { 0 };
    let last = objects.last().filter(|_| rest > 0);
    let go_on = last.map(|last| {
        let key = super::object::key(&last.namespace, &last.name);
        let start = format!("{}\0", key.strip_prefix(&prefix).unwrap_or(&key));
        Token { version: i64::try_from(version).unwrap_or(i64::MAX), start }.write()
    });
    let remaining = (rest > 0 && options.selector.is_empty()).then_some(rest);
    Ok(Page { objects, version, go_on, remaining })
}

/// The list's own metadata.
fn metadata(page: &Page) -> String {
    let go_on = page.go_on.as_ref().map(|token| format!(",\"continue\":\"{token}\"")).unwrap_or_default();
    let remaining = page.remaining.map(|count| format!(",\"remainingItemCount\":{count}")).unwrap_or_default();
    format!("{{\"resourceVersion\":\"{}\"{go_on}{remaining}}}", page.version)
}

/// The bytes of a page.
pub(super) fn pieces(kind: &'static ServedKind, page: &Page, form: Form) -> Vec<Bytes> {
    let metadata = metadata(page);
    let (word, version) = match form {
        Form::Table(rows) => return vec![table::table(kind, &page.objects, rows, &metadata, true)],
        Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
        Form::Whole => (kind.kind, kind.api_version()),
    };
    let opening = if kind.custom && form == Form::Whole {
        format!("{{\"apiVersion\":\"{version}\",\"items\":[")
    } else {
        format!("{{\"kind\":\"{word}List\",\"apiVersion\":\"{version}\",\"metadata\":{metadata},\"items\":[")
    };
    let mut pieces = Vec::with_capacity(page.objects.len() * 3 + 2);
    pieces.push(opening.into());
    for (index, object) in page.objects.iter().enumerate() {
        if index > 0 {
            pieces.push(Bytes::from_static(b","));
        }
        pieces.extend(if form == Form::Metadata { object.metadata_only() } else { object.item(kind) });
    }
    pieces.push(if kind.custom && form == Form::Whole {
        format!("],\"kind\":\"{word}List\",\"metadata\":{metadata}}}").into()
    } else {
        Bytes::from_static(b"]}")
    });
    pieces
}

/// Answers with one object.
pub(super) fn one(server: &Server, kind: &'static ServedKind, namespace: &str, name: &str, form: Form) -> Result<Response, Refusal> {
    let (found, version) = server.look(|store| (store.get(kind, namespace, name), store.version()));
    let object = found.ok_or_else(|| Refusal::not_found(kind, name))?;
    let pieces = match form {
        Form::Whole => object.whole(kind).to_vec(),
        Form::Metadata => object.metadata_only().to_vec(),
        Form::Table(rows) => vec![table::table(kind, &[object], rows, &format!("{{\"resourceVersion\":\"{version}\"}}"), true)],
    };
    Ok(body::json(pieces, End::Whole))
}
