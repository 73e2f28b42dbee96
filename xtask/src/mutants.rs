//! `cargo xtask mutants`: whether the tests of `core` notice what is changed in it. docs/MUTANTS.md has what was found.

use std::env;
use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::setup::CargoTool;

const MUTANTS: CargoTool = CargoTool { name: "cargo-mutants", version: "27.1.0", about: "once, about 2 min" };
/// Random cases of each law that a change is tried with, unless `PROPTEST_CASES` is set. Nearly all that is caught is
/// caught by these; who survives them is tried again with all.
const CASES: (&str, &str) = ("PROPTEST_CASES", "50");

/// Runs them all, or those that `arguments` choose (`--shard 3/40`, `--file core/src/reduce/decide.rs`); the rest of what
/// cargo-mutants takes is in `.cargo/mutants.toml`.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let program = MUTANTS.ensure(project)?;
    let mut mutants = Command::new(program);
    mutants.current_dir(&project.root).args(["mutants", "--package", "vws-core"]);
    mutants.args(sharding(arguments)).arg("--output").arg(project.target.join("xtask")).args(arguments);
    // Each build follows the one before it, in the copy of the tree that its job has: `--jobs` would share a directory.
    mutants.env("CARGO_INCREMENTAL", "1").env_remove("CARGO_TARGET_DIR");
    if env::var_os(CASES.0).is_none() {
        mutants.env(CASES.0, CASES.1);
    }
    process::run(&mut mutants)
}

/// A shard is every so manieth of all, a part of each file. Where none is asked for nothing may be said of it.
fn sharding(arguments: &[String]) -> &'static [&'static str] {
    let is_shard = |argument: &String| argument == "--shard" || argument.starts_with("--shard=");
    if arguments.iter().any(is_shard) { &["--sharding", "round-robin"] } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::sharding;

    #[test]
    fn only_a_shard_has_a_way_to_be_chosen() {
        let of = |text: &str| sharding(&text.split(' ').map(str::to_owned).collect::<Vec<_>>()).len();
        assert_eq!(["--file a", "--shard 0/8", "--shard=0/8", "--list"].map(of), [0, 2, 2, 0]);
    }
}
