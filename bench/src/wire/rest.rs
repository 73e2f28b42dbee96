//! Requests over HTTP, 64 connections that are kept.

use super::contender::{Contender, Duty, VWS};
use super::task::Work;
use super::{Placing, Wire, cost, row};
use crate::table::{Row, Side};

const CONNECTIONS: usize = 64;

pub(super) fn rows(wire: &mut Wire) -> Vec<Row> {
    let mut rows = Vec::new();
    // What the system that VWS grew out of said of itself, in a second.
    let settings = [
        (Work::Sessions { connections: CONNECTIONS }, "create a session", None, 10_000.0),
        (
            Work::Create { connections: CONNECTIONS },
            "create an object",
            Some((Contender::Hyper, 0.9)),
            5_000.0,
        ),
        (Work::Read { connections: CONNECTIONS }, "read an object", Some((Contender::Axum, 0.95)), 50_000.0),
    ];
    for (work, what, beside, least) in settings {
        let who: Vec<Contender> = [VWS].into_iter().chain(beside.map(|(who, _)| who)).collect();
        let done = wire.alternated(&who, Duty::Http, Placing::OneCore, work);
        let mut rate = row("rest", what, "requests/s", &done, |outcome| Some(outcome.rate()));
        if let Some((beside, times)) = beside {
            rate.goal(Side::AtLeast, times, beside.name());
        }
        rate.bound(Side::AtLeast, least);
        rows.push(rate);
        rows.push(row("rest", &format!("{what}, p99"), "µs", &done, |outcome| {
            outcome.latency.map(|latency| latency.p99)
        }));
        rows.push(cost("rest", what, &done));
    }
    rows
}
