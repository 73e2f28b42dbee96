//! A NATS server of this process's own, for tests and benchmarks.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::Deserialize;

/// A server that is not up by then will not be.
const UP_WITHIN: Duration = Duration::from_secs(20);

/// A NATS server with JetStream, on a loopback address and a port that was free, that keeps what it is given in a folder.
/// It ends, by a kill, when this is dropped; the folder stays.
///
/// The program is `nats-server` of the path or of `/usr/sbin`, or what `VWS_NATS_SERVER` names: version 2.9 or later.
#[derive(Debug)]
pub struct LocalServer {
    folder: PathBuf,
    more: Vec<String>,
    port: u16,
    child: Child,
}

/// What the server writes of its ports.
#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

impl LocalServer {
    /// Starts one on a free port and waits until it answers.
    ///
    /// # Errors
    /// When there is no such program, or it ends or does not come up.
    pub fn start(folder: &Path) -> io::Result<Self> {
        Self::start_with(folder, &[])
    }

    /// The same with arguments more.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_with(folder: &Path, more: &[&str]) -> io::Result<Self> {
        let more: Vec<String> = more.iter().map(ToString::to_string).collect();
        let (child, port) = spawn(folder, -1, &more)?;
        Ok(Self { folder: folder.to_owned(), more, port, child })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, as the loss of the machine's power does but for what its system has not yet written.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Has it stand still, with its connections open. When this returns, it does.
    ///
    /// # Errors
    /// When it cannot be signalled, or has ended.
    pub fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)?;
        // Its threads are stopped one by one; what they do until then, they do.
        match waitpid(Some(Pid::from_child(&self.child)), WaitOptions::UNTRACED)? {
            Some((_, status)) if status.stopped() => Ok(()),
            _ => Err(io::Error::other("nats-server has ended")),
        }
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), signal).map_err(Into::into)
    }

    /// Starts it again where it was, with what it had.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill()?;
        (self.child, _) = spawn(&self.folder, self.port.into(), &self.more)?;
        Ok(())
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        // One that is gone already is as good.
        let _ = self.kill();
    }
}

/// Where Debian puts it, which is not on everybody's path.
const OF_DEBIAN: &str = "/usr/sbin/nats-server";

fn program() -> OsString {
    let named = std::env::var_os("VWS_NATS_SERVER").filter(|name| !name.is_empty());
    let of_path = || {
        let path = std::env::var_os("PATH")?;
        let mut there = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
        there.find(|program| program.is_file()).map(OsString::from)
    };
    named.or_else(of_path).unwrap_or_else(|| OF_DEBIAN.into())
}

/// Runs the program on `port` (−1 for a free one) and answers the port that it listens on.
fn spawn(folder: &Path, port: i32, more: &[String]) -> io::Result<(Child, u16)> {
    let ports = folder.join("ports");
    // What one before has left there is of its own.
    let _ = fs::remove_dir_all(&ports);
    fs::create_dir_all(&ports)?;
    let program = program();
    let mut child = Command::new(&program)
        .args(["--jetstream", "--addr", "127.0.0.1", "--port", &port.to_string()])
        .arg("--store_dir")
        .arg(folder.join("store"))
        .arg("--ports_file_dir")
        .arg(&ports)
        .arg("--log")
        .arg(folder.join("log"))
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", program.display())))?;
    let deadline = Instant::now() + UP_WITHIN;
    loop {
        if let Some(port) = port_in(&ports).filter(|port| answers(*port)) {
            return Ok((child, port));
        }
        if let Some(status) = child.try_wait()? {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            return Err(io::Error::other(format!("nats-server ended with {status}: {log}")));
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other("nats-server did not come up"));
        }
        sleep(Duration::from_millis(10));
    }
}

fn port_in(folder: &Path) -> Option<u16> {
    let file = fs::read_dir(folder).ok()?.flatten().next()?;
    let ports: Ports = serde_json::from_str(&fs::read_to_string(file.path()).ok()?).ok()?;
    ports.nats.first()?.rsplit_once(':')?.1.parse().ok()
}

fn answers(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}
