//! What a drag of the handles means to the objects of the session.
//!
//! The viewport moves what it draws, in 32 bits; here that becomes the fewest changes of the objects themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use vws_core::command::{Change, ObjectPatch, ScaleInput};
use vws_core::limits::POSITION_BOUND;
use vws_core::model::Partial3;
use vws_core::{Command, Object, ObjectName};

/// Numbers that say where an object stands: x, y, z, rotation x, y, z, scale x, y, z.
const POSE: usize = 9;
/// Numbers that the viewport tells for each object: its slot, then those.
const ROW: usize = POSE + 1;
/// Values are rounded to this: finer than anybody sees, and short to read.
const STEP: f64 = 1e-4;

type Pose = [f64; POSE];

/// One drag of the handles, from its beginning on.
#[derive(Debug)]
pub(super) struct Drag {
    /// By which its commands are one step to undo.
    pub(super) gesture: u64,
    /// Whether anything of it was sent.
    pub(super) sent: bool,
    objects: BTreeMap<u32, Dragged>,
}

#[derive(Debug)]
struct Dragged {
    name: ObjectName,
    /// Where it was, as it was drawn.
    drawn: Pose,
    /// Where it was.
    from: Pose,
    /// Where it is dragged to.
    to: Pose,
    /// Which of the numbers the drag has changed at any time. What it leaves alone is everybody else's.
    touched: [bool; POSE],
}

impl Drag {
    /// A drag that begins with what the viewport tells; `find` answers the object of a slot.
    pub(super) fn begin(gesture: u64, told: &[f64], find: impl Fn(u32) -> Option<Arc<Object>>) -> Self {
        let objects = rows(told).filter_map(|(slot, drawn)| {
            let object = find(slot)?;
            let from = pose_of(&object);
            let name = object.name.clone();
            Some((slot, Dragged { name, drawn, from, to: from, touched: [false; POSE] }))
        });
        Self { gesture, sent: false, objects: objects.collect() }
    }

    /// What is dragged now stands here. An object that the viewport no longer tells of has left the drag.
    pub(super) fn moved(&mut self, told: &[f64]) {
        let told: BTreeMap<u32, Pose> = rows(told).collect();
        self.objects.retain(|slot, _| told.contains_key(slot));
        for (slot, object) in &mut self.objects {
            for (i, now) in told[slot].into_iter().enumerate() {
                // Less than a step is the rounding of the arithmetic.
                if (now - object.drawn[i]).abs() < STEP / 2.0 {
                    object.to[i] = object.from[i];
                } else {
                    object.touched[i] = true;
                    object.to[i] = rounded(now, i);
                }
            }
        }
    }

    /// The names of what is dragged.
    pub(super) fn names(&self) -> impl Iterator<Item = ObjectName> {
        self.objects.values().map(|object| object.name.clone())
    }

    /// What leads from the objects as they are `shown` to where they are dragged to.
    pub(super) fn forth(&self, shown: impl Fn(&str) -> Option<Arc<Object>>) -> Vec<Command> {
        let update = |object: &Dragged| {
            let now = pose_of(&*shown(object.name.as_str())?);
            update(object, &object.to, |i| now[i] != object.to[i])
        };
        self.objects.values().filter_map(update).collect()
    }

    /// What puts them back to where they were, whatever became of them.
    pub(super) fn back(&self, shown: impl Fn(&str) -> Option<Arc<Object>>) -> Vec<Command> {
        let update = |object: &Dragged| {
            shown(object.name.as_str())?;
            update(object, &object.from, |_| true)
        };
        self.objects.values().filter_map(update).collect()
    }
}

fn rows(told: &[f64]) -> impl Iterator<Item = (u32, Pose)> {
    told.chunks_exact(ROW).map(|row| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "slots are whole numbers"
        )]
        let slot = row[0] as u32;
        (slot, std::array::from_fn(|i| row[i + 1]))
    })
}

fn pose_of(object: &Object) -> Pose {
    let (turn, size) = (object.rotation, object.scale);
    let place = [object.x, object.y, object.z].map(|v| v.get());
    let [[x, y, z], [rx, ry, rz], [sx, sy, sz]] =
        [place, [turn.x, turn.y, turn.z].map(|v| v.get()), [size.x, size.y, size.z].map(|v| v.get())];
    [x, y, z, rx, ry, rz, sx, sy, sz]
}

fn rounded(value: f64, index: usize) -> f64 {
    let whole = (value / STEP).round() / (1.0 / STEP).round();
    match index {
        0..3 => whole.clamp(-POSITION_BOUND, POSITION_BOUND),
        // A scale is above 0.
        6.. => whole.max(STEP),
        _ => whole,
    }
}

