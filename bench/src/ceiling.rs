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

use std::io;
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

/// Tells where a server listens, once it does.
type Ready<'a> = &'a (dyn Fn(SocketAddr) + Send + Sync);

/// Serves until the process is ended, and says where.
pub(crate) fn run(ceiling: Ceiling) -> Result<(), String> {
    serve(ceiling, &|address| println!("listening on http://{address}")).map_err(|error| error.to_string())
}

/// Serves for ever.
pub(crate) fn serve(ceiling: Ceiling, ready: Ready<'_>) -> io::Result<()> {
    match ceiling {
        Ceiling::Fanout => raw::fanout(ready),
        Ceiling::Echo => raw::echo(ready),
        Ceiling::Hyper => on_runtime(bare::hyper(ready)),
        Ceiling::Axum => on_runtime(bare::axum(ready)),
        Ceiling::Broadcast => on_runtime(obvious::run(ready)),
    }
}

fn on_runtime(serving: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serving)
}

/// A free port on this machine.
const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
