//! Stores, commands, and a log that does what it is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use vws_core::limits::ModelLimits;
use vws_core::{Author, ClientId, EventRecord, Seq, SessionId, Snapshot};
use vws_server::log::{Appending, BoxFuture, Checkpoint, EventLog, Hold, Listed, LogError, MemoryLog};
use vws_server::store::{LiveSession, Origin, Outcome, Request, SessionStore, StoreConfig, StoreError};
use vws_server::telemetry::Watermark;

pub(crate) fn config() -> StoreConfig {
    StoreConfig {
        model: ModelLimits { objects_per_session: 10_000, commands_per_batch: 1_000 },
        max_sessions: 5_000,
        max_subscribers: 100,
        max_history: 1_000,
        idle_after: None,
        feed_events: 512,
        feed_bytes: 1 << 20,
        memory: Arc::new(Watermark::new(None)),
    }
}

pub(crate) async fn store() -> SessionStore {
    over(Arc::new(MemoryLog::default())).await
}

pub(crate) async fn over(log: Arc<dyn EventLog>) -> SessionStore {
    SessionStore::open(log, config(), Arc::default()).await.expect("the log tells its sessions")
}

pub(crate) async fn session(store: &SessionStore) -> Arc<LiveSession> {
    let info = store.create(None).await.expect("is made");
    store.get(info.session_id).await.expect("is there")
}

pub(crate) fn command(json: &str) -> Request {
    Request {
        command: serde_json::from_str(json).expect("is a command"),
        expect_version: None,
        author: None,
        subject: None,
        origin: Origin::Client,
    }
}

pub(crate) fn create(name: &str, x: f64) -> Request {
    command(&format!(
        r#"{{"type":"create_object","object":{{"name":"{name}","type":"cube","x":{x},"y":0,"z":0}}}}"#
    ))
}

pub(crate) fn authored(mut request: Request, client: &str, command_id: u64) -> Request {
    request.author = Some(Author { client_id: ClientId::new(client).expect("is valid"), command_id });
    request
}

pub(crate) async fn run(session: &Arc<LiveSession>, request: Request) -> Result<Outcome, StoreError> {
    session.execute(request, |_| ()).await.map(|(outcome, ())| outcome)
}

/// A log that outlives the stores over it, as a disk does, and does what it is told.
#[derive(Default)]
pub(crate) struct TestLog {
    inner: Arc<MemoryLog>,
    /// It answers at a later poll.
    slow: bool,
    full: Arc<AtomicBool>,
    /// An append takes a permit, where there is a gate.
    gate: Option<Arc<Semaphore>>,
    appends: AtomicUsize,
    damaged: Mutex<BTreeMap<SessionId, String>>,
    /// How often a state was read, and kept.
    loads: AtomicUsize,
    saves: AtomicUsize,
}

impl TestLog {
    pub(crate) fn slow() -> Self {
        Self { slow: true, ..Self::default() }
    }

    /// A slow log whose appends end one for each [`let_pass`](Self::let_pass).
    pub(crate) fn gated() -> Self {
        Self { slow: true, gate: Some(Arc::new(Semaphore::new(0))), ..Self::default() }
    }

    /// Lets so many appends end.
    pub(crate) fn let_pass(&self, appends: usize) {
        self.gate.as_ref().expect("it is gated").add_permits(appends);
    }

    /// How many appends have begun.
    pub(crate) fn appends(&self) -> usize {
        self.appends.load(Ordering::SeqCst)
    }

    /// From now on it takes nothing, or does again.
    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    /// From now on what is kept of the session is not what was written.
    pub(crate) fn damage(&self, id: SessionId, reason: &str) {
        self.damaged.lock().insert(id, reason.to_owned());
    }

    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn saves(&self) -> usize {
        self.saves.load(Ordering::SeqCst)
    }

    async fn wait(&self) {
        if self.slow {
            tokio::task::yield_now().await;
        }
    }

    fn check(&self, session: SessionId) -> Result<(), LogError> {
        match self.damaged.lock().get(&session) {
            Some(reason) => Err(LogError::Damaged { session, reason: reason.clone() }),
            None => Ok(()),
        }
    }
}

impl EventLog for TestLog {
    fn create(&self, session: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async {
            self.wait().await;
            self.inner.create(session).await
        })
    }
    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        self.appends.fetch_add(1, Ordering::SeqCst);
        let full = || LogError::Unavailable("no space left on device".to_owned());
        if !self.slow {
            return match self.full.load(Ordering::SeqCst) {
                true => Appending::Done(Err(full())),
                false => self.inner.append(session, after, batch),
            };
        }
        let (inner, is_full, batch) = (Arc::clone(&self.inner), Arc::clone(&self.full), batch.to_vec());
        let gate = self.gate.clone();
        Appending::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            if let Some(gate) = gate {
                gate.acquire().await.expect("it stays").forget();
            }
            if is_full.load(Ordering::SeqCst) {
                return Err(full());
            }
            match inner.append(session, after, &batch) {
                Appending::Done(result) => result,
                Appending::Later(future) => future.await,
            }
        }))
    }
    fn read(
        &self,
        id: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        Box::pin(async move {
            self.check(id)?;
            self.wait().await;
            self.inner.read(id, after, limit).await
        })
    }
    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async {
            self.wait().await;
            if self.full.load(Ordering::SeqCst) {
                return Err(LogError::Unavailable("no space left on device".to_owned()));
            }
            self.saves.fetch_add(1, Ordering::SeqCst);
            self.inner.save(checkpoint).await
        })
    }
    fn checkpoint_at(&self, id: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Ordering::SeqCst);
            self.check(id)?;
            self.wait().await;
            self.inner.checkpoint_at(id, at).await
        })
    }
    fn trim(&self, id: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.trim(id, through)
    }
    fn hold(&self, id: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        self.inner.hold(id)
    }
    fn delete(&self, id: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.wait().await;
            self.damaged.lock().remove(&id);
            self.inner.delete(id).await
        })
    }
    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        Box::pin(async {
            let mut listed = self.inner.list().await?;
            for one in &mut listed {
                one.damaged = self.damaged.lock().get(&one.info.session_id).cloned();
            }
            Ok(listed)
        })
    }
    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.close()
    }
}
