//! A log in memory that several stores write to, each as a process of its own would: by a way to it that can be cut, be
//! deaf, and lose answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vws_core::{EventRecord, Seq, SessionId, Snapshot};
use vws_server::log::{
    Appending, BoxFuture, Checkpoint, Directory, EventLog, Following, Hold, Listed, LogError, MemoryLog,
    Sessions, SharedLog, Told,
};

/// What all of them write to.
#[derive(Default)]
pub(crate) struct Shared {
    log: MemoryLog,
    /// Held while the log takes something and tells of it, so that it is told in order.
    listeners: Mutex<Listeners>,
}

#[derive(Default)]
struct Listeners {
    sessions: BTreeMap<SessionId, Vec<Listener<Told>>>,
    directory: Vec<Listener<Sessions>>,
}

/// Who is told, by which way.
type Listener<T> = (Arc<Ears>, UnboundedSender<T>);

/// Whether a way to the log tells of anything.
#[derive(Default)]
struct Ears {
    are_deaf: AtomicBool,
}

/// A way to it.
pub(crate) struct Node {
    shared: Arc<Shared>,
    ears: Arc<Ears>,
    is_cut: Arc<AtomicBool>,
    /// So many answers are lost.
    unsure: Arc<AtomicUsize>,
    /// It knows no event after this one.
    knows: AtomicU64,
}

impl Shared {
    /// A way to it.
    pub(crate) fn node(self: &Arc<Self>) -> Arc<Node> {
        Arc::new(Node {
            shared: Arc::clone(self),
            ears: Arc::default(),
            is_cut: Arc::default(),
            unsure: Arc::default(),
            knows: AtomicU64::new(Seq::MAX),
        })
    }

    /// All that it has of a session.
    pub(crate) async fn events(&self, session: SessionId) -> Vec<Arc<EventRecord>> {
        self.log.read(session, 0, usize::MAX).await.expect("is there")
    }

    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Result<(), LogError> {
        let mut listeners = self.listeners.lock();
        match self.log.append(session, after, batch) {
            Appending::Done(taken) => taken?,
            Appending::Later(_) => unreachable!("memory answers at once"),
        }
        listeners.tell(session, &Told::Batch(batch.to_vec()));
        Ok(())
    }

    async fn list_one(&self, session: SessionId) {
        let all = self.log.list().await.expect("lists");
        if let Some(listed) = all.into_iter().find(|listed| listed.info.session_id == session) {
            self.listeners.lock().tell_all(&Sessions::Listed(listed));
        }
    }
}

impl Listeners {
    fn tell(&mut self, session: SessionId, told: &Told) {
        for (ears, listener) in self.sessions.entry(session).or_default() {
            if !ears.are_deaf.load(Ordering::SeqCst) {
                // Who has left hears nothing.
                let _ = listener.send(told.clone());
            }
        }
    }

    fn tell_all(&mut self, change: &Sessions) {
        for (ears, listener) in &self.directory {
            if !ears.are_deaf.load(Ordering::SeqCst) {
                let _ = listener.send(change.clone());
            }
        }
    }
}

impl Node {
    /// From now on it takes and gives nothing, or does again.
    pub(crate) fn set_cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
        self.set_deaf(is_cut);
    }

    /// From now on it tells of nothing; when it does again it says that it may have missed something.
    pub(crate) fn set_deaf(&self, is_deaf: bool) {
        self.ears.are_deaf.store(is_deaf, Ordering::SeqCst);
        if !is_deaf {
            let listeners = self.shared.listeners.lock();
            for (ears, listener) in listeners.sessions.values().flatten() {
                if Arc::ptr_eq(ears, &self.ears) {
                    let _ = listener.send(Told::Gap);
                }
            }
            for (ears, listener) in &listeners.directory {
                if Arc::ptr_eq(ears, &self.ears) {
                    let _ = listener.send(Sessions::Gap);
                }
            }
        }
    }

    /// So many of the next appends are taken, and not answered.
    pub(crate) fn lose_answers(&self, count: usize) {
        self.unsure.store(count, Ordering::SeqCst);
    }

    /// Tells this one something, as a fault would.
    pub(crate) fn tell_self(&self, session: SessionId, told: &Told) {
        let listeners = self.shared.listeners.lock();
        for (ears, listener) in listeners.sessions.get(&session).into_iter().flatten() {
            if Arc::ptr_eq(ears, &self.ears) {
                let _ = listener.send(told.clone());
            }
        }
    }

    /// From now on no event after this one can be read, as if a later version had written it.
    pub(crate) fn know(&self, last: Seq) {
        self.knows.store(last, Ordering::SeqCst);
        self.set_deaf(false);
    }

    fn reach(&self) -> Result<&Shared, LogError> {
        match self.is_cut.load(Ordering::SeqCst) {
            true => Err(LogError::Unavailable("it is cut off".to_owned())),
            false => Ok(&self.shared),
        }
    }
}

