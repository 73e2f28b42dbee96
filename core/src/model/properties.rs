//! User data on an object. It is carried and compared, never interpreted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{NameFault, ObjectError};
use crate::limits::{PROPERTIES_BYTES, PROPERTY_COUNT};

/// One value of an object's properties: a JSON scalar other than null (null removes a property).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A finite number; whole numbers stay whole.
    Number(serde_json::Number),
    /// A string, any characters.
    String(Arc<str>),
}

impl Scalar {
    /// Bytes of the value as JSON.
    pub(crate) fn json_bytes(&self) -> usize {
        // A scalar always encodes: its numbers are finite and its strings are UTF-8.
        serde_json::to_string(self).map_or(0, |json| json.len())
    }
}

/// By hand, since an untagged enum would take the value apart twice and report nothing of use.
impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }
            fn visit_bool<E>(self, v: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Scalar, E> {
                // One form for one number: JSON reads 5 as unsigned, MessagePack may not.
                Ok(Scalar::Number(u64::try_from(v).map_or_else(|_| v.into(), Into::into)))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(v.into()))
            }
            fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Scalar, E> {
                serde_json::Number::from_f64(v + 0.0)
                    .map(Scalar::Number)
                    .ok_or_else(|| E::custom(format_args!("{v} is not a finite number")))
            }
            fn visit_str<E>(self, v: &str) -> Result<Scalar, E> {
                Ok(Scalar::String(v.into()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The key of a property: 1 to 128 bytes of UTF-8, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PropertyKey(Arc<str>);

impl PropertyKey {
    /// Bytes of UTF-8 in a key.
    pub const MAX_BYTES: usize = 128;

    /// # Errors
    /// [`ObjectError::PropertyInvalid`] with what is wrong.
    pub fn new(value: &str) -> Result<Self, ObjectError> {
        let fault = if value.is_empty() {
            NameFault::Empty
        } else if value.len() > Self::MAX_BYTES {
            NameFault::TooLong { length: value.len(), max: Self::MAX_BYTES, unit: "bytes" }
        } else if let Some(c) = value.chars().find(|c| c.is_control()) {
            NameFault::Character(c)
        } else {
            return Ok(Self(value.into()));
        };
        Err(ObjectError::PropertyInvalid { key: value.to_owned(), fault })
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PropertyKey {
    type Error = ObjectError;

    fn try_from(s: String) -> Result<Self, ObjectError> {
        Self::new(&s)
    }
}

impl From<PropertyKey> for String {
    fn from(key: PropertyKey) -> Self {
        key.0.as_ref().to_owned()
    }
}

/// An object's properties: at most [`PROPERTY_COUNT`] entries and [`PROPERTIES_BYTES`] bytes.
///
/// Most objects have none, so that case holds nothing at all; others have a few, which lie beside each other in the
/// order of their keys' bytes. A `BTreeMap` has room for eleven from the first on: half a kilobyte an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "BTreeMap<PropertyKey, Scalar>")]
pub struct Properties(Option<Arc<[(PropertyKey, Scalar)]>>);

impl Properties {
    /// # Errors
    /// [`ObjectError::TooManyProperties`] or [`ObjectError::PropertiesTooLarge`].
    pub fn new(entries: BTreeMap<PropertyKey, Scalar>) -> Result<Self, ObjectError> {
        if entries.is_empty() {
            return Ok(Self(None));
        }
        if entries.len() > PROPERTY_COUNT {
            return Err(ObjectError::TooManyProperties { count: entries.len(), max: PROPERTY_COUNT });
        }
        let bytes: usize = entries.iter().map(|(k, v)| k.as_str().len() + v.json_bytes()).sum();
        if bytes > PROPERTIES_BYTES {
            return Err(ObjectError::PropertiesTooLarge { bytes, max: PROPERTIES_BYTES });
        }
        Ok(Self(Some(entries.into_iter().collect())))
    }

    /// The entries in the order of their keys' bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&PropertyKey, &Scalar)> {
        self.0.iter().flat_map(|entries| entries.iter()).map(|(key, value)| (key, value))
    }

    /// The value of one key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Scalar> {
        let entries = self.0.as_deref()?;
        let at = entries.binary_search_by(|(its, _)| its.as_str().cmp(key)).ok()?;
        Some(&entries[at].1)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |entries| entries.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The entries after `changes`: a value sets its key, `None` removes it.
    #[must_use]
    pub(crate) fn merged(
        &self,
        changes: &BTreeMap<PropertyKey, Option<Scalar>>,
    ) -> BTreeMap<PropertyKey, Scalar> {
        let mut entries: BTreeMap<_, _> =
            self.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        for (key, value) in changes {
            match value {
                Some(value) => entries.insert(key.clone(), value.clone()),
                None => entries.remove(key),
            };
        }
        entries
    }

    /// The entries after `changes`, which `decide` has checked. Kept as they were should the
    /// changes not fit after all: `apply` is total.
    pub(crate) fn merge(&mut self, changes: &BTreeMap<PropertyKey, Option<Scalar>>) {
        if let Ok(merged) = Self::new(self.merged(changes)) {
            *self = merged;
        }
    }
}

impl TryFrom<BTreeMap<PropertyKey, Scalar>> for Properties {
    type Error = ObjectError;

    fn try_from(entries: BTreeMap<PropertyKey, Scalar>) -> Result<Self, ObjectError> {
        Self::new(entries)
    }
}

impl Serialize for Properties {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
