//! What the server costs, beside what the machine can do at all: figures are ratios of runs that alternate
//! in one process, since a machine that others use as well gives no two the same.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

mod drive;
mod log;
mod machine;
mod recovery;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use machine::Machine;
use table::{Row, Table};

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
}

#[derive(Debug, Subcommand)]
enum What {
    /// Appends to the log at each level, beside a bare file with the same flushes and another engine.
    Log,
    /// Starts over a data directory: how soon the server is ready, what sessions that nobody uses cost.
    Recovery,
    /// Opens a data directory and tells what that took; `recovery` runs it.
    #[command(hide = true)]
    Open { path: PathBuf, session: String },
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
}

/// The rows of what is asked for.
fn measure(what: Option<&What>, folder: &Path, quick: bool) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    if matches!(what, None | Some(What::Log)) {
        rows.extend(log::run(folder, quick)?);
    }
    if matches!(what, None | Some(What::Recovery)) {
        rows.extend(recovery::run(folder, quick)?);
    }
    Ok(rows)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(What::Open { path, session }) = &cli.what {
        return ended(recovery::open(path, session));
    }
    if let Some(What::Drive { server, session, rate, seconds }) = &cli.what {
        return ended(drive::run(server, session, *rate, *seconds));
    }
    let folder = cli.on.unwrap_or_else(std::env::temp_dir);
    let done = measure(cli.what.as_ref(), &folder, cli.quick);
    let written = done.and_then(|rows| {
        let notes = vec![format!("disk of {}", folder.display())];
        let table = Table { date: machine::today(), machine: Machine::here(), notes, rows };
        print!("{}", table.markdown());
        let Some(path) = cli.json else { return Ok(()) };
        let text = serde_json::to_string_pretty(&table).map_err(|error| error.to_string())?;
        std::fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    });
    ended(written)
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
