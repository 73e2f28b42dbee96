//! The folded state of one session.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

use crate::event::EventRecord;
use crate::model::{DisplayName, Epoch, Millis, Object, ObjectName, Seq, SessionId, World};
use crate::reduce::{self, State, StateMut};

mod digest;
mod objects;

pub use digest::Digest;
use objects::Objects;

/// One isolated world: its name, its configuration and camera, and its named objects, as the events
/// up to [`seq`](State::seq) have made them.
#[derive(Debug, Clone)]
pub struct Session {
    id: SessionId,
    name: Option<DisplayName>,
    created_at: Millis,
    epoch: Epoch,
    origin: Option<Origin>,
    seq: Seq,
    world: World,
    world_hash: u64,
    objects: Objects,
}

/// An event that is not the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("event {found} does not follow: the next one is {expected}")]
pub struct OutOfOrder {
    /// The seq that would follow.
    pub expected: Seq,
    /// The seq that came.
    pub found: Seq,
}

/// What is told of a session in lists: everything but its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionInfo {
    /// Its id.
    pub session_id: SessionId,
    /// Its name, if it has one.
    pub name: Option<DisplayName>,
    /// When it was created.
    pub created_at: Millis,
    /// The epoch of its history.
    pub epoch: Epoch,
    /// The seq of its last event.
    pub seq: Seq,
    /// How many objects it has.
    pub object_count: u64,
    /// What it is a copy of; absent when it began empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A moment of a session that another one began as a copy of. The session may be gone since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Origin {
    /// The session.
    pub session_id: SessionId,
    /// Which of its histories.
    pub epoch: Epoch,
    /// The last event that the copy has of it.
    pub seq: Seq,
}

impl Session {
    /// A session before its first event: no objects, the default world.
    #[must_use]
    pub fn new(id: SessionId, name: Option<DisplayName>, created_at: Millis, epoch: Epoch) -> Self {
        let world = World::default();
        Self {
            id,
            name,
            created_at,
            epoch,
            origin: None,
            seq: 0,
            world_hash: digest::of_world(&world),
            world,
            objects: Objects::default(),
        }
    }

    /// A session as a snapshot tells it. Of two objects of one name the later one stays.
    pub(crate) fn restore(
        info: SessionInfo,
        world: World,
        objects: impl IntoIterator<Item = Arc<Object>>,
    ) -> Self {
        let SessionInfo { session_id, name, created_at, epoch, seq, object_count: _, origin } = info;
        let mut session = Self::new(session_id, name, created_at, epoch);
        session.change_world(|now| *now = world);
        for object in objects {
            session.put_object(object);
        }
        session.seq = seq;
        session.origin = origin;
        session
    }

    /// A session of its own that begins as this one is now, objects shared: its history goes on from this
    /// seq, so that the versions in it keep their meaning, under an epoch and an id of its own.
    #[must_use]
    pub fn fork(&self, id: SessionId, name: Option<DisplayName>, created_at: Millis, epoch: Epoch) -> Self {
        let origin = Origin { session_id: self.id, epoch: self.epoch, seq: self.seq };
        Self { id, name, created_at, epoch, origin: Some(origin), ..self.clone() }
    }

    /// The same content under another identity, at another seq.
    pub(crate) fn with_info(self, info: SessionInfo) -> Self {
        let SessionInfo { session_id, name, created_at, epoch, seq, object_count: _, origin } = info;
        Self { id: session_id, name, created_at, epoch, origin, seq, ..self }
    }

    /// Folds the next event in.
    ///
    /// # Errors
    /// [`OutOfOrder`], with nothing changed, when `record` is not the next event.
    pub fn apply(&mut self, record: &EventRecord) -> Result<(), OutOfOrder> {
        let expected = self.seq + 1;
        if record.seq != expected {
            return Err(OutOfOrder { expected, found: record.seq });
        }
        reduce::apply(self, &record.event, record.seq, record.at);
        Ok(())
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The epoch of its history.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When it was created.
    #[must_use]
    pub const fn created_at(&self) -> Millis {
        self.created_at
    }

    /// What lists tell of it.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        SessionInfo {
            session_id: self.id,
            name: self.name.clone(),
            created_at: self.created_at,
            epoch: self.epoch,
            seq: self.seq,
            object_count: self.objects.len() as u64,
            origin: self.origin,
        }
    }

    /// All objects in the order of their names' bytes.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &Arc<Object>> + Clone {
        self.objects.iter()
    }

    /// The objects whose names come after `name`, in the order of their bytes. A listing that goes on
    /// from its last name this way neither repeats nor skips an object that was there all along.
    pub fn objects_after(&self, name: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.after(name)
    }

    /// A hash of the content: name, world and objects with their versions. Two sessions of equal
    /// content have equal digests, in whatever order it came to be.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest::of_session(self.name.as_ref(), self.world_hash, self.objects.len(), self.objects.sum())
    }
}

impl State for Session {
    fn seq(&self) -> Seq {
        self.seq
    }

    fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(name)
    }

    fn object_count(&self) -> usize {
        self.objects.len()
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn name(&self) -> Option<&DisplayName> {
        self.name.as_ref()
    }
}

impl StateMut for Session {
    fn set_seq(&mut self, seq: Seq) {
        self.seq = seq;
    }

    fn put_object(&mut self, object: Arc<Object>) {
        self.objects.put(object);
    }

    fn change_object(&mut self, name: &ObjectName, change: impl FnOnce(&mut Object)) {
        self.objects.change(name.as_str(), change);
    }

    fn take_object(&mut self, name: &ObjectName) -> Option<Arc<Object>> {
        self.objects.take(name.as_str())
    }

    fn clear_objects(&mut self) {
        self.objects.clear();
    }

    fn change_world(&mut self, change: impl FnOnce(&mut World)) {
        change(&mut self.world);
        self.world_hash = digest::of_world(&self.world);
    }

    fn set_name(&mut self, name: Option<DisplayName>) {
        self.name = name;
    }
}
