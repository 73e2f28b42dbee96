//! `cargo xtask bench`: what things cost. What of it needs a browser is told apart by its name, `page`.
//! What is measured over the wire is the server in release, without a page.

use std::path::Path;
use std::process::Command;

use crate::e2e;
use crate::failure::Result;
use crate::page;
use crate::process;
use crate::project::Project;
use crate::say;
use crate::server::{self, Profile};
use crate::setup::{self, Needs};

/// Arguments that need no server of its own process.
const WITHOUT_SERVER: [&str; 5] = ["store", "log", "recovery", "--help", "help"];

/// Measures what `arguments` say: everything but the page unless told.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((first, rest)) if first == "page" => of_page(project, rest),
        _ => {
            let mut cargo = bench(project, "run");
            if !arguments.iter().any(|argument| WITHOUT_SERVER.contains(&argument.as_str())) {
                cargo.env("VWS_BIN", server::build(project, Profile::Release)?);
            }
            process::run(cargo.arg("--").args(arguments))
        }
    }
}

/// The page in Chromium, in release like the server that it follows.
fn of_page(project: &Project, arguments: &[String]) -> Result<()> {
    let ready = setup::ensure(project, Needs::Browser, None)?;
    page::build(project, &ready)?;
    let server = server::build(project, Profile::Release)?;
    say::step("the program that sends changes", "about 3 min the first time", || {
        process::run_logged(&mut bench(project, "build"), "bench", &project.target.join("xtask/bench.log"))
    })?;
    e2e::install(project)?;
    let mut node = e2e::node(project, &server, ready.browser.as_ref());
    node.current_dir(&project.root)
        .env("VWS_BENCH", project.target.join("release/vws-bench"))
        .env("VWS_PAGE", project.root.join("dist"))
        .arg(Path::new("bench/page/measure.mjs"))
        .args(arguments);
    process::run(&mut node)
}

fn bench(project: &Project, how: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&project.root).args([how, "--release", "--locked", "--package", "vws-bench"]);
    cargo
}
