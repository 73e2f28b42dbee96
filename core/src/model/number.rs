//! Numbers that know their range.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::error::{CoordinateError, Error, ObjectError, OutOfRange, SessionError, WorldError};
use crate::limits::{
    CAMERA_BOUND, FOV_RANGE, ORBIT_ELEVATION_BOUND, ORBIT_RADIUS_MAX, ORBIT_SPEED_BOUND, POSITION_BOUND,
    PRESENCE_BOUND, ROTATION_BOUND, SCALE_MAX, WORLD_SIZE_RANGE,
};

/// What a [`Bounded`] number may be.
pub trait Range {
    /// The least value allowed (not itself allowed where [`OPEN_BELOW`](Self::OPEN_BELOW)).
    const MIN: f64;
    /// The greatest value allowed.
    const MAX: f64;
    /// Whether `MIN` itself is refused.
    const OPEN_BELOW: bool = false;
    /// Whether only whole numbers are allowed.
    const WHOLE: bool = false;
    /// What the number is called when no field names it.
    const NOUN: &'static str;
    /// What the type is called where it is described to others.
    const NAME: &'static str;
    /// The error family that a number out of this range belongs to.
    fn family(out: OutOfRange) -> Error;
}

/// A finite number inside `R`, never NaN and never -0.0.
pub struct Bounded<R>(f64, PhantomData<fn() -> R>);

impl<R: Range> Bounded<R> {
    /// `field` names the number in the error: `x`, `rotation.y`.
    ///
    /// # Errors
    /// Of `R`'s family, naming field, value and range, when the value is outside or not finite.
    pub fn new(field: &str, value: f64) -> Result<Self, Error> {
        let above = if R::OPEN_BELOW { value > R::MIN } else { value >= R::MIN };
        // Stated positively, so that NaN, which compares false with everything, is refused.
        if above && value <= R::MAX && (!R::WHOLE || value.fract() == 0.0) {
            // 0.0 + -0.0 is 0.0: one zero, so that equal states have equal bytes.
            Ok(Self(value + 0.0, PhantomData))
        } else {
            Err(R::family(OutOfRange {
                field: field.to_owned(),
                value,
                min: R::MIN,
                max: R::MAX,
                open_below: R::OPEN_BELOW,
                whole: R::WHOLE,
            }))
        }
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

// By hand: derives would ask for the bounds on `R`, which is only a marker.
impl<R> Clone for Bounded<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Bounded<R> {}
impl<R> PartialEq for Bounded<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<R> Eq for Bounded<R> {}
impl<R> PartialOrd for Bounded<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Bounded<R> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl<R> fmt::Debug for Bounded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<R> fmt::Display for Bounded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<R: Range> Serialize for Bounded<R> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if R::WHOLE {
            // Whole numbers are written without a fraction. The range of every whole `R` is
            // positive and fits 32 bits.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
            serializer.serialize_u32(self.0 as u32)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
impl<'de, R: Range> Deserialize<'de> for Bounded<R> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::new(R::NOUN, value).map_err(serde::de::Error::custom)
    }
}

macro_rules! ranges {
    ($($(#[$doc:meta])* $alias:ident = $range:ident ( $($konst:ident : $ty:ty = $value:expr),* $(,)? ) $noun:literal => $family:expr;)*) => {$(
        #[doc = concat!("The range of [`", stringify!($alias), "`].")]
        #[derive(Debug)]
        pub enum $range {}
        impl Range for $range {
            $(const $konst: $ty = $value;)*
            const NOUN: &'static str = $noun;
            const NAME: &'static str = stringify!($alias);
            fn family(out: OutOfRange) -> Error {
                ($family)(out).into()
            }
        }
        $(#[$doc])*
        pub type $alias = Bounded<$range>;
    )*};
}

ranges! {
    /// One coordinate of an object, in world units: `[-12, 12]`.
    Coordinate = CoordinateRange(MIN: f64 = -POSITION_BOUND, MAX: f64 = POSITION_BOUND) "coordinate"
        => CoordinateError::OutOfBounds;
    /// One Euler angle in degrees: `[-36000, 36000]`.
    Degrees = DegreesRange(MIN: f64 = -ROTATION_BOUND, MAX: f64 = ROTATION_BOUND) "rotation"
        => ObjectError::RotationOutOfRange;
    /// One scale factor: `(0, 1000]`.
    Scale = ScaleRange(MIN: f64 = 0.0, MAX: f64 = SCALE_MAX, OPEN_BELOW: bool = true) "scale"
        => ObjectError::ScaleOutOfRange;
    /// Opacity or transparency: `[0, 1]`.
    Fraction = FractionRange(MIN: f64 = 0.0, MAX: f64 = 1.0) "fraction"
        => ObjectError::FractionOutOfRange;
    /// One coordinate of the camera or its target, in world units: `[-100, 100]`.
    CameraCoordinate = CameraRange(MIN: f64 = -CAMERA_BOUND, MAX: f64 = CAMERA_BOUND) "camera"
        => WorldError::CameraOutOfBounds;
    /// The camera's vertical field of view in degrees: `[10, 120]`.
    Fov = FovRange(MIN: f64 = FOV_RANGE.0, MAX: f64 = FOV_RANGE.1) "fov"
        => WorldError::FovOutOfRange;
    /// Grid positions per axis: a whole number in `[1, 1000]`.
    WorldSize = WorldSizeRange(MIN: f64 = WORLD_SIZE_RANGE.0 as f64, MAX: f64 = WORLD_SIZE_RANGE.1 as f64, WHOLE: bool = true) "size"
        => WorldError::SizeOutOfRange;
    /// The distance of an orbiting camera from its target, in world units: `(0, 200]`.
    OrbitRadius = OrbitRadiusRange(MIN: f64 = 0.0, MAX: f64 = ORBIT_RADIUS_MAX, OPEN_BELOW: bool = true) "radius"
        => WorldError::OrbitOutOfRange;
    /// Degrees a second: `[-360, 360]`.
    OrbitSpeed = OrbitSpeedRange(MIN: f64 = -ORBIT_SPEED_BOUND, MAX: f64 = ORBIT_SPEED_BOUND) "speed"
        => WorldError::OrbitOutOfRange;
    /// Degrees above the horizon: `[-89, 89]`.
    OrbitElevation = OrbitElevationRange(MIN: f64 = -ORBIT_ELEVATION_BOUND, MAX: f64 = ORBIT_ELEVATION_BOUND) "elevation"
        => WorldError::OrbitOutOfRange;
    /// One coordinate that a client shows to its peers: `[-1000, 1000]`.
    PresenceCoordinate = PresenceRange(MIN: f64 = -PRESENCE_BOUND, MAX: f64 = PRESENCE_BOUND) "presence"
        => SessionError::PresenceOutOfRange;
}
