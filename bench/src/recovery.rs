//! Starts of a server over a data directory: how soon it is ready, and what sessions that nobody uses cost.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use vws_core::limits::ModelLimits;
use vws_core::{Context, EventRecord, Session, SessionId, decide};
use vws_server::config::Limits;
use vws_server::log::disk::{Level, Options};
use vws_server::log::{Appending, DiskLog, EventLog};
use vws_server::store::{SessionStore, StoreConfig};

use crate::machine::GIVEN_BACK_AFTER;
use crate::table::{self, SUBJECT, Side, number};

struct Row {
    /// From the start to a store that answers, after a kill.
    ready_after_kill_ms: f64,
    /// The same after an end in order.
    ready_ms: f64,
    /// From the request for a session to its state.
    first_use_ms: f64,
    /// Memory of the process for each session that is not loaded, log and store together.
    bytes_per_session: f64,
}

/// Measures on the disk that `folder` is on.
///
/// # Errors
/// What the disk says.
pub(crate) fn run(folder: &Path, quick: bool) -> Result<Vec<table::Row>, String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let settings: &[(u64, u64)] = if quick { &[(100, 1_000)] } else { &[(1_000, 1_000), (100_000, 1)] };
    let mut rows = Vec::new();
    for (sessions, events) in settings {
        let row = runtime.block_on(measure(folder, *sessions, *events))?;
        let setting = format!("{} sessions of {} events", number(*sessions as f64), number(*events as f64));
        for (what, unit, value) in [
            ("ready after a kill", "ms", row.ready_after_kill_ms),
            ("ready after an end in order", "ms", row.ready_ms),
            ("first use of a session", "ms", row.first_use_ms),
            ("memory of a session that nobody uses", "B", row.bytes_per_session),
        ] {
            let mut told = table::Row::new("recovery", format!("{setting}, {what}"), unit);
            told.figure(SUBJECT, vec![value]);
            // The store's own 512 B (STORE9), and as much for the log's. Of few it is what the process takes anyhow.
            if unit == "B" && *sessions >= 100_000 {
                told.bound(Side::AtMost, 1_024.0);
            }
            rows.push(told);
        }
    }
    Ok(rows)
}

async fn measure(folder: &Path, sessions: u64, events: u64) -> Result<Row, String> {
    let data = tempfile::tempdir_in(folder).map_err(|e| e.to_string())?;
    let path = data.path().join("data");
    let open = || DiskLog::open(&path, Options::new(Level::Buffered)).map_err(|e| e.to_string());
    let log = Arc::new(open()?);
    fill(&log, sessions, events).await?;
    // As a process that is killed leaves it.
    drop(log);
    let began = Instant::now();
    let store = open_store(Arc::new(open()?)).await?;
    let ready_after_kill_ms = ms(began);
    if store.count() as u64 != sessions {
        return Err(format!("{} sessions of {sessions} are there", store.count()));
    }
    drop(store);
    let log = open()?;
    log.settle().await.map_err(|e| e.to_string())?;
    log.close().await.map_err(|e| e.to_string())?;
    drop(log);
    // In a process of its own: this one has held all of it before.
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program).arg("open").arg(&path).arg(id(sessions / 2).to_string()).output();
    let output = output.map_err(|error| error.to_string())?;
    let opened: Opened = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!(
            "what the other process said cannot be read: {error}: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let Opened { ready_ms, first_use_ms, bytes } = opened;
    let bytes_per_session = bytes / sessions as f64;
    Ok(Row { ready_after_kill_ms, ready_ms, first_use_ms, bytes_per_session })
}

/// What a process found that did nothing but open a data directory.
#[derive(Debug, Serialize, Deserialize)]
struct Opened {
    ready_ms: f64,
    first_use_ms: f64,
    /// Memory that it keeps.
    bytes: f64,
}

/// Opens a data directory in this process, asks for one session, and tells what that took, as JSON.
///
/// # Errors
/// What the disk says.
pub(crate) fn open(path: &Path, id: &str) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let id: SessionId = id.parse().map_err(|_| format!("{id} is no session id"))?;
    let opened = runtime.block_on(async {
        let (before, began) = (resident(), Instant::now());
        let log = DiskLog::open(path, Options::new(Level::Buffered)).map_err(|e| e.to_string())?;
        let store = open_store(Arc::new(log)).await?;
        let ready_ms = ms(began);
        let began = Instant::now();
        store.get(id).await.map_err(|error| error.to_string())?;
        let first_use_ms = ms(began);
        tokio::time::sleep(GIVEN_BACK_AFTER).await;
        Ok::<_, String>(Opened { ready_ms, first_use_ms, bytes: resident() - before })
    })?;
    println!("{}", serde_json::to_string(&opened).map_err(|error| error.to_string())?);
    Ok(())
}

async fn open_store(log: Arc<DiskLog>) -> Result<SessionStore, String> {
    let config = StoreConfig::from(&Limits::DEFAULT);
    SessionStore::open(log, config, Arc::default()).await.map_err(|error| error.to_string())
}

fn id(number: u64) -> SessionId {
    SessionId::from_uuid(uuid::Uuid::from_u128(u128::from(number) + 1))
}

/// Fills sessions side by side, as clients do.
async fn fill(log: &Arc<DiskLog>, sessions: u64, events: u64) -> Result<(), String> {
    const LANES: u64 = 64;
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                for number in (lane..sessions).step_by(LANES as usize) {
                    fill_one(&log, id(number), events).await?;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for lane in lanes {
        lane.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn fill_one(log: &DiskLog, id: SessionId, events: u64) -> Result<(), String> {
    let mut session = Session::new(id, None, 0, 1);
    log.create(session.snapshot()).await.map_err(|error| error.to_string())?;
    let limits = ModelLimits::default();
    let mut records = Vec::new();
    for seq in 1..=events {
        let context = Context { at: seq, limits: &limits, expect_version: None };
        let json = match seq {
            1 => {
                serde_json::json!({"type": "create_object", "object": {"name": "cube", "type": "cube", "x": 1, "y": 0, "z": -3}})
            }
            _ => {
                serde_json::json!({"type": "update_object", "name": "cube", "patch": {"x": (seq % 24) as f64 - 11.5}})
            }
        };
        let command: vws_core::Command = serde_json::from_value(json).map_err(|error| error.to_string())?;
        let event = decide(&session, &command, &context).map_err(|error| error.to_string())?.remove(0);
        let record = EventRecord { seq, at: seq, by: None, subject: None, more: 0, event };
        session.apply(&record).map_err(|error| error.to_string())?;
        records.push(Arc::new(record));
        if records.len() == 100 || seq == events {
            let after = seq - records.len() as u64;
            let taken = match log.append(id, after, &records) {
                Appending::Done(taken) => taken,
                Appending::Later(taken) => taken.await,
            };
            taken.map_err(|error| error.to_string())?;
            records.clear();
        }
    }
    Ok(())
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// Bytes of this process that are in memory.
fn resident() -> f64 {
    vws_load::machine::resident_bytes(std::process::id()).unwrap_or(f64::NAN)
}
