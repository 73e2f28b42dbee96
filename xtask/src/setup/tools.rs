//! trunk, wasm-bindgen and wasm-opt: from PATH where the version fits, else in the data directory, one
//! folder a version, so that clones that want different versions do not fight.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Result};
use crate::process;
use crate::project::Project;
use crate::say;

/// trunk 0.22 needs a newer compiler than this project does, and compiles for far longer.
const TRUNK: &str = "0.21.14";
/// The npm package `binaryen`, which holds wasm-opt; distributions' own are too old for today's output.
const BINARYEN: &str = "132.0.0";
/// Compiling a tool without optimisation takes a quarter of the time, and a page build with such tools
/// takes a second more.
const LIGHT_PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "false"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "debuginfo"),
];
/// Settings for the project's own builds that must not reach those of the tools.
const NOT_FOR_TOOLS: [&str; 5] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTFLAGS",
];

/// The three tools, found or still to be installed.
#[derive(Debug)]
pub(crate) struct Tools<'p> {
    project: &'p Project,
    trunk: Tool,
    wasm_bindgen: Tool,
    wasm_opt: Tool,
}

#[derive(Debug)]
struct Tool {
    version: String,
    /// Where it is to be installed; `None` when PATH has it.
    home: Option<PathBuf>,
}

impl<'p> Tools<'p> {
    /// Looks which tools PATH has in a version that fits.
    pub(crate) fn find(project: &'p Project) -> Result<Self> {
        let tool = |name: &str, version: &str, on_path: bool| Tool {
            version: version.to_owned(),
            home: (!on_path).then(|| project.data.join("tools").join(format!("{name}-{version}"))),
        };
        // The tool and the library speak a format of their own, so the versions have to be equal.
        let wasm_bindgen = project.locked_version("wasm-bindgen")?;
        let have_bindgen = process::on_path("wasm-bindgen-test-runner").is_some()
            && reports("wasm-bindgen", &format!("wasm-bindgen {wasm_bindgen}"));
        Ok(Self {
            project,
            trunk: tool("trunk", TRUNK, reports("trunk", "trunk 0.21.")),
            wasm_bindgen: tool("wasm-bindgen", &wasm_bindgen, have_bindgen),
            wasm_opt: tool("binaryen", BINARYEN, have_wasm_opt()),
        })
    }

    /// The folders of the tools that are ours.
    pub(crate) fn path(&self) -> Vec<PathBuf> {
        [&self.trunk, &self.wasm_bindgen, &self.wasm_opt]
            .into_iter()
            .filter_map(|tool| tool.home.as_ref())
            .map(|home| home.join("bin"))
            .collect()
    }

    /// Whether trunk is still to be built, which is the longest step of all.
    pub(crate) fn wants_trunk(&self) -> bool {
        self.trunk.wanting("trunk").is_some()
    }

    /// Builds trunk unless it is there.
    pub(crate) fn ensure_trunk(&self) -> Result<()> {
        let Some(home) = self.trunk.wanting("trunk") else {
            return Ok(());
        };
        say::step(&format!("trunk {TRUNK}"), "once, about 3 min", || {
            // Without its features trunk cannot download other tools, which it never has to.
            self.cargo_install(home, &["--locked", "--no-default-features", "trunk"], TRUNK)
        })
    }

    /// Builds wasm-bindgen and its test runner unless they are there.
    pub(crate) fn ensure_wasm_bindgen(&self) -> Result<()> {
        let Some(home) = self.wasm_bindgen.wanting("wasm-bindgen") else {
            return Ok(());
        };
        let version = &self.wasm_bindgen.version;
        let name = format!("wasm-bindgen {version}");
        say::step(&name, "once, about 1 min", || {
            // Not `--locked`: its lock file names versions that a registry mirror may not have yet.
            let arguments = [
                "--no-default-features",
                "wasm-bindgen-cli",
                "--bin",
                "wasm-bindgen",
                "--bin",
                "wasm-bindgen-test-runner",
            ];
            self.cargo_install(home, &arguments, version)
        })
    }

