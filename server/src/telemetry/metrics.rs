//! Counters and gauges in the text format of Prometheus.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::RwLock;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use vws_core::Command;

use super::memory::{Watermark, resident_bytes};
use super::sharded::Tally;
use crate::assets::Assets;
use crate::cluster::Cluster;
use crate::log::EventLog;

/// What is counted while a server runs. Each server has its own, so that two in one process do not
/// mix. No label takes a client's text: the number of series is bounded.
pub struct Metrics {
    registry: Registry,
    connections: Gauge,
    connections_refused: Counter,
    handshakes_failed: Counter,
    requests: Family<RequestLabels, Tally>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// The series that there are of both, found by method and status and then by route without a copy of it.
    answered: RwLock<HashMap<(&'static str, u16), ByRoute>>,
    commands: Family<CommandLabels, Tally>,
    /// Those of `commands` that are counted most, by their type.
    accepted: [OnceLock<Tally>; Command::TYPES.len()],
    events: Tally,
    appends: Tally,
    conflicts: Counter,
    events_followed: Counter,
    sessions: Gauge,
    sessions_loaded: Gauge,
    session_bytes: Family<HeldLabels, Gauge>,
    session_bytes_most: Family<HeldLabels, Gauge>,
    resident_bytes: Gauge,
    memory_max_bytes: Gauge,
    memory_low: Gauge,
    session_load_seconds: Histogram,
    session_evictions: Counter,
    subscribers: Gauge,
    lobby_subscribers: Gauge,
    feed_lag: Histogram,
    resyncs: Counter,
    backups: Family<BackupLabels, Counter>,
    websockets_ended: Family<EndingLabels, Counter>,
    tasks: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BackupLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndingLabels {
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabels {
    r#type: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HeldLabels {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// Counts one thing that is there for as long as this is held.
#[derive(Debug)]
pub struct Held(Gauge);

impl Held {
    /// One more, until it is dropped.
    #[must_use]
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

type ByRoute = HashMap<Box<str>, Answered>;

/// What counts the requests of one route, method and status.
struct Answered {
    requests: Tally,
    seconds: Histogram,
}

impl Answered {
    fn count(&self, took: f64) {
        self.requests.inc();
        self.seconds.observe(took);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::over(Registry::with_prefix("vws"))
    }
}

impl Metrics {
    /// With what a log, the assets and a cluster count beside.
    #[must_use]
    pub fn of(log: &dyn EventLog, assets: &Assets, cluster: Option<&Cluster>) -> Self {
        let mut registry = Registry::with_prefix("vws");
        log.register(&mut registry);
        assets.register(&mut registry);
        if let Some(cluster) = cluster {
            cluster.register(&mut registry);
        }
        Self::over(registry)
    }

    fn over(mut registry: Registry) -> Self {
        let connections = Gauge::default();
        registry.register("connections", "Open connections, WebSockets included", connections.clone());
        let connections_refused = Counter::default();
        registry.register(
            "connections_refused",
            "Connections turned away because there were too many",
            connections_refused.clone(),
        );
        let handshakes_failed = Counter::default();
        registry.register(
            "tls_handshakes_failed",
            "Connections that came to no TLS handshake in time, or to none at all",
            handshakes_failed.clone(),
        );
        let requests = Family::default();
        registry.register("http_requests", "Requests answered, by route and status", requests.clone());
        let request_seconds = Family::new_with_constructor(latencies as fn() -> Histogram);
        registry.register(
            "http_request_seconds",
            "Time from a request's head to the head of its answer",
            request_seconds.clone(),
        );
        let commands = Family::default();
        registry.register("commands", "Commands answered, by type and outcome", commands.clone());
        let events = Tally::default();
        registry.register("events", "Events applied and broadcast", events.clone());
        let appends = Tally::default();
        registry.register(
            "appends",
            "Times that a log was given events, of one command or several",
            appends.clone(),
        );
        let conflicts = Counter::default();
        registry.register(
            "commit_conflicts",
            "Times that commands were decided again because another server had written to their session",
            conflicts.clone(),
        );
        let events_followed = Counter::default();
        registry.register(
            "events_followed",
            "Events that other servers wrote and this one took in",
            events_followed.clone(),
        );
        let sessions = Gauge::default();
        registry.register("sessions", "Sessions", sessions.clone());
        let sessions_loaded = Gauge::default();
        registry.register("sessions_loaded", "Sessions that are in memory", sessions_loaded.clone());
        let session_load_seconds = latencies();
        registry.register(
            "session_load_seconds",
            "Time to load a session from the log",
            session_load_seconds.clone(),
        );
        let session_evictions = Counter::default();
        registry.register(
            "session_evictions",
            "Sessions that left memory because nobody used them",
            session_evictions.clone(),
        );
        let session_bytes = Family::default();
        registry.register(
            "session_bytes",
            "Bytes that the sessions in memory hold for those who follow them, about",
            session_bytes.clone(),
        );
        let session_bytes_most = Family::default();
        registry.register(
            "session_bytes_most",
            "Bytes of the session that holds most of them; /api/stats tells of each",
            session_bytes_most.clone(),
        );
        let resident_bytes = Gauge::default();
        registry.register("resident_bytes", "Bytes of memory that the process has", resident_bytes.clone());
        let memory_max_bytes = Gauge::default();
        registry.register(
            "memory_max_bytes",
            "Bytes of memory from which on nothing new is begun; 0 for any number",
            memory_max_bytes.clone(),
        );
        let memory_low = Gauge::default();
        registry.register(
            "memory_low",
            "1 while nothing new is begun for want of memory",
            memory_low.clone(),
        );
        let subscribers = Gauge::default();
        registry.register("subscribers", "Clients that follow a session", subscribers.clone());
        let lobby_subscribers = Gauge::default();
        registry.register("lobby_subscribers", "Clients that follow the lobby", lobby_subscribers.clone());
        let feed_lag = Histogram::new(exponential_buckets(1.0, 4.0, 8));
        registry.register(
            "feed_lag_events",
            "Events that waited at a turn of who writes a feed, or of a stream",
            feed_lag.clone(),
        );
        let resyncs = Counter::default();
        registry.register(
            "resyncs",
            "Subscribers that fell off their feed and got a snapshot",
            resyncs.clone(),
        );
        let backups = Family::<BackupLabels, Counter>::default();
        for outcome in ["whole", "cut_off"] {
            drop(backups.get_or_create(&BackupLabels { outcome }));
        }
        registry.register("backups", "Backups that were sent, by whether they were whole", backups.clone());
        let websockets_ended = Family::<EndingLabels, Counter>::default();
        for why in ["goodbye", "gone"] {
            drop(websockets_ended.get_or_create(&EndingLabels { why }));
        }
        registry.register(
            "websockets_ended",
            "WebSockets of sessions that ended, by the name of the server's close code, `goodbye` where the client \
             closed and `gone` where it did not say so",
            websockets_ended.clone(),
        );
        let tasks = Gauge::default();
        registry.register("tasks", "Tasks of the server that have not ended", tasks.clone());
        Self {
            registry,
            connections,
            connections_refused,
            handshakes_failed,
            requests,
            request_seconds,
            answered: RwLock::default(),
            commands,
            accepted: [const { OnceLock::new() }; Command::TYPES.len()],
            events,
            appends,
            conflicts,
            events_followed,
            sessions,
            sessions_loaded,
            session_bytes,
            session_bytes_most,
            resident_bytes,
            memory_max_bytes,
            memory_low,
            session_load_seconds,
            session_evictions,
            subscribers,
            lobby_subscribers,
            feed_lag,
            resyncs,
            backups,
            websockets_ended,
            tasks,
        }
    }
}

/// From 50 µs to 1.6 s, each bucket twice the one before.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.0, 16))
}

impl Metrics {
    /// A connection that is open for as long as the answer is held.
    pub(crate) fn connection(&self) -> Held {
        Held::new(&self.connections)
    }

    /// How many connections are open.
    pub(crate) fn open_connections(&self) -> u64 {
        u64::try_from(self.connections.get()).unwrap_or(0)
    }

    /// A connection was turned away.
    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// A connection was not secured.
    pub(crate) fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }

    /// A request was answered. `route` is the pattern that it matched, never its path.
    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let took = took.as_secs_f64();
        if let Some(series) = self.answered.read().get(&(method, status)).and_then(|of| of.get(route)) {
            series.count(took);
            return;
        }
        let labels = RequestLabels { method, route: route.to_owned(), status };
        let route_labels = RouteLabels { route: route.to_owned() };
        let series = Answered {
            requests: self.requests.get_or_create_owned(&labels),
            seconds: self.request_seconds.get_or_create_owned(&route_labels),
        };
        series.count(took);
        self.answered.write().entry((method, status)).or_default().insert(route.into(), series);
    }

    /// A command was answered: `unchanged` or the code of its refusal. Its type is told by its place among all.
    pub(crate) fn command(&self, r#type: usize, outcome: &'static str) {
        self.commands.get_or_create(&CommandLabels { r#type: Command::TYPES[r#type], outcome }).inc();
    }

    /// A command has taken effect.
    pub(crate) fn command_accepted(&self, r#type: usize) {
        let labels = || CommandLabels { r#type: Command::TYPES[r#type], outcome: "accepted" };
        self.accepted[r#type].get_or_init(|| self.commands.get_or_create_owned(&labels())).inc();
    }

    /// Events were applied and broadcast.
    pub(crate) fn events(&self, count: usize) {
        self.events.inc_by(count as u64);
    }

    /// A log was given events.
    pub(crate) fn append(&self) {
        self.appends.inc();
    }

    /// Commands are decided again: another process has written before them.
    pub(crate) fn conflict(&self) {
        self.conflicts.inc();
    }

    /// Events of other processes were taken in.
    pub(crate) fn events_of_others(&self, count: usize) {
        self.events_followed.inc_by(count as u64);
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self, count: usize) {
        self.sessions.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A session that is in memory for as long as the answer is held.
    pub(crate) fn session_in_memory(&self) -> Held {
        Held::new(&self.sessions_loaded)
    }

    /// What the sessions in memory hold of one kind, each, and what the process has.
    pub(crate) fn holds(&self, what: &'static str, each: impl Iterator<Item = usize> + Clone) {
        let labels = HeldLabels { what };
        let number = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.session_bytes.get_or_create(&labels).set(number(each.clone().sum()));
        self.session_bytes_most.get_or_create(&labels).set(number(each.max().unwrap_or(0)));
        let resident = resident_bytes().unwrap_or(0);
        self.resident_bytes.set(i64::try_from(resident).unwrap_or(i64::MAX));
    }

    /// What is known of the memory's bound.
    pub(crate) fn memory(&self, watermark: &Watermark) {
        self.memory_max_bytes.set(i64::try_from(watermark.max().unwrap_or(0)).unwrap_or(i64::MAX));
        self.memory_low.set(watermark.is_low().into());
    }

    /// A session was loaded from the log.
    pub(crate) fn session_loaded(&self, took: Duration) {
        self.session_load_seconds.observe(took.as_secs_f64());
    }

    /// A session has left memory.
    pub(crate) fn session_evicted(&self) {
        self.session_evictions.inc();
    }

    /// A client that follows a session for as long as the answer is held.
    pub(crate) fn subscriber(&self) -> Held {
        Held::new(&self.subscribers)
    }

    /// A client that follows the lobby for as long as the answer is held.
    pub(crate) fn lobby_subscriber(&self) -> Held {
        Held::new(&self.lobby_subscribers)
    }

    /// How many events waited for a subscriber.
    pub(crate) fn feed_lag(&self, events: u64) {
        if events > 0 {
            self.feed_lag.observe(events as f64);
        }
    }

    /// A subscriber fell off its feed.
    pub(crate) fn resync(&self) {
        self.resyncs.inc();
    }

    /// A backup was sent, `whole` or `cut_off`.
    pub(crate) fn backup(&self, outcome: &'static str) {
        self.backups.get_or_create(&BackupLabels { outcome }).inc();
    }

    /// A WebSocket of a session has ended.
    pub(crate) fn websocket_ended(&self, why: &'static str) {
        self.websockets_ended.get_or_create(&EndingLabels { why }).inc();
    }

    /// How many tasks the server has, by the runtime that runs it.
    pub(crate) fn tasks(&self, count: usize) {
        self.tasks.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// All of it as Prometheus reads it.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
