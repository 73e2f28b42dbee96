//! One connection to NATS, which all that goes over it shares.
//!
//! It is made at start, within a bounded time, and comes back by itself for as long as the process runs. Whoever listens
//! is told when something may have been missed: after each time away, and when a listener was too slow.

mod local;
mod options;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::response::Response;
use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

pub use local::LocalServer;
use options::Login;
pub use options::{Options, Prefix, ServerUrl};

/// The oldest NATS server that does what is asked of it here: it republishes what a stream has taken.
pub const OLDEST: (i64, i64, i64) = (2, 9, 0);
/// The oldest one that keeps a stream on several servers without their ever differing: before it a message that only
/// begins a subject could be taken by some of them and refused by others.
pub const OLDEST_REPLICATED: (i64, i64, i64) = (2, 10, 20);

/// For so long a server that starts looks for NATS.
pub const REACH_FOR: Duration = Duration::from_secs(15);
/// Between two tries of that.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// A server that answers takes less than this to do so.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// A connection is dead that has left two of these unanswered.
const PING_EVERY: Duration = Duration::from_secs(3);
/// The longest pause between two tries to come back.
const COME_BACK_EVERY: Duration = Duration::from_secs(1);
/// Messages that wait for one listener. One that is further behind is told that it has missed some.
const LISTENER_BACKLOG: usize = 4_096;

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// An address is none.
    #[error("NATS at {url}: {reason}")]
    Url {
        /// The address, without the password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read, or is not what it should be.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// No server was there in time, or none had JetStream ready.
    #[error("NATS at {servers} was not ready within {within:?}: {reason}")]
    Away {
        /// Where it was looked for.
        servers: String,
        /// For how long.
        within: Duration,
        /// The last try's outcome.
        reason: String,
    },
    /// The server is there and does not let this one in.
    #[error("NATS at {servers} refuses: {reason}")]
    Refused {
        /// Where it is.
        servers: String,
        /// Its words.
        reason: String,
    },
    /// The server is too old.
    #[error("NATS at {servers} is {found}; {needed} or later is needed{why}")]
    TooOld {
        /// Where it is.
        servers: String,
        /// What it says it is.
        found: String,
        /// What would do.
        needed: String,
        /// For what.
        why: &'static str,
    },
}

/// How often a listener may have missed something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// NATS was away: whatever came meanwhile was missed, by all.
    pub away: u64,
    /// A message came faster than one of the listeners took them. It was missed by that one, whichever it is.
    pub slow: u64,
}

/// A connection to NATS. Copies share it.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    jetstream: jetstream::Context,
    options: Options,
    signs: Arc<Signs>,
}

/// What the client tells of its connection.
#[derive(Debug)]
struct Signs {
    connected: watch::Sender<bool>,
    losses: watch::Sender<Losses>,
    /// It was there once.
    was_there: AtomicBool,
    reconnects: Counter,
    slow_listeners: Counter,
}

impl Default for Signs {
    fn default() -> Self {
        Self {
            connected: watch::Sender::new(false),
            losses: watch::Sender::new(Losses::default()),
            was_there: AtomicBool::new(false),
            reconnects: Counter::default(),
            slow_listeners: Counter::default(),
        }
    }
}

impl Signs {
    fn note(&self, event: &Event) {
        match event {
            Event::Connected => {
                if self.was_there.swap(true, Ordering::Relaxed) {
                    info!("NATS is there again");
                    self.reconnects.inc();
                    self.losses.send_modify(|losses| losses.away += 1);
                }
                self.connected.send_replace(true);
            }
            Event::Disconnected | Event::Closed => {
                if self.connected.send_replace(false) {
                    warn!("NATS is away");
                }
            }
            Event::SlowConsumer(_) => {
                self.slow_listeners.inc();
                self.losses.send_modify(|losses| losses.slow += 1);
            }
            Event::ServerError(error) => warn!(error = %error, "NATS says that something is wrong"),
            Event::ClientError(error) => debug!(error = %error, "NATS"),
            Event::LameDuckMode | Event::Draining => debug!(%event, "NATS"),
        }
    }
}

