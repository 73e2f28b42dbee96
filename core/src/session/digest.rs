//! A hash of a session's content that costs the same whether it has ten objects or 100,000.
//!
//! Each object and the world are written field by field into a byte string, lengths before texts,
//! all integers as 64 bits little-endian, so that a page compiled for a 32-bit machine computes the
//! same value; the hash is XXH3. The objects' hashes are added up, so that their order is no matter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Bounded, DisplayName, Object, Scalar, Vec3, World};

/// A 64-bit hash of a session's content. On the wire 16 lower-case hexadecimal digits, since not
/// every JSON reader holds 64 bits exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match u64::from_str_radix(s, 16) {
            Ok(value) if Self(value).to_string() == s => Ok(Self(value)),
            _ => Err(format!("{s:?} is not a digest of 16 lower-case hexadecimal digits")),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(s: String) -> Result<Self, String> {
        s.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The byte string that is hashed. That of nearly every object is short, and then takes no memory of its own.
struct Bytes {
    short: [u8; Self::SHORT],
    len: usize,
    /// All of it, once it is longer.
    long: Vec<u8>,
}

impl Bytes {
    const SHORT: usize = 384;

    const fn new() -> Self {
        Self { short: [0; Self::SHORT], len: 0, long: Vec::new() }
    }

    #[inline]
    fn extend(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        match self.short.get_mut(self.len..end) {
            Some(room) if self.long.is_empty() => {
                room.copy_from_slice(bytes);
                self.len = end;
            }
            _ => {
                if self.long.is_empty() {
                    self.long.extend_from_slice(&self.short[..self.len]);
                }
                self.long.extend_from_slice(bytes);
            }
        }
    }

    #[inline]
    fn int(&mut self, v: u64) -> &mut Self {
        self.extend(&v.to_le_bytes());
        self
    }

    /// Many at once, which is one look at the room that there is.
    #[inline]
    fn floats<const N: usize>(&mut self, values: [f64; N]) {
        self.extend(values.map(|v| v.to_bits().to_le_bytes()).as_flattened());
    }

    #[inline]
    fn ints<const N: usize>(&mut self, values: [u64; N]) {
        self.extend(values.map(u64::to_le_bytes).as_flattened());
    }

    fn float(&mut self, v: f64) -> &mut Self {
        self.int(v.to_bits())
    }

    fn num<R>(&mut self, v: Bounded<R>) -> &mut Self
    where
        R: crate::model::Range,
    {
        self.float(v.get())
    }

    fn vector<R: crate::model::Range>(&mut self, v: Vec3<Bounded<R>>) -> &mut Self {
        self.num(v.x).num(v.y).num(v.z)
    }

    fn text(&mut self, v: &str) -> &mut Self {
        self.int(v.len() as u64);
        self.extend(v.as_bytes());
        self
    }

    fn byte(&mut self, v: u8) -> &mut Self {
        self.extend(&[v]);
        self
    }

    fn hash(&self) -> u64 {
        xxh3_64(if self.long.is_empty() { &self.short[..self.len] } else { &self.long })
    }
}

pub(super) fn of_object(object: &Object) -> u64 {
    let Object {
        name,
        kind,
        x,
        y,
        z,
        rotation,
        scale,
        color,
        opacity,
        visible,
        text,
        properties,
        version,
        created_at,
        updated_at,
    } = object;
    let mut b = Bytes::new();
    b.text(name.as_str()).text(kind.as_str());
    b.floats([x.get(), y.get(), z.get()]);
    b.floats([rotation.x.get(), rotation.y.get(), rotation.z.get()]);
    b.floats([scale.x.get(), scale.y.get(), scale.z.get()]);
    let [red, green, blue] = color.rgb();
    b.extend(&[red, green, blue]);
    b.num(*opacity).byte(u8::from(*visible)).text(text.as_str()).int(properties.len() as u64);
    for (key, value) in properties.iter() {
        b.text(key.as_str());
        match value {
            Scalar::Bool(v) => b.byte(0).byte(u8::from(*v)),
            // The JSON text tells 5 from 5.0, as the canonical form does.
            Scalar::Number(v) => b.byte(1).text(&v.to_string()),
            Scalar::String(v) => b.byte(2).text(v),
        };
    }
    b.ints([*version, *created_at, *updated_at]);
    b.hash()
}

pub(super) fn of_world(world: &World) -> u64 {
    let World { size, transparency, camera_x, camera_y, camera_z, camera_target, camera_fov, orbit, version } =
        world;
    let mut b = Bytes::new();
    b.num(*size).num(*transparency).num(*camera_x).num(*camera_y).num(*camera_z);
    b.vector(*camera_target).num(*camera_fov);
    if let Some(orbit) = orbit {
        b.num(orbit.radius).num(orbit.speed).num(orbit.elevation).int(orbit.started_at);
    }
    b.int(*version);
    b.hash()
}

pub(super) fn of_session(name: Option<&DisplayName>, world: u64, count: usize, objects: u64) -> Digest {
    let mut b = Bytes::new();
    match name {
        Some(name) => b.byte(1).text(name.as_str()),
        None => b.byte(0),
    };
    b.int(world).int(count as u64).int(objects);
    Digest(b.hash())
}
