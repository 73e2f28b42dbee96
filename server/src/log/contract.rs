//! What every [`EventLog`] owes, as one suite of checks that each implementor's tests run.
//!
//! It is part of the library, not of one test file, so that a log kept elsewhere runs the same checks.

use std::sync::Arc;

use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::session::Origin;
use vws_core::{Command, Context, EventRecord, Session, SessionId, decide};

use super::{Appending, Checkpoint, EventLog, Listed, LogError};

/// Runs every check on `log`, which must be empty. The sessions that it makes are its own, and it
/// removes them.
///
/// # Panics
/// At the first promise that the log does not keep.
pub async fn check(log: &dyn EventLog) {
    appends_are_dense_and_whole(log).await;
    reads_are_pages_of_the_history(log).await;
    snapshots_stand_for_what_is_trimmed(log).await;
    histories_are_held(log).await;
    histories_begin_anywhere(log).await;
    sessions_are_apart_and_end(log).await;
    histories_may_be_begun_and_finished(log).await;
}

/// A session whose history grows by real commands.
struct Scribe {
    session: Session,
}

impl Scribe {
    async fn begin(log: &dyn EventLog, number: u8) -> Self {
        let id = SessionId::from_uuid(uuid::Uuid::from_bytes([number; 16]));
        let session = Session::new(id, None, 1_000, 7);
        log.create(session.snapshot()).await.expect("a new session begins");
        Self { session }
    }

    fn id(&self) -> SessionId {
        self.session.id()
    }

    /// The next `count` events, applied to the mirror and not yet in the log.
    fn events(&mut self, count: u64) -> Vec<Arc<EventRecord>> {
        let first = self.session.seq() + 1;
        (first..first + count)
            .map(|seq| {
                let json = format!(
                    r#"{{"type":"create_object","object":{{"name":"object {seq}","type":"cube","x":0.1,"y":-0.2,"z":12}}}}"#
                );
                let command: Command = serde_json::from_str(&json).expect("is a command");
                let limits = ModelLimits::default();
                let context = Context { at: 1_000 + seq, limits: &limits, expect_version: None };
                let event = decide(&self.session, &command, &context).expect("is allowed").remove(0);
                let record = EventRecord { seq, at: 1_000 + seq, by: None, subject: None, more: 0, event };
                self.session.apply(&record).expect("is the next");
                Arc::new(record)
            })
            .collect()
    }
}

async fn append(
    log: &dyn EventLog,
    id: SessionId,
    after: u64,
    batch: &[Arc<EventRecord>],
) -> Result<(), LogError> {
    match log.append(id, after, batch) {
        Appending::Done(result) => result,
        Appending::Later(future) => future.await,
    }
}

async fn appends_are_dense_and_whole(log: &dyn EventLog) {
    let mut scribe = Scribe::begin(log, 1).await;
    let (one, two) = (scribe.events(3), scribe.events(2));
    let conflict = Err(LogError::Conflict { expected: 3, found: 0 });
    assert_eq!(append(log, scribe.id(), 3, &two).await, conflict, "a batch that leaves a gap is refused");
    append(log, scribe.id(), 0, &one).await.expect("the first batch is taken");
    let conflict = Err(LogError::Conflict { expected: 0, found: 3 });
    assert_eq!(append(log, scribe.id(), 0, &one).await, conflict, "a batch that is there is refused");
    let torn = [Arc::clone(&two[1]), Arc::clone(&two[0])];
    assert!(append(log, scribe.id(), 3, &torn).await.is_err(), "a batch that is not dense is refused");
    assert_eq!(log.read(scribe.id(), 0, 100).await.expect("reads"), one, "what is refused leaves nothing");
    append(log, scribe.id(), 3, &two).await.expect("the next batch is taken");
    assert_eq!(log.read(scribe.id(), 3, 100).await.expect("reads"), two);
    log.delete(scribe.id()).await.expect("ends");
}

