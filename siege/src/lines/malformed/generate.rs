//! One connection's worth of malformed input, drawn at random.

use fastrand::Rng;

use crate::wire::{Raw, letters, no_utf8};

/// What the server takes of a message (`--max-message`).
const MOST: u64 = 1 << 20;
/// Close codes of the server.
const TOO_BIG: u16 = 1009;
const BAD_HELLO: u16 = 4000;
const PROTOCOL: u16 = 4009;

const FIN: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// How far a connection has come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// Nothing was said.
    Nothing,
    /// It is a WebSocket, and no hello was said.
    Opened,
    /// The client was welcomed.
    Welcomed,
}

/// How the server must end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// With this close code.
    Code(u16),
    /// With the client's own.
    Echo(Option<u16>),
    /// With an answer of 4xx, or none.
    Refusal,
    /// With a close frame or none: what was drawn may mean anything.
    Anything,
}

/// What one connection sends.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) what: &'static str,
    pub(super) begun: Begun,
    pub(super) bytes: Vec<u8>,
    /// Bytes that are sent at once.
    pub(super) piece: usize,
    /// Whether the client then says that nothing more comes, so that the server need not wait for it.
    pub(super) then_ends: bool,
    pub(super) expected: Expected,
}

impl Sent {
    pub(super) fn draw(random: &mut Rng) -> Self {
        let begun = if random.u8(..4) == 0 { Begun::Opened } else { Begun::Welcomed };
        let mut sent = match random.u8(..20) {
            0..10 => against_the_standard(random, begun),
            10..12 => close(random, begun),
            12..14 => against_the_protocol(random, begun),
            14..16 => cut(random, begun),
            16..18 => garbage(random, begun),
            _ => no_request(random),
        };
        // In one piece, or in pieces that end anywhere.
        sent.piece = if random.bool() {
            sent.bytes.len().max(1)
        } else {
            random.usize(1..=64).max(sent.bytes.len() / 50)
        };
        sent
    }
}

fn sent(what: &'static str, begun: Begun, bytes: Vec<u8>, expected: Expected) -> Sent {
    Sent { what, begun, bytes, piece: 1, then_ends: false, expected }
}

/// Frames that RFC 6455 forbids, each in its own way. What is right may come before, and anything behind.
fn against_the_standard(random: &mut Rng, begun: Begun) -> Sent {
    let text = letters(random, 200);
    let frame = |random: &mut Rng, first: u8, payload: &[u8]| Raw::new(random, first, payload).bytes();
    let some = |random: &mut Rng, codes: &[u8]| codes[random.usize(..codes.len())];
    let (what, wrong, code) = match random.u8(..11) {
        0 => ("not masked", Raw::new(random, FIN | TEXT, &text).unmasked().bytes(), PROTOCOL),
        1 => {
            let reserved = random.u8(1..8) << 4;
            ("a reserved bit", frame(random, FIN | reserved | TEXT, &text), PROTOCOL)
        }
        2 => {
            let opcode = some(random, &[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf]);
            (
                "an opcode without a meaning",
                frame(random, FIN | opcode, &text[..text.len().min(100)]),
                PROTOCOL,
            )
        }
        3 => ("a ping in fragments", frame(random, PING, b""), PROTOCOL),
        4 => {
            let length = random.usize(126..1_000);
            ("a ping that is too long", frame(random, FIN | PING, &vec![7; length]), PROTOCOL)
        }
        5 => {
            let first = some(random, &[0, FIN]);
            ("a fragment of nothing", frame(random, first, &text), PROTOCOL)
        }
        6 => {
            let first = some(random, &[TEXT, FIN | TEXT, BINARY, FIN | BINARY]);
            let bytes = [frame(random, TEXT, &text), frame(random, first, &text)].concat();
            ("a message within another", bytes, PROTOCOL)
        }
        7 => {
            let wrong = no_utf8(random);
            ("a text that is no UTF-8", frame(random, FIN | TEXT, &wrong), PROTOCOL)
        }
        8 => {
            let wrong = no_utf8(random);
            let at = random.usize(..=wrong.len());
            let bytes = [frame(random, TEXT, &wrong[..at]), frame(random, FIN, &wrong[at..])].concat();
            ("fragments that are no UTF-8", bytes, PROTOCOL)
        }
        9 => {
            let digits = random.u32(21..63);
            let length = random.u64(MOST + 1..1 << digits);
            (
                "more than a message may have",
                Raw::new(random, FIN | BINARY, &text).announcing(length).bytes(),
                TOO_BIG,
            )
        }
        _ => {
            let length = random.u64(MOST..1 << 40);
            let rest = Raw::new(random, FIN, &text).announcing(length).bytes();
            ("fragments that are too much", [frame(random, TEXT, b"{"), rest].concat(), TOO_BIG)
        }
    };
    let before = if random.bool() { frame(random, FIN | PING, b"before") } else { Vec::new() };
    let behind: Vec<u8> = (0..random.usize(..2_000)).map(|_| random.u8(..)).collect();
    sent(what, begun, [before, wrong, behind].concat(), Expected::Code(code))
}

