//! History that ends with the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use vws_core::{EventRecord, Seq, SessionId, SessionInfo, Snapshot};

use super::follow::follow;
use super::{Appender, Appending, BoxFuture, Checkpoint, EventLog, Hold, Listed, LogError};

/// History that ends with the process. Nothing here waits.
#[derive(Debug, Default)]
pub struct MemoryLog {
    /// Guards the set of sessions; each history has a lock of its own, held for one call.
    sessions: RwLock<BTreeMap<SessionId, Arc<Mutex<History>>>>,
}

#[derive(Debug)]
struct History {
    /// As of the last event.
    info: SessionInfo,
    /// The last event that is not kept on its own.
    trimmed: Seq,
    events: VecDeque<Arc<EventRecord>>,
    /// By their seq; one of them is at `trimmed` or before it. They share their objects.
    checkpoints: BTreeMap<Seq, Checkpoint>,
    /// The session was deleted while somebody held its history.
    gone: bool,
    /// Those who have it held as it is.
    holds: usize,
}

/// Checkpoints of one session that are kept at most; past it every second one goes.
pub(super) const MAX_CHECKPOINTS: usize = 16;

impl History {
    fn last(&self) -> Seq {
        self.trimmed + self.events.len() as Seq
    }

    fn append(&mut self, after: Seq, batch: &[Arc<EventRecord>]) -> Result<(), LogError> {
        if self.gone {
            return Err(LogError::NoSession(self.info.session_id));
        }
        let follows = batch.iter().zip(after + 1..).all(|(event, seq)| event.seq == seq);
        if after != self.last() || !follows {
            return Err(LogError::Conflict { expected: after, found: self.last() });
        }
        for event in batch {
            follow(&mut self.info, event);
        }
        self.events.extend(batch.iter().cloned());
        Ok(())
    }

    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Arc<EventRecord>>, LogError> {
        if after < self.trimmed {
            return Err(LogError::Trimmed { trimmed: self.trimmed });
        }
        let skip = usize::try_from(after - self.trimmed).unwrap_or(usize::MAX);
        Ok(self.events.iter().skip(skip).take(limit).cloned().collect())
    }

    fn save(&mut self, checkpoint: Checkpoint) {
        self.checkpoints.insert(checkpoint.snapshot.session.seq, checkpoint);
        if self.checkpoints.len() > MAX_CHECKPOINTS {
            let newest = self.checkpoints.last_key_value().map_or(0, |(seq, _)| *seq);
            let mut place = 0_usize;
            self.checkpoints.retain(|seq, _| {
                place += 1;
                place % 2 == 1 || *seq == newest
            });
        }
    }

    fn checkpoint_at(&self, at: Seq) -> Result<Checkpoint, LogError> {
        let newest = self.checkpoints.range(..=at).next_back();
        newest.map(|(_, checkpoint)| checkpoint.clone()).ok_or(LogError::Trimmed { trimmed: self.trimmed })
    }

    fn trim(&mut self, through: Seq) {
        if self.holds > 0 {
            return;
        }
        let Some((&covered, _)) = self.checkpoints.range(..=through.min(self.last())).next_back() else {
            return;
        };
        self.checkpoints.retain(|seq, _| *seq >= covered);
        while self.trimmed < covered && self.events.pop_front().is_some() {
            self.trimmed += 1;
        }
    }
}

/// Gives a hold back.
struct Held(Arc<Mutex<History>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().holds -= 1;
    }
}

impl MemoryLog {
    fn with<T>(
        &self,
        session: SessionId,
        act: impl FnOnce(&mut History) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let history = self.sessions.read().get(&session).cloned();
        let history = history.ok_or(LogError::NoSession(session))?;
        let mut history = history.lock();
        act(&mut history)
    }
}

fn ready<T: Send + 'static>(value: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(value))
}

impl EventLog for MemoryLog {
    fn create(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        use std::collections::btree_map::Entry;
        let first = base.session.clone();
        let created = match self.sessions.write().entry(first.session_id) {
            Entry::Occupied(_) => Err(LogError::SessionExists(first.session_id)),
            Entry::Vacant(place) => {
                let trimmed = first.seq;
                let info = first;
                let base = Checkpoint { snapshot: base, memory: Arc::default() };
                let checkpoints = BTreeMap::from([(trimmed, base)]);
                let history =
                    History { info, trimmed, events: VecDeque::new(), checkpoints, gone: false, holds: 0 };
                place.insert(Arc::new(Mutex::new(history)));
                Ok(())
            }
        };
        ready(created)
    }

    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        Appending::Done(self.with(session, |history| history.append(after, batch)))
    }

    fn appender(&self, session: SessionId) -> Option<Appender> {
        let history = self.sessions.read().get(&session).cloned()?;
        Some(Box::new(move |after, batch| Appending::Done(history.lock().append(after, batch))))
    }

    fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        ready(self.with(session, |history| history.read(after, limit)))
    }

    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        ready(self.with(checkpoint.snapshot.session.session_id, |history| {
            history.save(checkpoint);
            Ok(())
        }))
    }

    fn checkpoint_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        ready(self.with(session, |history| history.checkpoint_at(at)))
    }

    fn trim(&self, session: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        ready(self.with(session, |history| {
            history.trim(through);
            Ok(())
        }))
    }

    fn hold(&self, session: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        let history = self.sessions.read().get(&session).cloned().ok_or(LogError::NoSession(session));
        ready(history.map(|history| {
            history.lock().holds += 1;
            Box::new(Held(history)) as Hold
        }))
    }

    fn delete(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        let removed = self.sessions.write().remove(&session);
        ready(removed.map(|history| history.lock().gone = true).ok_or(LogError::NoSession(session)))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        let histories: Vec<_> = self.sessions.read().values().cloned().collect();
        let listed =
            |history: &Arc<Mutex<History>>| Listed { info: history.lock().info.clone(), damaged: None };
        ready(Ok(histories.iter().map(listed).collect()))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        ready(Ok(()))
    }

    fn is_in_memory(&self) -> bool {
        true
    }
}
