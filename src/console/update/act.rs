//! What each action does to the model.

use super::{log, open, palette, prompt, select};
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::layout;
use crate::console::model::{Frozen, Model, PromptKind};
use crate::console::navigation::{ObjectId, Route};
use crate::console::view::fit::{self, Vary};
use crate::console::view::timeline::Sort;
use crate::console::view::{self, explanation};
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::explain::Remedy;
use crate::explain::fit::Proposal;
use crate::explain::report::{Report, Scope, why_markdown};

/// The longest report that goes to a clipboard, in bytes: terminals refuse more than this and less.
const REPORT: usize = 64 * 1024;

/// Performs one action.
pub(super) fn act(model: &mut Model, action: Action, at: Timestamp) -> Vec<Effect> {
    if let Some(number) = action.remedy() {
        return copy_remedy(model, Some(number), at);
    }
    if let Some(tab) = action.tab() {
        return open_tab(model, tab);
    }
    if matches!(model.focus(), Route::Logs(_))
        && let Some(effects) = log::act(model, action, at)
    {
        return effects;
    }
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Repaint => return vec![Effect::Repaint],
        Action::Refetch => {
            model.message = Some(Text::from("asking all sources"));
            return vec![Effect::PollNow(None)];
        }
        Action::Open => return open::open(model, at),
        Action::Logs => return open::log(model, false),
        Action::PreviousLogs => return open::log(model, true),
        Action::CopyRemedy => return copy_remedy(model, None, at),
        Action::CopyCell => return copy_name(model),
        Action::CopyCommand => return copy_command(model),
        Action::CopyReport => return copy_report(model, at),
        Action::Palette => palette::open(model),
        Action::Back | Action::BackOrQuit => return back(model, action == Action::BackOrQuit),
        Action::HistoryBack | Action::HistoryForward | Action::LastView => return history(model, action),
        Action::Pause => pause(model, at),
        Action::Filter => prompt::open(model, PromptKind::Filter),
        Action::NextContainer => return open::next_container(model),
        Action::NextPanel => next_panel(model, true),
        Action::PreviousPanel => next_panel(model, false),
        _ => move_or_open(model, action, at),
    }
    Vec::new()
}

fn move_or_open(model: &mut Model, action: Action, at: Timestamp) {
    match action {
        Action::MoveDown => step(model, 1, at),
        Action::MoveUp => step(model, -1, at),
        Action::MoveFirst => step(model, isize::MIN, at),
        Action::MoveLast => step(model, isize::MAX, at),
        Action::HalfPageDown => step(model, page(model) / 2, at),
        Action::HalfPageUp => step(model, -page(model) / 2, at),
        Action::PageDown => step(model, page(model), at),
        Action::PageUp => step(model, -page(model), at),
        Action::NextProblem => problem(model, true, at),
        Action::PreviousProblem => problem(model, false, at),
        Action::NextMatch => cycle(model, true, at),
        Action::PreviousMatch => cycle(model, false, at),
        Action::PanLeft => pan(model, -8),
        Action::PanRight => pan(model, 8),
        Action::Sort => sort(model, at),
        Action::SortReverse => change_list(model, |list| list.reverse = !list.reverse),
        Action::OnlyProblems => change_list(model, |list| list.only_problems = !list.only_problems),
        Action::Expand => expand(model),
        Action::ExpandAll => expand_all(model),
        Action::Help => model.navigation.push(Route::Help),
        Action::Explain => open::about(
            model,
            |model, object| open::workload_of(model, object).map(Route::Explanation),
            "explanations belong to workloads: select one",
        ),
        Action::Replicas => open::about(
            model,
            |model, object| open::workload_of(model, object).map(Route::Replicas),
            "replicas belong to workloads: select one",
        ),
        Action::Fit => {
            open::about(model, |model, object| open::workload_of(model, object).map(Route::Fit), "plans belong to workloads: select one");
        }
        Action::MoreReplicas => vary(model, Vary::Replicas(1)),
        Action::FewerReplicas => vary(model, Vary::Replicas(-1)),
        Action::NextSurge => vary(model, Vary::Surge),
        Action::FewerGpus => vary(model, Vary::Gpus(-1)),
        Action::MoreGpus => vary(model, Vary::Gpus(1)),
        Action::AsItIs => vary(model, Vary::Nothing),
        Action::NextSort => model.moments = Sort::next(model.moments),
        Action::Jobs => {
            open::about(model, |model, object| open::workload_of(model, object).map(Route::Jobs), "jobs belong to workloads: select one");
        }
        Action::Timeline => open::about(model, |_, object| Some(Route::Timeline(object.resource().cloned())), "select a row first"),
        Action::Details => open::about(model, |_, object| Some(Route::Details(object.clone())), "select a row first"),
        Action::Raw => open::about(
            model,
            |model, object| object.resource().filter(|key| view::raw::is_known(model, key)).cloned().map(Route::Raw),
            "no source keeps a record of this row",
        ),
        _ => {}
    }
}

