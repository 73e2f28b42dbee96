//! The set of sessions.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::task::spawn_blocking;
use tracing::{Instrument, error, info};
use uuid::Uuid;
use vws_core::command::Change;
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::transfer::{Beginning, Imported};
use vws_core::{DisplayName, Epoch, Millis, Rejection, Seq, Session, SessionId, SessionInfo};

use super::cold::{Known, Slot};
use super::directory::follow_directory;
use super::idle::sweep;
use super::live::Past;
use super::turns::Turns;
use super::{LiveSession, Lobby, Moment, StoreError, Usage, now, transfer};
use crate::assets::{Assets, Bounds};
use crate::config::Limits;
use crate::log::{Checkpoint, EventLog, Health, Listed};
use crate::telemetry::{Metrics, Watermark};

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
    /// Time after which a session that nobody uses leaves memory; `None` for never.
    pub idle_after: Option<Duration>,
    /// Recent events of one session that subscribers read from.
    pub feed_events: usize,
    /// Bytes of them, about.
    pub feed_bytes: usize,
    /// Whether there is memory for something new.
    pub memory: Arc<Watermark>,
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
            idle_after: limits.idle_after.get(),
            feed_events: limits.feed_events as usize,
            feed_bytes: limits.feed_bytes.as_usize(),
            memory: Arc::new(Watermark::new(limits.max_memory.bytes())),
        }
    }
}

/// The sessions of a server. Sessions share nothing that is written on the way of a command.
///
/// A session whose history is in the log and that nobody has used yet is *cold*: only what lists tell of it is
/// in memory. Its first use loads it.
#[derive(Clone)]
pub struct SessionStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) assets: Arc<Assets>,
    pub(super) config: StoreConfig,
    pub(super) metrics: Arc<Metrics>,
    /// Guards the set; held for one look-up, one page or one change of the set.
    pub(super) sessions: RwLock<BTreeMap<SessionId, Slot>>,
    /// Places that are taken: by sessions, and by those that are being made.
    taken: AtomicUsize,
    /// Orders loading, eviction and deletion of one session, which wait for the log.
    pub(super) turns: Turns,
    pub(super) lobby: Arc<Lobby>,
    /// The last epoch that was given out; they only rise.
    epoch: AtomicU64,
}

impl std::fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionStore").field("sessions", &self.count()).finish_non_exhaustive()
    }
}

impl SessionStore {
    /// A store over a log, with the sessions that the log has. None of them is loaded. Their assets are in memory.
    ///
    /// # Errors
    /// The log's, when it cannot tell its sessions.
    pub async fn open(
        log: Arc<dyn EventLog>,
        config: StoreConfig,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let assets = Arc::new(Assets::in_memory(Bounds::from(&Limits::DEFAULT)));
        Self::with_assets(log, assets, config, metrics).await
    }

