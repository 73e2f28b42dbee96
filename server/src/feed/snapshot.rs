//! A snapshot, encoded once for all who join at one moment.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use vws_core::wire::{Encoding, ServerMessage};
use vws_core::{Seq, Snapshot};

use super::frame::{self, Opcode};

/// A snapshot in parts, encoded and framed for the wire.
#[derive(Debug, Clone)]
pub struct SnapshotFrames {
    /// The last event in it.
    pub seq: Seq,
    /// One frame each.
    pub parts: Arc<[Bytes]>,
}

/// The newest encoded snapshot of a session, so that those who join at one moment share one.
#[derive(Debug, Default)]
pub struct SnapshotCache {
    /// Guards the frames alone; encoding happens outside of it.
    kept: Mutex<[Kept; 2]>,
    /// Lets one joiner encode while the others wait for what it makes.
    turn: tokio::sync::Mutex<()>,
}

/// What is kept of one encoding.
#[derive(Debug, Clone, Default)]
struct Kept {
    frames: Option<SnapshotFrames>,
    /// How many snapshots have been encoded.
    made: u64,
}

impl SnapshotCache {
    fn place(encoding: Encoding) -> usize {
        usize::from(encoding == Encoding::MessagePack)
    }

    fn kept(&self, encoding: Encoding) -> Kept {
        self.kept.lock()[Self::place(encoding)].clone()
    }

    /// The frames of a snapshot: the newest when it is at `floor()` or later, or one that was made
    /// while this joiner waited, or one that `take` makes now.
    ///
    /// However fast the session moves on, a joiner waits for one encoding under way and one more.
    pub(crate) async fn frames(
        &self,
        encoding: Encoding,
        floor: impl Fn() -> Seq,
        take: impl FnOnce() -> Snapshot + Send + 'static,
    ) -> SnapshotFrames {
        let found = self.kept(encoding);
        if let Some(frames) = found.frames.filter(|frames| frames.seq >= floor()) {
            return frames;
        }
        let _turn = self.turn.lock().await;
        let now = self.kept(encoding);
        if let Some(frames) = now.frames.filter(|frames| now.made > found.made || frames.seq >= floor()) {
            return frames;
        }
        let encode = move || {
            let snapshot = take();
            let seq = snapshot.session.seq;
            let parts = snapshot.into_parts().into_iter();
            let encode = |part| encoding.encode_server(&ServerMessage::Snapshot(part));
            let parts = parts.map(|part| frame::framed(Opcode::of(encoding), &encode(part)));
            SnapshotFrames { seq, parts: parts.collect() }
        };
        let frames = tokio::task::spawn_blocking(encode).await.expect("encoding does not panic");
        let kept = &mut self.kept.lock()[Self::place(encoding)];
        *kept = Kept { frames: Some(frames.clone()), made: now.made + 1 };
        frames
    }

    /// Lets go of what is kept.
    pub(crate) fn clear(&self) {
        for kept in self.kept.lock().iter_mut() {
            kept.frames = None;
        }
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> usize {
        let kept = self.kept.lock();
        kept.iter().flat_map(|kept| &kept.frames).flat_map(|frames| frames.parts.iter()).map(Bytes::len).sum()
    }
}