async fn reads_are_pages_of_the_history(log: &dyn EventLog) {
    let mut scribe = Scribe::begin(log, 2).await;
    let all = scribe.events(25);
    append(log, scribe.id(), 0, &all).await.expect("is taken");
    let mut read = Vec::new();
    loop {
        let page = log.read(scribe.id(), read.len() as u64, 10).await.expect("reads");
        assert!(page.len() <= 10, "a page is not longer than its limit");
        if page.is_empty() {
            break;
        }
        read.extend(page);
    }
    assert_eq!(read, all, "the pages are the history, to the last byte");
    assert_eq!(log.read(scribe.id(), 1_000, 10).await, Ok(Vec::new()), "nothing follows the end");
    log.delete(scribe.id()).await.expect("ends");
}

async fn snapshots_stand_for_what_is_trimmed(log: &dyn EventLog) {
    let mut scribe = Scribe::begin(log, 3).await;
    let id = scribe.id();
    let base = scribe.session.snapshot();
    assert_eq!(log.snapshot_at(id, 0).await, Ok(base.clone()), "a history has what it began with");
    let early = scribe.events(4);
    append(log, id, 0, &early).await.expect("is taken");
    log.trim(id, 4).await.expect("trims");
    assert_eq!(log.read(id, 0, 10).await.expect("reads"), early, "what no snapshot holds is kept");
    let snapshot = scribe.session.snapshot();
    let checkpoint = Checkpoint { snapshot: snapshot.clone(), memory: [1, 2, 3].into() };
    log.save(checkpoint.clone()).await.expect("is kept");
    assert_eq!(log.snapshot_at(id, 3).await, Ok(base), "an older one is kept beside a newer one");
    for at in [4, 5, u64::MAX] {
        assert_eq!(log.snapshot_at(id, at).await.as_ref(), Ok(&snapshot), "the newest one up to {at}");
    }
    assert_eq!(log.checkpoint_at(id, 9).await, Ok(checkpoint), "with what belongs to it");
    let late = scribe.events(3);
    append(log, id, 4, &late).await.expect("is taken");
    log.trim(id, 3).await.expect("trims");
    assert_eq!(log.read(id, 0, 10).await.expect("reads").len(), 7, "no snapshot stands for a part of it");
    log.trim(id, 100).await.expect("trims");
    let cut = LogError::Trimmed { trimmed: 4 };
    assert_eq!(log.read(id, 0, 10).await, Err(cut.clone()), "a cut is told, not hidden");
    assert_eq!(log.snapshot_at(id, 3).await, Err(cut), "and so is that of a snapshot");
    let tail = log.read(id, 4, 10).await.expect("reads");
    assert_eq!(tail, late);
    let mut rebuilt = log.snapshot_at(id, 7).await.expect("reads").restore().expect("is whole");
    for event in &tail {
        rebuilt.apply(event).expect("is the next");
    }
    assert_eq!(rebuilt.snapshot(), scribe.session.snapshot(), "snapshot and tail are the whole history");
    log.delete(id).await.expect("ends");
}

/// What somebody holds is let go of after that, and not while.
async fn histories_are_held(log: &dyn EventLog) {
    let mut scribe = Scribe::begin(log, 9).await;
    let id = scribe.id();
    let events = scribe.events(4);
    append(log, id, 0, &events).await.expect("is taken");
    let checkpoint = Checkpoint { snapshot: scribe.session.snapshot(), memory: Arc::default() };
    log.save(checkpoint).await.expect("is kept");
    let (first, second) = (log.hold(id).await.expect("is held"), log.hold(id).await.expect("is held by two"));
    log.trim(id, 4).await.expect("is left to the next time");
    drop(first);
    log.trim(id, 4).await.expect("is left to the next time");
    assert_eq!(log.read(id, 0, 10).await.expect("reads"), events, "what is held is all there");
    append(log, id, 4, &scribe.events(1)).await.expect("and goes on");
    drop(second);
    log.trim(id, 4).await.expect("trims");
    assert_eq!(log.read(id, 0, 10).await, Err(LogError::Trimmed { trimmed: 4 }), "and no longer held");
    log.delete(id).await.expect("ends");
    assert!(matches!(log.hold(id).await, Err(LogError::NoSession(_))));
}

