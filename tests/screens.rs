//! What people see: golden screens with styles (the same files are `screenshots/`), and properties
//! of `update` and `draw`. `HOLDUP_BLESS=1` writes the pictures anew.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

#[path = "screens/behaviour.rs"]
mod behaviour;
#[path = "screens/cluster.rs"]
mod cluster;
#[path = "screens/platforms.rs"]
mod platforms;
#[path = "screens/properties.rs"]
mod properties;
#[path = "screens/svg.rs"]
mod svg;
#[path = "screens/world.rs"]
mod world;

use std::path::Path;

use holdup::console::{Appearance, Depth, Model, Theme, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the model at its own size.
fn screen(model: &Model, look: &Appearance) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.0, model.size.1));
    draw(&mut buffer, model, look, world::now());
    buffer
}

/// The screen as plain lines.
fn text(model: &Model) -> String {
    let buffer = screen(model, &Appearance::default());
    let rows = buffer.content().chunks(usize::from(buffer.area.width.max(1)));
    rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n").collect()
}

fn golden(name: &str, model: &Model, look: &Appearance, ground: &svg::Ground) {
    let picture = svg::write(&screen(model, look), &format!("holdup: {}", name.replace('-', " ")), ground);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(format!("{name}.svg"));
    if std::env::var_os("HOLDUP_BLESS").is_some() {
        std::fs::write(&path, picture).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == picture, "{} differs; look at it after HOLDUP_BLESS=1 cargo test --test screens\n{}", path.display(), text(model));
}

fn theme(name: &str, depth: Depth) -> Appearance {
    Appearance { theme: Theme::shipped(name).unwrap(), depth, ascii: false }
}

/// Name, size, keys: one picture each in the default theme.
const PICTURES: &[(&str, (u16, u16), &str)] = &[
    ("workloads-80x24", (80, 24), ""),
    ("explanation-80x24", (80, 24), "e"),
    ("explanation-all-evidence-100x36", (100, 36), "e a"),
    ("holdups-80x24", (80, 24), "2"),
    ("groups-80x24", (80, 24), "3"),
    ("activity-80x24", (80, 24), "4"),
    ("one-activity-80x24", (80, 24), "4 enter"),
    ("quotas-80x24", (80, 24), "5"),
    ("quota-80x24", (80, 24), "5 enter"),
    ("nodes-80x24", (80, 24), "6"),
    ("events-80x24", (80, 24), "7"),
    ("sources-80x24", (80, 24), "8"),
    ("replicas-80x24", (80, 24), "r"),
    ("details-80x24", (80, 24), "d"),
    ("filter-80x24", (80, 24), "/ type:!live"),
    ("help-80x24", (80, 24), "?"),
    ("palette-80x24", (80, 24), ": type:gpu"),
    ("cannot-tell-80x24", (80, 24), "j j e"),
    ("dashboard-120x40", (120, 40), ""),
    ("dashboard-160x48", (160, 48), ""),
    ("workloads-20x5", (20, 5), ""),
];

#[test]
fn pictures() {
    for (name, (width, height), keys) in PICTURES {
        let mut model = world::console(*width, *height);
        world::press(&mut model, keys);
        golden(name, &model, &Appearance::default(), &svg::DARK);
    }
}

/// Name without size, keys: what the cluster tells from inside, on a small and on a wide screen.
const INSIDE: &[(&str, &str)] = &[
    ("nodes-inside", "6"),
    ("node-tenants", "6 j j j enter"),
    ("node-details", "6 j d"),
    ("replicas-inside", "j r"),
    ("replica-details", "j r d"),
    ("timeline", "v"),
    ("events-inside", "7"),
    ("fit", "F"),
    ("rollout-details", "d"),
    ("badge", "G k k k"),
];

#[test]
fn pictures_from_inside() {
    for (name, keys) in INSIDE {
        for (width, height) in [(80, 24), (160, 48)] {
            let mut model = world::console(width, height);
            cluster::join(&mut model);
            world::press(&mut model, keys);
            golden(&format!("{name}-{width}x{height}"), &model, &Appearance::default(), &svg::DARK);
        }
    }
}

#[test]
fn pictures_of_logs_and_trouble() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "l");
    world::log(&mut model);
    golden("logs-80x24", &model, &Appearance::default(), &svg::DARK);
    let mut model = world::console(80, 24);
    world::more_contexts(&mut model);
    golden("contexts-80x24", &model, &Appearance::default(), &svg::DARK);
    let mut model = world::console(80, 24);
    world::lose_cortex(&mut model);
    golden("stale-80x24", &model, &Appearance::default(), &svg::DARK);
    world::press(&mut model, "P");
    world::lose_cortex(&mut model);
    golden("paused-80x24", &model, &Appearance::default(), &svg::DARK);
}

#[test]
fn pictures_of_all_platforms_in_one_table() {
    for (width, height) in [(80, 24), (160, 48)] {
        let model = platforms::console(width, height);
        golden(&format!("platforms-{width}x{height}"), &model, &Appearance::default(), &svg::DARK);
    }
}

#[test]
fn pictures_of_themes_and_poor_terminals() {
    let model = world::console(120, 40);
    golden("dashboard-dark-120x40", &model, &theme("dark", Depth::True), &svg::DARK);
    golden("dashboard-light-120x40", &model, &theme("light", Depth::True), &svg::LIGHT);
    golden("dashboard-high-contrast-120x40", &model, &theme("high-contrast", Depth::Sixteen), &svg::DARK);
    golden("dashboard-no-color-120x40", &model, &theme("default", Depth::None), &svg::DARK);
    let mut model = world::console(80, 24);
    world::press(&mut model, "e");
    let ascii = Appearance { ascii: true, depth: Depth::None, ..Appearance::default() };
    golden("explanation-ascii-80x24", &model, &ascii, &svg::DARK);
    let picture = screen(&model, &ascii);
    assert!(picture.content().iter().all(|cell| cell.symbol().is_ascii()), "ASCII means ASCII");
}
