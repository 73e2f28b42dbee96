//! `cargo xtask history`: a run against a server of its own, and its verdict.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a person")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use vws_history::record::Outcome;
use vws_history::{History, Plan, check, run};

/// Records what concurrent clients ask and are told while connections are cut and the server is killed, and judges
/// whether one order of all explains it (SPEC.md, LIN).
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's program.
    #[arg(long, env = "VWS_BIN", value_name = "FILE")]
    program: PathBuf,
    /// How many things the clients do in all.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    ops: u64,
    /// What is drawn is drawn from this number.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How often the server is killed meanwhile.
    #[arg(long, value_name = "N", default_value_t = 5)]
    kills: u32,
}

/// Violations that are told one by one.
const TOLD: usize = 20;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { program, ops, seed, kills } = Arguments::parse();
    let start = Instant::now();
    let (history, summary) = match run(&Plan::new(program, ops, seed, kills)).await {
        Ok(done) => done,
        Err(failure) => {
            eprintln!("✗ {failure}");
            return ExitCode::FAILURE;
        }
    };
    println!("seed {seed}, {:.0?}: {}", start.elapsed(), told(&history));
    println!("{} connections cut, the server killed {} times", summary.cuts, summary.kills);
    let start = Instant::now();
    let violations = check(&history);
    println!("judged in {:.1?}", start.elapsed());
    for violation in violations.iter().take(TOLD) {
        eprintln!("✗ {violation}");
    }
    if violations.is_empty() {
        println!("✓ one order explains all of it");
        return ExitCode::SUCCESS;
    }
    eprintln!("✗ {} violations", violations.len());
    ExitCode::FAILURE
}

fn told(history: &History) -> String {
    let count =
        |wanted: fn(&Outcome) -> bool| history.writes.iter().filter(|write| wanted(&write.outcome)).count();
    let done = count(|outcome| matches!(outcome, Outcome::Done { .. }));
    let refused = count(|outcome| matches!(outcome, Outcome::Refused(_)));
    let unknown = count(|outcome| matches!(outcome, Outcome::Unknown));
    format!(
        "{} writes ({done} acknowledged, {refused} refused, {unknown} without a verdict), {} reads, {} events, {} told by {} streams, {} mirrors",
        history.writes.len(),
        history.reads.len(),
        history.log.len(),
        history.streams.iter().map(|stream| stream.events.len()).sum::<usize>(),
        history.streams.len(),
        history.mirrors.len(),
    )
}
