//! A client that changes the objects of a session at a steady rate, for others to follow.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use vws_client::{Client, Options};
use vws_core::command::{Change, Command, ObjectPatch};
use vws_core::model::SessionId;

/// Commands that may be without a verdict at once. A server that cannot keep up is waited for.
const IN_FLIGHT: usize = 1_024;
/// How often commands are sent; each time as many as the rate has it.
const TICK: Duration = Duration::from_millis(5);

/// Moves the objects of `session` up and down, one after the other, `rate` commands a second for `seconds`.
pub(crate) fn run(server: &str, session: &str, rate: u32, seconds: f64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(drive(server, session, rate, seconds))
}

async fn drive(server: &str, session: &str, rate: u32, seconds: f64) -> Result<(), String> {
    let session: SessionId = session.parse().map_err(|_| format!("{session} is no session's id"))?;
    let client = Client::connect(server, session, Options::default()).await.map_err(|e| e.to_string())?;
    let client = std::sync::Arc::new(client);
    let names: Vec<String> = client
        .view(|view| view.objects().map(|object| object.name.to_string()).collect())
        .unwrap_or_default();
    if names.is_empty() {
        return Err("the session has no objects to change".to_owned());
    }
    let begun = Instant::now();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut sent, mut verdicts) = (0_u64, JoinSet::new());
    while begun.elapsed().as_secs_f64() < seconds {
        tick.tick().await;
        let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u64;
        while sent < due {
            if verdicts.len() >= IN_FLIGHT {
                judged(verdicts.join_next().await)?;
            }
            let (client, command) = (client.clone(), moved(&names, sent));
            verdicts.spawn(async move { client.submit(command).await.map(drop).map_err(|e| e.to_string()) });
            sent += 1;
        }
        while let Some(verdict) = verdicts.try_join_next() {
            judged(Some(verdict))?;
        }
    }
    while let Some(verdict) = verdicts.join_next().await {
        judged(Some(verdict))?;
    }
    Ok(())
}

fn judged(verdict: Option<Result<Result<(), String>, tokio::task::JoinError>>) -> Result<(), String> {
    verdict.map_or(Ok(()), |verdict| verdict.map_err(|error| error.to_string())?)
}

/// The `n`-th change: never one that changes nothing.
fn moved(names: &[String], n: u64) -> Command {
    let name = names[usize::try_from(n).unwrap_or(0) % names.len()].clone();
    let round = n / names.len() as u64;
    let y = ((round % 200) as f64 - 100.0) / 10.0 + 0.05;
    Command::UpdateObject { name, patch: ObjectPatch { y: Change::Set(y), ..ObjectPatch::default() } }
}
