//! What is recorded of a run.

use std::sync::atomic::{AtomicU64, Ordering};

use vws_core::session::Digest;
use vws_core::{EventRecord, Object, Seq, Session};
use xxhash_rust::xxh3::xxh3_64;

/// A moment of a run: one that was taken before another one is smaller, whichever task took it.
pub type Tick = u64;

/// Gives moments out.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// The next moment.
    pub fn tick(&self) -> Tick {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// A wish to change something. Its events have a mark that no other wish has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Who asked: its client id over WebSocket, another name over REST.
    pub client: String,
    /// The content that tells its events from all others.
    pub mark: String,
    /// A moment before it was sent.
    pub invoked: Tick,
    /// What it was told.
    pub outcome: Outcome,
    /// How often it may have taken effect where nobody knows: once, and once more for each end of the server that
    /// a retry under an `Idempotency-Key` has outlived (IDEM3).
    pub tries: u32,
}

/// What became of a wish, as its client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Done {
        /// A moment after that was told.
        returned: Tick,
        /// Its last event.
        seq: Seq,
        /// How many it has.
        events: u32,
        /// Its number among those of its client; none over REST.
        id: Option<u64>,
    },
    /// It was refused, with this code, and has had no effect.
    Refused(String),
    /// Nobody knows: it has taken effect or not.
    Unknown,
}

/// What somebody saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// A moment before it was asked for.
    pub invoked: Tick,
    /// A moment after it was there.
    pub returned: Tick,
    /// What was there.
    pub seen: Seen,
}

/// What there is to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The seq of a session's last event.
    Head(Seq),
    /// The whole state.
    State(Seq, Digest),
    /// One object, or that there is none, as [`fingerprint`] of it.
    Object(String, Option<u64>),
}

/// Events as they came, one after the other, across all connections of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stream {
    /// Whose.
    pub name: String,
    /// The seq that it was to go on from.
    pub after: Seq,
    /// Each event's seq, and the [`fingerprint`] of the whole record.
    pub events: Vec<(Seq, u64)>,
}

/// A client's state at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Whose.
    pub name: String,
    /// Its last event.
    pub seq: Seq,
    /// Its digest.
    pub digest: Digest,
    /// Its canonical JSON.
    pub json: Vec<u8>,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct History {
    /// What the log begins with.
    pub base: Session,
    /// The server's log, read at the end.
    pub log: Vec<EventRecord>,
    /// In any order.
    pub writes: Vec<Write>,
    /// In any order.
    pub reads: Vec<Read>,
    /// All that followed events.
    pub streams: Vec<Stream>,
    /// All that had a state, the server included.
    pub mirrors: Vec<Mirror>,
    /// When the server ended, each time.
    pub ends: Vec<Tick>,
}

/// The property that carries a wish's mark.
pub const MARK: &str = "w";

/// A hash of a record.
#[must_use]
pub fn fingerprint(record: &EventRecord) -> u64 {
    xxh3_64(&vws_core::wire::canonical_json(record))
}

/// A hash of an object.
#[must_use]
pub fn fingerprint_of(object: &Object) -> u64 {
    xxh3_64(&vws_core::wire::canonical_json(object))
}