fn stream_of<T: Send + 'static>(
    listener: UnboundedReceiver<T>,
) -> std::pin::Pin<Box<dyn stream::Stream<Item = T> + Send>> {
    stream::unfold(listener, |mut listener| async move { Some((listener.recv().await?, listener)) }).boxed()
}

impl EventLog for Node {
    fn create(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let id = base.session.session_id;
            self.reach()?.log.create(base).await?;
            self.shared.list_one(id).await;
            Ok(())
        })
    }

    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        let (shared, is_cut, unsure) =
            (Arc::clone(&self.shared), Arc::clone(&self.is_cut), Arc::clone(&self.unsure));
        let batch = batch.to_vec();
        Appending::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            if is_cut.load(Ordering::SeqCst) {
                return Err(LogError::Unavailable("it is cut off".to_owned()));
            }
            shared.append(session, after, &batch)?;
            tokio::task::yield_now().await;
            let one_less = |left: usize| left.checked_sub(1);
            match unsure.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
                Ok(_) => Err(LogError::Unsure("the answer was lost".to_owned())),
                Err(_) => Ok(()),
            }
        }))
    }

    fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let events = self.reach()?.log.read(session, after, limit).await?;
            match events.last().is_some_and(|last| last.seq > self.knows.load(Ordering::SeqCst)) {
                true => Err(LogError::Newer { session, reason: "an event".to_owned() }),
                false => Ok(events),
            }
        })
    }

    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move { self.reach()?.log.save(checkpoint).await })
    }

    fn checkpoint_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        Box::pin(async move { self.reach()?.log.checkpoint_at(session, at).await })
    }

    fn trim(&self, session: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move { self.reach()?.log.trim(session, through).await })
    }

    fn hold(&self, session: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        Box::pin(async move { self.reach()?.log.hold(session).await })
    }

    fn delete(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.reach()?.log.delete(session).await?;
            let mut listeners = self.shared.listeners.lock();
            listeners.tell(session, &Told::Ended);
            listeners.tell_all(&Sessions::Deleted { session, at: 1 });
            Ok(())
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        Box::pin(async move { self.reach()?.log.list().await })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn shared(&self) -> Option<&dyn SharedLog> {
        Some(self)
    }
}

impl SharedLog for Node {
    fn follow(&self, session: SessionId) -> BoxFuture<'_, Result<Following, LogError>> {
        Box::pin(async move {
            let (tell, listener) = unbounded_channel();
            let mut listeners = self.reach()?.listeners.lock();
            listeners.sessions.entry(session).or_default().push((Arc::clone(&self.ears), tell));
            Ok(stream_of(listener))
        })
    }

    fn directory(&self) -> BoxFuture<'_, Result<Directory, LogError>> {
        Box::pin(async move {
            let (tell, listener) = unbounded_channel();
            self.reach()?.listeners.lock().directory.push((Arc::clone(&self.ears), tell));
            Ok(stream_of(listener))
        })
    }

    fn delete_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let found = self.reach()?.log.read(session, 0, usize::MAX).await?.len() as Seq;
            if found != at {
                return Err(LogError::Conflict { expected: at, found });
            }
            self.delete(session).await
        })
    }

    fn is_within_reach(&self) -> bool {
        self.reach().is_ok()
    }
}
