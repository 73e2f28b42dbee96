//! Debian packages: only those that are missing, and never asked for elsewhere.

use std::fs;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

/// Whether this machine installs packages by apt.
pub(crate) fn is_here() -> bool {
    process::on_path("apt-get").is_some() && process::on_path("dpkg-query").is_some()
}

/// Whether we may install packages without asking for a password.
pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// Those of `names` that are not installed.
pub(crate) fn missing(names: &[&'static str]) -> Vec<&'static str> {
    names
        .iter()
        .filter(|name| {
            let mut query = Command::new("dpkg-query");
            query.args(["-W", "-f", "${db:Status-Status}", name]);
            process::output(&mut query).as_deref() != Some("installed")
        })
        .copied()
        .collect()
}

/// Installs `packages`, through sudo unless we are root. Does nothing when the list is empty.
pub(crate) fn install(project: &Project, packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    say::step(&format!("Debian packages {list}"), "about 40 s and 500 MB of disk", || {
        let update = apt(project, "apt-update", &["update", "-qq"]);
        let mut arguments =
            vec!["-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq", "--no-install-recommends"];
        arguments.extend(packages);
        apt(project, "apt-install", &arguments).map_err(|failure| {
            let failure = match update {
                Ok(()) => failure,
                Err(update) => Failure::new(format!("{update}\n{failure}")),
            };
            failure.remedy(format!("install them by hand: `apt-get install {list}`, then run this again"))
        })
    })
}

fn apt(project: &Project, log: &str, arguments: &[&str]) -> Result<()> {
    let log = project.data.join("log").join(format!("{log}.log"));
    if is_root() {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        return process::run_logged(&mut command, "apt-get", &log);
    }
    let mut command = Command::new("sudo");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    // On the terminal: sudo may have to ask.
    process::run(&mut command)
}

/// What /etc/os-release calls this system, for messages.
pub(crate) fn system_name() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or_else(|| std::env::consts::OS.to_owned(), |name| name.trim_matches('"').to_owned())
}
