//! A server from its listener to its end.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};
use tracing::{error, info, warn};

use crate::assets::{Assets, Bounds};
use crate::auth::{Audit, Auth, Revoked, SetupError};
use crate::cluster::{Bus, BusError, Cluster, NatsBus};
use crate::config::{Config, Contradiction, Storage};
use crate::http::{self, App, PageError};
use crate::log::disk::{DiskLog, OpenError, Options};
use crate::log::nats::{NatsLog, NatsOpenError};
use crate::log::{EventLog, MemoryLog};
use crate::nats::{ConnectError, Connection};
use crate::net::{Connections, Stop, Tls, TlsError, accept_until_stopped};
use crate::store::StoreError;
use crate::telemetry::LOOK_EVERY;

/// Why a server could not be made or kept running.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The page cannot be read.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The flags contradict one another.
    #[error(transparent)]
    Config(#[from] Contradiction),
    /// It is not clear who may do what.
    #[error(transparent)]
    Access(#[from] SetupError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// There is no connection to NATS.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// What is in NATS cannot be used.
    #[error(transparent)]
    Nats(#[from] NatsOpenError),
    /// The log does not tell which sessions there are.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the nodes of a cluster have in common cannot be read.
    #[error(transparent)]
    Cluster(#[from] BusError),
    /// The log could not be closed in order; what was acknowledged is kept as after a kill.
    #[error("the log was not closed in order: {0}")]
    Close(String),
    /// The listener does not know its own address.
    #[error("the listener has no address: {0}")]
    Listener(#[from] io::Error),
}

/// A server that is ready: its port is open and everything that it needs has been read.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
}

impl Server {
    /// Prepares a server on a listener that the caller has bound, with the log that `config` asks for.
    ///
    /// # Errors
    /// [`ServeError`] when the data directory or NATS cannot be used, the page cannot be read, or the listener is of no
    /// use.
    pub async fn new(listener: TcpListener, config: Config) -> Result<Self, ServeError> {
        let storage = config.storage()?;
        if let Storage::Nats(options) = storage {
            let connection = Connection::open(options).await?;
            let log = Arc::new(NatsLog::open(connection.clone()).await?);
            return Self::of_node(listener, config, log, NatsBus::open(connection).await?).await;
        }
        let log = open_log(storage.clone()).await?;
        // The log has the data directory from here on.
        let (revoked, audit) = open_access(storage.clone()).await?;
        let assets = Arc::new(open_assets(storage, Bounds::from(&config.limits)).await?);
        Self::with_all(listener, config, log, assets, (revoked.into(), audit), None).await
    }

    /// Prepares a server that is one node of several: they keep their sessions in `log`, which is shared, and reach one
    /// another by `bus`. Whatever is to outlive it is there; nothing is on a disk here.
    ///
    /// # Errors
    /// [`ServeError`] when the page cannot be read, the listener is of no use, or the log or the others are out of reach.
    pub async fn of_node(
        listener: TcpListener,
        config: Config,
        log: Arc<dyn EventLog>,
        bus: Arc<dyn Bus>,
    ) -> Result<Self, ServeError> {
        let cluster = Cluster::new(bus);
        let revoked = cluster.revoked().await?;
        let assets = Assets::of_nodes(Arc::clone(cluster.bus()), Bounds::from(&config.limits)).await?;
        Self::with_all(listener, config, log, assets, (revoked, Audit::default()), Some(cluster)).await
    }

    /// Prepares a server of the sessions whose histories are kept in `log`. Their assets are in memory.
    ///
    /// # Errors
    /// [`ServeError`] when the page or the log cannot be read, or the listener is of no use.
    pub async fn with_log(
        listener: TcpListener,
        config: Config,
        log: Arc<dyn EventLog>,
    ) -> Result<Self, ServeError> {
        let assets = Assets::in_memory(Bounds::from(&config.limits));
        Self::with_assets(listener, config, log, assets).await
    }

    /// The same with the assets that the sessions have.
    ///
    /// # Errors
    /// As for [`with_log`](Self::with_log).
    pub async fn with_assets(
        listener: TcpListener,
        config: Config,
        log: Arc<dyn EventLog>,
        assets: Assets,
    ) -> Result<Self, ServeError> {
        Self::with_all(listener, config, log, Arc::new(assets), Default::default(), None).await
    }

    async fn with_all(
        listener: TcpListener,
        config: Config,
        log: Arc<dyn EventLog>,
        assets: Arc<Assets>,
        (revoked, audit): (Arc<Revoked>, Audit),
        cluster: Option<Arc<Cluster>>,
    ) -> Result<Self, ServeError> {
        let address = listener.local_addr()?;
        let tls = config.tls()?.map(Tls::load).transpose()?.map(Arc::new);
        let auth = Auth::of(&config, address, revoked)?.with_audit(Arc::new(audit));
        let app = App::new(config, auth, log, assets, address, Stop::default(), cluster).await?;
        Ok(Self { listener, address, tls, app })
    }

    /// What the handlers see: the sessions, what is counted, the bounds in force.
    #[must_use]
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate that new connections are shown; `None` where plain HTTP is spoken.
    #[must_use]
    pub const fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    /// What its addresses begin with.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Has the certificate read again at each SIGHUP from now on, until the server ends. Without one the signal does
    /// nothing, so that a reload that somebody's tools ask for ends no server; but in a terminal it ends the program, as
    /// it does others when the terminal is closed.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn reload_on_hangup(&self) -> io::Result<()> {
        let tls = self.tls.clone();
        if tls.is_none() && io::stdin().is_terminal() {
            return Ok(());
        }
        let mut hangup = signal(SignalKind::hangup())?;
        let stop = self.app.stop().clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stop.stopping() => return,
                    told = hangup.recv() => if told.is_none() { return },
                }
                let Some(tls) = tls.clone() else {
                    info!("there is no certificate to read again");
                    continue;
                };
                // A file may lie on a disk that is slow.
                match spawn_blocking(move || (tls.reload(), tls)).await {
                    Ok((Ok(()), tls)) => {
                        info!(certificate = %tls.files().certificate.display(), "the certificate was read again");
                    }
                    Ok((Err(error), _)) => error!(%error, "the certificate stays as it was"),
                    Err(failed) => error!(error = %failed, "the certificate stays as it was"),
                }
            }
        });
        Ok(())
    }

    /// Serves until `shutdown` resolves. Then it accepts no more, lets requests finish, ends streams, closes the
    /// log, and returns within the grace period, a fifth of which is the log's.
    ///
    /// # Errors
    /// [`ServeError::Close`] when the log was not closed in order.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self { listener, address, tls, app } = self;
        let limits = app.config().limits.clone();
        let stop = app.stop().clone();
        let connections = Arc::new(Connections::new(http::router(&app), tls, &app));
        let keeping = tokio::spawn(Arc::clone(app.auth().audit()).keep());
        let watching = tokio::spawn(watch_memory(Arc::clone(&app)));
        info!(server.address = %address, version = env!("CARGO_PKG_VERSION"), "serving");
        tokio::select! {
            () = accept_until_stopped(listener, connections) => {}
            () = shutdown => {}
        }
        info!("stopping");
        stop.begin();
        let grace = limits.shutdown_grace.get();
        let end = Instant::now() + grace;
        if timeout(grace - grace / 5, stop.ended()).await.is_err() {
            warn!(connections = stop.remaining(), "closing connections that did not end in time");
        }
        if let Some(cluster) = app.cluster() {
            cluster.say_goodbye();
        }
        keeping.abort();
        watching.abort();
        let audit = Arc::clone(app.auth().audit());
        if let Ok(Ok(Err(error))) = timeout_at(end, spawn_blocking(move || audit.flush())).await {
            warn!(%error, "the record of who came was not written");
        }
        let closed = timeout_at(end, app.store().close()).await;
        let closed =
            closed.unwrap_or_else(|_| Err(StoreError::LogUnavailable("it took too long".to_owned())));
        closed.map_err(|error| ServeError::Close(error.to_string()))?;
        info!("stopped");
        Ok(())
    }
}

