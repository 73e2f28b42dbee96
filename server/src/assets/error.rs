//! Why assets are not taken, kept or given.

use thiserror::Error;
use vws_core::SessionId;

use super::AssetId;
use crate::units::ByteSize;

/// Why assets are not taken, kept or given. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssetError {
    /// The file is no model that stands by itself.
    #[error("the file is no model that can be kept: {0}")]
    Invalid(String),
    /// The session has no such asset.
    #[error("session {session} has no asset {asset}")]
    NotFound {
        /// The session.
        session: SessionId,
        /// What was asked for.
        asset: AssetId,
    },
    /// The session has as many assets as it may have.
    #[error("the session has {max} assets, the most allowed")]
    TooMany {
        /// The most allowed.
        max: usize,
    },
    /// The assets of the session, or those of all, would have more bytes than they may have.
    #[error("{more} bytes beside the {kept} that the assets of {whose} have are more than {max}")]
    TooLarge {
        /// Bytes of the new one.
        more: u64,
        /// Bytes of those there are.
        kept: u64,
        /// Whose they are, for a person.
        whose: &'static str,
        /// The most allowed.
        max: ByteSize,
    },
    /// The disk does not take or give anything now.
    #[error("assets cannot be kept or read: {0}")]
    Unavailable(String),
}

impl AssetError {
    /// The stable name of what went wrong.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "asset_invalid",
            Self::NotFound { .. } => "asset_not_found",
            Self::TooMany { .. } => "too_many_assets",
            Self::TooLarge { .. } => "too_many_asset_bytes",
            // As for all that the data directory does not take.
            Self::Unavailable(_) => "log_unavailable",
        }
    }
}

impl From<std::io::Error> for AssetError {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
