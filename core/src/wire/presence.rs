//! What the people and programs in a session show of themselves. It is never in the log.

use serde::{Deserialize, Serialize};

use crate::error::{Faults, LimitError, Rejection};
use crate::limits::PRESENCE_SELECTION;
use crate::model::{Bounded, ClientId, Color, DisplayName, Fov, ObjectName, PresenceCoordinate, Vec3};

/// Where a peer looks from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CameraPose {
    /// Where it stands, in world units.
    pub position: Vec3<PresenceCoordinate>,
    /// What it looks at, in world units.
    pub target: Vec3<PresenceCoordinate>,
    /// Vertical field of view in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fov: Option<Fov>,
}

/// A client asks the others to look from somewhere. Nobody is moved: whoever shows it to a person lets them
/// decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Call {
    /// Another one for each call of a client; while it stays the same it is the same call.
    pub id: u32,
    /// Where it asks them to look from.
    pub camera: CameraPose,
}

/// What a client shows. Each presence replaces the one before, whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Presence {
    /// Where it looks from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraPose>,
    /// What it points at, in world units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<Vec3<PresenceCoordinate>>,
    /// The objects that it has selected, at most [`PRESENCE_SELECTION`]; they need not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<ObjectName>,
    /// Whose camera its own goes along with; that client need not be here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<ClientId>,
    /// Whether nobody looks at it now, as at a page that is hidden.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What it asks of the others, for as long as it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

/// Someone in the session, with what they show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Peer {
    /// Who it is.
    pub client_id: ClientId,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// The colour that it is drawn in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// What it shows.
    #[serde(default)]
    pub presence: Presence,
}

/// A camera pose as a client writes it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CameraPoseDraft {
    /// World units, [-1000, 1000].
    pub position: Vec3<f64>,
    /// World units, [-1000, 1000].
    pub target: Vec3<f64>,
    /// Degrees, [10, 120].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fov: Option<f64>,
}

impl CameraPoseDraft {
    /// The pose, or `None` with each fault noted at its field below `field`.
    fn check(&self, f: &mut Faults, field: &str) -> Option<CameraPose> {
        let position = vector(f, &format!("{field}.position"), self.position);
        let target = vector(f, &format!("{field}.target"), self.target);
        let pointer = format!("/{}/fov", field.replace('.', "/"));
        let fov = self.fov.map(|v| f.take(pointer, Bounded::new(&format!("{field}.fov"), v)));
        Some(CameraPose { position: position?, target: target?, fov: fov.flatten() })
    }
}

/// A call as a client writes it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallDraft {
    /// Another one for each call: a whole number in [0, 4294967295].
    pub id: u32,
    /// Where the others are asked to look from.
    pub camera: CameraPoseDraft,
}

/// A presence as a client writes it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PresenceDraft {
    /// Where it looks from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraPoseDraft>,
    /// What it points at: world units, [-1000, 1000].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<Vec3<f64>>,
    /// Object names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<String>,
    /// The id of the client whose camera it goes along with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// Whether nobody looks at it now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What it asks of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallDraft>,
}

impl PresenceDraft {
    /// # Errors
    /// Every fault at its field.
    pub fn check(&self) -> Result<Presence, Rejection> {
        let mut faults = Faults::default();
        let f = &mut faults;
        let camera = self.camera.as_ref().and_then(|camera| camera.check(f, "camera"));
        let pointer = self.pointer.map(|v| vector(f, "pointer", v));
        let count = self.selection.len();
        if count > PRESENCE_SELECTION {
            f.add("/selection", LimitError::SelectionTooLarge { count, max: PRESENCE_SELECTION });
        }
        let mut selection = Vec::new();
        for (index, name) in self.selection.iter().take(PRESENCE_SELECTION).enumerate() {
            selection.extend(f.take(format!("/selection/{index}"), ObjectName::new("selection", name)));
        }
        let follows = self.follows.as_ref().and_then(|id| f.take("/follows", ClientId::new(id)));
        let call = self
            .call
            .as_ref()
            .and_then(|call| call.camera.check(f, "call.camera").map(|camera| Call { id: call.id, camera }));
        let (pointer, away) = (pointer.flatten(), self.away);
        faults.finish(Some(Presence { camera, pointer, selection, follows, away, call }))
    }
}

fn vector(faults: &mut Faults, field: &str, value: Vec3<f64>) -> Option<Vec3<PresenceCoordinate>> {
    let mut one = |axis: &str, v: f64| {
        let name = format!("{field}.{axis}");
        faults.take(format!("/{}", name.replace('.', "/")), Bounded::new(&name, v))
    };
    let (x, y, z) = (one("x", value.x), one("y", value.y), one("z", value.z));
    Some(Vec3 { x: x?, y: y?, z: z? })
}
