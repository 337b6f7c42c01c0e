//! One API server: takes requests apart, lets the parts answer, and keeps the store up to date.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch::{Receiver, Sender};

use super::access::{self, Struck, WatchFault};
use super::backing::Backing;
use super::body::End;
use super::kinds::{self, ServedKind};
use super::media::{Form, aggregated};
use super::options::{Options, Query, flag};
use super::route::Route;
use super::status::Refusal;
use super::store::Store;
use super::{discovery, list, log, pretty, review, watch};
use crate::clock::now;
use crate::sim::world::KubernetesFaults;

/// The largest body of a question.
const QUESTION: usize = 64 * 1_024;

/// A server over a backing.
#[derive(Debug)]
pub(super) struct Server {
    backing: Arc<dyn Backing>,
    store: Mutex<Store>,
    news: Sender<u64>,
    struck: Struck,
}

/// The API server over a backing, ready to be served.
pub fn router(backing: Arc<dyn Backing>) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Server::new(backing, Store::default())))
}

impl Server {
    pub(super) fn new(backing: Arc<dyn Backing>, store: Store) -> Self {
        Self { backing, store: Mutex::new(store), news: Sender::new(0), struck: Struck::default() }
    }

    /// Looks at the store as it is now; the closure must not wait.
    pub(super) fn look<T>(&self, see: impl FnOnce(&Store) -> T) -> T {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let before = store.version();
        self.backing.update(&mut store);
        if store.version() != before {
            self.news.send_replace(store.version());
        }
        see(&store)
    }

    /// Tells of new versions.
    pub(super) fn news(&self) -> Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn backing(&self) -> &dyn Backing {
        &*self.backing
    }

    pub(super) fn list_end(&self) -> End {
        self.struck.list(&self.backing.faults())
    }

    pub(super) fn cuts_log(&self) -> bool {
        self.struck.log(&self.backing.faults())
    }

    pub(super) fn watch_fault(&self) -> Option<WatchFault> {
        self.struck.watch(&self.backing.faults())
    }
}

pub(super) async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let faults = server.backing.faults();
    if faults.hang {
        std::future::pending::<()>().await;
    }
    let for_people = wants_pretty(&request);
    let mut response = match server.struck.throttled(&faults) {
        Some(throttled) => throttled,
        None => routed(&server, &faults, request).await.unwrap_or_else(IntoResponse::into_response),
    };
    if for_people && response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media == "application/json") {
        response = indented(response).await;
    }
    if faults.clock != 0
        && let Ok(date) = HeaderValue::from_str(&faults.there(now()).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Whether an answer should be easy on the eye: asked for, or for a tool of people. Streams never.
fn wants_pretty(request: &Request) -> bool {
    let query: Query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let by_agent = ["curl", "Wget", "Mozilla/5.0"].iter().any(|tool| agent.starts_with(tool));
    !flag(&query, "watch") && if query.contains_key("pretty") { flag(&query, "pretty") } else { by_agent }
}

/// The same answer, indented; one that breaks off stays as it is, broken.
async fn indented(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(pretty::pretty(&bytes)))
        }
        Err(error) => Response::from_parts(parts, Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(error)]))),
    }
}

async fn routed(server: &Arc<Server>, faults: &KubernetesFaults, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    access::authenticate(faults, &parts.headers)?;
    let query: Query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = parts.uri.path();
    let route = Route::read(path);
    if let Route::Review(plural) = route
        && parts.method == Method::POST
    {
        return asked(server, faults, plural, body).await;
    }
    if served(server, route) && parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(Refusal::method_not_allowed());
    }
    let form = || Form::read(&parts.headers, &query);
    match route {
        Route::Health => Ok("ok".into_response()),
        Route::Version => Ok(discovery::version(server)),
        Route::Core => Ok(discovery::core(server, aggregated(&parts.headers))),
        Route::Groups => Ok(discovery::groups(server, aggregated(&parts.headers))),
        Route::Group(group) if served(server, route) => Ok(discovery::group(group)),
        Route::Resources(group, version) if served(server, route) => Ok(discovery::resources(group, version)),
        Route::Collection(kind, namespace) if served(server, route) => {
            let options = Options::read(kind, &query)?;
            let verb = if options.watch { "watch" } else { "list" };
            access::authorize(faults, verb, kind, "", (namespace, ""))?;
            let form = form()?;
            if options.watch {
                return Ok(watch::watch(server.clone(), kind, namespace, options, form));
            }
            list::list(server, kind, namespace, &options, form)
        }
        Route::Object(kind, namespace, name) if served(server, route) => {
            let place = if kind.kind == "Namespace" { Some(name) } else { Some(namespace).filter(|namespace| !namespace.is_empty()) };
            access::authorize(faults, "get", kind, "", (place, name))?;
            list::one(server, kind, namespace, name, form()?)
        }
        Route::Log(namespace, pod) => {
            let pods = kinds::find("", "v1", "pods").ok_or_else(Refusal::no_such_resource)?;
            access::authorize(faults, "get", pods, "log", (Some(namespace), pod))?;
            log::log(server, namespace, pod, &query)
        }
        Route::Review(_) => Err(Refusal::method_not_allowed()),
        Route::Unknown => Err(Refusal::no_such_resource()),
        _ => Ok((StatusCode::NOT_FOUND, "404 page not found\n").into_response()),
    }
}

/// Whether there is something at a path: custom groups are only in clusters that have them.
fn served(server: &Server, route: Route<'_>) -> bool {
    let there = |kind: &ServedKind| server.look(|store| store.serves(kind));
    match route {
        Route::Group(group) | Route::Resources(group, _) => kinds::KINDS.iter().find(|kind| kind.group == group).is_none_or(there),
        Route::Collection(kind, _) | Route::Object(kind, ..) => there(kind),
        Route::Nowhere => false,
        _ => true,
    }
}

async fn asked(server: &Server, faults: &KubernetesFaults, plural: &str, body: Body) -> Result<Response, Refusal> {
    let bytes = to_bytes(body, QUESTION).await.map_err(|_| Refusal::bad_request("the body is too long or was cut"))?;
    let question = serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad_request(format!("the object provided is unrecognized (must be of type {plural}): {error}")))?;
    let present: BTreeMap<&str, bool> = server.look(|store| kinds::KINDS.iter().map(|kind| (kind.group, store.serves(kind))).collect());
    review::answer(faults, plural, &question, &present)
}
