//! `cargo xtask mutants`: whether the tests of `core` notice what is changed in it. docs/MUTANTS.md has what was found.

use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::setup::CargoTool;

const MUTANTS: CargoTool = CargoTool { name: "cargo-mutants", version: "27.1.0", about: "once, about 2 min" };

/// Runs them all, or those that `arguments` choose (`--shard 3/40`, `--file core/src/reduce/decide.rs`); the rest of what
/// cargo-mutants takes is in `.cargo/mutants.toml`.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let program = MUTANTS.ensure(project)?;
    let mut mutants = Command::new(program);
    mutants.current_dir(&project.root).args(["mutants", "--package", "vws-core"]);
    mutants.arg("--output").arg(project.target.join("xtask")).args(arguments);
    process::run(&mut mutants)
}
