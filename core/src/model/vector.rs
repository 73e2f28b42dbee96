//! Three components, whole or in part.

use serde::{Deserialize, Serialize};

/// x, y and z of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Vec3<T> {
    /// To the right.
    pub x: T,
    /// Up.
    pub y: T,
    /// Towards the viewer.
    pub z: T,
}

impl<T: Copy> Vec3<T> {
    /// The same value on each axis.
    #[must_use]
    pub const fn splat(value: T) -> Self {
        Self { x: value, y: value, z: value }
    }

    /// The components that `partial` names, and these for the rest.
    #[must_use]
    pub fn with(self, partial: &Partial3<T>) -> Self {
        Self {
            x: partial.x.unwrap_or(self.x),
            y: partial.y.unwrap_or(self.y),
            z: partial.z.unwrap_or(self.z),
        }
    }
}

/// Some of x, y and z: what a patch names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Partial3<T> {
    /// To the right.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub x: Option<T>,
    /// Up.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub y: Option<T>,
    /// Towards the viewer.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub z: Option<T>,
}

/// By hand, since nothing is needed of `T` to have none of it.
impl<T> Default for Partial3<T> {
    fn default() -> Self {
        Self { x: None, y: None, z: None }
    }
}

impl<T: Copy + PartialEq> Partial3<T> {
    /// The components that differ from `now`, or `None` when none does.
    #[must_use]
    pub fn difference(&self, now: &Vec3<T>) -> Option<Self> {
        let x = self.x.filter(|v| *v != now.x);
        let y = self.y.filter(|v| *v != now.y);
        let z = self.z.filter(|v| *v != now.z);
        (x.is_some() || y.is_some() || z.is_some()).then_some(Self { x, y, z })
    }
}

impl<T> From<Vec3<T>> for Partial3<T> {
    fn from(v: Vec3<T>) -> Self {
        Self { x: Some(v.x), y: Some(v.y), z: Some(v.z) }
    }
}
