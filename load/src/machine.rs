//! Which machine figures are of, how many connections it lets a process hold, and what memory one takes.

use std::fmt;

use rustix::process::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The day, as `2026-01-31`, in UTC.
#[must_use]
pub fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}

/// Lets this process and those that it starts hold as many connections as the system lets them.
pub fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is not allowed, what needs many says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Bytes of memory that a process takes; `None` where there is no such process, or the system does not tell.
#[must_use]
pub fn resident_bytes(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// What its processor is called.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Which Linux.
    pub kernel: String,
}

impl Machine {
    /// This one, as far as the kernel tells of it.
    #[must_use]
    pub fn here() -> Self {
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

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        write!(f, "{} {cores} of {}, Linux {}", self.cores, self.cpu, self.kernel)
    }
}
