//! Bytes that many subscribers share.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;
use vws_core::model::{PropertyKey, Scalar};
use vws_core::wire::{Encoding, ServerMessage};
use vws_core::{Event, EventRecord, Seq, Snapshot};

/// An event with its encodings, each made when the first subscriber asks for it.
#[derive(Debug)]
pub struct FeedEvent {
    record: Arc<EventRecord>,
    json: OnceLock<Bytes>,
    msgpack: OnceLock<Bytes>,
}

impl FeedEvent {
    pub(super) const fn new(record: Arc<EventRecord>) -> Self {
        Self { record, json: OnceLock::new(), msgpack: OnceLock::new() }
    }

    /// The event itself.
    #[must_use]
    pub fn record(&self) -> &EventRecord {
        &self.record
    }

    /// The event as a message.
    pub fn encoded(&self, encoding: Encoding) -> Bytes {
        let cell = match encoding {
            Encoding::Json => &self.json,
            Encoding::MessagePack => &self.msgpack,
        };
        let message = || encoding.encode_server(&ServerMessage::Event(EventRecord::clone(&self.record)));
        cell.get_or_init(|| message().into()).clone()
    }

    /// About how many bytes the event holds in memory with its encodings.
    pub(super) fn weight(&self) -> usize {
        const FIXED: usize = 512;
        let texts = match &self.record.event {
            Event::ObjectCreated { object } => {
                let properties = object
                    .properties
                    .iter()
                    .map(|(key, value)| entry_weight(key, Some(value)))
                    .sum::<usize>();
                // The record, and two encodings of it.
                3 * (object.name.as_str().len() + object.text.as_str().len() + properties)
            }
            Event::ObjectUpdated { name, patch } => {
                let text = patch.text.as_ref().map_or(0, |text| text.as_str().len());
                let properties = patch
                    .properties
                    .iter()
                    .map(|(key, value)| entry_weight(key, value.as_ref()))
                    .sum::<usize>();
                3 * (name.as_str().len() + text + properties)
            }
            Event::ObjectRenamed { name, new_name } => 3 * (name.as_str().len() + new_name.as_str().len()),
            Event::ObjectDeleted { name } => 3 * name.as_str().len(),
            Event::ObjectsCleared
            | Event::WorldInitialized { .. }
            | Event::WorldUpdated { .. }
            | Event::CameraMoved { .. }
            | Event::CameraOrbitStarted { .. }
            | Event::CameraOrbitStopped
            | Event::SessionRenamed { .. } => 0,
        };
        FIXED + texts
    }
}

/// About how many bytes a property holds.
fn entry_weight(key: &PropertyKey, value: Option<&Scalar>) -> usize {
    const FIXED: usize = 64;
    let text = match value {
        Some(Scalar::String(text)) => text.len(),
        Some(Scalar::Bool(_) | Scalar::Number(_)) | None => 0,
    };
    FIXED + key.as_str().len() + text
}

/// A snapshot in parts, encoded for the wire.
#[derive(Debug, Clone)]
pub struct SnapshotFrames {
    /// The last event in it.
    pub seq: Seq,
    /// One message each.
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
            let parts = parts.map(|part| encoding.encode_server(&ServerMessage::Snapshot(part)).into());
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
