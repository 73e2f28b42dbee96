//! The live end of a session's log: what subscribers are written, and what they show each other.
//!
//! A server's frames are not masked, so a frame is the same bytes for everybody. Each event is encoded and framed once
//! for each encoding that somebody listens in; a connection is a place in those bytes, to which the session's hub
//! writes all that it lacks with one call of the system.
//!
//! # Layout
//! - [`Feed`]: what the store fills and readers follow.
//! - `ring`: the recent events and their frames, bounded; `chunk`: frames in contiguous pieces; `weight`: what an
//!   event takes.
//! - `cursor`: a place in those bytes; `member`: a connection, as its hub and its own task share it; `hub`: the writing
//!   to all members.
//! - `frame`: the frames of a server. `snapshot`: a state, encoded once for all who join.
//! - `presence`: what clients show of themselves; `across`: what those at other nodes show.

mod across;
mod chunk;
mod cursor;
mod follow;
pub(crate) mod frame;
mod hub;
mod member;
mod presence;
mod ring;
mod snapshot;
mod sync;
mod weight;

pub use across::NodeId;
pub(crate) use across::{Elsewhere, News, Page};
pub(crate) use chunk::View;
pub(crate) use cursor::Written;
pub use follow::{Feed, Subscription, Told};
pub(crate) use hub::{Circle, Connected, Unserved};
pub(crate) use member::Caught;
pub use presence::{PeerChanges, Peers, Seat};
pub use ring::Lagged;
pub use snapshot::{SnapshotCache, SnapshotFrames};