    /// The same with the assets that the sessions have. Those of sessions that are not there any more are let go of.
    ///
    /// # Errors
    /// The log's, when it cannot tell its sessions.
    pub async fn with_assets(
        log: Arc<dyn EventLog>,
        assets: Arc<Assets>,
        config: StoreConfig,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        // Before they are listed, so that nothing is missed between.
        let directory = match log.shared() {
            Some(shared) => Some(shared.directory().await?),
            None => None,
        };
        let listed = log.list().await?;
        // Above every epoch there was, also where the clock was set back since.
        let epoch = listed.iter().map(|listed| listed.info.epoch + 1).max().unwrap_or(0).max(now());
        let damaged = listed.iter().filter(|listed| listed.damaged.is_some()).count();
        let slots = listed.into_iter().map(|listed| (listed.info.session_id, Slot::of(listed)));
        let sessions: BTreeMap<_, _> = slots.collect();
        if !sessions.is_empty() {
            info!(sessions = sessions.len(), damaged, "sessions found in the log");
        }
        metrics.sessions(sessions.len());
        let there: HashSet<SessionId> = sessions.keys().copied().collect();
        let keeping = Arc::clone(&assets);
        let kept = spawn_blocking(move || keeping.keep_only(|id| there.contains(&id))).await;
        kept.map_err(|failed| StoreError::LogUnavailable(failed.to_string()))?;
        let inner = Arc::new(Inner {
            log,
            assets,
            config,
            metrics,
            taken: AtomicUsize::new(sessions.len()),
            sessions: RwLock::new(sessions),
            turns: Turns::default(),
            lobby: Arc::new(Lobby::new(epoch)),
            epoch: AtomicU64::new(epoch),
        });
        if let Some(idle_after) = inner.config.idle_after.filter(|_| !inner.log.is_in_memory()) {
            tokio::spawn(sweep(Arc::downgrade(&inner), idle_after));
        }
        if let Some(directory) = directory {
            tokio::spawn(follow_directory(Arc::downgrade(&inner), directory));
        }
        Ok(Self(inner))
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
        to_the_end(async move { inner.begin(|id, at, epoch| Session::new(id, name, at, epoch)).await }).await
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
        // Before anything is read for it.
        self.0.there_is_memory()?;
        let live = self.get(id).await?;
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

    /// The session of that id, loaded where it is not in memory. It stays there for as long as the answer is
    /// held.
    ///
    /// # Errors
    /// `session_not_found`, [`StoreError::SessionDamaged`], or the log's.
    pub async fn get(&self, id: SessionId) -> Result<Arc<LiveSession>, StoreError> {
        self.0.get(id).await
    }

    /// The same for who goes on to follow it, for which there must be memory where it is to be loaded.
    ///
    /// # Errors
    /// Those of [`get`](Self::get), and [`StoreError::MemoryLow`].
    pub async fn get_to_follow(&self, id: SessionId) -> Result<Arc<LiveSession>, StoreError> {
        if let Some(live) = self.0.loaded(id)? {
            return Ok(live);
        }
        self.0.there_is_memory()?;
        self.0.load(id).await
    }

    /// Whether there is memory for something new.
    #[must_use]
    pub fn memory(&self) -> &Watermark {
        &self.0.config.memory
    }

    /// Refuses what would take more memory where it is low, before anything is read for it.
    ///
    /// # Errors
    /// [`StoreError::MemoryLow`].
    pub fn check_memory(&self) -> Result<(), StoreError> {
        self.0.there_is_memory()
    }

    /// How the log is.
    #[must_use]
    pub fn log_health(&self) -> Health {
        self.0.log.health()
    }

    /// What a session is. It is loaded for that only where other processes write to its log.
    ///
    /// # Errors
    /// `session_not_found`, [`StoreError::SessionDamaged`], or the log's.
    pub async fn info(&self, id: SessionId) -> Result<SessionInfo, StoreError> {
        if self.0.is_shared() {
            return Ok(self.get(id).await?.read(Session::info));
        }
        let known = self.0.sessions.read().get(&id).map(Slot::known);
        match known.ok_or_else(|| StoreError::not_found(id))? {
            Known::Damaged(_, reason) => Err(StoreError::SessionDamaged { session: id, reason }),
            known => Ok(known.info()),
        }
    }

    /// What is known of a session without loading it; `None` where there is none.
    #[must_use]
    pub fn known(&self, id: SessionId) -> Option<Known> {
        self.0.sessions.read().get(&id).map(Slot::known)
    }

    /// At most `limit` sessions in the order of their creation, after the one named. Loads none.
    #[must_use]
    pub fn list(&self, after: Option<SessionId>, limit: usize) -> Vec<Known> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let sessions = self.0.sessions.read();
        sessions.range((from, Bound::Unbounded)).take(limit).map(|(_, slot)| slot.known()).collect()
    }

