//! Histories in NATS JetStream, which any number of processes write to.
//!
//! # Layout
//! - `layout`: what lies where, and what is written on it.
//! - `publish`: one message into a stream, once; `get`: what a stream has, from the server that leads it.
//! - `head`: what this process knows of a history; `append`: how it begins, grows and ends; `read`: its events.
//! - `bodies`: what is too large for a message; `snapshots`: checkpoints, and what is let go of because of them.
//! - `directory`: the set of sessions; `follow`: what comes to a history.
//!
//! # What is relied on
//! The order of a stream is the order of its histories. JetStream takes a message only where the last one of its subject
//! is the one that its writer has seen, so of two who write at once one is refused. Where several servers keep the stream
//! this is judged by the one that leads it, before they agree on the order; two may be let in while the lead passes on.
//! The second of them is told by its place, and counts for nobody: not for its writer, who looks, nor for any reader.

mod append;
mod bodies;
mod counts;
mod directory;
mod follow;
mod get;
mod head;
mod layout;
mod publish;
mod read;
mod snapshots;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use async_nats::jetstream::stream::Config;
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};
use vws_core::{EventRecord, Millis, Seq, SessionId, SessionInfo, Snapshot};

use self::counts::Counts;
use self::head::Heads;
use self::layout::Layout;
use super::{
    Appending, BoxFuture, Checkpoint, Directory, EventLog, Following, Health, Hold, Listed, LogError,
    SharedLog,
};
use crate::nats::{Connection, REACH_FOR};

/// A page of messages that takes longer than this does not come.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Why what is in NATS cannot be used.
#[derive(Debug, Error)]
pub enum NatsOpenError {
    /// A stream cannot be made or looked at.
    #[error("stream {stream} in NATS: {reason}")]
    Stream {
        /// Which.
        stream: String,
        /// What NATS says.
        reason: String,
    },
    /// A stream of that name is there, and is another one.
    #[error("stream {stream} in NATS is not one of VWS's: {wrong} differ; choose another --nats-prefix")]
    Foreign {
        /// Which.
        stream: String,
        /// In what.
        wrong: &'static str,
    },
}

/// Histories in NATS JetStream. Any number of processes may have them open.
#[derive(Debug)]
pub struct NatsLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connection: Connection,
    layout: Layout,
    /// Several servers keep the streams.
    replicated: bool,
    counts: Counts,
    /// Guards what is known of histories; held for one look-up.
    heads: Mutex<Heads>,
    /// Sessions with events that lists do not tell of yet; guarded for one insertion.
    changed: Mutex<HashMap<SessionId, SessionInfo>>,
    /// Lists are to tell of something at once.
    hurry: Arc<Notify>,
    closed: AtomicBool,
    /// What messages of this process are called, with a number each.
    name: String,
    sent: AtomicU64,
}

impl Shared {
    /// What a message is called that no other one is called.
    fn next_id(&self) -> String {
        format!("{}-{}", self.name, self.sent.fetch_add(1, Ordering::Relaxed))
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

/// Milliseconds since 1970.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl NatsLog {
    /// Opens what is in NATS under the connection's prefix, and sets it up where nothing is there yet.
    ///
    /// # Errors
    /// [`NatsOpenError`].
    pub async fn open(connection: Connection) -> Result<Self, NatsOpenError> {
        let layout = Layout::new(connection.prefix());
        let deadline = Instant::now() + REACH_FOR;
        let mut replicated = false;
        for config in layout.streams(connection.replicas()) {
            replicated |= set_up(&connection, config, deadline).await?;
        }
        Ok(Self::over(connection, layout, replicated))
    }

    fn over(connection: Connection, layout: Layout, replicated: bool) -> Self {
        let shared = Arc::new(Shared {
            connection,
            layout,
            replicated,
            counts: Counts::default(),
            heads: Mutex::default(),
            changed: Mutex::default(),
            hurry: Arc::default(),
            closed: AtomicBool::new(false),
            name: uuid::Uuid::now_v7().simple().to_string(),
            sent: AtomicU64::new(0),
        });
        tokio::spawn(directory::keep(Arc::downgrade(&shared)));
        Self(shared)
    }

    /// What it goes over.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.0.connection
    }
}

