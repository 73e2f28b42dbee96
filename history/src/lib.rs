//! What concurrent clients may observe: a run against a real server, whose connections are cut and whose process is
//! killed meanwhile, is recorded and then judged.
//!
//! # Layout
//! - [`record`]: what is recorded: writes, reads, streams, mirrors, and the log.
//! - [`check`](mod@check): the judge, which knows nothing of how a record came to be.
//! - [`run`](mod@run): a run from its start to its record.
//! - `place`: where the server is: `server`, one process, or `swarm`, nodes over NATS with all that may happen to them; `wire`: connections that can be cut; `http`: requests.
//! - `writers`, `readers`: the clients.

pub mod check;
mod http;
mod place;
mod readers;
pub mod record;
pub mod run;
mod server;
mod swarm;
mod wire;
mod writers;

pub use check::{Violation, check};
pub use record::History;
pub use run::{Failure, Plan, Summary, run};
pub use swarm::can_be_cut;
