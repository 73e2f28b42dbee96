//! What the server costs, beside what the machine can do at all and what others do: figures are ratios of runs that
//! alternate in one invocation, since a machine that others use as well gives no two the same.
//!
//! # Layout
//! - `table`: rows, goals, Markdown. `plot`, `docs`: what the documentation shows. `alternate`: runs that take turns.
//! - `wire`: servers in processes of their own, and the load. `ceiling`: the servers that are built in.
//! - `log`, `recovery`: the log on a disk, in this process.
//! - `store`: the store, in this process.
//! - `nodes`: three nodes over NATS, beside JetStream alone.
//! - `drive`: changes for the page to follow (`page/`).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

mod alternate;
mod ceiling;
mod docs;
mod drive;
mod log;
mod machine;
mod nodes;
mod plot;
mod recovery;
mod store;
mod table;
mod wire;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use ceiling::Ceiling;
use clap::{Parser, Subcommand};
use table::{Row, Table};
use vws_load::machine::Machine;
use wire::{Part, Wire};

/// The server's, for what is measured in this process and for the servers that are built in.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Measurements of VWS.
#[derive(Debug, Parser)]
struct Cli {
    /// What to measure; everything unless told.
    #[command(subcommand)]
    what: Option<What>,
    /// A folder on the disk to measure; the system's folder for temporary files unless told.
    #[arg(long, global = true, value_name = "DIR")]
    on: Option<PathBuf>,
    /// Shorter runs, for a look.
    #[arg(long, global = true)]
    quick: bool,
    /// Write the figures to this file as well.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Put the table and its plots into docs/PERFORMANCE.md; a part by itself in place of what is there of it.
    #[arg(long, global = true)]
    docs: bool,
    /// Install the servers to measure beside that npm has (node ws, Colyseus, Bun), as locked, in bench/peers.
    #[arg(long, global = true)]
    install_peers: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Fan-out as fast as it goes, and what a delivery costs as subscribers become more.
    Fanout,
    /// Fan-out to 1,000 subscribers at rates that leave the server room.
    Rate,
    /// A hundred sessions at once.
    Rooms,
    /// From a command to its own event.
    Echo,
    /// Requests over HTTP.
    Rest,
    /// Commands at each level of durability.
    Durable,
    /// Late joins of a session of 10,000 objects.
    Join,
    /// Coming back after 1,000 missed events.
    Resume,
    /// Memory of the server for an object and for an idle connection.
    Memory,
    /// What a command costs as sessions and objects become more.
    Growth,
    /// The store in this process, beside the design that VWS began from.
    Store,
    /// Appends to the log at each level, beside a bare file with the same flushes and another engine.
    Log,
    /// Starts over a data directory: how soon the server is ready, what sessions that nobody uses cost.
    Recovery,
    /// Three nodes over one NATS server and over three: commands, what others see of them, what each costs.
    Nodes,
    /// Opens a data directory and tells what that took; `recovery` runs it.
    #[command(hide = true)]
    Open { path: PathBuf, session: String },
    /// Does one kind of the store's work, to be looked at with a profiler.
    #[command(hide = true)]
    Spin {
        /// `store` or `seed`
        contender: String,
        /// `update`, `create`, `get`, `hot` or `sessions`
        work: String,
        /// Commands in all.
        commands: u64,
        #[arg(long, default_value_t = 1)]
        threads: usize,
    },
    /// Tells what an object takes of memory; `store` runs it.
    #[command(hide = true)]
    Weigh { what: String, objects: usize },
    /// Changes the objects of a session at a steady rate; `page` runs it.
    #[command(hide = true)]
    Drive {
        /// `http://host:port`
        server: String,
        session: String,
        /// Changes a second.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        rate: u32,
        #[arg(long)]
        seconds: f64,
    },
    /// Serves what VWS is measured beside, at a free port, until it is ended.
    #[command(hide = true)]
    Serve { ceiling: Ceiling },
    /// Loads a server and tells the outcome as JSON.
    #[command(hide = true)]
    Load { task: String },
}

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measured {
    Wire(Part),
    Store,
    Log,
    Recovery,
    Nodes,
}

