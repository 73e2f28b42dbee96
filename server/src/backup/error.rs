//! Why a backup is not taken.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::VERSION;
use crate::log::LogError;

/// Why a backup is not taken.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is something else.
    #[error("{path} is no backup of vws", path = path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// A later version of vws wrote it.
    #[error("{path} has version {found} of its format; this version of vws reads {VERSION}", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: u32,
    },
    /// It is not what was written.
    #[error("{path} {damage}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// What is in it cannot be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// What is wrong with a backup, and where.
#[derive(Debug, Error)]
pub enum Damage {
    /// It has no end.
    #[error("ends after {at} bytes, in or after {entry}, before its manifest")]
    CutShort {
        /// How much of it is there.
        at: u64,
        /// The entry that it ends in or after.
        entry: String,
    },
    /// Something in it is not what was written.
    #[error("is damaged about byte {at}, in or after {entry}: {reason}")]
    Wrong {
        /// About where.
        at: u64,
        /// The entry that is damaged, or the last one before that.
        entry: String,
        /// What is wrong.
        reason: String,
    },
}

/// What was read cannot be kept.
#[derive(Debug, Error)]
pub enum KeepError {
    /// The system does not take it.
    #[error("cannot write {path}: {error}", path = path.display())]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The log does not take it.
    #[error(transparent)]
    Log(#[from] LogError),
}
