//! Which machine it was, and what it lets a process do.

use rustix::process::{Resource, getrlimit, setrlimit};
use serde::Serialize;
use time::OffsetDateTime;

/// Descriptors of a process beside those of its connections.
const BESIDE: u64 = 200;

/// The day, as `2026-01-31`.
pub(crate) fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}

/// Lets this process and those that it starts hold as many connections as the system lets them.
pub(crate) fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is not allowed, what needs many says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

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

/// The machine.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let told = read("/proc/cpuinfo");
        let model = told
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
        Self {
            cpu: model.unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        write!(f, "{} {cores} of {}, Linux {}", self.cores, self.cpu, self.kernel)
    }
}
