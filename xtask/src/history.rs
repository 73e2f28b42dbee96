//! `cargo xtask history`: what concurrent clients saw of a server that was killed meanwhile, and whether one order of all
//! explains it.

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::server::{self, Profile};

/// Runs one; `arguments` are those of the program (`--ops N --seed S --kills N`).
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let server = server::build(project, Profile::Release)?;
    let mut cargo = project.cargo();
    cargo.args(["run", "--quiet", "--release", "--locked", "--package", "vws-history", "--"]);
    process::run(cargo.args(arguments).env("VWS_BIN", server))
}
