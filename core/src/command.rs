//! Wishes. A command holds what a client wrote, right or wrong; [`decide`](crate::reduce::decide)
//! judges it. Parsing checks its form only (see [`wire`](crate::wire)).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::model::{
    CameraCoordinate, Color, Coordinate, Degrees, DisplayName, Fov, Fraction, Label, ObjectName, ObjectType,
    OrbitElevation, OrbitRadius, OrbitSpeed, Properties, WorldSize,
};
use crate::model::{Partial3, Scalar, Seq};

/// What a client wishes to change in a session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Command {
    /// Add an object. Refused where its name is taken: creating never replaces.
    CreateObject {
        /// The object.
        object: ObjectDraft,
    },
    /// Change the fields that the patch names, and no other.
    UpdateObject {
        /// Which object.
        #[cfg_attr(feature = "schema", schema(value_type = ObjectName))]
        name: String,
        /// What to change.
        patch: ObjectPatch,
    },
    /// Give an object another name.
    RenameObject {
        /// Its name now.
        #[cfg_attr(feature = "schema", schema(value_type = ObjectName))]
        name: String,
        /// Its name from then on.
        #[cfg_attr(feature = "schema", schema(value_type = ObjectName))]
        new_name: String,
    },
    /// Remove an object.
    DeleteObject {
        /// Which object.
        #[cfg_attr(feature = "schema", schema(value_type = ObjectName))]
        name: String,
    },
    /// Remove all objects.
    ClearObjects,
    /// Set the world anew: what is left out gets its default.
    InitializeWorld {
        /// The world.
        world: WorldDraft,
    },
    /// Change the fields of the world that the patch names, and no other.
    UpdateWorld {
        /// What to change.
        patch: WorldPatch,
    },
    /// Change the camera's pose; this ends an orbit.
    MoveCamera {
        /// What to change.
        camera: CameraPatch,
    },
    /// Let the camera circle its target.
    StartOrbit {
        /// How.
        #[cfg_attr(feature = "schema", schema(required = false))]
        orbit: OrbitDraft,
    },
    /// End the camera's orbit.
    StopOrbit,
    /// Give the session another name, or none.
    RenameSession {
        /// The new name.
        #[cfg_attr(feature = "schema", schema(value_type = Option<DisplayName>, required))]
        name: Option<String>,
    },
    /// Change nothing, but refuse the batch that this is in unless the object is at this version. What
    /// stands on several objects begins with one of these for each.
    ExpectObject {
        /// Which object.
        #[cfg_attr(feature = "schema", schema(value_type = ObjectName))]
        name: String,
        /// The version that it must have; null where no object may have the name.
        #[cfg_attr(feature = "schema", schema(required))]
        version: Option<Seq>,
    },
    /// Change nothing, but refuse the batch that this is in unless the world is at this version.
    ExpectWorld {
        /// The version that it must have.
        version: Seq,
    },
    /// Do all of these, in order, or none.
    Batch {
        /// The commands; no batch among them.
        #[cfg_attr(feature = "schema", schema(no_recursion))]
        commands: Vec<Command>,
    },
}

impl Command {
    /// Every tag there is.
    pub const TYPES: &[&str] = &[
        "create_object",
        "update_object",
        "rename_object",
        "delete_object",
        "clear_objects",
        "initialize_world",
        "update_world",
        "move_camera",
        "start_orbit",
        "stop_orbit",
        "rename_session",
        "expect_object",
        "expect_world",
        "batch",
    ];

    /// The tag: what metrics and logs call it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        Self::TYPES[self.type_index()]
    }

    /// The place of its tag in [`TYPES`](Self::TYPES).
    #[must_use]
    pub const fn type_index(&self) -> usize {
        match self {
            Self::CreateObject { .. } => 0,
            Self::UpdateObject { .. } => 1,
            Self::RenameObject { .. } => 2,
            Self::DeleteObject { .. } => 3,
            Self::ClearObjects => 4,
            Self::InitializeWorld { .. } => 5,
            Self::UpdateWorld { .. } => 6,
            Self::MoveCamera { .. } => 7,
            Self::StartOrbit { .. } => 8,
            Self::StopOrbit => 9,
            Self::RenameSession { .. } => 10,
            Self::ExpectObject { .. } => 11,
            Self::ExpectWorld { .. } => 12,
            Self::Batch { .. } => 13,
        }
    }
}

/// What a patch says of one field: nothing, its default, or a value. On the wire: absent, null, the
/// value (RFC 7396).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Give it its default.
    Reset,
    /// Give it this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the patch says nothing of the field.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Change<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Reset => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::Set))
    }
}

/// A scale as clients write it: one factor for all axes, or factors by axis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ScaleInput {
    /// The same on each axis.
    Uniform(f64),
    /// By axis.
    Axes(Partial3<f64>),
}

