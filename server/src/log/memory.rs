//! History that ends with the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use vws_core::{EventRecord, Seq, SessionId, SessionInfo, Snapshot};

use super::{Appending, BoxFuture, EventLog, LogError};

/// History that ends with the process. Nothing here waits.
#[derive(Debug, Default)]
pub struct MemoryLog {
    /// Guards the set of sessions; each history has a lock of its own, held for one call.
    sessions: RwLock<BTreeMap<SessionId, Arc<Mutex<History>>>>,
}

#[derive(Debug)]
struct History {
    first: SessionInfo,
    /// The last event that is no longer kept on its own.
    trimmed: Seq,
    events: VecDeque<Arc<EventRecord>>,
    snapshot: Option<Snapshot>,
}

impl History {
    fn last(&self) -> Seq {
        self.trimmed + self.events.len() as Seq
    }

    fn append(&mut self, after: Seq, batch: &[Arc<EventRecord>]) -> Result<(), LogError> {
        let follows = batch.iter().zip(after + 1..).all(|(event, seq)| event.seq == seq);
        if after != self.last() || !follows {
            return Err(LogError::Conflict { expected: after, found: self.last() });
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

    fn trim(&mut self, through: Seq) {
        let covered = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.session.seq);
        let through = through.min(covered).min(self.last());
        while self.trimmed < through && self.events.pop_front().is_some() {
            self.trimmed += 1;
        }
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
    fn create(&self, session: SessionInfo) -> BoxFuture<'_, Result<(), LogError>> {
        use std::collections::btree_map::Entry;
        let created = match self.sessions.write().entry(session.session_id) {
            Entry::Occupied(_) => Err(LogError::SessionExists(session.session_id)),
            Entry::Vacant(place) => {
                let history = History { first: session, trimmed: 0, events: VecDeque::new(), snapshot: None };
                place.insert(Arc::new(Mutex::new(history)));
                Ok(())
            }
        };
        ready(created)
    }

    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        Appending::Done(self.with(session, |history| history.append(after, batch)))
    }

    fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        ready(self.with(session, |history| history.read(after, limit)))
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        ready(self.with(snapshot.session.session_id, |history| {
            history.snapshot = Some(snapshot);
            Ok(())
        }))
    }

    fn snapshot(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Snapshot>, LogError>> {
        ready(self.with(session, |history| Ok(history.snapshot.clone())))
    }

    fn trim(&self, session: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        ready(self.with(session, |history| {
            history.trim(through);
            Ok(())
        }))
    }

    fn delete(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        ready(self.sessions.write().remove(&session).map(drop).ok_or(LogError::NoSession(session)))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<SessionInfo>, LogError>> {
        let histories: Vec<_> = self.sessions.read().values().cloned().collect();
        ready(Ok(histories.iter().map(|history| history.lock().first.clone()).collect()))
    }
}
