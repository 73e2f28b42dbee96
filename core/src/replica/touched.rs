//! What a change changed, for those who draw.

use std::collections::BTreeSet;

use crate::event::Event;
use crate::model::ObjectName;
use crate::reduce::Changes;

/// What may look different than before. It may name what looks the same, never leaves out what does
/// not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Any object, also those that are not named.
    pub all_objects: bool,
    /// Objects that came, changed or went.
    pub objects: BTreeSet<ObjectName>,
    /// The world or its camera.
    pub world: bool,
    /// The session's name.
    pub name: bool,
}

impl Touched {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { all_objects: true, objects: BTreeSet::new(), world: true, name: true }
    }

    /// Whether nothing looks different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn object(&mut self, name: &ObjectName) {
        if !self.objects.contains(name.as_str()) {
            self.objects.insert(name.clone());
        }
    }

    /// Adds what an event changes, whatever state it is applied to.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::ObjectCreated { object } => self.object(&object.name),
            Event::ObjectUpdated { name, .. } | Event::ObjectDeleted { name } => self.object(name),
            Event::ObjectRenamed { name, new_name } => {
                self.object(name);
                self.object(new_name);
            }
            Event::ObjectsCleared => self.all_objects = true,
            Event::WorldInitialized { .. }
            | Event::WorldUpdated { .. }
            | Event::CameraMoved { .. }
            | Event::CameraOrbitStarted { .. }
            | Event::CameraOrbitStopped => self.world = true,
            Event::SessionRenamed { .. } => self.name = true,
        }
    }

    /// What shows through `changes`, or is hidden by them.
    pub(super) fn changes(&mut self, changes: &Changes) {
        for name in changes.touched_objects() {
            self.object(name);
        }
        self.all_objects |= changes.is_cleared();
        self.world |= changes.touches_world();
        self.name |= changes.touches_name();
    }
}
