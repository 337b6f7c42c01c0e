//! Where Enter and the letter keys lead from the selected row.

use crate::console::effect::Effect;
use crate::console::logs::LogState;
use crate::console::model::Model;
use crate::console::navigation::{LogRoute, ObjectId, Route};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::topology;

/// Opens what the selected row stands for.
pub(super) fn open(model: &mut Model, at: Timestamp) -> Vec<Effect> {
    let route = model.focus();
    if model.dashboard() && route != Route::Workloads {
        model.navigation.push(route);
        return Vec::new();
    }
    let Some(object) = super::select::selected(model, &route) else { return Vec::new() };
    if route == Route::Palette {
        return super::palette::choose(model, at);
    }
    if let Route::Explanation(workload) = &route {
        return super::act::open_part(model, &workload.clone(), &object, at);
    }
    if matches!((&route, &object), (Route::Fit(_), ObjectId::Part(part)) if part.starts_with("remedy:")) {
        return super::act::copy_remedy(model, None, at);
    }
    let target = match &object {
        ObjectId::Resource(key) => drill(model, &route, key),
        ObjectId::Source(_) | ObjectId::Event { .. } => Some(Route::Details(object.clone())),
        ObjectId::Part(_) => None,
    };
    match target {
        Some(Route::Logs(log)) => open_log(model, log),
        Some(target) if target != route => {
            model.navigation.push(target);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

pub(super) fn drill(model: &Model, from: &Route, key: &ResourceKey) -> Option<Route> {
    Some(match key.kind {
        ResourceKind::Workload => Route::Explanation(key.clone()),
        ResourceKind::Replica => Route::Logs(replica_log(model, key)?),
        ResourceKind::Job => Route::Logs(job_log(model, key)?),
        ResourceKind::Node => Route::Node(key.clone()),
        ResourceKind::NodeGroup => Route::GroupActivity(key.clone()),
        ResourceKind::Activity => Route::OneActivity(key.clone()),
        ResourceKind::Quota => Route::Quota(key.clone()),
        _ if matches!(from, Route::Details(_)) => return None,
        _ => Route::Details(ObjectId::Resource(key.clone())),
    })
}

fn replica_log(model: &Model, key: &ResourceKey) -> Option<LogRoute> {
    let views = model.snapshot().sources(&key.context);
    let mut replicas = views.flat_map(|(_, source)| &source.view.replicas);
    let replica = replicas.find(|replica| replica.key == *key)?;
    let of = replica.workload.clone().unwrap_or_else(|| key.clone());
    Some(LogRoute { workload: of, job: None, replica: Some(key.name.clone()), container: None, previous: false })
}

fn job_log(model: &Model, key: &ResourceKey) -> Option<LogRoute> {
    let (workload, job) = key.name.rsplit_once('/')?;
    let workload = ResourceKey::new(&key.context, ResourceKind::Workload, workload);
    model.snapshot().workload(&workload)?;
    Some(LogRoute { workload, job: Some(Text::from(job)), replica: None, container: None, previous: false })
}

/// The log of the selected object, or of the workload it belongs to.
pub(super) fn log(model: &mut Model, previous: bool) -> Vec<Effect> {
    let route = model.focus();
    if let Route::Logs(log) = &route {
        let log = LogRoute { previous: !log.previous, ..log.clone() };
        return reopen(model, log);
    }
    let selected = super::select::selected(model, &route);
    let of_row = selected.as_ref().and_then(ObjectId::resource).and_then(|key| match key.kind {
        ResourceKind::Replica => replica_log(model, key),
        ResourceKind::Job => job_log(model, key),
        ResourceKind::Workload => model.snapshot().workload(key).map(|_| whole_log(key.clone())),
        _ => None,
    });
    let of_screen = || {
        let key = route.subject()?;
        match key.kind {
            ResourceKind::Replica => replica_log(model, key),
            ResourceKind::Job => job_log(model, key),
            ResourceKind::Workload => Some(whole_log(key.clone())),
            _ => None,
        }
    };
    if let Some(log) = of_row.or_else(of_screen) {
        return open_log(model, LogRoute { previous, ..log });
    }
    model.message = Some(Text::from("no log belongs to this row; workloads, replicas and jobs have logs"));
    Vec::new()
}

fn whole_log(workload: ResourceKey) -> LogRoute {
    LogRoute { workload, job: None, replica: None, container: None, previous: false }
}

/// The same log another way: it takes the place of the open one.
fn reopen(model: &mut Model, log: LogRoute) -> Vec<Effect> {
    model.navigation.replace(Route::Logs(log.clone()));
    open_log(model, log)
}

/// The log of the next container: each of those there are alone, then all of them together.
pub(super) fn next_container(model: &mut Model) -> Vec<Effect> {
    let Route::Logs(log) = model.focus() else { return Vec::new() };
    let names = containers(model, &log);
    if names.len() < 2 {
        let told = if names.is_empty() { "this platform does not say which containers there are" } else { "there is only one container" };
        model.message = Some(Text::from(told));
        return Vec::new();
    }
    let next = match &log.container {
        None => names.first(),
        Some(now) => names.iter().skip_while(|name| *name != now).nth(1),
    };
    model.message = Some(match next {
        Some(name) => Text::from(format!("container {name}; c goes on to the next of {}", names.len())),
        None => Text::from("all containers"),
    });
    let container = next.cloned();
    reopen(model, LogRoute { container, ..log })
}

/// Names of the containers a log may be of, those that run first at the end.
fn containers(model: &Model, log: &LogRoute) -> Vec<Text> {
    let is_meant = |replica: &&Replica| match &log.replica {
        Some(name) => replica.key.name == *name,
        None => replica.workload.as_ref() == Some(&log.workload) || replica.key == log.workload,
    };
    let views = model.snapshot().sources(&log.workload.context);
    let mut names: Vec<(bool, Text)> = Vec::new();
    for container in views.flat_map(|(_, source)| &source.view.replicas).filter(is_meant).flat_map(|replica| &replica.containers) {
        if !names.iter().any(|(_, name)| *name == container.name) {
            names.push((container.init, container.name.clone()));
        }
    }
    names.sort_by_key(|(init, _)| *init);
    names.into_iter().map(|(_, name)| name).collect()
}

pub(super) fn open_log(model: &mut Model, log: LogRoute) -> Vec<Effect> {
    let stream = model.log.stream + 1;
    model.log = LogState::new(stream);
    let LogRoute { workload, job, replica, container, previous } = log.clone();
    model.navigation.push(Route::Logs(log));
    vec![Effect::OpenLog { stream, workload, job, replica, container, previous }]
}

/// Opens the log of a route that history led back to: its stream was closed.
pub(super) fn reopen_log(model: &mut Model) -> Vec<Effect> {
    let Route::Logs(log) = model.navigation.top().clone() else { return Vec::new() };
    if model.log.ended.is_none() {
        return Vec::new();
    }
    open_log(model, log)
}

/// A screen about the selected object, made by `route`.
pub(super) fn about(model: &mut Model, route: impl Fn(&Model, &ObjectId) -> Option<Route>, otherwise: &str) {
    let focus = model.focus();
    let selected = super::select::selected(model, &focus).filter(|object| !matches!(object, ObjectId::Part(_)));
    let object = selected.or_else(|| focus.subject().cloned().map(ObjectId::Resource));
    match object.and_then(|object| route(model, &object)) {
        Some(target) => model.navigation.push(target),
        None => model.message = Some(Text::from(otherwise)),
    }
}

/// The workload behind an object: itself, or the one a replica or job belongs to.
pub(super) fn workload_of(model: &Model, object: &ObjectId) -> Option<ResourceKey> {
    let key = object.resource()?;
    match key.kind {
        ResourceKind::Workload => model.snapshot().workload(key).map(|(_, workload)| workload.key.clone()),
        ResourceKind::Replica => replica_log(model, key).map(|log| log.workload),
        ResourceKind::Job => job_log(model, key).map(|log| log.workload),
        _ => None,
    }
}

/// What a person would look up of an object elsewhere: its cloud name, its native id.
pub(super) fn name_of(model: &Model, object: &ObjectId) -> Text {
    match object {
        ObjectId::Source(id) => Text::from(id.to_string()),
        ObjectId::Part(part) => Text::from(part.as_str()),
        ObjectId::Resource(key) if key.kind == ResourceKind::NodeGroup => {
            let groups = topology::groups(model.snapshot(), &key.context);
            let group = groups.iter().find(|joined| joined.key == key).and_then(topology::JoinedGroup::group);
            group.and_then(|group| group.cloud_name.clone()).unwrap_or_else(|| key.name.clone())
        }
        ObjectId::Resource(key) | ObjectId::Event { of: key, .. } => key.name.clone(),
    }
}
