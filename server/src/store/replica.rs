//! A session whose log other processes write to: this one's state is one replica of several.
//!
//! What comes to the log is told by [`SharedLog::follow`](crate::log::SharedLog::follow) and taken in between two
//! commits, by whoever has the turn. What this process has written itself is told as well, and is nothing new then.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::{debug, error, warn};
use vws_core::reduce::State;
use vws_core::{EventRecord, Seq, SessionId};

use super::{LiveSession, StoreError};
use crate::log::{Following, LogError, Told};

/// Events that are read at once to catch up.
const PAGE: usize = 1_024;

/// How long a log that cannot be read is left alone before it is asked again.
const AGAIN: Duration = Duration::from_millis(250);

/// The task that follows the log, for as long as the session is in memory.
#[derive(Debug, Default)]
pub(super) struct Follow(Option<AbortHandle>);

impl Drop for Follow {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl LiveSession {
    /// Has it take in what comes to the log, which `following` tells from before the last event that it has.
    pub(super) fn follow_log(self: &Arc<Self>, following: Following) {
        let task = tokio::spawn(follow(Arc::downgrade(self), self.id(), following));
        let former = std::mem::replace(&mut *self.follow.lock(), Follow(Some(task.abort_handle())));
        drop(former);
    }

    /// Takes in what others have written, to the last event that the log has. Called by whoever has the turn.
    ///
    /// # Errors
    /// The log's. Where it has less than was here, or has let go of what is missing, the session is left to be loaded
    /// anew.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<(), LogError> {
        loop {
            let head = self.read(State::seq);
            let events = match self.log().read(self.id(), head, PAGE).await {
                Err(error @ LogError::Trimmed { .. }) => {
                    self.retire("it is further behind than the log reaches back");
                    return Err(LogError::Unavailable(error.to_string()));
                }
                Err(error @ (LogError::Damaged { .. } | LogError::Newer { .. })) => {
                    self.retire(&error.to_string());
                    return Err(error);
                }
                read => read?,
            };
            self.take_in(&events)?;
            if events.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Takes in events of the log, those that it has left out. Called by whoever has the turn.
    fn take_in(self: &Arc<Self>, events: &[Arc<EventRecord>]) -> Result<(), LogError> {
        let mut state = self.state.write();
        let head = state.seq();
        let new = &events[events.partition_point(|event| event.seq <= head)..];
        if new.is_empty() {
            return Ok(());
        }
        for event in new {
            if let Err(gap) = state.apply(event) {
                drop(state);
                error!(session.id = %self.id(), error = %gap, "an event of the log does not follow");
                self.retire("an event of the log does not follow");
                return Err(LogError::Unavailable(gap.to_string()));
            }
        }
        self.feed.push(new);
        drop(state);
        self.metrics.events_of_others(new.len());
        new.iter().for_each(|record| self.tell_of_name(record));
        let mut ledger = self.ledger.lock();
        ledger.is_unsure = false;
        let mut batch = None;
        for event in new {
            ledger.last_at = ledger.last_at.max(event.at);
            ledger.receipts.note_event(&mut batch, event);
        }
        drop(ledger);
        self.feed.wake();
        Ok(())
    }

    /// Has the state be at least that of the event `seq`, which the client has seen somewhere.
    ///
    /// # Errors
    /// [`StoreError::Behind`] where the log does not have it either, or the log's.
    pub async fn reach(self: &Arc<Self>, seq: Seq) -> Result<(), StoreError> {
        if self.read(State::seq) < seq && self.is_shared() {
            let turn = self.turn().await;
            let caught_up = self.catch_up().await;
            drop(turn);
            caught_up?;
        }
        match self.read(State::seq) {
            head if head < seq && self.is_shared() => Err(StoreError::Behind { seen: seq, head }),
            _ => Ok(()),
        }
    }

    /// Leaves it to be loaded anew: what is here is not what the log has. Those who follow it come back to that.
    pub(crate) fn retire(&self, why: &str) {
        if !self.retired.swap(true, Ordering::Relaxed) {
            warn!(session.id = %self.id(), why, "a session is loaded anew");
            // After the reason is there: it is looked at then.
            self.ended.cancel();
        }
    }

    /// What whoever asks it for anything is told once it has ended.
    pub(super) fn why_it_ended(&self) -> StoreError {
        match self.is_retired() {
            true => StoreError::LogUnavailable("the session is loaded anew".to_owned()),
            false => StoreError::not_found(self.id()),
        }
    }

    /// It was deleted, by whomever.
    pub(super) fn is_gone(&self) {
        self.ended.cancel();
        self.snapshots.clear();
    }
}

/// Takes in what is told, until the session leaves memory or ends.
async fn follow(session: Weak<LiveSession>, id: SessionId, mut following: Following) {
    while let Some(told) = following.next().await {
        let Some(live) = session.upgrade().filter(|live| !live.is_ended()) else { return };
        match told {
            Told::Batch(events) => take_told(&live, &events).await,
            Told::Gap => catch_up(&live).await,
            Told::Ended => {
                debug!(session.id = %id, "the log has ended a session");
                live.is_gone();
                return;
            }
        }
    }
}

/// Takes in a batch where it comes next, and what is before it where it does not.
async fn take_told(live: &Arc<LiveSession>, events: &[Arc<EventRecord>]) {
    let Some((first, last)) = events.first().zip(events.last()) else { return };
    // Nothing goes back: what is here already stays.
    if last.seq <= live.read(State::seq) {
        return;
    }
    let turn = live.turn().await;
    if first.seq > live.read(State::seq) + 1 {
        drop(turn);
        return catch_up(live).await;
    }
    // It retires the session where it fails.
    let _ = live.take_in(events);
}

/// Reads the log until it can be read.
async fn catch_up(live: &Arc<LiveSession>) {
    loop {
        let turn = live.turn().await;
        let caught_up = live.catch_up().await;
        drop(turn);
        match caught_up {
            Ok(()) => return,
            Err(LogError::NoSession(_)) => return live.is_gone(),
            Err(_) if live.is_ended() => return,
            Err(failed) => debug!(session.id = %live.id(), error = %failed, "the log cannot be read"),
        }
        sleep(AGAIN).await;
    }
}
