//! The world's configuration and the camera that its clients share.

use serde::{Deserialize, Serialize};

use super::{
    CameraCoordinate, Fov, Fraction, Millis, OrbitElevation, OrbitRadius, OrbitSpeed, Seq, Vec3, WorldSize,
};

/// The world of a session. It is always there: a new session has the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct World {
    /// Grid positions per axis; 25 is one per unit of [-12, 12].
    pub size: WorldSize,
    /// Of the grid: 0 is opaque, 1 invisible.
    pub transparency: Fraction,
    /// Where the camera stands, in world units.
    pub camera_x: CameraCoordinate,
    /// Where the camera stands, in world units.
    pub camera_y: CameraCoordinate,
    /// Where the camera stands, in world units.
    pub camera_z: CameraCoordinate,
    /// The point that the camera looks at.
    pub camera_target: Vec3<CameraCoordinate>,
    /// Vertical field of view in degrees.
    pub camera_fov: Fov,
    /// The camera's motion around its target, if it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orbit: Option<Orbit>,
    /// The seq of the event that changed the world last; 0 while it has its first defaults.
    pub version: Seq,
}

impl Default for World {
    fn default() -> Self {
        fn held<R: super::Range>(value: f64) -> super::Bounded<R> {
            super::Bounded::new(R::NOUN, value).expect("a default lies in its range")
        }
        Self {
            size: held(25.0),
            transparency: held(0.2),
            camera_x: held(15.0),
            camera_y: held(15.0),
            camera_z: held(15.0),
            camera_target: Vec3::splat(held(0.0)),
            camera_fov: held(60.0),
            orbit: None,
            version: 0,
        }
    }
}

/// A camera that circles its target about the vertical axis. Nobody sends poses: every client
/// computes the same one from the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Orbit {
    /// Distance from the target, in world units.
    pub radius: OrbitRadius,
    /// Degrees a second, counter-clockwise seen from above.
    pub speed: OrbitSpeed,
    /// Degrees above the horizon.
    pub elevation: OrbitElevation,
    /// When it began, with the camera in the direction +z of its target.
    pub started_at: Millis,
}

impl Orbit {
    /// Where the camera stands at `now`, in world units, as x, y, z. Display only: sines may differ
    /// in the last bit between machines, so no state is made of it.
    #[must_use]
    pub fn position(&self, target: Vec3<CameraCoordinate>, now: Millis) -> [f64; 3] {
        let seconds = now.saturating_sub(self.started_at) as f64 / 1_000.0;
        let angle = (self.speed.get() * seconds).rem_euclid(360.0).to_radians();
        let elevation = self.elevation.get().to_radians();
        let flat = self.radius.get() * elevation.cos();
        [
            target.x.get() + flat * angle.sin(),
            target.y.get() + self.radius.get() * elevation.sin(),
            target.z.get() + flat * angle.cos(),
        ]
    }
}
