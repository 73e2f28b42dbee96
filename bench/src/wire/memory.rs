//! Memory of the server's process: for an object, and for a connection that says nothing.

use vws_load::machine::resident_bytes;
use vws_load::{Joined, Target, Vws};

use super::contender::{Contender, Duty, Keeping, Running};
use super::{FAILED, Wire};
use crate::machine::GIVEN_BACK_AFTER;
use crate::table::{Row, SUBJECT, Side, number};

pub(super) fn rows(wire: &mut Wire) -> Vec<Row> {
    let mut rows = Vec::new();
    let many = if wire.quick { 20_000 } else { 100_000 };
    for (sessions, objects, what) in [
        (1_000, 10, "an object, 1,000 sessions of 10".to_owned()),
        (1, 10_000, "an object, a session of 10,000".to_owned()),
        (1, many, format!("an object, a session of {}", number(many as f64))),
    ] {
        let bytes = measured(wire, |port| {
            let vws =
                Vws::prepare(&Target::local(port), sessions, objects).map_err(|error| error.to_string())?;
            Ok((vws, sessions * objects))
        });
        let mut row = Row::new("memory", what, "B");
        wire.told(&mut row, bytes);
        if sessions == 1 {
            row.bound(Side::AtMost, 400.0);
        }
        rows.push(row);
    }
    let connections = if wire.quick { 500 } else { 4_000 };
    let bytes = measured(wire, |port| {
        let vws = Vws::prepare(&Target::local(port), 1, 10).map_err(|error| error.to_string())?;
        let joined: Result<Vec<Joined>, _> = (0..connections).map(|_| vws.join(0, None)).collect();
        Ok(((joined.map_err(|error| error.to_string())?, vws), connections))
    });
    let mut row =
        Row::new("memory", format!("an idle WebSocket, {} of them", number(connections as f64)), "B");
    wire.told(&mut row, bytes);
    row.bound(Side::AtMost, 12.0 * 1024.0);
    rows.push(row);
    rows
}

/// Bytes of a fresh server for each of what `fill` makes in it.
fn measured<T>(wire: &Wire, fill: impl FnOnce(u16) -> Result<(T, usize), String>) -> Result<f64, String> {
    let server = Contender::Vws(Keeping::Buffered).start(Duty::Http, None, &wire.folder)?;
    // What the first use of anything takes is not of an object.
    drop(Vws::prepare(&Target::local(server.port), 1, 1).map_err(|error| error.to_string())?);
    let before = resident(&server)?;
    let (kept, count) = fill(server.port)?;
    std::thread::sleep(GIVEN_BACK_AFTER);
    let after = resident(&server)?;
    drop(kept);
    Ok((after - before) / count as f64)
}

/// Bytes of the server that are in memory.
fn resident(server: &Running) -> Result<f64, String> {
    let process = server.process();
    resident_bytes(process).ok_or_else(|| format!("/proc/{process}/status does not tell it"))
}

impl Wire {
    fn told(&mut self, row: &mut Row, bytes: Result<f64, String>) {
        match bytes {
            Ok(bytes) => row.figure(SUBJECT, vec![bytes]),
            Err(why) => self.notes.push(format!("{FAILED} at memory of {}: {why}", row.what)),
        }
    }
}
