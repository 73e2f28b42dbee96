//! Bytes into requests.

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::de::ParseError;
use super::label::command_id;
use super::message::{ClientMessage, CommandMessage};
use super::tree::{Strict, Trace, Tree};
use crate::command::{CameraPatch, Command, ObjectDraft, ObjectPatch, OrbitDraft, WorldDraft, WorldPatch};
use crate::error::{Rejection, RequestError};

/// A request that can be taken from a [`Tree`].
pub trait FromTree: Sized {
    /// # Errors
    /// The first fault in the value's form, with a pointer to it.
    fn from_tree(tree: Tree) -> Result<Self, ParseError>;
}

impl Tree {
    /// A value of a type that serde can read: what most [`FromTree`] implementations call.
    ///
    /// # Errors
    /// The first fault in the value's form, with a pointer to it.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, ParseError> {
        T::deserialize(self)
    }
}

/// Reads one JSON value, strictly: nothing may follow it.
///
/// # Errors
/// The first fault, with a pointer to it and, where the text itself is broken, line and column.
pub fn parse_json<T: FromTree>(bytes: &[u8]) -> Result<T, Rejection> {
    let trace = Trace::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let tree = Strict { trace: &trace, depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|tree| deserializer.end().map(|()| tree))
        .map_err(|error| match trace.take_fault() {
            Some(fault) => Rejection::at(fault.pointer, fault.error),
            None => match overflowing_number(bytes, &error) {
                Some(value) => Rejection::at(trace.pointer(), RequestError::NumberNotFinite { value }),
                None => RequestError::Malformed { format: "JSON", detail: error.to_string() }.into(),
            },
        })?;
    T::from_tree(tree).map_err(Rejection::from)
}

/// The number that is well-formed JSON but too large to hold (1e999), when that is what stopped the
/// parser. serde_json tells it by its text and its place only.
fn overflowing_number(bytes: &[u8], error: &serde_json::Error) -> Option<String> {
    if !error.to_string().starts_with("number out of range") {
        return None;
    }
    let line_start =
        bytes.split_inclusive(|b| *b == b'\n').take(error.line() - 1).map(<[u8]>::len).sum::<usize>();
    let at = (line_start + error.column()).min(bytes.len());
    let in_number = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    let start = at - bytes[..at].iter().rev().take_while(|b| in_number(b)).count();
    let end = at + bytes[at..].iter().take_while(|b| in_number(b)).count();
    Some(shortened(&String::from_utf8_lossy(&bytes[start..end])))
}

/// A client's text, short enough for a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    if text.len() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

/// Reads one MessagePack value, strictly: nothing may follow it.
///
/// # Errors
/// The first fault, with a pointer to it.
pub fn parse_msgpack<T: FromTree>(bytes: &[u8]) -> Result<T, Rejection> {
    let malformed = |detail: String| RequestError::Malformed { format: "MessagePack", detail };
    let trace = Trace::default();
    let mut rest = bytes;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    let tree =
        Strict { trace: &trace, depth: 0 }.deserialize(&mut deserializer).map_err(|error| {
            match trace.take_fault() {
                Some(fault) => Rejection::at(fault.pointer, fault.error),
                None => malformed(error.to_string()).into(),
            }
        })?;
    if !rest.is_empty() {
        return Err(malformed(format!("{} bytes follow the value", rest.len())).into());
    }
    T::from_tree(tree).map_err(Rejection::from)
}

macro_rules! from_tree_by_serde {
    ($($name:ty),* $(,)?) => {$(
        impl FromTree for $name {
            fn from_tree(tree: Tree) -> Result<Self, ParseError> {
                tree.decode()
            }
        }
    )*};
}

from_tree_by_serde!(ObjectDraft, ObjectPatch, WorldDraft, WorldPatch, CameraPatch, OrbitDraft);

impl FromTree for Tree {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        Ok(tree)
    }
}

/// The fields of an object that is told apart by its field `type`.
struct Tagged {
    tag: String,
    fields: Vec<(String, Tree)>,
}

impl Tagged {
    fn new(tree: Tree) -> Result<Self, ParseError> {
        let Tree::Object(mut fields) = tree else { return Err(tree.not_an_object()) };
        let missing =
            || ParseError::new(RequestError::MissingField { field: "type".to_owned() }).inside("type");
        let at = fields.iter().position(|(key, _)| key == "type").ok_or_else(missing)?;
        match fields.remove(at).1 {
            Tree::String(tag) => Ok(Self { tag, fields }),
            other => Err(ParseError::new(RequestError::TypeMismatch {
                expected: "a string".to_owned(),
                found: other.kind(),
            })
            .inside("type")),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Tree> {
        let at = self.fields.iter().position(|(other, _)| other == key)?;
        Some(self.fields.swap_remove(at).1)
    }

    fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Tree) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        match self.take(key) {
            Some(tree) => read(tree).map_err(|e| e.inside(key)),
            None => Err(ParseError::new(RequestError::MissingField { field: key.to_owned() }).inside(key)),
        }
    }

