//! A connection's place in the feed, in bytes.

use std::io::{self, IoSlice};

use vws_core::Seq;

use super::chunk::{MOST_SLICES, View};

/// A buffer that has grown beyond this is given back once it is empty.
const KEPT: usize = 1024;

/// What bytes are written to, as many at once as it takes.
pub(crate) trait Sink {
    /// Writes some of the slices' bytes, in order, without waiting.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when it takes none now; any other when it never will.
    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Passes on what it has taken and kept back, without waiting.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when some of it has to wait; any other when it will never go.
    fn try_flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// How far a write came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// All that there was; the sink keeps nothing back.
    All,
    /// The sink takes no more now.
    Full,
}

/// What one connection has been sent: the events up to a seq, and behind them what is its own.
///
/// Frames of events are never copied, but for one whose first bytes were written when the sink was full: its rest
/// is kept here, so that it ends even when the ring has let go of it, and before anything else. A place is
/// therefore always between two frames.
#[derive(Debug)]
pub(crate) struct Cursor {
    seen: Seq,
    /// Bytes that are written before the frames after `seen`.
    own: Vec<u8>,
    /// How many of them have been written.
    done: usize,
}

impl Cursor {
    /// A place after the event `seen`.
    #[must_use]
    pub(crate) const fn new(seen: Seq) -> Self {
        Self { seen, own: Vec::new(), done: 0 }
    }

    /// The last event whose frame has been written, or will be before anything else.
    #[must_use]
    pub(crate) const fn seen(&self) -> Seq {
        self.seen
    }

    /// Goes on from another place.
    pub(crate) const fn move_to(&mut self, seen: Seq) {
        self.seen = seen;
    }

    /// Where to put frames of the connection's own, which come before the events after [`seen`](Self::seen).
    pub(crate) const fn own(&mut self) -> &mut Vec<u8> {
        &mut self.own
    }

    /// Bytes of its own that wait.
    #[must_use]
    pub(crate) const fn waiting(&self) -> usize {
        self.own.len() - self.done
    }

    /// Writes what is its own, and then the frames of the view that it lacks, in as few calls as the sink needs.
    ///
    /// # Errors
    /// What the sink fails with.
    pub(crate) fn write(&mut self, view: &View, sink: &impl Sink) -> io::Result<Written> {
        loop {
            let offset = view.offset(self.seen).unwrap_or(view.len());
            if self.waiting() == 0 && offset == view.len() {
                return match sink.try_flush() {
                    Ok(()) => Ok(Written::All),
                    Err(full) if full.kind() == io::ErrorKind::WouldBlock => Ok(Written::Full),
                    Err(failed) => Err(failed),
                };
            }
            let mut slices = [IoSlice::new(&[]); MOST_SLICES + 1];
            let own = Some(&self.own[self.done..]).filter(|own| !own.is_empty());
            let pieces = own.into_iter().chain(view.from(offset));
            let count =
                slices.iter_mut().zip(pieces).map(|(slot, piece)| *slot = IoSlice::new(piece)).count();
            match sink.try_write(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written, view, offset),
                Err(full) if full.kind() == io::ErrorKind::WouldBlock => return Ok(Written::Full),
                Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
                Err(failed) => return Err(failed),
            }
        }
    }

    fn advance(&mut self, written: usize, view: &View, offset: usize) {
        let own = written.min(self.waiting());
        self.done += own;
        if self.waiting() > 0 {
            return;
        }
        self.own.clear();
        self.own.shrink_to(KEPT);
        self.done = 0;
        if written > own {
            let (seen, rest) = view.reached(offset + written - own);
            self.seen = seen;
            if let Some(rest) = rest {
                (self.seen, self.own) = (seen + 1, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chunk::{Batch, Frames};
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::sync::Arc;
    use vws_core::wire::Encoding;
    use vws_core::{Event, EventRecord};

    /// Takes some bytes at each call, and none at every second one.
    struct Narrow {
        taken: RefCell<Vec<u8>>,
        at_once: usize,
        open: Cell<bool>,
    }

    impl Sink for Narrow {
        fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            if !self.open.replace(!self.open.get()) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let bytes: Vec<u8> = slices.iter().flat_map(|s| s.iter().copied()).take(self.at_once).collect();
            self.taken.borrow_mut().extend(&bytes);
            Ok(bytes.len())
        }
    }

    fn view(seqs: std::ops::RangeInclusive<Seq>) -> View {
        let record =
            |seq| EventRecord { seq, at: 0, by: None, subject: None, more: 0, event: Event::ObjectsCleared };
        let after = seqs.start() - 1;
        let records: Vec<_> = seqs.map(|seq| Arc::new(record(seq))).collect();
        let mut frames = Frames::new(after);
        frames.take(Batch::encode(Encoding::Json, after, &records));
        let mut view = View::default();
        frames.show(after, &mut view);
        view
    }

    fn bytes(view: &View) -> Vec<u8> {
        view.from(0).flatten().copied().collect()
    }

    #[test]
    fn feed3_what_is_its_own_goes_between_frames_wherever_a_write_ends() {
        let (first, second) = (view(1..=5), view(6..=9));
        for at_once in 1..=bytes(&first).len() + 10 {
            let sink = Narrow { taken: RefCell::default(), at_once, open: Cell::new(true) };
            let mut cursor = Cursor::new(0);
            // The view is gone after the first try: what of it has begun must still come to its end.
            let _ = cursor.write(&first, &sink).expect("is no fault");
            let seen = cursor.seen();
            cursor.own().extend_from_slice(b"<own>");
            cursor.move_to(5);
            let until = view_end(&first, seen);
            for _ in 0..2_000 {
                let _ = cursor.write(&second, &sink).expect("is no fault");
            }
            let expected = [&bytes(&first)[..until], b"<own>", &bytes(&second)].concat();
            assert_eq!(*sink.taken.borrow(), expected, "{at_once} bytes at once");
            assert_eq!((cursor.seen(), cursor.waiting()), (9, 0));
        }
    }

    fn view_end(view: &View, seen: Seq) -> usize {
        view.offset(seen).expect("is in the view")
    }

    /// Keeps all that it takes until it is flushed for the third time.
    struct Keeping {
        taken: Cell<usize>,
        flushes: Cell<u32>,
    }

    impl Sink for Keeping {
        fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            let bytes = slices.iter().map(|slice| slice.len()).sum();
            self.taken.set(self.taken.get() + bytes);
            Ok(bytes)
        }

        fn try_flush(&self) -> io::Result<()> {
            self.flushes.set(self.flushes.get() + 1);
            if self.flushes.get() < 3 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn tls8_what_a_sink_keeps_back_counts_as_not_written_and_is_not_given_to_it_again() {
        let sink = Keeping { taken: Cell::new(0), flushes: Cell::new(0) };
        let (all, mut cursor) = (view(1..=5), Cursor::new(0));
        for expected in [Written::Full, Written::Full, Written::All, Written::All] {
            assert_eq!(cursor.write(&all, &sink).expect("is no fault"), expected);
            assert_eq!((cursor.seen(), sink.taken.get()), (5, all.len()));
        }
    }

    #[test]
    fn a_sink_that_takes_nothing_is_broken() {
        struct Broken;
        impl Sink for Broken {
            fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
                Ok(0)
            }
        }
        let failed = Cursor::new(0).write(&view(1..=1), &Broken);
        assert_eq!(failed.map_err(|e| e.kind()), Err(io::ErrorKind::WriteZero));
    }
}
