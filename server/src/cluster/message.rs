//! What nodes tell each other of a session.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use vws_core::session::Digest;
use vws_core::{ClientId, Epoch, Millis, Seq, SessionId};

use crate::feed::{Elsewhere, NodeId, Page};

/// The subject that nodes tell of a session on.
pub(super) fn subject(session: SessionId) -> String {
    format!("presence.{session}")
}

/// A message: MessagePack with names. One that cannot be read, as a later version's may be, is passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    /// Whose it is.
    pub(super) node: NodeId,
    /// What it tells.
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum What {
    /// What has changed among its clients.
    News { seats: Vec<Elsewhere>, left: Vec<(ClientId, Millis)> },
    /// It is there, and has these clients.
    Beat { proof: Proof, page: Page },
    /// It has begun to listen: who is there?
    Asks,
    /// It has no clients any more.
    Leaves,
}

/// What a node has of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Proof {
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
    pub(super) digest: Digest,
}

impl Message {
    pub(super) fn encode(&self) -> Bytes {
        rmp_serde::to_vec_named(self).expect("what is told has nothing that cannot be written").into()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        rmp_serde::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written_and_others_are_not() {
        let node = NodeId::new();
        let id = ClientId::new("ada").expect("is one");
        let page = Page { after: None, through: Some(id.clone()), seats: Vec::new() };
        let session = vws_core::Session::new(SessionId::from_uuid(uuid::Uuid::nil()), None, 0, 7);
        let proof = Proof { epoch: 7, seq: 3, digest: session.digest() };
        for what in [
            What::News { seats: Vec::new(), left: vec![(id, 9)] },
            What::Beat { proof, page },
            What::Asks,
            What::Leaves,
        ] {
            let message = Message { node, what };
            assert_eq!(Message::decode(&message.encode()), Some(message));
        }
        assert_eq!(Message::decode(b"else"), None);
    }
}
