//! A log that several processes write to.
//!
//! Each of them decides on a replica of its own and appends what follows the last event that it has seen. The log takes
//! one batch and refuses the others with [`LogError::Conflict`]; whoever is refused reads what it lacks and decides
//! again. So the order in the log is the only one there is, and no process has to know of another.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use vws_core::{EventRecord, Millis, Seq, SessionId};

use super::{BoxFuture, Listed, LogError};

/// What has come to a history, whoever wrote it.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A batch that the log has taken, the next one.
    Batch(Vec<Arc<EventRecord>>),
    /// Something may have come that nobody told of: what there is is to be read.
    Gap,
    /// The history was deleted. Nothing follows.
    Ended,
}

/// What comes to one history, in its order. It ends only after [`Told::Ended`].
pub type Following = Pin<Box<dyn Stream<Item = Told> + Send>>;

/// What has become of the set of sessions, whoever did it.
#[derive(Debug, Clone, PartialEq)]
pub enum Sessions {
    /// There is a new one, or what lists tell of one has changed: its events count from time to time and not each.
    Listed(Listed),
    /// One was deleted.
    Deleted {
        /// Which.
        session: SessionId,
        /// When.
        at: Millis,
    },
    /// Something may have changed that nobody told of: all are to be listed.
    Gap,
}

/// What becomes of the set. It never ends.
pub type Directory = Pin<Box<dyn Stream<Item = Sessions> + Send>>;

/// What a log that several processes write to does beyond an [`EventLog`](super::EventLog).
///
/// Its [`append`](super::EventLog::append) refuses with [`LogError::Conflict`] what does not follow the last event of
/// all, and may end with [`LogError::Unsure`]. Its reads have all that was acknowledged to anybody.
pub trait SharedLog: Send + Sync {
    /// What comes to a history from now on, this process's own batches included. Whoever reads the history after this has
    /// answered misses nothing between.
    fn follow(&self, session: SessionId) -> BoxFuture<'_, Result<Following, LogError>>;

    /// What becomes of the set of sessions from now on, by this process as well. Whoever lists them after this has
    /// answered misses nothing between.
    fn directory(&self) -> BoxFuture<'_, Result<Directory, LogError>>;

    /// Removes all that is kept of a session whose last event is `at`; [`LogError::Conflict`] where it has another one.
    fn delete_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<(), LogError>>;

    /// Whether the log is within reach, as far as anybody knows.
    fn is_within_reach(&self) -> bool;
}
