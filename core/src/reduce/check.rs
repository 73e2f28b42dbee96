//! Drafts and patches into valid values, with every fault found at its field.

use std::collections::BTreeMap;

use crate::command::{
    CameraPatch, Change, ObjectDraft, ObjectPatch, OrbitDraft, ScaleInput, WorldDraft, WorldPatch,
};
use crate::error::{Error, Faults, Rejection, RequestError};
use crate::event::{CameraChange, ObjectChange, WorldChange};
use crate::model::{
    Bounded, CameraCoordinate, Color, Fraction, Label, Millis, Object, ObjectName, ObjectType, Orbit,
    OrbitElevation, OrbitRadius, OrbitSpeed, Partial3, Properties, PropertyKey, Range, Scalar, Seq, Vec3,
    World,
};

/// A number as found in a JSON document whose root is the draft or patch being checked.
fn number<R: Range>(faults: &mut Faults, base: &str, field: &str, value: f64) -> Option<Bounded<R>> {
    faults.take_at(|| format!("{base}/{}", field.replace('.', "/")), Bounded::new(field, value))
}

fn components<R: Range>(
    faults: &mut Faults,
    base: &str,
    field: &str,
    value: &Partial3<f64>,
) -> Partial3<Bounded<R>> {
    let mut one = |axis: &str, v: Option<f64>| {
        let v = v?;
        // It is named where it is wrong.
        Bounded::new(axis, v).ok().or_else(|| number(faults, base, &format!("{field}.{axis}"), v))
    };
    Partial3 { x: one("x", value.x), y: one("y", value.y), z: one("z", value.z) }
}

fn scale<R: Range>(faults: &mut Faults, base: &str, value: &ScaleInput) -> Option<Partial3<Bounded<R>>> {
    match value {
        ScaleInput::Uniform(v) => number(faults, base, "scale", *v).map(|v| Vec3::splat(v).into()),
        ScaleInput::Axes(axes) => Some(components(faults, base, "scale", axes)),
    }
}

/// RFC 6901: `~` and `/` are written `~0` and `~1` in a pointer. A key longer than any that is known
/// is cut, so that a refusal is never as large as what it refuses.
pub(crate) fn pointer_token(key: &str) -> String {
    const MOST: usize = 256;
    let cut = key.char_indices().nth(MOST).map_or(key, |(at, _)| &key[..at]);
    cut.replace('~', "~0").replace('/', "~1")
}

/// Whole default vectors for what a draft leaves out.
fn held<R: Range>(value: f64) -> Bounded<R> {
    Bounded::new(R::NOUN, value).expect("a default lies in its range")
}

/// The object that a draft asks for, at `seq` and `at`.
pub(super) fn new_object(draft: &ObjectDraft, base: &str, seq: Seq, at: Millis) -> Result<Object, Rejection> {
    let mut faults = Faults::default();
    let f = &mut faults;
    let name = f.take_at(|| format!("{base}/name"), ObjectName::new("name", &draft.name));
    let kind = f.take_at(|| format!("{base}/type"), ObjectType::new(&draft.kind));
    let (x, y, z) =
        (number(f, base, "x", draft.x), number(f, base, "y", draft.y), number(f, base, "z", draft.z));
    let rotation = draft.rotation.as_ref().map(|r| components(f, base, "rotation", r)).unwrap_or_default();
    let scale = draft.scale.as_ref().map_or(Some(Partial3::default()), |s| scale(f, base, s));
    let color = draft
        .color
        .as_ref()
        .map_or(Some(Color::DEFAULT), |c| f.take_at(|| format!("{base}/color"), Color::new("color", c)));
    let opacity = number(f, base, "opacity", draft.opacity.unwrap_or(1.0));
    let text = draft.text.as_ref().map_or_else(
        || Some(Label::default()),
        |t| f.take_at(|| format!("{base}/text"), Label::new("text", t)),
    );
    let properties = draft
        .properties
        .as_ref()
        .map_or_else(|| Some(Properties::default()), |entries| new_properties(f, base, entries));
    let object = (|| {
        Some(Object {
            name: name?,
            kind: kind?,
            x: x?,
            y: y?,
            z: z?,
            rotation: Vec3::splat(held(0.0)).with(&rotation),
            scale: Vec3::splat(held(1.0)).with(&scale?),
            color: color?,
            opacity: opacity?,
            visible: draft.visible.unwrap_or(true),
            text: text?,
            properties: properties?,
            version: seq,
            created_at: at,
            updated_at: at,
        })
    })();
    faults.finish(object)
}

fn property_key(faults: &mut Faults, base: &str, key: &str) -> Option<PropertyKey> {
    faults.take_at(|| format!("{base}/properties/{}", pointer_token(key)), PropertyKey::new(key))
}

