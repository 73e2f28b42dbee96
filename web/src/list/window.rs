//! Which rows of a long list are on screen.

use std::ops::Range;

/// A list of rows of one height behind a view that scrolls. Lengths are CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Rows in all.
    pub count: usize,
    /// Height of a row, above 0.
    pub row: f64,
    /// Height of the view.
    pub view: f64,
    /// How far the view is scrolled down.
    pub top: f64,
}

impl Window {
    /// Rows kept on each side of the visible ones, so that a small scroll shows no gap before the
    /// next render.
    pub const OVERSCAN: usize = 6;

    /// Height of all rows.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.count as f64 * self.row
    }

    /// The rows to put into the document: those on screen, and [`OVERSCAN`](Self::OVERSCAN) more on
    /// each side. Never longer than the view needs, whatever `count` is.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and a cast saturates"
    )]
    pub fn rows(&self) -> Range<usize> {
        let top = self.top.clamp(0.0, self.furthest());
        let first = (top / self.row).floor() as usize;
        let last = ((top + self.view.max(0.0)) / self.row).ceil() as usize;
        let from = first.saturating_sub(Self::OVERSCAN).min(self.count);
        from..last.saturating_add(Self::OVERSCAN).clamp(from, self.count)
    }

    /// How far the view must be scrolled down to show row `index` in full: no further than needed,
    /// and as it is when the row is in view.
    #[must_use]
    pub fn revealing(&self, index: usize) -> f64 {
        let start = index as f64 * self.row;
        let latest = start.min(self.furthest());
        let earliest = (start + self.row - self.view).min(latest);
        self.top.clamp(earliest.max(0.0), latest.max(0.0))
    }

    /// How far the view can be scrolled down.
    fn furthest(&self) -> f64 {
        (self.height() - self.view).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LIST: Window = Window { count: 10_000, row: 28.0, view: 560.0, top: 0.0 };

    #[test]
    fn only_what_is_on_screen_and_the_overscan_is_rendered() {
        assert_eq!(LIST.rows(), 0..26);
        assert_eq!(Window { top: 28_000.0, ..LIST }.rows(), 994..1_026);
        assert_eq!(Window { top: 28_014.0, ..LIST }.rows(), 994..1_027);
    }

    #[test]
    fn the_end_is_never_passed() {
        assert_eq!(Window { top: 279_440.0, ..LIST }.rows(), 9_974..10_000);
        assert_eq!(Window { top: 1e9, ..LIST }.rows(), 9_974..10_000);
        assert_eq!(Window { top: -50.0, ..LIST }.rows(), 0..26);
    }

    #[test]
    fn short_and_empty_lists_and_views() {
        assert_eq!(Window { count: 3, ..LIST }.rows(), 0..3);
        assert_eq!(Window { count: 0, ..LIST }.rows(), 0..0);
        assert_eq!(Window { view: 0.0, ..LIST }.rows(), 0..6);
        assert_eq!(Window { count: 3, top: 500.0, ..LIST }.rows(), 0..3);
    }

    #[test]
    fn a_row_is_revealed_by_the_least_scroll() {
        let at = Window { top: 2_800.0, ..LIST };
        assert_eq!(at.revealing(110), 2_800.0, "in view: nothing moves");
        assert_eq!(at.revealing(99), 2_772.0, "just above: it becomes the first row");
        assert_eq!(at.revealing(120), 2_828.0, "just below: it becomes the last row");
        assert_eq!(at.revealing(9_999), 279_440.0);
        assert_eq!(at.revealing(0), 0.0);
        assert_eq!(Window { count: 5, top: 0.0, ..LIST }.revealing(4), 0.0);
    }

    #[test]
    fn a_view_smaller_than_a_row_shows_its_start() {
        let at = Window { view: 10.0, top: 0.0, ..LIST };
        assert_eq!(at.revealing(3), 84.0);
    }
}
