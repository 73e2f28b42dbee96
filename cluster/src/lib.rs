//! A whole cluster on one machine: NATS servers, nodes and a balancer, each a process of its own, and what may happen to
//! them: kills, pauses, and cuts of the network between any two.
//!
//! # Layout
//! - [`Cluster`]: all of it, and its faults.
//! - [`Network`]: where processes are: on loopback, or each in a network namespace of its own, behind a bridge that can be cut.
//! - `program`: one process. `nats`: the NATS servers. `node`: a `vws` over them. `balancer`: haproxy before the nodes.
//! - `probe`: whether somebody answers. `ports`: where somebody may listen.

mod balancer;
mod cluster;
mod nats;
mod network;
mod node;
mod ports;
mod probe;
mod program;

pub use balancer::Balancer;
pub use cluster::{Cluster, Member, Plan, has_namespaces, wrong_clocks};
pub use nats::Nats;
pub use network::{Network, Place};
pub use node::Node;
pub use ports::free_port;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no cluster, or not the one that was asked for.
#[derive(Debug, Error)]
pub enum Failure {
    /// A program is not there.
    #[error("{} is not there: {remedy}", program.display())]
    Missing {
        /// Which.
        program: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// A program is too old for what is asked of it.
    #[error("{} is version {found}; {wanted} or later is needed: {remedy}", program.display())]
    TooOld {
        /// Which.
        program: PathBuf,
        /// Its version.
        found: String,
        /// The oldest that will do.
        wanted: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A process did not come up.
    #[error("{name} did not come up within {seconds} s: {log}")]
    NotUp {
        /// Which.
        name: String,
        /// How long was waited.
        seconds: u64,
        /// The end of what it wrote.
        log: String,
    },
    /// The system refuses.
    #[error("cannot {doing}: {error}")]
    System {
        /// What was tried.
        doing: String,
        /// What the system says.
        error: io::Error,
    },
}

impl Failure {
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |error| Self::System { doing, error }
    }
}
