//! What an operator can set: addresses, the page, and every bound, each with a name, a default, a
//! flag and an environment variable.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use thiserror::Error;

use crate::auth::Anonymous;
use crate::http::origin::Origin;
use crate::log::disk::Level;
use crate::nats::{self, Prefix, ServerUrl};
use crate::net::{Network, TlsFiles};
use crate::telemetry::MemoryBound;
use crate::units::{After, ByteSize, Span};

/// How a server runs: the arguments of `vws serve`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on. Port 0 takes a free one. An address that other machines reach
    /// needs keys for tokens, --anonymous or --allow-anonymous.
    #[arg(long, env = "VWS_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = listen_address)]
    pub listen: SocketAddr,

    /// Speak HTTPS, with the certificate in this file (PEM; first the server's own, then those that lead to its
    /// authority). SIGHUP has it read again, for new connections. Needs --tls-key.
    #[arg(long, env = "VWS_TLS_CERT", value_name = "FILE", help_heading = "TLS")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM: PKCS #8, SEC 1 or PKCS #1, not encrypted). Needs --tls-cert.
    #[arg(long, env = "VWS_TLS_KEY", value_name = "FILE", help_heading = "TLS")]
    pub tls_key: Option<PathBuf>,

    /// Believe the proxies of this network, or at this address, when they say in X-Forwarded-For and
    /// X-Forwarded-Proto whom they pass on. May be given more than once; separated by commas in the variable.
    #[arg(long, env = "VWS_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', help_heading = "TLS")]
    pub trusted_proxy: Vec<Network>,

    /// Keep nothing on disk: the same as --durability memory.
    #[arg(long, env = "VWS_EPHEMERAL")]
    pub ephemeral: bool,

    /// Keep the sessions in this folder, which one server at a time has. It is made where there is none.
    /// [default: ./vws-data]
    #[arg(long, env = "VWS_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// What an acknowledged change survives. memory: nothing, all is lost when the server ends. buffered: the
    /// end of the server, by a kill too; the loss of power may take the last 50 ms. sync: that as well, each
    /// change waits for the disk. [default: buffered]
    #[arg(long, env = "VWS_DURABILITY", value_name = "LEVEL")]
    pub durability: Option<Durability>,

    /// Keep the sessions in NATS JetStream at this address, and share them with every other server that does: as
    /// nats://HOST[:PORT] or tls://HOST[:PORT], with USER:PASSWORD@ where it is asked for. Several of one cluster may be
    /// given, separated by commas. Needs NATS 2.9.
    #[arg(
        long,
        env = "VWS_NATS",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true,
        help_heading = "Many nodes"
    )]
    pub nats: Vec<ServerUrl>,

    /// What the names of streams, buckets and subjects in NATS begin with. Servers with the same one share sessions.
    /// [default: vws]
    #[arg(long, env = "VWS_NATS_PREFIX", value_name = "NAME", help_heading = "Many nodes")]
    pub nats_prefix: Option<Prefix>,

    /// NATS servers that keep each change: 1 or, in a cluster of three or more, 3, which goes on while one of them is
    /// away. It counts when the streams are made, by the first server that starts. 3 needs NATS 2.10.20. [default: 1]
    #[arg(long, env = "VWS_NATS_REPLICAS", value_name = "N", value_parser = replicas, help_heading = "Many nodes")]
    pub nats_replicas: Option<usize>,

    /// A file with the token and key that NATS knows this server by, as nsc writes it (.creds).
    #[arg(long, env = "VWS_NATS_CREDS", value_name = "FILE", help_heading = "Many nodes")]
    pub nats_creds: Option<PathBuf>,

    /// The authorities (PEM) that have signed the certificates of the NATS servers. [default: those of the system]
    #[arg(long, env = "VWS_NATS_CA", value_name = "FILE", help_heading = "Many nodes")]
    pub nats_ca: Option<PathBuf>,

    /// Serve the page from this folder (the output of trunk) and not the page that is built in. It is
    /// read once, at start.
    #[arg(long, env = "VWS_PAGE", value_name = "DIR")]
    pub page: Option<PathBuf>,

    /// Let pages of this origin (scheme://host[:port], compared exactly) use the API from a browser,
    /// beside the server's own. May be given more than once; separated by commas in the variable.
    #[arg(long, env = "VWS_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<Origin>,

    /// Answer requests for this host name too. A server on a loopback address answers only to
    /// localhost, loopback addresses and the hosts of --allow-origin, so that a foreign page cannot
    /// reach it by pointing its own name here. May be given more than once.
    #[arg(long, env = "VWS_ALLOW_HOST", value_name = "HOST", value_delimiter = ',')]
    pub allow_host: Vec<String>,

    /// Listen on an address that other machines reach, although anyone may then read and change
    /// every session: the same as --anonymous own.
    #[arg(long, env = "VWS_ALLOW_ANONYMOUS")]
    pub allow_anonymous: bool,

    /// Take tokens that are signed with the secret in this file (JWT, HS256), and sign such tokens for those who
    /// share a session. At least 32 bytes, as `openssl rand -hex 32` makes them.
    #[arg(long, env = "VWS_AUTH_SECRET_FILE", value_name = "FILE", help_heading = "Access")]
    pub auth_secret_file: Option<PathBuf>,

    /// Take tokens that another service has signed with the key whose public half is in this file (JWT, EdDSA;
    /// an Ed25519 key in PEM).
    #[arg(long, env = "VWS_AUTH_PUBLIC_KEY", value_name = "FILE", help_heading = "Access")]
    pub auth_public_key: Option<PathBuf>,

    /// What may be done without a token. [default: none where there are keys, else own on a loopback address]
    #[arg(long, env = "VWS_ANONYMOUS", value_name = "ROLE", help_heading = "Access")]
    pub anonymous: Option<Anonymous>,

    /// How log lines look; they go to stderr.
    #[arg(long, env = "VWS_LOG_FORMAT", value_name = "FORMAT", default_value = "human")]
    pub log_format: LogFormat,

    /// What is logged: a level (error, warn, info, debug, trace) or tracing directives such as
    /// info,vws_server::http=debug. Every request is one line at debug.
    #[arg(long, env = "VWS_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,

    /// The bounds.
    #[command(flatten)]
    pub limits: Limits,
}

