//! What a command costs as there are more sessions, and as a session has more objects. One thread; the sizes take
//! turns, so that all of them see the machine at the same moments.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Handle;
use vws_server::store::LiveSession;

use super::Size;
use super::ours::{Ours, request};
use super::work::{name, update};
use crate::table::{Row, Side, number};

const SESSIONS: [usize; 4] = [1, 100, 1_000, 10_000];
const OBJECTS: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// Objects of each session where there are many of them.
const FEW: usize = 10;

pub(super) fn run(size: Size, runtime: &Handle) -> [Row; 2] {
    let sessions = SESSIONS.map(|sessions| (sessions, FEW, format!("{} sessions", number(sessions as f64))));
    let objects = OBJECTS.map(|objects| (1, objects, format!("{} objects", number(objects as f64))));
    [
        series("a command, by sessions of 10 objects", sessions, size, runtime),
        series("a command, by objects of one session", objects, size, runtime),
    ]
}

fn series(what: &str, sizes: [(usize, usize, String); 4], size: Size, runtime: &Handle) -> Row {
    let worlds: Vec<World> =
        sizes.iter().map(|(sessions, objects, _)| World::new(*sessions, *objects, runtime)).collect();
    let mut took = [const { Vec::new() }; 4];
    for _ in 0..size.rounds {
        for (world, took) in worlds.iter().zip(&mut took) {
            took.push(world.go(size.commands, runtime));
        }
    }
    let mut row = Row::new("store", what, "ns");
    for ((.., name), took) in sizes.iter().zip(took) {
        row.figure(name, took);
    }
    let [(.., smallest), .., (.., largest)] = &sizes;
    row.goal_of(largest, Side::AtMost, 1.2, smallest);
    row
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
