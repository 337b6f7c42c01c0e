//! Whatever happens, in whatever order, at whatever size: no panic, and the selection is real.

use holdup::console::event::{Event, Key, KeyCode, Stamped};
use holdup::console::keymap::{DEFAULTS, parse_chord};
use holdup::console::{Appearance, Depth, draw, next_tick, update};
use holdup::domain::log::LogItem;
use holdup::domain::source::{Failure, FailureKind};
use holdup::domain::text::Text;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::world;

#[derive(Clone, Debug)]
enum Step {
    Key(Key),
    Resize(u16, u16),
    Paste(String),
    Lose(usize),
    Return,
    Log(u64, String),
    Tick(i64),
    Resumed,
}

fn any_key() -> impl Strategy<Value = Key> {
    let bound: Vec<Key> = DEFAULTS.iter().flat_map(|(_, _, chords)| chords.iter().filter_map(|chord| parse_chord(chord))).collect();
    prop_oneof![
        8 => proptest::sample::select(bound),
        1 => any::<char>().prop_map(|letter| Key { code: KeyCode::Char(letter), ctrl: false }),
        1 => Just(Key { code: KeyCode::Backspace, ctrl: false }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => any_key().prop_map(Step::Key),
        2 => (0u16..200, 0u16..60).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => ".{0,30}".prop_map(Step::Paste),
        1 => (0usize..4).prop_map(Step::Lose),
        1 => Just(Step::Return),
        2 => (0u64..4, ".{0,200}").prop_map(|(stream, text)| Step::Log(stream, text)),
        1 => (-100_000i64..100_000).prop_map(Step::Tick),
        1 => Just(Step::Resumed),
    ]
}

fn take(model: &mut holdup::console::Model, step: Step) {
    let mut at = world::now();
    let event = match step {
        Step::Key(key) => Event::Key(key),
        Step::Resize(width, height) => Event::Resize { width, height },
        Step::Paste(text) => Event::Paste(Text::from(text)),
        Step::Lose(index) => {
            let source = ["cortex", "aws.autoscaling", "aws.servicequotas", "aws.cloudwatch"][index];
            let failure = Failure::new(FailureKind::TimedOut, "no answer in time", "wait");
            world::bring(model, source, 0, Err(failure));
            return;
        }
        Step::Return => {
            world::bring(model, "cortex", 0, Ok(holdup::domain::snapshot::View::default()));
            return;
        }
        Step::Log(stream, text) => {
            Event::Log { stream, items: vec![LogItem::Note(Text::from(text)), LogItem::Dropped(3), LogItem::Ended("over".into())] }
        }
        Step::Tick(seconds) => {
            at += holdup::domain::time::Duration::from_secs(seconds.unsigned_abs());
            Event::Tick
        }
        Step::Resumed => Event::Resumed,
    };
    update::update(model, Stamped { at, event });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_leave_a_model_that_draws(steps in proptest::collection::vec(any_step(), 1..60)) {
        let mut model = world::console(80, 24);
        for step in steps {
            take(&mut model, step);
        }
        let (width, height) = model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&mut buffer, &model, &Appearance::default(), world::now());
        let _ = next_tick(&model, world::now());
    }

    #[test]
    fn any_screen_draws_at_any_size(keys in proptest::collection::vec(any_key(), 0..6), width in 0u16..180, height in 0u16..60, ascii in any::<bool>()) {
        let mut model = world::console(80, 24);
        for key in keys {
            take(&mut model, Step::Key(key));
        }
        world::log(&mut model);
        let look = Appearance { depth: Depth::Indexed, ascii, ..Appearance::default() };
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&mut buffer, &model, &look, world::now());
        if ascii {
            prop_assert!(buffer.content().iter().all(|cell| cell.symbol().is_ascii()));
        }
    }

    #[test]
    fn the_selection_is_always_a_row(keys in proptest::collection::vec(any_key(), 1..40)) {
        let mut model = world::console(80, 24);
        for key in keys {
            take(&mut model, Step::Key(key));
            let route = model.focus();
            let content = holdup::console::panes::listing(&model, &route, world::now());
            let rows = &content.rows;
            if let Some(list) = model.list(&route).filter(|_| !rows.is_empty()) {
                prop_assert!(rows.get(list.index).is_some_and(|row| Some(&row.id) == list.selected.as_ref()), "{route:?} {list:?}");
            }
        }
    }
}

#[test]
fn the_smallest_screens_say_the_worst() {
    let model = world::console(80, 24);
    for size in 0..40u16 {
        let mut buffer = Buffer::empty(Rect::new(0, 0, size, size / 4));
        draw(&mut buffer, &model, &Appearance::default(), world::now());
    }
    let mut buffer = Buffer::empty(Rect::new(0, 0, 22, 1));
    draw(&mut buffer, &model, &Appearance::default(), world::now());
    let line: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(line.starts_with("✖ text-generator 41m"), "{line}");
}
