//! Frames as no client should send them, byte for byte (RFC 6455, section 5.2).

use fastrand::Rng;

/// A frame: each part of its head is what it is told, right or wrong.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    /// FIN, the reserved bits and the opcode.
    pub(crate) first: u8,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload: Vec<u8>,
    /// The length that is announced, where it is another one than the payload's.
    pub(crate) announced: Option<u64>,
}

impl Raw {
    /// One that is right, with a random mask.
    pub(crate) fn new(random: &mut Rng, first: u8, payload: &[u8]) -> Self {
        Self { first, mask: Some(random.u32(..).to_be_bytes()), payload: payload.to_vec(), announced: None }
    }

    pub(crate) fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    pub(crate) const fn announcing(mut self, length: u64) -> Self {
        self.announced = Some(length);
        self
    }

    /// As it is on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let length = self.announced.unwrap_or(self.payload.len() as u64);
        let mut out = vec![self.first];
        match length {
            0..126 => out.push(masked | length as u8),
            126..=0xffff => {
                out.push(masked | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                out.push(masked | 127);
                out.extend_from_slice(&length.to_be_bytes());
            }
        }
        let key = self.mask.unwrap_or_default();
        if self.mask.is_some() {
            out.extend_from_slice(&key);
        }
        out.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        out
    }
}

/// Bytes that are no UTF-8, wherever in a text they stand: a stray continuation, a surrogate, one too large, one longer
/// than it need be, one that is cut.
pub(crate) fn no_utf8(random: &mut Rng) -> Vec<u8> {
    const WRONG: [&[u8]; 6] =
        [b"\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe2\x82(", b"\xff"];
    let mut text = letters(random, 40);
    text.extend_from_slice(WRONG[random.usize(..WRONG.len())]);
    text.extend(letters(random, 40));
    text
}

/// Up to so many letters.
pub(crate) fn letters(random: &mut Rng, most: usize) -> Vec<u8> {
    let count = random.usize(..=most);
    (0..count).map(|_| random.lowercase() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_standard_unless_they_are_told_not_to_be() {
        let raw = Raw { first: 0x81, mask: Some([1, 2, 3, 4]), payload: b"abcde".to_vec(), announced: None };
        assert_eq!(raw.bytes(), [0x81, 0x85, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3, b'd' ^ 4, b'e' ^ 1]);
        assert_eq!(raw.clone().unmasked().bytes(), b"\x81\x05abcde");
        assert_eq!(raw.clone().announcing(300).bytes()[..4], [0x81, 0xfe, 1, 44]);
        assert_eq!(raw.announcing(1 << 40).bytes()[..10], [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_utf8_is_none() {
        let mut random = Rng::with_seed(1);
        assert!((0..1_000).all(|_| std::str::from_utf8(&no_utf8(&mut random)).is_err()));
    }
}
