//! A copy of a session's whole state that can travel.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

use crate::limits::{SNAPSHOT_PART_BYTES, SNAPSHOT_PART_OBJECTS};
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
    #[cfg_attr(feature = "schema", schema(value_type = Vec<crate::schema::Thing>))]
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

    /// The snapshot in parts of at most [`SNAPSHOT_PART_OBJECTS`] objects and [`SNAPSHOT_PART_BYTES`]
    /// bytes; the first carries everything else. There is always at least one part.
    #[must_use]
    pub fn into_parts(self) -> Vec<SnapshotPart> {
        let Self { session, digest, world, objects } = self;
        let seq = session.seq;
        let mut chunks = vec![Vec::new()];
        let mut bytes = HEAD_BYTES;
        for object in objects {
            let more = most_bytes(&object);
            let chunk = chunks.last().expect("there is one from the start");
            if chunk.len() == SNAPSHOT_PART_OBJECTS || bytes + more > SNAPSHOT_PART_BYTES {
                chunks.push(Vec::new());
                bytes = HEAD_BYTES;
            }
            bytes += more;
            chunks.last_mut().expect("there is one from the start").push(object);
        }
        let parts = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        let mut head = Some(SnapshotHead { session, digest, world });
        let numbered = chunks.into_iter().zip(0..);
        numbered
            .map(|(objects, part)| SnapshotPart { seq, part, parts, head: head.take(), objects })
            .collect()
    }
}

/// The most bytes that a part has beside its objects.
const HEAD_BYTES: usize = 2 * 1024;

