//! All that a server keeps in one file, and a data directory made of such a file.
//!
//! A backup is a tar archive in frames of zstd, so that `tar --zstd -tf` lists it. It is written and read as a stream:
//! at any time there is a page of events in memory, or a state, or a piece of a model.
//!
//! ```text
//! vws-backup.json                     what it is, and which version wrote it
//! sessions/<id>/base.msgpack          the state that the kept history begins with
//! sessions/<id>/checkpoint.msgpack    the newest state that the log had, with what became of recent commands
//! sessions/<id>/events-<seq>.msgpack  events, a page of them, from that seq on
//! assets/<sha256>.<extension>         a model, once for all sessions that have it
//! sessions/<id>/session.json          where the history ends, the digest there, and the models of the session
//! revoked, audit.jsonl                as in a data directory
//! manifest.json                       how much it is, and a sum over all before it
//! ```
//!
//! A session of which something is missing or that was deleted meanwhile ends with `left-out.json`, which says why.
//!
//! # Layout
//! - `frames`: the outer form. `write`: [`Job`] writes one.
//! - `read`: [`read()`] proves one, and hands what is in it on to a [`Keep`]. `error`: why it does not.
//! - `restore`: [`restore()`] makes a data directory.
//! - `fuzzing`: backups of any entries, for tests and fuzz targets.

mod error;
mod frames;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod keep;
mod read;
mod restore;
#[cfg(test)]
mod tests;
mod write;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vws_core::session::Digest;
use vws_core::{Millis, Seq, SessionId, SessionInfo};

use crate::assets::AssetId;
use crate::units::rfc3339;

pub use error::{Damage, KeepError, ReadError};
pub use keep::{Keep, Nothing};
pub use read::read;
pub use restore::{Epochs, RestoreError, restore};
pub use write::{Job, WriteError};

/// What a backup says of itself.
pub const FORMAT: &str = "vws.backup";
/// The version that is written; it and all before it are read.
pub const VERSION: u32 = 1;

const HEAD: &str = "vws-backup.json";
const REVOKED: &str = "revoked";
const AUDIT: &str = "audit.jsonl";
const MANIFEST: &str = "manifest.json";

/// What a backup that was taken then is called.
#[must_use]
pub fn file_name(taken_at: Millis) -> String {
    let plain: String = rfc3339(taken_at).chars().filter(char::is_ascii_alphanumeric).collect();
    format!("vws-{plain}.tar.zst")
}

/// The beginning of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    /// The program that wrote it.
    written_by: String,
    taken_at: Millis,
}

/// What a backup has of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// What the session is, as of the last event that is in the backup.
    pub session: SessionInfo,
    /// The seq of the state that its history begins with.
    pub from: Seq,
    /// The digest of the state after the last event.
    pub digest: Digest,
    /// Its models.
    pub assets: Vec<Model>,
}

/// A model that a session has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The hash of its content.
    pub id: String,
    /// What its file is called at the end.
    pub extension: String,
}

/// What a backup is not whole of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which session.
    pub session_id: SessionId,
    /// The model of it, where it is that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// Why.
    pub reason: String,
}

/// The end of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was begun.
    pub taken_at: Millis,
    /// Sessions that it has.
    pub sessions: u64,
    /// Their events.
    pub events: u64,
    /// Models that it has.
    pub models: u64,
    /// Revoked tokens that it has.
    pub revoked: u64,
    /// Entries of the record of who came.
    pub audit: u64,
    /// Bytes of all that, before they are compressed.
    pub bytes: u64,
    /// What is damaged on the server and could not be taken. Sessions that were deleted meanwhile are not in here.
    pub left_out: Vec<LeftOut>,
    /// Over the name, the length and the SHA-256 of each entry before this one, in their order.
    pub sha256: String,
}

/// The sum over all entries.
#[derive(Default)]
struct Sums {
    all: Sha256,
    bytes: u64,
}

impl Sums {
    fn add(&mut self, path: &str, length: u64, sum: [u8; 32]) {
        self.all.update(path.as_bytes());
        self.all.update([0]);
        self.all.update(length.to_le_bytes());
        self.all.update(sum);
        self.bytes += length;
    }

    fn end(self) -> String {
        hex(&self.all.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write as _;
        // A string takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn of_session(id: SessionId, name: &str) -> String {
    format!("sessions/{id}/{name}")
}

fn of_asset(id: AssetId, extension: &str) -> String {
    format!("assets/{id}.{extension}")
}
