//! Why the store did not do what it was asked.

use thiserror::Error;
use vws_core::error::SessionError;
use vws_core::{Rejection, Seq, SessionId};

use crate::log::LogError;

/// Why the store did not do what it was asked. Nothing took effect.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StoreError {
    /// A rule of the model is broken.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// There are as many sessions as there may be.
    #[error("there are {max} sessions, the most allowed")]
    TooManySessions {
        /// The most allowed.
        max: usize,
    },
    /// As many clients follow the session as may.
    #[error("{max} clients follow session {session}, the most allowed")]
    TooManySubscribers {
        /// The session.
        session: SessionId,
        /// The most allowed.
        max: usize,
    },
    /// The command's id is older than the outcomes that are kept, so it cannot be told whether it is
    /// a retry.
    #[error("command {id} of this client is too old to be told from a retry; number new commands higher")]
    CommandIdExpired {
        /// The command's id.
        id: u64,
    },
    /// What was asked for is no longer kept.
    #[error("events up to {trimmed} are no longer kept; begin from a snapshot")]
    HistoryGone {
        /// The last event that is gone.
        trimmed: Seq,
    },
    /// The log does not take or give anything now.
    #[error("the log is not available: {0}")]
    LogUnavailable(String),
}

impl StoreError {
    pub(super) fn not_found(id: SessionId) -> Self {
        Self::Rejected(SessionError::NotFound { id }.into())
    }
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::NoSession(id) => Self::not_found(id),
            LogError::Trimmed { trimmed } => Self::HistoryGone { trimmed },
            other @ (LogError::SessionExists(_) | LogError::Conflict { .. } | LogError::Unavailable(_)) => {
                Self::LogUnavailable(other.to_string())
            }
        }
    }
}