    /// The same of those that are in memory.
    #[must_use]
    pub fn list_loaded(&self, after: Option<SessionId>, limit: usize) -> Vec<Known> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let sessions = self.0.sessions.read();
        let slots = sessions.range((from, Bound::Unbounded)).map(|(_, slot)| slot);
        slots.filter(|slot| matches!(slot, Slot::Live(_))).take(limit).map(Slot::known).collect()
    }

    /// What each session in memory holds of the server.
    #[must_use]
    pub fn usages(&self) -> Vec<Usage> {
        let in_memory = |slot: &Slot| match slot {
            Slot::Live(live) => Some(Arc::clone(live)),
            Slot::Cold(_) => None,
        };
        let live: Vec<_> = self.0.sessions.read().values().filter_map(in_memory).collect();
        live.iter().map(|live| live.usage()).collect()
    }

    /// Ends a session: its objects, world, history and streams. It ends whole even when the caller
    /// stops waiting for it.
    ///
    /// # Errors
    /// `session_not_found`, or the log's; the session is there as before then.
    pub async fn delete(&self, id: SessionId) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.0);
        to_the_end(async move { inner.delete(id, None).await }).await
    }

    /// Deletes a session whose last event has one of these seqs: no event comes between the look and the
    /// deletion.
    ///
    /// # Errors
    /// Those of [`delete`](Self::delete), and a rejection where the session is at another event.
    pub async fn delete_at(&self, id: SessionId, seqs: Vec<Seq>) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.0);
        to_the_end(async move { inner.delete(id, Some(&seqs)).await }).await
    }

    /// How many sessions there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.sessions.read().len()
    }

    /// Has the log make durable all that was acknowledged. Nothing is changed after.
    ///
    /// # Errors
    /// The log's.
    pub async fn close(&self) -> Result<(), StoreError> {
        Ok(self.0.log.close().await?)
    }

    /// The stream of creations and deletions.
    #[must_use]
    pub fn lobby(&self) -> &Arc<Lobby> {
        &self.0.lobby
    }
}

impl Inner {
    pub(super) async fn get(&self, id: SessionId) -> Result<Arc<LiveSession>, StoreError> {
        match self.loaded(id)? {
            Some(live) => Ok(live),
            None => self.load(id).await,
        }
    }

    /// # Errors
    /// [`StoreError::MemoryLow`].
    pub(super) fn there_is_memory(&self) -> Result<(), StoreError> {
        if self.config.memory.is_low() { Err(StoreError::MemoryLow) } else { Ok(()) }
    }

    /// Takes a new session in, which `make` gives its state before its first event.
    async fn begin(
        &self,
        make: impl FnOnce(SessionId, Millis, Epoch) -> Session,
    ) -> Result<SessionInfo, StoreError> {
        self.there_is_memory()?;
        let room = self.room()?;
        let session = make(new_id(), now(), self.next_epoch());
        if let Some(origin) = session.info().origin {
            self.share_assets(origin.session_id, session.id()).await?;
        }
        if let Err(failed) = self.log.create(session.snapshot()).await {
            self.end_assets(session.id()).await;
            return Err(failed.into());
        }
        let past = Past::of_new(&session);
        Ok(self.enter(room, session, past))
    }

    async fn import(&self, file: Imported) -> Result<SessionInfo, StoreError> {
        self.there_is_memory()?;
        let room = self.room()?;
        let Beginning { base, events, head } = file.begin(new_id(), now(), self.next_epoch());
        let past = Past {
            trimmed: base.session.seq,
            checkpoint: head.seq(),
            last_at: events.last().map_or(base.session.created_at, |event| event.at),
            ..Past::default()
        };
        // The session goes on from what the file ends with: that commands of its past have authors makes no
        // receipts of them.
        let end = Checkpoint { snapshot: head.snapshot(), memory: Arc::default() };
        // Where the session that the file was exported from is here, the models that its objects show are as well.
        if let Some(origin) = head.info().origin {
            self.share_assets(origin.session_id, head.id()).await?;
        }
        if let Err(failed) = transfer::write(&*self.log, base, &events, end).await {
            self.end_assets(head.id()).await;
            return Err(failed);
        }
        Ok(self.enter(room, head, past))
    }

