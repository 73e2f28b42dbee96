//! What a log counts and what its open has found.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What the open of a data directory has found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Sessions that are there.
    pub sessions: u64,
    /// Of them, those that are damaged and not served.
    pub damaged: u64,
    /// Batches that were in the journal.
    pub replayed: u64,
    /// Bytes at the journal's end that were never finished, and cut.
    pub torn: u64,
    /// Places of the journal that are damaged.
    pub journal_damages: u64,
    /// The last run ended in order, or there was none.
    pub in_order: bool,
    /// Acknowledged events may be lost: every session has a new epoch.
    pub may_have_lost: bool,
    pub(super) last_segment: u64,
}

/// For so long a log counts as refusing after it has refused a change. Only the next change tells whether its disk is well
/// again, and who looks for that may be what sends changes.
const REFUSING_FOR: Duration = Duration::from_secs(30);

/// What is counted of a log.
#[derive(Debug)]
pub(super) struct Report {
    /// Groups that were written.
    pub(super) commits: Counter,
    /// Bytes that were written to the journal.
    pub(super) bytes: Counter,
    /// Changes of files that failed.
    pub(super) failures: Counter,
    pub(super) flush_seconds: Histogram,
    /// The journal's bytes that are not moved yet.
    pub(super) journal: Gauge,
    pub(super) torn: Counter,
    pub(super) damaged: Gauge,
    /// When a change was last refused; `None` once one has been taken since.
    refused: Mutex<Option<Instant>>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            bytes: Counter::default(),
            failures: Counter::default(),
            flush_seconds: Histogram::new(exponential_buckets(50e-6, 2.0, 16)),
            journal: Gauge::default(),
            torn: Counter::default(),
            damaged: Gauge::default(),
            refused: Mutex::default(),
        }
    }
}

impl Report {
    /// Changes were taken.
    pub(super) fn took(&self) {
        *self.refused.lock() = None;
    }

    /// A change was refused for what the disk does.
    pub(super) fn refused(&self) {
        *self.refused.lock() = Some(Instant::now());
    }

    /// Whether the last change was refused, not long ago.
    pub(super) fn is_refusing(&self) -> bool {
        self.refused.lock().is_some_and(|at| at.elapsed() < REFUSING_FOR)
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("log_commits", "Groups of batches written to the log", self.commits.clone());
        registry.register_with_unit("log_written", "Written to the log", Unit::Bytes, self.bytes.clone());
        registry.register("log_failures", "Changes of the log's files that failed", self.failures.clone());
        registry.register_with_unit(
            "log_flush",
            "Time to force what was written to disk",
            Unit::Seconds,
            self.flush_seconds.clone(),
        );
        registry.register_with_unit(
            "log_journal",
            "Journal that is not yet moved to the sessions' files",
            Unit::Bytes,
            self.journal.clone(),
        );
        registry.register_with_unit(
            "log_torn",
            "Cut off the log's end because the write was never finished",
            Unit::Bytes,
            self.torn.clone(),
        );
        registry.register(
            "log_damaged_sessions",
            "Sessions that are damaged and not served",
            self.damaged.clone(),
        );
    }
}
