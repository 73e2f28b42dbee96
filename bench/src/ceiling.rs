//! Servers that do as little as a server can, or what one would write first: what VWS is measured beside. Each runs
//! in a process of its own and says `listening on http://…` when it is ready, as `vws serve` does.
//!
//! # Layout
//! - `raw`: bytes alone, on one thread that polls: fan-out and echo.
//! - `bare`: an HTTP handler that parses and answers the same JSON, on hyper and on axum.
//! - `obvious`: fan-out as the examples of axum have it: a broadcast channel, one send an event.

mod bare;
mod obvious;
mod raw;

use std::net::SocketAddr;

use clap::ValueEnum;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ceiling {
    /// Bytes of publishers go to all subscribers of their room.
    Fanout,
    /// Bytes come back.
    Echo,
    /// `POST` answers the object that it brings, `GET` always the same one.
    Hyper,
    /// The same on axum.
    Axum,
    /// A WebSocket at `/room/N` tells everybody in the room, one at `/echo` whoever said it.
    Broadcast,
}

/// Serves until the process is ended.
pub(crate) fn run(ceiling: Ceiling) -> Result<(), String> {
    match ceiling {
        Ceiling::Fanout => raw::fanout().map_err(|error| error.to_string()),
        Ceiling::Echo => raw::echo().map_err(|error| error.to_string()),
        Ceiling::Hyper => on_runtime(bare::hyper()),
        Ceiling::Axum => on_runtime(bare::axum()),
        Ceiling::Broadcast => on_runtime(obvious::run()),
    }
}

fn on_runtime(serving: impl Future<Output = std::io::Result<()>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.and_then(|runtime| runtime.block_on(serving)).map_err(|error| error.to_string())
}

fn ready(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// A free port on this machine.
const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
