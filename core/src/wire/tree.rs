//! A parsed value of unknown form, and the strict way to one.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::error::{FieldError, RequestError};
use crate::limits::NESTING_DEPTH;
use crate::reduce::pointer_token;

/// A JSON or MessagePack value whose keys are unique, whose numbers are finite and whose nesting is
/// at most [`NESTING_DEPTH`] deep.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// null or nil.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object or a map, in the order that it was written.
    Object(Vec<(String, Tree)>),
}

/// The fault that stopped the parser, and the way to it: serde's own errors carry neither. It is written on the way
/// out of a fault, so that a value without one costs nothing.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// The tokens of the way, the innermost first.
    way: RefCell<Vec<String>>,
    fault: RefCell<Option<RequestError>>,
}

impl Trace {
    /// JSON pointer to where the parser stopped.
    pub(super) fn pointer(&self) -> String {
        self.way.borrow().iter().rev().flat_map(|token| ["/", token]).collect()
    }

    /// The fault that stopped the parser, if it was one of the rules here.
    pub(super) fn take_fault(&self) -> Option<FieldError> {
        let error = self.fault.take()?;
        Some(FieldError { pointer: self.pointer(), error: error.into() })
    }

    fn refuse<E: serde::de::Error>(&self, error: RequestError) -> E {
        let message = error.to_string();
        self.fault.replace(Some(error));
        E::custom(message)
    }

    /// The parser was stopped in the value of `token`.
    fn stopped_in(&self, token: String) {
        self.way.borrow_mut().push(token);
    }
}

/// Builds a tree under the rules, `depth` values deep.
#[derive(Clone, Copy)]
pub(super) struct Strict<'t> {
    pub(super) trace: &'t Trace,
    pub(super) depth: usize,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth < NESTING_DEPTH {
            Ok(Self { depth: self.depth + 1, ..self })
        } else {
            Err(self.trace.refuse(RequestError::TooDeep { max: NESTING_DEPTH }))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Tree, E> {
        Ok(Tree::Unsigned(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Tree, E> {
        Ok(u64::try_from(v).map_or(Tree::Signed(v), Tree::Unsigned))
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Tree, E> {
        if v.is_finite() {
            Ok(Tree::Float(v))
        } else {
            Err(self.trace.refuse(RequestError::NumberNotFinite { value: v.to_string() }))
        }
    }

    fn visit_str<E>(self, v: &str) -> Result<Tree, E> {
        Ok(Tree::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Tree, E> {
        Ok(Tree::String(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        loop {
            let index = items.len();
            let item = access.next_element_seed(inner);
            match item.inspect_err(|_| self.trace.stopped_in(index.to_string()))? {
                Some(item) => items.push(item),
                None => return Ok(Tree::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let inner = self.deeper()?;
        let mut entries: Vec<(String, Tree)> = Vec::new();
        let mut many = HashSet::new();
        while let Some(key) = access.next_key::<String>()? {
            if is_duplicate(&entries, &mut many, &key) {
                self.trace.stopped_in(pointer_token(&key));
                return Err(self.trace.refuse(RequestError::DuplicateKey { field: key }));
            }
            let value = access.next_value_seed(inner);
            let value = value.inspect_err(|_| self.trace.stopped_in(pointer_token(&key)))?;
            entries.push((key, value));
        }
        Ok(Tree::Object(entries))
    }
}

/// A few keys are compared one by one; for more a set is kept, so that a hostile body costs no n².
fn is_duplicate(entries: &[(String, Tree)], many: &mut HashSet<String>, key: &str) -> bool {
    const FEW: usize = 16;
    if entries.len() < FEW {
        return entries.iter().any(|(other, _)| other == key);
    }
    if many.is_empty() {
        many.extend(entries.iter().map(|(key, _)| key.clone()));
    }
    !many.insert(key.to_owned())
}

/// For readers without a byte string of their own, such as another serde format.
impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let trace = Trace::default();
        Strict { trace: &trace, depth: 0 }.deserialize(deserializer).map_err(D::Error::custom)
    }
}
