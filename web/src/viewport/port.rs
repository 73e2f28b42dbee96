//! The way from other parts of the page to its 3D view.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::scene::Scene;

/// The 3D view, while there is one: a page without WebGL has none.
#[derive(Default)]
pub struct Port(RefCell<Weak<Scene>>);

impl Port {
    /// This is the view from now on.
    pub fn set(&self, scene: &Rc<Scene>) {
        self.0.replace(Rc::downgrade(scene));
    }

    /// The view.
    #[must_use]
    pub fn scene(&self) -> Option<Rc<Scene>> {
        self.0.borrow().upgrade()
    }
}
