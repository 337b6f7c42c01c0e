//! A bar of how much of something is used: `▮▮▮▯`.

use crate::console::meaning::Meaning;
use crate::console::view::content::{Line, Span};

/// `used` of `total` in at most `cells` cells. With no more units than cells, a cell is a unit.
pub fn gauge(used: u64, total: u64, cells: u64) -> Line {
    if total == 0 || cells == 0 {
        return Vec::new();
    }
    let cells = cells.min(total);
    let used = used.min(total);
    // Never empty while something is used, never full while something is free.
    let filled = match (used * cells).div_euclid(total) {
        0 if used > 0 => 1,
        all if all == cells && used < total => cells.saturating_sub(1),
        some => some,
    };
    let bar = |symbol: &str, count: u64| symbol.repeat(usize::try_from(count).unwrap_or_default());
    let tone = if used == total { Meaning::Held } else { Meaning::Used };
    vec![Span::new(bar("▮", filled), tone), Span::new(bar("▯", cells - filled), Meaning::Free)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_empty_are_never_rounded() {
        let text = |used, total, cells| gauge(used, total, cells).iter().map(|span| span.text.as_str()).collect::<String>();
        assert_eq!(text(3, 4, 8), "▮▮▮▯");
        assert_eq!(text(1, 1000, 8), "▮▯▯▯▯▯▯▯");
        assert_eq!(text(999, 1000, 8), "▮▮▮▮▮▮▮▯");
        assert_eq!(text(9, 8, 8), "▮▮▮▮▮▮▮▮");
        assert_eq!(text(0, 0, 8), "");
    }
}
