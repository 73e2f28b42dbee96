//! Autobahn's suite of WebSocket cases, for Python 3, in an environment of its own in the data directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian;
use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

/// The package, which has the cases of Autobahn's own suite and a runner for Python 3.
const PACKAGE: &str = "kosoku";
const VERSION: &str = "0.1.0";
/// The oldest Python that it has wheels for.
const PYTHON: (u32, u32) = (3, 10);

/// Installs it unless it is there; returns the Python that has it.
pub(crate) fn ensure(project: &Project) -> Result<PathBuf> {
    let home = project.data.join("tools").join(format!("{PACKAGE}-{VERSION}"));
    let python = home.join("bin/python");
    if has_it(&python) {
        return Ok(python);
    }
    fs::create_dir_all(&project.data).context(|| format!("create {}", project.data.display()))?;
    let _only_one = super::lock(project)?;
    if has_it(&python) {
        return Ok(python);
    }
    let host = host(project)?;
    say::step(&format!("{PACKAGE} {VERSION}, Autobahn's cases"), "once, about 10 s", || {
        // What a former try left may not be whole.
        let log = project.data.join("log").join(format!("{PACKAGE}.log"));
        process::run_logged(Command::new(&host).args(["-m", "venv", "--clear"]).arg(&home), PACKAGE, &log)?;
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]);
        process::run_logged(pip.arg(format!("{PACKAGE}=={VERSION}")), PACKAGE, &log)
    })?;
    Ok(python)
}

fn has_it(python: &Path) -> bool {
    let check = format!("from importlib.metadata import version; assert version('{PACKAGE}') == '{VERSION}'");
    python.is_file() && process::output(Command::new(python).args(["-c", &check])).is_some()
}

/// A Python that makes environments, from Debian where there is none.
fn host(project: &Project) -> Result<PathBuf> {
    if let Some(python) = process::on_path("python3").filter(|python| makes_environments(python)) {
        return Ok(python);
    }
    if debian::is_here() {
        debian::install(project, &debian::missing(&["python3", "python3-venv"]))?;
        let python = PathBuf::from("/usr/bin/python3");
        if makes_environments(&python) {
            return Ok(python);
        }
    }
    let (major, minor) = PYTHON;
    Err(Failure::new(format!("there is no Python {major}.{minor} or newer with the module venv"))
        .remedy("install python3 and python3-venv, or prove the other lines by their names"))
}

fn makes_environments(python: &Path) -> bool {
    let check = format!("import ensurepip, venv, sys; assert sys.version_info >= {PYTHON:?}");
    process::output(Command::new(python).args(["-c", &check])).is_some()
}
