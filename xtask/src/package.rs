//! `cargo xtask package`: the npm package of `packages/js`, in its `dist/`.

use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::project::Project;
use crate::say;
use crate::setup::Ready;

/// Compiles the core for JavaScript, with the same profile as the page, and makes the package of it.
pub(crate) fn build(project: &Project, ready: &Ready) -> Result<()> {
    let compiled = project.wasm_target.join("wasm32-unknown-unknown/page/vws_js.wasm");
    say::step("JavaScript package", "about 2 min the first time", || {
        let mut cargo = ready.wasm_command("cargo");
        cargo.args(["build", "--locked", "--package", "vws-js"]);
        cargo.args(["--profile", "page", "--target", "wasm32-unknown-unknown"]);
        process::run_logged(
            &mut cargo,
            "the core for JavaScript",
            &project.target.join("xtask/package.log"),
        )?;
        process::run(
            ready.wasm_command("node").arg("packages/js/build/build.mjs").env("VWS_JS_WASM", compiled),
        )
    })
}

/// Its tests, which run against the server that `VWS_BIN` names.
pub(crate) fn tests(project: &Project) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"]).current_dir(project.root.join("packages/js"));
    npm
}
