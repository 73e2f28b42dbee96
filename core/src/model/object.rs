//! A named thing in the world.

use serde::{Deserialize, Serialize};

use super::{
    Color, Coordinate, Degrees, Fraction, Label, Millis, ObjectName, ObjectType, Properties, Scale, Seq, Vec3,
};

/// A named thing in the world. Right-handed: x right, y up, z towards the viewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Object {
    /// Unique in the session.
    pub name: ObjectName,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ObjectType,
    /// World units to the right of the centre.
    pub x: Coordinate,
    /// World units above the centre.
    pub y: Coordinate,
    /// World units from the centre towards the viewer.
    pub z: Coordinate,
    /// Euler angles in degrees, applied in the order x, y, z, counter-clockwise.
    pub rotation: Vec3<Degrees>,
    /// Factors per axis.
    pub scale: Vec3<Scale>,
    /// Its colour.
    pub color: Color,
    /// 1 is opaque, 0 invisible.
    pub opacity: Fraction,
    /// Whether it is drawn.
    pub visible: bool,
    /// What a label says.
    pub text: Label,
    /// User data.
    pub properties: Properties,
    /// The seq of the event that changed it last.
    pub version: Seq,
    /// When it was created.
    pub created_at: Millis,
    /// When it changed last.
    pub updated_at: Millis,
}
