//! The project's commands, as `cargo xtask COMMAND`.
//!
//! # Layout
//! - `setup`: what a machine needs, installed once
//! - `page`, `server`, `package`: building the two halves, and the package for JavaScript
//! - `run`, `dev`, `e2e`, `test`, `fuzz`, `history`, `mutants`, `deny`: the commands
//! - `spec_check`: whether SPEC.md and the tests name the same rules
//! - `project`, `process`, `say`, `failure`: places, programs, output, errors
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to a person")]

mod bench;
mod cluster;
mod deny;
mod dev;
mod e2e;
mod failure;
mod fuzz;
mod history;
mod mutants;
mod package;
mod page;
mod process;
mod project;
mod reliability;
mod run;
mod say;
mod server;
mod setup;
mod spec_check;
mod test;

use std::env;
use std::process::ExitCode;

use failure::{Failure, Result};
use project::Project;
use setup::Needs;

const HELP: &str = "\
cargo xtask COMMAND

  run [-- ARGS]  set up, build the page and the server in release, start `vws serve ARGS`
  build          the same without starting it; prints where the program is
  test           set up, then every check and test there is; ends with one line of counts
  dev [-- ARGS]  `vws serve ARGS` and `trunk serve` before it: the page follows your edits
  e2e [NAME]     the browser tests alone; only those whose title matches NAME
  bench [ARGS]   measure, beside other servers; --quick for a look, --json FILE to keep the figures, a
                 name (`fanout`, `echo`, `nodes`, …, `page`) for one part alone, --docs for docs/PERFORMANCE.md
  reliability [ARGS]
                 what the server survives: hostile clients, and time; --quick for the short form (about 3 min), a name
                 (`slow-heads`, `stalled`, `malformed`, `autobahn`, `idle`, `mixed`, …) for one line alone, --minutes N
                 for the mixed load, --json FILE, --docs for docs/RELIABILITY.md, --dev for a debug build
  screenshots    docs/images made anew, and a picture of every state of the page in e2e/artifacts/looks
  fuzz [TARGET] [--seconds N | --runs N] [--untraced]
                 arbitrary bytes at every door (rest, websocket, log, import, backup), 60 s each unless told; --untraced
                 for twice as many that find fewer words by themselves
  history [ARGS] what concurrent clients see of a server that is killed meanwhile, judged; --ops N --seed S
  cluster [ARGS] three NATS servers, three nodes and a balancer on this machine, to try; --nodes N --servers 1|3 --port PORT
  cluster faults [ARGS]
                 what concurrent clients see of such nodes while their members are killed, paused and cut off, judged;
                 --ops N --kills N --seed S; --loopback without root
  mutants [ARGS] what is changed in core and no test notices; --shard K/N for a part
  deny [--database FOLDER]
                 licences, sources and doubles of the crates, and what is known against them; FOLDER is a clone of
                 the RustSec database where it cannot be fetched
  setup          only the set-up of `run` and `test`
  package        the npm package of packages/js, in its dist/
  spec-check     whether every rule of SPEC.md has a test, and every test a rule
  ci             `test`, for machines: what .ci/run calls

environment
  VWS_WASM_TOOLCHAIN=debian   build the page with Debian's compiler and never ask rustup
  CHROMIUM, CHROMEDRIVER      the browser for tests, when it is not on PATH
  VWS_NATS_SERVER             the NATS server for tests, when it is not on PATH
  CARGO_TARGET_DIR            where things are built, as for cargo
  XDG_DATA_HOME               tools go to $XDG_DATA_HOME/vws (default ~/.local/share/vws)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("✗ {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::FAILURE);
    };
    if matches!(command.as_str(), "help" | "--help" | "-h") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    let project = Project::locate()?;
    match (command.as_str(), rest) {
        ("run", rest) => run::run(&project, passed_on(rest))?,
        ("dev", rest) => dev::run(&project, passed_on(rest))?,
        ("build", []) => println!("✓ {}", run::build(&project)?.display()),
        ("setup", []) => {
            setup::ensure(&project, Needs::Browser, None)?;
            println!("✓ everything is set up");
        }
        ("e2e", []) => e2e::run(&project, None)?,
        ("e2e", [name]) => e2e::run(&project, Some(name))?,
        ("cluster", rest) => cluster::run(&project, passed_on(rest))?,
        ("history", rest) => history::run(&project, passed_on(rest))?,
        ("mutants", rest) => mutants::run(&project, passed_on(rest))?,
        ("deny", rest) => deny::run(&project, passed_on(rest))?,
        ("fuzz", rest) => fuzz::run(&project, passed_on(rest))?,
        ("bench", rest) => bench::run(&project, passed_on(rest))?,
        ("reliability", rest) => reliability::run(&project, passed_on(rest))?,
        ("screenshots", []) => e2e::screenshots(&project)?,
        ("package", []) => package::build(&project, &setup::ensure(&project, Needs::Page, None)?)?,
        ("spec-check", []) => println!("✓ {}", spec_check::run(&project)?),
        ("test" | "ci", []) => return test::run(&project),
        ("build" | "setup" | "e2e" | "screenshots" | "package" | "spec-check" | "test" | "ci", _) => {
            return Err(Failure::new(format!(
                "`{command}` does not take these arguments: {}",
                rest.join(" ")
            ))
            .remedy("see `cargo xtask help`"));
        }
        _ => {
            return Err(
                Failure::new(format!("there is no command `{command}`")).remedy("see `cargo xtask help`")
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The arguments for another program: all of them, without the `--` that may stand before them.
fn passed_on(arguments: &[String]) -> &[String] {
    match arguments {
        [first, rest @ ..] if first == "--" => rest,
        all => all,
    }
}
