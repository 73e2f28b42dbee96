//! The 3D view of a session.
//!
//! # Layout
//! - [`binding`]: the JavaScript viewport as Rust calls it.
//! - [`scene`]: one view, kept as the replica is. [`port`]: the way to it.
//! - [`tool`]: what the pointer does. `handles`, `drag`: how what is dragged reaches the session. `boxing`: what is
//!   selected by a rectangle, and flying.
//! - `export`: what it hands out as files. `landing`: where something that is dragged over it would come to lie.
//! - [`company`]: the other people in it.
//! - [`batch`], [`records`], [`slots`]: changes of the replica into floats.

pub mod batch;
pub mod binding;
mod boxing;
pub mod company;
mod drag;
mod export;
mod handles;
mod landing;
pub mod port;
pub mod records;
pub mod scene;
pub mod slots;
pub mod tool;