    fn optional<T: DeserializeOwned>(&mut self, key: &'static str) -> Result<Option<T>, ParseError> {
        self.take(key).map_or(Ok(None), |tree| tree.decode().map_err(|e: ParseError| e.inside(key)))
    }

    /// Refuses what was not taken.
    fn finish(self, expected: &'static [&'static str]) -> Result<(), ParseError> {
        match self.fields.into_iter().next() {
            Some((field, _)) => {
                Err(ParseError::new(RequestError::UnknownField { field: field.clone(), expected })
                    .inside(&field))
            }
            None => Ok(()),
        }
    }

    fn unknown<T>(&self, expected: &'static [&'static str]) -> Result<T, ParseError> {
        Err(ParseError::new(RequestError::UnknownType { value: self.tag.clone(), expected }).inside("type"))
    }
}

impl FromTree for Command {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        let mut t = Tagged::new(tree)?;
        let (command, fields): (_, &'static [_]) = match t.tag.as_str() {
            "create_object" => {
                (Self::CreateObject { object: t.required("object", Tree::decode)? }, &["type", "object"])
            }
            "update_object" => (
                Self::UpdateObject {
                    name: t.required("name", Tree::decode)?,
                    patch: t.required("patch", Tree::decode)?,
                },
                &["type", "name", "patch"],
            ),
            "rename_object" => (
                Self::RenameObject {
                    name: t.required("name", Tree::decode)?,
                    new_name: t.required("new_name", Tree::decode)?,
                },
                &["type", "name", "new_name"],
            ),
            "delete_object" => {
                (Self::DeleteObject { name: t.required("name", Tree::decode)? }, &["type", "name"])
            }
            "clear_objects" => (Self::ClearObjects, &["type"]),
            "initialize_world" => {
                (Self::InitializeWorld { world: t.required("world", Tree::decode)? }, &["type", "world"])
            }
            "update_world" => {
                (Self::UpdateWorld { patch: t.required("patch", Tree::decode)? }, &["type", "patch"])
            }
            "move_camera" => {
                (Self::MoveCamera { camera: t.required("camera", Tree::decode)? }, &["type", "camera"])
            }
            "start_orbit" => {
                (Self::StartOrbit { orbit: t.optional("orbit")?.unwrap_or_default() }, &["type", "orbit"])
            }
            "stop_orbit" => (Self::StopOrbit, &["type"]),
            "rename_session" => {
                (Self::RenameSession { name: t.required("name", Tree::decode)? }, &["type", "name"])
            }
            "expect_object" => (
                Self::ExpectObject {
                    name: t.required("name", Tree::decode)?,
                    version: t.required("version", Tree::decode)?,
                },
                &["type", "name", "version"],
            ),
            "expect_world" => {
                (Self::ExpectWorld { version: t.required("version", Tree::decode)? }, &["type", "version"])
            }
            "batch" => (Self::Batch { commands: t.required("commands", commands)? }, &["type", "commands"]),
            _ => return t.unknown(Self::TYPES),
        };
        t.finish(fields)?;
        Ok(command)
    }
}

fn commands(tree: Tree) -> Result<Vec<Command>, ParseError> {
    match tree {
        Tree::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| Command::from_tree(item).map_err(|e| e.inside(&index.to_string())))
            .collect(),
        other => Err(ParseError::new(RequestError::TypeMismatch {
            expected: "an array of commands".to_owned(),
            found: other.kind(),
        })),
    }
}

impl FromTree for ClientMessage {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        let mut t = Tagged::new(tree)?;
        match t.tag.as_str() {
            "hello" => Ok(Self::Hello(Tree::Object(t.fields).decode()?)),
            "command" => {
                let command = CommandMessage {
                    id: t.required("id", command_id)?,
                    expect_version: t.optional::<Option<_>>("expect_version")?.flatten(),
                    command: t.required("command", Command::from_tree)?,
                };
                t.finish(&["type", "id", "expect_version", "command"])?;
                Ok(Self::Command(command))
            }
            "presence" => Ok(Self::Presence(Tree::Object(t.fields).decode()?)),
            "resume" => {
                let after = t.optional::<Option<_>>("after")?.flatten();
                t.finish(&["type", "after"])?;
                Ok(Self::Resume { after })
            }
            "ping" => {
                let t_value = t.required("t", Tree::decode)?;
                t.finish(&["type", "t"])?;
                Ok(Self::Ping { t: t_value })
            }
            _ => t.unknown(Self::TYPES),
        }
    }
}

/// For readers of trusted text, such as files and tests; requests go through [`parse_json`].
impl<'de> serde::Deserialize<'de> for Command {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_tree(Tree::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The JSON of a wire value, as it travels and as it is compared.
///
/// # Panics
/// Never: wire values have string keys and finite numbers, which always encode.
#[must_use]
pub fn canonical_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("wire values have string keys and finite numbers")
}
