use super::*;
use std::io::{self, Read, Write};
use tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

const MAX: usize = 300;
const MASK: [u8; 4] = [1, 2, 3, 4];

/// A masked frame, with the first byte of its head as it is given.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&u16::try_from(len).expect("is short").to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// What came, in owned form.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
    Protocol,
    TooBig,
}

/// All that a reader makes of the bytes, given to it in pieces.
fn read(bytes: &[u8], piece: usize) -> Vec<Seen> {
    let mut reader = Reader::new(MAX);
    let mut seen = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.take(piece);
        loop {
            let one = match reader.next() {
                Ok(None) => break,
                Ok(Some(Received::Text(text))) => Seen::Text(text.into_owned()),
                Ok(Some(Received::Binary(bytes))) => Seen::Binary(bytes.into_owned()),
                Ok(Some(Received::Ping(payload))) => Seen::Ping(payload.to_vec()),
                Ok(Some(Received::Pong)) => Seen::Pong,
                Ok(Some(Received::Close(code))) => Seen::Close(code),
                Err(Fault::TooBig) => Seen::TooBig,
                Err(Fault::Protocol(_) | Fault::NotUtf8) => Seen::Protocol,
            };
            let is_end = matches!(one, Seen::Close(_) | Seen::Protocol | Seen::TooBig);
            seen.push(one);
            if is_end {
                return seen;
            }
        }
        reader.rest();
    }
    seen
}

/// The bytes of a client that then waits.
struct Sent<'a>(&'a [u8]);

impl Read for Sent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.0.read(buffer)
    }
}

