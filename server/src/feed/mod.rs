//! The live end of a session's log: what subscribers read, and what they show each other.
//!
//! # Layout
//! - [`Feed`]: the recent events in a bounded ring; each [`Subscription`] is a place in it.
//! - `encoded`: an event or a snapshot, encoded once for all who read it.
//! - `presence`: what clients show of themselves.

mod encoded;
mod presence;
mod ring;

pub use encoded::{FeedEvent, SnapshotCache, SnapshotFrames};
pub use presence::{PeerChanges, Peers, Seat};
pub use ring::{Feed, Lagged, Subscription};
