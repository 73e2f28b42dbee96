//! The two encodings of a message.

use serde::de::DeserializeOwned;
use thiserror::Error as ThisError;

use super::label::Label;
use super::message::{ClientMessage, ServerMessage};
use super::parse::{canonical_json, parse_json, parse_msgpack};
use super::tree::Tree;
use crate::error::Rejection;
use crate::event::EventRecord;

/// How messages are written on a WebSocket: agreed by its subprotocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// One JSON value in a text message.
    #[default]
    Json,
    /// One MessagePack value in a binary message, objects as maps with the same keys.
    MessagePack,
}

/// A message from a server that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("what the server says cannot be read: {0}")]
pub struct DecodeError(String);

impl Encoding {
    /// Both, the one that servers prefer first.
    pub const ALL: [Self; 2] = [Self::MessagePack, Self::Json];

    /// The name in `Sec-WebSocket-Protocol`.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "vws.v1.json",
            Self::MessagePack => "vws.v1.msgpack",
        }
    }

    /// The encoding of a subprotocol, if it is one of ours.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.subprotocol() == name)
    }

    /// Whether messages are text.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json)
    }

    fn encode<T: serde::Serialize>(self, value: &T) -> Vec<u8> {
        match self {
            Self::Json => canonical_json(value),
            Self::MessagePack => rmp_serde::to_vec_named(value)
                .expect("wire values encode: they have known lengths and string keys"),
        }
    }

    /// The bytes of a server's message.
    #[must_use]
    pub fn encode_server(self, message: &ServerMessage) -> Vec<u8> {
        self.encode(message)
    }

    /// Writes an event as [`encode_server`](Self::encode_server) would, behind what `out` has, and copies nothing.
    ///
    /// # Panics
    /// Never: see [`canonical_json`].
    pub fn write_event(self, record: &EventRecord, out: &mut Vec<u8>) {
        /// [`ServerMessage::Event`] of a record that somebody else has.
        #[derive(serde::Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Borrowed<'a> {
            Event(&'a EventRecord),
        }
        let message = Borrowed::Event(record);
        match self {
            Self::Json => {
                serde_json::to_writer(out, &message).expect("wire values have string keys and finite numbers")
            }
            Self::MessagePack => rmp_serde::encode::write_named(out, &message)
                .expect("wire values encode: they have known lengths and string keys"),
        }
    }

    /// The bytes of a client's message.
    #[must_use]
    pub fn encode_client(self, message: &ClientMessage) -> Vec<u8> {
        self.encode(message)
    }

    /// A client's message, read strictly.
    ///
    /// # Errors
    /// The first fault in its form.
    pub fn decode_client(self, bytes: &[u8]) -> Result<ClientMessage, Rejection> {
        match self {
            Self::Json => parse_json(bytes),
            Self::MessagePack => parse_msgpack(bytes),
        }
    }

    /// The id of a command whose message cannot be read, so that it can be refused by it: the number
    /// under `id` of an object of the type `command`, whatever else is wrong with that.
    #[must_use]
    pub fn command_id(self, bytes: &[u8]) -> Option<u64> {
        let label: Label = match self {
            Self::Json => serde_json::from_slice(bytes).ok()?,
            Self::MessagePack => rmp_serde::from_slice(bytes).ok()?,
        };
        (label.tag.as_deref() == Some("command")).then_some(label.id)?
    }

    /// A server's message. Fields that this version does not know are passed over.
    ///
    /// # Errors
    /// [`DecodeError`] where it is no message of this protocol.
    pub fn decode_server(self, bytes: &[u8]) -> Result<ServerMessage, DecodeError> {
        self.read(bytes)
    }

    fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, DecodeError> {
        let tree: Tree = match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|e| DecodeError(e.to_string()))?,
            Self::MessagePack => rmp_serde::from_slice(bytes).map_err(|e| DecodeError(e.to_string()))?,
        };
        tree.decode().map_err(|e| DecodeError(e.to_string()))
    }
}

/// Reads what a server says over HTTP. Fields that this version does not know are passed over.
///
/// As with [`Encoding::decode_server`] it is taken from a [`Tree`], so that a type is compiled for one reader
/// and not for one of each encoding: a page has to download each of them.
///
/// # Errors
/// [`DecodeError`] where it is no JSON of such a value.
pub fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    Encoding::Json.read(json)
}
