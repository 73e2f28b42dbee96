//! What a token says, read strictly.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
pub use vws_core::model::Subject;
use vws_core::{DisplayName, Millis, SessionId};

use super::grant::{Grant, Scope};
use super::role::Role;

/// Bytes in a token.
pub const MAX_TOKEN_BYTES: usize = 4_096;
/// Characters in a token's id.
const TOKEN_ID_CHARS: usize = 64;
/// The latest end: the last millisecond of the year 9999.
pub const LATEST_SECONDS: u64 = 253_402_300_799;

/// What a token is known by when it is revoked: 1 to 64 characters of `A-Z a-z 0-9 . _ : -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(Arc<str>);

impl TokenId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        if (1..=TOKEN_ID_CHARS).contains(&value.len()) && value.bytes().all(allowed) {
            Ok(Self(value.into()))
        } else {
            Err(format!("it must have 1 to {TOKEN_ID_CHARS} characters of A-Z a-z 0-9 . _ : -"))
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The claims of a token (RFC 7519). What else there is in one is passed over: an issuer may have uses of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it is of.
    pub sub: String,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The session that it is for, or `*` for all.
    pub session: String,
    /// The role.
    pub role: String,
    /// When it ends, in seconds since the Unix epoch.
    pub exp: f64,
    /// When it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<f64>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<f64>,
    /// What it is known by.
    pub jti: String,
}

/// Why a token does not hold. The words never hold the token, nor anything of it that is not plain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// It is no token.
    #[error("it is no signed JWT of at most {MAX_TOKEN_BYTES} bytes")]
    Malformed,
    /// It is signed in a way that this server has no key for.
    #[error("it is signed with {found}, and this server takes {taken}")]
    Algorithm {
        /// How it is signed.
        found: String,
        /// What this server takes.
        taken: &'static str,
    },
    /// It is not signed with a key of this server.
    #[error("its signature is wrong")]
    Signature,
    /// A claim is missing or not what it must be.
    #[error("its claim {claim:?} is wrong: {detail}")]
    Claim {
        /// Which.
        claim: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// Its time is over.
    #[error("it ended at {}", moment(*.at))]
    Expired {
        /// When that was.
        at: Millis,
    },
    /// Its time has not come.
    #[error("it begins at {}", moment(*.from))]
    NotYet {
        /// When that will be.
        from: Millis,
    },
    /// It is over before its time.
    #[error("it was revoked")]
    Revoked,
}

impl TokenFault {
    /// The stable name of the fault.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed | Self::Algorithm { .. } | Self::Signature | Self::Claim { .. } => {
                "token_invalid"
            }
            Self::Expired { .. } => "token_expired",
            Self::NotYet { .. } => "token_not_yet_valid",
            Self::Revoked => "token_revoked",
        }
    }
}

/// A moment as RFC 3339 writes it.
fn moment(at: Millis) -> String {
    let seconds = i64::try_from(at / 1_000).unwrap_or(i64::MAX);
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    let text = time.and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok());
    text.unwrap_or_else(|| format!("{seconds} s"))
}

/// Seconds of a claim as milliseconds. Fractions are taken (RFC 7519 §2, NumericDate).
fn millis(claim: &'static str, seconds: f64) -> Result<Millis, TokenFault> {
    if (0.0..=LATEST_SECONDS as f64).contains(&seconds) {
        Ok((seconds * 1_000.0) as Millis)
    } else {
        let detail = format!("{seconds} is outside [0, {LATEST_SECONDS}] seconds");
        Err(TokenFault::Claim { claim, detail })
    }
}

impl Claims {
    /// What the holder may do, at `now`.
    pub(super) fn granted(&self, now: Millis) -> Result<Grant, TokenFault> {
        let wrong = |claim| move |detail: String| TokenFault::Claim { claim, detail };
        let subject = Subject::new(&self.sub).map_err(wrong("sub"))?;
        let name = self.name.as_deref().map(|name| DisplayName::new("name", name)).transpose();
        let name = name.map_err(|error| error.to_string()).map_err(wrong("name"))?;
        let scope = match self.session.as_str() {
            "*" => Scope::All,
            id => {
                let parsed =
                    id.parse::<SessionId>().map_err(|_| "it is neither * nor the id of a session".to_owned());
                Scope::Session(parsed.map_err(wrong("session"))?)
            }
        };
        let known = self.role.parse::<Role>();
        let role =
            known.map_err(|_| "it is none of view, edit, own and admin".to_owned()).map_err(wrong("role"))?;
        let id = self.jti.parse::<TokenId>().map_err(wrong("jti"))?;
        let until = millis("exp", self.exp)?;
        let from = self.nbf.map(|nbf| millis("nbf", nbf)).transpose()?;
        if until <= now {
            return Err(TokenFault::Expired { at: until });
        }
        if let Some(from) = from.filter(|from| *from > now) {
            return Err(TokenFault::NotYet { from });
        }
        Ok(Grant::of_token(subject, name, id, until, role, scope))
    }
}
