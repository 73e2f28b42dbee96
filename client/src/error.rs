//! What can go wrong.

use thiserror::Error;
use vws_core::{Problem, Rejection};

use crate::tls::TrustError;

/// Why there is no connection and none will be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The address is of another form.
    #[error("{0:?} is not an address of the form http(s)://host[:port]")]
    Address(String),
    /// There is nobody to believe that a server is the one that was asked for.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The server said that trying again is of no use, or is not the one that was asked for.
    #[error("the connection is closed for good: {0}")]
    Closed(String),
}

/// Why a command had no effect, or none that is known of.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SubmitError {
    /// Refused here, in the server's words; nothing was sent.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// Refused by the server.
    #[error("{}", .0.detail)]
    Rejected(Problem),
    /// The server no longer knows what became of the command, and did not do it again: it may have taken
    /// effect or not. The mirror shows what there is.
    #[error("the server no longer keeps the outcome of the command: it may have taken effect or not")]
    OutcomeUnknown,
    /// The client was closed before a verdict came: the command may have taken effect or not.
    #[error("the client was closed before the server's verdict came")]
    Closed,
}

impl SubmitError {
    /// The stable name of the broken rule; `closed` when there was no verdict.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(rejection) => rejection.code(),
            Self::Rejected(problem) => &problem.code,
            Self::OutcomeUnknown => Problem::COMMAND_ID_EXPIRED,
            Self::Closed => "closed",
        }
    }
}