impl What {
    /// The part that it names; nothing for what other parts run.
    const fn part(&self) -> Option<Measured> {
        Some(match self {
            Self::Fanout => Measured::Wire(Part::Fanout),
            Self::Rate => Measured::Wire(Part::Rate),
            Self::Rooms => Measured::Wire(Part::Rooms),
            Self::Echo => Measured::Wire(Part::Echo),
            Self::Rest => Measured::Wire(Part::Rest),
            Self::Durable => Measured::Wire(Part::Durable),
            Self::Join => Measured::Wire(Part::Join),
            Self::Resume => Measured::Wire(Part::Resume),
            Self::Memory => Measured::Wire(Part::Memory),
            Self::Growth => Measured::Wire(Part::Growth),
            Self::Store => Measured::Store,
            Self::Log => Measured::Log,
            Self::Recovery => Measured::Recovery,
            Self::Nodes => Measured::Nodes,
            Self::Open { .. }
            | Self::Spin { .. }
            | Self::Weigh { .. }
            | Self::Drive { .. }
            | Self::Serve { .. }
            | Self::Load { .. } => return None,
        })
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    vws_load::machine::allow_connections();
    ended(match &cli.what {
        Some(What::Open { path, session }) => recovery::open(path, session),
        Some(What::Drive { server, session, rate, seconds }) => drive::run(server, session, *rate, *seconds),
        Some(What::Spin { contender, work, commands, threads }) => {
            store::spin(contender, work, *commands, *threads)
        }
        Some(What::Weigh { what, objects }) => store::weigh(what, *objects),
        Some(What::Serve { ceiling }) => ceiling::run(*ceiling),
        Some(What::Load { task }) => wire::Task::run(task),
        _ => measure(&cli),
    })
}

/// Measures what is asked for, prints the table and keeps it where that is asked for.
fn measure(cli: &Cli) -> Result<(), String> {
    if cli.docs && cli.quick {
        return Err("--docs is for whole runs: leave out --quick".to_owned());
    }
    if cli.install_peers {
        install_peers()?;
    }
    let all = || {
        Part::ALL
            .map(Measured::Wire)
            .into_iter()
            .chain([Measured::Store, Measured::Log, Measured::Recovery, Measured::Nodes])
            .collect()
    };
    let parts: Vec<Measured> = cli.what.as_ref().and_then(What::part).map_or_else(all, |part| vec![part]);
    let folder = cli.on.clone().unwrap_or_else(std::env::temp_dir);
    let table = tabled(&parts, folder, cli.quick)?;
    print!("{}", table.markdown());
    if table.misses_a_goal() {
        print!("\n{}", docs::reasons());
    }
    let failures = table.notes.iter().filter(|note| wire::tells_of_failure(note)).count();
    // The table is worth its while all the same.
    keep(cli, table)?;
    if failures == 0 { Ok(()) } else { Err(format!("VWS failed at {failures} of it: see the notes")) }
}

/// Writes the table wherever it is to be kept.
fn keep(cli: &Cli, table: Table) -> Result<(), String> {
    if let Some(path) = &cli.json {
        let text = serde_json::to_string_pretty(&table).map_err(|error| error.to_string())?;
        docs::save(path, &(text + "\n"))?;
    }
    if cli.docs { docs::write(table, cli.what.is_some()) } else { Ok(()) }
}

fn tabled(parts: &[Measured], folder: PathBuf, quick: bool) -> Result<Table, String> {
    let mut rows: Vec<Row> = Vec::new();
    let mut notes =
        vec![format!("the disk of {}; {}", folder.display(), if quick { "--quick" } else { "whole" })];
    notes.extend(machine::busy().map(|wanted| {
        let warning = if wanted > 0.3 {
            ": others, or a build right before; the figures are worth less for it"
        } else {
            ""
        };
        format!("{wanted} processes wanted a core in the minute before{warning}")
    }));
    let mut wire = None;
    for part in parts {
        eprintln!("{part:?}");
        match part {
            Measured::Wire(part) => {
                let wire = match &mut wire {
                    Some(wire) => wire,
                    none => none.insert(Wire::new(folder.clone(), quick)?),
                };
                rows.extend(wire.rows(*part));
            }
            Measured::Store => rows.extend(store::run(quick)?),
            Measured::Log => rows.extend(log::run(&folder, quick)?),
            Measured::Recovery => rows.extend(recovery::run(&folder, quick)?),
            Measured::Nodes => {
                let (of_nodes, told) = nodes::run(wire::program()?, quick)?;
                rows.extend(of_nodes);
                notes.extend(told);
            }
        }
    }
    notes.extend(wire.map(|wire| wire.notes).unwrap_or_default());
    Ok(Table { date: vws_load::machine::today(), machine: Machine::here(), notes, rows })
}

fn install_peers() -> Result<(), String> {
    eprintln!("installing the servers to measure beside, about 1 min the first time");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--silent"]).current_dir(wire::peers());
    match npm.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("npm ci: {status}")),
        Err(error) => Err(format!("npm: {error}")),
    }
}

fn ended(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
