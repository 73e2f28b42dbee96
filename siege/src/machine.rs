//! What this machine lets a process do.

use rustix::process::{Resource, getrlimit};

/// Descriptors of a process beside those of its connections.
const BESIDE: u64 = 200;

/// # Errors
/// Where a process may not hold so many connections.
pub(crate) fn check_connections(count: usize) -> Result<(), String> {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = count as u64 + BESIDE;
    if most >= wanted {
        return Ok(());
    }
    Err(format!(
        "a process may open {most} files here, and {count} connections take {wanted}: raise `ulimit -Hn`"
    ))
}
