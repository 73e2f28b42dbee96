//! Everything that a machine needs beyond cargo and node, installed once and then only looked at.
//!
//! Nothing is written outside the clone and the project's own data directory, except Debian packages
//! where a compiler or a browser has to come from there, and a target of the active rustup toolchain.

mod browser;
mod debian;
mod node;
mod sysroot;
mod toolchain;
mod tools;

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

pub(crate) use browser::Browser;
use toolchain::Toolchain;

/// What has been set up, and how to use it.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Folders to put before PATH, most wanted first.
    path: Vec<PathBuf>,
    toolchain: Toolchain,
    wasm_target: PathBuf,
    root: PathBuf,
    /// The browser for tests; there when it was asked for.
    pub(crate) browser: Option<Browser>,
}

/// How much to set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Build the page.
    Page,
    /// Build the page and run everything that needs a browser.
    Browser,
}

/// Does what is missing for `needs`. When that takes minutes, `meanwhile` runs beside it, so that a first
/// run uses all cores from start to end; else it does not run.
pub(crate) fn ensure(
    project: &Project,
    needs: Needs,
    meanwhile: Option<&(dyn Fn() -> Result<()> + Sync)>,
) -> Result<Ready> {
    fs::create_dir_all(&project.data).context(|| format!("create {}", project.data.display()))?;
    let _only_one = lock(project)?;
    node::check()?;
    let wish = toolchain::Wish::from_environment()?;
    let plan = toolchain::plan(project, wish)?;

    let mut packages = plan.packages();
    if needs == Needs::Browser {
        packages.extend(browser::packages()?);
    }
    let tools = tools::Tools::find(project)?;
    // sudo may ask for a password, so it does not share the terminal with other steps.
    let packages_first = !debian::is_root();
    if packages_first {
        debian::install(project, &packages)?;
    }
    // Two lanes, balanced for two cores: each is a list of steps that have to wait for each other, or that
    // would only slow each other down.
    let toolchain = thread::scope(|scope| {
        let second = scope.spawn(|| {
            if !packages_first {
                debian::install(project, &packages)?;
            }
            let toolchain = toolchain::ensure(project, plan)?;
            tools.ensure_wasm_opt()?;
            tools.ensure_wasm_bindgen()?;
            Ok(toolchain)
        });
        let first = match (tools.wants_trunk(), meanwhile) {
            (false, _) => Ok(()),
            (true, None) => tools.ensure_trunk(),
            (true, Some(work)) => tools.ensure_trunk().and_then(|()| work()),
        };
        let second = second.join().unwrap_or_else(|_| Err(Failure::new("a set-up step panicked")));
        first.and(second)
    })?;

    let browser = match needs {
        Needs::Page => None,
        Needs::Browser => Some(browser::find()?),
    };
    let mut path = tools.path();
    path.extend(toolchain.path());
    Ok(Ready {
        path,
        toolchain,
        wasm_target: project.wasm_target.clone(),
        root: project.root.clone(),
        browser,
    })
}

impl Ready {
    /// A command that builds for the browser: with the right compiler, the project's tools first on PATH
    /// and the build directory for wasm.
    pub(crate) fn wasm_command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let inherited = env::var_os("PATH").unwrap_or_default();
        let all = self.path.iter().cloned().chain(env::split_paths(&inherited));
        if let Ok(path) = env::join_paths(all) {
            command.env("PATH", path);
        }
        self.toolchain.apply(&mut command);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.wasm_target)
            .env("TRUNK_SKIP_VERSION_CHECK", "true")
            // trunk reads this as a yes-or-no of its own and refuses the usual "1".
            .env_remove("NO_COLOR");
        command
    }

    /// Whether the compiler for the browser comes with clippy.
    pub(crate) fn has_wasm_clippy(&self) -> bool {
        self.toolchain == Toolchain::Active
            && process::output(Command::new("cargo").args(["clippy", "--version"])).is_some()
    }

    /// One line about the compiler, for the page's fingerprint.
    pub(crate) fn compiler(&self) -> String {
        process::output(self.wasm_command("rustc").arg("-V")).unwrap_or_default()
    }
}

/// Waits until no other set-up (of another clone, say) is at work. Released when the file is dropped.
fn lock(project: &Project) -> Result<File> {
    let path = project.data.join("setup.lock");
    let file = File::create(&path).context(|| format!("write {}", path.display()))?;
    if file.try_lock().is_err() {
        say::note("waiting for another set-up to end");
        file.lock().context(|| format!("lock {}", path.display()))?;
    }
    Ok(file)
}
