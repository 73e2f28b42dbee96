//! Fuzz targets: each takes arbitrary bytes to a door of the server and checks what is promised there. A promise that
//! is broken panics, which the engine keeps the bytes of.
//!
//! `cargo xtask fuzz` builds the programs of `fuzz_targets/` with coverage counters and runs them from the inputs in
//! `corpus/`; the tests here run those inputs once, without any of that.
//!
//! # Layout
//! - [`rest`]: the bodies of requests, through the whole of the HTTP server.
//! - [`websocket`]: bytes of a client, from frames to events on a mirror.
//! - [`log`]: payloads, files and whole data directories.
//! - [`import`]: sessions as files. [`backup`]: all of a server as a file.
//! - [`promises`]: what holds for a message, a command, a refusal and a state, wherever it comes from.
//! - [`input`]: bytes as choices. [`memory`]: what is allocated meanwhile.
//! - [`seeds`]: the inputs to begin with.

pub mod backup;
pub mod import;
pub mod input;
pub mod log;
pub mod memory;
pub mod promises;
pub mod rest;
pub mod seeds;
pub mod websocket;

/// A target: its name, and what it does with its input.
pub type Target = (&'static str, fn(&[u8]));

/// All there are.
pub const TARGETS: [Target; 5] = [
    ("rest", rest::run),
    ("websocket", websocket::run),
    ("log", log::run),
    ("import", import::run),
    ("backup", backup::run),
];

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

#[cfg(test)]
mod tests;
