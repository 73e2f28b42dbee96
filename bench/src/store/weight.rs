//! What objects take of memory: what the process has more once they are there, by the system's own count.

use std::process::Command;

use serde::Serialize;
use vws_core::{Session, Snapshot};

use super::ours::Ours;
use super::work::name;

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];

/// Objects in all: enough that a page more or less does not matter.
const IN_ALL: usize = 200_000;

/// Sessions of one size.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    objects: usize,
    /// Of the state alone, as a session has it that was loaded from a log.
    state_bytes: f64,
    /// With the history of their creation and the feed, in a store over the log in memory.
    store_bytes: f64,
}

pub(super) fn run() -> Result<Vec<Row>, String> {
    let weigh = |objects: usize| {
        let [state_bytes, store_bytes] = ["state", "store"].map(|what| apart(what, objects));
        Ok(Row { objects, state_bytes: state_bytes?, store_bytes: store_bytes? })
    };
    OBJECTS.into_iter().map(weigh).collect()
}

/// In a process of its own, of which nothing has been given back to the allocator.
fn apart(what: &str, objects: usize) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let done = Command::new(program).args(["weigh", what, &objects.to_string()]).output();
    let done = done.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&done.stdout);
    said.trim().parse().map_err(|_| format!("no weight: {}", String::from_utf8_lossy(&done.stderr)))
}

/// Prints what one object takes.
///
/// # Errors
/// What the runtime says.
pub(crate) fn weigh(what: &str, objects: usize) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let names: Vec<String> = (0..objects as u64).map(name).collect();
    let sessions = IN_ALL / objects;
    let store = Ours::new(runtime.handle());
    let bytes = if what == "store" {
        let before = resident();
        let _held: Vec<_> = (0..sessions).map(|_| store.session(&names)).collect();
        resident() - before
    } else {
        let json = vws_core::wire::canonical_json(&store.session(&names).read(Session::snapshot));
        let read = || serde_json::from_slice::<Snapshot>(&json).expect("it was just written");
        let _warm = read();
        let before = resident();
        let _held: Vec<Session> =
            (0..sessions).map(|_| read().restore().expect("it is what it was")).collect();
        resident() - before
    };
    println!("{}", bytes / IN_ALL as f64);
    Ok(())
}

pub(super) fn print(rows: &[Row]) {
    println!("\n{:<34} {:>13} {:>13}", "bytes an object, in sessions of", "state", "store");
    for Row { objects, state_bytes, store_bytes } in rows {
        println!("{objects:<34} {state_bytes:>13.0} {store_bytes:>13.0}");
    }
}

/// Bytes of memory that the process has.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    kib.map_or(f64::NAN, |kib: f64| kib * 1024.0)
}
