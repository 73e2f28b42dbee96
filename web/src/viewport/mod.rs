//! The 3D view of a session.
//!
//! # Layout
//! - [`binding`]: the JavaScript viewport as Rust calls it.
//! - [`scene`]: one view, kept as the replica is. [`port`]: the way to it.
//! - `export`: what it hands out as files.
//! - [`batch`], [`records`], [`slots`]: changes of the replica into floats.

pub mod batch;
pub mod binding;
mod export;
pub mod port;
pub mod records;
pub mod scene;
pub mod slots;
