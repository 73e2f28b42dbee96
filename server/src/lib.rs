//! The server of the Virtual World Synthesizer.
//!
//! It decides commands with `vws-core`, keeps sessions, and tells every subscriber of every change.
//! It holds no rule about what a valid world is: those are in `vws-core`.
//!
//! # Layout
//! - [`config`], [`units`]: what an operator sets, and every bound with its default.
//! - [`serve`]: a server from its listener to its end; tests run it in process on port 0.
//! - [`net`]: the accept loop, one socket, the stop signal.
//! - [`http`]: routes, refusals, the page. Only this module and the WebSocket's name axum.
//! - [`nats`]: the connection to NATS, for many nodes.
//! - [`log`]: where histories are kept; [`store`]: the sessions and their commit path; [`feed`]: the
//!   live end of each log, and presence.
//! - [`cluster`]: what travels between the nodes of a cluster beside the log.
//! - [`assets`]: the files that objects show. [`backup`]: all that a server keeps in one file.
//! - `ws`: the WebSocket of a session; `sse`: live streams of events over plain HTTP.
//! - [`telemetry`]: logs and metrics.
//! - `fuzzing`: the doors of the fuzz targets, in builds for those alone.

pub mod assets;
pub mod auth;
pub mod backup;
pub mod cluster;
pub mod config;
pub mod feed;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod http;
pub mod log;
pub mod nats;
pub mod net;
pub mod serve;
mod sse;
pub mod store;
pub mod telemetry;
pub mod units;
mod ws;

pub use config::Config;
pub use serve::run;
