//! Late joiners: each connects, is given the whole state, and leaves.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Done, LoadError};
use crate::run::{Outcome, Terms, Window};
use crate::vws::Vws;

/// Lets `at_once` clients join the first session one after the other, `rate` a second in all or as fast as it goes;
/// counts joins, and how long each took from its connection to the whole state.
///
/// # Errors
/// [`LoadError`]
pub fn joins(vws: &Vws, at_once: usize, rate: Option<f64>, terms: &Terms) -> Done<Outcome> {
    let begun = Instant::now();
    let window = Mutex::new(Window::new(terms));
    let turn = AtomicU64::new(0);
    let join = || -> Done {
        loop {
            terms.stop.check()?;
            let due = rate.map_or(0.0, |rate| turn.fetch_add(1, Ordering::Relaxed) as f64 / rate);
            let due = begun + Duration::from_secs_f64(due);
            if due > begun + terms.warm_up + terms.span {
                return Ok(());
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let from = Instant::now();
            let joined = vws.join(0, None)?;
            let now = Instant::now();
            let mut window = window.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if window.is_over(now) {
                return Ok(());
            }
            if window.is_open() {
                window.latency.add(now - from);
            }
            window.add(1, joined.socket.bytes);
        }
    };
    let done: Vec<Done> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..at_once).map(|_| scope.spawn(join)).collect();
        let ended = |_| Err(LoadError::Refused("a joiner ended".to_owned()));
        all.into_iter().map(|one| one.join().unwrap_or_else(ended)).collect()
    });
    done.into_iter().collect::<Done<Vec<()>>>()?;
    let window = window.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(window.outcome())
}

/// What it takes to be up to date again, in bytes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Resumed {
    /// Events that were missed.
    pub missed: u64,
    /// Those events alone, as one who was there got them.
    pub live: u64,
    /// All that one got who was away and came back.
    pub resumed: u64,
    /// All that one gets who joins anew.
    pub joined: u64,
}

/// Lets one client miss `batches` batches of 100 events of the first session, and come back.
///
/// # Errors
/// [`LoadError`], also where the server sends a snapshot to who came back.
pub fn resume(vws: &Vws, batches: u64) -> Done<Resumed> {
    let missed = batches * 100;
    let away = vws.join(0, None)?;
    let after = serde_json::json!({ "epoch": away.epoch, "seq": away.seq });
    drop(away);
    let mut there = vws.join(0, None)?;
    vws.change(0, batches)?;
    let live = there.events(missed)?;
    let mut back = vws.join(0, Some(&after))?;
    if !back.is_tail {
        return Err(LoadError::Refused("who came back was sent a snapshot".to_owned()));
    }
    back.events(missed)?;
    let joined = vws.join(0, None)?.socket.bytes;
    Ok(Resumed { missed, live, resumed: back.socket.bytes, joined })
}
