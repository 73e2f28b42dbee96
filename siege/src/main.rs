//! What the server survives: hostile clients, and time. `cargo xtask reliability` builds what this needs and runs it.
//!
//! Each line starts the program `vws` in a process of its own, does what the line is about from this one, and compares
//! what came of it with a goal that is a bound. Nothing here knows the server but by what it answers on its port and by
//! what the kernel tells of its process.
//!
//! # Layout
//! - `lines`: one module for each kind of siege; `verdict`: what a line found, and whether that is as good as it must be.
//! - `server`: the program, and what can be read of it from outside. `witness`: the other clients, who must not notice.
//! - `open`: connections that are of this or that address or buffer. `wire`: frames that no client should send.
//! - `table`, `docs`, `machine`: what is told of it all.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

mod docs;
mod lines;
mod machine;
mod open;
mod server;
mod table;
mod verdict;
mod wire;
mod witness;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lines::{Form, Name};
use table::{Row, Table};
use vws_load::machine::Machine;

/// What the server of VWS survives, line by line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask reliability")]
struct Cli {
    /// The lines to prove; all of them unless some are named.
    #[arg(value_name = "NAME")]
    names: Vec<Name>,
    /// The short form of each: fewer clients, shorter time-outs, times that a busy machine keeps as well.
    #[arg(long)]
    quick: bool,
    /// How long the mixed load lasts, and how long idle connections stay, in minutes. [default: 60 and 10; half a minute
    /// and a third with --quick]
    #[arg(long, value_name = "N", value_parser = minutes)]
    minutes: Option<f64>,
    /// Where the generator of malformed input begins.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the table to this file as JSON as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Put the lines into docs/RELIABILITY.md; those that are not named stay as they are there.
    #[arg(long)]
    docs: bool,
    /// Say that the server is built as the tests build it, and not in release.
    #[arg(long)]
    dev: bool,
}

fn minutes(text: &str) -> Result<f64, String> {
    let wanted = || format!("{text}: expected minutes in (0, 1440]");
    let minutes: f64 = text.parse().map_err(|_| wanted())?;
    if minutes > 0.0 && minutes <= 1_440.0 { Ok(minutes) } else { Err(wanted()) }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    vws_load::machine::allow_connections();
    match prove(&cli) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("error: {failed} of the lines did not hold");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Proves what is asked for and tells of it; returns how many lines did not hold.
fn prove(cli: &Cli) -> Result<usize, String> {
    let form = Form { is_quick: cli.quick, is_dev: cli.dev, minutes: cli.minutes, seed: cli.seed };
    let names = if cli.names.is_empty() { Name::ALL.to_vec() } else { cli.names.clone() };
    let rows: Vec<Row> = names.into_iter().map(|name| row(name, &form)).collect();
    let table = Table {
        date: vws_load::machine::today(),
        machine: Machine::here(),
        is_quick: cli.quick,
        is_dev: cli.dev,
        rows,
    };
    print!("{}", table.markdown());
    if cli.docs {
        docs::write(&table)?;
    }
    if let Some(path) = &cli.json {
        let text = serde_json::to_string_pretty(&table).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(table.rows.iter().filter(|row| !row.held()).count())
}

/// Proves a line. One of which only times did not hold, or that a program that is not ours broke off, is tried once more: the
/// machine may have been busy with others.
fn row(name: Name, form: &Form) -> Row {
    let command = form.command(name);
    eprintln!("{}", name.title(form));
    let mut found = name.prove(form);
    let mut tries = 1;
    if found.as_ref().is_ok_and(verdict::Verdict::may_be_tried_again) {
        eprintln!("  late, or broken off; once more");
        (found, tries) = (name.prove(form), 2);
    }
    let row = Row::new(name.title(form), found, tries, command);
    eprintln!("  {}: {}", if row.held() { "held" } else { "NOT HELD" }, row.figure());
    row
}