impl Connection {
    /// Connects, and makes sure that the server is new enough and has JetStream. Looks for it for [`REACH_FOR`].
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn open(options: Options) -> Result<Self, ConnectError> {
        Self::open_within(options, REACH_FOR).await
    }

    async fn open_within(options: Options, within: Duration) -> Result<Self, ConnectError> {
        let servers = options.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let signs = Arc::new(Signs::default());
        let deadline = Instant::now() + within;
        let client = loop {
            match connect(&options, &signs).await? {
                Ok(client) => break client,
                Err(error) if is_refusal(error.kind()) => {
                    return Err(ConnectError::Refused { servers, reason: error.to_string() });
                }
                Err(error) if Instant::now() >= deadline => {
                    return Err(ConnectError::Away { servers, within, reason: error.to_string() });
                }
                Err(error) => debug!(error = %error, "NATS is not there yet"),
            }
            sleep(TRY_EVERY).await;
        };
        // Known before the first event is.
        signs.connected.send_replace(true);
        is_new_enough(&client, &options, &servers)?;
        let jetstream = ContextBuilder::new().timeout(ANSWER_WITHIN).build(client.clone());
        while let Err(reason) = has_jetstream(&jetstream).await {
            if Instant::now() >= deadline {
                return Err(ConnectError::Away { servers, within, reason });
            }
            sleep(TRY_EVERY).await;
        }
        info!(nats.servers = %servers, nats.version = client.server_info().version, "connected to NATS");
        Ok(Self(Arc::new(Inner { client, jetstream, options, signs })))
    }

    /// What messages are sent and listened for with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// What streams are used with. It waits for an answer two seconds at most.
    #[must_use]
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.0.jetstream
    }

    /// What all names begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.options.prefix.as_str()
    }

    /// Servers that are to keep each message of a stream that is made now.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.0.options.replicas
    }

    /// Whether it is there, from now on.
    #[must_use]
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.0.signs.connected.subscribe()
    }

    /// Whether it is there.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.0.signs.connected.borrow()
    }

    /// Waits until it is there, for `within` at most. Answers whether it is.
    pub async fn reached(&self, within: Duration) -> bool {
        if self.is_connected() {
            return true;
        }
        let mut connected = self.connected();
        matches!(timeout(within, connected.wait_for(|there| *there)).await, Ok(Ok(_)))
    }

    /// Changes whenever a listener may have missed something: after each time away, and when one was too slow.
    #[must_use]
    pub fn losses(&self) -> watch::Receiver<Losses> {
        self.0.signs.losses.subscribe()
    }

    /// Bytes that one message may have, headers included, as far as the server has said.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.0.client.max_payload()
    }

    /// Has what the connection counts be told with the server's metrics.
    pub fn register(&self, registry: &mut Registry) {
        let Signs { reconnects, slow_listeners, .. } = &*self.0.signs;
        registry.register("nats_reconnects", "Times that NATS was there again", reconnects.clone());
        registry.register(
            "nats_slow_listeners",
            "Messages from NATS that came faster than they were taken",
            slow_listeners.clone(),
        );
    }
}

/// One try.
async fn connect(
    options: &Options,
    signs: &Arc<Signs>,
) -> Result<Result<Client, async_nats::ConnectError>, ConnectError> {
    let mut addresses = Vec::new();
    for url in &options.servers {
        let wrong = |reason| ConnectError::Url { url: url.to_string(), reason };
        addresses.push(url.address().map_err(wrong)?);
    }
    let noting = Arc::clone(signs);
    let mut with = ConnectOptions::new()
        .name(concat!("vws ", env!("CARGO_PKG_VERSION")))
        .connection_timeout(ANSWER_WITHIN)
        .request_timeout(Some(ANSWER_WITHIN))
        .ping_interval(PING_EVERY)
        .subscription_capacity(LISTENER_BACKLOG)
        .reconnect_delay_callback(pause_before)
        .event_callback(move |event| {
            let signs = Arc::clone(&noting);
            async move { signs.note(&event) }
        });
    // All servers of one cluster know the same users.
    match addresses.iter().find_map(options::login) {
        Some(Login::User(name, password)) => with = with.user_and_password(name, password),
        Some(Login::Token(token)) => with = with.token(token),
        None => {}
    }
    if let Some(path) = &options.authorities {
        readable(path).await?;
        with = with.add_root_certificates(path.clone());
    }
    if let Some(path) = &options.credentials {
        let read = with.credentials_file(path).await;
        with = read.map_err(|error| ConnectError::File { path: path.clone(), error })?;
    }
    Ok(with.connect(addresses).await)
}

