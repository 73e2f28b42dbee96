//! Load for a VWS server, and for what it is measured beside. It receives cheaply: what comes in is counted by the
//! heads of its frames, so that a measurement is of the server and not of who measures.
//!
//! One thread polls all connections of a load; nothing here needs a runtime. What servers differ in is a [`Dialect`];
//! the one of VWS is [`Vws`], which makes the sessions of a load and deletes them when it is dropped.
//!
//! # Layout
//! - [`fanout`], [`echo`], [`requests`], [`round_trips`]: loads over connections that stay.
//! - [`joins`], [`resume`]: connections that come and go.
//! - [`Dialect`], [`Counter`], [`Answers`], [`Vws`]: how one kind of server is talked to.
//! - [`frame`], [`socket`], [`http`]: WebSocket and HTTP as far as a load needs them.
//! - [`machine`]: whose figures they are.
//! - [`Terms`], [`Outcome`], [`Histogram`], [`Taken`]: how long it lasts, and what it came to.

mod dialect;
mod echo;
mod error;
pub mod fanout;
pub mod frame;
mod histogram;
pub mod http;
mod joins;
pub mod machine;
mod rest;
mod run;
pub mod socket;
mod vws;

pub use dialect::{Counter, Dialect, Even, Heard, Opened};
pub use echo::{echo, round_trips};
pub use error::{Done, LoadError};
pub use fanout::Crowd;
pub use histogram::{Histogram, Latency};
pub use http::Target;
pub use joins::{Resumed, joins, resume};
pub use rest::{Answers, requests};
pub use run::{Edge, Outcome, Stop, Taken, Terms};
pub use vws::{Events, Joined, Vws, object};
