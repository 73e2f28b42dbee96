//! What carries messages, keys and files between the nodes.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use thiserror::Error;
use tokio::sync::watch;

use crate::log::BoxFuture;

/// Something was not done, or it is not known whether it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the other nodes are out of reach: {0}")]
pub struct BusError(pub String);

/// What is told on a subject, in the order in which each node has told it; some of it may be lost. It ends with the
/// process alone.
pub type Messages = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// What becomes of a table. It may end where its source is lost; whoever goes on watches anew.
pub type Changes = Pin<Box<dyn Stream<Item = Change> + Send>>;

/// Keys with a value each, which outlive all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// The tokens that are over before their time.
    Revoked,
    /// Which session has which model.
    Models,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 2] = [Self::Revoked, Self::Models];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Models => "models",
        }
    }
}

/// What is told of a table: first all that is in it, then what changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The key has this value now.
    Put {
        /// The key.
        key: String,
        /// Its value.
        value: Bytes,
    },
    /// The key is gone.
    Removed {
        /// The key.
        key: String,
    },
    /// All that was in the table when it began to be watched has been told.
    Current,
}

/// What carries messages, keys and files between the nodes: all of it beside the log, which alone says what has
/// happened in a session.
///
/// A key is made of words of `A-Z a-z 0-9 _ -` with full stops between them; a name of a subject or file too.
pub trait Bus: Send + Sync + 'static {
    /// Tells a message to every node that listens to `subject`, this one included, at most once. Never waits: what
    /// cannot be sent now is lost.
    fn publish(&self, subject: &str, message: Bytes);

    /// What is told on `subject` once this has answered. While this node is cut off it is told nothing, and later nothing
    /// of that time.
    fn subscribe(&self, subject: &str) -> BoxFuture<'_, Result<Messages, BusError>>;

    /// Gives a key its value. It is there for all nodes, over the end of all of them, once this has answered; where it
    /// fails it may be there as well.
    fn put(&self, table: Table, key: String, value: Bytes) -> BoxFuture<'_, Result<(), BusError>>;

    /// Removes a key, whether it is there or not.
    fn remove(&self, table: Table, key: String) -> BoxFuture<'_, Result<(), BusError>>;

    /// The keys of a table of which every word is the one of `filter` at its place, or `filter` has `*` there, with their
    /// values: all that anybody has put before this was asked.
    fn rows(&self, table: Table, filter: String) -> BoxFuture<'_, Result<Vec<(String, Bytes)>, BusError>>;

    /// What is in a table and what becomes of it, nothing left out, whatever is cut off meanwhile.
    fn watch(&self, table: Table) -> BoxFuture<'_, Result<Changes, BusError>>;

    /// Keeps a file for all nodes under a name, whole or not at all.
    fn put_file(&self, name: String, content: Bytes) -> BoxFuture<'_, Result<(), BusError>>;

    /// The file of that name; `None` where there is none.
    fn file(&self, name: String) -> BoxFuture<'_, Result<Option<Bytes>, BusError>>;

    /// Whether there is a file of that name.
    fn has_file(&self, name: String) -> BoxFuture<'_, Result<bool, BusError>>;

    /// Removes a file, whether it is there or not.
    fn remove_file(&self, name: String) -> BoxFuture<'_, Result<(), BusError>>;

    /// Whether the others are within reach, as far as anybody knows, from now on.
    fn reach(&self) -> watch::Receiver<bool>;
}

impl std::fmt::Debug for dyn Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").field("within_reach", &*self.reach().borrow()).finish_non_exhaustive()
    }
}

/// Whether a key passes a filter of [`Bus::rows`].
pub(super) fn passes(filter: &str, key: &str) -> bool {
    let (mut wanted, mut words) = (filter.split('.'), key.split('.'));
    loop {
        match (wanted.next(), words.next()) {
            (None, None) => return true,
            (Some(wanted), Some(word)) if wanted == "*" || wanted == word => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_words_at_their_places() {
        for (filter, key, expected) in [
            ("a.b", "a.b", true),
            ("*.b", "a.b", true),
            ("a.*", "a.b", true),
            ("*", "a", true),
            ("*", "a.b", false),
            ("a.*", "a", false),
            ("*.c", "a.b", false),
        ] {
            assert_eq!(passes(filter, key), expected, "{filter} {key}");
        }
    }
}
