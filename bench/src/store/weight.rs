//! What objects take of memory: what the process has more once they are there, by the system's own count.

use std::process::Command;

use vws_core::{Session, Snapshot};

use super::ours::Ours;
use super::work::name;
use crate::table::{Row, SUBJECT, Side, number};

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];

/// Objects in all: enough that a page more or less does not matter.
const IN_ALL: usize = 200_000;

pub(super) fn run() -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (what, words) in [("state", "state alone"), ("store", "with its history and feed")] {
        for objects in OBJECTS {
            let session = number(objects as f64);
            let mut row = Row::new("store", format!("memory of an object of {session}, {words}"), "B");
            row.figure(SUBJECT, vec![apart(what, objects)?]);
            if what == "state" {
                row.bound(Side::AtMost, 400.0);
            }
            rows.push(row);
        }
    }
    Ok(rows)
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

/// Bytes of memory that the process has.
fn resident() -> f64 {
    vws_load::machine::resident_bytes(std::process::id()).unwrap_or(f64::NAN)
}
