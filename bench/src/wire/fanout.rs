//! One says, many are told.

use super::contender::{Contender, Duty, VWS};
use super::task::Work;
use super::{Placing, Wire, cost, row};
use crate::table::{Row, Side, number};

const TELLERS: [Contender; 8] = [
    VWS,
    Contender::Raw,
    Contender::Redis,
    Contender::Bun,
    Contender::Nats,
    Contender::NodeWs,
    Contender::Colyseus,
    Contender::Axum,
];

/// As many events as the slowest subscriber takes.
pub(super) fn saturated(wire: &mut Wire) -> Vec<Row> {
    let mut rows = Vec::new();
    for (subscribers, placing) in
        [(100, Placing::OneCore), (1_000, Placing::OneCore), (1_000, Placing::Anywhere)]
    {
        if placing == Placing::Anywhere && (wire.quick || !wire.can_place) {
            continue;
        }
        let done = wire.alternated(&TELLERS, Duty::Fanout, placing, Work::Saturate { subscribers });
        let what =
            format!("{} subscribers, saturated, {}", number(subscribers as f64), wire.cores_told(placing));
        let mut row = row("fanout", &what, "deliveries/s", &done, |outcome| Some(outcome.rate()));
        row.goal(Side::AtLeast, 0.9, "raw");
        if subscribers == 1_000 {
            for (times, of) in [(2.5, "Redis"), (2.0, "Bun"), (4.0, "NATS")] {
                row.goal(Side::AtLeast, times, of);
            }
            for (times, of) in [(80.0, "node ws"), (80.0, "Colyseus"), (20.0, "axum")] {
                row.goal(Side::AtLeast, times, of);
            }
        }
        rows.push(row);
        rows.push(cost("fanout", &what, &done));
    }
    if !wire.quick {
        // What growth itself costs, whoever grows.
        let (subscribers, placing) = (5_000, Placing::OneCore);
        let done =
            wire.alternated(&[VWS, Contender::Raw], Duty::Fanout, placing, Work::Saturate { subscribers });
        let what = format!("5,000 subscribers, saturated, {}", wire.cores_told(placing));
        rows.push(cost("fanout", &what, &done));
    }
    rows.push(growth(wire));
    rows
}

/// What one more delivery costs as subscribers become more: the server's time for an event, less what an event takes
/// that one alone is told.
fn growth(wire: &mut Wire) -> Row {
    let counts: &[usize] = if wire.quick { &[1, 100, 1_000] } else { &[1, 10, 100, 1_000, 5_000] };
    let name = |count: usize| format!("{} subscribers", number(count as f64));
    let mut events = Row::new("fanout", "server's time for an event, saturated", "µs");
    let work = |subscribers| Work::Saturate { subscribers };
    // An event is delivered to each; what is counted are deliveries.
    wire.settings(&mut events, counts, name, work, vws_load::Outcome::server_micros_each);
    let mut told = Row::new("fanout", "server's time for one more delivery, saturated", "ns");
    let [alone, rest @ ..] = counts else { return told };
    let Some(alone) = events.of(&name(*alone)).cloned() else { return told };
    for count in rest {
        let Some(figure) = events.of(&name(*count)) else { continue };
        let n = *count as f64;
        let runs = figure.runs.iter().zip(&alone.runs);
        told.figure(&name(*count), runs.map(|(each, one)| (each * n - one) * 1e3 / (n - 1.0)).collect());
    }
    if let [few, .., many] = rest {
        told.goal_of(&name(*many), Side::AtMost, 1.2, &name(*few));
    }
    told
}

/// At rates that leave the server room, how long an event is under way and what it costs.
pub(super) fn at_rates(wire: &mut Wire) -> Vec<Row> {
    let who = [VWS, Contender::Raw, Contender::Redis, Contender::Bun, Contender::Nats, Contender::Axum];
    let mut rows = Vec::new();
    for rate in [100.0, 1_000.0] {
        let subscribers = 1_000;
        let work = Work::Steady { rooms: 1, subscribers, rate };
        let done = wire.alternated(&who, Duty::Fanout, Placing::OneCore, work);
        let what = format!("{} events/s to 1,000 subscribers", number(rate));
        for (name, of) in [("p50", 0), ("p99", 1)] {
            let mut row = row("rate", &format!("{what}, {name}"), "µs", &done, |outcome| {
                outcome.latency.map(|latency| if of == 0 { latency.p50 } else { latency.p99 })
            });
            row.goal(Side::AtMost, 1.2, "raw");
            row.goal(Side::AtMost, 1.0, "Redis");
            rows.push(row);
        }
        let percent = |outcome: &vws_load::Outcome| Some(outcome.server_share()? * 100.0);
        let mut row = row("rate", &format!("{what}, server"), "% of a core", &done, percent);
        row.goal(Side::AtMost, 1.1, "raw");
        rows.push(row);
    }
    rows
}

/// Many sessions at once, each as people use one.
pub(super) fn rooms(wire: &mut Wire) -> Vec<Row> {
    let who = [VWS, Contender::Raw, Contender::Redis, Contender::Bun, Contender::Nats];
    let work = Work::Steady { rooms: 100, subscribers: 10, rate: 30.0 };
    let done = wire.alternated(&who, Duty::Fanout, Placing::OneCore, work);
    let what = "100 sessions of 10 subscribers, 30 events/s each";
    let mut rows = Vec::new();
    for (name, of) in [("p50", 0), ("p99", 1)] {
        let mut row = row("rooms", &format!("{what}, {name}"), "µs", &done, |outcome| {
            outcome.latency.map(|latency| if of == 0 { latency.p50 } else { latency.p99 })
        });
        if name == "p99" {
            row.goal(Side::AtMost, 1.3, "raw");
        }
        rows.push(row);
    }
    rows.push(row("rooms", &format!("{what}, server"), "% of a core", &done, |outcome| {
        Some(outcome.server_share()? * 100.0)
    }));
    rows
}

impl Wire {
    fn cores_told(&self, placing: Placing) -> &'static str {
        match placing {
            Placing::OneCore if self.can_place => "server on one core",
            _ => "all cores",
        }
    }
}
