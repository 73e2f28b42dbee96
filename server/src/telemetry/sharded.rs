//! Counters that cores do not share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use prometheus_client::metrics::counter::{Atomic, Counter};

/// A counter that many threads add to at once.
pub(super) type Tally = Counter<u64, Sharded>;

/// Parts of a count: about as many as threads that count at once.
const SHARDS: usize = 16;

/// A count in parts, each on a cache line of its own. A thread adds to its own part, so that two of them that count
/// the same thing do not wait for one another's caches.
#[derive(Debug, Default)]
pub(super) struct Sharded([Shard; SHARDS]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(AtomicU64);

/// This thread's part.
fn mine() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    MINE.with(|mine| *mine)
}

impl Atomic<u64> for Sharded {
    fn inc(&self) -> u64 {
        self.inc_by(1)
    }

    /// Answers what this thread's part was: nobody asks, and the whole would cost all parts.
    fn inc_by(&self, more: u64) -> u64 {
        self.0[mine()].0.fetch_add(more, Ordering::Relaxed)
    }

    fn get(&self) -> u64 {
        self.0.iter().map(|shard| shard.0.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_count_is_all_there() {
        let tally = Tally::default();
        std::thread::scope(|scope| {
            for thread in 0..2 * SHARDS as u64 {
                let tally = &tally;
                scope.spawn(move || {
                    for _ in 0..1_000 {
                        tally.inc();
                    }
                    tally.inc_by(thread);
                });
            }
        });
        let threads = 2 * SHARDS as u64;
        assert_eq!(tally.get(), threads * 1_000 + threads * (threads - 1) / 2);
    }
}