fn vary(model: &mut Model, vary: Vary) {
    let Route::Fit(key) = model.focus() else { return };
    let Some((_, workload)) = model.snapshot().workload(&key) else { return };
    let proposal = fit::varied(model.proposals.get(&key).unwrap_or(&Proposal::default()), workload, vary);
    model.proposals.insert(key, proposal);
}

fn page(model: &Model) -> isize {
    isize::from(layout::page(model, &model.focus()).cast_signed()).max(2)
}

pub(super) fn step(model: &mut Model, by: isize, at: Timestamp) {
    let route = model.focus();
    let content = view::listing(model, &route, at);
    let index = model.list(&route).map_or(0, |list| list.index);
    let last = content.rows.len().saturating_sub(1);
    let to = if by == isize::MIN { 0 } else { index.saturating_add_signed(by).min(last) };
    select::select(model, route, &content, to);
}

fn problem(model: &mut Model, forward: bool, at: Timestamp) {
    let route = model.focus();
    let content = view::listing(model, &route, at);
    let index = model.list(&route).map_or(0, |list| list.index);
    let found = if forward {
        (index + 1..content.rows.len()).chain(0..=index).find(|row| content.rows.get(*row).is_some_and(|row| row.problem))
    } else {
        (0..index).rev().chain((index..content.rows.len()).rev()).find(|row| content.rows.get(*row).is_some_and(|row| row.problem))
    };
    match found {
        Some(row) => select::select(model, route, &content, row),
        None => model.message = Some(Text::from("no problem in this view")),
    }
}

fn cycle(model: &mut Model, forward: bool, at: Timestamp) {
    if model.list(&model.focus()).is_none_or(|list| list.filter.is_empty()) {
        model.message = Some(Text::from("no filter is set; / sets one"));
        return;
    }
    let route = model.focus();
    let content = view::listing(model, &route, at);
    let count = content.rows.len().max(1);
    let index = model.list(&route).map_or(0, |list| list.index);
    let to = if forward { (index + 1) % count } else { (index + count - 1) % count };
    select::select(model, route, &content, to);
}

fn pan(model: &mut Model, by: isize) {
    change_list(model, |list| list.pan = list.pan.saturating_add_signed(by).min(4096));
}

fn change_list(model: &mut Model, change: impl FnOnce(&mut crate::console::model::ListState)) {
    let route = model.focus();
    change(model.lists.entry(route).or_default());
}

fn sort(model: &mut Model, at: Timestamp) {
    let route = model.focus();
    let content = view::listing(model, &route, at);
    let columns = &content.columns;
    let sortable: Vec<usize> = columns.iter().enumerate().filter(|(_, column)| !column.title.is_empty()).map(|(index, _)| index).collect();
    let list = model.lists.entry(route).or_default();
    list.sort = match list.sort {
        None => sortable.first().copied(),
        Some(now) => sortable.iter().copied().find(|index| *index > now),
    };
    let name = list.sort.and_then(|index| columns.get(index)).map(|column| column.title);
    model.message = Some(Text::from(name.map_or("sorted as the view sorts".to_owned(), |name| format!("sorted by {name}; O reverses"))));
}

fn expand(model: &mut Model) {
    let Route::Explanation(workload) = model.focus() else { return };
    let Some(ObjectId::Part(part)) = select::selected(model, &Route::Explanation(workload.clone())) else { return };
    let Some(cause) = model.explanation(&workload).and_then(|explanation| explanation::link_of(explanation, &part)) else {
        model.message = Some(Text::from("this row is whole; links of the chain open to their evidence"));
        return;
    };
    let entry = (workload, cause);
    if !model.toggled.remove(&entry) {
        model.toggled.insert(entry);
    }
}

fn expand_all(model: &mut Model) {
    let Route::Explanation(workload) = model.focus() else { return };
    model.toggled.retain(|(of, _)| *of != workload);
    if !model.opened.remove(&workload) {
        model.opened.insert(workload);
    }
}

