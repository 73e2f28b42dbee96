//! One connection that follows a feed, as its hub and its own task share it.

use std::io;

use vws_core::Seq;
use vws_core::wire::Encoding;

use super::chunk::View;
use super::cursor::{Cursor, Sink, Written};
use super::ring::{Lagged, Ring};
use super::sync::{Mutex, Notify};

/// A connection that follows a feed. The hub writes to it what it lacks as soon as there is something, unless its own
/// task holds it: while it is sent a snapshot, while its socket is full, while it ends.
///
/// Whoever writes has the line, so that frames are never mixed; a write takes what the socket takes at once and
/// never waits for it.
#[derive(Debug)]
pub(crate) struct Member<S> {
    encoding: Encoding,
    line: Mutex<Line<S>>,
    /// Calls the connection's own task: it is held now, or the session ends.
    called: Notify,
}

#[derive(Debug)]
struct Line<S> {
    /// `None` once the connection has ended.
    sink: Option<S>,
    cursor: Cursor,
    /// The connection's own task sees to it that everything is written.
    held: bool,
    /// The head of which it was last told the digest.
    proven: Option<Seq>,
}

/// What came of a try to write a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// It has all of the view.
    Done,
    /// It had all of the view before, or is held.
    Passed,
    /// It lacks what comes before the view.
    Behind(Seq),
    /// It is held from now on.
    Held,
}

/// What came of a connection's own try.
#[derive(Debug)]
pub(crate) enum Caught {
    /// It has been sent all of its own, and the events up to the one that was named at least.
    Up,
    /// Its socket is full. It is held from now on.
    Full,
    /// Its next event is no longer there.
    Lagged(Lagged),
}

impl<S: Sink> Member<S> {
    /// A connection that has been sent nothing yet. It is held.
    pub(crate) fn new(encoding: Encoding, sink: S) -> Self {
        let line = Line { sink: Some(sink), cursor: Cursor::new(0), held: true, proven: None };
        Self { encoding, line: Mutex::new(line), called: Notify::new() }
    }

    /// In what it listens.
    pub(crate) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The last event that it has been sent, or will be before anything else.
    pub(crate) fn seen(&self) -> Seq {
        self.line.lock().cursor.seen()
    }

