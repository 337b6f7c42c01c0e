//! The one table: columns by priority, rows that wrap or are cut, heading and facts around them.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::wrap::{columns, line_columns, wrap, wrap_around};
use crate::console::meaning::Meaning;
use crate::console::model::ListState;
use crate::console::paint::{Align, Painter};
use crate::console::view::content::{Column, Content, Line, Row, Span, Width};

/// Columns between two columns.
const GAP: u16 = 2;

/// Columns with a number up to this may squeeze the filling one a little.
const ESSENTIAL: u8 = 4;

/// Where the parts of a content go in an area.
struct Frame {
    heading: Vec<Line>,
    titles: u16,
    rows: Rect,
    facts: Vec<Line>,
    widths: Vec<Option<u16>>,
}

fn frame(content: &Content, area: Rect) -> Frame {
    let mut heading: Vec<Line> = content.heading.iter().flat_map(|line| wrap(line, usize::from(area.width), "  ")).collect();
    heading.truncate(usize::from(area.height / 2));
    let above = u16::try_from(heading.len()).unwrap_or(u16::MAX);
    let titled = content.columns.iter().any(|column| !column.title.is_empty()) && !content.rows.is_empty();
    let titles = u16::from(titled && area.height > 2);
    let left = area.height.saturating_sub(above + titles);
    let most_facts = usize::from(if content.rows.is_empty() { left.saturating_sub(1) } else { left / 3 });
    let mut facts: Vec<Line> = content.facts.iter().flat_map(|fact| wrap(fact, usize::from(area.width), "  ")).collect();
    facts.truncate(most_facts);
    let rows =
        Rect { y: area.y.saturating_add(above + titles), height: left.saturating_sub(u16::try_from(facts.len()).unwrap_or(0)), ..area };
    Frame { heading, titles, rows, facts, widths: widths(content, area.width) }
}

/// Widths of the columns; `None` for those that had to go.
fn widths(content: &Content, width: u16) -> Vec<Option<u16>> {
    let natural = |index: usize, column: &Column| {
        // A column in which nobody says anything goes, with its title.
        let widest = Some(content.widest(index)).filter(|widest| *widest > 0).map_or(0, |widest| widest.max(columns(column.title)));
        u16::try_from(widest).unwrap_or(u16::MAX)
    };
    let mut wanted: Vec<Option<u16>> = content
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| match column.width {
            Width::Fit(most) => Some(natural(index, column).min(most)).filter(|width| *width > 0),
            Width::Fill(least) => Some(least),
        })
        .collect();
    let total = |wanted: &[Option<u16>]| -> u32 {
        let gaps = content.columns.iter().zip(wanted).filter(|(_, width)| width.is_some()).map(|(column, _)| u32::from(gap(column)));
        let sum: u32 = wanted.iter().flatten().map(|width| u32::from(*width)).sum::<u32>() + gaps.sum::<u32>();
        sum.saturating_sub(u32::from(GAP))
    };
    let least = content.columns.iter().find_map(|column| match column.width {
        Width::Fill(least) => Some(least),
        Width::Fit(_) => None,
    });
    let least = least.unwrap_or_default();
    let priorities: BTreeSet<u8> = content.columns.iter().map(|column| column.priority).filter(|priority| *priority > 0).collect();
    let mut kept = up_to(content, &wanted, |priority| priority == 0);
    let mut chosen = BTreeSet::from([0]);
    for priority in priorities {
        chosen.insert(priority);
        let more = up_to(content, &wanted, |priority| chosen.contains(&priority));
        let squeeze = if priority <= ESSENTIAL { least / 4 } else { 0 };
        if total(&more) <= u32::from(width.saturating_add(squeeze)) {
            kept = more;
        } else {
            chosen.remove(&priority);
        }
    }
    wanted = kept;
    let over = total(&wanted).saturating_sub(u32::from(width));
    if over > 0
        && let Some(widest) = wanted.iter_mut().flatten().max()
    {
        *widest = widest.saturating_sub(u16::try_from(over).unwrap_or(u16::MAX)).max(1);
    }
    let spare = u16::try_from(u32::from(width).saturating_sub(total(&wanted))).unwrap_or(0);
    let fill = content.columns.iter().zip(&mut wanted).find(|(column, _)| matches!(column.width, Width::Fill(_)));
    if let Some((_, Some(fill))) = fill {
        *fill = fill.saturating_add(spare);
    }
    wanted
}

/// The widths of the columns whose priority is `wanted`.
fn up_to(content: &Content, widths: &[Option<u16>], wanted: impl Fn(u8) -> bool) -> Vec<Option<u16>> {
    content.columns.iter().zip(widths).map(|(column, width)| width.filter(|_| wanted(column.priority))).collect()
}

fn gap(column: &Column) -> u16 {
    if column.title.is_empty() && matches!(column.width, Width::Fit(1)) { 1 } else { GAP }
}

/// The lines a row takes.
fn height(content: &Content, row: &Row, widths: &[Option<u16>]) -> usize {
    let Some(prefix) = &row.wrap else { return 1 };
    let fill = content.columns.iter().position(|column| matches!(column.width, Width::Fill(_)));
    let Some((index, cell)) = fill.and_then(|index| Some((index, row.cells.get(index)?))) else { return 1 };
    wrap_around(&cell.line, room(content, row, widths, index), prefix).len()
}

