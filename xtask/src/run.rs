//! `cargo xtask run`: from whatever is there to a server that serves the page.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::page;
use crate::project::Project;
use crate::server::{self, Profile};
use crate::setup::{self, Meanwhile, Needs};

/// Sets up, builds and becomes `vws serve` with `arguments`. Returns only when that fails.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let program = build(project)?;
    println!("▸ starting vws; open the address that it prints in a browser, end it with Ctrl-C");
    let error = Command::new(&program).arg("serve").args(arguments).current_dir(&project.root).exec();
    Err(Failure::new(format!("cannot start {}: {error}", program.display())))
}

/// Sets up, and builds the program with the page in it. Answers where it is.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let meanwhile = Meanwhile {
        anything: &|| server::build(project, Profile::Release).map(drop),
        with_compiler: &|ready| page::precompile(project, ready),
    };
    let ready = setup::ensure(project, Needs::Page, Some(&meanwhile))?;
    page::build(project, &ready)?;
    // The page is built into the program, so after a first build this is its second.
    server::build(project, Profile::Release)
}
