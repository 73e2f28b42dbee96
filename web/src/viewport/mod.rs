//! The 3D view of a session.
//!
//! # Layout
//! - [`binding`]: the JavaScript viewport as Rust calls it.
//! - [`scene`]: one view, kept as the replica is. [`port`]: the way to it.
//! - [`batch`], [`records`], [`slots`]: changes of the replica into floats.

pub mod batch;
pub mod binding;
pub mod port;
pub mod records;
pub mod scene;
pub mod slots;
