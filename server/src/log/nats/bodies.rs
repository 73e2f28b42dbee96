//! The bytes of events and checkpoints, in a message or, where they are too many for one, in parts beside it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::sleep;
use vws_core::SessionId;
use xxhash_rust::xxh3::xxh3_64;

use super::Shared;
use super::get::Which;
use super::layout::{Body, Parts};
use crate::log::LogError;

/// Bytes in one message, at most, and in one part.
const MOST: usize = 512 * 1024;
/// What else is in a message: its subject and headers.
const BESIDE: usize = 8 * 1024;
/// From so many bytes on they are packed.
const PACK_FROM: usize = 16 * 1024;
/// zstd's level: what is asked for is speed.
const LEVEL: i32 = 1;
/// Bytes of one body: no session within its bounds has so many.
const LARGEST: u64 = 4 << 30;
/// Parts that are under way at once.
const AT_ONCE: usize = 4;
/// How often a part is sent.
const TRIES: u32 = 4;

impl Shared {
    /// Bytes in one message, at most.
    fn most(&self) -> usize {
        MOST.min(self.connection.max_payload().saturating_sub(BESIDE)).max(1)
    }

    /// Packs bytes and, where they are too many for a message, keeps them in parts under `key`. Answers what a message
    /// says of them, and what is in it.
    pub(super) async fn pack(
        &self,
        session: SessionId,
        key: impl FnOnce() -> String,
        plain: Vec<u8>,
    ) -> Result<(Body, Bytes), LogError> {
        let (mut body, packed) = packed(plain).await?;
        if packed.len() <= self.most() {
            return Ok((body, packed));
        }
        body.parts = Some(self.send_parts(session, key(), packed).await?);
        Ok((body, Bytes::new()))
    }

    /// Packs bytes and keeps them in parts under `key`, however few they are.
    pub(super) async fn keep(
        &self,
        session: SessionId,
        key: String,
        plain: Vec<u8>,
    ) -> Result<Body, LogError> {
        let (mut body, packed) = packed(plain).await?;
        body.parts = Some(self.send_parts(session, key, packed).await?);
        Ok(body)
    }

    async fn send_parts(&self, session: SessionId, key: String, packed: Bytes) -> Result<Parts, LogError> {
        let (all, most) = (packed.len(), self.most());
        let parts: Vec<Bytes> =
            (0..all).step_by(most).map(|at| packed.slice(at..all.min(at + most))).collect();
        let count = u32::try_from(parts.len()).expect("a body has less than 4 GiB");
        let sent = stream::iter(parts.into_iter().enumerate())
            .map(|(n, part)| self.send_part(session, &key, n, part));
        if let Err(failed) = sent.buffer_unordered(AT_ONCE).try_collect::<()>().await {
            self.drop_parts(session, &key).await;
            return Err(failed);
        }
        Ok(Parts { key, count })
    }

    async fn send_part(&self, session: SessionId, key: &str, n: usize, part: Bytes) -> Result<(), LogError> {
        let subject = self.layout.kept(session, format_args!("{key}.{n}"));
        let mut tries = 0;
        loop {
            tries += 1;
            let failed = match self.connection.jetstream().publish(subject.clone(), part.clone()).await {
                Ok(sent) => match sent.await {
                    Ok(_) => return Ok(()),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            // A part is the same however often it comes.
            if tries == TRIES {
                return Err(LogError::Unavailable(format!("NATS: {failed}")));
            }
            sleep(Duration::from_millis(50) * tries * tries).await;
        }
    }

    /// The bytes that a message tells of.
    ///
    /// # Errors
    /// [`LogError::Damaged`] when they are not what was written; [`LogError::Trimmed`], of no event, where parts of them
    /// are gone.
    pub(super) async fn unpack(
        &self,
        session: SessionId,
        body: &Body,
        payload: Bytes,
    ) -> Result<Vec<u8>, LogError> {
        let damaged = |reason: &str| LogError::Damaged { session, reason: reason.to_owned() };
        let packed = match &body.parts {
            None => payload,
            Some(parts) => self.parts(session, parts).await?,
        };
        if body.bytes > LARGEST {
            return Err(damaged("what is kept of it says that it is larger than anything is"));
        }
        let plain = if body.packed {
            let unpacked = unpack_away(packed, body.bytes).await?;
            unpacked.ok_or_else(|| damaged("what is kept of it cannot be unpacked"))?
        } else {
            packed.to_vec()
        };
        if plain.len() as u64 == body.bytes && xxh3_64(&plain) == body.sum {
            Ok(plain)
        } else {
            Err(damaged("what is kept of it has another sum than what was written"))
        }
    }

    async fn parts(&self, session: SessionId, parts: &Parts) -> Result<Bytes, LogError> {
        let stream = Arc::new(self.layout.snapshots());
        let read = stream::iter(0..parts.count).map(|n| {
            let subject = self.layout.kept(session, format_args!("{}.{n}", parts.key));
            let stream = Arc::clone(&stream);
            async move {
                let part = self.get(&stream, Which::LastOf(&subject)).await?;
                part.map(|part| part.payload).ok_or(LogError::Trimmed { trimmed: 0 })
            }
        });
        let read: Vec<Bytes> = read.buffered(AT_ONCE).try_collect().await?;
        Ok(read.concat().into())
    }

    /// Lets go of what is kept in parts under a key. What is left when NATS is away is let go of with the session.
    pub(super) async fn drop_parts(&self, session: SessionId, key: &str) {
        let filter = self.layout.kept(session, format_args!("{key}.>"));
        if let Err(error) = self.purge(&self.layout.snapshots(), &filter, None).await {
            tracing::debug!(session.id = %session, key, %error, "parts are left for later");
        }
    }
}

/// Runs where others do not wait for it.
async fn away<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, LogError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|failed| LogError::Unavailable(failed.to_string()))
}

/// Bytes as they are kept, and what is said of them.
async fn packed(plain: Vec<u8>) -> Result<(Body, Bytes), LogError> {
    let is_packed = plain.len() >= PACK_FROM;
    let body = Body { bytes: plain.len() as u64, sum: xxh3_64(&plain), packed: is_packed, parts: None };
    Ok((body, if is_packed { pack_away(plain).await? } else { plain.into() }))
}

async fn pack_away(plain: Vec<u8>) -> Result<Bytes, LogError> {
    let packed = away(move || zstd::bulk::compress(&plain, LEVEL)).await?;
    packed.map(Bytes::from).map_err(|error| LogError::Unavailable(error.to_string()))
}

async fn unpack_away(packed: Bytes, bytes: u64) -> Result<Option<Vec<u8>>, LogError> {
    let Ok(capacity) = usize::try_from(bytes) else { return Ok(None) };
    away(move || zstd::bulk::decompress(&packed, capacity).ok()).await
}
