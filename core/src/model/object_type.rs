//! What an object is.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::is_bidi_control;
use crate::error::{NameFault, ObjectError};
use crate::limits::OBJECT_TYPE_CHARS;

/// The kind of an object, written as one string. A string that is no known kind is a custom one: 1
/// to [`OBJECT_TYPE_CHARS`] characters, no control or bidi control characters, no outer white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ObjectType {
    /// Edges of one unit.
    Cube,
    /// Diameter of one unit.
    Sphere,
    /// Diameter and height of one unit, standing on its axis y.
    Cylinder,
    /// Base diameter and height of one unit, standing on its axis y.
    Cone,
    /// One by one unit, lying flat (normal +y).
    Plane,
    /// Outer diameter of one unit, lying flat.
    Torus,
    /// A point light of the object's colour.
    Light,
    /// A label that shows the object's text.
    Text,
    /// A glTF model; its address is the property `url`.
    Model,
    /// Anything else, for programs that know what it means.
    Custom(Arc<str>),
}

impl ObjectType {
    /// The kinds that have a name of their own, in the order of the documentation.
    pub const KNOWN: [Self; 9] = [
        Self::Cube,
        Self::Sphere,
        Self::Cylinder,
        Self::Cone,
        Self::Plane,
        Self::Torus,
        Self::Light,
        Self::Text,
        Self::Model,
    ];

    /// # Errors
    /// [`ObjectError::TypeInvalid`] with what is wrong.
    pub fn new(value: &str) -> Result<Self, ObjectError> {
        if let Some(known) = Self::KNOWN.into_iter().find(|k| k.as_str() == value) {
            return Ok(known);
        }
        let length = value.chars().count();
        let fault = if value.is_empty() {
            NameFault::Empty
        } else if length > OBJECT_TYPE_CHARS {
            NameFault::TooLong { length, max: OBJECT_TYPE_CHARS, unit: "characters" }
        } else if let Some(c) = value.chars().find(|c| c.is_control() || is_bidi_control(*c)) {
            NameFault::Character(c)
        } else if value.trim() != value {
            NameFault::OuterSpace
        } else {
            return Ok(Self::Custom(value.into()));
        };
        Err(ObjectError::TypeInvalid { value: value.to_owned(), fault })
    }

    /// The kind as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cube => "cube",
            Self::Sphere => "sphere",
            Self::Cylinder => "cylinder",
            Self::Cone => "cone",
            Self::Plane => "plane",
            Self::Torus => "torus",
            Self::Light => "light",
            Self::Text => "text",
            Self::Model => "model",
            Self::Custom(name) => name,
        }
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for ObjectType {
    type Error = ObjectError;

    fn try_from(s: String) -> Result<Self, ObjectError> {
        Self::new(&s)
    }
}

impl From<ObjectType> for String {
    fn from(kind: ObjectType) -> Self {
        kind.as_str().to_owned()
    }
}
