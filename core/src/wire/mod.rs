//! What travels: strict parsing of requests, and the messages of the WebSocket.
//!
//! Clients' values pass through a [`Tree`] that refuses duplicate keys, deep nesting and numbers that
//! are not finite, and are taken from it with a JSON pointer for each fault. What the server says
//! is taken from one too, and what this version does not know of is passed over: a newer server may say more.

mod de;
mod encoding;
mod label;
mod message;
mod parse;
mod presence;
pub(crate) mod tagged;
mod tree;

pub use de::ParseError;
pub use encoding::{DecodeError, Encoding, read_json};
pub use label::command_id;
pub use message::{
    Access, ClientMessage, CloseCode, CommandMessage, Heartbeat, Hello, Identity, Mode, PROTOCOL, Resume,
    ResyncReason, Secret, ServerMessage, Welcome,
};
pub use parse::{FromTree, canonical_json, parse_json, parse_msgpack};
pub use presence::{Call, CallDraft, CameraPose, CameraPoseDraft, Peer, Presence, PresenceDraft};
pub use tree::Tree;
