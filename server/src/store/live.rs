//! One session in memory.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use vws_core::limits::ModelLimits;
use vws_core::model::Subject;
use vws_core::reduce::State;
use vws_core::wire::{CloseCode, Encoding, Resume};
use vws_core::{Author, Command, EventRecord, Millis, Seq, Session, SessionId, SessionInfo, Snapshot};

use super::line::Line;
use super::receipts::{Memory, Receipts};
use super::replica::Follow;
use super::{Lobby, StoreConfig, StoreError};
use crate::feed::{Feed, Peers, SnapshotCache, SnapshotFrames, Subscription};
use crate::log::{Appender, Appending, Checkpoint, EventLog, LogError};
use crate::telemetry::{Held, Metrics, Watermark};

/// A joiner takes a snapshot that is there already and the events since, when those are at most this
/// many.
const TAIL_AFTER_SNAPSHOT: Seq = 1_024;

/// The log is given a snapshot after so many events at most: folding that many takes milliseconds.
const SNAPSHOT_EVERY: Seq = 10_000;

/// A command with all that it is judged by.
#[derive(Debug, Clone)]
pub struct Request {
    /// The wish.
    pub command: Command,
    /// The version that the client has seen of what the command is about.
    pub expect_version: Option<Seq>,
    /// Whose it is; a retry with the same author has no second effect.
    pub author: Option<Author>,
    /// Who showed a token with it: its events carry that.
    pub subject: Option<Subject>,
    /// Who wrote it.
    pub origin: Origin,
}

/// Who wrote a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A client: the bound of a batch holds.
    Client,
    /// The server, of what it has itself; a batch is as large as that takes.
    Server,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its events; empty when all was already as it wished.
    pub seqs: Range<Seq>,
    /// The session's last event right after it.
    pub seq: Seq,
    /// When it was decided.
    pub at: Millis,
}

/// A page of a session's history.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The events, in order.
    pub events: Vec<Arc<EventRecord>>,
    /// The session's last event.
    pub head: Seq,
}

/// What one session holds of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What the session is.
    pub info: SessionInfo,
    /// Bytes of the feed, about.
    pub feed_bytes: usize,
    /// Bytes of the encoded snapshot that joiners share.
    pub snapshot_bytes: usize,
    /// Those who follow it, over WebSocket or as an event stream.
    pub subscribers: usize,
    /// Those who show themselves.
    pub peers: usize,
}

/// One session. Every change goes through [`execute`](Self::execute), and no two at once.
#[derive(Debug)]
pub struct LiveSession {
    id: SessionId,
    log: LogHandle,
    /// Appends to its own history, where the log has a way of its own to it.
    appender: LogAppender,
    /// Other processes write to the log.
    is_shared: bool,
    pub(super) limits: ModelLimits,
    max_history: Seq,
    max_subscribers: usize,
    /// Those who commit, and those who wait to.
    pub(super) line: Line,
    /// What a commit needs beside the state. Used by whoever has the turn of `line`, so nobody waits for it.
    pub(super) ledger: Mutex<Ledger>,
    /// Guards the folded state. Written only by whoever has the turn of `line`, for the time of the apply and
    /// the push to the feed; readers run side by side. No await, I/O or encoding inside.
    pub(super) state: RwLock<Session>,
    pub(super) feed: Feed,
    pub(super) snapshots: SnapshotCache,
    peers: Peers,
    subscribers: AtomicUsize,
    /// When it came into memory, and how many milliseconds after that it was used last.
    born: Instant,
    used_ms: AtomicU64,
    pub(super) ended: CancellationToken,
    /// It ended because what is here is not what the log has.
    pub(super) retired: AtomicBool,
    /// Follows a log that others write to.
    pub(super) follow: Mutex<Follow>,
    pub(super) memory: Arc<Watermark>,
    pub(super) lobby: Arc<Lobby>,
    pub(super) metrics: Arc<Metrics>,
    _counted: Held,
}

struct LogHandle(Arc<dyn EventLog>);

impl std::fmt::Debug for LogHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventLog")
    }
}

struct LogAppender(Option<Appender>);

impl std::fmt::Debug for LogAppender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Appender")
    }
}

/// What there was of a session before it came into memory.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The last event that the log has let go of.
    pub(super) trimmed: Seq,
    /// The last event in the newest snapshot that the log has.
    pub(super) checkpoint: Seq,
    /// The time of the last commit, or an earlier one where nobody knows.
    pub(super) last_at: Millis,
    /// The outcomes of recent commands.
    pub(super) receipts: Receipts,
    /// The last events, for those who come back with a place a little behind.
    pub(super) recent: Vec<Arc<EventRecord>>,
}

impl Past {
    /// Of a session whose history begins with what it is.
    pub(super) fn of_new(session: &Session) -> Self {
        let (trimmed, checkpoint) = (session.seq(), session.seq());
        Self { trimmed, checkpoint, last_at: session.created_at(), ..Self::default() }
    }
}

