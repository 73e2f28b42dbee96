//! The outer form: zstd in frames, each with a sum; and readers that count and hash.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use zstd::stream::write::Encoder;

/// How hard it is tried: less gains little time, more gains little room.
const LEVEL: i32 = 3;
/// Bytes after which a frame ends with the entry that is in it, so that damage is found near to where it is.
const FRAME: usize = 4 << 20;

/// Compresses what is written, in frames.
pub(super) struct Frames<W: Write> {
    /// None once an error has left it without.
    encoder: Option<Encoder<'static, W>>,
    since: usize,
}

impl<W: Write> Frames<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        Ok(Self { encoder: Some(encoder(out)?), since: 0 })
    }

    /// An entry has ended: so does the frame, where it is large enough.
    pub(super) fn entry_ended(&mut self) -> io::Result<()> {
        if self.since < FRAME { Ok(()) } else { self.cut() }
    }

    /// Ends the frame, and begins another one.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.since = 0;
        let out = self.encoder.take().ok_or_else(broken)?.finish()?;
        self.encoder = Some(encoder(out)?);
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<W> {
        self.encoder.ok_or_else(broken)?.finish()
    }
}

fn encoder<W: Write>(out: W) -> io::Result<Encoder<'static, W>> {
    let mut encoder = Encoder::new(out, LEVEL)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

fn broken() -> io::Error {
    io::Error::other("the writer has failed before")
}

impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.encoder.as_mut().ok_or_else(broken)?.write(bytes)?;
        self.since += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.as_mut().ok_or_else(broken)?.flush()
    }
}

/// Counts what is read.
pub(super) struct Counted<R> {
    pub(super) reader: R,
    pub(super) at: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.at.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Hashes what is read.
pub(super) struct Hashed<'a> {
    reader: &'a mut dyn Read,
    hash: Sha256,
    length: u64,
}

impl<'a> Hashed<'a> {
    pub(super) fn of(reader: &'a mut dyn Read) -> Self {
        Self { reader, hash: Sha256::new(), length: 0 }
    }

    /// How many bytes there were, and their SHA-256.
    pub(super) fn end(self) -> (u64, [u8; 32]) {
        (self.length, self.hash.finalize().into())
    }
}

impl Read for Hashed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(into)?;
        self.hash.update(&into[..length]);
        self.length += length as u64;
        Ok(length)
    }
}
