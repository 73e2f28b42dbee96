//! Who is measured, and how each is started: in a process of its own, on loopback, at a free port, keeping nothing
//! that outlives it.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Time for a server to be ready.
const READY: Duration = Duration::from_secs(20);

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Contender {
    Vws(Keeping),
    /// Bytes alone.
    Raw,
    /// Fan-out as one writes it first.
    Axum,
    /// An HTTP handler that keeps nothing.
    Hyper,
    Redis,
    Nats,
    NodeWs,
    Bun,
    Colyseus,
}

/// What VWS keeps of what it acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Keeping {
    Memory,
    Buffered,
    Sync,
}

/// What a contender is asked to do, where that makes another server of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    Fanout,
    Echo,
    Http,
}

/// VWS as it is measured but for durability.
pub(crate) const VWS: Contender = Contender::Vws(Keeping::Memory);

impl Contender {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Vws(Keeping::Memory) => crate::table::SUBJECT,
            Self::Vws(Keeping::Buffered) => "VWS, buffered",
            Self::Vws(Keeping::Sync) => "VWS, sync",
            Self::Raw => "raw",
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::Redis => "Redis",
            Self::Nats => "NATS",
            Self::NodeWs => "node ws",
            Self::Bun => "Bun",
            Self::Colyseus => "Colyseus",
        }
    }

    /// What it is, or why it is absent.
    pub(crate) fn version(self) -> Result<String, String> {
        let told = match self {
            Self::Vws(_) => return said(&program()?, &["--version"]),
            Self::Raw => "one thread that polls and bytes alone, of this benchmark".to_owned(),
            Self::Axum => "axum 0.8, a broadcast channel, one send an event, of this benchmark".to_owned(),
            Self::Hyper => "hyper 1, a handler that keeps nothing, of this benchmark".to_owned(),
            Self::Redis => said(Path::new("redis-server"), &["--version"])?,
            Self::Nats => said(Path::new("nats-server"), &["--version"])?,
            Self::NodeWs => {
                format!("ws {}, Node.js {}", package("ws")?, said(Path::new("node"), &["--version"])?)
            }
            Self::Bun => format!("Bun {}", said(&peer("node_modules/.bin/bun")?, &["--version"])?),
            Self::Colyseus => format!("Colyseus {}", package("@colyseus/core")?),
        };
        Ok(told)
    }

    fn command(self, duty: Duty, data: &Path, port: u16) -> Result<Command, String> {
        let ceiling = |name: &str| {
            let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
            command.args(["serve", name]);
            Ok(command)
        };
        let script = |program: &Path, name: &str| {
            let mut command = Command::new(program);
            command.arg(peer(name)?);
            Ok(command)
        };
        match (self, duty) {
            (Self::Vws(keeping), _) => vws(keeping, data),
            (Self::Raw, Duty::Echo) => ceiling("echo"),
            (Self::Raw, _) => ceiling("fanout"),
            (Self::Axum, Duty::Http) => ceiling("axum"),
            (Self::Axum, _) => ceiling("broadcast"),
            (Self::Hyper, _) => ceiling("hyper"),
            (Self::Redis, _) => {
                let mut command = Command::new("redis-server");
                command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
                command.arg(port.to_string()).arg("--dir").arg(data);
                Ok(command)
            }
            (Self::Nats, _) => {
                let mut command = Command::new("nats-server");
                command.args(["-a", "127.0.0.1", "-p", &port.to_string()]);
                Ok(command)
            }
            (Self::NodeWs, _) => script(Path::new("node"), "ws.mjs"),
            (Self::Bun, _) => script(&peer("node_modules/.bin/bun")?, "bun.mjs"),
            (Self::Colyseus, _) => script(Path::new("node"), "colyseus.mjs"),
        }
    }

    /// Starts it on the cores that `cores` lists, or on all.
    pub(crate) fn start(self, duty: Duty, cores: Option<&str>, folder: &Path) -> Result<Running, String> {
        let data = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
        let tells = !matches!(self, Self::Redis | Self::Nats);
        let port = if tells { 0 } else { vws_cluster::free_port().map_err(|error| error.to_string())? };
        let mut command = on_cores(self.command(duty, data.path(), port)?, cores);
        command.stdin(Stdio::null()).stdout(if tells { Stdio::piped() } else { Stdio::null() });
        if !matches!(self, Self::Vws(_)) {
            command.stderr(Stdio::null());
        }
        let child = command.spawn().map_err(|error| format!("{} does not start: {error}", self.name()))?;
        let mut running = Running { child, port, _data: data };
        if tells { running.read_port() } else { running.wait_for_port() }
            .map_err(|why| format!("{} does not start: {why}", self.name()))?;
        Ok(running)
    }
}

/// A server that runs. It ends with this.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
    _data: TempDir,
}

impl Running {
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    fn read_port(&mut self) -> Result<(), String> {
        let stdout = self.child.stdout.take().ok_or("it has no output")?;
        let mut lines = BufReader::new(stdout);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err("it ended".to_owned());
            }
            let port = line.trim_end().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            if let (true, Some(port)) = (line.starts_with("listening on "), port) {
                self.port = port;
                // What else it says is to go somewhere.
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return Ok(());
            }
        }
    }

    fn wait_for_port(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < READY {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("nobody listens after {} s", READY.as_secs()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server with every bound out of the way that protects it from what a load does.
fn vws(keeping: Keeping, data: &Path) -> Result<Command, String> {
    let mut command = Command::new(program()?);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
    command.args(["--command-rate", "4000000000", "--command-burst", "4000000000"]);
    command.args(["--max-objects", "100000000", "--max-history", "100000000"]);
    command.args(["--max-sessions", "100000000"]);
    match keeping {
        Keeping::Memory => command.arg("--ephemeral"),
        Keeping::Buffered => command.args(["--durability", "buffered", "--data"]).arg(data.join("data")),
        Keeping::Sync => command.args(["--durability", "sync", "--data"]).arg(data.join("data")),
    };
    Ok(command)
}

/// `vws`: `VWS_BIN`, or the one beside this program.
pub(crate) fn program() -> Result<PathBuf, String> {
    if let Some(program) = std::env::var_os("VWS_BIN") {
        return Ok(program.into());
    }
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = this.with_file_name("vws");
    if program.is_file() { Ok(program) } else { Err(format!("{} is not built", program.display())) }
}

/// A file of the folder that peers are installed in.
fn peer(name: &str) -> Result<PathBuf, String> {
    let path = peers().join(name);
    let missing = || format!("not installed: npm ci in {}, or --install-peers", peers().display());
    if path.exists() { Ok(path) } else { Err(missing()) }
}

/// The folder that peers are installed in.
pub(crate) fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn package(name: &str) -> Result<String, String> {
    let path = peer(&format!("node_modules/{name}/package.json"))?;
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let package: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    Ok(package["version"].as_str().unwrap_or("of an unknown version").to_owned())
}

/// The first line that a program says.
fn said(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|_| format!("{} is not installed", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().split(" sha=").next().unwrap_or_default().to_owned())
}

/// The same command held to some cores.
pub(crate) fn on_cores(command: Command, cores: Option<&str>) -> Command {
    let Some(cores) = cores else { return command };
    let mut held = Command::new("taskset");
    held.args(["-c", cores]).arg(command.get_program()).args(command.get_args());
    held
}
