//! Everything that a machine needs beyond cargo and node, installed once and then only looked at.
//!
//! Nothing is written outside the clone and the project's own data directory, except Debian packages
//! where a compiler or a browser has to come from there, and a target of the active rustup toolchain.

mod browser;
mod debian;
mod nats;
mod node;
mod python;
mod suite;
mod sysroot;
mod toolchain;
mod tools;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

pub(crate) use browser::Browser;
pub(crate) use nats::ensure as nats;
pub(crate) use suite::ensure as suite;
use toolchain::Toolchain;
pub(crate) use tools::CargoTool;
use tools::Tools;

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
    /// Build the page and run everything that tests use: a browser, strace, and a NATS server.
    Browser,
}

/// What can be compiled while the tools are, so that a first run uses all cores from start to end.
pub(crate) struct Meanwhile<'a> {
    /// Needs nothing that is set up.
    pub(crate) anything: &'a (dyn Fn() -> Result<()> + Sync),
    /// Needs the compiler for the browser, and no tool.
    pub(crate) with_compiler: &'a (dyn Fn(&Ready) -> Result<()> + Sync),
}

/// The Debian package of a program's name that has it; none where it is there.
fn program(name: &'static str, purpose: &str) -> Result<Vec<&'static str>> {
    // Not everybody has on the path what Debian puts there.
    match process::on_path(name)
        .or_else(|| Some(Path::new("/usr/sbin").join(name)).filter(|path| path.is_file()))
    {
        Some(_) => Ok(Vec::new()),
        None if debian::is_here() => Ok(vec![name]),
        None => {
            Err(Failure::new(format!("`{name}` is not on PATH")).remedy(format!("install it: {purpose}")))
        }
    }
}

/// Installs a balancer for a cluster to try.
pub(crate) fn balancer(project: &Project) -> Result<()> {
    debian::install(project, &program("haproxy", "the balancer before the nodes")?)
}

/// Installs what gives each process of a cluster a network of its own, that can be cut, and wrong clocks.
pub(crate) fn network(project: &Project) -> Result<()> {
    if !debian::is_here() {
        return Ok(());
    }
    debian::install(project, &debian::missing(&["iproute2", "nftables", "libfaketime"]))
}

/// Does what is missing for `needs`. `meanwhile` runs beside it when that takes minutes; else not at all.
pub(crate) fn ensure(project: &Project, needs: Needs, meanwhile: Option<&Meanwhile>) -> Result<Ready> {
    fs::create_dir_all(&project.data).context(|| format!("create {}", project.data.display()))?;
    let _only_one = lock(project)?;
    node::check()?;
    let plan = toolchain::plan(project, toolchain::Wish::from_environment()?)?;
    let mut packages = plan.packages();
    if needs == Needs::Browser {
        packages.extend(browser::packages()?);
        packages.extend(program("strace", "a test of the server sees by it what is asked of the system")?);
        packages.extend(program("nats-server", "2.9 or later, which the tests of many nodes start")?);
    }
    // Before anything is compiled.
    debian::install(project, &program("make", "the server's allocator is built by it")?)?;
    let tools = Tools::find(project)?;
    let meanwhile = meanwhile.filter(|_| tools.wants_trunk());
    // sudo may ask for a password, so it does not share the terminal with other steps.
    if !debian::is_root() {
        debian::install(project, &std::mem::take(&mut packages))?;
    }

    let mut ready = in_two_lanes(
        || {
            tools.ensure_trunk()?;
            meanwhile.map_or(Ok(()), |meanwhile| (meanwhile.anything)())
        },
        || {
            debian::install(project, &packages)?;
            let ready = Ready::new(project, &tools, toolchain::ensure(project, plan)?);
            tools.ensure_wasm_opt()?;
            if let Some(meanwhile) = meanwhile {
                (meanwhile.with_compiler)(&ready)?;
            }
            tools.ensure_wasm_bindgen()?;
            Ok(ready)
        },
    )?;
    if needs == Needs::Browser {
        ready.browser = Some(browser::find()?);
    }
    Ok(ready)
}

/// Runs two lists of steps side by side, which is what two cores have room for. When one fails the other
/// is ended, and the first failure is returned.
fn in_two_lanes<T: Send>(
    first: impl FnOnce() -> Result<()> + Send,
    second: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    thread::scope(|scope| {
        let second = scope.spawn(|| second().inspect_err(|_| process::give_up()));
        let first = first().inspect_err(|_| process::give_up());
        let second = second.join().unwrap_or_else(|_| Err(Failure::new("a set-up step panicked")));
        match (first, second) {
            (Ok(()), second) => second,
            (Err(first), Ok(_)) => Err(first),
            // Which of them was only ended says so itself.
            (Err(first), Err(second)) => Err(Failure::new(format!("{first}\n✗ {second}"))),
        }
    })
}

impl Ready {
    fn new(project: &Project, tools: &Tools, toolchain: Toolchain) -> Self {
        let mut path = tools.path();
        path.extend(toolchain.path());
        Self {
            path,
            toolchain,
            wasm_target: project.wasm_target.clone(),
            root: project.root.clone(),
            browser: None,
        }
    }

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