    /// Installs wasm-opt unless it is there.
    pub(crate) fn ensure_wasm_opt(&self) -> Result<()> {
        let Some(home) = self.wasm_opt.wanting("wasm-opt") else {
            return Ok(());
        };
        say::step(&format!("wasm-opt {BINARYEN}"), "once, about 10 s", || {
            let bin = home.join("bin");
            fs::create_dir_all(&bin).context(|| format!("create {}", bin.display()))?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit"])
                .args(["--no-fund", "--prefix"])
                .arg(home)
                .arg(format!("binaryen@{BINARYEN}"))
                .current_dir(home);
            process::run_logged(&mut npm, "wasm-opt", &self.log("binaryen"))?;
            install_wasm_opt_script(home)
        })
    }

    fn cargo_install(&self, home: &Path, arguments: &[&str], version: &str) -> Result<()> {
        cargo_install(self.project, home, arguments, version)
    }

    fn log(&self, name: &str) -> PathBuf {
        log(self.project, name)
    }
}

/// A program that cargo calls by its name (`cargo deny`) and that only some commands need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CargoTool {
    /// Package and program.
    pub(crate) name: &'static str,
    /// The version that is installed; any is used that PATH has.
    pub(crate) version: &'static str,
    /// How long that takes on two cores.
    pub(crate) about: &'static str,
}

impl CargoTool {
    fn home(&self, project: &Project) -> PathBuf {
        project.data.join("tools").join(format!("{}-{}", self.name, self.version))
    }

    /// The program, if it is there.
    pub(crate) fn find(&self, project: &Project) -> Option<PathBuf> {
        let ours = self.home(project).join("bin").join(self.name);
        process::on_path(self.name).or_else(|| ours.is_file().then_some(ours))
    }

    /// The program, installed unless it is there.
    pub(crate) fn ensure(&self, project: &Project) -> Result<PathBuf> {
        if let Some(program) = self.find(project) {
            return Ok(program);
        }
        fs::create_dir_all(&project.data).context(|| format!("create {}", project.data.display()))?;
        let home = self.home(project);
        say::step(&format!("{} {}", self.name, self.version), self.about, || {
            cargo_install(project, &home, &["--locked", self.name], self.version)
        })?;
        Ok(home.join("bin").join(self.name))
    }
}

fn cargo_install(project: &Project, home: &Path, arguments: &[&str], version: &str) -> Result<()> {
    let mut command = project.cargo();
    // Outside the clone, whose cargo configuration is about the project and not about the tools.
    command
        .arg("install")
        .args(arguments)
        .args(["--version", &format!("={version}"), "--root"])
        .arg(home)
        .current_dir(&project.data)
        .envs(LIGHT_PROFILE);
    for name in NOT_FOR_TOOLS {
        command.env_remove(name);
    }
    let name = home.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    process::run_logged(&mut command, &name, &log(project, &name))
}

fn log(project: &Project, name: &str) -> PathBuf {
    project.data.join("log").join(format!("{name}.log"))
}

impl Tool {
    /// The home to install into, when `program` is neither on PATH nor there yet.
    fn wanting(&self, program: &str) -> Option<&Path> {
        self.home.as_deref().filter(|home| !home.join("bin").join(program).exists())
    }
}

/// Whether `program --version` starts with `expected`.
fn reports(program: &str, expected: &str) -> bool {
    process::output(Command::new(program).arg("--version"))
        .is_some_and(|version| version.starts_with(expected))
}

/// Whether PATH has a wasm-opt that knows what today's compiler writes.
fn have_wasm_opt() -> bool {
    const OLDEST: u32 = 120;
    process::output(Command::new("wasm-opt").arg("--version"))
        .and_then(|version| version.split(' ').nth(2)?.parse::<u32>().ok())
        .is_some_and(|version| version >= OLDEST)
}

/// The package's wasm-opt is a script for node, which needs a larger stack than node's default.
fn install_wasm_opt_script(home: &Path) -> Result<()> {
    let path = home.join("bin/wasm-opt");
    let script = home.join("node_modules/binaryen/bin/wasm-opt");
    let text = format!("#!/bin/sh\nexec node --stack-size=8000 '{}' \"$@\"\n", script.display());
    fs::write(&path, text).context(|| format!("write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .context(|| format!("make {} executable", path.display()))
}
