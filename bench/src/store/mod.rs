//! The store in process, beside the design that VWS began from, which does the same work under one lock: two
//! threads, rounds that alternate, medians and ratios. Then what a command costs as a server grows, and what an
//! object takes of memory.

mod growth;
mod ours;
mod seed;
mod weight;
mod work;

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::table::{Row, SUBJECT, Side};
pub(crate) use weight::weigh;
use work::{Contender, Hand, Work};

/// The design that VWS began from.
const SEED: &str = "one lock over maps";

/// Threads that ask for something at once.
const THREADS: usize = 2;

/// What a run is made of.
#[derive(Debug, Clone, Copy)]
struct Size {
    rounds: usize,
    /// Of each thread and round.
    commands: u64,
}

impl Size {
    const fn of(quick: bool) -> Self {
        if quick { Self { rounds: 5, commands: 10_000 } } else { Self { rounds: 31, commands: 20_000 } }
    }
}

/// Measures all of it.
///
/// # Errors
/// What the runtime says.
pub(crate) fn run(quick: bool) -> Result<Vec<Row>, String> {
    let size = Size::of(quick);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut rows: Vec<Row> =
        Work::ALL.into_iter().map(|work| compare(work, size, runtime.handle())).collect();
    rows.extend(tenfold(size, runtime.handle()));
    rows.extend(growth::run(size, runtime.handle()));
    rows.extend(weight::run()?);
    Ok(rows)
}

fn compare(work: Work, size: Size, runtime: &tokio::runtime::Handle) -> Row {
    let (mut ours, mut seed) = (Vec::new(), Vec::new());
    for round in 0..size.rounds {
        let one = |contender: &dyn Contender| rate(&contender.hands(work, THREADS), size.commands);
        // Who goes first alternates too.
        if round % 2 == 0 {
            ours.push(one(&ours::Ours::new(runtime)));
            seed.push(one(&seed::Seed::default()));
        } else {
            seed.push(one(&seed::Seed::default()));
            ours.push(one(&ours::Ours::new(runtime)));
        }
    }
    let mut row = Row::new("store", format!("{}, {THREADS} threads", work.name()), "/s");
    row.figure(SUBJECT, ours);
    row.figure(SEED, seed);
    row.goal(Side::AtLeast, work.goal(), SEED);
    row
}

/// Does one kind of work and tells how much of it a second had.
///
/// # Errors
/// What the runtime says; that there is no such work.
pub(crate) fn spin(contender: &str, work: &str, commands: u64, threads: usize) -> Result<(), String> {
    let work = Work::of(work).ok_or_else(|| format!("{work:?} is no work"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let contender: Box<dyn Contender> = match contender {
        "seed" => Box::new(seed::Seed::default()),
        _ => Box::new(ours::Ours::new(runtime.handle())),
    };
    println!("{:.0}", rate(&contender.hands(work, threads), commands));
    Ok(())
}

/// How many of `commands` for each hand are done in a second, all hands at once.
fn rate(hands: &[Box<dyn Hand>], commands: u64) -> f64 {
    let ready = Barrier::new(hands.len());
    let at_work = |hand: &dyn Hand| {
        ready.wait();
        let began = Instant::now();
        hand.go(commands);
        (began, Instant::now())
    };
    let spans: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let threads: Vec<_> = hands.iter().map(|hand| scope.spawn(|| at_work(&**hand))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a hand that is done")).collect()
    });
    let began = spans.iter().map(|(began, _)| *began).min();
    let ended = spans.iter().map(|(_, ended)| *ended).max();
    let took = began.zip(ended).map_or(f64::NAN, |(began, ended)| (ended - began).as_secs_f64());
    commands as f64 * hands.len() as f64 / took
}

/// What the design's own figures ask for, ten times.
fn tenfold(size: Size, runtime: &tokio::runtime::Handle) -> [Row; 3] {
    let wanted = [
        ("sessions created", Work::Sessions, size.commands / 10, 100_000.0),
        ("objects created", Work::Create, size.commands, 50_000.0),
        ("objects read", Work::Get, size.commands * 10, 500_000.0),
    ];
    wanted.map(|(what, work, commands, goal)| {
        let rates = (0..size.rounds).map(|_| rate(&ours::Ours::new(runtime).hands(work, THREADS), commands));
        let mut row = Row::new("store", format!("{what}, {THREADS} threads"), "/s");
        row.figure(SUBJECT, rates.collect());
        row.bound(Side::AtLeast, goal);
        row
    })
}
