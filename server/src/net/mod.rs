//! Sockets: what is accepted, how long it may dawdle, and how everything ends.
//!
//! # Layout
//! - `accept`: the accept loop, and HTTP on what it accepts. `tls`: the certificate and the handshake.
//! - `source`: whom a connection and a request come from; `addresses`: how many each has.
//! - `socket`: a connection while it speaks HTTP, `stream`: its bytes, plain or inside TLS; `bare`, `drain`: its end.
//! - `halves`: its two directions once it has left HTTP.
//! - `stop`: the end of all.

mod accept;
mod addresses;
mod bare;
mod drain;
mod halves;
mod socket;
mod source;
mod stop;
mod stream;
mod tls;

pub(crate) use accept::{Connections, accept_until_stopped};
pub(crate) use addresses::{Addresses, Place};
pub(crate) use drain::Open;
pub(crate) use halves::{Inbound, Outbound};
pub(crate) use socket::Socket;
pub use source::Network;
pub(crate) use source::Source;
pub use stop::Stop;
pub use tls::{Tls, TlsError, TlsFiles};