/// A bound of an object's bytes in either encoding.
fn most_bytes(object: &Object) -> usize {
    // Keys, numbers of 24 digits, and what separates them.
    const FIXED: usize = 600;
    // Outside properties no control needs more than `\n`, so a byte becomes two at most.
    let texts = object.name.as_str().len() + object.kind.as_str().len() + object.text.as_str().len();
    let properties = object.properties.iter();
    let properties = properties.map(|(key, value)| 2 * key.as_str().len() + value.json_bytes() + 8);
    FIXED + 2 * texts + properties.sum::<usize>()
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
        if (part.seq, part.parts) != (self.seq, self.parts) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, ObjectDraft};
    use crate::event::EventRecord;
    use crate::limits::ModelLimits;
    use crate::model::{DisplayName, PropertyKey, Scalar, SessionId};
    use crate::reduce::{Context, decide};
    use crate::wire::{Encoding, ServerMessage, parse_json};

    /// The session after them, at the end of all time.
    fn after(mut session: Session, commands: impl IntoIterator<Item = Command>) -> Session {
        let limits = ModelLimits::default();
        for command in commands {
            let context = Context { at: u64::MAX, limits: &limits, expect_version: None };
            let event = decide(&session, &command, &context).expect("is allowed").remove(0);
            let record =
                EventRecord { seq: session.seq() + 1, at: u64::MAX, by: None, subject: None, more: 0, event };
            session.apply(&record).expect("is the next");
        }
        session
    }

    fn session(drafts: impl IntoIterator<Item = ObjectDraft>) -> Session {
        let empty = Session::new(SessionId::from_uuid(uuid::Uuid::nil()), None, 0, 1);
        after(empty, drafts.into_iter().map(|object| Command::CreateObject { object }))
    }

    fn small(n: usize) -> ObjectDraft {
        ObjectDraft { name: format!("o{n}"), kind: "cube".to_owned(), ..ObjectDraft::default() }
    }

    /// An object of which everything is as long as it may be, and longer still once it is escaped.
    fn large(n: usize) -> ObjectDraft {
        let digits = -1.234_567_890_123_456_7e-5;
        let (key, value) = ("\"".repeat(PropertyKey::MAX_BYTES - 2), "\u{1}".repeat(600));
        let of = |n: usize| (format!("{n:02}{key}"), Scalar::String(value.as_str().into()));
        let marks = "\"".repeat(124);
        ObjectDraft {
            name: format!("{n:04}{marks}"),
            kind: "\"".repeat(32),
            x: digits,
            y: digits,
            z: digits,
            text: Some("\n".repeat(256)),
            properties: Some([of(1)].into()),
            ..ObjectDraft::default()
        }
    }

    #[test]
    fn snap4_parts_are_bounded_by_objects_and_by_bytes() {
        for session in [session((0..2_500).map(small)), session((0..500).map(large)), session([])] {
            let snapshot = session.snapshot();
            let parts = snapshot.clone().into_parts();
            let mut assembly = SnapshotAssembly::default();
            let mut whole = None;
            for part in parts {
                assert!(part.objects.len() <= SNAPSHOT_PART_OBJECTS);
                for encoding in Encoding::ALL {
                    let bytes = encoding.encode_server(&ServerMessage::Snapshot(part.clone())).len();
                    assert!(bytes <= SNAPSHOT_PART_BYTES, "{bytes} bytes in {encoding:?}");
                }
                whole = assembly.receive(part);
            }
            assert_eq!(whole, Some(snapshot));
        }
    }

    #[test]
    fn snap4_a_part_is_filled_to_its_last_byte() {
        // Each is foreseen to take a 64th of what the head leaves.
        let object = |n| ObjectDraft {
            name: format!("o{n:03}"),
            kind: "cube".to_owned(),
            text: Some("x".repeat(60)),
            ..ObjectDraft::default()
        };
        let parts = |count| session((0..count).map(object)).snapshot().into_parts();
        assert_eq!(64 * most_bytes(&parts(1)[0].objects[0]), SNAPSHOT_PART_BYTES - HEAD_BYTES);
        assert_eq!([64, 65].map(|count| parts(count).len()), [1, 2]);
    }

    #[test]
    fn snap4_the_longest_head_has_its_place() {
        let name = DisplayName::new("name", &"𝄞".repeat(64)).expect("as long as one may be");
        let commands = [
            r#"{"type":"update_world","patch":{"size":1000,"transparency":1.2345678901234567e-5,
                "camera_x":-1.2345678901234567e-5,"camera_y":-1.2345678901234567e-5,"camera_z":-1.2345678901234567e-5,
                "camera_target":{"x":-1.2345678901234567e-5,"y":-1.2345678901234567e-5,"z":-1.2345678901234567e-5},
                "camera_fov":33.123456789012345}}"#,
            r#"{"type":"start_orbit","orbit":{"radius":1.2345678901234567,"speed":-1.2345678901234567e-5,
                "elevation":-1.2345678901234567e-5}}"#,
        ];
        let commands = commands.map(|command| parse_json(command.as_bytes()).expect("is a command"));
        let copy = session([]).fork(SessionId::from_uuid(uuid::Uuid::max()), Some(name), u64::MAX, u64::MAX);
        let session = after(copy, commands);
        let part = ServerMessage::Snapshot(session.snapshot().into_parts().remove(0));
        let takes = Encoding::ALL.map(|encoding| encoding.encode_server(&part).len());
        let most = takes.into_iter().max().expect("two");
        assert!((HEAD_BYTES / 2..=HEAD_BYTES).contains(&most), "{takes:?} of {HEAD_BYTES} bytes");
    }

    #[test]
    fn snap4_what_an_object_takes_is_foreseen_and_not_by_far() {
        let key = "\"".repeat(PropertyKey::MAX_BYTES - 2);
        let keys = |value: Scalar| (0..24).map(|n| (format!("{n:02}{key}"), value.clone())).collect();
        let of = |draft: ObjectDraft| session([draft]).snapshot().objects[0].clone();
        let objects = [
            of(small(1)),
            of(large(1)),
            of(ObjectDraft { properties: Some(keys(Scalar::Bool(true))), ..small(1) }),
            of(ObjectDraft {
                name: "n".repeat(100),
                kind: "k".repeat(30),
                text: Some("t".repeat(250)),
                ..small(1)
            }),
        ];
        for object in objects {
            let takes = Encoding::ALL.map(|encoding| match encoding {
                Encoding::Json => serde_json::to_vec(&object).expect("has a form").len(),
                Encoding::MessagePack => rmp_serde::to_vec_named(&object).expect("has a form").len(),
            });
            let (foreseen, most) = (most_bytes(&object), takes.into_iter().max().expect("two"));
            assert!((most..=600 + 2 * most).contains(&foreseen), "{takes:?} bytes, foreseen {foreseen}");
        }
    }
}
