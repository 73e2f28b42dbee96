//! What travels: strict parsing of requests, and the messages of the WebSocket.
//!
//! Clients' values pass through a [`Tree`] that refuses duplicate keys, deep nesting and numbers that
//! are not finite, and are taken from it with a JSON pointer for each fault. What the server says is
//! read with plain serde: a newer server may say more than this version knows of.

mod de;
mod encoding;
mod label;
mod message;
mod parse;
mod presence;
mod tree;

pub use de::ParseError;
pub use encoding::{DecodeError, Encoding};
pub use label::command_id;
pub use message::{
    ClientMessage, CloseCode, CommandMessage, Heartbeat, Hello, Identity, Mode, PROTOCOL, Resume,
    ResyncReason, Secret, ServerMessage, Welcome,
};
pub use parse::{FromTree, canonical_json, parse_json, parse_msgpack};
pub use presence::{CameraPose, CameraPoseDraft, Peer, Presence, PresenceDraft};
pub use tree::Tree;
