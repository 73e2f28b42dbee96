//! The recent events of one session, and their frames.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;
use vws_core::wire::Encoding;
use vws_core::{EventRecord, Seq};

use super::chunk::{Batch, Frames, View};
use super::sync::Mutex;
use super::weight::weight;

/// Events that are encoded at once at most …
const BATCH_EVENTS: usize = 512;
/// … and about how many bytes of their records; never more than a quarter of what the ring may hold.
const BATCH_BYTES: usize = 256 * 1024;

/// The recent events of one session. Who follows it holds a place in it, never a queue of its own: however slow a
/// subscriber is, it costs the server nothing more.
///
/// An event is encoded when somebody first wants to see it, once for each encoding that somebody listens in, and not
/// under the lock that commits need.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Held to append a batch, or to copy out references.
    held: Mutex<Held>,
    /// Lets one at a time encode in an encoding, while others wait for what it makes.
    turns: [Mutex<()>; 2],
    max_events: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Held {
    records: VecDeque<Kept>,
    /// Of the records, about.
    bytes: usize,
    /// The last event that has fallen out.
    dropped: Seq,
    frames: [Frames; 2],
}

/// An event, and about how many bytes it takes.
#[derive(Debug)]
struct Kept {
    record: Arc<EventRecord>,
    weight: usize,
}

/// The next event of a subscriber has fallen out of the ring. It must begin again from a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the feed no longer has event {next}; its oldest is {oldest}")]
pub struct Lagged {
    /// The event that the subscriber needs.
    pub next: Seq,
    /// The oldest event that is there.
    pub oldest: Seq,
}

const fn place(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Json => 0,
        Encoding::MessagePack => 1,
    }
}

impl Ring {
    /// A ring that begins after the event `head` and keeps at most so many events and bytes. The newest event is
    /// always kept.
    pub(crate) fn new(head: Seq, max_events: usize, max_bytes: usize) -> Self {
        let frames = [Frames::new(head), Frames::new(head)];
        let held = Held { records: VecDeque::new(), bytes: 0, dropped: head, frames };
        Self { held: Mutex::new(held), turns: [Mutex::new(()), Mutex::new(())], max_events, max_bytes }
    }

    /// Appends a batch.
    pub(crate) fn push(&self, records: &[Arc<EventRecord>]) {
        let mut held = self.held.lock();
        for record in records {
            let weight = weight(record);
            held.bytes += weight;
            held.records.push_back(Kept { record: Arc::clone(record), weight });
        }
        held.keep_within(self.max_events, self.max_bytes);
    }

    /// The last event.
    pub(crate) fn head(&self) -> Seq {
        self.held.lock().head()
    }

    /// The last event that has fallen out.
    pub(crate) fn dropped(&self) -> Seq {
        self.held.lock().dropped
    }

    /// Bytes that are kept, about.
    pub(crate) fn bytes(&self) -> usize {
        self.held.lock().total()
    }

    /// Shows the frames of the events after `after`, as far as one view goes: at least one where there is any.
    ///
    /// # Errors
    /// [`Lagged`] when the next one has fallen out.
    pub(crate) fn view(&self, encoding: Encoding, after: Seq, view: &mut View) -> Result<(), Lagged> {
        loop {
            {
                let held = self.held.lock();
                if after < held.dropped {
                    return Err(Lagged { next: after + 1, oldest: held.dropped + 1 });
                }
                let frames = &held.frames[place(encoding)];
                let is_there = frames.before() <= after && after <= frames.last();
                let is_all = frames.last() == held.head() || frames.last() >= after + BATCH_EVENTS as Seq;
                if after >= held.head() {
                    view.empty(after);
                    return Ok(());
                }
                if is_there && is_all {
                    frames.show(after, view);
                    return Ok(());
                }
            }
            self.encode(encoding, after);
        }
    }

    /// Encodes some of what whoever has seen `after` lacks: what is nearest to the frames that are there.
    fn encode(&self, encoding: Encoding, after: Seq) {
        let _turn = self.turns[place(encoding)].lock();
        let most = BATCH_BYTES.min(self.max_bytes / 4);
        let (from, records) = self.held.lock().unencoded(encoding, after, most);
        if records.is_empty() {
            return;
        }
        let batch = Batch::encode(encoding, from, &records);
        let mut held = self.held.lock();
        held.frames[place(encoding)].take(batch);
        held.keep_within(self.max_events, self.max_bytes);
    }
}

impl Held {
    fn head(&self) -> Seq {
        self.dropped + self.records.len() as Seq
    }

    fn total(&self) -> usize {
        self.bytes + self.frames.iter().map(Frames::bytes).sum::<usize>()
    }

    fn keep_within(&mut self, max_events: usize, max_bytes: usize) {
        while self.records.len() > 1 && (self.records.len() > max_events || self.total() > max_bytes) {
            if let Some(oldest) = self.records.pop_front() {
                self.bytes -= oldest.weight;
                self.dropped = oldest.record.seq;
                self.frames.iter_mut().for_each(|frames| frames.drop_through(self.dropped));
            }
        }
    }

    /// Some events that have no frames yet, and the event that they follow.
    fn unencoded(&mut self, encoding: Encoding, after: Seq, most: usize) -> (Seq, Vec<Arc<EventRecord>>) {
        let (dropped, head) = (self.dropped, self.head());
        let frames = &mut self.frames[place(encoding)];
        if frames.is_empty() || frames.last() + BATCH_EVENTS as Seq <= after {
            // Nobody has listened in this encoding for a while.
            *frames = Frames::new(after.clamp(dropped, head));
        }
        let (before, last) = (frames.before(), frames.last());
        let index = |seq: Seq| usize::try_from(seq - dropped).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let mut fits = |kept: &&Kept| {
            let first = bytes == 0;
            bytes += kept.weight;
            first || bytes <= most
        };
        let share = |kept: &Kept| Arc::clone(&kept.record);
        if dropped <= after && after < before {
            let older = self.records.range(index(after)..index(before)).rev();
            let mut records: Vec<_> = older.take(BATCH_EVENTS).take_while(&mut fits).map(share).collect();
            records.reverse();
            return (before - records.len() as Seq, records);
        }
        let newer = self.records.range(index(last)..);
        (last, newer.take(BATCH_EVENTS).take_while(&mut fits).map(share).collect())
    }
}
