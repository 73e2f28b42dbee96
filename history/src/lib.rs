//! What concurrent clients may observe: a run against a real server, whose connections are cut and whose process is
//! killed meanwhile, is recorded and then judged.
//!
//! # Layout
//! - [`record`]: what is recorded: writes, reads, streams, mirrors, and the log.
//! - [`check`](mod@check): the judge, which knows nothing of how a record came to be.
//! - [`run`](mod@run): a run from its start to its record.
//! - `server`: the server's process; `wire`: connections that can be cut; `http`: requests.
//! - `writers`, `readers`: the clients.

pub mod check;
mod http;
mod readers;
pub mod record;
pub mod run;
mod server;
mod wire;
mod writers;

pub use check::{Violation, check};
pub use record::History;
pub use run::{Failure, Plan, Summary, run};
