//! A compiler with a standard library for `wasm32-unknown-unknown`.
//!
//! In this order: the active toolchain, when it has one; one that was built from Debian's packages
//! before; `rustup target add`; building one from Debian's packages. `VWS_WASM_TOOLCHAIN=debian` goes
//! straight to Debian's and never asks rustup, for machines that reach package registries only.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

use super::{debian, sysroot};

/// The target that pages are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// How long rustup may take. A download of 20 MB takes seconds; an unreachable server takes for ever.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// What the person wants, from `VWS_WASM_TOOLCHAIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Whatever works, the active toolchain first.
    Auto,
    /// Debian's compiler, without asking rustup.
    Debian,
}

/// Which compiler it will be, before anything is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// The active toolchain has the target.
    Active,
    /// Debian's compiler and a library that we build with it.
    Debian,
}

/// The compiler that builds for the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one that is active anyway.
    Active,
    /// Debian's compiler, in a folder of ours that has `bin` and `lib` as a toolchain has.
    Debian(PathBuf),
}

impl Wish {
    /// Reads `VWS_WASM_TOOLCHAIN`: absent, empty or `auto`, or `debian`.
    pub(crate) fn from_environment() -> Result<Self> {
        let value = env::var("VWS_WASM_TOOLCHAIN").unwrap_or_default();
        match value.as_str() {
            "" | "auto" => Ok(Self::Auto),
            "debian" => Ok(Self::Debian),
            other => {
                Err(Failure::new(format!("VWS_WASM_TOOLCHAIN is `{other}`: it has to be `auto` or `debian`")))
            }
        }
    }
}

impl Plan {
    /// The Debian packages that this plan still needs.
    pub(crate) fn packages(self) -> Vec<&'static str> {
        match self {
            Self::Active => Vec::new(),
            Self::Debian => debian::missing(&sysroot::PACKAGES),
        }
    }
}

/// Decides which compiler it will be; asks rustup for the target when that is how to get it.
pub(crate) fn plan(project: &Project, wish: Wish) -> Result<Plan> {
    if wish == Wish::Debian {
        if !debian::is_here() {
            return Err(Failure::new(format!(
                "VWS_WASM_TOOLCHAIN=debian, but {} has no apt",
                debian::system_name()
            ))
            .remedy("unset VWS_WASM_TOOLCHAIN"));
        }
        return Ok(Plan::Debian);
    }
    if has_std(Path::new("rustc")) {
        return Ok(Plan::Active);
    }
    if sysroot::is_built(project) {
        return Ok(Plan::Debian);
    }
    if process::on_path("rustup").is_some() && rustup_target()? {
        return Ok(Plan::Active);
    }
    if debian::is_here() {
        say::note("using Debian's compiler for the page: its target cannot be had otherwise");
        return Ok(Plan::Debian);
    }
    Err(Failure::new(format!(
        "the Rust compiler on PATH has no standard library for {TARGET}, and {} is not a system \
         that this set-up can get one for",
        debian::system_name()
    ))
    .remedy(format!(
        "install rustup and run `rustup target add {TARGET}`, or install your distribution's package \
         for it (Fedora: rust-std-static-{TARGET}, Arch: rust-wasm)"
    )))
}

/// Makes the planned compiler ready.
pub(crate) fn ensure(project: &Project, plan: Plan) -> Result<Toolchain> {
    match plan {
        Plan::Active => Ok(Toolchain::Active),
        Plan::Debian => sysroot::ensure(project).map(Toolchain::Debian),
    }
}

impl Toolchain {
    /// Folders that have to come before PATH.
    pub(crate) fn path(&self) -> Vec<PathBuf> {
        match self {
            Self::Active => Vec::new(),
            Self::Debian(dir) => vec![dir.join("bin")],
        }
    }

    /// Removes from a command's environment what would lead it to another compiler.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Self::Debian(_) = self {
            for name in FOREIGN {
                command.env_remove(name);
            }
        }
    }
}

/// What cargo and rustup set for their children, and what must not reach another toolchain's compiler.
pub(crate) const FOREIGN: [&str; 5] = ["CARGO", "LD_LIBRARY_PATH", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"];

/// Whether `rustc` has a compiled standard library for the target.
pub(crate) fn has_std(rustc: &Path) -> bool {
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", TARGET]);
    let Some(dir) = process::output(&mut command) else {
        return false;
    };
    fs::read_dir(dir).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

/// Asks rustup to add the target to the active toolchain. False when it could not in time.
fn rustup_target() -> Result<bool> {
    let limit = say::elapsed(RUSTUP_LIMIT);
    say::step(
        &format!("rustup target add {TARGET}"),
        &format!("a few seconds; given up after {limit}"),
        || {
            let mut command = Command::new("rustup");
            command.args(["target", "add", TARGET]);
            let added =
                process::run_within(&mut command, RUSTUP_LIMIT)?.is_some_and(|status| status.success());
            if !added {
                say::note("rustup could not add the target");
            }
            Ok(added && has_std(Path::new("rustc")))
        },
    )
}