/// What an acknowledged change survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Nothing: all is lost when the server ends.
    Memory,
    /// The end of the process: the system has it. The disk has it within 50 ms.
    Buffered,
    /// The loss of power: the disk has it.
    Sync,
}

impl Durability {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Buffered => "buffered",
            Self::Sync => "sync",
        }
    }
}

/// Where sessions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In memory alone.
    Memory,
    /// In a data directory.
    Disk {
        /// The directory.
        path: PathBuf,
        /// What an acknowledged change survives there.
        level: Level,
    },
    /// In NATS, with other servers.
    Nats(nats::Options),
}

/// The data directory where none is given.
const DATA: &str = "vws-data";

/// Flags that do not go together, or not without one another.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// One says in memory alone, one on disk.
    #[error("{0} keeps nothing on disk, and {1} asks for it: leave out one of the two")]
    Storage(&'static str, &'static str),
    /// One says in NATS, one somewhere else.
    #[error("--nats keeps the sessions in NATS, and {0} asks for something else: leave out one of the two")]
    NotInNats(&'static str),
    /// What is about NATS where it is not asked for.
    #[error("{0} needs --nats")]
    WithoutNats(&'static str),
    /// An address of NATS that is none.
    #[error("--nats {url}: {reason}")]
    Nats {
        /// What is there, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("{given} needs {missing}: a certificate and its private key go together")]
    HalfOfTls {
        /// What is there.
        given: &'static str,
        /// What is not.
        missing: &'static str,
    },
}

impl Config {
    /// Where sessions are kept.
    ///
    /// # Errors
    /// [`Contradiction`] when one flag says on disk, in memory alone or in NATS and another one something else.
    pub fn storage(&self) -> Result<Storage, Contradiction> {
        if let Some(options) = self.in_nats()? {
            return Ok(Storage::Nats(options));
        }
        let level = match (self.ephemeral, self.durability) {
            (false, None | Some(Durability::Buffered)) => Level::Buffered,
            (false, Some(Durability::Sync)) => Level::Sync,
            (true, Some(Durability::Buffered)) => {
                return Err(Contradiction::Storage("--ephemeral", "--durability buffered"));
            }
            (true, Some(Durability::Sync)) => {
                return Err(Contradiction::Storage("--ephemeral", "--durability sync"));
            }
            (ephemeral, _) => {
                let flag = if ephemeral { "--ephemeral" } else { "--durability memory" };
                return match self.data {
                    Some(_) => Err(Contradiction::Storage(flag, "--data")),
                    None => Ok(Storage::Memory),
                };
            }
        };
        Ok(Storage::Disk { path: self.data.clone().unwrap_or_else(|| DATA.into()), level })
    }

    /// How NATS is reached; `None` where sessions are kept elsewhere.
    fn in_nats(&self) -> Result<Option<nats::Options>, Contradiction> {
        let durability = self.durability.map(|level| match level {
            Durability::Memory => "--durability memory",
            Durability::Buffered => "--durability buffered",
            Durability::Sync => "--durability sync",
        });
        if self.nats.is_empty() {
            let about = [
                ("--nats-prefix", self.nats_prefix.is_some()),
                ("--nats-replicas", self.nats_replicas.is_some()),
                ("--nats-creds", self.nats_creds.is_some()),
                ("--nats-ca", self.nats_ca.is_some()),
            ];
            let alone = about.iter().find(|(_, given)| *given);
            return alone.map_or(Ok(None), |(flag, _)| Err(Contradiction::WithoutNats(flag)));
        }
        let elsewhere =
            [self.ephemeral.then_some("--ephemeral"), self.data.as_ref().map(|_| "--data"), durability];
        if let Some(flag) = elsewhere.into_iter().flatten().next() {
            return Err(Contradiction::NotInNats(flag));
        }
        for url in &self.nats {
            url.address().map_err(|reason| Contradiction::Nats { url: url.to_string(), reason })?;
        }
        Ok(Some(nats::Options {
            servers: self.nats.clone(),
            prefix: self.nats_prefix.clone().unwrap_or_default(),
            replicas: self.nats_replicas.unwrap_or(1),
            credentials: self.nats_creds.clone(),
            authorities: self.nats_ca.clone(),
        }))
    }

    /// Where the certificate and its key are read from; `None` where plain HTTP is spoken.
    ///
    /// # Errors
    /// [`Contradiction`] where one of the two is missing.
    pub fn tls(&self) -> Result<Option<TlsFiles>, Contradiction> {
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                Ok(Some(TlsFiles { certificate: certificate.clone(), key: key.clone() }))
            }
            (Some(_), None) => Err(Contradiction::HalfOfTls { given: "--tls-cert", missing: "--tls-key" }),
            (None, Some(_)) => Err(Contradiction::HalfOfTls { given: "--tls-key", missing: "--tls-cert" }),
        }
    }

    /// What an acknowledged change survives, as it is told: a [`Durability`], or `nats` where that is up to NATS.
    #[must_use]
    pub fn durability(&self) -> &'static str {
        match self.durability {
            _ if !self.nats.is_empty() => "nats",
            Some(durability) => durability.name(),
            None if self.ephemeral => Durability::Memory.name(),
            None => Durability::Buffered.name(),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line for a person.
    Human,
    /// One JSON object a line.
    Json,
}

/// As of `vws serve --ephemeral`: what has not been told where to keep sessions writes nothing to disk.
impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls_cert: None,
            tls_key: None,
            trusted_proxy: Vec::new(),
            ephemeral: true,
            data: None,
            durability: None,
            nats: Vec::new(),
            nats_prefix: None,
            nats_replicas: None,
            nats_creds: None,
            nats_ca: None,
            page: None,
            allow_origin: Vec::new(),
            allow_host: Vec::new(),
            allow_anonymous: false,
            auth_secret_file: None,
            auth_public_key: None,
            anonymous: None,
            log_format: LogFormat::Human,
            log: "info".to_owned(),
            limits: Limits::DEFAULT,
        }
    }
}

