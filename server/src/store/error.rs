//! Why the store did not do what it was asked.

use thiserror::Error;
use vws_core::error::SessionError;
use vws_core::{Millis, Problem, Rejection, Seq, SessionId};

use crate::assets::AssetError;
use crate::log::LogError;
use crate::units::rfc3339;

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
    /// The command's id is not above those that came before, and no outcome of it is kept: a retry of it
    /// may have taken effect at its first try.
    #[error("what became of command {id} of this client is no longer known; number new commands higher")]
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
    /// The session has not come to that event yet.
    #[error("the session has no event {asked} yet; its last one is {head}")]
    NotYet {
        /// The event that was asked for.
        asked: Seq,
        /// The last one there is.
        head: Seq,
    },
    /// The session began later than the time that was asked for.
    #[error("the session began at {}, after {}", rfc3339(*began), rfc3339(*asked))]
    BeforeItBegan {
        /// The time that was asked for.
        asked: Millis,
        /// When it was created.
        began: Millis,
    },
    /// The session is a copy that begins later than the event that was asked for.
    #[error("the session began as a copy after event {origin}; it has no event {asked} of its own")]
    BeforeTheCopy {
        /// The event that was asked for.
        asked: Seq,
        /// The last one that the copy has of its origin.
        origin: Seq,
    },
    /// What is kept of the session is not what was written. It is not served; others are.
    #[error(
        "what is kept of session {session} is damaged: {reason}; vws doctor tells more and can repair it"
    )]
    SessionDamaged {
        /// The session.
        session: SessionId,
        /// What is wrong with it.
        reason: String,
    },
    /// A server of a later version has written something to the session that this one does not know.
    #[error(
        "a later version has changed session {session}, and this server does not know how: {reason}; upgrade it"
    )]
    SessionNewer {
        /// The session.
        session: SessionId,
        /// What it is that is not known.
        reason: String,
    },
    /// A file that objects show is not taken, or not there.
    #[error(transparent)]
    Asset(AssetError),
    /// The server has no memory for anything new.
    #[error("the server's memory is low: nothing new is begun, try again later")]
    MemoryLow,
    /// The log does not take or give anything now.
    #[error("the log is not available: {0}")]
    LogUnavailable(String),
    /// The log has not said what became of the change: it may have taken effect, or may take effect yet.
    #[error("it is not known whether the log has taken the change: {0}")]
    OutcomeUnknown(String),
    /// Other servers were faster each time that the change was decided.
    #[error("other servers change session {session} so often that this change did not come through")]
    Contended {
        /// The session.
        session: SessionId,
    },
    /// The session is not known here up to the event that the client has seen.
    #[error("the client has seen event {seen} of the session; this server knows it up to {head}")]
    Behind {
        /// The event that the client has seen.
        seen: Seq,
        /// The last one that is known here.
        head: Seq,
    },
}

impl StoreError {
    /// The task that was to end the commit has come to nothing, as the server ends perhaps: the log may have been given
    /// the batch.
    pub(super) fn commit_lost() -> Self {
        Self::OutcomeUnknown("the commit did not end".to_owned())
    }

    /// The stable name of what went wrong.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::TooManySessions { .. } => "too_many_sessions",
            Self::TooManySubscribers { .. } => "too_many_subscribers",
            Self::CommandIdExpired { .. } => Problem::COMMAND_ID_EXPIRED,
            Self::HistoryGone { .. } => "history_gone",
            Self::NotYet { .. } | Self::BeforeItBegan { .. } | Self::BeforeTheCopy { .. } => {
                "moment_not_found"
            }
            Self::SessionDamaged { .. } => "session_damaged",
            Self::SessionNewer { .. } => "session_newer",
            Self::Asset(error) => error.code(),
            Self::MemoryLow => "memory_low",
            Self::LogUnavailable(_) => "log_unavailable",
            Self::OutcomeUnknown(_) => "outcome_unknown",
            Self::Contended { .. } => "session_contended",
            Self::Behind { .. } => "server_behind",
        }
    }

    /// The error as it travels.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        match self {
            Self::Rejected(rejection) => rejection.to_problem(),
            // What the log says is for the operator, who finds it in the server's log.
            Self::LogUnavailable(_) => Problem {
                code: self.code().to_owned(),
                detail: "the server cannot keep changes now; nothing was changed, try again later".to_owned(),
                errors: Vec::new(),
            },
            Self::OutcomeUnknown(_) => Problem {
                code: self.code().to_owned(),
                detail: "it is not known whether the change took effect; send it again with the same id, which has no \
                         second effect, or look"
                    .to_owned(),
                errors: Vec::new(),
            },
            other => Problem { code: other.code().to_owned(), detail: other.to_string(), errors: Vec::new() },
        }
    }

    /// Refuses where a session is at none of the seqs that its client has seen.
    pub(super) fn unless_among(seqs: Option<&[Seq]>, actual: Seq) -> Result<(), Self> {
        match seqs {
            Some(seqs) if !seqs.contains(&actual) => {
                let expected = seqs.first().copied().unwrap_or_default();
                let target = "the session".to_owned();
                let changed = SessionError::VersionMismatch { target, expected, actual };
                Err(Self::Rejected(changed.into()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn not_found(id: SessionId) -> Self {
        Self::Rejected(SessionError::NotFound { id }.into())
    }
}

impl From<AssetError> for StoreError {
    fn from(error: AssetError) -> Self {
        match error {
            AssetError::Unavailable(why) => Self::LogUnavailable(why),
            other => Self::Asset(other),
        }
    }
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::NoSession(id) => Self::not_found(id),
            LogError::Trimmed { trimmed } => Self::HistoryGone { trimmed },
            LogError::Damaged { session, reason } => Self::SessionDamaged { session, reason },
            LogError::Newer { session, reason } => Self::SessionNewer { session, reason },
            LogError::Unavailable(why) => Self::LogUnavailable(why),
            LogError::Unsure(why) => Self::OutcomeUnknown(why),
            LogError::Contended(session) => Self::Contended { session },
            other @ (LogError::SessionExists(_) | LogError::Conflict { .. }) => {
                Self::LogUnavailable(other.to_string())
            }
        }
    }
}
