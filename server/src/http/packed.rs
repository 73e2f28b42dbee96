//! States as they travel compressed, each made once for all who ask for it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::mem::size_of;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};
use brotli::CompressorWriter;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use vws_core::model::{Epoch, Seq};
use vws_core::{SessionId, Snapshot};

use super::page::accepts;
use super::refusal::Refusal;

/// Bytes of compressed states that are kept, of all sessions.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// States that are compressed at once: each has a core to itself meanwhile.
const AT_ONCE: usize = 2;

/// Objects of a state that is not worth the work.
pub(super) const FEW: usize = 16;

/// How a body is compressed, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Zstd,
    Brotli,
}

impl Coding {
    const ALL: [Self; 2] = [Self::Zstd, Self::Brotli];

    /// The best that a client takes, if it takes one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| accepts(headers, ACCEPT_ENCODING, coding.name()))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
        }
    }

    /// Its name as a header has it.
    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// The canonical JSON, compressed while it is written: it is never there as a whole.
    fn pack(self, snapshot: &Snapshot) -> io::Result<Vec<u8>> {
        const PIECE: usize = 64 * 1024;
        // Quick levels: 10,000 objects are a tenth of their JSON with either.
        const ZSTD_LEVEL: i32 = 3;
        const BROTLI_QUALITY: u32 = 4;
        const BROTLI_WINDOW: u32 = 20;
        match self {
            Self::Zstd => {
                let mut packer = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                write(snapshot, io::BufWriter::with_capacity(PIECE, &mut packer))?;
                packer.finish()
            }
            Self::Brotli => {
                let mut packed = Vec::new();
                let packer = CompressorWriter::new(&mut packed, PIECE, BROTLI_QUALITY, BROTLI_WINDOW);
                write(snapshot, io::BufWriter::with_capacity(PIECE, packer))?;
                Ok(packed)
            }
        }
    }
}

fn write(snapshot: &Snapshot, mut into: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut into, snapshot)?;
    into.flush()
}

/// A state that was compressed.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
    pub(super) bytes: Bytes,
}

/// The newest compressed state of each session, while there is room.
#[derive(Debug)]
pub(super) struct Packs {
    /// Held for a look-up or a change. A std lock, since nothing waits inside it.
    kept: Mutex<Kept>,
    turns: Semaphore,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    /// The one that was made first goes first. There are hardly more than a client follows sessions, and none is small.
    packs: VecDeque<(SessionId, Coding, Packed)>,
    bytes: usize,
}

impl Default for Packs {
    fn default() -> Self {
        Self::with_room(MAX_BYTES)
    }
}

