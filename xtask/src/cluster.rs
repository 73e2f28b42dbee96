//! `cargo xtask cluster`: NATS servers, nodes and a balancer on this machine, for a person to try; with `faults`, what
//! concurrent clients see of it while its members are killed, paused and cut off.

use std::path::PathBuf;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::run;
use crate::say;
use crate::server::{self, Profile};
use crate::setup;

/// Starts one with `arguments` of the program (`--nodes N --servers 1|3 --port PORT`), or judges one (`faults …`).
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let nats = setup::nats(project)?;
    if let [first, rest @ ..] = arguments
        && first == "faults"
    {
        setup::network(project)?;
        let vws = server::build(project, Profile::Release)?;
        return faults(project, vws, nats, Profile::Release, rest);
    }
    setup::balancer(project)?;
    let vws = run::build(project)?;
    let mut cargo = project.cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", "vws-cluster", "--"]);
    process::run(cargo.args(arguments).env("VWS_BIN", vws).env("VWS_NATS_SERVER", nats))
}

/// A history over three nodes and their NATS servers.
pub(crate) fn faults(
    project: &Project,
    vws: PathBuf,
    nats: PathBuf,
    profile: Profile,
    arguments: &[String],
) -> Result<()> {
    let mut cargo = project.cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", "vws-history"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    cargo.args(["--", "--nodes", "3"]).args(arguments);
    process::run(cargo.env("VWS_BIN", vws).env("VWS_NATS_SERVER", nats))
}

/// Builds what starts a cluster, as the tests use it.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    say::step("cluster, debug", "about 10 s the first time", || {
        let mut cargo = project.cargo();
        cargo.args(["build", "--locked", "--package", "vws-cluster"]);
        process::run_logged(&mut cargo, "cluster", &project.target.join("xtask/cluster.log"))
    })?;
    Ok(project.target.join("debug/vws-cluster"))
}

/// What is judged in every check: few things, on loopback.
pub(crate) fn briefly(project: &Project) -> Result<()> {
    let nats = setup::nats(project)?;
    let vws = server::build(project, Profile::Debug)?;
    let brief = ["--loopback", "--ops", "30000", "--kills", "6"].map(str::to_owned);
    faults(project, vws, nats, Profile::Debug, &brief)
}
