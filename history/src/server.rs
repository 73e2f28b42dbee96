//! The server's process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::run::Failure;

/// How long a start may take.
const START: Duration = Duration::from_secs(60);

/// A server that keeps what it acknowledges in a folder, whatever ends it.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    data: PathBuf,
    child: Child,
    address: watch::Sender<Option<SocketAddr>>,
}

impl Server {
    pub(crate) async fn start(program: &Path, data: &Path) -> Result<Self, Failure> {
        let (child, address) = spawn(program, data).await?;
        let address = watch::Sender::new(Some(address));
        Ok(Self { program: program.to_owned(), data: data.to_owned(), child, address })
    }

    /// Where it is; nowhere while it is not.
    pub(crate) fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// Kills it as nothing can be prepared for, and starts it anew. `between` the two nobody reaches one.
    pub(crate) async fn kill_and_start(&mut self, between: impl FnOnce()) -> Result<(), Failure> {
        self.address.send_replace(None);
        self.child.kill().await.map_err(|error| Failure::server("kill it", &error))?;
        between();
        let (child, address) = spawn(&self.program, &self.data).await?;
        self.child = child;
        self.address.send_replace(Some(address));
        Ok(())
    }

    /// Kills it for good.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        self.child.kill().await.map_err(|error| Failure::server("kill it", &error))
    }
}

async fn spawn(program: &Path, data: &Path) -> Result<(Child, SocketAddr), Failure> {
    let mut command = Command::new(program);
    // Nothing but what is said here.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"VWS_")) {
        command.env_remove(name);
    }
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"]).arg(data);
    // A client here says as much as it can.
    command.args(["--command-rate", "1000000", "--command-burst", "1000000", "--max-history", "100000000"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| Failure::server("start it", &error))?;
    let out = child.stdout.take().ok_or_else(|| Failure::Server("it has no output".to_owned()))?;
    let mut lines = BufReader::new(out).lines();
    let line = timeout(START, lines.next_line()).await;
    let line = line.ok().and_then(Result::ok).flatten().unwrap_or_default();
    let address = line.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    let address =
        address.ok_or_else(|| Failure::Server(format!("it did not say where it listens: {line:?}")))?;
    Ok((child, address))
}