/// What a commit needs beside the state.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) receipts: Receipts,
    /// The time of the last commit: a session's times never go back, whatever the clock does.
    pub(super) last_at: Millis,
    /// The log has not said what became of a batch that may follow the last event: what is in it may come yet.
    pub(super) is_unsure: bool,
    /// The last event that the log has been told to let go of.
    trimmed: Seq,
    /// The last event in the newest snapshot that the log was given.
    checkpoint: Seq,
}

impl LiveSession {
    pub(super) fn log(&self) -> &dyn EventLog {
        &*self.log.0
    }

    /// Whether the log takes what it is given at once, so that nothing is gained by giving it several batches together.
    pub(super) const fn log_answers_at_once(&self) -> bool {
        self.appender.0.is_some()
    }

    /// Whether other processes write to its log.
    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Gives the log what follows the event `after`.
    pub(super) fn append_to_log(&self, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        match &self.appender.0 {
            Some(append) => append(after, batch),
            None => self.log.0.append(self.id, after, batch),
        }
    }

    /// A session as it is after its last event.
    pub(super) fn new(
        session: Session,
        past: Past,
        log: Arc<dyn EventLog>,
        config: &StoreConfig,
        lobby: Arc<Lobby>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            id: session.id(),
            appender: LogAppender(log.appender(session.id())),
            is_shared: log.shared().is_some(),
            log: LogHandle(log),
            limits: config.model,
            max_history: config.max_history,
            max_subscribers: config.max_subscribers,
            line: Line::default(),
            ledger: Mutex::new(Ledger {
                receipts: past.receipts,
                last_at: past.last_at,
                is_unsure: false,
                trimmed: past.trimmed,
                checkpoint: past.checkpoint,
            }),
            feed: feed_of(session.seq(), &past.recent, config),
            state: RwLock::new(session),
            snapshots: SnapshotCache::default(),
            peers: Peers::new(config.max_subscribers),
            subscribers: AtomicUsize::new(0),
            born: Instant::now(),
            used_ms: AtomicU64::new(0),
            ended: CancellationToken::new(),
            retired: AtomicBool::new(false),
            follow: Mutex::default(),
            memory: Arc::clone(&config.memory),
            lobby,
            _counted: metrics.session_in_memory(),
            metrics,
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The bounds in force.
    #[must_use]
    pub const fn limits(&self) -> &ModelLimits {
        &self.limits
    }

    /// Those who show themselves.
    #[must_use]
    pub const fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Runs `read` on the state. Short: writers wait meanwhile. Clone what is to be encoded.
    pub fn read<T>(&self, read: impl FnOnce(&Session) -> T) -> T {
        read(&self.state.read())
    }

    /// Has the log keep a snapshot now and then, so that any kept moment is near one; past the bound the
    /// older half of the history is let go.
    pub(super) fn checkpoint_when_due(self: &Arc<Self>, ledger: &mut Ledger, head: Seq) {
        let every = SNAPSHOT_EVERY.min(self.max_history / 8).max(1);
        if head - ledger.checkpoint < every {
            return;
        }
        ledger.checkpoint = head;
        let trim = (head - ledger.trimmed > self.max_history).then(|| head - self.max_history / 2);
        ledger.trimmed = trim.unwrap_or(ledger.trimmed);
        let checkpoint = self.to_be_saved(ledger);
        // Holding the session keeps it in memory: nobody reads its log anew while a part of it is let go of.
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let (log, id) = (this.log(), this.id);
            let saved = log.save(checkpoint.encoded()).await;
            let kept = match (saved, trim) {
                (Ok(()), Some(through)) => log.trim(id, through).await,
                (saved, _) => saved,
            };
            match kept {
                Ok(()) | Err(LogError::NoSession(_)) => {}
                Err(failed) => warn!(session.id = %id, error = %failed, "no snapshot was kept"),
            }
        });
    }

    /// The state with what goes with it, as of the last commit, which `ledger` is of.
    fn to_be_saved(&self, ledger: &Ledger) -> ToBeSaved {
        let memory = Memory::of(&ledger.receipts, ledger.last_at);
        ToBeSaved { snapshot: self.read(Session::snapshot), memory }
    }

    /// At most `limit` events after `after`, none that is not committed.
    ///
    /// # Errors
    /// [`StoreError::HistoryGone`] when they are no longer all kept.
    pub async fn events(&self, after: Seq, limit: usize) -> Result<EventPage, StoreError> {
        // A copy has no events of its own before the one that it begins after.
        let origin = self.read(|session| session.info().origin.map_or(0, |origin| origin.seq));
        let mut events = self.log.0.read(self.id, after.max(origin), limit).await?;
        let head = self.read(|session| session.seq());
        // The log may hold a batch that it has not yet made durable at its level.
        events.truncate(events.partition_point(|event| event.seq <= head));
        Ok(EventPage { events, head })
    }

    /// A place in the feed after what the client has seen, when all that follows is there.
    #[must_use]
    pub fn resume(&self, after: Resume) -> Option<Subscription<'_>> {
        let (epoch, head) = self.read(|session| (session.epoch(), session.seq()));
        if after.epoch != epoch || after.seq > head {
            return None;
        }
        self.feed.subscribe(after.seq).ok()
    }

    /// The live end of its log.
    pub(crate) const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// A snapshot for a joiner, shared with those who join at the same moment, and the place in the
    /// feed that follows it.
    ///
    /// Where the session moves on by more than its feed holds while the snapshot is encoded, the place
    /// is one that has [`Lagged`](crate::feed::Lagged) from the start: the joiner gets this state and
    /// then a newer one, and is never left without any.
    pub async fn join(self: &Arc<Self>, encoding: Encoding) -> (SnapshotFrames, Subscription<'_>) {
        let this = Arc::clone(self);
        let floor = || {
            let recent = self.read(State::seq).saturating_sub(TAIL_AFTER_SNAPSHOT);
            recent.max(self.feed.dropped())
        };
        let frames = self.snapshots.frames(encoding, floor, move || this.read(Session::snapshot)).await;
        let subscription = self.feed.place(frames.seq);
        (frames, subscription)
    }

    /// The whole state as the wire's JSON, made now.
    #[must_use]
    pub fn snapshot_json(&self) -> Bytes {
        vws_core::wire::canonical_json(&self.read(Session::snapshot)).into()
    }

    /// Resolves when the session is deleted, or is to be loaded anew.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Whether the session is deleted, or is to be loaded anew.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// How those who follow it are told that it has ended: who is to come back does so.
    #[must_use]
    pub fn ended_as(&self) -> CloseCode {
        if self.is_retired() { CloseCode::GoingAway } else { CloseCode::NoSuchSession }
    }

    /// Whether it is to be loaded anew: it is there, and this is not what it is.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    /// Takes a place among those who follow the session.
    ///
    /// # Errors
    /// [`StoreError::TooManySubscribers`].
    pub fn follow(self: &Arc<Self>) -> Result<Follower, StoreError> {
        let max = self.max_subscribers;
        let follower = Follower(Arc::clone(self));
        if self.subscribers.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(StoreError::TooManySubscribers { session: self.id, max });
        }
        Ok(follower)
    }

    /// Ends the session for all who hold it, where it is at one of `seqs`. Waits for a commit that is under way.
    pub(super) async fn end(self: &Arc<Self>, seqs: Option<&[Seq]>) -> Result<(), StoreError> {
        let _no_commit = self.turn().await;
        loop {
            if self.ended.is_cancelled() {
                return Err(StoreError::not_found(self.id));
            }
            let seq = self.read(State::seq);
            StoreError::unless_among(seqs, seq)?;
            let deleted = match self.log.0.shared().filter(|_| seqs.is_some()) {
                Some(shared) => shared.delete_at(self.id, seq).await,
                None => self.log.0.delete(self.id).await,
            };
            match deleted {
                // Another process has written meanwhile.
                Err(LogError::Conflict { .. }) => self.catch_up().await?,
                deleted => {
                    deleted?;
                    self.is_gone();
                    return Ok(());
                }
            }
        }
    }

    /// Notes that it is used now.
    pub(super) fn touch(&self) {
        let since = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used_ms.fetch_max(since, Ordering::Relaxed);
    }

    /// For how long nobody has used it.
    pub(super) fn idle_for(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_millis(self.used_ms.load(Ordering::Relaxed)))
    }

    /// What is to be saved for a quick load: the present state, where the newest checkpoint is behind it. Waits for
    /// a commit that is under way.
    pub(super) async fn unsaved(self: &Arc<Self>) -> Option<Checkpoint> {
        let _no_commit = self.turn().await;
        let ledger = self.ledger.lock();
        (self.read(State::seq) > ledger.checkpoint).then(|| self.to_be_saved(&ledger).encoded())
    }

    /// The log has a checkpoint at `seq`.
    pub(super) fn saved(&self, seq: Seq) {
        let mut ledger = self.ledger.lock();
        ledger.checkpoint = ledger.checkpoint.max(seq);
    }

    /// What the session holds of the server.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            info: self.read(Session::info),
            feed_bytes: self.feed.bytes(),
            snapshot_bytes: self.snapshots.bytes(),
            subscribers: self.subscribers.load(Ordering::Relaxed),
            peers: self.peers.count(),
        }
    }
}

/// A checkpoint that shares with the session what it can, and is not encoded yet: writers wait while it is made.
#[derive(Debug)]
struct ToBeSaved {
    snapshot: Snapshot,
    memory: Memory,
}

impl ToBeSaved {
    fn encoded(self) -> Checkpoint {
        Checkpoint { snapshot: self.snapshot, memory: self.memory.encode().into() }
    }
}

/// A feed that has the last events already.
fn feed_of(head: Seq, recent: &[Arc<EventRecord>], config: &StoreConfig) -> Feed {
    let feed = Feed::new(head - recent.len() as Seq, config.feed_events, config.feed_bytes);
    feed.push(recent);
    feed
}

/// A place among those who follow a session, for as long as it is held.
#[derive(Debug)]
pub struct Follower(Arc<LiveSession>);

impl std::ops::Deref for Follower {
    type Target = Arc<LiveSession>;

    fn deref(&self) -> &Arc<LiveSession> {
        &self.0
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.touch();
        if self.0.subscribers.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.snapshots.clear();
        }
    }
}
