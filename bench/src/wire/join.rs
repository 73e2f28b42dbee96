//! Who comes late to a session of 10,000 objects, and who comes back to it.

use vws_load::{Outcome, Resumed, Target, Vws, resume};

use super::contender::{Duty, VWS};
use super::task::Work;
use super::{FAILED, Placing, Wire, row};
use crate::alternate::alternate;
use crate::table::{Row, SUBJECT, Side, number};

const OBJECTS: usize = 10_000;
/// Followers of the session meanwhile, and how many events a second they are told.
const FOLLOWERS: usize = 100;
const RATE: f64 = 100.0;
/// Joins a second beside them.
const JOINS: f64 = 20.0;
/// Batches of 100 events that are missed.
const MISSED: u64 = 10;

pub(super) fn joining(wire: &mut Wire) -> Vec<Row> {
    let work = Work::Join { objects: OBJECTS, at_once: 8, rate: None };
    let done = wire.alternated(&[VWS], Duty::Fanout, Placing::OneCore, work);
    let what = format!("late join of {} objects", number(OBJECTS as f64));
    let mut rate =
        row("join", &format!("{what}, 8 at once"), "joins/s", &done, |outcome| Some(outcome.rate()));
    rate.bound(Side::AtLeast, 200.0);
    let bytes = row("join", &format!("{what}, JSON"), "KB", &done, |outcome| {
        Some(outcome.bytes as f64 / outcome.count as f64 / 1e3)
    });
    let mut others = Row::new("join", format!("{FOLLOWERS} followers of {RATE} events/s, p99"), "µs");
    let name =
        |joins: f64| if joins > 0.0 { format!("{joins} joins/s beside") } else { "nobody joins".to_owned() };
    let work = |joins| Work::Follow { objects: OBJECTS, followers: FOLLOWERS, rate: RATE, joins };
    let p99 = |outcome: &Outcome| outcome.latency.map(|latency| latency.p99);
    wire.settings(&mut others, &[0.0, JOINS], name, work, p99);
    others.goal_of(&name(JOINS), Side::AtMost, 1.2, &name(0.0));
    let [packed, zstd] = sizes(wire);
    vec![rate, bytes, packed, zstd, others]
}

/// What a browser is sent, which speaks MessagePack; and a snapshot for those who take it compressed.
fn sizes(wire: &mut Wire) -> [Row; 2] {
    let objects = number(OBJECTS as f64);
    let mut packed = Row::new("join", format!("late join of {objects} objects, MessagePack"), "KB");
    let mut zstd = Row::new("join", format!("a snapshot of {objects} objects over HTTP, zstd"), "KB");
    zstd.bound(Side::AtMost, 300.0);
    let told = VWS.start(Duty::Fanout, None, &wire.folder).and_then(|running| {
        let vws = Vws::prepare(&Target::local(running.port), 1, OBJECTS);
        let both = vws.and_then(|vws| Ok((vws.join_packed(0)?, vws.snapshot_compressed(0, "zstd")?)));
        both.map_err(|error| error.to_string())
    });
    match told {
        Ok((joined, snapshot)) => {
            packed.figure(SUBJECT, vec![joined as f64 / 1e3]);
            zstd.figure(SUBJECT, vec![snapshot as f64 / 1e3]);
        }
        Err(why) => wire.notes.push(format!("{FAILED} at the sizes of a join: {why}")),
    }
    [packed, zstd]
}

pub(super) fn resuming(wire: &mut Wire) -> Vec<Row> {
    let done = alternate(wire.lasting.rounds.min(2), &[VWS], |who| -> Result<Resumed, String> {
        let running = who.start(Duty::Fanout, None, &wire.folder)?;
        let vws =
            Vws::prepare(&Target::local(running.port), 1, OBJECTS).map_err(|error| error.to_string())?;
        resume(&vws, MISSED).map_err(|error| error.to_string())
    });
    let mut row = Row::new(
        "resume",
        format!("after {} missed events, on the wire", number((MISSED * 100) as f64)),
        "bytes",
    );
    for one in done {
        if let Some(why) = one.failed {
            wire.notes.push(format!("{FAILED} at a resume: {why}"));
        }
        let told = |of: fn(&Resumed) -> u64| one.runs.iter().map(|run| of(run) as f64).collect();
        row.figure(SUBJECT, told(|run| run.resumed));
        row.figure("the events alone", told(|run| run.live));
        row.figure("a join anew", told(|run| run.joined));
    }
    row.goal(Side::AtMost, 1.05, "the events alone");
    row.goal(Side::AtMost, 0.1, "a join anew");
    vec![row]
}