/// Every bound of the server. What a client can make grow stops here.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Sessions that exist at once.
    #[arg(long, env = "VWS_MAX_SESSIONS", value_name = "N", default_value_t = Limits::DEFAULT.max_sessions, value_parser = above_0())]
    pub max_sessions: u32,
    /// Objects in one session.
    #[arg(long, env = "VWS_MAX_OBJECTS", value_name = "N", default_value_t = Limits::DEFAULT.max_objects, value_parser = above_0())]
    pub max_objects: u32,
    /// Commands in one batch.
    #[arg(long, env = "VWS_MAX_BATCH", value_name = "N", default_value_t = Limits::DEFAULT.max_batch, value_parser = above_0())]
    pub max_batch: u32,
    /// Events of one session that are kept; older ones are folded into a snapshot.
    #[arg(long, env = "VWS_MAX_HISTORY", value_name = "N", default_value_t = Limits::DEFAULT.max_history, value_parser = above_0())]
    pub max_history: u32,
    /// Time after which a session that nobody uses leaves memory, where its history is kept on disk; its next
    /// use loads it. 0 for never.
    #[arg(long, env = "VWS_IDLE_AFTER", value_name = "TIME", default_value_t = Limits::DEFAULT.idle_after)]
    pub idle_after: After,

    /// Bytes in the body of a request.
    #[arg(long, env = "VWS_MAX_BODY", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_body)]
    pub max_body: ByteSize,
    /// Bytes in a file that is imported.
    #[arg(long, env = "VWS_MAX_IMPORT", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_import)]
    pub max_import: ByteSize,
    /// Bytes in a model that is uploaded.
    #[arg(long, env = "VWS_MAX_ASSET", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_asset)]
    pub max_asset: ByteSize,
    /// Models of one session.
    #[arg(long, env = "VWS_MAX_ASSETS", value_name = "N", default_value_t = Limits::DEFAULT.max_assets, value_parser = above_0())]
    pub max_assets: u32,
    /// Bytes of the models of one session.
    #[arg(long, env = "VWS_MAX_SESSION_ASSETS", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_session_assets)]
    pub max_session_assets: ByteSize,
    /// Bytes of the models of all sessions: of disk or, with --ephemeral, of memory. What a fork shares with its origin
    /// counts once.
    #[arg(long, env = "VWS_MAX_ALL_ASSETS", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_all_assets)]
    pub max_all_assets: ByteSize,
    /// Time for a file that is imported, or a model that is uploaded, to arrive.
    #[arg(long, env = "VWS_IMPORT_TIMEOUT", value_name = "TIME", default_value_t = Limits::DEFAULT.import_timeout)]
    pub import_timeout: Span,
    /// Imports, exports of histories and uploads of models at once; each may take as much memory as a session
    /// with its history, or as the model.
    #[arg(long, env = "VWS_MAX_TRANSFERS", value_name = "N", default_value_t = Limits::DEFAULT.max_transfers, value_parser = above_0())]
    pub max_transfers: u32,
    /// Bytes in the head of a request: request line and headers.
    #[arg(long, env = "VWS_MAX_HEAD", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_head)]
    pub max_head: ByteSize,
    /// Bytes in the path of a request.
    #[arg(long, env = "VWS_MAX_PATH", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_path)]
    pub max_path: ByteSize,
    /// Time for the head of a request to arrive, and for an idle connection to send its next one.
    #[arg(long, env = "VWS_HEAD_TIMEOUT", value_name = "TIME", default_value_t = Limits::DEFAULT.head_timeout)]
    pub head_timeout: Span,
    /// Time for the body of a request, and for a WebSocket message from a client, to arrive.
    #[arg(long, env = "VWS_BODY_TIMEOUT", value_name = "TIME", default_value_t = Limits::DEFAULT.body_timeout)]
    pub body_timeout: Span,
    /// Time in which a connection that has something to read must take some of it.
    #[arg(long, env = "VWS_STALL_TIMEOUT", value_name = "TIME", default_value_t = Limits::DEFAULT.stall_timeout)]
    pub stall_timeout: Span,
    /// Memory of the process from which on nothing new is begun: sessions, objects, imports, models, and joins to sessions
    /// that are not in memory. Reads, deletions and all else go on. auto is four fifths of what the machine or the
    /// container has, 0 any amount.
    #[arg(long, env = "VWS_MAX_MEMORY", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_memory)]
    pub max_memory: MemoryBound,
    /// Time for requests and streams to end after SIGTERM or SIGINT.
    #[arg(long, env = "VWS_SHUTDOWN_GRACE", value_name = "TIME", default_value_t = Limits::DEFAULT.shutdown_grace)]
    pub shutdown_grace: Span,

    /// Connections at once, WebSockets included.
    #[arg(long, env = "VWS_MAX_CONNECTIONS", value_name = "N", default_value_t = Limits::DEFAULT.max_connections, value_parser = above_0())]
    pub max_connections: u32,
    /// Connections of one address at once, or of one /64 network of IPv6. What a trusted proxy passes on counts for the
    /// address that it tells, request by request. [default: 1000, and any number for the machine itself]
    #[arg(long, env = "VWS_MAX_ADDRESS_CONNECTIONS", value_name = "N", value_parser = above_0())]
    pub max_address_connections: Option<u32>,
    /// WebSockets and event streams of one session at once.
    #[arg(long, env = "VWS_MAX_SESSION_CONNECTIONS", value_name = "N", default_value_t = Limits::DEFAULT.max_session_connections, value_parser = above_0())]
    pub max_session_connections: u32,
    /// What a socket's kernel buffer takes before the server hears that its client is slow. Linux
    /// doubles it for its own book-keeping.
    #[arg(long, env = "VWS_SEND_BUFFER", value_name = "SIZE", default_value_t = Limits::DEFAULT.send_buffer)]
    pub send_buffer: ByteSize,

    /// Bytes in one WebSocket message from a client.
    #[arg(long, env = "VWS_MAX_MESSAGE", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_message)]
    pub max_message: ByteSize,
    /// Commands a second that one WebSocket may send in the long run.
    #[arg(long, env = "VWS_COMMAND_RATE", value_name = "N", default_value_t = Limits::DEFAULT.command_rate, value_parser = above_0())]
    pub command_rate: u32,
    /// Commands that one WebSocket may send at once after a rest.
    #[arg(long, env = "VWS_COMMAND_BURST", value_name = "N", default_value_t = Limits::DEFAULT.command_burst, value_parser = above_0())]
    pub command_burst: u32,
    /// Time for a WebSocket client to say hello.
    #[arg(long, env = "VWS_HELLO_TIMEOUT", value_name = "TIME", default_value_t = Limits::DEFAULT.hello_timeout)]
    pub hello_timeout: Span,
    /// Time between signs of life that the server sends on an idle stream.
    #[arg(long, env = "VWS_PING_INTERVAL", value_name = "TIME", default_value_t = Limits::DEFAULT.ping_interval)]
    pub ping_interval: Span,
    /// Time without any byte from a WebSocket client after which it counts as gone.
    #[arg(long, env = "VWS_DEAD_AFTER", value_name = "TIME", default_value_t = Limits::DEFAULT.dead_after)]
    pub dead_after: Span,

    /// Recent events of one session that live subscribers read from. One that falls behind them gets
    /// a snapshot.
    #[arg(long, env = "VWS_FEED_EVENTS", value_name = "N", default_value_t = Limits::DEFAULT.feed_events, value_parser = above_0())]
    pub feed_events: u32,
    /// Bytes of those events; the smaller of the two bounds holds.
    #[arg(long, env = "VWS_FEED_BYTES", value_name = "SIZE", default_value_t = Limits::DEFAULT.feed_bytes)]
    pub feed_bytes: ByteSize,
    /// WebSockets of one session that one task writes to. Where there are more, and cores for it, further tasks share
    /// them.
    #[arg(long, env = "VWS_FEED_SHARD", value_name = "N", default_value_t = Limits::DEFAULT.feed_shard, value_parser = above_0())]
    pub feed_shard: u32,
    /// Time between two writes to all who follow a session, so that what comes meanwhile goes together. It costs as
    /// much time of each event and saves work under load; without it what comes during a write goes with the next
    /// one. 0 for none.
    #[arg(long, env = "VWS_FEED_TICK", value_name = "TIME", default_value_t = Limits::DEFAULT.feed_tick)]
    pub feed_tick: After,
    /// Bytes that wait in the server for one subscriber.
    #[arg(long, env = "VWS_MAX_BACKLOG", value_name = "SIZE", default_value_t = Limits::DEFAULT.max_backlog)]
    pub max_backlog: ByteSize,

    /// Answers kept under their Idempotency-Key; the oldest are forgotten first.
    #[arg(long, env = "VWS_IDEMPOTENCY_KEYS", value_name = "N", default_value_t = Limits::DEFAULT.idempotency_keys, value_parser = above_0())]
    pub idempotency_keys: u32,
    /// Bytes of those answers; the smaller of the two bounds holds.
    #[arg(long, env = "VWS_IDEMPOTENCY_BYTES", value_name = "SIZE", default_value_t = Limits::DEFAULT.idempotency_bytes)]
    pub idempotency_bytes: ByteSize,
}

