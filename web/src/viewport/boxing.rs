//! Selecting by a rectangle, and flying: what the viewport does by itself, and the page is told of.

use super::scene::Scene;

impl Scene {
    /// The next drag selects what is in a rectangle, or no longer.
    pub fn arm_box(&self, armed: bool) {
        self.viewport.arm_box(armed);
    }

    /// Whether the next drag selects by a rectangle.
    #[must_use]
    pub fn is_box_armed(&self) -> bool {
        self.armed.get()
    }

    pub(super) fn set_armed(&self, armed: bool) {
        self.armed.set(armed);
        self.client.refresh();
    }

    /// The speed at which the user flies, in world units a second.
    #[must_use]
    pub fn flying(&self) -> Option<f64> {
        Some(self.flying.get()).filter(|speed| *speed > 0.0)
    }

    pub(super) fn set_flying(&self, speed: f64) {
        self.flying.set(speed);
        self.client.refresh();
    }

    /// Selects the objects in these slots, beside what is selected already or instead of it.
    pub(super) fn boxed(&self, slots: &[u32], additive: bool) {
        let batcher = self.batcher.borrow();
        let names = slots.iter().filter_map(|slot| batcher.slots().name(*slot).cloned());
        let before = if additive { self.client.selection() } else { Vec::new() };
        self.client.select_all(before.into_iter().chain(names));
    }
}
