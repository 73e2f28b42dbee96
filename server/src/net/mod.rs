//! Sockets: what is accepted, how long it may dawdle, and how everything ends.

mod accept;
mod bare;
mod drain;
mod socket;
mod stop;

pub(crate) use accept::{Connections, accept_until_stopped};
pub(crate) use drain::Open;
pub(crate) use socket::Socket;
pub use stop::Stop;
