//! The set of sessions.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use parking_lot::RwLock;
use tracing::{Instrument, error, info};
use uuid::Uuid;
use vws_core::command::Change;
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::transfer::{Beginning, Imported};
use vws_core::{DisplayName, Epoch, Millis, Rejection, Session, SessionId, SessionInfo};

use super::live::Past;
use super::{LiveSession, Lobby, Moment, StoreError, now, transfer};
use crate::config::Limits;
use crate::log::EventLog;
use crate::telemetry::Metrics;

/// The bounds of a store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The bounds of each session's content.
    pub model: ModelLimits,
    /// Sessions at once.
    pub max_sessions: usize,
    /// Those who may follow one session at once.
    pub max_subscribers: usize,
    /// Events of one session that are kept.
    pub max_history: u64,
    /// Recent events of one session that subscribers read from.
    pub feed_events: usize,
    /// Bytes of them, about.
    pub feed_bytes: usize,
}

impl From<&Limits> for StoreConfig {
    fn from(limits: &Limits) -> Self {
        Self {
            model: ModelLimits {
                objects_per_session: limits.max_objects,
                commands_per_batch: limits.max_batch,
            },
            max_sessions: limits.max_sessions as usize,
            max_subscribers: limits.max_session_connections as usize,
            max_history: limits.max_history.into(),
            feed_events: limits.feed_events as usize,
            feed_bytes: limits.feed_bytes.as_usize(),
        }
    }
}

/// The sessions of a server. Sessions share nothing that is written on the way of a command.
#[derive(Clone)]
pub struct SessionStore(Arc<Inner>);

struct Inner {
    log: Arc<dyn EventLog>,
    config: StoreConfig,
    metrics: Arc<Metrics>,
    /// Guards the set; held for one look-up, one page or one change of the set.
    sessions: RwLock<BTreeMap<SessionId, Arc<LiveSession>>>,
    /// Orders creations and deletions, which wait for the log.
    lifecycle: tokio::sync::Mutex<()>,
    lobby: Arc<Lobby>,
    /// The last epoch that was given out; they only rise.
    epoch: AtomicU64,
}

impl std::fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionStore").field("sessions", &self.count()).finish_non_exhaustive()
    }
}

impl SessionStore {
    /// A store without sessions over a log without any.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, config: StoreConfig, metrics: Arc<Metrics>) -> Self {
        let epoch = now();
        Self(Arc::new(Inner {
            log,
            config,
            metrics,
            sessions: RwLock::default(),
            lifecycle: tokio::sync::Mutex::default(),
            lobby: Arc::new(Lobby::new(epoch)),
            epoch: AtomicU64::new(epoch),
        }))
    }

    /// Makes a session, empty, with the default world. It is made whole even when the caller stops
    /// waiting for it.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for an invalid name, [`StoreError::TooManySessions`], or the log's.
    pub async fn create(&self, name: Option<&str>) -> Result<SessionInfo, StoreError> {
        let name = name.map(|name| DisplayName::new("name", name)).transpose();
        let name = name.map_err(|error| Rejection::at("/name", error))?;
        let inner = Arc::clone(&self.0);
        to_the_end(async move { inner.create(name).await }).await
    }

    /// Makes a session that begins as another one was at a moment, under a name of its own or under the one
    /// that it had then.
    ///
    /// # Errors
    /// As for [`create`](Self::create) and [`LiveSession::at`].
    pub async fn fork(
        &self,
        id: SessionId,
        moment: Option<Moment>,
        name: Change<String>,
    ) -> Result<SessionInfo, StoreError> {
        let name = match name {
            Change::Keep => Change::Keep,
            Change::Reset => Change::Reset,
            Change::Set(name) => {
                Change::Set(DisplayName::new("name", &name).map_err(|error| Rejection::at("/name", error))?)
            }
        };
        let live = self.get(id)?;
        let moment = moment.unwrap_or_else(|| Moment::Seq(live.read(State::seq)));
        let origin = live.at(moment).await?;
        let inner = Arc::clone(&self.0);
        to_the_end(async move {
            let name = match name {
                Change::Keep => origin.name().cloned(),
                Change::Reset => None,
                Change::Set(name) => Some(name),
            };
            inner.begin(|id, at, epoch| origin.fork(id, name, at, epoch)).await
        })
        .await
    }

    /// Makes a session of a file, with the history that the file has. Nothing of it is there when the log
    /// does not take all of it.
    ///
    /// # Errors
    /// [`StoreError::TooManySessions`], or the log's.
    pub async fn import(&self, file: Imported) -> Result<SessionInfo, StoreError> {
        let inner = Arc::clone(&self.0);
        to_the_end(async move { inner.import(file).await }).await
    }

    /// The session of that id.
    ///
    /// # Errors
    /// `session_not_found`.
    pub fn get(&self, id: SessionId) -> Result<Arc<LiveSession>, StoreError> {
        self.0.sessions.read().get(&id).cloned().ok_or_else(|| StoreError::not_found(id))
    }

    /// At most `limit` sessions in the order of their creation, after the one named.
    #[must_use]
    pub fn list(&self, after: Option<SessionId>, limit: usize) -> Vec<Arc<LiveSession>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.0
            .sessions
            .read()
            .range((from, Bound::Unbounded))
            .take(limit)
            .map(|(_, live)| Arc::clone(live))
            .collect()
    }

    /// Ends a session: its objects, world, history and streams. It ends whole even when the caller
    /// stops waiting for it.
    ///
    /// # Errors
    /// `session_not_found`, or the log's; the session is there as before then.
    pub async fn delete(&self, id: SessionId) -> Result<(), StoreError> {
        let live = self.get(id)?;
        let inner = Arc::clone(&self.0);
        to_the_end(async move { inner.delete(&live).await }).await
    }

    /// How many sessions there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// The stream of creations and deletions.
    #[must_use]
    pub fn lobby(&self) -> &Arc<Lobby> {
        &self.0.lobby
    }
}

