//! What looks different than when it was last drawn.

use std::collections::BTreeSet;

use vws_core::ObjectName;
use vws_core::replica::Touched;

/// Objects that are remembered by name. With more it is cheaper to look at all, and a page that is
/// hidden for hours, which draws nothing, keeps no more than this.
const MOST: usize = 20_000;

/// The changes of any number of messages, gathered until the next frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dirty {
    /// Any object, also those that are not named.
    pub all_objects: bool,
    /// Objects that came, changed or went.
    pub objects: BTreeSet<ObjectName>,
    /// The world or its camera.
    pub world: bool,
    /// Which object is selected.
    pub selection: bool,
    /// Anything that the others show, were it only where they look.
    pub peers: bool,
    /// Anything at all but where the others look and point: only then is the page around the view drawn anew.
    pub page: bool,
}

impl Dirty {
    /// Everything: what one who draws begins with.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            all_objects: true,
            objects: BTreeSet::new(),
            world: true,
            selection: true,
            peers: true,
            page: true,
        }
    }

    /// Adds what a change touched.
    pub fn add(&mut self, touched: Touched) {
        self.world |= touched.world;
        self.all_objects |= touched.all_objects;
        if self.all_objects {
            self.objects.clear();
            return;
        }
        self.objects.extend(touched.objects);
        if self.objects.len() > MOST {
            self.objects.clear();
            self.all_objects = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn touched(names: impl IntoIterator<Item = String>) -> Touched {
        let name = |n: String| ObjectName::new("name", &n).expect("a valid name");
        Touched { objects: names.into_iter().map(name).collect(), ..Touched::default() }
    }

    #[test]
    fn changes_add_up() {
        let mut dirty = Dirty::default();
        dirty.add(touched(["a".to_owned()]));
        dirty.add(Touched { world: true, ..touched(["b".to_owned()]) });
        assert_eq!((dirty.objects.len(), dirty.world, dirty.all_objects), (2, true, false));
        dirty.add(Touched::everything());
        assert_eq!((dirty.objects.len(), dirty.all_objects), (0, true));
        dirty.add(touched(["c".to_owned()]));
        assert!(dirty.objects.is_empty(), "all is all");
    }

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let mut dirty = Dirty::default();
        dirty.add(touched((0..=MOST).map(|n| n.to_string())));
        assert!(dirty.all_objects && dirty.objects.is_empty());
    }
}
