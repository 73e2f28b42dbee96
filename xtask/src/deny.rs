//! `cargo xtask deny`: whether the crates that the project is made of are ones that it may be made of: their licences,
//! where they come from, which of them are there twice, and what is known against them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;
use crate::setup::CargoTool;

const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2", about: "once, about 5 min" };
/// What needs the lock file and the registry alone.
const OFFLINE: [&str; 3] = ["licenses", "bans", "sources"];
/// Where cargo-deny has the advisories from.
const DATABASE: &str = "https://github.com/RustSec/advisory-db";

/// Installs what it takes, and checks everything. `--database FOLDER` is a clone of the advisories that came here in
/// another way, for machines that reach registries alone.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let clone = read(arguments)?;
    let program = DENY.ensure(project)?;
    check(project, &program, &OFFLINE)?;
    advisories(project, &program, clone.as_deref())
}

/// The same where the tool is there; a new machine would compile it for longer than all the rest of its tests.
pub(crate) fn if_there(project: &Project) -> Result<()> {
    let Some(program) = DENY.find(project) else {
        say::note(
            "not checked, cargo-deny is not installed: `cargo xtask deny` does it, and checks advisories too",
        );
        return Ok(());
    };
    check(project, &program, &OFFLINE)?;
    say::note("advisories were not checked: `cargo xtask deny` does, with today's");
    Ok(())
}

fn read(arguments: &[String]) -> Result<Option<PathBuf>> {
    let wrong = |what: String| Failure::new(what).remedy("cargo xtask deny [--database FOLDER]");
    match arguments {
        [] => Ok(None),
        [option, folder] if option == "--database" => {
            let path = fs::canonicalize(folder)
                .map_err(|error| wrong(format!("--database {folder} cannot be read: {error}")))?;
            if path.join("crates").is_dir() {
                Ok(Some(path))
            } else {
                Err(wrong(format!(
                    "--database {folder} has no folder `crates`: it is no clone of {DATABASE}"
                )))
            }
        }
        other => Err(wrong(format!("`deny` does not take {}", other.join(" ")))),
    }
}

/// What is known against crates, and which versions were withdrawn, is told by a database that is fetched anew each
/// time. A machine that cannot reach it has failed nothing: it goes by what it fetched before, or says that it checked
/// none.
fn advisories(project: &Project, program: &Path, clone: Option<&Path>) -> Result<()> {
    let with_clone = |mut deny: Command| {
        if let Some(clone) = clone {
            // git itself takes one for the other; cargo-deny then knows the clone by the name of the original.
            deny.env("GIT_CONFIG_COUNT", "1");
            deny.env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", clone.display()));
            deny.env("GIT_CONFIG_VALUE_0", DATABASE);
        }
        deny
    };
    let mut fetch = with_clone(deny(project, program));
    let fetched = process::output(fetch.args(["fetch", "db"])).is_some();
    match (fetched, clone, stored()) {
        (true, _, Some(database)) => {
            process::run(with_clone(deny(project, program)).args(["check", "advisories"]))?;
            say::note(&format!(
                "advisories up to {} were checked, and withdrawn versions",
                newest(&database)
            ));
        }
        (false, None, Some(database)) => {
            process::run(deny(project, program).args(["--offline", "check", "advisories"]))?;
            say::note(&format!(
                "the database of advisories cannot be reached from here: those up to {}, fetched before, were checked",
                newest(&database)
            ));
        }
        (_, Some(clone), _) => {
            return Err(Failure::new(format!("no advisories could be taken from {}", clone.display()))
                .remedy(format!("clone {DATABASE} anew")));
        }
        (_, None, None) => say::note(
            "the database of advisories cannot be reached from here: neither they nor withdrawn versions were checked",
        ),
    }
    Ok(())
}

/// Where cargo-deny keeps what it has fetched.
fn stored() -> Option<PathBuf> {
    let home =
        env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    let folders = fs::read_dir(home.join("advisory-dbs")).ok()?.flatten().map(|entry| entry.path());
    folders.filter(|path| path.join("crates").is_dir()).max()
}

/// The day of the newest advisory of a clone.
fn newest(database: &Path) -> String {
    let mut git = Command::new("git");
    git.arg("-C").arg(database).args(["log", "-1", "--format=%cs"]);
    process::output(&mut git).unwrap_or_else(|| "a day that git does not tell".to_owned())
}

fn check(project: &Project, program: &Path, what: &[&str]) -> Result<()> {
    process::run(deny(project, program).arg("check").args(what))
}

fn deny(project: &Project, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&project.root).args(["--log-level", "error"]);
    command
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_clone_of_the_advisories_is_one_or_is_refused() {
        let of = |words: &[&str]| {
            read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        assert_eq!(of(&[]), Ok(None));
        let here = env!("CARGO_MANIFEST_DIR");
        assert!(of(&["--database", here]).is_err_and(|error| error.contains("has no folder `crates`")));
        assert!(
            of(&["--database", "nowhere"])
                .is_err_and(|error| error.contains("--database nowhere cannot be read"))
        );
        assert!(of(&["--database"]).is_err_and(|error| error.contains("does not take --database")));
    }
}
