//! One at a time, by session.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use vws_core::SessionId;

/// Lets those who load, evict or delete the same session do so one at a time, in the order in which they came.
/// Holds nothing of sessions that nobody is at.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Guards the table; held for one look-up. Locks are cloned under it only.
    locks: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    session: SessionId,
    lock: Option<Arc<tokio::sync::Mutex<()>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the turn of a session.
    pub(super) async fn take(&self, session: SessionId) -> Turn<'_> {
        let lock = Arc::clone(self.locks.lock().entry(session).or_default());
        // Made before it waits: one that stops waiting leaves nothing behind either.
        let mut turn = Turn { turns: self, session, lock: Some(Arc::clone(&lock)), guard: None };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        self.lock = None;
        let mut locks = self.turns.locks.lock();
        // Whoever else is at it has the lock too. Of two that leave at once the later one finds it alone.
        if locks.get(&self.session).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn store3_turns_are_taken_one_at_a_time_and_leave_nothing() {
        let turns = Turns::default();
        let id = SessionId::from_uuid(uuid::Uuid::nil());
        let other = SessionId::from_uuid(uuid::Uuid::max());
        let first = turns.take(id).await;
        assert!(turns.take(id).now_or_never().is_none(), "the turn is taken");
        assert!(turns.take(other).now_or_never().is_some(), "another session's is free");
        let mut second = Box::pin(turns.take(id));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(first);
        drop(second.await);
        assert!(turns.locks.lock().is_empty());
    }
}