fn new_properties(faults: &mut Faults, base: &str, entries: &BTreeMap<String, Scalar>) -> Option<Properties> {
    let mut checked = BTreeMap::new();
    for (key, value) in entries {
        checked.insert(property_key(faults, base, key)?, value.clone());
    }
    faults.take_at(|| format!("{base}/properties"), Properties::new(checked))
}

/// What a field of a patch asks for: `None` to leave it, or its new value.
struct Fields<'a> {
    faults: Faults,
    base: &'a str,
}

impl Fields<'_> {
    fn pointer(&self, field: &str) -> String {
        format!("{}/{field}", self.base)
    }

    fn take<T, E: Into<Error>>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        let base = self.base;
        self.faults.take_at(|| format!("{base}/{field}"), result)
    }

    /// A field that has no default to go back to.
    fn required<T: Clone>(&mut self, field: &str, change: &Change<T>) -> Option<T> {
        match change {
            Change::Keep => None,
            Change::Set(value) => Some(value.clone()),
            Change::Reset => {
                self.faults.add(self.pointer(field), RequestError::FieldRequired { field: field.to_owned() });
                None
            }
        }
    }

    fn number<R: Range>(&mut self, field: &str, value: Option<f64>) -> Option<Bounded<R>> {
        value.and_then(|v| number(&mut self.faults, self.base, field, v))
    }

    fn number_or<R: Range>(
        &mut self,
        field: &str,
        change: &Change<f64>,
        default: Bounded<R>,
    ) -> Option<Bounded<R>> {
        match change {
            Change::Keep => None,
            Change::Reset => Some(default),
            Change::Set(value) => self.number(field, Some(*value)),
        }
    }

    fn vector_or<R: Range>(
        &mut self,
        field: &str,
        change: &Change<Partial3<f64>>,
        default: Vec3<Bounded<R>>,
    ) -> Option<Partial3<Bounded<R>>> {
        match change {
            Change::Keep => None,
            Change::Reset => Some(default.into()),
            Change::Set(value) => Some(components(&mut self.faults, self.base, field, value)),
        }
    }
}

/// The fields of `now` that a patch really changes; `None` when it changes nothing.
pub(super) fn object_change(
    patch: &ObjectPatch,
    base: &str,
    now: &Object,
) -> Result<Option<ObjectChange>, Rejection> {
    let mut f = Fields { faults: Faults::default(), base };
    let kind = f.required("type", &patch.kind);
    let kind = kind.and_then(|k| f.take("type", ObjectType::new(&k)));
    let mut coordinate = |field: &str, change: &Change<f64>| {
        let value = f.required(field, change);
        f.number(field, value)
    };
    let (x, y, z) = (coordinate("x", &patch.x), coordinate("y", &patch.y), coordinate("z", &patch.z));
    let rotation = f.vector_or("rotation", &patch.rotation, Vec3::splat(held(0.0)));
    let scale = match &patch.scale {
        Change::Keep => None,
        Change::Reset => Some(Vec3::splat(held(1.0)).into()),
        Change::Set(value) => scale(&mut f.faults, base, value),
    };
    let color = match &patch.color {
        Change::Keep => None,
        Change::Reset => Some(Color::DEFAULT),
        Change::Set(value) => f.take("color", Color::new("color", value)),
    };
    let opacity = f.number_or::<<Fraction as Ranged>::Of>("opacity", &patch.opacity, held(1.0));
    let visible = match patch.visible {
        Change::Keep => None,
        Change::Reset => Some(true),
        Change::Set(value) => Some(value),
    };
    let text = match &patch.text {
        Change::Keep => None,
        Change::Reset => Some(Label::default()),
        Change::Set(value) => f.take("text", Label::new("text", value)),
    };
    let properties = property_changes(&mut f, &patch.properties, now);
    let change = ObjectChange {
        kind: kind.filter(|v| *v != now.kind),
        x: x.filter(|v| *v != now.x),
        y: y.filter(|v| *v != now.y),
        z: z.filter(|v| *v != now.z),
        rotation: rotation.and_then(|v| v.difference(&now.rotation)),
        scale: scale.and_then(|v| v.difference(&now.scale)),
        color: color.filter(|v| *v != now.color),
        opacity: opacity.filter(|v| *v != now.opacity),
        visible: visible.filter(|v| *v != now.visible),
        text: text.filter(|v| *v != now.text),
        properties,
    };
    f.faults.finish(Some(change)).map(some_change)
}

