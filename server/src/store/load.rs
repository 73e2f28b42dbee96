//! Sessions out of the log into memory.

use std::sync::Arc;
use std::time::Instant;

use tracing::{debug, error};
use vws_core::reduce::State;
use vws_core::{Seq, Session, SessionId};

use super::cold::Slot;
use super::live::Past;
use super::receipts::Memory;
use super::registry::Inner;
use super::{LiveSession, StoreError};
use crate::log::{Checkpoint, EventLog, LogError};

/// Events that are read from the log and folded at once, before other tasks have their turn.
const PAGE: usize = 1_024;

/// Events that a session has in its feed when it comes into memory, at most: so far behind may somebody be who follows
/// it again after a restart, and is still told of those events alone.
const RECENT: usize = 256;

/// How often a state is looked for where the log lets go of it meanwhile.
const TRIES: usize = 3;

impl Inner {
    /// The session of that id where it is in memory; `None` where it is to be loaded.
    pub(super) fn loaded(&self, id: SessionId) -> Result<Option<Arc<LiveSession>>, StoreError> {
        match self.sessions.read().get(&id) {
            Some(Slot::Live(live)) if live.is_retired() => Ok(None),
            Some(Slot::Live(live)) => {
                live.touch();
                Ok(Some(Arc::clone(live)))
            }
            Some(Slot::Cold(cold)) => match &cold.damaged {
                None => Ok(None),
                Some(reason) => Err(StoreError::SessionDamaged { session: id, reason: reason.to_string() }),
            },
            // Another process may have made it a moment ago: the log knows.
            None if self.is_shared() => Ok(None),
            None => Err(StoreError::not_found(id)),
        }
    }

    /// Loads a session once, however many ask for it at one moment.
    pub(super) async fn load(&self, id: SessionId) -> Result<Arc<LiveSession>, StoreError> {
        let _turn = self.turns.take(id).await;
        // Somebody else has loaded or deleted it while this one waited.
        if let Some(live) = self.loaded(id)? {
            return Ok(live);
        }
        let began = Instant::now();
        // Before it is read, so that nothing is missed between.
        let following = match self.log.shared() {
            Some(shared) => Some(shared.follow(id).await?),
            None => None,
        };
        let mut tries = 1;
        let found = loop {
            match read(&*self.log, id, self.config.max_history).await {
                // The state that it began with was let go of while the events after it were read.
                Err(LogError::Trimmed { .. }) if tries < TRIES => tries += 1,
                found => break found,
            }
        };
        match found {
            Ok((session, past)) => {
                debug!(session.id = %id, seq = session.seq(), "session loaded");
                let info = session.info();
                let live = Arc::new(self.live(session, past));
                if let Some(following) = following {
                    live.follow_log(following);
                    self.appear(&info, Slot::Live(Arc::clone(&live)));
                }
                self.sessions.write().insert(id, Slot::Live(Arc::clone(&live)));
                self.metrics.session_loaded(began.elapsed());
                Ok(live)
            }
            Err(LogError::Damaged { reason, .. }) => {
                error!(session.id = %id, reason, "a session is damaged and is not served");
                if let Some(Slot::Cold(cold)) = self.sessions.write().get_mut(&id) {
                    cold.damaged = Some(reason.clone().into_boxed_str());
                }
                Err(StoreError::SessionDamaged { session: id, reason })
            }
            // Asked for by an id that nobody has, or deleted by another process.
            Err(LogError::NoSession(_)) if self.is_shared() => Err(StoreError::not_found(id)),
            Err(failed) => {
                error!(session.id = %id, error = %failed, "a session cannot be loaded");
                Err(failed.into())
            }
        }
    }
}

/// The newest state that the log has of a session with what was kept beside it, and every event after it
/// folded in.
async fn read(log: &dyn EventLog, id: SessionId, max_history: Seq) -> Result<(Session, Past), LogError> {
    let damaged = |reason: String| LogError::Damaged { session: id, reason };
    let Checkpoint { snapshot, memory } = log.checkpoint_at(id, Seq::MAX).await?;
    let checkpoint = snapshot.session.seq;
    let restored = tokio::task::spawn_blocking(move || snapshot.restore()).await;
    let restored = restored.map_err(|failed| LogError::Unavailable(failed.to_string()))?;
    let mut session = restored.map_err(|broken| damaged(broken.to_string()))?;
    let mut past = Past { checkpoint, last_at: session.created_at(), ..Past::default() };
    if let Some(memory) = Memory::decode(&memory).map_err(|error| damaged(error.to_string()))? {
        past.last_at = past.last_at.max(memory.last_at());
        past.receipts = memory.receipts();
    }
    let mut batch = None;
    loop {
        let events = log.read(id, session.seq(), PAGE).await?;
        let Some(last) = events.last() else { break };
        past.last_at = past.last_at.max(last.at);
        for event in &events {
            session.apply(event).map_err(|gap| damaged(gap.to_string()))?;
            past.receipts.note_event(&mut batch, event);
        }
        past.recent.extend(events);
        past.recent.drain(..past.recent.len().saturating_sub(RECENT));
        tokio::task::yield_now().await;
    }
    if session.seq() > max_history {
        past.trimmed = match log.read(id, 0, 1).await {
            Err(LogError::Trimmed { trimmed }) => trimmed,
            other => other.map(|_| 0)?,
        };
    }
    Ok((session, past))
}
