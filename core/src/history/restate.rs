//! Values of the model as a client would write them.

use std::collections::BTreeMap;

use crate::command::{
    CameraPatch, Change, ObjectDraft, ObjectPatch, OrbitDraft, ScaleInput, WorldDraft, WorldPatch,
};
use crate::event::{CameraChange, ObjectChange, WorldChange};
use crate::model::{Bounded, Object, Orbit, Partial3, Properties, Range, Scalar, Vec3, World};

impl From<&Object> for ObjectDraft {
    /// The draft that creates an object like this one; version and times will be those of its creation.
    fn from(object: &Object) -> Self {
        Self {
            name: object.name.as_str().to_owned(),
            kind: object.kind.as_str().to_owned(),
            x: object.x.get(),
            y: object.y.get(),
            z: object.z.get(),
            rotation: Some(numbers(object.rotation).into()),
            scale: Some(ScaleInput::Axes(numbers(object.scale).into())),
            color: Some(object.color.to_string()),
            opacity: Some(object.opacity.get()),
            visible: Some(object.visible),
            text: Some(object.text.as_str().to_owned()),
            properties: Some(entries(&object.properties)),
        }
    }
}

impl From<&World> for WorldDraft {
    /// The draft that sets a world like this one, but for its orbit.
    fn from(world: &World) -> Self {
        Self {
            size: Some(world.size.get()),
            transparency: Some(world.transparency.get()),
            camera_x: Some(world.camera_x.get()),
            camera_y: Some(world.camera_y.get()),
            camera_z: Some(world.camera_z.get()),
            camera_target: Some(numbers(world.camera_target).into()),
            camera_fov: Some(world.camera_fov.get()),
        }
    }
}

impl From<&Orbit> for OrbitDraft {
    /// The draft of an orbit like this one that starts anew.
    fn from(orbit: &Orbit) -> Self {
        Self {
            radius: Some(orbit.radius.get()),
            speed: Some(orbit.speed.get()),
            elevation: Some(orbit.elevation.get()),
        }
    }
}

/// What makes `from` like `to`, whose name may be another; keeps all that is equal.
pub(super) fn object_patch(from: &Object, to: &Object) -> ObjectPatch {
    ObjectPatch {
        kind: set_if(from.kind != to.kind, || to.kind.as_str().to_owned()),
        x: number(from.x, to.x),
        y: number(from.y, to.y),
        z: number(from.z, to.z),
        rotation: vector(from.rotation, to.rotation),
        scale: match vector(from.scale, to.scale) {
            Change::Set(axes) => Change::Set(ScaleInput::Axes(axes)),
            Change::Keep | Change::Reset => Change::Keep,
        },
        color: set_if(from.color != to.color, || to.color.to_string()),
        opacity: number(from.opacity, to.opacity),
        visible: set_if(from.visible != to.visible, || to.visible),
        text: set_if(from.text != to.text, || to.text.as_str().to_owned()),
        properties: properties(&from.properties, &to.properties),
    }
}

/// What makes `from` like `to`, but for the orbit; keeps all that is equal.
pub(super) fn world_patch(from: &World, to: &World) -> WorldPatch {
    WorldPatch {
        size: number(from.size, to.size),
        transparency: number(from.transparency, to.transparency),
        camera_x: number(from.camera_x, to.camera_x),
        camera_y: number(from.camera_y, to.camera_y),
        camera_z: number(from.camera_z, to.camera_z),
        camera_target: vector(from.camera_target, to.camera_target),
        camera_fov: number(from.camera_fov, to.camera_fov),
    }
}

/// What gives the fields that `change` named the values that they had in `before`.
pub(super) fn object_patch_back(change: &ObjectChange, before: &Object) -> ObjectPatch {
    let ObjectChange { kind, x, y, z, rotation, scale, color, opacity, visible, text, properties } = change;
    let keys = properties.keys().map(|key| {
        let key = key.as_str();
        (key.to_owned(), before.properties.get(key).cloned())
    });
    ObjectPatch {
        kind: set_if(kind.is_some(), || before.kind.as_str().to_owned()),
        x: set_if(x.is_some(), || before.x.get()),
        y: set_if(y.is_some(), || before.y.get()),
        z: set_if(z.is_some(), || before.z.get()),
        rotation: axes_back(rotation.as_ref(), before.rotation),
        scale: match axes_back(scale.as_ref(), before.scale) {
            Change::Set(axes) => Change::Set(ScaleInput::Axes(axes)),
            Change::Keep | Change::Reset => Change::Keep,
        },
        color: set_if(color.is_some(), || before.color.to_string()),
        opacity: set_if(opacity.is_some(), || before.opacity.get()),
        visible: set_if(visible.is_some(), || before.visible),
        text: set_if(text.is_some(), || before.text.as_str().to_owned()),
        properties: set_if(!properties.is_empty(), || keys.collect()),
    }
}

