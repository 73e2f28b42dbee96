//! The frames that a server writes (RFC 6455 §5.2): never masked, never in fragments, without extensions. One frame
//! is the same bytes for everybody who is sent it.

use bytes::Bytes;
use vws_core::wire::Encoding;

/// The longest head of a frame: two bytes, and a length of eight.
const LONGEST_HEAD: usize = 10;

/// The payload of a control frame at most.
pub(crate) const MOST_OF_CONTROL: usize = 125;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    /// A message of text.
    Text = 0x1,
    /// A message of bytes.
    Binary = 0x2,
    /// The end of the connection.
    Close = 0x8,
    /// Asks for a pong.
    Ping = 0x9,
    /// Answers a ping.
    Pong = 0xa,
}

impl Opcode {
    /// That of messages in an encoding.
    #[must_use]
    pub(crate) const fn of(encoding: Encoding) -> Self {
        if encoding.is_text() { Self::Text } else { Self::Binary }
    }
}

/// The head of a frame whose payload has `len` bytes, in the shortest form, as the standard demands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    bytes: [u8; LONGEST_HEAD],
    len: usize,
}

impl Head {
    /// The only frame of a message.
    #[must_use]
    pub(crate) fn new(opcode: Opcode, len: usize) -> Self {
        const FINAL: u8 = 0x80;
        let mut head = Self { bytes: [0; LONGEST_HEAD], len: 2 };
        head.bytes[0] = FINAL | opcode as u8;
        if let Some(short) = u8::try_from(len).ok().filter(|len| usize::from(*len) <= MOST_OF_CONTROL) {
            head.bytes[1] = short;
        } else if let Ok(medium) = u16::try_from(len) {
            head.bytes[1] = 126;
            head.bytes[2..4].copy_from_slice(&medium.to_be_bytes());
            head.len = 4;
        } else {
            head.bytes[1] = 127;
            head.bytes[2..].copy_from_slice(&(len as u64).to_be_bytes());
            head.len = LONGEST_HEAD;
        }
        head
    }

    /// As it is written.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Writes a frame behind what `out` has.
pub(crate) fn write(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(Head::new(opcode, payload.len()).bytes());
    out.extend_from_slice(payload);
}

/// Writes a close frame.
pub(crate) fn write_close(code: u16, reason: &str, out: &mut Vec<u8>) {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    debug_assert!(payload.len() <= MOST_OF_CONTROL, "reasons are names of ours");
    write(Opcode::Close, &payload, out);
}

/// A frame by itself.
#[must_use]
pub(crate) fn framed(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(LONGEST_HEAD + payload.len());
    write(opcode, payload, &mut frame);
    frame.into()
}

/// What a frame that this server wrote carries.
#[must_use]
pub(crate) fn payload(frame: &Bytes) -> Bytes {
    let head = match frame[1] {
        126 => 4,
        127 => LONGEST_HEAD,
        _ => 2,
    };
    frame.slice(head..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use tungstenite::protocol::frame::coding::CloseCode as TheirCode;
    use tungstenite::protocol::{CloseFrame, Message, Role, WebSocketContext};

    /// What a plain WebSocket library sends.
    fn theirs(message: Message) -> Vec<u8> {
        let mut stream = Cursor::new(Vec::new());
        let mut context = WebSocketContext::new(Role::Server, None);
        context.write(&mut stream, message).expect("takes it");
        context.flush(&mut stream).expect("writes it");
        stream.into_inner()
    }

    fn ours(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(opcode, payload, &mut out);
        out
    }

    const LENGTHS: [usize; 9] = [0, 1, 125, 126, 127, 65_534, 65_535, 65_536, 1 << 20];

    #[test]
    fn feed1_frames_are_the_bytes_that_a_plain_library_sends() {
        for len in LENGTHS {
            let text = "x".repeat(len);
            assert_eq!(ours(Opcode::Text, text.as_bytes()), theirs(Message::text(text.clone())), "{len}");
            let bytes = vec![0x93; len];
            assert_eq!(ours(Opcode::Binary, &bytes), theirs(Message::binary(bytes.clone())), "{len}");
        }
        for len in [0, 1, 125] {
            let bytes = vec![7; len];
            assert_eq!(ours(Opcode::Ping, &bytes), theirs(Message::Ping(bytes.clone().into())), "{len}");
            assert_eq!(ours(Opcode::Pong, &bytes), theirs(Message::Pong(bytes.clone().into())), "{len}");
        }
        for code in vws_core::wire::CloseCode::ALL {
            let mut frame = Vec::new();
            write_close(code.code(), code.name(), &mut frame);
            let close = CloseFrame { code: TheirCode::from(code.code()), reason: code.name().into() };
            assert_eq!(frame, theirs(Message::Close(Some(close))), "{code:?}");
        }
    }

    #[test]
    fn feed1_the_heads_are_those_of_the_standard() {
        let head = |len| Head::new(Opcode::Text, len).bytes().to_vec();
        assert_eq!(head(0), [0x81, 0]);
        assert_eq!(head(125), [0x81, 125]);
        assert_eq!(head(126), [0x81, 126, 0, 126]);
        assert_eq!(head(65_535), [0x81, 126, 0xff, 0xff]);
        assert_eq!(head(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn what_a_frame_carries_is_read_back() {
        for len in LENGTHS {
            let bytes = vec![5; len];
            assert_eq!(payload(&framed(Opcode::Text, &bytes)), bytes, "{len}");
        }
    }
}
