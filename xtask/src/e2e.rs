//! `cargo xtask e2e`: real Chromium pages against the real server.

use std::path::Path;
use std::process::Command;

use crate::failure::Result;
use crate::page;
use crate::process;
use crate::project::Project;
use crate::server::{self, Profile};
use crate::setup::{self, Browser, Needs};

/// Sets up, builds and runs the browser tests whose title matches `name`, or all of them.
pub(crate) fn run(project: &Project, name: Option<&str>) -> Result<()> {
    let ready = setup::ensure(project, Needs::Browser, None)?;
    page::build(project, &ready)?;
    let program = server::build(project, Profile::Debug)?;
    install(project)?;
    let mut node = command(project, &program, ready.browser.as_ref());
    if let Some(name) = name {
        node.arg(format!("--test-name-pattern={name}"));
    }
    process::run(&mut node)
}

/// Installs the tests' own packages unless they are there.
pub(crate) fn install(project: &Project) -> Result<()> {
    let mut node = Command::new("node");
    node.args(["web/build/install.mjs", "e2e"]).current_dir(&project.root);
    process::run(&mut node)
}

/// Node's test runner over `e2e/`, with the server and the browser that it is to use.
pub(crate) fn command(project: &Project, server: &Path, browser: Option<&Browser>) -> Command {
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1"])
        .current_dir(project.root.join("e2e"))
        .env("VWS_BIN", server);
    if let Some(browser) = browser {
        node.env("CHROMIUM", &browser.chromium);
    }
    node
}
