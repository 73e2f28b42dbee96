//! Who somebody is, and what they are trusted with.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::SUBJECT_BYTES;

/// What somebody is trusted with. Each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Role {
    /// Looks, and is seen.
    View,
    /// Changes what is in a session.
    Edit,
    /// Has the session: deletes it, and lets others in.
    Own,
    /// Runs the server.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::View, Self::Edit, Self::Own, Self::Admin];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Own => "own",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|role| role.name() == text);
        known.ok_or_else(|| {
            format!("{} is no role; the roles are view, edit, own and admin", crate::error::quoted(text))
        })
    }
}

/// Who somebody is, as the issuer of their token calls them: 1 to [`SUBJECT_BYTES`] bytes of UTF-8 without control
/// characters. The events of their commands carry it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(Arc<str>);

impl Subject {
    /// # Errors
    /// What is wrong, in words.
    pub fn new(value: &str) -> Result<Self, String> {
        match value.len() {
            1..=SUBJECT_BYTES if !value.chars().any(char::is_control) => Ok(Self(value.into())),
            1..=SUBJECT_BYTES => Err("it has control characters".to_owned()),
            length => Err(format!("it has {length} bytes, and 1 to {SUBJECT_BYTES} are taken")),
        }
    }

    /// The subject as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        Self::new(&value)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.as_str().to_owned()
    }
}
