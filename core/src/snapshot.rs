//! A copy of a session's whole state that can travel.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

use crate::limits::SNAPSHOT_PART_OBJECTS;
use crate::model::{Object, Seq, World};
use crate::reduce::State;
use crate::session::{Digest, Session, SessionInfo};

/// The whole state of a session at one seq. Making one shares the objects and copies none.
///
/// Its JSON, as serde_json writes it, is the canonical form of a session's state: fields in this
/// order, objects in the order of their names' bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// What the session is, and the seq of its last event.
    pub session: SessionInfo,
    /// The digest of the state.
    pub digest: Digest,
    /// The world.
    pub world: World,
    /// The objects in the order of their names' bytes.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Object>))]
    pub objects: Vec<Arc<Object>>,
}

/// Why a snapshot cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum SnapshotError {
    /// What it holds is not what it was when its digest was made.
    #[error("the snapshot at seq {seq} says digest {told}, its content has {found}")]
    DigestMismatch {
        /// Its seq.
        seq: Seq,
        /// The digest it carries.
        told: Digest,
        /// The digest of what it holds.
        found: Digest,
    },
}

impl Session {
    /// A copy of the state that can travel.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            session: self.info(),
            digest: self.digest(),
            world: self.world().clone(),
            objects: self.objects().cloned().collect(),
        }
    }
}

impl Snapshot {
    /// The session that this is a copy of.
    ///
    /// # Errors
    /// [`SnapshotError`] when the content and its digest disagree.
    pub fn restore(self) -> Result<Session, SnapshotError> {
        let Self { session, digest: told, world, objects } = self;
        let seq = session.seq;
        let session = Session::restore(session, world, objects);
        let found = session.digest();
        if found == told { Ok(session) } else { Err(SnapshotError::DigestMismatch { seq, told, found }) }
    }

    /// The snapshot in parts of at most [`SNAPSHOT_PART_OBJECTS`] objects; the first carries
    /// everything else. There is always at least one part.
    #[must_use]
    pub fn into_parts(self) -> Vec<SnapshotPart> {
        let Self { session, digest, world, objects } = self;
        let seq = session.seq;
        let parts = objects.len().div_ceil(SNAPSHOT_PART_OBJECTS).max(1) as u32;
        let mut head = Some(SnapshotHead { session, digest, world });
        (0..parts)
            .map(|part| {
                let from = part as usize * SNAPSHOT_PART_OBJECTS;
                let to = objects.len().min(from + SNAPSHOT_PART_OBJECTS);
                SnapshotPart { seq, part, parts, head: head.take(), objects: objects[from..to].to_vec() }
            })
            .collect()
    }
}

/// Everything of a snapshot but its objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotHead {
    /// What the session is.
    pub session: SessionInfo,
    /// The digest of the whole state.
    pub digest: Digest,
    /// The world.
    pub world: World,
}

/// A part of a snapshot, small enough for one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotPart {
    /// The seq of the whole snapshot.
    pub seq: Seq,
    /// Which part: 0, 1, ….
    pub part: u32,
    /// How many parts there are.
    pub parts: u32,
    /// Everything but the objects, in part 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<SnapshotHead>,
    /// Some of the objects.
    pub objects: Vec<Arc<Object>>,
}

/// Gathers the parts of one snapshot, in whatever order they come.
#[derive(Debug, Default)]
pub struct SnapshotAssembly {
    seq: Seq,
    parts: u32,
    received: BTreeMap<u32, SnapshotPart>,
}

impl SnapshotAssembly {
    /// How many parts are in, of how many; `(0, 0)` before the first.
    #[must_use]
    pub fn progress(&self) -> (u32, u32) {
        (self.received.len() as u32, self.parts)
    }

    /// Takes a part in and returns the snapshot once it is whole. A part of another snapshot (another
    /// seq or another number of parts) starts over; a part that is in already changes nothing.
    pub fn receive(&mut self, part: SnapshotPart) -> Option<Snapshot> {
        if self.received.is_empty() || (part.seq, part.parts) != (self.seq, self.parts) {
            *self = Self { seq: part.seq, parts: part.parts, received: BTreeMap::new() };
        }
        if part.part < part.parts && (part.part == 0) == part.head.is_some() {
            self.received.insert(part.part, part);
        }
        if self.received.len() != self.parts as usize {
            return None;
        }
        let mut parts = std::mem::take(self).received.into_values();
        let first = parts.next()?;
        let SnapshotHead { session, digest, world } = first.head?;
        let mut objects = first.objects;
        objects.extend(parts.flat_map(|part| part.objects));
        Some(Snapshot { session, digest, world, objects })
    }
}
