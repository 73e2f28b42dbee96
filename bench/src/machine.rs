//! Which machine the figures are of.

use rustix::process::{Resource, getrlimit, setrlimit};
use serde::Serialize;
use time::OffsetDateTime;

/// The day, as `2026-01-31`.
pub(crate) fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}

/// Lets this process and those that it starts hold as many connections as the system lets them.
pub(crate) fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is not allowed, the few large settings say so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// How busy others keep the machine, as the kernel tells it: processes that wanted a core over the last minute.
pub(crate) fn busy() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/loadavg").ok()?;
    told.split_whitespace().next()?.parse().ok()
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
        let model = read("/proc/cpuinfo");
        let model = model
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
        Self {
            cpu: model.unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }

    /// One that is made up.
    #[cfg(test)]
    pub(crate) fn named(cpu: &str) -> Self {
        Self { cpu: cpu.to_owned(), cores: 1, kernel: "0".to_owned() }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        write!(f, "{} {cores} of {}, Linux {}", self.cores, self.cpu, self.kernel)
    }
}