/// Adds to `patch` the fields of `later` that it does not name itself.
pub(super) fn earlier_wins(patch: &mut ObjectPatch, later: &ObjectPatch) {
    fn keep<T: Clone>(own: &mut Change<T>, other: &Change<T>) {
        if own.is_keep() {
            own.clone_from(other);
        }
    }
    fn keep_axes(own: &mut Partial3<f64>, other: Partial3<f64>) {
        own.x = own.x.or(other.x);
        own.y = own.y.or(other.y);
        own.z = own.z.or(other.z);
    }
    let ObjectPatch { kind, x, y, z, rotation, scale, color, opacity, visible, text, properties } = later;
    keep(&mut patch.kind, kind);
    keep(&mut patch.x, x);
    keep(&mut patch.y, y);
    keep(&mut patch.z, z);
    keep(&mut patch.color, color);
    keep(&mut patch.opacity, opacity);
    keep(&mut patch.visible, visible);
    keep(&mut patch.text, text);
    match (&mut patch.rotation, rotation) {
        (Change::Set(own), Change::Set(other)) => keep_axes(own, *other),
        (own, other) => keep(own, other),
    }
    match (&mut patch.scale, scale) {
        (Change::Set(ScaleInput::Axes(own)), Change::Set(ScaleInput::Axes(other))) => keep_axes(own, *other),
        (own, other) => keep(own, other),
    }
    match (&mut patch.properties, properties) {
        (Change::Set(own), Change::Set(other)) => {
            for (key, value) in other {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        (own, other) => keep(own, other),
    }
}

/// What gives the fields that `change` named the values that they had in `before`.
pub(super) fn world_patch_back(change: &WorldChange, before: &World) -> WorldPatch {
    let WorldChange { size, transparency, camera_x, camera_y, camera_z, camera_target, camera_fov } = change;
    WorldPatch {
        size: set_if(size.is_some(), || before.size.get()),
        transparency: set_if(transparency.is_some(), || before.transparency.get()),
        camera_x: set_if(camera_x.is_some(), || before.camera_x.get()),
        camera_y: set_if(camera_y.is_some(), || before.camera_y.get()),
        camera_z: set_if(camera_z.is_some(), || before.camera_z.get()),
        camera_target: axes_back(camera_target.as_ref(), before.camera_target),
        camera_fov: set_if(camera_fov.is_some(), || before.camera_fov.get()),
    }
}

/// What gives the parts of the pose that `change` named the values that they had in `before`.
pub(super) fn camera_patch_back(change: &CameraChange, before: &World) -> CameraPatch {
    let CameraChange { x, y, z, target, fov } = change;
    CameraPatch {
        x: x.map(|_| before.camera_x.get()),
        y: y.map(|_| before.camera_y.get()),
        z: z.map(|_| before.camera_z.get()),
        target: match axes_back(target.as_ref(), before.camera_target) {
            Change::Set(axes) => Some(axes),
            Change::Keep | Change::Reset => None,
        },
        fov: fov.map(|_| before.camera_fov.get()),
    }
}

fn set_if<T>(differs: bool, value: impl FnOnce() -> T) -> Change<T> {
    if differs { Change::Set(value()) } else { Change::Keep }
}

fn number<R: Range>(from: Bounded<R>, to: Bounded<R>) -> Change<f64> {
    set_if(from != to, || to.get())
}

fn numbers<R: Range>(v: Vec3<Bounded<R>>) -> Vec3<f64> {
    Vec3 { x: v.x.get(), y: v.y.get(), z: v.z.get() }
}

fn vector<R: Range>(from: Vec3<Bounded<R>>, to: Vec3<Bounded<R>>) -> Change<Partial3<f64>> {
    let axis = |from: Bounded<R>, to: Bounded<R>| (from != to).then(|| to.get());
    let axes = Partial3 { x: axis(from.x, to.x), y: axis(from.y, to.y), z: axis(from.z, to.z) };
    set_if(from != to, || axes)
}

fn axes_back<R: Range>(
    change: Option<&Partial3<Bounded<R>>>,
    before: Vec3<Bounded<R>>,
) -> Change<Partial3<f64>> {
    change.map_or(Change::Keep, |change| {
        Change::Set(Partial3 {
            x: change.x.as_ref().map(|_| before.x.get()),
            y: change.y.as_ref().map(|_| before.y.get()),
            z: change.z.as_ref().map(|_| before.z.get()),
        })
    })
}

fn entries(properties: &Properties) -> BTreeMap<String, Scalar> {
    properties.iter().map(|(key, value)| (key.as_str().to_owned(), value.clone())).collect()
}

fn properties(from: &Properties, to: &Properties) -> Change<BTreeMap<String, Option<Scalar>>> {
    let gone = from.iter().filter(|(key, _)| to.get(key.as_str()).is_none()).map(|(key, _)| (key, None));
    let new = to.iter().filter(|(key, value)| from.get(key.as_str()) != Some(value));
    let new = new.map(|(key, value)| (key, Some(value.clone())));
    let changes: BTreeMap<_, _> =
        gone.chain(new).map(|(key, value)| (key.as_str().to_owned(), value)).collect();
    set_if(!changes.is_empty(), || changes)
}