/// The change of one object to `to`, of the numbers that the drag has touched and `wanted` wants.
fn update(object: &Dragged, to: &Pose, wanted: impl Fn(usize) -> bool) -> Option<Command> {
    let value = |i: usize| (object.touched[i] && wanted(i)).then_some(to[i]);
    let [x, y, z] = [0, 1, 2].map(|i| value(i).map_or(Change::Keep, Change::Set));
    let three = |first: usize| {
        let [x, y, z] = [first, first + 1, first + 2].map(value);
        let any = x.is_some() || y.is_some() || z.is_some();
        any.then_some(Partial3 { x, y, z })
    };
    let rotation = three(3).map_or(Change::Keep, Change::Set);
    let scale = three(6).map_or(Change::Keep, |three| Change::Set(ScaleInput::Axes(three)));
    let patch = ObjectPatch { x, y, z, rotation, scale, ..ObjectPatch::default() };
    (patch != ObjectPatch::default()).then(|| Command::UpdateObject { name: object.name.to_string(), patch })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(name: &str, x: f64) -> Arc<Object> {
        let json = json!({"name": name, "type": "cube", "x": x, "y": 0.123456789, "z": 0, "rotation": {"x": 0, "y": 0, "z": 0},
            "scale": {"x": 1, "y": 1, "z": 1}, "color": "#ffffff", "opacity": 1, "visible": true, "text": "",
            "properties": {}, "version": 1, "created_at": 0, "updated_at": 0});
        Arc::new(serde_json::from_value(json).expect("a valid object"))
    }

    /// A row as the viewport tells it: numbers of 32 bits.
    fn row(slot: f64, x: f64, size: f64) -> Vec<f64> {
        let f32s = [x, 0.123_456_789, 0.0, 0.0, 0.0, 0.0, size, 1.0, 1.0].map(|v| f64::from(v as f32));
        [vec![slot], f32s.to_vec()].concat()
    }

    fn commands(commands: &[Command]) -> Value {
        serde_json::to_value(commands).expect("has a JSON")
    }

    fn drag() -> Drag {
        let told = [row(0.0, 0.1, 1.0), row(5.0, 11.0, 1.0)].concat();
        let find = |slot| Some(if slot == 0 { object("a", 0.1) } else { object("b", 11.0) });
        Drag::begin(3, &told, find)
    }

    #[test]
    fn web36_only_what_was_dragged_is_changed_and_rounded() {
        let mut drag = drag();
        drag.moved(&[row(0.0, 1.1, 1.0), row(5.0, 12.0, 1.0)].concat());
        let was = |name: &str| Some(object(name, if name == "a" { 0.1 } else { 11.0 }));
        let expected = json!([
            {"type": "update_object", "name": "a", "patch": {"x": 1.1}},
            {"type": "update_object", "name": "b", "patch": {"x": 12.0}}
        ]);
        assert_eq!(commands(&drag.forth(was)), expected);
        assert!(drag.forth(|name| Some(object(name, if name == "a" { 1.1 } else { 12.0 }))).is_empty());
        drag.moved(&[row(0.0, 1.1, 2.0), row(5.0, 11.0, 1.0)].concat());
        let expected =
            json!([{"type": "update_object", "name": "a", "patch": {"x": 1.1, "scale": {"x": 2.0}}}]);
        assert_eq!(commands(&drag.forth(was)), expected, "the other one is back, exactly");
    }

    #[test]
    fn web37_what_goes_leaves_the_drag_and_the_rest_is_put_back() {
        let mut drag = drag();
        drag.moved(&[row(0.0, 2.0, 1.0), row(5.0, 9.0, 1.0)].concat());
        let b_is_gone = |name: &str| (name == "a").then(|| object("a", 2.0));
        assert!(drag.forth(b_is_gone).is_empty());
        let expected = json!([{"type": "update_object", "name": "a", "patch": {"x": 0.1}}]);
        assert_eq!(commands(&drag.back(b_is_gone)), expected);
        drag.moved(&row(5.0, 8.0, 1.0));
        assert_eq!(drag.names().map(|name| name.to_string()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn web36_the_bounds_of_the_world_hold_after_rounding() {
        assert_eq!([rounded(11.999_99, 0), rounded(12.000_04, 2), rounded(-12.3, 1)], [12.0, 12.0, -12.0]);
        assert_eq!([rounded(0.000_01, 6), rounded(-0.3, 3), rounded(0.1 + 0.2, 4)], [STEP, -0.3, 0.3]);
    }
}
