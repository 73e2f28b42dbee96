//! `cargo xtask run`: from whatever is there to a server that serves the page.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::page;
use crate::project::Project;
use crate::server::{self, Profile};
use crate::setup::{self, Needs};

/// Sets up, builds and becomes `vws serve` with `arguments`. Returns only when that fails.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    // Compiling what the server depends on fills the cores while the tools are built.
    let server = || server::build(project, Profile::Release).map(drop);
    let ready = setup::ensure(project, Needs::Page, Some(&server))?;
    page::build(project, &ready)?;
    let program = server::build(project, Profile::Release)?;
    println!("▸ starting vws; open the address that it prints in a browser, end it with Ctrl-C");
    let error = Command::new(&program).arg("serve").args(arguments).current_dir(&project.root).exec();
    Err(Failure::new(format!("cannot start {}: {error}", program.display())))
}
