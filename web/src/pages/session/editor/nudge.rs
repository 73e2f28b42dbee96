//! Moving what is selected by keys.

use vws_core::Command;
use vws_core::command::{Change, ObjectPatch};

use super::Desk;
use super::edit::together;
use crate::form::object::Axis;

/// How far a key moves, in world units; with Shift a fifth of it.
const STEP: f64 = 0.5;
const FINE: f64 = 0.1;

/// Moves what is selected along an axis, all of it or nothing: what would leave the world is refused in
/// core's words.
fn nudge(desk: &Desk, axis: Axis, by: f64) {
    let client = desk.client();
    let names = client.selection();
    let commands = names.iter().filter_map(|name| {
        let object = client.object(name.as_str())?;
        let to = |at: f64| Change::Set(((at + by) * 1e9).round() / 1e9);
        let patch = match axis {
            Axis::X => ObjectPatch { x: to(object.x.get()), ..ObjectPatch::default() },
            Axis::Y => ObjectPatch { y: to(object.y.get()), ..ObjectPatch::default() },
            Axis::Z => ObjectPatch { z: to(object.z.get()), ..ObjectPatch::default() },
        };
        Some(Command::UpdateObject { name: name.to_string(), patch })
    });
    client.submit(together(commands.collect()));
}

macro_rules! nudges {
    ($($name:ident($axis:ident, $by:expr);)*) => {
        $(pub(super) fn $name(desk: &Desk) { nudge(desk, Axis::$axis, $by); })*
    };
}

nudges! {
    left(X, -STEP);
    right(X, STEP);
    away(Z, -STEP);
    nearer(Z, STEP);
    up(Y, STEP);
    down(Y, -STEP);
    fine_left(X, -FINE);
    fine_right(X, FINE);
    fine_away(Z, -FINE);
    fine_nearer(Z, FINE);
    fine_up(Y, FINE);
    fine_down(Y, -FINE);
}
