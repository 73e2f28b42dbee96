//! Appends of events of 200 bytes by writers that each wait for the last one before the next.

mod contenders;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::machine::Machine;
use contenders::{Contender, Level, Log};

const WRITERS: [usize; 3] = [1, 16, 256];

/// The figures of one contender in one setting: medians over its runs.
#[derive(Debug, Serialize)]
struct Row {
    level: &'static str,
    writers: usize,
    contender: &'static str,
    events_per_second: f64,
    /// Of the bare file in the same setting.
    ratio: f64,
    p50_us: f64,
    p99_us: f64,
}

/// All figures.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    machine: Machine,
    runs: usize,
    seconds: f64,
    rows: Vec<Row>,
}

/// One run.
#[derive(Debug, Clone, Copy)]
struct Run {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// Measures on the disk that `folder` is on, and prints a table.
///
/// # Errors
/// What the disk or a contender says.
pub(crate) fn run(folder: &Path, quick: bool) -> Result<Figures, String> {
    let (runs, span) = if quick { (2, Duration::from_millis(300)) } else { (5, Duration::from_secs(2)) };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let machine = Machine::here();
    println!(
        "{machine}; {}; events of 200 bytes, medians of {runs} runs of {} s",
        folder.display(),
        span.as_secs_f64()
    );
    println!(
        "\n{:<9} {:>7}  {:<22} {:>11} {:>7} {:>9} {:>9}",
        "level", "writers", "log", "events/s", "ratio", "p50 µs", "p99 µs"
    );
    let mut rows = Vec::new();
    for level in [Level::Buffered, Level::Sync] {
        for writers in WRITERS {
            let mut all: Vec<(Contender, Vec<Run>)> =
                Contender::ALL.map(|contender| (contender, Vec::new())).into();
            for _ in 0..runs {
                for (contender, done) in &mut all {
                    let data = tempfile::tempdir_in(folder).map_err(|e| e.to_string())?;
                    let log = contender.open(data.path(), level, writers, &runtime)?;
                    done.push(runtime.block_on(measure(&log, writers, span))?);
                    drop(log);
                }
            }
            let bare = median(&all[0].1, |run| run.rate);
            for (contender, done) in &all {
                let row = Row {
                    level: level.name(),
                    writers,
                    contender: contender.name(),
                    events_per_second: median(done, |run| run.rate),
                    ratio: median(done, |run| run.rate) / bare,
                    p50_us: median(done, |run| run.p50),
                    p99_us: median(done, |run| run.p99),
                };
                println!(
                    "{:<9} {:>7}  {:<22} {:>11.0} {:>7.2} {:>9.0} {:>9.0}",
                    row.level,
                    row.writers,
                    row.contender,
                    row.events_per_second,
                    row.ratio,
                    row.p50_us,
                    row.p99_us
                );
                rows.push(row);
            }
        }
    }
    Ok(Figures { machine, runs, seconds: span.as_secs_f64(), rows })
}

async fn measure(log: &Arc<dyn Log>, writers: usize, span: Duration) -> Result<Run, String> {
    let began = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while began.elapsed() < span {
                    let sent = Instant::now();
                    log.append(writer, latencies.len() as u64).await?;
                    latencies.push(sent.elapsed().as_secs_f64() * 1e6);
                }
                Ok::<_, String>(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.map_err(|error| error.to_string())??);
    }
    let took = began.elapsed().as_secs_f64();
    latencies.sort_by(f64::total_cmp);
    let at =
        |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    Ok(Run { rate: latencies.len() as f64 / took, p50: at(0.5), p99: at(0.99) })
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