/// Columns for the first and for the further lines of a wrapped cell: what stands at its right
/// takes one line only, and nothing where it is empty.
fn room(content: &Content, row: &Row, widths: &[Option<u16>], index: usize) -> (usize, usize) {
    let own = usize::from(widths.get(index).copied().flatten().unwrap_or_default());
    let beside = content.columns.iter().zip(widths).skip(index).zip(content.columns.iter().zip(widths).skip(index + 1));
    let beside = beside.filter_map(|((before, _), (_, width))| width.map(|width| usize::from(width + gap(before))));
    let whole = own + beside.sum::<usize>();
    let is_alone = row.cells.iter().skip(index + 1).all(|cell| line_columns(&cell.line) == 0);
    (if is_alone { whole } else { own }, whole)
}

/// The first row to show so that row `index` is on the screen, moving as little as possible.
pub fn scrolled(content: &Content, area: Rect, offset: usize, index: usize) -> usize {
    let frame = frame(content, area);
    let room = usize::from(frame.rows.height);
    let tall = |row: usize| content.rows.get(row).map_or(1, |row| height(content, row, &frame.widths));
    // Without this a list that shrank would leave the end of the screen empty.
    let mut fits = 0;
    let mut last_offset = content.rows.len();
    while last_offset > 0 && fits + tall(last_offset - 1) <= room {
        last_offset -= 1;
        fits += tall(last_offset);
    }
    let offset = offset.min(last_offset);
    if index < offset {
        return index;
    }
    let mut used: usize = 0;
    let mut first = index + 1;
    while first > 0 && used + tall(first - 1) <= room {
        first -= 1;
        used += tall(first);
    }
    // `first` is the earliest row from which `index` is still whole.
    offset.max(first.min(index))
}

/// Draws a content. `focused` tells whether its selection has the keys.
pub fn draw(painter: &mut Painter<'_>, content: &Content, area: Rect, list: &ListState, focused: bool) {
    let frame = frame(content, area);
    let above = u16::try_from(frame.heading.len()).unwrap_or(u16::MAX);
    for (line, y) in frame.heading.iter().zip(area.y..) {
        painter.line(area.x, y, area.width, line);
    }
    if frame.titles > 0 {
        titles(painter, content, &frame, Rect { y: area.y.saturating_add(above), height: 1, ..area }, list);
    }
    if content.rows.is_empty() && frame.rows.height > 0 {
        let empty = wrap(&[Span::muted(content.empty.as_str())], usize::from(area.width), "");
        for (line, y) in empty.iter().zip(frame.rows.y..frame.rows.bottom()) {
            painter.line(area.x, y, area.width, line);
        }
    }
    let mut y = frame.rows.y;
    for (index, row) in content.rows.iter().enumerate().skip(list.offset) {
        if y >= frame.rows.bottom() {
            break;
        }
        let area = Rect { y, height: frame.rows.bottom() - y, ..frame.rows };
        y += one_row(painter, content, &frame.widths, row, area, (focused && index == list.index, list.pan));
    }
    let start = area.bottom().saturating_sub(u16::try_from(frame.facts.len()).unwrap_or(0));
    for (fact, y) in frame.facts.iter().zip(start..) {
        painter.line(area.x, y, area.width, fact);
    }
}

fn titles(painter: &mut Painter<'_>, content: &Content, frame: &Frame, area: Rect, list: &ListState) {
    let mut x = area.x;
    for ((index, column), width) in content.columns.iter().enumerate().zip(&frame.widths) {
        let Some(width) = width else { continue };
        let mark = if list.sort == Some(index) { if list.reverse { "▼" } else { "▲" } } else { "" };
        let title = format!("{}{mark}", column.title);
        let line = [Span::new(title, Meaning::Heading)];
        let align = if column.right { Align::Right } else { Align::Left };
        painter.aligned((x, area.y), (*width).min(area.right().saturating_sub(x)), &line, align);
        x = x.saturating_add(width + gap(column));
    }
}

/// Draws one row; returns the lines it took.
fn one_row(
    painter: &mut Painter<'_>,
    content: &Content,
    widths: &[Option<u16>],
    row: &Row,
    area: Rect,
    (selected, pan): (bool, usize),
) -> u16 {
    let mut tall = 1;
    let mut x = area.x;
    for (((index, column), width), cell) in content.columns.iter().enumerate().zip(widths).zip(&row.cells) {
        let Some(width) = width else { continue };
        let width = (*width).min(area.right().saturating_sub(x));
        match (&row.wrap, column.width) {
            (Some(prefix), Width::Fill(_)) => {
                let lines = wrap_around(&cell.line, room(content, row, widths, index), prefix);
                tall = tall.max(u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height));
                for (line, y) in lines.iter().zip(area.y..area.bottom()) {
                    painter.line(x, y, area.right().saturating_sub(x), line);
                }
            }
            (None, Width::Fill(_)) if pan > 0 && content.columns.len() == 1 => painter.line(x, area.y, width, &panned(&cell.line, pan)),
            _ => painter.aligned((x, area.y), width, &cell.line, align(column)),
        }
        x = x.saturating_add(width + gap(column));
    }
    let whole = Rect { height: tall, ..area };
    if row.stale {
        painter.tint(whole, Meaning::Stale);
    }
    if selected {
        painter.tint(whole, Meaning::Selected);
    }
    tall
}

fn align(column: &Column) -> Align {
    match (column.right, column.keep_end) {
        (true, _) => Align::Right,
        (false, true) => Align::KeepEnd,
        (false, false) => Align::Left,
    }
}

/// The line without its first columns.
fn panned(line: &[Span], by: usize) -> Line {
    let mut left = by;
    let mut rest = Vec::new();
    for span in line {
        let skip = span.text.chars().take(left).count();
        left -= skip;
        rest.push(Span { text: span.text.chars().skip(skip).collect(), ..span.clone() });
    }
    rest
}
