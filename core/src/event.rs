//! Facts. An event holds valid values only, whether it was decided here or read from a log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::model::{
    CameraCoordinate, ClientId, Color, Coordinate, Degrees, DisplayName, Epoch, Fov, Fraction, Label, Millis,
    Object, ObjectName, ObjectType, Orbit, Partial3, PropertyKey, Scalar, Scale, Seq, SessionId, Subject,
    World, WorldSize,
};
use crate::session::Origin;
use crate::wire::tagged::{self, Tagged};

// What is large is in a box: a history of many events takes little memory.
/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Event {
    /// The object is there now, whole.
    ObjectCreated {
        /// The object, shared with the state that it was applied to.
        #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Thing))]
        object: Arc<Object>,
    },
    /// Some fields of an object have new values.
    ObjectUpdated {
        /// Which object.
        name: ObjectName,
        /// The fields that changed, and only those.
        patch: Box<ObjectChange>,
    },
    /// An object has another name; nothing else of it changed but its version.
    ObjectRenamed {
        /// Its name until now.
        name: ObjectName,
        /// Its name from now on.
        new_name: ObjectName,
    },
    /// The object is gone.
    ObjectDeleted {
        /// Its name.
        name: ObjectName,
    },
    /// All objects are gone.
    ObjectsCleared,
    /// The world was set anew, whole.
    WorldInitialized {
        /// The world.
        world: Box<World>,
    },
    /// Some fields of the world have new values.
    WorldUpdated {
        /// The fields that changed, and only those.
        patch: Box<WorldChange>,
    },
    /// The camera has a new pose; an orbit, if there was one, has ended.
    CameraMoved {
        /// What of the pose changed.
        camera: Box<CameraChange>,
    },
    /// The camera circles its target.
    CameraOrbitStarted {
        /// How.
        orbit: Orbit,
    },
    /// The camera stands still again, where it stood before the orbit.
    CameraOrbitStopped,
    /// The session has another name, or none.
    SessionRenamed {
        /// The new name.
        name: Option<DisplayName>,
    },
}

impl Event {
    /// Every tag there is.
    pub const TYPES: &[&str] = &[
        "object_created",
        "object_updated",
        "object_renamed",
        "object_deleted",
        "objects_cleared",
        "world_initialized",
        "world_updated",
        "camera_moved",
        "camera_orbit_started",
        "camera_orbit_stopped",
        "session_renamed",
    ];
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl Tagged for Event {
    const WHAT: &'static str = "an event";

    fn of<'de, D: Deserializer<'de>>(tag: &str, fields: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Whole {
            object: Arc<Object>,
        }
        #[derive(Deserialize)]
        struct Patched {
            name: ObjectName,
            patch: Box<ObjectChange>,
        }
        #[derive(Deserialize)]
        struct Renamed {
            name: ObjectName,
            new_name: ObjectName,
        }
        #[derive(Deserialize)]
        struct Named {
            name: ObjectName,
        }
        #[derive(Deserialize)]
        struct WholeWorld {
            world: Box<World>,
        }
        #[derive(Deserialize)]
        struct PatchedWorld {
            patch: Box<WorldChange>,
        }
        #[derive(Deserialize)]
        struct Moved {
            camera: Box<CameraChange>,
        }
        #[derive(Deserialize)]
        struct Orbiting {
            orbit: Orbit,
        }
        #[derive(Deserialize)]
        struct Called {
            name: Option<DisplayName>,
        }
        Ok(match tag {
            "object_created" => Self::ObjectCreated { object: Whole::deserialize(fields)?.object },
            "object_updated" => {
                let Patched { name, patch } = Patched::deserialize(fields)?;
                Self::ObjectUpdated { name, patch }
            }
            "object_renamed" => {
                let Renamed { name, new_name } = Renamed::deserialize(fields)?;
                Self::ObjectRenamed { name, new_name }
            }
            "object_deleted" => Self::ObjectDeleted { name: Named::deserialize(fields)?.name },
            "objects_cleared" => tagged::nothing(fields).map(|()| Self::ObjectsCleared)?,
            "world_initialized" => Self::WorldInitialized { world: WholeWorld::deserialize(fields)?.world },
            "world_updated" => Self::WorldUpdated { patch: PatchedWorld::deserialize(fields)?.patch },
            "camera_moved" => Self::CameraMoved { camera: Moved::deserialize(fields)?.camera },
            "camera_orbit_started" => {
                Self::CameraOrbitStarted { orbit: Orbiting::deserialize(fields)?.orbit }
            }
            "camera_orbit_stopped" => tagged::nothing(fields).map(|()| Self::CameraOrbitStopped)?,
            "session_renamed" => Self::SessionRenamed { name: Called::deserialize(fields)?.name },
            other => return Err(de::Error::unknown_variant(other, Self::TYPES)),
        })
    }
}

/// New values for some fields of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ObjectChange {
    /// See [`Object::kind`].
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ObjectType>,
    /// See [`Object::x`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<Coordinate>,
    /// See [`Object::y`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<Coordinate>,
    /// See [`Object::z`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z: Option<Coordinate>,
    /// The components that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Partial3<Degrees>>,
    /// The components that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Partial3<Scale>>,
    /// See [`Object::color`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// See [`Object::opacity`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opacity: Option<Fraction>,
    /// See [`Object::visible`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
    /// See [`Object::text`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Label>,
    /// The keys that changed: a value, or null for a key that is gone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::PropertiesPatch))]
    pub properties: BTreeMap<PropertyKey, Option<Scalar>>,
}