impl Write for Sent<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that a plain WebSocket library makes of the bytes.
fn read_by_tungstenite(bytes: &[u8]) -> Vec<Seen> {
    let bounds = WebSocketConfig::default().max_message_size(Some(MAX)).max_frame_size(Some(MAX));
    let mut context = WebSocketContext::new(Role::Server, Some(bounds));
    let (mut sent, mut seen) = (Sent(bytes), Vec::new());
    loop {
        seen.push(match context.read(&mut sent) {
            Ok(Message::Text(text)) => Seen::Text(text.as_bytes().to_vec()),
            Ok(Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Ok(Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(Message::Pong(_)) => Seen::Pong,
            Ok(Message::Close(frame)) => {
                seen.push(Seen::Close(frame.map(|frame| frame.code.into())));
                return seen;
            }
            Ok(Message::Frame(_)) => unreachable!("frames are not read raw"),
            Err(tungstenite::Error::Io(_)) => return seen,
            Err(tungstenite::Error::Capacity(_)) => {
                seen.push(Seen::TooBig);
                return seen;
            }
            Err(_) => {
                seen.push(Seen::Protocol);
                return seen;
            }
        });
    }
}

#[track_caller]
fn check(bytes: &[u8], expected: &[Seen]) {
    for piece in [1, 2, 3, 7, bytes.len().max(1)] {
        assert_eq!(read(bytes, piece), expected, "in pieces of {piece}: {bytes:x?}");
    }
}

#[test]
fn ws21_messages_are_put_together_wherever_they_are_cut() {
    let text = |text: &str| Seen::Text(text.as_bytes().to_vec());
    check(&frame(0x81, b"hello"), &[text("hello")]);
    check(&frame(0x82, &[0, 255]), &[Seen::Binary(vec![0, 255])]);
    check(&frame(0x81, b""), &[text("")]);
    check(&frame(0x81, &[b'x'; MAX]), &[Seen::Text(vec![b'x'; MAX])]);
    // A letter of two bytes in two fragments, and a ping between them.
    let parts =
        [frame(0x01, b"\xc3"), frame(0x89, b"p"), frame(0x00, b""), frame(0x80, b"\xa4"), frame(0x8a, b"")];
    check(&parts.concat(), &[Seen::Ping(b"p".to_vec()), text("ä"), Seen::Pong]);
    check(&frame(0x88, b""), &[Seen::Close(None)]);
    check(&frame(0x88, b"\x03\xe8bye"), &[Seen::Close(Some(1000))]);
    check(&frame(0x88, b"\x0f\xa0"), &[Seen::Close(Some(4000))]);
}

#[test]
fn ws22_what_is_against_the_standard_is_told() {
    let mut unmasked = frame(0x81, b"x");
    unmasked[1] &= 0x7f;
    let long_ping = frame(0x89, &[0; 126]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("not masked", unmasked),
        ("first reserved bit", frame(0xc1, b"x")),
        ("second reserved bit", frame(0xa1, b"x")),
        ("third reserved bit", frame(0x91, b"x")),
        ("opcode 3", frame(0x83, b"x")),
        ("opcode 7", frame(0x87, b"x")),
        ("opcode 11", frame(0x8b, b"x")),
        ("opcode 15", frame(0x8f, b"")),
        ("a ping in fragments", frame(0x09, b"x")),
        ("a close in fragments", frame(0x08, b"")),
        ("a ping that is too long", long_ping),
        ("no UTF-8", frame(0x81, b"\xff")),
        ("half a letter", frame(0x81, b"\xc3")),
        ("half a letter in fragments", [frame(0x01, b"a"), frame(0x80, b"\xc3")].concat()),
        ("a fragment of nothing", frame(0x80, b"x")),
        ("a message within another", [frame(0x01, b"x"), frame(0x81, b"y")].concat()),
        ("half a close code", frame(0x88, b"\x03")),
        ("a reason that is no UTF-8", frame(0x88, b"\x03\xe8\xff")),
    ];
    for (what, bytes) in cases {
        for piece in [1, bytes.len()] {
            assert_eq!(read(&bytes, piece), [Seen::Protocol], "{what}");
        }
    }
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        assert_eq!(read(&frame(0x88, &code.to_be_bytes()), 1), [Seen::Protocol], "{code}");
    }
}

#[test]
fn ws22_a_head_is_judged_before_what_it_announces_comes() {
    // Masked, text, of 2^63 - 1 bytes; nothing of them has come.
    let huge = [&[0x81, 0xff][..], &i64::MAX.to_be_bytes(), &MASK].concat();
    assert_eq!(read(&huge, 1), [Seen::TooBig]);
    assert_eq!(read(&frame(0x81, &[0; MAX + 1])[..10], 10), [Seen::TooBig]);
    let grown = [frame(0x02, &[0; 200]), frame(0x00, &[0; 100]), frame(0x00, &[0; 1])[..6].to_vec()].concat();
    assert_eq!(read(&grown, 64), [Seen::TooBig]);
    let mut long_ping = frame(0x89, &[0; 126]);
    long_ping.truncate(8);
    assert_eq!(read(&long_ping, 8), [Seen::Protocol]);
}

#[test]
fn ws22_a_text_is_judged_before_its_end_comes() {
    let whole = frame(0x81, b"letters \xed\xa0\x80 and more of them");
    let fragments = [frame(0x01, b"letters \xe2"), frame(0x80, b"\x82( and more of them")].concat();
    for (bytes, known) in [(whole, 6 + 10), (fragments, 6 + 9 + 6 + 2)] {
        assert_eq!(read(&bytes[..known], 1), [Seen::Protocol], "{bytes:x?}");
        assert_eq!(read(&bytes[..known - 1], 1), [], "the letter may still become one: {bytes:x?}");
    }
}

#[test]
fn ws23_who_has_nothing_on_its_way_has_no_buffer() {
    let mut reader = Reader::new(1 << 20);
    let large = [&[0x82, 0xff][..], &(1_u64 << 20).to_be_bytes(), &MASK].concat();
    reader.take(&large);
    assert_eq!(reader.next(), Ok(None));
    assert!(reader.bytes.capacity() < 1_000, "what is announced costs nothing");
    reader.take(&vec![0; 1 << 20]);
    assert!(matches!(reader.next(), Ok(Some(Received::Binary(bytes))) if bytes.len() == 1 << 20));
    reader.rest();
    assert_eq!(reader.bytes.capacity(), 0);
}

/// Random frames, right and wrong ones, must mean the same to a plain library.
#[test]
fn ws22_what_a_plain_library_takes_is_taken_and_nothing_else() {
    let mut random = fastrand::Rng::with_seed(21);
    for round in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..random.usize(1..6) {
            // Mostly what a client might send.
            let first = match random.u8(..10) {
                0 => random.u8(..),
                1 | 2 => *random.choice(&[0x88, 0x89, 0x8a]).expect("has some"),
                3..=5 => *random.choice(&[0x01, 0x00, 0x80]).expect("has some"),
                _ => *random.choice(&[0x81, 0x82]).expect("has some"),
            };
            let len = *random.choice(&[0, 1, 2, 3, 10, 125, 126, 200]).expect("has some");
            let wide = random.u8(..10) == 0;
            let payload: Vec<u8> =
                (0..len).map(|_| if wide { random.u8(..) } else { random.u8(b' '..128) }).collect();
            let payload = if first == 0x88 && len >= 2 {
                let code = *random.choice(&[1000_u16, 1001, 1005, 3000, 4999, 5000]).expect("has some");
                [&code.to_be_bytes(), &payload[2..]].concat()
            } else {
                payload
            };
            let mut one = frame(first, &payload);
            if random.u8(..50) == 0 {
                one[1] &= 0x7f;
            }
            bytes.extend(one);
        }
        bytes.truncate(random.usize(..=bytes.len()).max(bytes.len() / 2));
        let (ours, theirs) =
            (read(&bytes, random.usize(1..=bytes.len().max(1))), read_by_tungstenite(&bytes));
        // It answers a code that nobody may send by itself, and waits for the whole of a frame before it judges it.
        let theirs: Vec<Seen> = theirs
            .into_iter()
            .map(|s| if s == Seen::Close(Some(1002)) { Seen::Protocol } else { s })
            .collect();
        let same = ours == theirs || (ours[..ours.len().saturating_sub(1)] == theirs && is_incomplete(&ours));
        assert!(same, "round {round}: {bytes:x?}\n ours {ours:?}\n theirs {theirs:?}");
    }
}

/// Whether the last that was seen is a fault, which a plain library sees later.
fn is_incomplete(seen: &[Seen]) -> bool {
    matches!(seen.last(), Some(Seen::Protocol | Seen::TooBig))
}
