//! The rows of the table, of what one cluster came to.

use super::meter::Run;
use super::work::{CROWD, PEOPLE, TIMED, WRITERS, Work};
use super::{Block, Turn};
use crate::table::{Row, SUBJECT, Side, number};

/// What is told of a run; nothing where that is not known.
type Of = fn(&Run) -> Option<f64>;

/// Who was measured in which turn.
type Who<'a> = &'a [(&'a str, Turn)];

pub(super) fn of(block: &Block) -> Vec<Row> {
    let mut rows = writing(block);
    rows.extend(seeing(block));
    rows.extend(telling(block));
    rows
}

/// Commands of one session, and of many.
fn writing(block: &Block) -> Vec<Row> {
    let hot: Who<'_> = &[
        (SUBJECT, Turn::Over(3, Work::Hot)),
        ("VWS, 1 node", Turn::Over(1, Work::Hot)),
        ("raw", Turn::Raw(1)),
    ];
    let many: Who<'_> = &[
        (SUBJECT, Turn::Over(3, Work::Many)),
        ("VWS, 2 nodes", Turn::Over(2, Work::Many)),
        ("VWS, 1 node", Turn::Over(1, Work::Many)),
        ("raw", Turn::Raw(block.sessions)),
    ];
    let mut rows = Vec::new();
    let sessions = number(block.sessions as f64);
    for (what, who, is_hot) in [
        (format!("one session, {WRITERS} writers"), hot, true),
        (format!("{sessions} sessions, one writer each"), many, false),
    ] {
        let mut rate = block.row(&what, "commands/s", who, |run| Some(run.rate()));
        if is_hot {
            // A message has the commands of all that wait.
            rate.goal_of("VWS, 1 node", Side::AtLeast, 1.0, "raw");
            rows.push(rate);
            let busy: Of = |run| Some(run.busy as f64 * 100.0 / run.outcome.count as f64);
            rows.push(block.row(&format!("{what}, told to come again"), "% of answers", &who[..2], busy));
        } else {
            rows.push(rate);
        }
        let nodes = block.row(&format!("{what}, nodes' time for each"), "µs", &who[..who.len() - 1], |run| {
            Some(run.each(|spent| spent.nodes) * 1e6)
        });
        let mut nats = block.row(&format!("{what}, NATS servers' time for each"), "µs", who, nats_micros);
        // A message as large, and nobody but who follows is told of it.
        nats.goal(Side::AtMost, 1.5, "raw");
        rows.extend([nodes, nats]);
        rows.push(block.row(&format!("{what}, through NATS for each"), "bytes", who, bytes));
        rows.push(block.row(&format!("{what}, through NATS for each"), "messages", who, |run| {
            Some(run.each(|spent| spent.messages))
        }));
    }
    let writer: Who<'_> = &[("raw", Turn::Raw(block.sessions))];
    rows.push(block.row(&format!("{sessions} sessions, raw's own time for each"), "µs", writer, |run| {
        Some(run.outcome.load_seconds? * 1e6 / run.done())
    }));
    rows
}

/// How long until an event is seen.
fn seeing(block: &Block) -> Vec<Row> {
    let who: Who<'_> = &[
        (SUBJECT, Turn::Over(3, Work::See { further: 1 })),
        ("VWS, same node", Turn::Over(3, Work::See { further: 0 })),
        ("raw", Turn::RawTold),
    ];
    let what =
        format!("from a command to its event at another node, {} a second", number(TIMED.0 as f64 * TIMED.1));
    let of: [(&str, Of); 2] =
        [("p50", |run| Some(run.outcome.latency?.p50)), ("p99", |run| Some(run.outcome.latency?.p99))];
    let mut rows: Vec<Row> = of.map(|(name, of)| block.row(&format!("{what}, {name}"), "µs", who, of)).into();
    rows.push(block.row(&format!("{what}, nodes' time for each"), "µs", &who[..2], |run| {
        Some(run.each(|spent| spent.nodes) * 1e6)
    }));
    rows
}

/// What it costs to tell many, and to show who is there.
fn telling(block: &Block) -> Vec<Row> {
    let over = |work| {
        [
            (SUBJECT, Turn::Over(3, work)),
            ("VWS, 2 nodes", Turn::Over(2, work)),
            ("VWS, 1 node", Turn::Over(1, work)),
        ]
    };
    let nodes: Of = |run| Some(run.each(|spent| spent.nodes) * 1e6);
    let (crowd, rate) = CROWD;
    let (sessions, each, shown) = PEOPLE;
    let crowd = format!("{} events/s to {crowd} subscribers", number(rate));
    let shows = format!("{sessions} sessions of {each}, {} presences/s each", number(shown));
    let mixed = format!("{shows}, a tenth of it commands");
    let mut rows =
        vec![block.row(&format!("{crowd}, nodes' time for a delivery"), "µs", &over(Work::Crowd), nodes)];
    for (what, work) in [(shows, Work::People), (mixed, Work::Mixed)] {
        rows.push(block.row(&format!("{what}, nodes' time for each"), "µs", &over(work), nodes));
        rows.push(block.row(&format!("{what}, NATS servers' time for each"), "µs", &over(work), nats_micros));
        rows.push(block.row(&format!("{what}, through NATS for each"), "bytes", &over(work), bytes));
    }
    rows
}

fn nats_micros(run: &Run) -> Option<f64> {
    Some(run.each(|spent| spent.nats) * 1e6)
}

fn bytes(run: &Run) -> Option<f64> {
    Some(run.each(|spent| spent.bytes))
}

impl Block {
    fn row(&self, what: &str, unit: &str, who: Who<'_>, of: Of) -> Row {
        let mut row = Row::new("nodes", format!("{}, {what}", self.over), unit);
        for (name, turn) in who {
            let Some(one) = self.done.iter().find(|one| one.who == *turn) else { continue };
            let runs: Option<Vec<f64>> = one.runs.iter().map(of).collect();
            if let Some(runs) = runs.filter(|runs| !runs.is_empty()) {
                row.figure(name, runs);
            }
        }
        row
    }
}
