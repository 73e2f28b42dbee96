//! Files that a session's objects show: models, kept under the hash of their content.
//!
//! # Layout
//! - this file: what an asset is. [`gltf`]: whether a file is a model.
//! - [`Assets`]: those of all sessions, in memory or in a data directory, and their bounds.
//! - `shared`: those that several nodes have in common.
//! - `disk`: the folder of a data directory. [`doctor`]: whether all in it is what was written.
//! - `content`: an asset's bytes, given out piece by piece.
//!
//! Nothing here knows HTTP or the rules of a world. All but [`Content`] waits for the disk: callers see to it that
//! this delays nobody, and that changes of one session come one at a time.

mod content;
mod disk;
pub mod doctor;
mod error;
pub mod gltf;
mod keep;
mod shared;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

pub(crate) mod restore;
pub use content::Content;
pub(crate) use disk::of_session;
pub use error::AssetError;
pub use keep::{Added, Assets, Bounds, Draft, Held};

/// The SHA-256 of an asset's bytes, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId([u8; 32]);

/// A text that is no id of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{found:?} is no id of an asset, which has 64 digits of 0-9 and a-f")]
pub struct AssetIdInvalid {
    /// What was given, cut.
    found: String,
}

impl AssetId {
    /// The id of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    fn has_digest(&self, digest: &[u8]) -> bool {
        self.0 == digest
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for AssetId {
    type Err = AssetIdInvalid;

    fn from_str(text: &str) -> Result<Self, AssetIdInvalid> {
        /// Characters of what is wrong that are told.
        const TOLD: usize = 80;
        let read = || {
            let digit = |byte: u8| match byte {
                b'0'..=b'9' => Some(byte - b'0'),
                b'a'..=b'f' => Some(byte - b'a' + 10),
                _ => None,
            };
            let (pairs, rest) = text.as_bytes().as_chunks::<2>();
            let mut bytes = [0; 32];
            if !rest.is_empty() || pairs.len() != bytes.len() {
                return None;
            }
            for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
                *byte = (digit(*high)? << 4) | digit(*low)?;
            }
            Some(Self(bytes))
        };
        read().ok_or_else(|| AssetIdInvalid { found: text.chars().take(TOLD).collect() })
    }
}

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// glTF in one binary file (`.glb`).
    Glb,
    /// glTF as JSON, with all that belongs to it inside (`.gltf`).
    Gltf,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Glb, Self::Gltf];

    /// The kind that a file's first bytes tell: glTF 2.0, section 4.4 (the binary form begins with `glTF`).
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        if content.starts_with(gltf::MAGIC) { Self::Glb } else { Self::Gltf }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Glb => "model/gltf-binary",
            Self::Gltf => "model/gltf+json",
        }
    }

    /// What files of it are called at their end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Glb => "glb",
            Self::Gltf => "gltf",
        }
    }
}

/// An asset of a session, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The hash of its content.
    pub id: AssetId,
    /// What it is.
    pub kind: Kind,
    /// How many bytes it has.
    pub bytes: u64,
}
