//! What a log counts.

use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// What is counted of a log.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Messages that were sent again.
    pub(super) retries: Counter,
    /// Batches of which nobody knows.
    pub(super) unsure: Counter,
    /// What was asked for last had no answer.
    refusing: AtomicBool,
}

impl Counts {
    /// NATS has answered.
    pub(super) fn took(&self) {
        self.refusing.store(false, Ordering::Relaxed);
    }

    /// NATS has not answered, or said that it cannot.
    pub(super) fn refused(&self) {
        self.refusing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::Relaxed)
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let counters = [
            ("log_retries", "Messages that were sent to NATS again for want of an answer", &self.retries),
            ("log_unsure", "Batches of which NATS never said whether it has taken them", &self.unsure),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
    }
}
