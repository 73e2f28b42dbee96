//! Every bound of the model and the wire that does not depend on where it runs, in one place.
//!
//! What an operator may change is in [`ModelLimits`] (and in the server's own configuration);
//! the constants are part of the protocol and the same everywhere.

use serde::{Deserialize, Serialize};

use crate::model::Seq;

/// An object's x, y and z lie in `[-POSITION_BOUND, POSITION_BOUND]` world units.
pub const POSITION_BOUND: f64 = 12.0;
/// The camera's x, y and z lie in `[-CAMERA_BOUND, CAMERA_BOUND]`: it may stand outside the world.
pub const CAMERA_BOUND: f64 = 100.0;
/// A rotation component lies in `[-ROTATION_BOUND, ROTATION_BOUND]` degrees: 100 full turns.
pub const ROTATION_BOUND: f64 = 36_000.0;
/// A scale component lies in `(0, SCALE_MAX]`.
pub const SCALE_MAX: f64 = 1_000.0;
/// The camera's vertical field of view, in degrees.
pub const FOV_RANGE: (f64, f64) = (10.0, 120.0);
/// Grid positions per axis.
pub const WORLD_SIZE_RANGE: (u32, u32) = (1, 1_000);
/// The distance of an orbiting camera from its target, in world units: `(0, ORBIT_RADIUS_MAX]`.
pub const ORBIT_RADIUS_MAX: f64 = 200.0;
/// The speed of an orbiting camera, in degrees a second; negative turns clockwise.
pub const ORBIT_SPEED_BOUND: f64 = 360.0;
/// The angle of an orbiting camera above the horizon, in degrees.
pub const ORBIT_ELEVATION_BOUND: f64 = 89.0;

/// Bytes of UTF-8 in an object's name.
pub const OBJECT_NAME_BYTES: usize = 128;
/// Characters in the name of a session or a person.
pub const DISPLAY_NAME_CHARS: usize = 64;
/// Characters in a custom object type.
pub const OBJECT_TYPE_CHARS: usize = 32;
/// Characters in an object's text.
pub const TEXT_CHARS: usize = 256;
/// Entries in an object's properties.
pub const PROPERTY_COUNT: usize = 32;
/// Bytes of an object's properties in all: keys as UTF-8 and values as JSON.
pub const PROPERTIES_BYTES: usize = 4 * 1024;
/// Characters in a client id.
pub const CLIENT_ID_CHARS: usize = 64;
/// Bytes of the name by which a token's issuer calls its holder.
pub const SUBJECT_BYTES: usize = 128;

/// Objects and arrays inside one another in one JSON or MessagePack value.
pub const NESTING_DEPTH: usize = 16;
/// Objects in one part of a WebSocket snapshot.
pub const SNAPSHOT_PART_OBJECTS: usize = 1_000;
/// Bytes of one part of a WebSocket snapshot in either encoding: a server's connection keeps a buffer
/// as large as its largest message.
pub const SNAPSHOT_PART_BYTES: usize = 48 * 1024;
/// Names in the selection that a client shows to its peers.
pub const PRESENCE_SELECTION: usize = 64;
/// Presence cameras and pointers lie in `[-PRESENCE_BOUND, PRESENCE_BOUND]` on each axis.
pub const PRESENCE_BOUND: f64 = 1_000.0;
/// Commands that a replica keeps unacknowledged before it refuses more. They are sent again at once after
/// a reconnect, so there are fewer of them than a server takes in a burst.
pub const PENDING_COMMANDS: usize = 1_024;
/// Steps that a client can take back; the oldest are forgotten first.
pub const UNDO_STEPS: usize = 200;
/// Commands that all the steps that a client can take back have together: what bounds their memory. More
/// than [`ModelLimits::commands_per_batch`] of one step are refused when it is taken back.
pub const UNDO_COMMANDS: usize = 20_000;
/// The largest whole number that JSON clients share exactly: 2^53 - 1.
pub const SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The largest seq of a session that is imported: half of what JSON clients share, so that it can go on.
pub const IMPORT_SEQ: Seq = SAFE_INTEGER / 2;
/// Bytes of one value (an object, an event, a line) of a file that is imported.
pub const IMPORT_VALUE_BYTES: usize = 1024 * 1024;
/// Faults of one file that are told one by one; of the rest only how many there are.
pub const IMPORT_FAULTS: usize = 100;

/// The bounds of the model that an operator may change. The server tells them in `welcome`, so that
/// a page refuses what its server would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelLimits {
    /// Objects in one session. Default 100,000.
    pub objects_per_session: u32,
    /// Commands in one batch. Default 1,000.
    pub commands_per_batch: u32,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self { objects_per_session: 100_000, commands_per_batch: 1_000 }
    }
}
