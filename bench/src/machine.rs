//! What the figures are of: how busy the machine is, and when memory is at rest.

use std::time::Duration;

/// After so long the allocator has given back what nobody uses: jemalloc's `dirty_decay_ms` is 10 s.
pub(crate) const GIVEN_BACK_AFTER: Duration = Duration::from_secs(12);

/// How busy others keep the machine, as the kernel tells it: processes that wanted a core over the last minute.
pub(crate) fn busy() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/loadavg").ok()?;
    told.split_whitespace().next()?.parse().ok()
}