    /// A place for one session more.
    fn room(&self) -> Result<Room<'_>, StoreError> {
        let max = self.config.max_sessions;
        let one_more = |taken: usize| (taken < max).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map(|_| Room(Some(&self.taken)))
            .map_err(|_| StoreError::TooManySessions { max })
    }

    /// Shows a session that the log has.
    fn enter(&self, room: Room<'_>, session: Session, past: Past) -> SessionInfo {
        let (id, info) = (session.id(), session.info());
        let slot = match self.is_shared() {
            false => Slot::Live(Arc::new(self.live(session, past))),
            // Others may have written to it already: its first use reads that.
            true => Slot::of(Listed { info: info.clone(), damaged: None }),
        };
        let mut sessions = self.sessions.write();
        // The log may have told of it before this.
        if let Entry::Vacant(place) = sessions.entry(id) {
            place.insert(slot);
            room.keep();
            self.metrics.sessions(sessions.len());
            drop(sessions);
            self.lobby.created(&info);
        }
        info!(session.id = %id, "session created");
        info
    }

    /// Shows a session that another process has made; nothing where it is known already.
    pub(super) fn appear(&self, info: &SessionInfo, slot: Slot) {
        let mut sessions = self.sessions.write();
        if let Entry::Vacant(place) = sessions.entry(info.session_id) {
            place.insert(slot);
            // Over the bound of this process too: it is there.
            self.taken.fetch_add(1, Ordering::Relaxed);
            self.metrics.sessions(sessions.len());
            drop(sessions);
            self.lobby.created(info);
        }
    }

    /// Shows no longer a session that the log does not have any more; `false` where that was done already.
    pub(super) async fn leave(&self, id: SessionId, at: Millis) -> bool {
        let Some(slot) = self.sessions.write().remove(&id) else { return false };
        if let Slot::Live(live) = slot {
            live.is_gone();
        }
        self.end_assets(id).await;
        self.taken.fetch_sub(1, Ordering::Relaxed);
        self.metrics.sessions(self.sessions.read().len());
        self.lobby.deleted(id, at);
        info!(session.id = %id, "session deleted");
        true
    }

    /// Whether other processes write to the log.
    pub(super) fn is_shared(&self) -> bool {
        self.log.shared().is_some()
    }

    /// A session in memory.
    pub(super) fn live(&self, session: Session, past: Past) -> LiveSession {
        let (lobby, metrics) = (Arc::clone(&self.lobby), Arc::clone(&self.metrics));
        LiveSession::new(session, past, Arc::clone(&self.log), &self.config, lobby, metrics)
    }

    async fn delete(&self, id: SessionId, seqs: Option<&[Seq]>) -> Result<(), StoreError> {
        // Only who has it in memory knows its last event where others write to it.
        let _loaded = if seqs.is_some() && self.is_shared() { Some(self.get(id).await?) } else { None };
        let _turn = self.turns.take(id).await;
        let (live, seq) = match self.sessions.read().get(&id) {
            Some(Slot::Live(live)) => (Some(Arc::clone(live)), 0),
            Some(Slot::Cold(cold)) => (None, cold.info.seq),
            // Another process may have made it a moment ago: the log knows.
            None if self.is_shared() => (None, 0),
            None => return Err(StoreError::not_found(id)),
        };
        match live {
            Some(live) if !live.is_retired() => live.end(seqs).await?,
            _ => {
                StoreError::unless_among(seqs, seq)?;
                self.log.delete(id).await?;
            }
        }
        self.leave(id, now()).await;
        Ok(())
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

/// A place that is taken, given back unless it is kept.
struct Room<'a>(Option<&'a AtomicUsize>);

impl Room<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.0 {
            taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Version 7 of one process rises strictly, so that the order of ids is that of creation.
fn new_id() -> SessionId {
    SessionId::from_uuid(Uuid::now_v7())
}

/// Does `work` whether the caller waits for it or not, so that log and memory never part: at once
/// where nothing waits, else in a task of its own.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let mut work = Box::pin(work.in_current_span());
    if let Poll::Ready(done) = futures_util::poll!(work.as_mut()) {
        return done;
    }
    tokio::spawn(work).await.unwrap_or_else(|failed| {
        error!(error = %failed, "a change of the sessions did not end");
        Err(StoreError::OutcomeUnknown("the change did not end".to_owned()))
    })
}