/// Ends by the client, right and wrong ones.
fn close(random: &mut Rng, begun: Begun) -> Sent {
    let frame = |random: &mut Rng, payload: &[u8]| Raw::new(random, FIN | CLOSE, payload).bytes();
    let (what, bytes, expected) = match random.u8(..5) {
        0 => ("a close without a code", frame(random, b""), Expected::Echo(None)),
        1 => {
            let code = [random.u16(3_000..5_000), 1_000, 1_001, 1_011][random.usize(..4)];
            let payload = [&code.to_be_bytes()[..], &letters(random, 60)].concat();
            ("a close", frame(random, &payload), Expected::Echo(Some(code)))
        }
        2 => {
            const NOBODY: [u16; 8] = [0, 999, 1_004, 1_005, 1_006, 1_015, 2_999, 5_000];
            let code = NOBODY[random.usize(..NOBODY.len())];
            (
                "a close code that nobody may send",
                frame(random, &code.to_be_bytes()),
                Expected::Code(PROTOCOL),
            )
        }
        3 => ("half a close code", frame(random, b"\x03"), Expected::Code(PROTOCOL)),
        _ => {
            let payload = [&1_000_u16.to_be_bytes()[..], &no_utf8(random)].concat();
            ("a close whose reason is no UTF-8", frame(random, &payload), Expected::Code(PROTOCOL))
        }
    };
    sent(what, begun, bytes, expected)
}

/// Messages that are right and mean nothing.
fn against_the_protocol(random: &mut Rng, begun: Begun) -> Sent {
    let (what, opcode, payload): (_, _, &[u8]) = match random.u8(..6) {
        0 => ("no JSON", TEXT, b"hello"),
        1 => ("nothing", TEXT, b""),
        2 => (
            "a message of the server's",
            TEXT,
            br#"{"type":"event","seq":1,"event":{"type":"objects_cleared"}}"#,
        ),
        3 => (
            "a message too deep",
            TEXT,
            br#"{"type":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"#,
        ),
        4 => ("another encoding", BINARY, b"\x81\xa4type\xa4ping"),
        _ => ("two keys alike", TEXT, br#"{"type":"ping","type":"ping","t":1}"#),
    };
    let code = if begun == Begun::Welcomed { PROTOCOL } else { BAD_HELLO };
    sent(what, begun, Raw::new(random, FIN | opcode, payload).bytes(), Expected::Code(code))
}

/// The begin of a frame that is right, and then nothing more.
fn cut(random: &mut Rng, begun: Begun) -> Sent {
    let mut bytes = Raw::new(random, FIN | TEXT, &[b'x'; 300]).bytes();
    bytes.truncate(random.usize(..bytes.len()));
    Sent { then_ends: true, ..sent("a frame that is cut", begun, bytes, Expected::Anything) }
}

/// Whatever.
fn garbage(random: &mut Rng, begun: Begun) -> Sent {
    let bytes: Vec<u8> = (0..random.usize(1..4_000)).map(|_| random.u8(..)).collect();
    Sent { then_ends: true, ..sent("garbage", begun, bytes, Expected::Anything) }
}

/// What is no request of HTTP.
fn no_request(random: &mut Rng) -> Sent {
    const HEADS: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/3.0\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: elsewhere\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /api/sessions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    let bytes = match random.bool() {
        true => HEADS[random.usize(..HEADS.len())].to_vec(),
        // Without a zero that a head could end with.
        false => (0..random.usize(1..2_000)).map(|_| random.u8(1..)).collect(),
    };
    Sent { then_ends: true, ..sent("no request", Begun::Nothing, bytes, Expected::Refusal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_again_and_every_kind_in_time() {
        let draw = |seed| Sent::draw(&mut Rng::with_seed(seed));
        assert_eq!(draw(7).bytes, draw(7).bytes);
        let mut kinds: Vec<&str> = (0..2_000).map(|seed| draw(seed).what).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), 11 + 5 + 6 + 3, "{kinds:?}");
    }
}
