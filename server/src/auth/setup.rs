//! How a server's flags become its rules.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::ValueEnum;
use thiserror::Error;

use super::keys::{KeyError, Keys};
use super::revoked::Revoked;
use super::role::Role;
use super::{Auth, Grant};
use crate::config::Config;

/// What may be done without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Anonymous {
    /// Nothing.
    None,
    /// Look at every session.
    View,
    /// Change what is in every session.
    Edit,
    /// Make and delete sessions as well.
    Own,
}

impl Anonymous {
    /// The role that it is.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::None => None,
            Self::View => Some(Role::View),
            Self::Edit => Some(Role::Edit),
            Self::Own => Some(Role::Own),
        }
    }
}

/// Flags that leave open who may do what, or keys that cannot be used.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Anybody could reach a server that asks nobody who they are.
    #[error(
        "{address} is reachable from other machines and nothing checks who asks: give keys for tokens \
         (--auth-secret-file or --auth-public-key), or say what may be done without (--anonymous ROLE, or \
         --allow-anonymous for everything), or listen on a loopback address"
    )]
    Unguarded {
        /// Where it would listen.
        address: SocketAddr,
    },
    /// Two flags say what may be done without a token.
    #[error(
        "--allow-anonymous allows everything without a token, and --anonymous says what: leave out one of the two"
    )]
    Contradiction,
    /// Nobody could do anything.
    #[error(
        "--anonymous none needs keys for tokens (--auth-secret-file or --auth-public-key): nobody could do anything"
    )]
    Nobody,
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What may be done without a token by those who reach `address`.
///
/// # Errors
/// [`SetupError`] where the flags leave it open or contradict one another.
pub fn anonymous(config: &Config, address: SocketAddr) -> Result<Option<Role>, SetupError> {
    let has_keys = config.auth_secret_file.is_some() || config.auth_public_key.is_some();
    match (config.anonymous, config.allow_anonymous) {
        (Some(_), true) => Err(SetupError::Contradiction),
        (Some(Anonymous::None), false) if !has_keys => Err(SetupError::Nobody),
        (Some(anonymous), false) => Ok(anonymous.role()),
        (None, true) => Ok(Some(Role::Own)),
        (None, false) if has_keys => Ok(None),
        (None, false) if address.ip().is_loopback() => Ok(Some(Role::Own)),
        (None, false) => Err(SetupError::Unguarded { address }),
    }
}

impl Auth {
    /// The rules of a server that listens on `address`, with the tokens that are `revoked`.
    ///
    /// # Errors
    /// [`SetupError`] where the flags leave open who may do what, or a key cannot be used.
    pub fn of(
        config: &Config,
        address: SocketAddr,
        revoked: impl Into<Arc<Revoked>>,
    ) -> Result<Self, SetupError> {
        let anonymous = anonymous(config, address)?;
        let keys = Keys::load(config.auth_secret_file.as_deref(), config.auth_public_key.as_deref())?;
        Ok(Self::new(keys, anonymous, revoked))
    }

    /// Whether everything of a session may be done without a token.
    pub(crate) fn is_open(&self) -> bool {
        self.anonymous.role() == Some(Role::Own)
    }

    /// Whether the holder of `grant` can have tokens for others made.
    pub(crate) fn shares(&self, grant: &Grant) -> bool {
        self.keys.can_sign() && grant.role().is_some_and(|role| role >= Role::Own)
    }
}
