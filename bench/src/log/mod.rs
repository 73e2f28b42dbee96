//! Appends of events of 200 bytes by writers that each wait for the last one before the next.

mod contenders;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::table::{Row, SUBJECT, Side};
use contenders::{Contender, Level, Log};

const WRITERS: [usize; 3] = [1, 16, 256];

/// One run.
#[derive(Debug, Clone, Copy)]
struct Run {
    rate: f64,
    p99: f64,
}

/// Measures on the disk that `folder` is on.
///
/// # Errors
/// What the disk or a contender says.
pub(crate) fn run(folder: &Path, quick: bool) -> Result<Vec<Row>, String> {
    let (rounds, span) = if quick { (2, Duration::from_millis(300)) } else { (5, Duration::from_secs(1)) };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    for level in [Level::Buffered, Level::Sync] {
        for writers in WRITERS {
            let mut all: Vec<(Contender, Vec<Run>)> =
                Contender::ALL.map(|contender| (contender, Vec::new())).into();
            for _ in 0..rounds {
                for (contender, done) in &mut all {
                    let data = tempfile::tempdir_in(folder).map_err(|e| e.to_string())?;
                    let log = contender.open(data.path(), level, writers, &runtime)?;
                    done.push(runtime.block_on(measure(&log, writers, span))?);
                    drop(log);
                }
            }
            rows.extend(rows_of(level, writers, &all));
        }
    }
    Ok(rows)
}

/// Appends a second, and the time of one.
fn rows_of(level: Level, writers: usize, all: &[(Contender, Vec<Run>)]) -> [Row; 2] {
    let what = format!("{}, {writers} in flight", level.name());
    let mut rate = Row::new("log", what.clone(), "appends/s");
    let mut p99 = Row::new("log", what + ", p99", "µs");
    // The subject first, as everywhere.
    let (ours, others): (Vec<_>, Vec<_>) = all.iter().partition(|(contender, _)| contender.name() == SUBJECT);
    for (contender, runs) in ours.into_iter().chain(others) {
        rate.figure(contender.name(), runs.iter().map(|run| run.rate).collect());
        p99.figure(contender.name(), runs.iter().map(|run| run.p99).collect());
    }
    if level == Level::Sync && writers == 256 {
        rate.goal(Side::AtLeast, 0.5, Contender::BareRoom.name());
        p99.goal(Side::AtMost, 3.0, Contender::BareRoom.name());
    }
    [rate, p99]
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
    let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    Ok(Run { rate: latencies.len() as f64 / took, p99 })
}
