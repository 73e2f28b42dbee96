//! `cargo xtask deny`: whether the crates that the project is made of are ones that it may be made of: their licences,
//! where they come from, which of them are there twice, and what is known against them.

use std::path::Path;
use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::say;
use crate::setup::CargoTool;

const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2", about: "once, about 5 min" };
/// What needs the lock file and the registry alone.
const OFFLINE: [&str; 3] = ["licenses", "bans", "sources"];

/// Installs what it takes, and checks everything.
pub(crate) fn run(project: &Project) -> Result<()> {
    let program = DENY.ensure(project)?;
    check(project, &program, &OFFLINE)?;
    advisories(project, &program)
}

/// The same where the tool is there; a new machine would compile it for longer than all the rest of its tests.
pub(crate) fn if_there(project: &Project) -> Result<()> {
    let Some(program) = DENY.find(project) else {
        say::note("cargo-deny is not installed: `cargo xtask deny` does it, and checks what this step would");
        return Ok(());
    };
    check(project, &program, &OFFLINE)
}

/// What is known against crates is told by a database that is fetched anew each time; a machine that cannot reach
/// it has failed nothing.
fn advisories(project: &Project, program: &Path) -> Result<()> {
    let mut fetch = deny(project, program);
    if process::output(fetch.args(["fetch", "db"])).is_none() {
        say::note("the database of advisories cannot be reached from here: they were not checked");
        return Ok(());
    }
    check(project, program, &["advisories"])
}

fn check(project: &Project, program: &Path, what: &[&str]) -> Result<()> {
    process::run(deny(project, program).arg("check").args(what))
}

fn deny(project: &Project, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&project.root).args(["--log-level", "error"]);
    command
}