/// New values for some fields of the world.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorldChange {
    /// See [`World::size`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<WorldSize>,
    /// See [`World::transparency`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparency: Option<Fraction>,
    /// See [`World::camera_x`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_x: Option<CameraCoordinate>,
    /// See [`World::camera_y`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_y: Option<CameraCoordinate>,
    /// See [`World::camera_z`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_z: Option<CameraCoordinate>,
    /// The components that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_target: Option<Partial3<CameraCoordinate>>,
    /// See [`World::camera_fov`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_fov: Option<Fov>,
}

/// New values for some parts of the camera's pose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CameraChange {
    /// See [`World::camera_x`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<CameraCoordinate>,
    /// See [`World::camera_y`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<CameraCoordinate>,
    /// See [`World::camera_z`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z: Option<CameraCoordinate>,
    /// The components that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Partial3<CameraCoordinate>>,
    /// See [`World::camera_fov`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fov: Option<Fov>,
}

/// Whose command an event came of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Author {
    /// The client.
    pub client_id: ClientId,
    /// The command's number among those of its client.
    pub command_id: u64,
}

/// An event at its place in its session's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EventRecord {
    /// Its place.
    pub seq: Seq,
    /// When the server decided it.
    pub at: Millis,
    /// Whose command it came of; absent when the client did not say who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
    /// Who showed a token with it; absent where none was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How many events of the same batch follow this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
    /// What happened.
    pub event: Event,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Something that happened to the set of sessions. The lobby is a stream of its own, in which no
/// content of a session ever travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum LobbyEvent {
    /// A session is there now.
    SessionCreated {
        /// Its id.
        session_id: SessionId,
        /// Its name, if it has one.
        name: Option<DisplayName>,
        /// When it was created.
        created_at: Millis,
        /// The epoch of its history.
        epoch: Epoch,
        /// What it is a copy of; absent when it began empty. Its seq goes on from there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
        /// How many objects it begins with; absent for none.
        #[serde(default, skip_serializing_if = "is_none")]
        object_count: u64,
    },
    /// A session has another name, or none.
    SessionRenamed {
        /// Its id.
        session_id: SessionId,
        /// The new name.
        name: Option<DisplayName>,
    },
    /// A session is gone, with all that it held.
    SessionDeleted {
        /// Its id.
        session_id: SessionId,
    },
}

impl LobbyEvent {
    /// Every tag there is.
    pub const TYPES: &[&str] = &["session_created", "session_renamed", "session_deleted"];

    /// The session that it is about.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        match self {
            Self::SessionCreated { session_id, .. }
            | Self::SessionRenamed { session_id, .. }
            | Self::SessionDeleted { session_id } => *session_id,
        }
    }
}

impl<'de> Deserialize<'de> for LobbyEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl Tagged for LobbyEvent {
    const WHAT: &'static str = "an event of the lobby";

    fn of<'de, D: Deserializer<'de>>(tag: &str, fields: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Created {
            session_id: SessionId,
            name: Option<DisplayName>,
            created_at: Millis,
            epoch: Epoch,
            #[serde(default)]
            origin: Option<Origin>,
            #[serde(default)]
            object_count: u64,
        }
        #[derive(Deserialize)]
        struct Renamed {
            session_id: SessionId,
            name: Option<DisplayName>,
        }
        #[derive(Deserialize)]
        struct Deleted {
            session_id: SessionId,
        }
        Ok(match tag {
            "session_created" => {
                let Created { session_id, name, created_at, epoch, origin, object_count } =
                    Created::deserialize(fields)?;
                Self::SessionCreated { session_id, name, created_at, epoch, origin, object_count }
            }
            "session_renamed" => {
                let Renamed { session_id, name } = Renamed::deserialize(fields)?;
                Self::SessionRenamed { session_id, name }
            }
            "session_deleted" => {
                Self::SessionDeleted { session_id: Deleted::deserialize(fields)?.session_id }
            }
            other => return Err(de::Error::unknown_variant(other, Self::TYPES)),
        })
    }
}

/// A lobby event at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LobbyRecord {
    /// Its place in the lobby's stream since the server started: 1, 2, 3 ….
    pub seq: Seq,
    /// When it happened.
    pub at: Millis,
    /// What happened.
    pub event: LobbyEvent,
}