async fn readable(path: &std::path::Path) -> Result<(), ConnectError> {
    let opened = tokio::task::spawn_blocking({
        let path = path.to_owned();
        move || std::fs::File::open(path).map(drop)
    });
    let opened = opened.await.unwrap_or_else(|failed| Err(std::io::Error::other(failed)));
    opened.map_err(|error| ConnectError::File { path: path.to_owned(), error })
}

/// Whether JetStream is there for this account.
async fn has_jetstream(jetstream: &jetstream::Context) -> Result<(), String> {
    // What it tells of the account differs from version to version.
    match jetstream.request("INFO", &serde_json::json!({})).await {
        Ok(Response::Ok(serde::de::IgnoredAny)) => Ok(()),
        Ok(Response::Err { error }) => Err(format!("JetStream: {error}")),
        Err(error) => Err(format!("JetStream does not answer: {error}")),
    }
}

/// Short at first, then longer, and never the same for all who were there.
fn pause_before(attempts: usize) -> Duration {
    let doubled = Duration::from_millis(10) * 2_u32.pow(u32::try_from(attempts.min(10)).unwrap_or(10));
    let most = doubled.min(COME_BACK_EVERY);
    let jitter = u32::from(uuid::Uuid::now_v7().as_bytes()[15]);
    most / 2 + most * jitter / 512
}

const fn is_refusal(kind: ConnectErrorKind) -> bool {
    matches!(kind, ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation)
}

fn is_new_enough(client: &Client, options: &Options, servers: &str) -> Result<(), ConnectError> {
    let is = |(major, minor, patch)| client.is_server_compatible(major, minor, patch);
    let (oldest, why) = match options.replicas {
        _ if !is(OLDEST) => (OLDEST, ""),
        2.. if !is(OLDEST_REPLICATED) => (OLDEST_REPLICATED, " to keep messages on several servers"),
        _ => return Ok(()),
    };
    let found = client.server_info().version;
    let needed = format!("{}.{}.{}", oldest.0, oldest.1, oldest.2);
    Err(ConnectError::TooOld { servers: servers.to_owned(), found, needed, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clu9_nats_is_looked_for_for_a_time() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("nats://ada:s3cret@{}", taken.local_addr().expect("it has one"));
        drop(taken);
        let away =
            Connection::open_within(Options::of(&url), Duration::ZERO).await.expect_err("nobody is there");
        assert!(matches!(away, ConnectError::Away { .. }), "{away}");
        assert!(away.to_string().contains("127.0.0.1") && !away.to_string().contains("s3cret"), "{away}");
    }

    #[tokio::test]
    async fn clu9_a_server_that_is_too_old_is_not_used() {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let server = LocalServer::start(folder.path()).expect("`cargo xtask setup` installs nats-server");
        let client = async_nats::connect(server.url()).await.expect("is there");
        let is_newer = client.is_server_compatible(2, 10, 20);
        let options = Options { replicas: 3, ..Options::of(&server.url()) };
        assert!(is_new_enough(&client, &Options::of(&server.url()), "it").is_ok());
        let replicated = is_new_enough(&client, &options, "it");
        assert_eq!(replicated.is_ok(), is_newer, "{replicated:?}");
    }

    #[test]
    fn clu9_whoever_comes_back_does_not_do_so_at_once_with_all_others() {
        for attempts in [0, 1, 5, 20, usize::MAX] {
            let pauses: Vec<_> = (0..64).map(|_| pause_before(attempts)).collect();
            assert!(pauses.iter().all(|pause| *pause <= COME_BACK_EVERY));
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "they differ");
        }
    }
}