impl Packs {
    fn with_room(max_bytes: usize) -> Self {
        Self { kept: Mutex::default(), turns: Semaphore::new(AT_ONCE), max_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change under the lock is whole before anything can panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a session that was at `seen` when this was asked for, or a later one: one that is there, one that
    /// was made while this caller waited, or what `take` gives.
    pub(super) async fn present(
        &self,
        id: SessionId,
        coding: Coding,
        seen: (Epoch, Seq),
        take: impl FnOnce() -> Snapshot + Send + 'static,
    ) -> Result<Packed, Refusal> {
        if let Some(packed) = self.lock().find(id, coding, seen) {
            return Ok(packed);
        }
        let _turn = self.turns.acquire().await.expect("nobody closes it");
        if let Some(packed) = self.lock().find(id, coding, seen) {
            return Ok(packed);
        }
        let packed = pack(coding, take).await?;
        self.lock().keep(id, coding, packed.clone(), self.max_bytes);
        Ok(packed)
    }

    /// A state that nobody else asks for.
    pub(super) async fn past(&self, coding: Coding, snapshot: Snapshot) -> Result<Packed, Refusal> {
        let _turn = self.turns.acquire().await.expect("nobody closes it");
        pack(coding, move || snapshot).await
    }

    /// Lets go of what is kept of a session.
    pub(super) fn forget(&self, id: SessionId) {
        self.lock().remove(|(of, ..)| *of == id);
    }
}

async fn pack(coding: Coding, take: impl FnOnce() -> Snapshot + Send + 'static) -> Result<Packed, Refusal> {
    let packing = spawn_blocking(move || {
        let snapshot = take();
        let (epoch, seq) = (snapshot.session.epoch, snapshot.session.seq);
        coding.pack(&snapshot).map(|bytes| Packed { epoch, seq, bytes: bytes.into() })
    });
    // Writing into memory fails only where a compressor does.
    packing.await.ok().and_then(Result::ok).ok_or(Refusal::Internal)
}

impl Kept {
    fn find(&self, id: SessionId, coding: Coding, (epoch, seq): (Epoch, Seq)) -> Option<Packed> {
        let is_it = |(of, how, packed): &&(SessionId, Coding, Packed)| {
            (*of, *how, packed.epoch) == (id, coding, epoch) && packed.seq >= seq
        };
        self.packs.iter().find(is_it).map(|(.., packed)| packed.clone())
    }

    fn keep(&mut self, id: SessionId, coding: Coding, packed: Packed, max_bytes: usize) {
        self.remove(|(of, how, _)| (*of, *how) == (id, coding));
        self.bytes += weight(&packed);
        self.packs.push_back((id, coding, packed));
        while self.bytes > max_bytes
            && let Some((.., oldest)) = self.packs.pop_front()
        {
            self.bytes -= weight(&oldest);
        }
    }

    fn remove(&mut self, which: impl Fn(&(SessionId, Coding, Packed)) -> bool) {
        let Self { packs, bytes } = self;
        packs.retain(|pack| {
            let goes = which(pack);
            *bytes -= if goes { weight(&pack.2) } else { 0 };
            !goes
        });
    }
}

fn weight(packed: &Packed) -> usize {
    packed.bytes.len() + size_of::<(SessionId, Coding, Packed)>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn packed(seq: Seq, bytes: usize) -> Packed {
        Packed { epoch: 1, seq, bytes: vec![0; bytes].into() }
    }

    fn session(n: u128) -> SessionId {
        SessionId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn rest18_what_is_kept_of_compressed_states_is_bounded_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        let max = 3 * weight(&packed(0, 1_000));
        for n in 0..4 {
            kept.keep(session(n), Coding::Zstd, packed(5, 1_000), max);
            assert!(kept.bytes <= max);
        }
        assert!(kept.find(session(0), Coding::Zstd, (1, 5)).is_none(), "it was the oldest");
        assert!(kept.find(session(1), Coding::Zstd, (1, 5)).is_some(), "at the bound all are kept");
        kept.keep(session(9), Coding::Zstd, packed(5, max), max);
        assert!(kept.packs.is_empty() && kept.bytes == 0, "one that has no room is not kept");
    }

    #[test]
    fn rest18_a_state_is_found_by_those_who_have_seen_no_later_one() {
        let mut kept = Kept::default();
        kept.keep(session(1), Coding::Zstd, packed(5, 10), MAX_BYTES);
        let find = |kept: &Kept, seen| kept.find(session(1), Coding::Zstd, seen).map(|found| found.seq);
        assert_eq!((find(&kept, (1, 4)), find(&kept, (1, 5)), find(&kept, (1, 6))), (Some(5), Some(5), None));
        assert_eq!(find(&kept, (2, 5)), None, "of another history");
        assert!(kept.find(session(1), Coding::Brotli, (1, 5)).is_none());
        kept.keep(session(1), Coding::Zstd, packed(7, 10), MAX_BYTES);
        assert_eq!((find(&kept, (1, 6)), kept.packs.len()), (Some(7), 1), "one of each session and coding");
        kept.remove(|(of, ..)| *of == session(1));
        assert_eq!((find(&kept, (1, 0)), kept.bytes), (None, 0));
    }
}
