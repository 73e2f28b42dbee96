//! Packages for Python 3, each in an environment of its own in the data directory.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::debian;
use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

/// One package.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// What is in it, for a person.
    pub(super) what: &'static str,
    /// The oldest Python that it has wheels for.
    pub(super) python: (u32, u32),
}

impl Package {
    /// Installs it unless it is there; returns the folder of its programs, its Python among them.
    pub(super) fn ensure(&self, project: &Project) -> Result<PathBuf> {
        let Self { name, version, what, .. } = self;
        let home = project.data.join("tools").join(format!("{name}-{version}"));
        let programs = home.join("bin");
        if self.is_in(&programs) {
            return Ok(programs);
        }
        fs::create_dir_all(&project.data).context(|| format!("create {}", project.data.display()))?;
        let _only_one = super::lock(project)?;
        if self.is_in(&programs) {
            return Ok(programs);
        }
        let host = self.host(project)?;
        say::step(&format!("{name} {version}, {what}"), "once, about 10 s", || {
            // What a former try left may not be whole.
            let log = project.data.join("log").join(format!("{name}.log"));
            process::run_logged(Command::new(&host).args(["-m", "venv", "--clear"]).arg(&home), name, &log)?;
            let mut pip = Command::new(programs.join("python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            pip.args(["--only-binary", ":all:"]);
            process::run_logged(pip.arg(format!("{name}=={version}")), name, &log)
        })?;
        Ok(programs)
    }

    fn is_in(&self, programs: &std::path::Path) -> bool {
        let Self { name, version, .. } = self;
        let check =
            format!("from importlib.metadata import version; assert version('{name}') == '{version}'");
        let python = programs.join("python");
        python.is_file() && process::output(Command::new(python).args(["-c", &check])).is_some()
    }

    /// A Python that makes environments, from Debian where there is none.
    fn host(&self, project: &Project) -> Result<PathBuf> {
        if let Some(python) = process::on_path("python3").filter(|python| self.makes_environments(python)) {
            return Ok(python);
        }
        if debian::is_here() {
            debian::install(project, &debian::missing(&["python3", "python3-venv"]))?;
            let python = PathBuf::from("/usr/bin/python3");
            if self.makes_environments(&python) {
                return Ok(python);
            }
        }
        let (major, minor) = self.python;
        Err(Failure::new(format!("there is no Python {major}.{minor} or newer with the module venv"))
            .remedy("install python3 and python3-venv"))
    }

    fn makes_environments(&self, python: &std::path::Path) -> bool {
        let check = format!("import ensurepip, venv, sys; assert sys.version_info >= {:?}", self.python);
        process::output(Command::new(python).args(["-c", &check])).is_some()
    }
}
