//! What node groups tried: all of them, one group's, one entry whole.

use super::content::{Cell, Column, Content, Row, Span};
use super::{contexts, groups, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::group::{ActivityOutcome, ScalingActivity};
use crate::domain::time::{self, Timestamp};

/// The table of activities, newest first; of one group where the route names it.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let of = route.subject();
    let views = model.snapshot().views.values();
    let mut activities: Vec<&ScalingActivity> =
        views.flat_map(|view| &view.view.activities).filter(|activity| of.is_none_or(|group| activity.group == *group)).collect();
    activities.sort_by_key(|activity| std::cmp::Reverse(activity.started_at));
    let mut columns = vec![
        Column::fit("", 1, 0),
        Column::fit("AGE", 6, 0).right(),
        contexts::COLUMN,
        Column::fit("GROUP", 20, 2).keep_end(),
        Column::fit("WHAT", 9, 3),
        Column::fit("STATUS", 14, 1),
        Column::fit("ZONE", 12, 5),
        Column::fill("MESSAGE", 20),
    ];
    let empty = match of {
        Some(_) => "this group has tried nothing since holdup can see; at its maximum a group does not even try",
        None => "no node group has tried anything since holdup can see",
    };
    if of.is_some() {
        columns.retain(|column| column.title != "GROUP");
    }
    Content {
        columns,
        rows: activities.into_iter().map(|activity| row(model, activity, of.is_none(), now)).collect(),
        facts: status::troubles(model, now),
        empty: empty.to_owned(),
        ..Content::default()
    }
}

fn row(model: &Model, activity: &ScalingActivity, with_group: bool, now: Timestamp) -> Row {
    let (glyph, meaning) = groups::outcome(activity.outcome);
    let message = activity.message.as_ref().unwrap_or(&activity.description);
    let context = contexts::cell(model, &activity.group.context);
    let mut cells = vec![Cell::new(glyph, meaning), Cell::age(now, Some(activity.started_at)), context];
    if with_group {
        cells.push(Cell::plain(activity.group.name.as_str()));
    }
    cells.extend([
        Cell::plain(groups::kind(activity.kind)),
        Cell::new(activity.native.as_str(), meaning),
        Cell::muted(activity.zone.as_deref().unwrap_or_default()),
        Cell::plain(message.as_str()),
    ]);
    Row::new(ObjectId::Resource(activity.key.clone()), cells).problem(activity.outcome == ActivityOutcome::Failed)
}

/// One activity, every field, nothing cut.
pub fn one(model: &Model, route: &Route, now: Timestamp) -> Content {
    let mut all = model.snapshot().views.iter().flat_map(|(id, view)| view.view.activities.iter().map(move |activity| (id, activity)));
    let Some((source, activity)) = route.subject().and_then(|key| all.find(|(_, activity)| activity.key == *key)) else {
        return Content { empty: "this activity is no longer held".to_owned(), ..Content::document(Vec::new()) };
    };
    let (glyph, meaning) = groups::outcome(activity.outcome);
    let mut rows = vec![
        Row::text("status", vec![Span::new(format!("{glyph} {} ", activity.native), meaning), Span::plain(groups::kind(activity.kind))]),
        field("group", activity.group.name.as_str()),
        Row::text(
            "started",
            vec![
                Span::new("started      ", Meaning::Heading),
                Span::plain(format!("{}, ", activity.started_at.strftime("%Y-%m-%d %H:%M:%S UTC"))),
                Span::age(now, activity.started_at, Meaning::Plain),
                Span::plain(" ago"),
            ],
        ),
    ];
    if let Some(ended) = activity.ended_at {
        let took = time::words(time::age(ended, activity.started_at));
        rows.push(field("ended", &format!("{}, after {took}", ended.strftime("%Y-%m-%d %H:%M:%S UTC"))));
    }
    let optional = [
        ("progress", activity.progress.map(|percent| format!("{percent} %"))),
        ("zone", activity.zone.as_ref().map(ToString::to_string)),
        ("machine", activity.instance.as_ref().map(ToString::to_string)),
        ("said", activity.message.as_ref().map(ToString::to_string)),
        ("tried", Some(activity.description.to_string())),
        ("because", Some(activity.cause.to_string())),
        ("id", Some(activity.key.name.to_string())),
        ("source", Some(source.kind.to_string())),
    ];
    rows.extend(optional.into_iter().filter_map(|(name, value)| value.map(|value| field(name, &value))));
    Content::document(rows)
}

/// A named value of a document, wrapped under its value.
pub fn field(name: &str, value: &str) -> Row {
    let line = vec![Span::new(format!("{name:<12} "), Meaning::Heading), Span::plain(value)];
    Row { wrap: Some(" ".repeat(13)), ..Row::text(name, line) }
}
