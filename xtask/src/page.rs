//! The page: `dist/`, built by trunk, and left alone while nothing that it is made of has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Result};
use crate::process;
use crate::project::Project;
use crate::say;
use crate::setup::Ready;

/// What the page is made of, as paths in the clone.
const SOURCES: [&str; 7] = ["Cargo.lock", "Cargo.toml", "Trunk.toml", "core", "index.html", "web", ".cargo"];
/// Folders among them that are made from the others.
const GENERATED: [&str; 3] = ["node_modules", "dist", "target"];

/// Builds `dist/` in release, unless it was built from what is there now.
pub(crate) fn build(project: &Project, ready: &Ready) -> Result<()> {
    let stamp = project.target.join("xtask/page.stamp");
    let sources = fingerprint(project, ready)?;
    if is_current(project, &stamp, &sources) {
        return Ok(());
    }
    say::step("page", "about 2 min the first time, then 30 s", || {
        let mut trunk = ready.wasm_command("trunk");
        trunk.args(["build", "--release"]);
        process::run_logged(&mut trunk, "page", &project.target.join("xtask/page.log"))
    })?;
    let text = format!("{sources}\n{}\n", built(project)?);
    if let Some(dir) = stamp.parent() {
        fs::create_dir_all(dir).context(|| format!("create {}", dir.display()))?;
    }
    fs::write(&stamp, text).context(|| format!("write {}", stamp.display()))
}

/// Compiles what trunk will need compiled, before trunk itself is there.
pub(crate) fn precompile(project: &Project, ready: &Ready) -> Result<()> {
    say::step("the page's program", "about 2 min the first time", || {
        let mut node = Command::new("node");
        node.arg("web/build/before.mjs").current_dir(&project.root);
        process::run_logged(&mut node, "viewport", &project.target.join("xtask/viewport.log"))?;
        let mut cargo = ready.wasm_command("cargo");
        cargo.args(["build", "--locked", "--package", "vws-web", "--bin", "vws-web"]);
        cargo.args(["--profile", "page", "--target", "wasm32-unknown-unknown"]);
        process::run_logged(&mut cargo, "the page's program", &project.target.join("xtask/page.log"))
    })
}

/// Makes the JavaScript that the macros of `web` read, for builds of that crate without trunk.
pub(crate) fn bundle(project: &Project) -> Result<()> {
    let mut node = Command::new("node");
    node.arg("web/build/before.mjs").current_dir(&project.root);
    process::run(&mut node)
}

fn is_current(project: &Project, stamp: &Path, sources: &str) -> bool {
    let Ok(built) = built(project) else {
        return false;
    };
    fs::read_to_string(stamp).is_ok_and(|text| text == format!("{sources}\n{built}\n"))
}

/// A hash of the page's entry, which names every other file by its own hash.
fn built(project: &Project) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    hash_file(&project.root.join("dist/index.html"), &mut hasher)?;
    Ok(format!("page {:016x}", hasher.finish()))
}

/// A hash of everything that the page is made of.
fn fingerprint(project: &Project, ready: &Ready) -> Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&project.root.join(source), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    ready.compiler().hash(&mut hasher);
    for file in files {
        file.hash(&mut hasher);
        hash_file(&file, &mut hasher)?;
    }
    Ok(format!("sources {:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let generated = path.file_name().is_some_and(|name| GENERATED.iter().any(|generated| name == *generated));
    if generated || !path.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(path).context(|| format!("read {}", path.display()))? {
        let entry = entry.context(|| format!("read {}", path.display()))?;
        collect(&entry.path(), files)?;
    }
    Ok(())
}

fn hash_file(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    fs::read(path).context(|| format!("read {}", path.display()))?.hash(hasher);
    Ok(())
}
