//! WebSocket frames (RFC 6455): those of a client are written, those of a server are counted by their heads.

/// A text message.
pub const TEXT: u8 = 1;
/// A binary message.
pub const BINARY: u8 = 2;
/// The end of a connection.
pub const CLOSE: u8 = 8;
/// Asks for a pong.
pub const PING: u8 = 9;
/// An answer to a ping, or a sign of life without one.
pub const PONG: u8 = 10;

/// Bytes of a payload that are shown with its head.
pub const SHOWN: usize = 16;
/// The longest head of a frame without a mask.
const HEAD: usize = 10;
/// Masks must be unpredictable where an intermediary might be misled; there is none on the way to a server that one
/// measures, and a constant costs the server as much as any other.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Appends a frame of a client.
pub fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    let place = begin(out, opcode, payload.len());
    out.extend_from_slice(payload);
    mask(&mut out[place..]);
}

/// Appends the head of a masked frame; returns where its payload begins, which [`mask`] is due to.
fn begin(out: &mut Vec<u8>, opcode: u8, length: usize) -> usize {
    out.push(0x80 | opcode);
    match length {
        0..126 => out.push(0x80 | length as u8),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.len()
}

fn mask(payload: &mut [u8]) {
    for (byte, key) in payload.iter_mut().zip(MASK.iter().cycle()) {
        *byte ^= key;
    }
}

/// What hears of frames as a [`Scanner`] comes by them.
pub trait Visitor {
    /// A frame begins. `start` is the first [`SHOWN`] bytes of its payload, or all of it. Returns whether the payload
    /// is wanted.
    fn frame(&mut self, opcode: u8, length: u64, start: &[u8]) -> bool;
    /// Some of the payload that was wanted, from its begin, in order.
    fn part(&mut self, bytes: &[u8]);
}

/// Cuts a server's bytes into frames, however they come in, and looks at nothing but their heads.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The begin of a frame that came in pieces.
    pieces: Vec<u8>,
    /// Bytes of the present payload that are still to come.
    left: u64,
    wanted: bool,
}

impl Scanner {
    /// Takes bytes in and tells of each frame that begins in them.
    pub fn scan(&mut self, mut bytes: &[u8], visitor: &mut impl Visitor) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                if self.wanted {
                    visitor.part(&bytes[..here]);
                }
                self.left -= here as u64;
                bytes = &bytes[here..];
            } else if self.pieces.is_empty() {
                match Head::read(bytes) {
                    Some(head) => bytes = &bytes[self.enter(&head, bytes, visitor)..],
                    None => {
                        self.pieces.extend_from_slice(bytes);
                        return;
                    }
                }
            } else {
                bytes = self.piece(bytes, visitor);
            }
        }
    }

    /// Goes on with a head that was cut; returns the bytes that are no part of it.
    fn piece<'a>(&mut self, bytes: &'a [u8], visitor: &mut impl Visitor) -> &'a [u8] {
        let had = self.pieces.len();
        let taken = (HEAD + SHOWN - had).min(bytes.len());
        self.pieces.extend_from_slice(&bytes[..taken]);
        let pieces = std::mem::take(&mut self.pieces);
        let Some(head) = Head::read(&pieces) else {
            self.pieces = pieces;
            return &bytes[taken..];
        };
        // The head and what is shown lie in `pieces`; where a short frame ended there, the rest of `pieces` is again
        // in `bytes`.
        let shown = head.bytes + head.shown();
        self.enter(&head, &pieces[..shown], visitor);
        &bytes[shown - had..]
    }

    /// Tells of a frame; returns how many of `bytes` were used: its head, and what was shown.
    fn enter(&mut self, head: &Head, bytes: &[u8], visitor: &mut impl Visitor) -> usize {
        let used = head.bytes + head.shown();
        let start = &bytes[head.bytes..used];
        self.wanted = visitor.frame(head.opcode, head.length, start);
        if self.wanted {
            visitor.part(start);
        }
        self.left = head.length - head.shown() as u64;
        used
    }
}

struct Head {
    opcode: u8,
    /// Bytes of the head itself.
    bytes: usize,
    /// Bytes of the payload.
    length: u64,
}

impl Head {
    /// The head at the begin of `bytes`, once it and what is shown of the payload are there.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (&first, rest) = bytes.split_first()?;
        let opcode = first & 0x0f;
        let head = match *rest.first()? & 0x7f {
            126 => {
                let length = u16::from_be_bytes(*bytes.get(2..4)?.first_chunk()?);
                Self { opcode, bytes: 4, length: length.into() }
            }
            127 => Self { opcode, bytes: 10, length: u64::from_be_bytes(*bytes.get(2..10)?.first_chunk()?) },
            short => Self { opcode, bytes: 2, length: short.into() },
        };
        (bytes.len() >= head.bytes + head.shown()).then_some(head)
    }

    fn shown(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX).min(SHOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Told(Vec<(u8, u64, Vec<u8>)>);

    impl Visitor for Told {
        fn frame(&mut self, opcode: u8, length: u64, start: &[u8]) -> bool {
            assert_eq!(start.len() as u64, length.min(SHOWN as u64));
            self.0.push((opcode, length, Vec::new()));
            opcode == TEXT
        }

        fn part(&mut self, bytes: &[u8]) {
            self.0.last_mut().expect("a frame").2.extend_from_slice(bytes);
        }
    }

    fn served(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
        out.push(0x80 | opcode);
        match payload.len() {
            0..126 => out.push(payload.len() as u8),
            126..=0xffff => {
                out.push(126);
                out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            }
            _ => {
                out.push(127);
                out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(payload);
    }

    #[test]
    fn frames_of_every_length_are_counted_wherever_they_are_cut() {
        let payload: Vec<u8> = (0..70_000_u32).map(|n| n as u8).collect();
        let lengths = [0, 1, 15, 16, 17, 125, 126, 127, 160, 70_000, 3];
        let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
        for (n, length) in lengths.into_iter().enumerate() {
            let opcode = if n % 2 == 0 { TEXT } else { BINARY };
            served(&mut bytes, opcode, &payload[..length]);
            let kept = if opcode == TEXT { payload[..length].to_vec() } else { Vec::new() };
            wanted.push((opcode, length as u64, kept));
        }
        for step in [1, 2, 3, 7, 16, 25, 26, 27, 4_096, bytes.len()] {
            let (mut scanner, mut told) = (Scanner::default(), Told::default());
            for chunk in bytes.chunks(step) {
                scanner.scan(chunk, &mut told);
            }
            assert_eq!(told.0.len(), wanted.len(), "in steps of {step}");
            assert!(told.0 == wanted, "in steps of {step}");
        }
    }

    #[test]
    fn a_client_s_frame_is_masked_and_reads_back() {
        for length in [0, 5, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut out = Vec::new();
            write(&mut out, TEXT, &payload);
            assert_eq!((out[0], out[1] & 0x80), (0x81, 0x80));
            let at = out.len() - length;
            let key: [u8; 4] = *out[at - 4..at].first_chunk().expect("four");
            let read: Vec<u8> = out[at..].iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect();
            assert!(read == payload, "{length}");
        }
    }
}
