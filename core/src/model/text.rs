//! Text that people read and programs compare: names and labels.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{NameFault, ObjectError, SessionError};
use crate::limits::{DISPLAY_NAME_CHARS, OBJECT_NAME_BYTES, TEXT_CHARS};

/// The rules that every name shares. Nothing is trimmed or normalised: a name is taken as it is, or
/// refused.
fn check_name(value: &str) -> Result<(), NameFault> {
    // Nearly every name: letters, digits and marks of ASCII, which need no look into Unicode's tables.
    if value.bytes().all(|b| b.is_ascii_graphic()) && !value.is_empty() {
        return Ok(());
    }
    if value.is_empty() {
        return Err(NameFault::Empty);
    }
    if let Some(c) = value.chars().find(|c| c.is_control() || is_bidi_control(*c)) {
        return Err(NameFault::Character(c));
    }
    if value.trim() != value {
        return Err(NameFault::OuterSpace);
    }
    Ok(())
}

/// Unicode's `Bidi_Control` characters (UAX #9): they let a name look like another one.
pub(super) const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names an object in its session: 1 to [`OBJECT_NAME_BYTES`] bytes of UTF-8 in any script,
/// compared as bytes. Refused are control and bidi control characters, `/`, `\`, the names `.` and
/// `..`, and white space at either end. It is never a file path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName(Arc<str>);

impl ObjectName {
    /// # Errors
    /// [`ObjectError::NameInvalid`] with what is wrong.
    pub fn new(field: &str, value: &str) -> Result<Self, ObjectError> {
        let fault = match check_name(value) {
            Err(fault) => fault,
            Ok(()) if value.len() > OBJECT_NAME_BYTES => {
                NameFault::TooLong { length: value.len(), max: OBJECT_NAME_BYTES, unit: "bytes" }
            }
            Ok(()) => match value.bytes().find(|b| matches!(b, b'/' | b'\\')) {
                Some(b) => NameFault::Character(char::from(b)),
                None if matches!(value, "." | "..") => NameFault::Reserved,
                None => return Ok(Self(value.into())),
            },
        };
        Err(ObjectError::NameInvalid { field: field.to_owned(), value: value.to_owned(), fault })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ObjectName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The name of a session or of a person: 1 to [`DISPLAY_NAME_CHARS`] characters, no control or bidi
/// control characters, no white space at either end. It need not be unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(Arc<str>);

impl DisplayName {
    /// # Errors
    /// [`SessionError::NameInvalid`] with what is wrong.
    pub fn new(field: &str, value: &str) -> Result<Self, SessionError> {
        let length = value.chars().count();
        let fault = match check_name(value) {
            Err(fault) => fault,
            Ok(()) if length > DISPLAY_NAME_CHARS => {
                NameFault::TooLong { length, max: DISPLAY_NAME_CHARS, unit: "characters" }
            }
            Ok(()) => return Ok(Self(value.into())),
        };
        Err(SessionError::NameInvalid { field: field.to_owned(), value: value.to_owned(), fault })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an object says: up to [`TEXT_CHARS`] characters, line breaks allowed, other control and
/// bidi control characters refused. Empty means none, and takes no memory of its own: most objects say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(Option<Arc<str>>);

impl Label {
    /// # Errors
    /// [`ObjectError::TextInvalid`] with what is wrong.
    pub fn new(field: &str, value: &str) -> Result<Self, ObjectError> {
        let length = value.chars().count();
        let bad = |c: char| (c.is_control() && c != '\n') || is_bidi_control(c);
        let fault = if length > TEXT_CHARS {
            NameFault::TooLong { length, max: TEXT_CHARS, unit: "characters" }
        } else if let Some(c) = value.chars().find(|c| bad(*c)) {
            NameFault::Character(c)
        } else {
            return Ok(Self((!value.is_empty()).then(|| value.into())));
        };
        Err(ObjectError::TextInvalid { field: field.to_owned(), value: value.to_owned(), fault })
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

macro_rules! text_conversions {
    ($($name:ident, $error:ty, $field:literal;)*) => {$(
        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(s: String) -> Result<Self, $error> {
                Self::new($field, &s)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

text_conversions! {
    ObjectName, ObjectError, "name";
    DisplayName, SessionError, "name";
    Label, ObjectError, "text";
}
