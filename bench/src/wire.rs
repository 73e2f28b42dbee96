//! What comes over the wire: each server in a process of its own, the load in another one, runs that alternate.
//!
//! # Layout
//! - `contender`: who is measured, and how each is started. `dialects`: how each is talked to.
//! - `task`: what the process that loads does.
//! - `fanout`, `echo`, `rest`, `durable`, `join`, `memory`, `growth`: the rows of the table.

mod contender;
mod dialects;
mod durable;
mod echo;
mod fanout;
mod growth;
mod join;
mod memory;
mod rest;
mod task;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use vws_load::Outcome;

use crate::alternate::{Alternated, alternate};
use crate::table::{Row, SUBJECT, median};
use contender::{Contender, Duty, VWS, on_cores};
pub(crate) use contender::{peers, program};
pub(crate) use task::Task;
use task::Work;

/// Every contender that the table may have.
const ALL: [Contender; 9] = [
    VWS,
    Contender::Raw,
    Contender::Axum,
    Contender::Hyper,
    Contender::Redis,
    Contender::Nats,
    Contender::Bun,
    Contender::NodeWs,
    Contender::Colyseus,
];

/// How a note begins that tells of what VWS did not do.
const FAILED: &str = "VWS failed";

/// Whether a note tells of something that VWS did not do, at whichever level of durability.
pub(crate) fn tells_of_failure(note: &str) -> bool {
    note.starts_with(SUBJECT) && note.contains(" failed ")
}

/// The share of a core from which on the load is what is measured.
const BOUND_BY_LOAD: f64 = 0.95;

/// Which part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Fanout,
    Rate,
    Rooms,
    Echo,
    Rest,
    Durable,
    Join,
    Resume,
    Memory,
    Growth,
}

impl Part {
    pub(crate) const ALL: [Self; 10] = [
        Self::Fanout,
        Self::Rate,
        Self::Rooms,
        Self::Echo,
        Self::Rest,
        Self::Durable,
        Self::Join,
        Self::Resume,
        Self::Memory,
        Self::Growth,
    ];
}

/// How long and how often.
#[derive(Debug, Clone, Copy)]
struct Lasting {
    rounds: usize,
    warm_up: f64,
    span: f64,
    /// The same of a rate, where it counts that nothing else is done: a thousand who have come are told of each other,
    /// and what they were sent is acknowledged, for a second or two.
    at_rate: (f64, f64),
}

/// On which cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placing {
    /// The server on one core, the load on the others: what one core of a server does.
    OneCore,
    /// Wherever the system puts them.
    Anywhere,
}

/// Everything that runs share.
pub(crate) struct Wire {
    folder: PathBuf,
    quick: bool,
    lasting: Lasting,
    /// Bytes of an event of VWS, which the others get as well.
    payload: usize,
    present: Vec<Contender>,
    /// What is to be known beside the figures.
    pub(crate) notes: Vec<String>,
    cores: usize,
    can_place: bool,
}