impl<'de> Deserialize<'de> for ScaleInput {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = ScaleInput;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or an object with x, y, z")
            }
            fn visit_f64<E>(self, v: f64) -> Result<ScaleInput, E> {
                Ok(ScaleInput::Uniform(v))
            }
            fn visit_u64<E>(self, v: u64) -> Result<ScaleInput, E> {
                Ok(ScaleInput::Uniform(v as f64))
            }
            fn visit_i64<E>(self, v: i64) -> Result<ScaleInput, E> {
                Ok(ScaleInput::Uniform(v as f64))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<ScaleInput, A::Error> {
                Partial3::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(ScaleInput::Axes)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// An object as its creator writes it. What is left out gets its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ObjectDraft {
    /// 1 to 128 bytes of UTF-8, unique in the session.
    #[cfg_attr(feature = "schema", schema(value_type = ObjectName))]
    pub name: String,
    /// A known kind, or a custom one of 1 to 32 characters.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schema(value_type = ObjectType))]
    pub kind: String,
    /// World units, [-12, 12].
    #[cfg_attr(feature = "schema", schema(value_type = Coordinate))]
    pub x: f64,
    /// World units, [-12, 12].
    #[cfg_attr(feature = "schema", schema(value_type = Coordinate))]
    pub y: f64,
    /// World units, [-12, 12].
    #[cfg_attr(feature = "schema", schema(value_type = Coordinate))]
    pub z: f64,
    /// Euler angles in degrees; default 0 on each axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Partial3<Degrees>>))]
    pub rotation: Option<Partial3<f64>>,
    /// Factors, (0, 1000]; default 1 on each axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleInput>,
    /// `#rrggbb`; default `#5b8def`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Color>))]
    pub color: Option<String>,
    /// [0, 1]; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fraction>))]
    pub opacity: Option<f64>,
    /// Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
    /// Up to 256 characters; default empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Label>))]
    pub text: Option<String>,
    /// User data: at most 32 entries and 4 KiB in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Properties>))]
    pub properties: Option<BTreeMap<String, Scalar>>,
}

/// What to change of an object. Absent leaves a field as it is, null gives it its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ObjectPatch {
    /// A known kind, or a custom one of 1 to 32 characters; never null.
    #[serde(rename = "type", skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = ObjectType))]
    pub kind: Change<String>,
    /// World units, [-12, 12]; never null.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Coordinate))]
    pub x: Change<f64>,
    /// World units, [-12, 12]; never null.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Coordinate))]
    pub y: Change<f64>,
    /// World units, [-12, 12]; never null.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Coordinate))]
    pub z: Change<f64>,
    /// The components to change, in degrees.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Partial3<Degrees>>))]
    pub rotation: Change<Partial3<f64>>,
    /// One factor, or the components to change.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<ScaleInput>))]
    pub scale: Change<ScaleInput>,
    /// `#rrggbb`.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Color>))]
    pub color: Change<String>,
    /// [0, 1].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fraction>))]
    pub opacity: Change<f64>,
    /// Whether it is drawn.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<bool>))]
    pub visible: Change<bool>,
    /// Up to 256 characters.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Label>))]
    pub text: Change<String>,
    /// Keys to set, and with null keys to remove; null for the whole removes all.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<crate::schema::PropertiesPatch>))]
    pub properties: Change<BTreeMap<String, Option<Scalar>>>,
}

/// A world as a client writes it. What is left out, or null, gets its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorldDraft {
    /// Grid positions per axis, a whole number in [1, 1000]; default 25.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<WorldSize>))]
    pub size: Option<f64>,
    /// Of the grid, [0, 1]; default 0.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fraction>))]
    pub transparency: Option<f64>,
    /// World units, [-100, 100]; default 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub camera_x: Option<f64>,
    /// World units, [-100, 100]; default 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub camera_y: Option<f64>,
    /// World units, [-100, 100]; default 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub camera_z: Option<f64>,
    /// What the camera looks at; default the origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Partial3<CameraCoordinate>>))]
    pub camera_target: Option<Partial3<f64>>,
    /// Vertical field of view in degrees, [10, 120]; default 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fov>))]
    pub camera_fov: Option<f64>,
}

/// What to change of the world. Absent leaves a field as it is, null gives it its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorldPatch {
    /// Grid positions per axis, a whole number in [1, 1000].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<WorldSize>))]
    pub size: Change<f64>,
    /// Of the grid, [0, 1].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fraction>))]
    pub transparency: Change<f64>,
    /// World units, [-100, 100].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub camera_x: Change<f64>,
    /// World units, [-100, 100].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub camera_y: Change<f64>,
    /// World units, [-100, 100].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub camera_z: Change<f64>,
    /// The components to change.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Partial3<CameraCoordinate>>))]
    pub camera_target: Change<Partial3<f64>>,
    /// Degrees, [10, 120].
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fov>))]
    pub camera_fov: Change<f64>,
}

/// What to change of the camera's pose.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CameraPatch {
    /// World units, [-100, 100].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub x: Option<f64>,
    /// World units, [-100, 100].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub y: Option<f64>,
    /// World units, [-100, 100].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<CameraCoordinate>))]
    pub z: Option<f64>,
    /// The components of the target to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Partial3<CameraCoordinate>>))]
    pub target: Option<Partial3<f64>>,
    /// Degrees, [10, 120].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Fov>))]
    pub fov: Option<f64>,
}

/// An orbit as a client writes it. What is left out gets its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrbitDraft {
    /// World units from the target, (0, 200]; default 25.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<OrbitRadius>))]
    pub radius: Option<f64>,
    /// Degrees a second, [-360, 360]; default 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<OrbitSpeed>))]
    pub speed: Option<f64>,
    /// Degrees above the horizon, [-89, 89]; default 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<OrbitElevation>))]
    pub elevation: Option<f64>,
}
