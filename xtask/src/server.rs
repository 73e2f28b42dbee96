//! Building and starting the server.

use std::path::PathBuf;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::say;

/// How the server is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As it is meant to run.
    Release,
    /// As the tests compile it.
    Debug,
}

/// Compiles the server and returns where the program is.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf> {
    let (dir, about) = match profile {
        Profile::Release => ("release", "about 3 min the first time, then 30 s"),
        Profile::Debug => ("debug", "about 1 min the first time, then 10 s"),
    };
    let program = project.target.join(dir).join("vws");
    say::step(&format!("server, {dir}"), about, || {
        let mut cargo = project.cargo();
        cargo.args(["build", "--locked", "--package", "vws-server"]);
        if profile == Profile::Release {
            cargo.arg("--release");
        }
        process::run_logged(&mut cargo, "server", &project.target.join("xtask/server.log"))
    })?;
    Ok(program)
}
