//! Reading values that their field `type` tells apart, as serde's derive would with `tag = "type"`, at a
//! fraction of its cost: the tag is the first field of all that this crate writes, so what follows it is
//! read as what it is, without a copy of the whole in between, and each type is compiled for fewer readers,
//! which is a good part of what a page has to download.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::tree::Tree;

/// A type whose values are objects that are told apart by their field `type`.
pub(crate) trait Tagged: Sized {
    /// What a value is, for an error message.
    const WHAT: &'static str;

    /// The value with this tag, from its other fields. Fields that are not known are passed over.
    ///
    /// # Errors
    /// The reader's, and that the tag is not known.
    fn of<'de, D: Deserializer<'de>>(tag: &str, fields: D) -> Result<Self, D::Error>;
}

/// Reads a value of a tagged type: what its `Deserialize` does.
///
/// # Errors
/// The reader's; that there is no tag, or not a known one.
pub(crate) fn deserialize<'de, T: Tagged, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Reader(PhantomData))
}

/// Passes over the fields of a value that has none of its own.
///
/// # Errors
/// The reader's.
pub(crate) fn nothing<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    fields.deserialize_map(IgnoredAny).map(|_| ())
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut before = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key != "type" {
                before.push((key, map.next_value::<Tree>()?));
                continue;
            }
            let tag: String = map.next_value()?;
            if before.is_empty() {
                return T::of(&tag, MapAccessDeserializer::new(map));
            }
            while let Some(field) = map.next_entry()? {
                before.push(field);
            }
            return T::of(&tag, MapAccessDeserializer::new(Tree::entries(before))).map_err(A::Error::custom);
        }
        Err(A::Error::missing_field("type"))
    }
}
