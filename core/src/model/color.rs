//! Colours.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::ObjectError;

/// An opaque sRGB colour, written `#rrggbb`. Upper-case digits are taken and written back in lower
/// case, so that equal colours have equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color([u8; 3]);

impl Color {
    /// What an object has when its creator names no colour.
    pub const DEFAULT: Self = Self([0x5b, 0x8d, 0xef]);

    /// Red, green and blue.
    #[must_use]
    pub const fn rgb(self) -> [u8; 3] {
        self.0
    }

    /// # Errors
    /// [`ObjectError::ColorInvalid`] for anything but `#` and six hexadecimal digits.
    pub fn new(field: &str, value: &str) -> Result<Self, ObjectError> {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let parse = || match value.as_bytes() {
            [b'#', digits @ ..] if digits.len() == 6 => {
                let mut rgb = [0; 3];
                for (channel, pair) in rgb.iter_mut().zip(digits.chunks_exact(2)) {
                    *channel = digit(pair[0])? * 16 + digit(pair[1])?;
                }
                Some(Self(rgb))
            }
            _ => None,
        };
        parse().ok_or_else(|| ObjectError::ColorInvalid { field: field.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl TryFrom<String> for Color {
    type Error = ObjectError;

    fn try_from(s: String) -> Result<Self, ObjectError> {
        Self::new("color", &s)
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        color.to_string()
    }
}
