//! Values that are valid by construction. A value of one of these types is the proof that its rule
//! holds: their fields are private or valid themselves, and parsing goes through the same
//! constructors, so that a log or a snapshot can bring in nothing that a command could not.

mod access;
mod color;
mod id;
mod number;
mod object;
mod object_type;
mod properties;
mod text;
mod vector;
mod world;

pub use access::{Role, Subject};
pub use color::Color;
pub use id::{ClientId, Epoch, Millis, Seq, SessionId};
pub use number::{
    Bounded, CameraCoordinate, Coordinate, Degrees, Fov, Fraction, OrbitElevation, OrbitRadius, OrbitSpeed,
    PresenceCoordinate, Range, Scale, WorldSize,
};
pub use object::Object;
pub use object_type::ObjectType;
pub use properties::{Properties, PropertyKey, Scalar};
pub use text::{DisplayName, Label, ObjectName};
pub use vector::{Partial3, Vec3};
pub use world::{Orbit, World};
