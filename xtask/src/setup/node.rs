//! Node.js, which bundles the viewport and runs the browser tests. Never installed by us: distributions
//! and version managers differ too much, and Debian 12's own is too old.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;

/// The oldest Node.js whose test runner and zlib do what the scripts need.
const MIN_MAJOR: u32 = 20;

/// Fails with the remedy when node or npm is not there or node is too old.
pub(crate) fn check() -> Result<()> {
    let remedy =
        format!("install Node.js {MIN_MAJOR} or newer with npm, from nodejs.org or a version manager");
    let Some(version) = process::output(Command::new("node").arg("--version")) else {
        return Err(Failure::new("`node` is not on PATH").remedy(remedy));
    };
    if major(&version).is_none_or(|major| major < MIN_MAJOR) {
        return Err(
            Failure::new(format!("node {version} is too old: {MIN_MAJOR} or newer is needed")).remedy(remedy)
        );
    }
    if process::on_path("npm").is_none() {
        return Err(Failure::new("`npm` is not on PATH").remedy(remedy));
    }
    Ok(())
}

/// `20` of `v20.1.0`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20"), None);
    }
}
