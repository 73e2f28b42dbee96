//! `cargo xtask e2e`: real Chromium pages against the real server. `cargo xtask screenshots`: the pictures of the
//! documents, taken of the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cluster;
use crate::failure::Result;
use crate::page;
use crate::process;
use crate::project::Project;
use crate::server::{self, Profile};
use crate::setup::{self, Browser, Needs, Ready};

/// Sets up, builds and runs the browser tests whose title matches `name`, or all of them.
pub(crate) fn run(project: &Project, name: Option<&str>) -> Result<()> {
    let (ready, program) = build(project)?;
    let mut node = command(project, &program, ready.browser.as_ref());
    with_cluster(project, &mut node)?;
    if let Some(name) = name {
        node.arg(format!("--test-name-pattern={name}"));
    }
    process::run(&mut node)
}

/// Sets up, builds and makes the pictures of the documents anew.
pub(crate) fn screenshots(project: &Project) -> Result<()> {
    let (ready, program) = build(project)?;
    let mut node = node(project, &program, ready.browser.as_ref());
    process::run(node.arg("screenshots.mjs"))
}

/// Sets up and builds all that a browser and its server need; answers the server's program.
fn build(project: &Project) -> Result<(Ready, PathBuf)> {
    let ready = setup::ensure(project, Needs::Browser, None)?;
    page::build(project, &ready)?;
    let program = server::build(project, Profile::Debug)?;
    install(project)?;
    Ok((ready, program))
}

/// Installs the tests' own packages unless they are there.
pub(crate) fn install(project: &Project) -> Result<()> {
    let mut node = Command::new("node");
    node.args(["web/build/install.mjs", "e2e"]).current_dir(&project.root);
    process::run(&mut node)
}

/// Builds what starts nodes over NATS, and has `node` use it.
pub(crate) fn with_cluster(project: &Project, node: &mut Command) -> Result<()> {
    let nats = setup::nats(project)?;
    node.env("VWS_CLUSTER_BIN", cluster::build(project)?).env("VWS_NATS_SERVER", nats);
    Ok(())
}

/// Node's test runner over `e2e/`, with the server and the browser that it is to use.
pub(crate) fn command(project: &Project, server: &Path, browser: Option<&Browser>) -> Command {
    let mut node = node(project, server, browser);
    // A file that waits for what never comes ends after 20 min, and is told of.
    node.args(["--test", "--test-concurrency=1", "--test-timeout=1200000"]);
    node
}

/// Node in `e2e/`, with the server and the browser that its scripts are to use.
pub(crate) fn node(project: &Project, server: &Path, browser: Option<&Browser>) -> Command {
    let mut node = Command::new("node");
    node.current_dir(project.root.join("e2e")).env("VWS_BIN", server);
    if let Some(browser) = browser {
        node.env("CHROMIUM", &browser.chromium);
    }
    node
}
