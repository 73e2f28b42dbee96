//! What a command costs as there are more sessions, and as a session has more objects. One thread; the sizes take
//! turns, so that all of them see the machine at the same moments.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio::runtime::Handle;
use vws_server::store::LiveSession;

use super::ours::{Ours, request};
use super::work::{name, update};
use super::{Size, median};

const SESSIONS: [usize; 4] = [1, 100, 1_000, 10_000];
const OBJECTS: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// Objects of each session where there are many of them.
const FEW: usize = 10;

/// One size.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    sessions: usize,
    objects: usize,
    ns_per_command: f64,
    /// Of the smallest size.
    ratio: f64,
}

pub(super) fn run(size: Size, runtime: &Handle) -> Vec<Row> {
    println!("\n{:<20} {:>12} {:>13} {:>7}", "sessions × objects", "", "ns/command", "ratio");
    let by_sessions = series(SESSIONS.map(|sessions| (sessions, FEW)), size, runtime);
    let by_objects = series(OBJECTS.map(|objects| (1, objects)), size, runtime);
    by_sessions.into_iter().chain(by_objects).collect()
}

fn series(sizes: [(usize, usize); 4], size: Size, runtime: &Handle) -> Vec<Row> {
    let worlds = sizes.map(|(sessions, objects)| World::new(sessions, objects, runtime));
    let mut took = [const { Vec::new() }; 4];
    for _ in 0..size.rounds {
        for (world, took) in worlds.iter().zip(&mut took) {
            took.push(world.go(size.commands, runtime));
        }
    }
    let took = took.map(median);
    let rows = sizes.into_iter().zip(took).map(|((sessions, objects), ns)| {
        let row = Row { sessions, objects, ns_per_command: ns, ratio: ns / took[0] };
        println!("{:<20} {:>12} {:>13.0} {:>7.2}", format!("{sessions} × {objects}"), "", ns, row.ratio);
        row
    });
    rows.collect()
}

/// Sessions of one size.
struct World {
    _store: Ours,
    held: Vec<Arc<LiveSession>>,
    names: Vec<String>,
    done: std::cell::Cell<u64>,
}

impl World {
    fn new(sessions: usize, objects: usize, runtime: &Handle) -> Self {
        let store = Ours::new(runtime);
        let names: Vec<String> = (0..objects as u64).map(name).collect();
        let held = (0..sessions).map(|_| store.session(&names)).collect();
        Self { _store: store, held, names, done: std::cell::Cell::default() }
    }

    /// Nanoseconds of each of `commands`, spread over all sessions and objects.
    fn go(&self, commands: u64, runtime: &Handle) -> f64 {
        let (sessions, from) = (self.held.len() as u64, self.done.get());
        self.done.set(from + commands);
        let began = Instant::now();
        runtime.block_on(async {
            for n in from..from + commands {
                let session = &self.held[(n % sessions) as usize];
                let command = update(&self.names, 0, n / sessions);
                session.execute(request(command), |_| ()).await.expect("the command obeys the rules");
            }
        });
        began.elapsed().as_nanos() as f64 / commands as f64
    }
}
