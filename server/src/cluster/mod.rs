//! What travels between the nodes of a cluster beside the log.
//!
//! The log alone says what has happened in a session. Here is what it does not have: who is in a session, which tokens
//! are over, and the models that objects show. A server of its own has none of this, and none of it runs.
//!
//! # Layout
//! - [`Bus`]: what carries it; [`NatsBus`]: over NATS; [`MemoryNet`]: within a process, for tests; [`contract`]: the test
//!   suite that every bus passes.
//! - `presence`: who is in a session at other nodes; `message`: what nodes tell each other of it.
//! - `revocations`: tokens that are over, on all nodes.

mod bus;
pub mod contract;
mod memory;
mod message;
mod nats;
mod presence;
mod revocations;

use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::task::AbortHandle;

pub use bus::{Bus, BusError, Change, Changes, Messages, Table};
pub use memory::{MemoryBus, MemoryNet};
pub use nats::NatsBus;
pub use presence::Inside;

use crate::feed::NodeId;
use presence::Rooms;

/// One node of several.
#[derive(Debug)]
pub struct Cluster {
    node: NodeId,
    bus: Arc<dyn Bus>,
    rooms: Rooms,
    counted: Counted,
    /// What follows the others; it ends with this.
    tasks: Mutex<Vec<AbortHandle>>,
}

/// What is counted of it.
#[derive(Debug, Default)]
struct Counted {
    diverged: Counter,
}

impl Cluster {
    /// A node that reaches the others by `bus`. It is another one each time.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>) -> Arc<Self> {
        Arc::new(Self {
            node: NodeId::new(),
            bus,
            rooms: Rooms::default(),
            counted: Counted::default(),
            tasks: Mutex::default(),
        })
    }

    /// Runs `task` for as long as there is this.
    fn keep(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().push(tokio::spawn(task).abort_handle());
    }

    /// What it reaches the others by.
    #[must_use]
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// Whether the others are within reach, as far as anybody knows.
    #[must_use]
    pub fn is_within_reach(&self) -> bool {
        *self.bus.reach().borrow()
    }

    /// Has what is counted be told with the server's metrics.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "cluster_diverged",
            "Times that this node and another one had come to different states of a session",
            self.counted.diverged.clone(),
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.tasks.lock().iter().for_each(AbortHandle::abort);
    }
}
