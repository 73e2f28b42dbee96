//! Commands, and the events that acknowledge them.

use super::contender::{Contender, Duty, VWS};
use super::task::Work;
use super::{Placing, Wire, cost, row};
use crate::table::{Row, Side};

pub(super) fn rows(wire: &mut Wire) -> Vec<Row> {
    let who = [VWS, Contender::Raw, Contender::Bun, Contender::NodeWs, Contender::Axum];
    let mut rows = Vec::new();
    for (connections, in_flight) in [(100, 16), (1, 1), (1, 64)] {
        let work = Work::Echo { connections, in_flight };
        let done = wire.alternated(&who, Duty::Echo, Placing::OneCore, work);
        let what = format!("{connections} × {in_flight} in flight");
        let mut rate = row("echo", &what, "commands/s", &done, |outcome| Some(outcome.rate()));
        let mut p99 = row("echo", &format!("{what}, p99"), "µs", &done, |outcome| {
            outcome.latency.map(|latency| latency.p99)
        });
        match (connections, in_flight) {
            (100, _) => {
                rate.goal(Side::AtLeast, 0.7, "raw");
                rate.goal(Side::AtLeast, 1.7, "Bun");
            }
            (_, 1) => p99.bound(Side::AtMost, 150.0),
            _ => rate.goal(Side::AtLeast, 0.9, "raw"),
        }
        rows.extend([rate, p99, cost("echo", &what, &done)]);
    }
    rows
}
