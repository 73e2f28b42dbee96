//! Where something that is dragged over the view would come to lie.

use super::scene::Scene;

impl Scene {
    /// Marks the place on the floor below a point of the view, which goes from -1 to 1 from left to right and from
    /// bottom to top, and answers it: x, y, z, within the world, in whole hundredths.
    pub fn landing(&self, x: f64, y: f64) -> [f64; 3] {
        let place = self.viewport.landing(x, y);
        std::array::from_fn(|axis| {
            // As precise as a hand is; -0 is 0 to the session too.
            (place.get(axis).copied().unwrap_or_default() * 100.0).round() / 100.0 + 0.0
        })
    }

    /// Takes the mark away.
    pub fn end_landing(&self) {
        self.viewport.end_landing();
    }
}
