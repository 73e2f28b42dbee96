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
    /// How often the server is killed meanwhile, or something happens to nodes and NATS servers.
    #[arg(long, value_name = "N", default_value_t = 5)]
    kills: u32,
    /// Servers: one with a data directory, or so many nodes over NATS.
    #[arg(long, value_name = "N", default_value_t = 1)]
    nodes: usize,
    /// NATS servers under the nodes: 1 or 3.
    #[arg(long, value_name = "N", default_value_t = 3)]
    servers: usize,
    /// The program of a NATS server; the path's where none is named.
    #[arg(long, env = "VWS_NATS_SERVER", value_name = "FILE")]
    nats_server: Option<PathBuf>,
    /// Nodes and NATS servers on loopback, where nothing between them can be cut. Without it each has a network namespace
    /// of its own, which takes root, `ip` and `nft`.
    #[arg(long)]
    loopback: bool,
}

/// Violations that are told one by one.
const TOLD: usize = 20;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { program, ops, seed, kills, nodes, servers, nats_server, loopback } = Arguments::parse();
    let start = Instant::now();
    let plan = Plan {
        nodes,
        servers,
        nats: nats_server,
        is_cut: nodes > 1 && !loopback,
        ..Plan::new(program, ops, seed, kills)
    };
    let (history, summary) = match run(&plan).await {
        Ok(done) => done,
        Err(failure) => {
            eprintln!("✗ {failure}");
            return ExitCode::FAILURE;
        }
    };
    println!("seed {seed}, {:.0?}: {}", start.elapsed(), told(&history));
    println!("{} connections cut; {}", summary.cuts, counted(&summary.faults));
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

/// What happened, and how often.
fn counted(faults: &[&str]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    faults.iter().for_each(|fault| *counts.entry(fault).or_insert(0_u32) += 1);
    counts.iter().map(|(fault, count)| format!("{fault}: {count}")).collect::<Vec<_>>().join(", ")
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