impl Wire {
    /// Finds out who is there, and how long an event is.
    ///
    /// # Errors
    /// Where VWS does not run.
    pub(crate) fn new(folder: PathBuf, quick: bool) -> Result<Self, String> {
        let lasting = match quick {
            true => Lasting { rounds: 2, warm_up: 0.2, span: 0.6, at_rate: (0.2, 0.6) },
            false => Lasting { rounds: 3, warm_up: 0.5, span: 2.0, at_rate: (3.0, 4.0) },
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let has_taskset = Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok();
        let can_place = has_taskset && cores > 1;
        let mut wire = Self {
            folder,
            quick,
            lasting,
            payload: 170,
            present: Vec::new(),
            notes: Vec::new(),
            cores,
            can_place,
        };
        for who in ALL {
            match who.version() {
                Ok(version) => {
                    wire.present.push(who);
                    wire.notes.push(format!("{}: {version}", who.name()));
                }
                Err(why) if who == VWS => return Err(why),
                Err(why) => wire.notes.push(format!("{}: absent ({why})", who.name())),
            }
        }
        if !can_place {
            wire.notes
                .push("servers are not held to one core: that takes two cores and `taskset`".to_owned());
        }
        let probe = Work::Steady { rooms: 1, subscribers: 2, rate: 200.0 };
        let told = wire.run(VWS, Duty::Fanout, Placing::Anywhere, probe)?;
        // Without the head of its frame.
        wire.payload = (told.bytes as f64 / told.count as f64).round() as usize - 4;
        wire.notes.push(format!("an event of VWS is {} bytes, and the others' are as long", wire.payload));
        Ok(wire)
    }

    /// The rows of a part.
    pub(crate) fn rows(&mut self, part: Part) -> Vec<Row> {
        match part {
            Part::Fanout => fanout::saturated(self),
            Part::Rate => fanout::at_rates(self),
            Part::Rooms => fanout::rooms(self),
            Part::Echo => echo::rows(self),
            Part::Rest => rest::rows(self),
            Part::Durable => durable::rows(self),
            Part::Join => join::joining(self),
            Part::Resume => join::resuming(self),
            Part::Memory => memory::rows(self),
            Part::Growth => growth::rows(self),
        }
    }

    /// Those of `wanted` that are there.
    fn among(&self, wanted: &[Contender]) -> Vec<Contender> {
        let there = |who: &&Contender| matches!(who, Contender::Vws(_)) || self.present.contains(who);
        wanted.iter().filter(there).copied().collect()
    }

    /// Runs of each contender that alternate. Who fails is noted.
    fn alternated(
        &mut self,
        wanted: &[Contender],
        duty: Duty,
        placing: Placing,
        work: Work,
    ) -> Vec<Alternated<Contender, Outcome>> {
        let done = alternate(self.lasting.rounds, &self.among(wanted), |who| {
            eprintln!("  {} {work:?}", who.name());
            self.run(who, duty, placing, work)
        });
        for one in &done {
            if let Some(why) = &one.failed {
                self.notes.push(format!("{} failed at {work:?}: {why}", one.who.name()));
            }
            self.note_if_bound_by_load(one.who.name(), work, &one.runs);
        }
        done
    }

    /// A load that had no time left, or took more of it than the server, measured itself.
    fn note_if_bound_by_load(&mut self, who: &str, work: Work, runs: &[Outcome]) {
        let median_of =
            |of: fn(&Outcome) -> Option<f64>| median(&runs.iter().filter_map(of).collect::<Vec<_>>());
        let (load, server) = (median_of(Outcome::load_share), median_of(Outcome::server_share));
        if work.saturates() && (load > BOUND_BY_LOAD || load > server) {
            let [load, server] = [load, server].map(|share| share * 100.0);
            self.notes.push(format!(
                "{who} at {work:?}: the load took {load:.0} % of a core and the server {server:.0} %, so the server may do more"
            ));
        }
    }

    /// The same where settings of VWS are what alternates: a row of one quantity of each.
    fn settings<S: Copy>(
        &mut self,
        row: &mut Row,
        settings: &[S],
        name: impl Fn(S) -> String,
        work: impl Fn(S) -> Work,
        of: impl Fn(&Outcome) -> Option<f64>,
    ) {
        let done = alternate(self.lasting.rounds, settings, |setting| {
            eprintln!("  {} {:?}", name(setting), work(setting));
            self.run(VWS, Duty::Fanout, Placing::OneCore, work(setting))
        });
        for one in done {
            if let Some(why) = one.failed {
                self.notes.push(format!("{FAILED} with {}: {why}", name(one.who)));
            }
            row.figure(&name(one.who), one.runs.iter().filter_map(&of).collect());
        }
    }

    /// One run: a server that is new, and a load.
    fn run(&self, who: Contender, duty: Duty, placing: Placing, work: Work) -> Result<Outcome, String> {
        let is_placed = self.can_place && placing == Placing::OneCore;
        let others = format!("1-{}", self.cores - 1);
        let running = who.start(duty, is_placed.then_some("0"), &self.folder)?;
        let (warm_up, span) = match &work {
            Work::Steady { .. } => self.lasting.at_rate,
            _ => (self.lasting.warm_up, self.lasting.span),
        };
        let (port, server) = (running.port, running.process());
        let task = Task { who, port, server, payload: self.payload, warm_up, span, work };
        let mut load = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        load.arg("load").arg(serde_json::to_string(&task).map_err(|error| error.to_string())?);
        let output = on_cores(load, is_placed.then_some(&others)).stdin(Stdio::null()).output();
        let output = output.map_err(|error| error.to_string())?;
        drop(running);
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(words.trim().trim_start_matches("error: ").to_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("the load said no outcome: {error}"))
    }
}

/// What each of what was counted takes of the server's time. Others on the machine hardly change it.
fn cost(part: &str, what: &str, done: &[Alternated<Contender, Outcome>]) -> Row {
    row(part, &format!("{what}, server's time for each"), "µs", done, Outcome::server_micros_each)
}

/// A row of one quantity of each run. A quantity that is not known leaves the contender out.
fn row(
    part: &str,
    what: &str,
    unit: &str,
    done: &[Alternated<Contender, Outcome>],
    of: impl Fn(&Outcome) -> Option<f64>,
) -> Row {
    let mut row = Row::new(part, what, unit);
    for one in done {
        let runs: Option<Vec<f64>> = one.runs.iter().map(&of).collect();
        if let Some(runs) = runs.filter(|runs| !runs.is_empty()) {
            row.figure(one.who.name(), runs);
        }
    }
    row
}
