//! Requests over HTTP, 64 connections that are kept.

use super::contender::{Contender, Duty, VWS};
use super::task::Work;
use super::{Placing, Wire, row};
use crate::table::{Row, Side};

const CONNECTIONS: usize = 64;

pub(super) fn rows(wire: &mut Wire) -> Vec<Row> {
    let mut rows = Vec::new();
    let settings = [
        (Work::Create { connections: CONNECTIONS }, "create an object", Contender::Hyper, 0.9),
        (Work::Read { connections: CONNECTIONS }, "read an object", Contender::Axum, 0.95),
    ];
    for (work, what, beside, times) in settings {
        let done = wire.alternated(&[VWS, beside], Duty::Http, Placing::OneCore, work);
        let mut rate = row("rest", what, "requests/s", &done, |outcome| Some(outcome.rate()));
        rate.goal(Side::AtLeast, times, beside.name());
        rows.push(rate);
        rows.push(row("rest", &format!("{what}, p99"), "µs", &done, |outcome| {
            outcome.latency.map(|latency| latency.p99)
        }));
    }
    rows
}
