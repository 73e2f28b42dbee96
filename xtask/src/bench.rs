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
            if needs_nats(arguments) {
                // Where it cannot be had, the part says that it is absent.
                match setup::nats(project) {
                    Ok(nats) => {
                        cargo.env("VWS_NATS_SERVER", nats);
                    }
                    Err(failure) => eprintln!("no NATS server for `nodes`: {failure}"),
                }
            }
            process::run(cargo.arg("--").args(arguments))
        }
    }
}

/// Whether the part is `nodes`, or all of them.
fn needs_nats(arguments: &[String]) -> bool {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--on" | "--json" => {
                words.next();
            }
            "--help" | "-h" => return false,
            flag if flag.starts_with('-') => {}
            part => return part == "nodes",
        }
    }
    true
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nats_is_for_its_part_and_for_everything() {
        let needs =
            |words: &str| needs_nats(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert!(
            needs("")
                && needs("--quick --json nodes.json")
                && needs("--json x nodes")
                && needs("nodes --quick")
        );
        assert!(!needs("fanout") && !needs("--json nodes echo --quick") && !needs("--help"));
    }
}
