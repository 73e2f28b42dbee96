//! The sessions of a server: thread-safe, each with a lock of its own.
//!
//! # Layout
//! - [`SessionStore`]: the set of sessions.
//! - `cold`, `load`: sessions that are in the log alone, and how they come into memory; `idle`: how they leave it; `turns` orders
//!   that.
//! - [`LiveSession`]: one session: its state, its feed, its peers. `commit`: its commit path, `draft`: that of several
//!   commands, `several`: that of what a connection has sent at once; `line`: who commits, and who waits to.
//!   `replica`: what other processes write to its log.
//! - `directory`: the set as other processes change it.
//! - `history`: its past: states as they were, what happened to an object, changes taken back.
//! - `transfer`: histories out of the log and into it. `assets`: the files that its objects show.
//! - `backup`: all of it, for a file.
//! - `reads`: how far sessions are known here, where others change them too.
//! - [`Lobby`]: the stream that tells which sessions there are.
//! - `receipts`: the outcomes of recent commands, so that a retry gets the first one.

mod assets;
mod backup;
mod cold;
mod commit;
mod directory;
mod draft;
mod error;
mod history;
mod idle;
mod line;
mod live;
mod load;
mod lobby;
mod reads;
mod receipts;
mod registry;
mod replica;
mod several;
mod sync;
mod transfer;
mod turns;

pub use cold::Known;
pub use error::StoreError;
pub use history::{Moment, ObjectHistory};
pub use live::{EventPage, Follower, LiveSession, Origin, Outcome, Request, Usage};
pub use lobby::{Lobby, LobbySubscription};
pub use registry::{SessionStore, StoreConfig};
pub use transfer::Kept;

use std::time::{SystemTime, UNIX_EPOCH};

use vws_core::Millis;

/// The machine's time.
#[must_use]
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
