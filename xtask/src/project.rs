//! Where things are: the clone, the build directories and the user's data directory.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};

/// The places that every command works on.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// The top of the clone.
    pub(crate) root: PathBuf,
    /// `$CARGO_TARGET_DIR`, or `target` in the clone. The release binary is `release/vws` in it.
    pub(crate) target: PathBuf,
    /// Build directory of everything compiled for the browser. Apart from `target`, so that a page build
    /// and a native build can run at once, and two compilers never share a directory.
    pub(crate) wasm_target: PathBuf,
    /// Tools and toolchain of the project, shared by all clones: `${XDG_DATA_HOME:-~/.local/share}/vws`.
    pub(crate) data: PathBuf,
}

impl Project {
    /// Finds the clone from where cargo started us.
    pub(crate) fn locate() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .map(Path::to_path_buf)
            .ok_or_else(|| Failure::new(format!("{} has no parent", manifest.display())))?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => env::current_dir().context(|| "read the current directory".into())?.join(dir),
            None => root.join("target"),
        };
        Ok(Self { wasm_target: target.join("wasm"), target, data: data_home()?.join("vws"), root })
    }

    /// Cargo of the toolchain that runs us; never the one that builds for the browser.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }

    /// The version of `package` in Cargo.lock.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path).context(|| format!("read {}", path.display()))?;
        find_locked(&lock, package)
            .ok_or_else(|| Failure::new(format!("Cargo.lock has no package {package}")))
    }
}

/// The first version that a lock file has for `package`.
fn find_locked(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"').map(str::to_owned)
}

/// `$XDG_DATA_HOME`, or its default.
fn data_home() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("XDG_DATA_HOME").map(PathBuf::from)
        && dir.is_absolute()
    {
        return Ok(dir);
    }
    env::home_dir()
        .filter(|home| home.is_absolute())
        .map(|home| home.join(".local").join("share"))
        .ok_or_else(|| Failure::new("no home directory is set").remedy("set HOME or XDG_DATA_HOME"))
}

#[cfg(test)]
mod tests {
    use super::find_locked;

    #[test]
    fn the_locked_version_is_that_of_the_exact_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-x\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"s\"\n";
        assert_eq!(find_locked(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(find_locked(lock, "wasm"), None);
    }
}