impl Limits {
    /// Connections of one address at once, where nothing else is said and it is not the machine's own.
    pub const ADDRESS_CONNECTIONS: u32 = 1_000;

    /// The bounds that hold where nothing else is said: the one place of their values.
    pub const DEFAULT: Self = Self {
        max_sessions: 100_000,
        max_objects: 100_000,
        max_batch: 1_000,
        max_history: 1_000_000,
        idle_after: After::some(Span::seconds(300)),
        max_body: ByteSize::mib(1),
        max_import: ByteSize::mib(64),
        max_asset: ByteSize::mib(16),
        max_assets: 1_000,
        max_session_assets: ByteSize::mib(256),
        max_all_assets: ByteSize::mib(4_096),
        import_timeout: Span::seconds(120),
        max_transfers: 8,
        max_head: ByteSize::kib(16),
        max_path: ByteSize::kib(2),
        head_timeout: Span::seconds(10),
        body_timeout: Span::seconds(10),
        stall_timeout: Span::seconds(30),
        max_memory: MemoryBound::Auto,
        shutdown_grace: Span::seconds(5),
        max_connections: 20_000,
        max_address_connections: None,
        max_session_connections: 10_000,
        send_buffer: ByteSize::kib(128),
        max_message: ByteSize::mib(1),
        command_rate: 2_000,
        command_burst: 4_000,
        hello_timeout: Span::seconds(5),
        ping_interval: Span::seconds(15),
        dead_after: Span::seconds(45),
        feed_events: 16_384,
        feed_bytes: ByteSize::mib(8),
        feed_shard: 1_024,
        feed_tick: After::none(),
        max_backlog: ByteSize::kib(256),
        idempotency_keys: 10_000,
        idempotency_bytes: ByteSize::mib(16),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

fn above_0() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=u64::from(u32::MAX))
}

