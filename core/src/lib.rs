//! The heart of the Virtual World Synthesizer: what a world is, and how it changes.
//!
//! A session is an ordered log of events. [`decide`](reduce::decide) turns a command into events or
//! a refusal, [`apply`](reduce::apply) folds events into state. The server, the page and every tool
//! run this code, so that a refusal has the same words everywhere and every mirror ends equal.
//!
//! This crate never does I/O, never reads a clock, never draws a random number, never spawns or
//! awaits: time and identity come in as arguments.
//!
//! # Layout
//! - [`model`]: values that are valid by construction: names, coordinates, objects, the world.
//! - [`command`], [`event`]: wishes, which may lie, and facts, which cannot.
//! - [`reduce`]: `decide` (pure) and `apply` (total).
//! - [`session`], [`snapshot`]: the folded state, its digest, and its transferable copy.
//! - [`history`]: changes taken back, and what tells two states apart.
//! - [`replica`]: a client's mirror, with its commands that wait for a verdict.
//! - [`transfer`]: sessions as files.
//! - [`wire`]: strict parsing of what clients send, and the WebSocket messages.
//! - `schema`: what the values look like to readers of JSON Schema (feature `schema`).
//! - [`error`], [`limits`]: every refusal with its code, every bound with its name.
#![forbid(unsafe_code)]

pub mod command;
pub mod error;
pub mod event;
pub mod history;
pub mod limits;
pub mod model;
pub mod reduce;
pub mod replica;
#[cfg(feature = "schema")]
pub mod schema;
pub mod session;
pub mod snapshot;
pub mod transfer;
pub mod wire;

pub use command::Command;
pub use error::{Error, FieldError, Problem, Rejection};
pub use event::{Author, Event, EventRecord};
pub use model::{
    ClientId, DisplayName, Epoch, Millis, Object, ObjectName, ObjectType, Seq, SessionId, World,
};
pub use reduce::{Context, apply, decide};
pub use replica::Replica;
pub use session::{Session, SessionInfo};
pub use snapshot::Snapshot;