/// Looks at times how much memory is taken, where that is bounded.
async fn watch_memory(app: Arc<App>) {
    let memory = app.store().memory();
    if memory.max().is_none() {
        return;
    }
    let mut times = interval(LOOK_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        memory.look();
    }
}

async fn open_log(storage: Storage) -> Result<Arc<dyn EventLog>, ServeError> {
    let (path, level) = match storage {
        Storage::Memory | Storage::Nats(_) => return Ok(Arc::new(MemoryLog::default())),
        Storage::Disk { path, level } => (path, level),
    };
    let root = path.clone();
    let opened = spawn_blocking(move || DiskLog::open(&root, Options::new(level))).await;
    let opened = opened.map_err(|failed| OpenError::Io { path, error: io::Error::other(failed) })?;
    Ok(Arc::new(opened?))
}

async fn open_assets(storage: Storage, bounds: Bounds) -> Result<Assets, ServeError> {
    let Storage::Disk { path, level } = storage else { return Ok(Assets::in_memory(bounds)) };
    let root = path.clone();
    let opened = spawn_blocking(move || Assets::open(&root, level, bounds, None)).await;
    let opened = opened.unwrap_or_else(|failed| Err(io::Error::other(failed)));
    opened.map_err(|error| OpenError::Io { path, error }.into())
}

async fn open_access(storage: Storage) -> Result<(Revoked, Audit), ServeError> {
    let Storage::Disk { path, .. } = storage else { return Ok(Default::default()) };
    let root = path.clone();
    let opened = spawn_blocking(move || Ok((Revoked::open(&root)?, Audit::open(&root)?))).await;
    let opened = opened.unwrap_or_else(|failed| Err(io::Error::other(failed)));
    opened.map_err(|error| OpenError::Io { path, error }.into())
}

/// Serves on `listener` until `shutdown` resolves.
///
/// # Errors
/// [`ServeError`] when the server cannot be made or kept running.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    Server::new(listener, config).await?.run(shutdown).await
}

/// A future that resolves at the first SIGTERM or SIGINT from now on.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
