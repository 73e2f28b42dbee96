//! Sessions that nobody uses leave memory.

use std::ops::Bound;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};
use vws_core::{Session, SessionId};

use super::cold::{Cold, Slot};
use super::registry::Inner;
use super::{LiveSession, SessionStore, StoreError};

/// Sessions that are looked at before the set is let go of for others.
const PAGE: usize = 1_024;

/// Looks for idle sessions so often that none stays for much longer than it should.
const LOOKS: u32 = 4;
const OFTEN: Duration = Duration::from_millis(10);
const SELDOM: Duration = Duration::from_secs(30);

/// Lets sessions leave memory for as long as there is the store.
pub(super) async fn sweep(store: Weak<Inner>, idle_after: Duration) {
    let mut looks = interval((idle_after / LOOKS).clamp(OFTEN, SELDOM));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(inner) = store.upgrade() else { return };
        inner.evict_idle(idle_after).await;
    }
}

impl SessionStore {
    /// Lets sessions leave memory that nobody has used for as long as the configuration says, now. Tells how many
    /// have left.
    pub async fn evict_idle(&self) -> usize {
        match self.0.config.idle_after.filter(|_| !self.0.log.is_in_memory()) {
            Some(idle_after) => self.0.evict_idle(idle_after).await,
            None => 0,
        }
    }
}

impl Inner {
    async fn evict_idle(&self, idle_after: Duration) -> usize {
        let (mut after, mut evicted) = (None, 0);
        loop {
            let (idle, last) = self.idle(after, idle_after);
            for id in idle {
                match self.evict(id, idle_after).await {
                    Ok(true) => evicted += 1,
                    Ok(false) => {}
                    Err(failed) => {
                        // What has failed once would fail for all the others too.
                        warn!(session.id = %id, error = %failed, "idle sessions stay in memory");
                        return evicted;
                    }
                }
            }
            match last {
                Some(last) => after = Some(last),
                None => return evicted,
            }
        }
    }

    /// The idle ones of a page of the set, and where the next page begins.
    fn idle(&self, after: Option<SessionId>, idle_after: Duration) -> (Vec<SessionId>, Option<SessionId>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut idle, mut last, mut seen) = (Vec::new(), None, 0);
        for (id, slot) in self.sessions.read().range((from, Bound::Unbounded)).take(PAGE) {
            (last, seen) = (Some(*id), seen + 1);
            match slot {
                Slot::Live(live) if is_held(live) => live.touch(),
                Slot::Live(live) if live.idle_for() >= idle_after => idle.push(*id),
                Slot::Live(_) | Slot::Cold(_) => {}
            }
        }
        (idle, last.filter(|_| seen == PAGE))
    }

    /// Lets a session leave memory, where nobody holds it. Who asks for it meanwhile keeps it there.
    async fn evict(&self, id: SessionId, idle_after: Duration) -> Result<bool, StoreError> {
        let _turn = self.turns.take(id).await;
        let live = match self.sessions.read().get(&id) {
            Some(Slot::Live(live)) if !is_held(live) => Arc::clone(live),
            _ => return Ok(false),
        };
        if let Some(checkpoint) = live.unsaved().await {
            let seq = checkpoint.snapshot.session.seq;
            self.log.save(checkpoint).await?;
            live.saved(seq);
        }
        drop(live);
        let left = self.take_out(id, idle_after);
        if left.is_some() {
            debug!(session.id = %id, "session left memory");
            self.metrics.session_evicted();
        }
        Ok(left.is_some())
    }

    /// Puts what lists tell in place of a session that nobody holds, and gives the session to be dropped.
    fn take_out(&self, id: SessionId, idle_after: Duration) -> Option<LiveSession> {
        let mut sessions = self.sessions.write();
        let slot = sessions.get_mut(&id)?;
        // References are made under the set's lock only. Where this one is the last, nobody can come by
        // another, and no commit is under way, since that holds one.
        let info = match slot {
            Slot::Live(live) if !is_held(live) && live.idle_for() >= idle_after => live.read(Session::info),
            Slot::Live(_) | Slot::Cold(_) => return None,
        };
        match std::mem::replace(slot, Slot::Cold(Box::new(Cold { info, damaged: None }))) {
            Slot::Live(live) => match Arc::try_unwrap(live) {
                Ok(live) => Some(live),
                Err(held) => {
                    *slot = Slot::Live(held);
                    None
                }
            },
            Slot::Cold(_) => None,
        }
    }
}

/// Whether anybody but the set has it.
fn is_held(live: &Arc<LiveSession>) -> bool {
    Arc::strong_count(live) > 1
}
