//! `cargo xtask reliability`: what the server survives. Builds the server, what besieges it and, for Autobahn's suite, a
//! server with the route that the suite talks to, which no release has.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::say;
use crate::server::{self, Profile};
use crate::setup;

/// The line that needs more than the server.
const SUITE: &str = "autobahn";
/// Flags that are followed by their value.
const VALUED: [&str; 3] = ["--minutes", "--seed", "--json"];

/// Proves what `arguments` say: every line unless some are named.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let asks_for_help =
        arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h" | "help"));
    let profile =
        if arguments.iter().any(|argument| argument == "--dev") { Profile::Debug } else { Profile::Release };
    let besieger = build(project, profile, &["--package", "vws-siege"], "vws-siege")?;
    let mut siege = Command::new(besieger);
    siege.current_dir(&project.root).args(arguments);
    if !asks_for_help {
        siege.env("VWS_BIN", server::build(project, profile)?);
        if names(arguments).is_none_or(|names| names.contains(&SUITE)) {
            let echo = ["--package", "vws-server", "--features", "echo", "--example", "echo"];
            siege.env("VWS_ECHO_BIN", build(project, profile, &echo, "examples/echo")?);
            siege.env("VWS_SUITE_PYTHON", setup::suite(project)?);
        }
    }
    process::run(&mut siege)
}

/// The lines that are named; `None` where all are meant.
fn names(arguments: &[String]) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        if VALUED.contains(&argument) {
            arguments.next();
        } else if !argument.starts_with('-') {
            names.push(argument);
        }
    }
    (!names.is_empty()).then_some(names)
}

fn build(project: &Project, profile: Profile, what: &[&str], program: &str) -> Result<PathBuf> {
    let (dir, about) = match profile {
        Profile::Release => ("release", "about 2 min the first time"),
        Profile::Debug => ("debug", "about 40 s the first time"),
    };
    say::step(&format!("{program}, {dir}"), about, || {
        let mut cargo = project.cargo();
        cargo.args(["build", "--locked"]).args(what);
        if profile == Profile::Release {
            cargo.arg("--release");
        }
        process::run_logged(&mut cargo, program, &project.target.join("xtask/reliability.log"))
    })?;
    Ok(project.target.join(dir).join(program))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_what_is_no_flag_and_no_value() {
        let names = |text: &str| {
            let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            names(&arguments).map(|names| names.join(" "))
        };
        assert_eq!(names("--quick --json out.json --dev"), None);
        assert_eq!(names("idle --minutes 2 mixed"), Some("idle mixed".to_owned()));
    }
}
