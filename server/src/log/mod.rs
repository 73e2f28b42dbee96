//! Where a session's history is kept.
//!
//! # Layout
//! - [`EventLog`]: what the store asks of any log.
//! - [`MemoryLog`]: history that ends with the process.
//! - [`DiskLog`]: history in a data directory.
//! - [`NatsLog`](nats::NatsLog): history in NATS JetStream, which any number of processes write to.
//! - [`SharedLog`]: what it asks beyond that of a log that other processes write to as well.
//! - [`contract`]: the test suite that every log passes.

pub mod contract;
pub mod disk;
mod follow;
mod memory;
pub mod nats;
mod shared;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use thiserror::Error;
use vws_core::{EventRecord, Seq, SessionId, SessionInfo, Snapshot};

pub use disk::DiskLog;
pub use memory::MemoryLog;
pub use shared::{Directory, Following, Sessions, SharedLog, Told};

/// A future in a box: logs are chosen at run time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a log did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// The log has no such session.
    #[error("the log has no session {0}")]
    NoSession(SessionId),
    /// The log has such a session already.
    #[error("the log has a session {0} already")]
    SessionExists(SessionId),
    /// The batch does not follow what the log has. Nothing of it was taken.
    #[error("the batch follows event {expected}, the log's last one is {found}")]
    Conflict {
        /// The event that the batch follows.
        expected: Seq,
        /// The last event that the log has.
        found: Seq,
    },
    /// What was asked for has been folded into a snapshot.
    #[error("events up to {trimmed} are no longer kept")]
    Trimmed {
        /// The last event that is no longer there on its own.
        trimmed: Seq,
    },
    /// What is kept of the session is not what was written. The session is not served; others are.
    #[error("session {session} is damaged: {reason}")]
    Damaged {
        /// The session.
        session: SessionId,
        /// What is wrong with it.
        reason: String,
    },
    /// A process of a later version has written something to the session that this one does not know. The session is not
    /// served here; others are.
    #[error("session {session} has what this version does not know: {reason}")]
    Newer {
        /// The session.
        session: SessionId,
        /// What it is that is not known.
        reason: String,
    },
    /// The log cannot take anything now. Nothing of the batch was taken.
    #[error("the log is not available: {0}")]
    Unavailable(String),
    /// The log was given the batch and has not said what became of it: it may be there now, whole, or come yet, or not.
    #[error("it is not known whether the log has taken the batch: {0}")]
    Unsure(String),
    /// Other processes have written to the session each time that somebody tried, and the last time too. Nothing was
    /// taken.
    #[error("other processes write to session {0} so often that nothing else came through")]
    Contended(SessionId),
}

/// A state to go on from.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The state.
    pub snapshot: Snapshot,
    /// What the store keeps beside the state, up to the same event. A log never looks inside.
    pub memory: Arc<[u8]>,
}

/// A session as a list of all tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is, as of its last event.
    pub info: SessionInfo,
    /// Why it is not served, if it is not.
    pub damaged: Option<String>,
}

/// How a log is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The last change that it was given was refused, and that is not long ago.
    pub is_refusing: bool,
    /// What its open has found, where it outlives the process.
    pub recovered: Option<disk::Recovered>,
}

/// Holds a history as it is, until it is dropped.
pub type Hold = Box<dyn Send + Sync>;

/// Appends to one session, as [`EventLog::append`] does.
pub type Appender = Box<dyn Fn(Seq, &[Arc<EventRecord>]) -> Appending + Send + Sync>;

/// The outcome of an append, now or later.
pub enum Appending {
    /// The log has taken the batch, or has not.
    Done(Result<(), LogError>),
    /// The log will tell. Until then nothing of the batch may be acknowledged or shown.
    Later(BoxFuture<'static, Result<(), LogError>>),
}

impl std::fmt::Debug for Appending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(result) => f.debug_tuple("Done").field(result).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// The histories of all sessions, each a snapshot that it begins with, a dense sequence of
/// events that follow it, and at times a snapshot more.
///
/// A log decides nothing: it takes what follows, in order, and refuses what does not. Two batches of
/// one session are never appended at once; those of different sessions may be.
pub trait EventLog: Send + Sync + 'static {
    /// Begins the history of a session with what it is before the first event of it: empty at seq 0, or a
    /// copy of another session, whose history goes on from the seq of `base`.
    fn create(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>>;

    /// Takes `batch`, which follows the event `after`, whole or not at all. It is durable, at the
    /// level that the log runs at, once the outcome is there.
    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending;

    /// What appends to a session without looking for it among all others each time, where that is possible. It stays
    /// usable for as long as it is held; of a session that is deleted meanwhile it says so.
    fn appender(&self, _session: SessionId) -> Option<Appender> {
        None
    }

    /// At most `limit` events that follow `after`, in order; none when there is none yet.
    fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>>;

    /// Keeps `checkpoint` beside those that are there. Of many, a log may let go of some between the
    /// newest and the oldest.
    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>>;

    /// The newest checkpoint whose seq is at most `at`; the one that the history began with counts as one.
    ///
    /// [`LogError::Trimmed`] where all that is kept is newer.
    fn checkpoint_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>>;

    /// The state of [`checkpoint_at`](Self::checkpoint_at).
    fn snapshot_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<Snapshot, LogError>> {
        Box::pin(async move { Ok(self.checkpoint_at(session, at).await?.snapshot) })
    }

    /// Lets go of the events up to `through`, and of the snapshots before the newest one that is not after
    /// `through`. Events that no snapshot holds are kept all the same.
    fn trim(&self, session: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>>;

    /// Has nothing be let go of while the answer is held, so that what a reader has found as the begin of a history
    /// is there to its end: what [`trim`](Self::trim) is asked for meanwhile is left to the next time. Waits for one
    /// that is under way.
    fn hold(&self, session: SessionId) -> BoxFuture<'_, Result<Hold, LogError>>;

    /// Removes all that is kept of a session.
    fn delete(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>>;

    /// Every session, in the order of the ids.
    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>>;

    /// Makes all that was acknowledged durable and lets go of what the log holds of the system. Nothing is
    /// appended after.
    fn close(&self) -> BoxFuture<'_, Result<(), LogError>>;

    /// Begins a history as [`create`](Self::create) does that counts only once it is [`finish`](Self::finish)ed: a
    /// log that outlives the process lets go of it at its next open otherwise. It is in no list until then.
    fn begin(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        self.create(base)
    }

    /// Has a history count that was begun.
    fn finish(&self, _session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether all that the log has is in the memory of this process, so that nothing is won by a session's leaving
    /// it.
    fn is_in_memory(&self) -> bool {
        false
    }

    /// What there is to it beyond this where other processes write to it as well; `None` where all that is written comes
    /// from this one.
    fn shared(&self) -> Option<&dyn SharedLog> {
        None
    }

    /// How it is.
    fn health(&self) -> Health {
        Health::default()
    }

    /// Has what the log counts be told with the server's metrics.
    fn register(&self, _registry: &mut Registry) {}
}
