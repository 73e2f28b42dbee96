//! Histories out of the log and into it.

use std::sync::Arc;

use tracing::error;
use vws_core::reduce::State;
use vws_core::{EventRecord, Seq, Session, Snapshot};

use super::{LiveSession, Moment, StoreError};
use crate::log::{Appending, EventLog};

/// Events that the log is given at once, or as many as a batch has.
const APPEND: usize = 1_024;

/// How often the begin of a history is looked for where it is let go of meanwhile.
const TRIES: usize = 3;

/// The kept history of a session.
#[derive(Debug)]
pub struct Kept {
    /// The state that it begins with.
    pub base: Session,
    /// Its last event; what happens later is not part of it.
    pub head: Seq,
}

impl LiveSession {
    /// Where the kept history begins and ends. The events between are those that
    /// [`events`](Self::events) tells.
    ///
    /// # Errors
    /// [`StoreError`] when the log does not give it.
    pub async fn kept(&self) -> Result<Kept, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let after = self.first_kept().await? - 1;
            match self.at(Moment::Seq(after)).await {
                Ok(base) => return Ok(Kept { base, head: self.read(State::seq) }),
                Err(StoreError::HistoryGone { .. }) if tries < TRIES => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// Begins a session in the log with all of its history. What was written is taken back when the log does
/// not take the rest.
pub(super) async fn write(
    log: &dyn EventLog,
    base: Snapshot,
    events: &[Arc<EventRecord>],
) -> Result<(), StoreError> {
    let (id, mut after) = (base.session.session_id, base.session.seq);
    log.create(base).await?;
    let mut rest = events;
    while !rest.is_empty() {
        let (batch, more) = rest.split_at(whole_batches(rest));
        rest = more;
        let done = match log.append(id, after, batch) {
            Appending::Done(done) => done,
            Appending::Later(done) => done.await,
        };
        if let Err(failed) = done {
            if let Err(left) = log.delete(id).await {
                error!(session.id = %id, error = %left, "a part of an import is left in the log");
            }
            return Err(failed.into());
        }
        after += batch.len() as Seq;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// So many events that no batch is cut.
fn whole_batches(events: &[Arc<EventRecord>]) -> usize {
    let least = events.len().min(APPEND);
    let ends = |n: &usize| events[*n - 1].more == 0;
    (least..=events.len()).find(ends).unwrap_or(events.len())
}
