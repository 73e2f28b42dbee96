//! Histories out of the log and into it.

use std::sync::Arc;

use tracing::error;
use vws_core::reduce::State;
use vws_core::{EventRecord, Seq, Session, SessionId, Snapshot};

use super::{LiveSession, Moment, StoreError};
use crate::log::{Appending, Checkpoint, EventLog, LogError};

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

/// Begins a session in the log with all of its history, and with the state that it ends with. What was written
/// is taken back when the log does not take the rest, and is not there when the server ends before.
pub(super) async fn write(
    log: &dyn EventLog,
    base: Snapshot,
    events: &[Arc<EventRecord>],
    end: Checkpoint,
) -> Result<(), StoreError> {
    let (id, after) = (base.session.session_id, base.session.seq);
    log.begin(base).await?;
    let written = async {
        append(log, id, after, events).await?;
        if !events.is_empty() {
            log.save(end).await?;
        }
        log.finish(id).await
    };
    if let Err(failed) = written.await {
        if let Err(left) = log.delete(id).await {
            error!(session.id = %id, error = %left, "a part of an import is left in the log");
        }
        return Err(failed.into());
    }
    Ok(())
}

async fn append(
    log: &dyn EventLog,
    id: SessionId,
    mut after: Seq,
    mut rest: &[Arc<EventRecord>],
) -> Result<(), LogError> {
    while !rest.is_empty() {
        let (batch, more) = rest.split_at(whole_batches(rest));
        rest = more;
        match log.append(id, after, batch) {
            Appending::Done(done) => done?,
            Appending::Later(done) => done.await?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::Event;

    #[test]
    fn imp1_no_batch_is_cut_in_two_appends() {
        let history = |sizes: &[u32]| {
            let mores = sizes.iter().flat_map(|size| (0..*size).rev());
            let event = |(more, seq)| EventRecord {
                seq,
                at: 0,
                by: None,
                subject: None,
                more,
                event: Event::ObjectsCleared,
            };
            mores.zip(1..).map(|(more, seq)| Arc::new(event((more, seq)))).collect::<Vec<_>>()
        };
        let most = APPEND as u32;
        for (sizes, expected) in [
            (&[1][..], 1),
            (&[3, 3], 6),
            (&[most, 1], APPEND),
            (&[most - 1, 2, 5], APPEND + 1),
            (&[most + 7, 1], APPEND + 7),
        ] {
            assert_eq!(whole_batches(&history(sizes)), expected, "{sizes:?}");
        }
        // A file's reader refuses such a history; it would be taken whole.
        assert_eq!(whole_batches(&history(&[3])[..2]), 2);
    }
}
