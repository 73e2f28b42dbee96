//! Typed values out of a [`Tree`], with a pointer and a typed error for each fault.

use std::fmt;

use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::tree::Tree;
use crate::error::{FieldError, Rejection, RequestError, quoted};
use crate::limits::SAFE_INTEGER;
use crate::reduce::pointer_token;

/// A fault in the form of a value.
#[derive(Debug)]
pub struct ParseError(Box<FieldError>);

impl ParseError {
    pub(super) fn new(error: RequestError) -> Self {
        Self(Box::new(FieldError { pointer: String::new(), error: error.into() }))
    }

    pub(super) fn inside(mut self, token: &str) -> Self {
        self.0.pointer.insert_str(0, &format!("/{}", pointer_token(token)));
        self
    }
}

impl From<ParseError> for Rejection {
    fn from(error: ParseError) -> Self {
        Self::at(error.0.pointer, error.0.error)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl std::error::Error for ParseError {}

impl serde::de::Error for ParseError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(RequestError::Invalid { detail: message.to_string() })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        let found = match found {
            Unexpected::Str(text) => Tree::String(text.to_owned()).kind(),
            Unexpected::Unit | Unexpected::Option => Tree::Null.kind(),
            Unexpected::Map => "an object".to_owned(),
            Unexpected::Seq => "an array".to_owned(),
            Unexpected::Bool(v) => Tree::Bool(v).kind(),
            Unexpected::Unsigned(v) => Tree::Unsigned(v).kind(),
            Unexpected::Signed(v) => Tree::Signed(v).kind(),
            Unexpected::Float(v) => Tree::Float(v).kind(),
            other => other.to_string(),
        };
        Self::new(RequestError::TypeMismatch { expected: in_plain_words(&expected.to_string()), found })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(RequestError::UnknownField { field: field.to_owned(), expected }).inside(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(RequestError::MissingField { field: field.to_owned() }).inside(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(RequestError::DuplicateKey { field: field.to_owned() }).inside(field)
    }

    fn unknown_variant(value: &str, expected: &'static [&'static str]) -> Self {
        Self::new(RequestError::UnknownType { value: value.to_owned(), expected })
    }
}

/// What serde's own visitors call by the names of Rust's types, as a client in any language knows it.
fn in_plain_words(expected: &str) -> String {
    match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        other => other,
    }
    .to_owned()
}

impl<'de> Deserializer<'de> for Tree {
    type Error = ParseError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParseError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(v) => visitor.visit_bool(v),
            Self::Unsigned(v) => visitor.visit_u64(v),
            Self::Signed(v) => visitor.visit_i64(v),
            Self::Float(v) => visitor.visit_f64(v),
            Self::String(v) => visitor.visit_string(v),
            Self::Array(items) => visitor.visit_seq(Items { items: items.into_iter(), index: 0 }),
            Self::Object(entries) => visitor.visit_map(Self::entries(entries)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParseError> {
        match self {
            Self::Null => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ParseError> {
        visitor.visit_newtype_struct(self)
    }

    /// A named struct is an object. serde would also take an array of the fields in order, which no
    /// client means.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParseError> {
        match self {
            Self::Object(_) => self.deserialize_any(visitor),
            other => Err(other.not_an_object()),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParseError> {
        self.whole().deserialize_any(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParseError> {
        self.whole().deserialize_any(visitor)
    }

    /// The enums among the wire types have no content: each is the string of its name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParseError> {
        match self {
            Self::String(v) => {
                StringDeserializer::<ParseError>::new(v).deserialize_enum(name, variants, visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl Tree {
    /// The fields of an object, for a reader.
    pub(super) fn entries(fields: Vec<(String, Self)>) -> Entries {
        Entries { entries: fields.into_iter(), value: None }
    }

    /// What the value is, for an error message.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(v) => format!("the boolean {v}"),
            Self::Unsigned(v) => format!("the number {v}"),
            Self::Signed(v) => format!("the number {v}"),
            Self::Float(v) => format!("the number {v}"),
            Self::String(v) => format!("the string {}", quoted(v)),
            Self::Array(_) => "an array".to_owned(),
            Self::Object(_) => "an object".to_owned(),
        }
    }

    /// A whole number however it is written: to JSON Schema, and to many clients, 5.0 is the integer 5.
    fn whole(self) -> Self {
        match self {
            Self::Float(v) if v.fract() == 0.0 && (0.0..=SAFE_INTEGER as f64).contains(&v) => {
                Self::Unsigned(v as u64)
            }
            other => other,
        }
    }

    pub(crate) fn not_an_object(&self) -> ParseError {
        ParseError::new(RequestError::TypeMismatch { expected: "an object".to_owned(), found: self.kind() })
    }
}

struct Items {
    items: std::vec::IntoIter<Tree>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = ParseError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ParseError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(item).map(Some).map_err(|e| e.inside(&index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

pub(super) struct Entries {
    entries: std::vec::IntoIter<(String, Tree)>,
    value: Option<(String, Tree)>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = ParseError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ParseError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let read = seed.deserialize(StrDeserializer::<ParseError>::new(&key))?;
        self.value = Some((key, value));
        Ok(Some(read))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ParseError> {
        let (key, value) = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(value).map_err(|e| e.inside(&key))
    }
}
