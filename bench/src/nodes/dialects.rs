//! How sessions are spoken to that several nodes serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use vws_load::frame::{self, CLOSE, Scanner, TEXT, Visitor};
use vws_load::{Counter, Dialect, Done, Events, Heard, Joined, LoadError, Opened, Target};

/// Objects of each session.
pub(super) const OBJECTS: usize = 4;
/// For so long a client comes again that a node asks to: one that has just started, or lost another, is not ready at once.
const COME_AGAIN: Duration = Duration::from_secs(10);
/// What a command is refused with that may be sent again.
const COME_AGAIN_LATER: [&str; 2] = ["log_unavailable", "outcome_unknown"];
/// Between two of its tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Sessions, and the nodes that their clients are at.
pub(super) struct Spread<'a> {
    pub(super) sessions: &'a [String],
    pub(super) nodes: &'a [Target],
    /// How many nodes a subscriber is beside the publisher of its session; `None` has them go round all nodes.
    pub(super) beside: Option<usize>,
    /// Whether who speaks counts what it is told.
    pub(super) hears: bool,
    /// The run: no two change an object to the same.
    pub(super) run: u64,
    /// Subscribers so far.
    pub(super) joined: AtomicUsize,
}

impl Spread<'_> {
    /// A client of a session at a node.
    pub(super) fn enter(&self, session: usize, node: usize) -> Done<(std::net::TcpStream, Vec<u8>)> {
        let node = &self.nodes[node % self.nodes.len()];
        let (session, began) = (&self.sessions[session % self.sessions.len()], Instant::now());
        loop {
            match Joined::open(node, session, None) {
                Err(LoadError::Refused(why)) if why.contains(" 503 ") && began.elapsed() < COME_AGAIN => {
                    std::thread::sleep(PAUSE);
                }
                joined => return Ok(joined?.socket.into_parts()),
            }
        }
    }
}

impl Dialect for Spread<'_> {
    fn subscriber(&self, room: usize) -> Done<Opened> {
        let turn = self.joined.fetch_add(1, Ordering::Relaxed);
        let (stream, ahead) = self.enter(room, self.beside.map_or(turn, |beside| room + beside))?;
        Ok(Opened { stream, ahead, counter: Box::new(Events::default()) })
    }

    fn publisher(&self, room: usize) -> Done<Opened> {
        let (stream, ahead) = self.enter(room, room)?;
        Ok(Opened { stream, ahead, counter: Box::new(Events::default()) })
    }

    fn publisher_hears(&self) -> bool {
        self.hears
    }

    fn say(&self, out: &mut Vec<u8>, _: usize, said: u64, _: usize) {
        say(out, self.run, said, said);
    }
}

/// The n-th command of a connection as its message, which makes the `change`-th change.
pub(super) fn say(out: &mut Vec<u8>, run: u64, n: u64, nth: u64) {
    let (object, x) = change(run, nth);
    let text = format!(
        r#"{{"type":"command","id":{},"command":{{"type":"update_object","name":"o{object:05}","patch":{{"x":{x:.6}}}}}}}"#,
        n + 1
    );
    frame::write(out, TEXT, text.as_bytes());
}

/// Which object the n-th command changes, and to what: never to what it is.
pub(super) fn change(run: u64, n: u64) -> (u64, f64) {
    let of_run = 100_000;
    (n % OBJECTS as u64, ((run % 190) * of_run + n % of_run) as f64 / 1e6 - 9.5)
}

/// The n-th presence of a connection.
pub(super) fn show(out: &mut Vec<u8>, n: u64) {
    let x = n % 100;
    let text = format!(r#"{{"type":"presence","pointer":{{"x":{x},"y":0.5,"z":0}},"selection":["o00000"]}}"#);
    frame::write(out, TEXT, text.as_bytes());
}

/// Counts every message of a connection: what clients of a session show comes several in one. A command that meets too
/// many others at once is told to come again, which is counted in `busy`.
#[derive(Debug, Default)]
pub(super) struct Messages {
    scanner: Scanner,
    heard: Counted,
}

impl Messages {
    pub(super) fn new(busy: Arc<AtomicU64>) -> Self {
        Self { scanner: Scanner::default(), heard: Counted { busy, ..Counted::default() } }
    }
}

#[derive(Debug, Default)]
struct Counted {
    heard: Heard,
    busy: Arc<AtomicU64>,
    /// A refusal as far as it has come, and how long it is.
    refusal: Vec<u8>,
    length: u64,
}

impl Counter for Messages {
    fn count(&mut self, bytes: &[u8]) -> Heard {
        self.scanner.scan(bytes, &mut self.heard);
        std::mem::take(&mut self.heard.heard)
    }
}

impl Visitor for Counted {
    fn frame(&mut self, opcode: u8, length: u64, start: &[u8]) -> bool {
        if opcode == CLOSE {
            self.heard.fault = Some(format!("a client was ended: {}", String::from_utf8_lossy(start)));
        }
        self.heard.events += u64::from(opcode == TEXT);
        self.refusal.clear();
        self.length = length;
        // As much of it as is shown.
        start.starts_with(br#"{"type":"rejecte"#)
    }

    fn part(&mut self, part: &[u8]) {
        self.refusal.extend_from_slice(part);
        if self.refusal.len() as u64 == self.length {
            let text = String::from_utf8_lossy(&self.refusal);
            if COME_AGAIN_LATER.iter().any(|code| text.contains(code)) {
                self.busy.fetch_add(1, Ordering::Relaxed);
            } else {
                self.heard.fault = Some(format!("a client was refused: {text}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_change_leaves_an_object_as_it_is() {
        let mut last = [f64::NAN; OBJECTS];
        for run in 0..5 {
            for n in 0..50 {
                let (object, x) = change(run, n);
                assert!(
                    (last[object as usize] - x).abs().is_nan() || (last[object as usize] - x).abs() > 1e-7
                );
                last[object as usize] = x;
            }
        }
        assert!(change(189, 99_999).1 <= 12.0 && change(0, 0).1 >= -12.0);
    }

    #[test]
    fn what_is_shown_is_counted_and_a_refusal_ends_it() {
        let served = |text: &str| [&[0x81, text.len() as u8], text.as_bytes()].concat();
        let mut counter = Messages::default();
        assert_eq!(counter.count(&served(r#"{"type":"presence","peers":[]}"#)).events, 1);
        assert!(counter.count(&served(r#"{"type":"rejected","id":1}"#)).fault.is_some());
        let (busy, later) =
            (Arc::default(), r#"{"type":"rejected","id":1,"problem":{"code":"log_unavailable"}}"#);
        assert!(Messages::new(Arc::clone(&busy)).count(&served(later)).fault.is_none());
        assert_eq!(busy.load(Ordering::Relaxed), 1);
    }
}
