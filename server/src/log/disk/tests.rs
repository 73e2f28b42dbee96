//! The log in a data directory, closed, killed, torn, damaged and full.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::{Command, Context, Session, decide};

use super::*;
use crate::log::contract;

mod crashes;
mod damage;
mod faults;

/// A data directory, and what the log in it must have.
struct World {
    folder: TempDir,
    level: Level,
    sessions: BTreeMap<SessionId, Session>,
    begun: u8,
    /// Bytes of a segment of the journal.
    segment: u64,
}

impl World {
    fn new(level: Level) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self { folder, level, sessions: BTreeMap::new(), begun: 0, segment: 1 << 20 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn options(&self) -> Options {
        Options::new(self.level).journal(self.segment, 192 << 20)
    }

    fn open(&self) -> DiskLog {
        DiskLog::open(&self.path(), self.options()).expect("opens")
    }

    async fn begin(&mut self, log: &DiskLog) -> SessionId {
        self.begun += 1;
        let id = SessionId::from_uuid(uuid::Uuid::from_bytes([self.begun; 16]));
        let session = Session::new(id, None, 1_000, 7);
        log.create(session.snapshot()).await.expect("begins");
        self.sessions.insert(id, session);
        id
    }

    /// The next events of a session, as commands make them.
    fn draft(&self, id: SessionId, count: u64) -> (Session, Vec<Arc<EventRecord>>) {
        let mut session = self.sessions[&id].clone();
        let limits = ModelLimits::default();
        let records = (0..count)
            .map(|_| {
                let (seq, at) = (session.seq() + 1, 1_000 + session.seq());
                let command: Command = serde_json::from_value(serde_json::json!({
                    "type": "create_object",
                    "object": {"name": format!("object {seq}"), "type": "cube", "x": 0.1, "y": -0.2, "z": 12},
                }))
                .expect("is a command");
                let context = Context { at, limits: &limits, expect_version: None };
                let event = decide(&session, &command, &context).expect("is allowed").remove(0);
                let record = EventRecord { seq, at, by: None, subject: None, more: 0, event };
                session.apply(&record).expect("is the next");
                Arc::new(record)
            })
            .collect();
        (session, records)
    }

    async fn try_write(&mut self, log: &DiskLog, id: SessionId, count: u64) -> Result<(), LogError> {
        let (session, records) = self.draft(id, count);
        append(log, id, self.sessions[&id].seq(), &records).await?;
        self.sessions.insert(id, session);
        Ok(())
    }

    async fn write(&mut self, log: &DiskLog, id: SessionId, count: u64) {
        self.try_write(log, id, count).await.expect("is taken");
    }

    async fn save(&self, log: &DiskLog, id: SessionId) {
        let memory = vec![id.as_uuid().as_bytes()[0]; 5].into();
        log.save(Checkpoint { snapshot: self.sessions[&id].snapshot(), memory }).await.expect("is kept");
    }

    /// The log has every session as it must be.
    async fn check(&self, log: &DiskLog) {
        let listed = log.list().await.expect("lists");
        let ids: Vec<_> = listed.iter().map(|listed| listed.info.session_id).collect();
        assert_eq!(ids, self.sessions.keys().copied().collect::<Vec<_>>());
        for listed in listed {
            let session = &self.sessions[&listed.info.session_id];
            assert_eq!(listed, Listed { info: session.info(), damaged: None });
            assert_eq!(load(log, session.id()).await.expect("loads").snapshot(), session.snapshot());
        }
    }
}

async fn append(
    log: &DiskLog,
    id: SessionId,
    after: Seq,
    batch: &[Arc<EventRecord>],
) -> Result<(), LogError> {
    match log.append(id, after, batch) {
        Appending::Done(result) => result,
        Appending::Later(future) => future.await,
    }
}

/// The state of a session as of its last event.
async fn load(log: &DiskLog, id: SessionId) -> Result<Session, LogError> {
    let checkpoint = log.checkpoint_at(id, Seq::MAX).await?;
    let mut session = checkpoint.snapshot.restore().expect("its digest is that of its content");
    loop {
        let page = log.read(id, session.seq(), 100).await?;
        if page.is_empty() {
            return Ok(session);
        }
        page.iter().for_each(|event| session.apply(event).expect("is the next"));
    }
}

#[tokio::test]
async fn log1_the_disk_log_keeps_the_contract_at_both_levels() {
    for level in [Level::Buffered, Level::Sync] {
        let world = World::new(level);
        contract::check(&world.open()).await;
        contract::check(&world.open()).await;
    }
}

#[tokio::test]
async fn log1_a_log_that_moves_its_journal_all_the_time_keeps_the_contract() {
    let world = World::new(Level::Buffered);
    let log = DiskLog::open(&world.path(), world.options().journal(1, 1 << 20)).expect("opens");
    contract::check(&log).await;
}
