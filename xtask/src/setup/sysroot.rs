//! A toolchain folder around Debian's compiler, with a standard library for wasm that is built once.
//!
//! Debian packages a current compiler and the library's sources (for browsers), but no library for
//! `wasm32-unknown-unknown`. Nothing under /usr is written, rustup is not told, and no `-Z` flag is
//! needed once it is built.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

use super::toolchain::{FOREIGN, TARGET, has_std};

/// What the recipe needs. `lld-22` is the linker that belongs to the compiler's LLVM.
pub(crate) const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
/// Raise this when the recipe changes, so that old folders are built anew.
const RECIPE: u32 = 1;
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const LIBRARIES: &str = "/usr/lib/rustlib";
const LINKERS: [&str; 2] = ["/usr/bin/lld-22", "/usr/bin/lld"];

/// An empty crate, whose build with `-Z build-std` compiles the library. The bitcode is kept so that one
/// library serves builds with and without link-time optimisation.
const SEED: &str = r#"[package]
name = "seed"
version = "0.0.0"
edition = "2024"
[workspace]
[profile.release]
opt-level = "s"
codegen-units = 1
debug = 0
lto = "off"
"#;

/// Whether the folder is there and belongs to the compiler that is installed now.
pub(crate) fn is_built(project: &Project) -> bool {
    let dir = folder(project);
    stamp().is_some_and(|want| {
        fs::read_to_string(dir.join("stamp")).is_ok_and(|have| have == want)
            && has_std(&dir.join("bin/rustc"))
    })
}

/// Builds the folder unless it is there, and returns it.
pub(crate) fn ensure(project: &Project) -> Result<PathBuf> {
    let dir = folder(project);
    if is_built(project) {
        return Ok(dir);
    }
    let stamp = stamp().ok_or_else(|| {
        Failure::new(format!("{RUSTC} does not run"))
            .remedy(format!("apt-get install --reinstall {}", PACKAGES.join(" ")))
    })?;
    say::step(&format!("standard library for {TARGET}"), "once, about 1 min", || {
        // Built beside its place and moved there when whole, so that a broken run leaves nothing.
        let draft = project.data.join("wasm-toolchain.new");
        remove(&draft)?;
        lay_out(&draft, &dir, host(&stamp)?)?;
        build_library(project, &draft.join("lib/rustlib").join(TARGET).join("lib"))?;
        write(&draft.join("stamp"), &stamp)?;
        remove(&dir)?;
        fs::rename(&draft, &dir).context(|| format!("create {}", dir.display()))
    })?;
    Ok(dir)
}

fn folder(project: &Project) -> PathBuf {
    project.data.join("wasm-toolchain")
}

/// What a folder was built from. `None` when the compiler is not installed.
fn stamp() -> Option<String> {
    let version = process::output(Command::new(RUSTC).arg("-vV"))?;
    Some(format!("{version}\nrecipe: {RECIPE}\n"))
}

fn host(stamp: &str) -> Result<&str> {
    stamp
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or_else(|| Failure::new(format!("`{RUSTC} -vV` names no host")))
}

/// The folders, links and two wrapper scripts that make `draft`, once it is at `place`, a toolchain.
fn lay_out(draft: &Path, place: &Path, host: &str) -> Result<()> {
    let rustlib = draft.join("lib/rustlib");
    let linker_dir = rustlib.join(host).join("bin");
    for dir in [&draft.join("bin"), &linker_dir, &rustlib.join(TARGET).join("lib")] {
        fs::create_dir_all(dir).context(|| format!("create {}", dir.display()))?;
    }
    link(&Path::new(LIBRARIES).join(host).join("lib"), &rustlib.join(host).join("lib"))?;
    link(&Path::new(LIBRARIES).join("src"), &rustlib.join("src"))?;
    link(Path::new(CARGO), &draft.join("bin/cargo"))?;
    let linker = LINKERS
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .ok_or_else(|| Failure::new("no lld is installed").remedy("apt-get install lld-22".to_owned()))?;
    link(linker, &linker_dir.join("rust-lld"))?;
    for program in ["rustc", "rustdoc"] {
        let path = draft.join("bin").join(program);
        let place = place.display();
        write(&path, &format!("#!/bin/sh\nexec /usr/bin/{program} --sysroot '{place}' \"$@\"\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .context(|| format!("make {} executable", path.display()))?;
    }
    Ok(())
}

/// Compiles the library and copies it to `to`.
fn build_library(project: &Project, to: &Path) -> Result<()> {
    let work = project.data.join("wasm-std-build");
    remove(&work)?;
    let source = work.join("src");
    fs::create_dir_all(&source).context(|| format!("create {}", source.display()))?;
    write(&work.join("Cargo.toml"), SEED)?;
    write(&source.join("lib.rs"), "")?;
    let mut command = Command::new(CARGO);
    for name in FOREIGN.into_iter().chain(["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"]) {
        command.env_remove(name);
    }
    command
        .args(["build", "--release", "--target", TARGET])
        .args(["-Z", "build-std=std,panic_abort,test"])
        .current_dir(&work)
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", work.join("target"))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Cembed-bitcode=yes");
    let log = project.data.join("log/wasm-std.log");
    process::run_logged(&mut command, "standard library", &log)?;
    let built = work.join("target").join(TARGET).join("release/deps");
    copy_libraries(&built, to)?;
    remove(&work)
}

fn copy_libraries(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).context(|| format!("read {}", from.display()))?;
    for entry in entries {
        let path = entry.context(|| format!("read {}", from.display()))?.path();
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            continue;
        };
        if name.ends_with(".rlib") && !name.starts_with("libseed-") {
            fs::copy(&path, to.join(name)).context(|| format!("copy {}", path.display()))?;
        }
    }
    Ok(())
}

fn link(original: &Path, at: &Path) -> Result<()> {
    symlink(original, at).context(|| format!("link {} to {}", at.display(), original.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).context(|| format!("write {}", path.display()))
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context(|| format!("remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}
