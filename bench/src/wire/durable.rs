//! Commands at each level of durability, 256 in flight.

use super::contender::{Contender, Duty, Keeping, VWS};
use super::task::Work;
use super::{Placing, Wire, row};
use crate::table::{Row, SUBJECT, Side};

pub(super) fn rows(wire: &mut Wire) -> Vec<Row> {
    let (buffered, sync) = (Contender::Vws(Keeping::Buffered), Contender::Vws(Keeping::Sync));
    let work = Work::Echo { connections: 16, in_flight: 16 };
    let done = wire.alternated(&[VWS, buffered, sync], Duty::Echo, Placing::Anywhere, work);
    let what = "16 sessions × 16 in flight";
    let mut rate = row("durable", what, "commands/s", &done, |outcome| Some(outcome.rate()));
    rate.goal_of(buffered.name(), Side::AtLeast, 0.8, SUBJECT);
    let p99 = row("durable", &format!("{what}, p99"), "µs", &done, |outcome| {
        outcome.latency.map(|latency| latency.p99)
    });
    vec![rate, p99]
}