/// So many servers as can agree while one of them is away, or one alone.
fn replicas(value: &str) -> Result<usize, String> {
    match value {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("expected 1 or 3".to_owned()),
    }
}

/// The first address that `value` names. `localhost:8080` works as well as `127.0.0.1:8080`.
fn listen_address(value: &str) -> Result<SocketAddr, String> {
    let wanted = "expected ADDR:PORT such as 127.0.0.1:8080";
    let mut addresses = value.to_socket_addrs().map_err(|error| format!("{error}; {wanted}"))?;
    addresses.next().ok_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu9_flags_that_do_not_go_with_nats_are_refused() {
        let url = || vec!["nats://a.example".parse().unwrap_or_else(|never| match never {})];
        let base = || Config { ephemeral: false, ..Config::default() };
        let with = Config { nats: url(), ..base() };
        assert!(matches!(with.storage(), Ok(Storage::Nats(_))));
        assert_eq!(with.durability(), "nats");
        for (config, flag) in [
            (Config { ephemeral: true, ..with.clone() }, "--ephemeral"),
            (Config { data: Some("data".into()), ..with.clone() }, "--data"),
            (Config { durability: Some(Durability::Sync), ..with }, "--durability sync"),
        ] {
            assert_eq!(config.storage(), Err(Contradiction::NotInNats(flag)));
        }
        for (config, flag) in [
            (Config { nats_prefix: Some(Prefix::default()), ..base() }, "--nats-prefix"),
            (Config { nats_replicas: Some(3), ..base() }, "--nats-replicas"),
            (Config { nats_creds: Some("a.creds".into()), ..base() }, "--nats-creds"),
            (Config { nats_ca: Some("ca.pem".into()), ..base() }, "--nats-ca"),
        ] {
            assert_eq!(config.storage(), Err(Contradiction::WithoutNats(flag)));
        }
        assert_eq!([replicas("1"), replicas("3")], [Ok(1), Ok(3)]);
        assert!(replicas("2").is_err());
    }
}
