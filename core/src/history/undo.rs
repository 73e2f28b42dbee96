//! Taking changes back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::restate::{camera_patch_back, object_patch_back, world_patch_back};
use crate::command::{Command, ObjectDraft, OrbitDraft, WorldDraft};
use crate::event::{CameraChange, Event, EventRecord};
use crate::model::{Object, World};
use crate::reduce::{Overlay, State, apply};
use crate::session::Session;

impl Event {
    /// The commands that take this event back, in order, given the session `before` it. What comes back
    /// has the version and the times of its coming back; an orbit starts anew.
    ///
    /// There are none where the event changed nothing of `before`.
    #[must_use]
    pub fn inverse(&self, before: &Session) -> Vec<Command> {
        inverse(self, &Overlay::new(before))
    }
}

fn inverse(event: &Event, before: &Overlay<'_, Session>) -> Vec<Command> {
    match event {
        Event::ObjectCreated { object } => {
            vec![Command::DeleteObject { name: object.name.as_str().to_owned() }]
        }
        Event::ObjectUpdated { name, patch } => {
            let Some(object) = before.object(name.as_str()) else { return Vec::new() };
            let patch = object_patch_back(patch, object);
            vec![Command::UpdateObject { name: name.as_str().to_owned(), patch }]
        }
        Event::ObjectRenamed { name, new_name } => vec![Command::RenameObject {
            name: new_name.as_str().to_owned(),
            new_name: name.as_str().to_owned(),
        }],
        Event::ObjectDeleted { name } => {
            before.object(name.as_str()).map(|o| create(o)).into_iter().collect()
        }
        Event::ObjectsCleared => before.objects().map(|object| create(object)).collect(),
        Event::WorldInitialized { .. } => {
            let world = before.world();
            let draft = Command::InitializeWorld { world: WorldDraft::from(world) };
            std::iter::once(draft).chain(orbit(world)).collect()
        }
        Event::WorldUpdated { patch } => {
            vec![Command::UpdateWorld { patch: world_patch_back(patch, before.world()) }]
        }
        Event::CameraMoved { camera } => {
            let world = before.world();
            let patch = camera_patch_back(camera, world);
            let moved =
                (**camera != CameraChange::default()).then_some(Command::MoveCamera { camera: patch });
            moved.into_iter().chain(orbit(world)).collect()
        }
        Event::CameraOrbitStarted { .. } => vec![orbit(before.world()).unwrap_or(Command::StopOrbit)],
        Event::CameraOrbitStopped => orbit(before.world()).into_iter().collect(),
        Event::SessionRenamed { .. } => {
            vec![Command::RenameSession { name: before.name().map(|name| name.as_str().to_owned()) }]
        }
    }
}

fn create(object: &Object) -> Command {
    Command::CreateObject { object: ObjectDraft::from(object) }
}

fn orbit(world: &World) -> Option<Command> {
    let orbit = world.orbit.as_ref()?;
    Some(Command::StartOrbit { orbit: OrbitDraft::from(orbit) })
}

/// The command that takes back all of `records`, which are the events of one command or of several that
/// followed one another, given the session `before` the first.
///
/// It begins with what must still hold: each object, and the world, is as these events left it. Where
/// somebody has changed one of them since, the whole is refused with `version_mismatch` or
/// `object_not_found`, and where a name has been taken again with `object_exists`: nobody's later change
/// is undone with it. A session's name goes back whoever changed it since.
#[must_use]
pub fn compensate(before: &Session, records: &[Arc<EventRecord>]) -> Command {
    let mut ahead = Overlay::new(before);
    let mut steps = Vec::with_capacity(records.len());
    let mut touched = BTreeSet::new();
    let mut world = false;
    for record in records {
        steps.push(inverse(&record.event, &ahead));
        apply(&mut ahead, &record.event, record.seq, record.at);
        match &record.event {
            Event::ObjectCreated { object } => _ = touched.insert(object.name.as_str()),
            Event::ObjectUpdated { name, .. } | Event::ObjectRenamed { new_name: name, .. } => {
                touched.insert(name.as_str());
            }
            Event::WorldInitialized { .. }
            | Event::WorldUpdated { .. }
            | Event::CameraMoved { .. }
            | Event::CameraOrbitStarted { .. }
            | Event::CameraOrbitStopped => world = true,
            // What is gone comes back only where its name is free, and a name has no version.
            Event::ObjectDeleted { .. } | Event::ObjectsCleared | Event::SessionRenamed { .. } => {}
        }
    }
    let objects = touched.into_iter().filter_map(|name| ahead.object(name));
    let objects = objects.map(|object| Command::ExpectObject {
        name: object.name.as_str().to_owned(),
        version: Some(object.version),
    });
    let world = world.then(|| Command::ExpectWorld { version: ahead.world().version });
    let back = steps.into_iter().rev().flatten();
    Command::Batch { commands: objects.chain(world).chain(back).collect() }
}