/// Makes a stream where there is none. Answers whether several servers keep it. A cluster that comes up may take its time.
async fn set_up(connection: &Connection, wanted: Config, deadline: Instant) -> Result<bool, NatsOpenError> {
    let stream = wanted.name.clone();
    let found = loop {
        match connection.jetstream().get_or_create_stream(wanted.clone()).await {
            Ok(made) => break made.cached_info().config.clone(),
            Err(error) if Instant::now() >= deadline => {
                return Err(NatsOpenError::Stream { stream, reason: error.to_string() });
            }
            Err(error) => debug!(nats.stream = stream, %error, "not set up yet"),
        }
        sleep(Duration::from_millis(500)).await;
    };
    let wrong = [
        ("its subjects", found.subjects != wanted.subjects),
        ("what it tells on", found.republish != wanted.republish),
        ("how long it keeps what it has", found.max_age != wanted.max_age),
        ("how much of a subject it keeps", found.max_messages_per_subject != wanted.max_messages_per_subject),
        ("what goes when it is full", found.discard != wanted.discard),
    ];
    if let Some((wrong, _)) = wrong.into_iter().find(|(_, differs)| *differs) {
        return Err(NatsOpenError::Foreign { stream, wrong });
    }
    if found.num_replicas != wanted.num_replicas {
        let (found, asked) = (found.num_replicas, wanted.num_replicas);
        warn!(
            nats.stream = stream,
            found, asked, "the stream keeps its number of replicas; `nats stream edit` changes it"
        );
    }
    info!(nats.stream = stream, replicas = found.num_replicas, "stream in NATS");
    Ok(found.num_replicas > 1)
}

impl EventLog for NatsLog {
    fn create(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let session = base.session.session_id;
            self.0.begin(base).await?;
            let listed = self.0.list_new(session).await;
            if listed.is_err()
                && let Err(error) = self.0.delete(session, None).await
            {
                warn!(session.id = %session, %error, "a session that no list tells of is left in NATS");
            }
            listed
        })
    }

    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        Appending::Later(Box::pin(Arc::clone(&self.0).append(session, after, batch.to_vec())))
    }

    fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        Box::pin(async move { self.0.read(&self.0.head(session), after, limit).await })
    }

    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(self.0.save(checkpoint))
    }

    fn checkpoint_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        Box::pin(self.0.checkpoint_at(session, at))
    }

    fn trim(&self, session: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(self.0.trim(session, through))
    }

    fn hold(&self, session: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        Box::pin(async move { Ok(Box::new(self.0.hold(session).await?) as Hold) })
    }

    fn delete(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(self.0.delete(session, None))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        Box::pin(self.0.list())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.0.tell_of_changes().await;
            self.0.closed.store(true, Ordering::Relaxed);
            self.0.hurry.notify_one();
            Ok(())
        })
    }

    fn begin(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(self.0.begin(base))
    }

    fn finish(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(self.0.list_new(session))
    }

    fn shared(&self) -> Option<&dyn SharedLog> {
        Some(self)
    }

    fn health(&self) -> Health {
        Health { is_refusing: !self.is_within_reach(), recovered: None }
    }

    fn register(&self, registry: &mut Registry) {
        self.0.counts.register(registry);
        self.0.connection.register(registry);
    }
}

impl SharedLog for NatsLog {
    fn follow(&self, session: SessionId) -> BoxFuture<'_, Result<Following, LogError>> {
        Box::pin(self.0.follow(session))
    }

    fn directory(&self) -> BoxFuture<'_, Result<Directory, LogError>> {
        Box::pin(self.0.directory())
    }

    fn delete_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(self.0.delete(session, Some(at)))
    }

    fn is_within_reach(&self) -> bool {
        self.0.connection.is_connected() && !self.0.counts.is_refusing()
    }
}
