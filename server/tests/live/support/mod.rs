//! A server to test against, clients that say what they are told to, and mirrors that check the laws.

mod events;
mod mirror;
mod socket;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vws_client::tls::Trust;
use vws_core::Command;
use vws_server::Config;
use vws_server::cluster::Bus;
use vws_server::http::App;
use vws_server::log::{EventLog, MemoryLog};
use vws_server::net::Tls;
use vws_server::serve::{ServeError, Server};
use vws_server::store::{LiveSession, Origin, Outcome, Request, StoreError};

use crate::authority::Authority;

pub(crate) use events::{EventStream, Message};
pub(crate) use mirror::Mirror;
pub(crate) use socket::{Client, Heard, Stream, dial, hello, numbered};

/// Longer than anything here takes; a test that hangs fails by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it ends it.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    /// Whom its clients believe, where it speaks TLS.
    pub(crate) trust: Option<Trust>,
    /// Who has signed for it, with the files of its certificate.
    pub(crate) authority: Option<Authority>,
    pub(crate) tls: Option<Arc<Tls>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server whose configuration `change` has changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_log(Arc::new(MemoryLog::default()), change).await
    }

    /// The same inside TLS, with a certificate of its own.
    pub(crate) async fn secured(change: impl FnOnce(&mut Config)) -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.sign("server");
        let trust = Trust::of(Some(&authority.file())).expect("is an authority");
        let files = |config: &mut Config| (config.tls_cert, config.tls_key) = (Some(certificate), Some(key));
        let server = Self::with(|config| {
            files(config);
            change(config);
        });
        Self { trust: Some(trust), authority: Some(authority), ..server.await }
    }

    pub(crate) async fn with_log(log: Arc<dyn EventLog>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::running(Server::with_log(listener, config, log).await.expect("a server"))
    }

    /// One node of several, which have this log and reach one another by such an end.
    pub(crate) async fn of_node(
        log: Arc<dyn EventLog>,
        bus: Arc<dyn Bus>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::running(Server::of_node(listener, config, log, bus).await.expect("a server"))
    }

    fn running(server: Server) -> Self {
        let (address, app, tls) = (server.address(), Arc::clone(server.app()), server.tls().cloned());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async {
            // A dropped sender ends the server as well.
            let _ = stopped.await;
        }));
        Self { address, app, trust: None, authority: None, tls, stop: Some(stop), task }
    }

    /// Tells the server to end.
    pub(crate) fn begin_to_stop(&mut self) {
        self.stop.take().expect("it is stopped once").send(()).expect("the server is running");
    }

    pub(crate) async fn ended(mut self) {
        in_time(&mut self.task).await.expect("the server does not panic").expect("it ends without an error");
    }

    /// A new session.
    pub(crate) async fn session(&self) -> Arc<LiveSession> {
        let info = self.app.store().create(None).await.expect("a session is made");
        self.app.store().get(info.session_id).await.expect("is there")
    }
}

/// The outcome of something that must not hang.
#[track_caller]
pub(crate) fn in_time<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let from = std::panic::Location::caller();
    async move {
        let done = tokio::time::timeout(PATIENCE, future).await;
        done.unwrap_or_else(|_| panic!("{from}: it does not end in time"))
    }
}

/// Waits until `is_so`, which something else is about to make true.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) -> impl Future<Output = ()> {
    in_time(async move {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
}

pub(crate) fn command(json: &str) -> Command {
    serde_json::from_str(json).expect("is a command")
}

pub(crate) fn create(name: &str, x: f64) -> Command {
    command(&format!(
        r#"{{"type":"create_object","object":{{"name":"{name}","type":"cube","x":{x},"y":0,"z":0}}}}"#
    ))
}

pub(crate) fn move_to(name: &str, x: f64) -> Command {
    command(&format!(r#"{{"type":"update_object","name":"{name}","patch":{{"x":{x}}}}}"#))
}

/// `count` objects made at once.
pub(crate) fn create_many(prefix: &str, count: usize) -> Command {
    Command::Batch { commands: (0..count).map(|n| create(&format!("{prefix}{n}"), 0.0)).collect() }
}

/// Executes a command in process, as nobody in particular.
pub(crate) async fn run(live: &Arc<LiveSession>, command: Command) -> Result<Outcome, StoreError> {
    let request =
        Request { command, expect_version: None, author: None, subject: None, origin: Origin::Client };
    live.execute(request, |_| ()).await.map(|(outcome, ())| outcome)
}