    /// Bytes of its own that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.line.lock().cursor.waiting()
    }

    /// Whether its own task has to see to its writing.
    pub(crate) fn is_held(&self) -> bool {
        self.line.lock().held
    }

    /// Keeps the hub from writing to it.
    pub(crate) fn hold(&self) {
        self.line.lock().held = true;
    }

    /// Goes on after the event `seen`, whatever it was sent before. It is held meanwhile.
    pub(crate) fn move_to(&self, seen: Seq) {
        let mut line = self.line.lock();
        debug_assert!(line.held, "nobody else writes meanwhile");
        line.cursor.move_to(seen);
    }

    /// Has frames of its own written, before the events that it lacks. Nothing is written yet.
    pub(crate) fn tell(&self, write: impl FnOnce(&mut Vec<u8>)) {
        write(self.line.lock().cursor.own());
    }

    /// Leaves the writing to the hub. Whoever calls this then asks whether the ring has gone on past what is
    /// answered, and rings for the hub if so: it may have passed this one over.
    #[must_use]
    pub(crate) fn hand_back(&self) -> Seq {
        let mut line = self.line.lock();
        line.held = false;
        line.cursor.seen()
    }

    /// Lets go of the socket.
    pub(crate) fn leave(&self) {
        let mut line = self.line.lock();
        line.held = true;
        line.sink = None;
    }

    pub(crate) fn has_left(&self) -> bool {
        self.line.lock().sink.is_none()
    }

    /// Calls its own task.
    pub(crate) fn call(&self) {
        self.called.notify_one();
    }

    /// What its own task is called by.
    pub(crate) fn called(&self) -> &Notify {
        &self.called
    }

    /// Writes bytes that are shared with others but are no events, from the byte `from` on, as far as the socket
    /// takes them at once: how many. What is its own must have been written. It is held meanwhile.
    ///
    /// # Errors
    /// What the socket fails with.
    pub(crate) fn pass_on(&self, bytes: &[u8]) -> io::Result<usize> {
        let line = self.line.lock();
        debug_assert!(line.held && line.cursor.waiting() == 0, "nothing of another frame is on its way");
        let Some(sink) = &line.sink else { return Err(io::ErrorKind::NotConnected.into()) };
        match sink.try_write(&[io::IoSlice::new(bytes)]) {
            Err(full) if full.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            other => other,
        }
    }

    /// Writes what is its own, as far as the socket takes it at once. Where that is not all, it is held from now on.
    ///
    /// # Errors
    /// What the socket fails with.
    pub(crate) fn flush(&self) -> io::Result<Written> {
        let mut line = self.line.lock();
        let mut nothing = View::default();
        nothing.empty(line.cursor.seen());
        let written = line.write(&nothing)?;
        line.held |= written == Written::Full;
        Ok(written)
    }

    /// Writes what is its own, and its events up to `to` at least, as far as the socket takes them at once.
    ///
    /// # Errors
    /// What the socket fails with.
    pub(crate) fn catch_up(&self, ring: &Ring, view: &mut View, to: Seq) -> io::Result<Caught> {
        loop {
            let seen = self.seen();
            if seen < to {
                if let Err(lagged) = ring.view(self.encoding, seen, view) {
                    return Ok(Caught::Lagged(lagged));
                }
            } else {
                view.empty(seen);
            }
            let mut line = self.line.lock();
            if line.write(view)? == Written::Full {
                line.held = true;
                return Ok(Caught::Full);
            }
            if line.cursor.seen() >= to {
                return Ok(Caught::Up);
            }
        }
    }

    /// The hub's try to write what it lacks up to the end of `view`; what comes before that it takes from a view of
    /// its own. Answers whether anything was written.
    pub(crate) fn bring_up(&self, ring: &Ring, view: &View, apart: &mut View) -> bool {
        let mut any = false;
        loop {
            match self.deliver(view) {
                Delivery::Passed => return any,
                Delivery::Done | Delivery::Held => return true,
                Delivery::Behind(seen) => {
                    if ring.view(self.encoding, seen, apart).is_err() {
                        self.hold();
                        self.call();
                        return any;
                    }
                    any |= self.deliver(apart) == Delivery::Done;
                    apart.empty(seen);
                }
            }
        }
    }

    fn deliver(&self, view: &View) -> Delivery {
        let mut line = self.line.lock();
        let seen = line.cursor.seen();
        if line.held || seen >= view.through() {
            return Delivery::Passed;
        }
        if seen < view.after() {
            return Delivery::Behind(seen);
        }
        // A fault is told to its own task, by its next try.
        if matches!(line.write(view), Ok(Written::All)) {
            return Delivery::Done;
        }
        line.held = true;
        drop(line);
        self.call();
        Delivery::Held
    }

    /// Tells the digest at `head`, if that is where it is; `again` although it was told before. Answers whether it
    /// has been told.
    pub(crate) fn prove(&self, head: Seq, frame: &[u8], again: bool) -> bool {
        let mut line = self.line.lock();
        if line.sink.is_none() || (line.proven == Some(head) && !again) {
            return true;
        }
        if line.held || line.cursor.seen() != head {
            return false;
        }
        line.proven = Some(head);
        line.cursor.own().extend_from_slice(frame);
        let mut nothing = View::default();
        nothing.empty(head);
        if !matches!(line.write(&nothing), Ok(Written::All)) {
            line.held = true;
            drop(line);
            self.call();
        }
        true
    }
}

impl<S: Sink> Line<S> {
    fn write(&mut self, view: &View) -> io::Result<Written> {
        match &self.sink {
            Some(sink) => self.cursor.write(view, sink),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}
