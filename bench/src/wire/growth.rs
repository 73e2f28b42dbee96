//! What a command costs as sessions and objects become more.

use super::Wire;
use super::task::Work;
use crate::table::{Row, Side, number};

const CONNECTIONS: usize = 16;

pub(super) fn rows(wire: &mut Wire) -> Vec<Row> {
    let sessions: &[usize] = if wire.quick { &[1, 1_000] } else { &[1, 100, 10_000] };
    let objects: &[usize] = if wire.quick { &[100, 10_000] } else { &[100, 10_000, 100_000] };
    let mut by_sessions = Row::new("growth", "server's time for a PATCH, by sessions of 10 objects", "µs");
    let name = |count: usize| format!("{} sessions", number(count as f64));
    let work = |sessions| Work::Patch { connections: CONNECTIONS, sessions, objects: 10 };
    wire.settings(&mut by_sessions, sessions, name, work, vws_load::Outcome::server_micros_each);
    by_sessions.goal_of(&name(sessions[sessions.len() - 1]), Side::AtMost, 1.2, &name(1));

    let mut by_objects = Row::new("growth", "server's time for a PATCH, by objects of one session", "µs");
    let name = |count: usize| format!("{} objects", number(count as f64));
    let work = |objects| Work::Patch { connections: CONNECTIONS, sessions: 1, objects };
    wire.settings(&mut by_objects, objects, name, work, vws_load::Outcome::server_micros_each);
    by_objects.goal_of(&name(objects[objects.len() - 1]), Side::AtMost, 1.2, &name(100));
    vec![by_sessions, by_objects]
}