impl Inner {
    async fn create(&self, name: Option<DisplayName>) -> Result<SessionInfo, StoreError> {
        self.begin(|id, at, epoch| Session::new(id, name, at, epoch)).await
    }

    /// Takes a new session in, which `make` gives its state before its first event.
    async fn begin(
        &self,
        make: impl FnOnce(SessionId, Millis, Epoch) -> Session,
    ) -> Result<SessionInfo, StoreError> {
        let _alone = self.lifecycle.lock().await;
        self.room()?;
        let session = make(new_id(), now(), self.next_epoch());
        self.log.create(session.snapshot()).await?;
        let past = Past { kept_after: session.seq(), last_at: 0 };
        Ok(self.enter(session, past))
    }

    async fn import(&self, file: Imported) -> Result<SessionInfo, StoreError> {
        self.room()?;
        let Beginning { base, events, head } = file.begin(new_id(), now(), self.next_epoch());
        let past = Past { kept_after: base.session.seq, last_at: events.last().map_or(0, |event| event.at) };
        // A long history takes its time: others make and end sessions meanwhile.
        transfer::write(&*self.log, base, &events).await?;
        let _alone = self.lifecycle.lock().await;
        if let Err(full) = self.room() {
            self.log.delete(head.id()).await?;
            return Err(full);
        }
        Ok(self.enter(head, past))
    }

    /// Refuses when there are as many sessions as there may be.
    fn room(&self) -> Result<(), StoreError> {
        let max = self.config.max_sessions;
        if self.count() < max { Ok(()) } else { Err(StoreError::TooManySessions { max }) }
    }

    /// Shows a session that the log has.
    fn enter(&self, session: Session, past: Past) -> SessionInfo {
        let (id, info) = (session.id(), session.info());
        let (lobby, metrics) = (Arc::clone(&self.lobby), Arc::clone(&self.metrics));
        let live = LiveSession::new(session, past, Arc::clone(&self.log), &self.config, lobby, metrics);
        self.sessions.write().insert(id, Arc::new(live));
        self.metrics.sessions(self.count());
        self.lobby.created(&info);
        info!(session.id = %id, "session created");
        info
    }

    async fn delete(&self, live: &LiveSession) -> Result<(), StoreError> {
        let id = live.id();
        let _alone = self.lifecycle.lock().await;
        live.end().await?;
        self.sessions.write().remove(&id);
        self.metrics.sessions(self.count());
        self.lobby.deleted(id, now());
        info!(session.id = %id, "session deleted");
        Ok(())
    }

    fn count(&self) -> usize {
        self.sessions.read().len()
    }

    /// Milliseconds since 1970 or, where the clock stands or goes back, one more than the last.
    fn next_epoch(&self) -> Epoch {
        let now = now();
        let next = |last: u64| Some(now.max(last + 1));
        self.epoch
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .map_or(now, |last| now.max(last + 1))
    }
}

/// Version 7 of one process rises strictly, so that the order of ids is that of creation.
fn new_id() -> SessionId {
    SessionId::from_uuid(Uuid::now_v7())
}

/// Does `work` whether the caller waits for it or not, so that log and memory never part: at once
/// where nothing waits, else in a task of its own.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let mut work = Box::pin(work.in_current_span());
    if let Poll::Ready(done) = futures_util::poll!(work.as_mut()) {
        return done;
    }
    tokio::spawn(work).await.unwrap_or_else(|failed| {
        error!(error = %failed, "a change of the sessions did not end");
        Err(StoreError::LogUnavailable("the change did not end".to_owned()))
    })
}
