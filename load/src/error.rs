//! Why a load did not come about.

use thiserror::Error;

/// Why a load did not come about, or was given up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    /// No server answers there, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
    /// The server does not do what the load asks for.
    #[error("{0}")]
    Refused(String),
    /// The load was told to stop.
    #[error("stopped")]
    Stopped,
}

impl LoadError {
    /// A connection that broke while something was done.
    pub fn broke(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Unreachable(format!("{what}: {why}"))
    }
}

/// What comes of a load.
pub type Done<T = ()> = Result<T, LoadError>;
