//! A native client of the Virtual World Synthesizer.
//!
//! [`Client::connect`] gives a live mirror of a session: it shows one's own commands at once, follows
//! everybody's events, and connects again by itself, getting only what it missed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use vws_client::{Client, Options};
//! use vws_core::command::{Command, ObjectDraft};
//!
//! let client = Client::connect("http://127.0.0.1:8080", "0190b5a0-0000-7000-8000-000000000001".parse()?, Options::default()).await?;
//! let object = ObjectDraft { name: "cube1".into(), kind: "cube".into(), ..ObjectDraft::default() };
//! let ack = client.submit(Command::CreateObject { object }).await?;
//! println!("took effect with event {}", ack.seq);
//! client.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//! - [`Client`], [`Options`]: what a program uses.
//! - [`Status`], [`SubmitError`], [`ConnectError`]: how it stands.
//! - `link`: the task that connects, listens, speaks and connects again.
//! - `socket`: a WebSocket that is read while it is written; [`tls`]: whom it is spoken with.
//! - `shared`: the replica, and who waits for what.
//! - [`backoff`]: how long to wait before the next try.

pub mod backoff;
mod error;
mod link;
mod shared;
mod socket;
mod status;
pub mod tls;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use vws_core::command::Command;
use vws_core::replica::{Touched, View};
use vws_core::wire::{ClientMessage, Encoding, Peer, PresenceDraft, Secret};
use vws_core::{ClientId, Rejection, Seq, SessionId, Snapshot};

pub use backoff::Backoff;
pub use error::{ConnectError, SubmitError};
pub use shared::Ack;
use shared::Shared;
pub use status::Status;

/// How a client connects.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who this is. Commands are numbered from 1 for each client id, so a program that starts anew
    /// takes a new one, as the default does.
    pub client_id: ClientId,
    /// What peers are shown.
    pub name: Option<String>,
    /// The colour that peers see this client in, `#rrggbb`.
    pub color: Option<String>,
    /// What shows the server who this is, where it asks. No log shows it.
    pub token: Option<Secret>,
    /// How messages are written.
    pub encoding: Encoding,
    /// How long to wait before connecting again.
    pub backoff: Backoff,
    /// The authorities, in PEM, one of which must have signed for a server with an address that begins with
    /// `https://`; left out, those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let drawn = uuid::Uuid::new_v4().to_string();
        Self {
            client_id: ClientId::new(&drawn).expect("a UUID is a client id"),
            name: None,
            color: None,
            token: None,
            encoding: Encoding::MessagePack,
            backoff: Backoff::default(),
            ca_file: None,
        }
    }
}

/// A live mirror of one session. It lives as long as this is held.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Client {
    /// Connects to the server at `base` (`http://host:port` or `https://host`) and waits until the session is loaded.
    ///
    /// # Errors
    /// [`ConnectError`] for an address of another form, for a server whose certificate is not believed, or when the
    /// server says that trying again is of no use: no such session, not allowed. A server that is not there is tried
    /// again.
    pub async fn connect(base: &str, session: SessionId, options: Options) -> Result<Self, ConnectError> {
        let address = link::address(base, session, options.ca_file.as_deref())?;
        let (shared, outbox) = Shared::new(&options);
        let shared = Arc::new(shared);
        let encoding = options.encoding;
        let connect = async move || link::open(&address, encoding).await;
        let task = tokio::spawn(link::run(connect, options, Arc::clone(&shared), outbox));
        let client = Self { shared, task };
        let mut status = client.status();
        let settled = status.wait_for(|status| matches!(status, Status::Live | Status::Closed(_))).await;
        match settled.map(|status| status.clone()) {
            Ok(Status::Closed(reason)) => Err(ConnectError::Closed(reason)),
            Ok(_) => Ok(client),
            Err(_) => Err(ConnectError::Closed("the client's task has ended".to_owned())),
        }
    }

    /// Submits a command and waits for the server's verdict. It is shown at once.
    ///
    /// # Errors
    /// [`SubmitError`]: refused here before anything was sent, refused by the server, or the client
    /// was closed before a verdict came.
    pub async fn submit(&self, command: Command) -> Result<Ack, SubmitError> {
        self.submit_expecting(command, None).await
    }

    /// [`submit`](Self::submit), refused unless what the command is about still has this version.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub async fn submit_expecting(
        &self,
        command: Command,
        expect_version: Option<Seq>,
    ) -> Result<Ack, SubmitError> {
        let verdict = self.shared.submit(command, expect_version)?;
        verdict.await.unwrap_or(Err(SubmitError::Closed))
    }

    /// Judges a command as the server would, and does nothing with it.
    ///
    /// # Errors
    /// What the server would answer.
    pub fn judge(&self, command: &Command) -> Result<(), Rejection> {
        self.shared.replica(|replica| replica.judge(command, None, shared::now()))
    }

    /// Runs `look` on what is shown: the confirmed state with one's own pending commands over it.
    /// Short: messages wait meanwhile.
    pub fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> Option<T> {
        self.shared.replica(|replica| replica.view().as_ref().map(look))
    }

    /// A copy of the state that the server has confirmed.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.shared.replica(|replica| replica.confirmed().map(vws_core::Session::snapshot))
    }

    /// How many commands wait for the server's verdict.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.replica(|replica| replica.pending())
    }

    /// The other clients and what they show.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        self.shared.replica(|replica| replica.peers().cloned().collect())
    }

    /// Shows `presence` to the peers, in place of what was shown before. Lost when there is no
    /// connection: it is about the moment.
    pub fn present(&self, presence: PresenceDraft) {
        self.shared.send(ClientMessage::Presence(presence));
    }

    /// How the connection stands, now and whenever that changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.status()
    }

    /// What changed of what is shown, each time that it does. One that reads too slowly is told that
    /// it lagged, and then anything may have changed.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<Touched>> {
        self.shared.changes()
    }

    /// The confirmed seq, now and whenever it changes; 0 before the session is loaded.
    #[must_use]
    pub fn seq(&self) -> watch::Receiver<Seq> {
        self.shared.seq()
    }

    /// Closes the connection in order and ends the client.
    pub async fn close(mut self) {
        self.shared.close();
        // Ends with its socket; a failure of the task has been logged by its runtime.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.close();
        self.task.abort();
    }
}
