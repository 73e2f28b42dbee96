//! Bytes as choices: what an input says first decides what is done with the rest. Any bytes are an input.

/// What is left of an input.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// The whole of it.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 where there is none.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// The next two bytes as a number, the low one first.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A number of which small ones and those at the ends of its range are likely.
    pub fn number(&mut self) -> u64 {
        let byte = self.byte();
        match byte {
            0..=199 => byte.into(),
            200..=227 => u64::MAX - u64::from(byte - 200),
            228..=241 => u64::MAX >> (byte - 227),
            _ => u64::from(self.short()) << (u32::from(byte - 242) * 3),
        }
    }

    /// So many bytes, as far as they are there.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is left.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }
}
