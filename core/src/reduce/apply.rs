//! Events into state.

use std::sync::Arc;

use super::StateMut;
use crate::event::{CameraChange, Event, ObjectChange, WorldChange};
use crate::model::{Millis, Object, Seq, World};

/// Folds one event into `state`. Total: it has an outcome for every event in every state, the same
/// on every machine, and never panics. An event about an object that is not there changes nothing
/// but the seq; `decide` never yields one.
pub fn apply<S: StateMut>(state: &mut S, event: &Event, seq: Seq, at: Millis) {
    match event {
        Event::ObjectCreated { object } => state.put_object(stamped(object, seq, at)),
        Event::ObjectUpdated { name, patch } => state.change_object(name, |object| {
            patch_object(object, patch);
            object.version = seq;
            object.updated_at = at;
        }),
        Event::ObjectRenamed { name, new_name } => {
            if let Some(object) = state.take_object(name) {
                let mut object = Arc::unwrap_or_clone(object);
                object.name = new_name.clone();
                object.version = seq;
                object.updated_at = at;
                state.put_object(Arc::new(object));
            }
        }
        Event::ObjectDeleted { name } => {
            state.take_object(name);
        }
        Event::ObjectsCleared => state.clear_objects(),
        Event::WorldInitialized { world } => state.change_world(|now| {
            now.clone_from(world);
            now.version = seq;
        }),
        Event::WorldUpdated { patch } => state.change_world(|world| {
            patch_world(world, patch);
            world.version = seq;
        }),
        Event::CameraMoved { camera } => state.change_world(|world| {
            move_camera(world, camera);
            world.version = seq;
        }),
        Event::CameraOrbitStarted { orbit } => state.change_world(|world| {
            world.orbit = Some(*orbit);
            world.version = seq;
        }),
        Event::CameraOrbitStopped => state.change_world(|world| {
            world.orbit = None;
            world.version = seq;
        }),
        Event::SessionRenamed { name } => state.set_name(name.clone()),
    }
    state.set_seq(seq);
}

/// The object as its place in the log makes it. `decide` has stamped it so already, and then it is
/// shared, not copied.
fn stamped(object: &Arc<Object>, seq: Seq, at: Millis) -> Arc<Object> {
    if object.version == seq && object.created_at == at && object.updated_at == at {
        return Arc::clone(object);
    }
    Arc::new(Object { version: seq, created_at: at, updated_at: at, ..Object::clone(object) })
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

fn patch_object(object: &mut Object, patch: &ObjectChange) {
    let ObjectChange { kind, x, y, z, rotation, scale, color, opacity, visible, text, properties } = patch;
    set(&mut object.kind, kind.as_ref());
    set(&mut object.x, x.as_ref());
    set(&mut object.y, y.as_ref());
    set(&mut object.z, z.as_ref());
    if let Some(rotation) = rotation {
        object.rotation = object.rotation.with(rotation);
    }
    if let Some(scale) = scale {
        object.scale = object.scale.with(scale);
    }
    set(&mut object.color, color.as_ref());
    set(&mut object.opacity, opacity.as_ref());
    set(&mut object.visible, visible.as_ref());
    set(&mut object.text, text.as_ref());
    if !properties.is_empty() {
        object.properties.merge(properties);
    }
}

pub(super) fn patch_world(world: &mut World, patch: &WorldChange) {
    let WorldChange { size, transparency, camera_x, camera_y, camera_z, camera_target, camera_fov } = patch;
    set(&mut world.size, size.as_ref());
    set(&mut world.transparency, transparency.as_ref());
    set(&mut world.camera_x, camera_x.as_ref());
    set(&mut world.camera_y, camera_y.as_ref());
    set(&mut world.camera_z, camera_z.as_ref());
    if let Some(target) = camera_target {
        world.camera_target = world.camera_target.with(target);
    }
    set(&mut world.camera_fov, camera_fov.as_ref());
}

fn move_camera(world: &mut World, camera: &CameraChange) {
    let CameraChange { x, y, z, target, fov } = camera;
    set(&mut world.camera_x, x.as_ref());
    set(&mut world.camera_y, y.as_ref());
    set(&mut world.camera_z, z.as_ref());
    if let Some(target) = target {
        world.camera_target = world.camera_target.with(target);
    }
    set(&mut world.camera_fov, fov.as_ref());
    world.orbit = None;
}
