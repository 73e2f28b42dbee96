//! The memory of this process: how much it takes, how much there is, and whether it is time to take no more.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::{info, warn};

use crate::units::ByteSize;

/// How much memory a server may take before it begins nothing new: `auto` for four fifths of what there is, a size, or `0`
/// for any amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryBound {
    /// Four fifths of what the machine or its control group has: the rest is the system's, and the kernel's for sockets.
    Auto,
    /// So much.
    At(ByteSize),
    /// Any amount.
    None,
}

impl MemoryBound {
    /// In bytes; `None` for any amount, or where the system does not tell what there is.
    #[must_use]
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Auto => available_bytes().map(|there| there / 5 * 4),
            Self::At(ByteSize(bytes)) => Some(bytes),
            Self::None => None,
        }
    }
}

impl fmt::Display for MemoryBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::At(size) => size.fmt(f),
            Self::None => f.write_str("0"),
        }
    }
}

impl FromStr for MemoryBound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "0" => Ok(Self::None),
            size => size
                .parse()
                .map(Self::At)
                .map_err(|_| "expected a size such as 512MiB, auto, or 0 for any amount".to_owned()),
        }
    }
}

/// How often a server looks.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Bytes of memory that are really taken; `None` where the system does not tell as Linux does.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kib_of(&status, "VmRSS:")
}

/// Bytes of memory that this process may take before the system stops it or begins to swap: what the machine has or,
/// where that is less, what its control group may have.
#[must_use]
pub fn available_bytes() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|told| kib_of(&told, "MemTotal:"));
    let groups = fs::read_to_string("/proc/self/cgroup").ok();
    let group = groups.and_then(|groups| of_groups(&groups, Path::new("/sys/fs/cgroup")));
    machine.into_iter().chain(group).min()
}

/// The line that begins with `name` and goes on with a number of KiB.
fn kib_of(told: &str, name: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The least that a control group of this process, or one around it, may have. `groups` is `/proc/self/cgroup`, `root`
/// where the groups are.
fn of_groups(groups: &str, root: &Path) -> Option<u64> {
    let lines = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        match controllers {
            "" => Some((root.to_owned(), path, "memory.max")),
            "memory" => Some((root.join("memory"), path, "memory.limit_in_bytes")),
            _ => None,
        }
    });
    let bounds = lines.flat_map(|(root, path, file)| {
        let group = root.join(path.trim_start_matches('/'));
        // In a container the path may be that of the machine, and the root the container's own.
        let around: Vec<_> =
            group.ancestors().take_while(|at| at.starts_with(&root)).map(Path::to_owned).collect();
        around.into_iter().filter_map(move |at| fs::read_to_string(at.join(file)).ok()?.trim().parse().ok())
    });
    bounds.min()
}

/// Whether the process takes as much memory as it may, so that nothing is begun that takes more.
#[derive(Debug)]
pub struct Watermark {
    max: Option<u64>,
    low: AtomicBool,
}

impl Watermark {
    /// Memory is low from `max` bytes on, until less than nine tenths of that are taken; `None` for never.
    #[must_use]
    pub const fn new(max: Option<u64>) -> Self {
        Self { max, low: AtomicBool::new(false) }
    }

    /// The bound in bytes.
    #[must_use]
    pub const fn max(&self) -> Option<u64> {
        self.max
    }

    /// Whether memory is low.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.low.load(Ordering::Relaxed)
    }

    /// So much is taken now. Answers whether memory is low, where that has just changed.
    pub fn note(&self, taken: u64) -> Option<bool> {
        let max = self.max?;
        let was = self.is_low();
        let is = if was { taken >= max / 10 * 9 } else { taken >= max };
        self.low.store(is, Ordering::Relaxed);
        (was != is).then_some(is)
    }

    /// Looks now, and tells the log where something has changed.
    pub(crate) fn look(&self) {
        let Some(taken) = resident_bytes() else { return };
        let (taken_mib, max_mib) = (taken >> 20, self.max.unwrap_or(0) >> 20);
        match self.note(taken) {
            Some(true) => warn!(taken_mib, max_mib, "memory is low: nothing new is begun"),
            Some(false) => info!(taken_mib, max_mib, "there is memory again"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lim21_memory_is_low_from_the_bound_on_until_a_tenth_is_free() {
        let watermark = Watermark::new(Some(1_000));
        for (taken, changed, low) in [
            (0, None, false),
            (999, None, false),
            (1_000, Some(true), true),
            (5_000, None, true),
            (900, None, true),
            (899, Some(false), false),
            (999, None, false),
            (u64::MAX, Some(true), true),
        ] {
            assert_eq!((watermark.note(taken), watermark.is_low()), (changed, low), "{taken}");
        }
        let boundless = Watermark::new(None);
        assert_eq!((boundless.note(u64::MAX), boundless.is_low()), (None, false));
    }

    #[test]
    fn lim21_a_bound_is_read_as_it_is_written() {
        for (text, bound) in [
            ("auto", MemoryBound::Auto),
            ("0", MemoryBound::None),
            ("512MiB", MemoryBound::At(ByteSize::mib(512))),
        ] {
            assert_eq!((text.parse(), bound.to_string().as_str()), (Ok(bound), text));
        }
        for text in ["", "half", "80%", "-1", "0MiB"] {
            assert!(text.parse::<MemoryBound>().is_err(), "{text}");
        }
    }

    #[test]
    fn lim21_the_least_of_the_groups_around_bounds_a_process() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("is made");
            fs::write(path, text).expect("is written");
        };
        let of = |groups| of_groups(groups, root.path());
        assert_eq!(of("0::/\n"), None, "the root of a machine has no bound");
        write("a/b/memory.max", "max\n");
        assert_eq!(of("0::/a/b\n"), None);
        write("a/memory.max", "4096\n");
        assert_eq!(of("0::/a/b\n"), Some(4_096));
        write("a/b/memory.max", "8192\n");
        assert_eq!(of("0::/a/b\n"), Some(4_096), "the one around has less");
        write("memory.max", "1024\n");
        assert_eq!(of("0::/elsewhere/c\n"), Some(1_024), "of a container, by the machine's path");
        write("memory/docker/memory.limit_in_bytes", "512\n");
        assert_eq!(of("12:cpu:/docker\n4:memory:/docker\n1:name=systemd:/docker\n"), Some(512));
        assert_eq!(of(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn lim21_what_there_is_and_what_is_taken_is_known() {
        let (taken, there) = (resident_bytes().expect("is told"), available_bytes().expect("is told"));
        assert!((1 << 16..there).contains(&taken), "{taken} of {there}");
    }
}