/// A history may begin with a copy of another session, and goes on from its seq.
async fn histories_begin_anywhere(log: &dyn EventLog) {
    let mut scribe = Scribe::begin(log, 6).await;
    append(log, scribe.id(), 0, &scribe.events(5)).await.expect("is taken");
    let id = SessionId::from_uuid(uuid::Uuid::from_bytes([7; 16]));
    let origin = Origin { session_id: scribe.id(), epoch: scribe.session.epoch(), seq: 5 };
    let mut copy = Scribe { session: scribe.session.fork(id, None, 2_000, 8) };
    assert_eq!(copy.session.info().origin, Some(origin));
    let base = copy.session.snapshot();
    log.create(base.clone()).await.expect("a copy begins");
    let cut = LogError::Trimmed { trimmed: 5 };
    assert_eq!(log.read(id, 0, 10).await, Err(cut.clone()), "it has no events of its own before");
    assert_eq!(log.snapshot_at(id, 4).await, Err(cut));
    let conflict = Err(LogError::Conflict { expected: 0, found: 5 });
    let late = copy.events(3);
    assert_eq!(append(log, id, 0, &late).await, conflict);
    append(log, id, 5, &late).await.expect("it goes on from its seq");
    assert_eq!(log.read(id, 5, 10).await.expect("reads"), late);
    assert_eq!(log.snapshot_at(id, 8).await, Ok(base), "what it began with comes back with its origin");
    log.delete(scribe.id()).await.expect("ends");
    assert_eq!(log.read(id, 5, 10).await.expect("reads"), late, "and outlives what it is a copy of");
    log.delete(id).await.expect("ends");
}

async fn sessions_are_apart_and_end(log: &dyn EventLog) {
    let (mut a, mut b) = (Scribe::begin(log, 4).await, Scribe::begin(log, 5).await);
    let begun = Session::new(a.id(), None, 1_000, 7).snapshot();
    assert_eq!(log.create(begun.clone()).await, Err(LogError::SessionExists(a.id())));
    let listed = |of: &Scribe| Listed { info: of.session.info(), damaged: None };
    assert_eq!(log.list().await, Ok(vec![listed(&a), listed(&b)]));
    let (of_a, of_b) = (a.events(2), b.events(5));
    append(log, a.id(), 0, &of_a).await.expect("is taken");
    append(log, b.id(), 0, &of_b).await.expect("is taken");
    assert_eq!(log.list().await, Ok(vec![listed(&a), listed(&b)]), "as of their last events");
    log.delete(a.id()).await.expect("ends");
    let gone = LogError::NoSession(a.id());
    assert_eq!(log.delete(a.id()).await, Err(gone.clone()));
    assert_eq!(log.read(a.id(), 0, 10).await, Err(gone.clone()));
    assert_eq!(append(log, a.id(), 2, &of_a).await, Err(gone));
    assert_eq!(log.read(b.id(), 0, 10).await.expect("reads"), of_b, "another session's history is untouched");
    log.create(begun).await.expect("a new history may begin under the id");
    assert_eq!(log.read(a.id(), 0, 10).await, Ok(Vec::new()), "nothing is left of the old one");
    log.delete(a.id()).await.expect("ends");
    log.delete(b.id()).await.expect("ends");
    assert_eq!(log.list().await, Ok(Vec::new()));
}

/// What is begun counts when it is finished, and can be deleted before.
async fn histories_may_be_begun_and_finished(log: &dyn EventLog) {
    for finished in [false, true] {
        let id = SessionId::from_uuid(uuid::Uuid::from_bytes([8; 16]));
        let mut scribe = Scribe { session: Session::new(id, None, 1_000, 7) };
        log.begin(scribe.session.snapshot()).await.expect("begins");
        assert_eq!(log.begin(scribe.session.snapshot()).await, Err(LogError::SessionExists(id)));
        let events = scribe.events(3);
        append(log, id, 0, &events).await.expect("is taken");
        if finished {
            log.finish(id).await.expect("is finished");
            let listed = Listed { info: scribe.session.info(), damaged: None };
            assert_eq!(log.list().await, Ok(vec![listed]));
        }
        assert_eq!(log.read(id, 0, 10).await.expect("reads"), events);
        log.delete(id).await.expect("ends");
        assert_eq!(log.list().await, Ok(Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryLog;

    #[tokio::test]
    async fn log1_the_memory_log_keeps_the_contract() {
        super::check(&MemoryLog::default()).await;
    }
}
