//! Identity: sessions, clients, and the counters that order a session's history.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::SessionError;
use crate::limits::CLIENT_ID_CHARS;

/// The place of an event in its session's log: the first event is 1 and each next one more. 0 is
/// the state before any event.
pub type Seq = u64;

/// Milliseconds since the Unix epoch.
pub type Millis = u64;

/// Changes when a session's history was lost or replaced, so that a seq of the old history cannot
/// be mistaken for one of the new.
pub type Epoch = u64;

/// Names a session: a UUID in lower-case hyphenated form. The server makes version 7, so that ids
/// sort by creation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(Uuid);

impl SessionId {
    /// Takes a UUID that the caller has made: this crate draws no random numbers.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID behind the id.
    #[must_use]
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = SessionError;

    fn from_str(s: &str) -> Result<Self, SessionError> {
        let invalid = || SessionError::IdInvalid { value: s.to_owned() };
        let uuid = Uuid::try_parse(s).map_err(|_| invalid())?;
        let mut buffer = Uuid::encode_buffer();
        if *uuid.as_hyphenated().encode_lower(&mut buffer) == *s { Ok(Self(uuid)) } else { Err(invalid()) }
    }
}

impl TryFrom<String> for SessionId {
    type Error = SessionError;

    fn try_from(s: String) -> Result<Self, SessionError> {
        s.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.to_string()
    }
}

/// Names one client of a session across its reconnects: 1 to [`CLIENT_ID_CHARS`] characters of
/// `A-Z a-z 0-9 . _ : -`. A client draws it at random (a UUID fits) and keeps it, since a retried
/// command is known by its client id and command id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(std::sync::Arc<str>);

impl ClientId {
    /// # Errors
    /// [`SessionError::ClientIdInvalid`] for any other length or character.
    pub fn new(value: &str) -> Result<Self, SessionError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        if (1..=CLIENT_ID_CHARS).contains(&value.len()) && value.bytes().all(allowed) {
            Ok(Self(value.into()))
        } else {
            Err(SessionError::ClientIdInvalid { value: value.to_owned() })
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ClientId {
    type Error = SessionError;

    fn try_from(s: String) -> Result<Self, SessionError> {
        Self::new(&s)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0.as_ref().to_owned()
    }
}
