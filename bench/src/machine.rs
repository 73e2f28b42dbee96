//! How busy the machine is that the figures are of.

/// How busy others keep the machine, as the kernel tells it: processes that wanted a core over the last minute.
pub(crate) fn busy() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/loadavg").ok()?;
    told.split_whitespace().next()?.parse().ok()
}