/// Enter in an explanation: a link opens or closes, evidence shows its raw record, a remedy is
/// copied.
pub(super) fn open_part(model: &mut Model, workload: &ResourceKey, object: &ObjectId, at: Timestamp) -> Vec<Effect> {
    let ObjectId::Part(part) = object else { return Vec::new() };
    if part == "next-update" {
        model.navigation.push(Route::Fit(workload.clone()));
        return Vec::new();
    }
    let Some(explanation) = model.explanation(workload) else { return Vec::new() };
    match explanation::part(explanation, part) {
        Some(explanation::Part::Evidence(evidence)) => {
            let resource = evidence.resource.clone();
            let route = match view::raw::record(model, &resource) {
                Some(_) => Route::Raw(resource),
                None => Route::Details(ObjectId::Resource(resource)),
            };
            model.navigation.push(route);
            Vec::new()
        }
        Some(explanation::Part::Remedy(number)) => copy_remedy(model, Some(number), at),
        Some(explanation::Part::Link(_)) => {
            expand(model);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Copies the command of a remedy of an explanation or of a plan.
pub(super) fn copy_remedy(model: &mut Model, number: Option<usize>, at: Timestamp) -> Vec<Effect> {
    let route = model.focus();
    let remedies: Vec<Remedy> = match &route {
        Route::Explanation(workload) => {
            let explanation = model.explanation(workload);
            explanation.into_iter().flat_map(explanation::remedies).cloned().collect()
        }
        Route::Fit(workload) => fit::plan(model, workload, at).map(|fit| fit.ways).unwrap_or_default(),
        _ => return Vec::new(),
    };
    let of_row = select::selected(model, &route).and_then(|object| match object {
        ObjectId::Part(part) => part.strip_prefix("remedy:")?.parse().ok(),
        _ => None,
    });
    // Without a number or a selected one: the best that has a command.
    let best = || remedies.iter().position(|remedy| remedy.command.is_some()).map_or(1, |index| index + 1);
    let number = number.or(of_row).unwrap_or_else(best);
    let command = remedies.get(number.saturating_sub(1)).map(|remedy| remedy.command.clone());
    let (message, effects) = match command {
        Some(Some(command)) => (format!("remedy {number} sent to the clipboard: {command}"), vec![Effect::Copy(command)]),
        Some(None) => (format!("remedy {number} has no command to copy"), Vec::new()),
        None => (format!("there is no remedy {number}"), Vec::new()),
    };
    model.message = Some(Text::from(message));
    effects
}

fn copy_name(model: &mut Model) -> Vec<Effect> {
    let focus = model.focus();
    let of_screen = || focus.subject().cloned().map(ObjectId::Resource);
    let selected = select::selected(model, &focus).filter(|object| !matches!(object, ObjectId::Part(_)));
    let Some(object) = selected.or_else(of_screen) else { return Vec::new() };
    let name = open::name_of(model, &object);
    model.message = Some(Text::from(format!("sent to the clipboard: {name}")));
    vec![Effect::Copy(name)]
}

fn copy_command(model: &mut Model) -> Vec<Effect> {
    let command = model.looked_at().and_then(|key| model.snapshot().workload(&key).map(|(_, workload)| workload.reproduce.clone()));
    let Some(command) = command.filter(|command| !command.is_empty()) else {
        model.message = Some(Text::from("no command shows the same: select a workload"));
        return Vec::new();
    };
    model.message = Some(Text::from(format!("sent to the clipboard: {command}")));
    vec![Effect::Copy(command)]
}

/// The explanation as it would be pasted into an incident's record.
fn copy_report(model: &mut Model, at: Timestamp) -> Vec<Effect> {
    let Some(workload) = model.looked_at() else {
        model.message = Some(Text::from("reports are of workloads: select one"));
        return Vec::new();
    };
    let now = model.time(at);
    let scope = Scope { context: Some(workload.context.clone()), workload: Some(workload.name.clone()) };
    let report = Report::new(model.snapshot(), model.explanations(), &scope, now);
    let text = Text::clean_lines(&why_markdown(&report), REPORT);
    model.message = Some(Text::from(format!("the report on {} was sent to the clipboard, as Markdown", workload.name)));
    vec![Effect::Copy(text)]
}

fn back(model: &mut Model, quit: bool) -> Vec<Effect> {
    let route = model.focus();
    let filtered = model.lists.get_mut(&route).filter(|list| !list.filter.is_empty());
    if let (Some(list), false) = (filtered, quit) {
        list.filter.clear();
        return Vec::new();
    }
    if model.navigation.pop() {
        return open::reopen_log(model);
    }
    if *model.navigation.top() != Route::Workloads {
        model.navigation.open_tab(Route::Workloads);
    } else if quit {
        return vec![Effect::Quit];
    } else {
        model.panel = 0;
    }
    Vec::new()
}

fn history(model: &mut Model, action: Action) -> Vec<Effect> {
    let moved = match action {
        Action::HistoryBack => model.navigation.walk(-1),
        Action::HistoryForward => model.navigation.walk(1),
        _ => model.navigation.swap(),
    };
    if !moved {
        model.message = Some(Text::from("the history ends here"));
        return Vec::new();
    }
    open::reopen_log(model)
}

fn open_tab(model: &mut Model, tab: usize) -> Vec<Effect> {
    if let Some(route) = Route::TABS.get(tab) {
        model.navigation.open_tab(route.clone());
    }
    Vec::new()
}

fn next_panel(model: &mut Model, forward: bool) {
    if model.dashboard() {
        let count = model.panels().len();
        model.panel = (model.panel % count + if forward { 1 } else { count - 1 }) % count;
        return;
    }
    let count = Route::TABS.len();
    let now = Route::TABS.iter().position(|tab| tab == model.navigation.tab()).unwrap_or_default();
    open_tab(model, if forward { (now + 1) % count } else { (now + count - 1) % count });
}

fn pause(model: &mut Model, at: Timestamp) {
    model.frozen = match model.frozen.take() {
        Some(_) => None,
        None => Some(Frozen { at, snapshot: model.snapshot.clone(), explanations: std::sync::Arc::clone(&model.explanations), held: 0 }),
    };
}