fn property_changes(
    f: &mut Fields<'_>,
    change: &Change<BTreeMap<String, Option<Scalar>>>,
    now: &Object,
) -> BTreeMap<PropertyKey, Option<Scalar>> {
    let mut changes = BTreeMap::new();
    match change {
        Change::Keep => return changes,
        Change::Reset => changes.extend(now.properties.iter().map(|(key, _)| (key.clone(), None))),
        Change::Set(entries) => {
            for (key, value) in entries {
                let Some(key) = property_key(&mut f.faults, f.base, key) else { continue };
                if now.properties.get(key.as_str()) != value.as_ref() {
                    changes.insert(key, value.clone());
                }
            }
        }
    }
    f.take("properties", Properties::new(now.properties.merged(&changes)));
    changes
}

/// A change, or `None` when it is an empty one.
fn some_change<T: Default + PartialEq>(change: T) -> Option<T> {
    (change != T::default()).then_some(change)
}

/// The range of a [`Bounded`] alias.
trait Ranged {
    type Of: Range;
}

impl<R: Range> Ranged for Bounded<R> {
    type Of = R;
}

/// The world that a draft asks for.
pub(super) fn new_world(draft: &WorldDraft, base: &str, seq: Seq) -> Result<World, Rejection> {
    let patch = WorldPatch {
        size: draft.size.into(),
        transparency: draft.transparency.into(),
        camera_x: draft.camera_x.into(),
        camera_y: draft.camera_y.into(),
        camera_z: draft.camera_z.into(),
        camera_target: draft.camera_target.into(),
        camera_fov: draft.camera_fov.into(),
    };
    let mut world = World::default();
    if let Some(change) = world_change(&patch, base, &world)? {
        super::apply::patch_world(&mut world, &change);
    }
    world.version = seq;
    Ok(world)
}

impl<T> From<Option<T>> for Change<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// The fields of `now` that a patch really changes; `None` when it changes nothing.
pub(super) fn world_change(
    patch: &WorldPatch,
    base: &str,
    now: &World,
) -> Result<Option<WorldChange>, Rejection> {
    let first = World::default();
    let mut f = Fields { faults: Faults::default(), base };
    let change = WorldChange {
        size: f.number_or("size", &patch.size, first.size).filter(|v| *v != now.size),
        transparency: f
            .number_or("transparency", &patch.transparency, first.transparency)
            .filter(|v| *v != now.transparency),
        camera_x: f.number_or("camera_x", &patch.camera_x, first.camera_x).filter(|v| *v != now.camera_x),
        camera_y: f.number_or("camera_y", &patch.camera_y, first.camera_y).filter(|v| *v != now.camera_y),
        camera_z: f.number_or("camera_z", &patch.camera_z, first.camera_z).filter(|v| *v != now.camera_z),
        camera_target: f
            .vector_or("camera_target", &patch.camera_target, first.camera_target)
            .and_then(|v| v.difference(&now.camera_target)),
        camera_fov: f
            .number_or("camera_fov", &patch.camera_fov, first.camera_fov)
            .filter(|v| *v != now.camera_fov),
    };
    f.faults.finish(Some(change)).map(some_change)
}

/// The parts of the camera's pose that a patch really changes; `None` when it changes nothing.
pub(super) fn camera_change(
    patch: &CameraPatch,
    base: &str,
    now: &World,
) -> Result<Option<CameraChange>, Rejection> {
    let mut f = Fields { faults: Faults::default(), base };
    let target = patch.target.as_ref().map(|t| components(&mut f.faults, base, "target", t));
    let mut axis =
        |field: &str, value: Option<f64>, now: CameraCoordinate| f.number(field, value).filter(|v| *v != now);
    let change = CameraChange {
        x: axis("x", patch.x, now.camera_x),
        y: axis("y", patch.y, now.camera_y),
        z: axis("z", patch.z, now.camera_z),
        target: target.and_then(|v| v.difference(&now.camera_target)),
        fov: f.number("fov", patch.fov).filter(|v| *v != now.camera_fov),
    };
    f.faults.finish(Some(change)).map(some_change)
}

/// The orbit that a draft asks for.
pub(super) fn new_orbit(draft: &OrbitDraft, base: &str, at: Millis) -> Result<Orbit, Rejection> {
    let mut f = Fields { faults: Faults::default(), base };
    let radius: Option<OrbitRadius> = f.number("radius", Some(draft.radius.unwrap_or(25.0)));
    let speed: Option<OrbitSpeed> = f.number("speed", Some(draft.speed.unwrap_or(12.0)));
    let elevation: Option<OrbitElevation> = f.number("elevation", Some(draft.elevation.unwrap_or(30.0)));
    let orbit = (|| Some(Orbit { radius: radius?, speed: speed?, elevation: elevation?, started_at: at }))();
    f.faults.finish(orbit)
}
