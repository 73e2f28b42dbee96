//! Logs that take the same events in the same way: what waits goes into one write and one flush.

use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use vws_core::limits::ModelLimits;
use vws_core::{Command, Context, EventRecord, Session, SessionId, decide};
use vws_server::log::disk::Options;
use vws_server::log::{Appending, DiskLog, EventLog, MemoryLog, disk};

/// What an acknowledged event survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Buffered,
    Sync,
}

impl Level {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Sync => "sync",
        }
    }
}

/// Something that events are appended to.
pub(super) trait Log: Send + Sync {
    /// Resolves when the event is taken at its level.
    fn append(
        &self,
        writer: usize,
        place: u64,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;
}

/// Which log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contender {
    /// A file, a thread, one write and one flush for all that waits: what any log on this disk is at most.
    Bare,
    /// The same with room set aside.
    BareRoom,
    /// The server's log on disk.
    Vws,
    /// fjall, a record for each event.
    Fjall,
    /// fjall, a record for each group of events.
    FjallGroups,
    /// The server's log in memory.
    Memory,
}

impl Contender {
    pub(super) const ALL: [Self; 6] =
        [Self::Bare, Self::BareRoom, Self::Vws, Self::Fjall, Self::FjallGroups, Self::Memory];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare file",
            Self::BareRoom => "bare file, with room",
            Self::Vws => crate::table::SUBJECT,
            Self::Fjall => "fjall, events",
            Self::FjallGroups => "fjall, groups",
            Self::Memory => "VWS in memory",
        }
    }

    pub(super) fn open(
        self,
        data: &Path,
        level: Level,
        writers: usize,
        runtime: &Runtime,
    ) -> Result<Arc<dyn Log>, String> {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", self.name());
        Ok(match self {
            Self::Bare | Self::BareRoom => {
                let mut file = File::create(data.join("log")).map_err(|e| said(&e))?;
                if matches!(self, Self::BareRoom) {
                    file.set_len(1 << 30).map_err(|e| said(&e))?;
                }
                Grouped::start(move |group| {
                    let mut bytes = Vec::with_capacity(group.len() * 200);
                    group.iter().for_each(|(_, event)| bytes.extend_from_slice(event));
                    file.write_all(&bytes).map_err(|e| e.to_string())?;
                    if level == Level::Sync { file.sync_data().map_err(|e| e.to_string()) } else { Ok(()) }
                })
            }
            Self::Fjall | Self::FjallGroups => {
                let fjall =
                    Fjall::open(data, level, matches!(self, Self::FjallGroups)).map_err(|e| said(&e))?;
                Grouped::start(move |group| fjall.take(group).map_err(|error| error.to_string()))
            }
            Self::Vws => {
                let level = match level {
                    Level::Buffered => disk::Level::Buffered,
                    Level::Sync => disk::Level::Sync,
                };
                let log = DiskLog::open(&data.join("data"), Options::new(level)).map_err(|e| said(&e))?;
                Arc::new(runtime.block_on(Ours::begin(Box::new(log), writers))?)
            }
            Self::Memory => Arc::new(runtime.block_on(Ours::begin(Box::<MemoryLog>::default(), writers))?),
        })
    }
}

/// An event as a writer makes it: the key of its session and seq, and 200 bytes.
type Item = ([u8; 24], Vec<u8>);

/// An event that waits, and who waits for it.
type Waiting = (Item, oneshot::Sender<Result<(), String>>);

/// A thread that takes what waits in groups.
struct Grouped(mpsc::Sender<Waiting>);

impl Grouped {
    fn start(mut take: impl FnMut(&[Item]) -> Result<(), String> + Send + 'static) -> Arc<dyn Log> {
        let (sender, mut waiting) = mpsc::channel::<Waiting>(1_024);
        std::thread::spawn(move || {
            while let Some((first, done)) = waiting.blocking_recv() {
                let (mut group, mut answers) = (vec![first], vec![done]);
                while let Ok((item, done)) = waiting.try_recv() {
                    group.push(item);
                    answers.push(done);
                }
                let taken = take(&group);
                for done in answers {
                    let _ = done.send(taken.clone());
                }
            }
        });
        Arc::new(Self(sender))
    }
}

impl Log for Grouped {
    fn append(
        &self,
        writer: usize,
        place: u64,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        let mut key = [0; 24];
        key[8..16].copy_from_slice(&(writer as u64).to_be_bytes());
        key[16..].copy_from_slice(&place.to_be_bytes());
        let event = vec![0x5a; 200];
        Box::pin(async move {
            let (done, answer) = oneshot::channel();
            self.0.send(((key, event), done)).await.map_err(|_| "the log is closed")?;
            answer.await.map_err(|_| "the log is closed")?
        })
    }
}

struct Fjall {
    database: fjall::Database,
    events: fjall::Keyspace,
    mode: fjall::PersistMode,
    in_groups: bool,
}

impl Fjall {
    fn open(data: &Path, level: Level, in_groups: bool) -> fjall::Result<Self> {
        let database = fjall::Database::builder(data.join("data")).manual_journal_persist(true).open()?;
        let events = database.keyspace("events", fjall::KeyspaceCreateOptions::default)?;
        let mode = match level {
            Level::Buffered => fjall::PersistMode::Buffer,
            Level::Sync => fjall::PersistMode::SyncData,
        };
        Ok(Self { database, events, mode, in_groups })
    }

    fn take(&self, group: &[Item]) -> fjall::Result<()> {
        let mut batch = self.database.batch();
        if self.in_groups {
            let mut bytes = Vec::with_capacity(group.len() * 224);
            group.iter().for_each(|(key, event)| {
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(event);
            });
            batch.insert(&self.events, group[0].0, bytes);
        } else {
            group.iter().for_each(|(key, event)| batch.insert(&self.events, key, event));
        }
        batch.commit()?;
        self.database.persist(self.mode)
    }
}

/// A log of the server, a session for each writer.
struct Ours {
    log: Box<dyn EventLog>,
    sessions: Vec<(SessionId, Mutex<EventRecord>)>,
}

impl Ours {
    async fn begin(log: Box<dyn EventLog>, writers: usize) -> Result<Self, String> {
        let mut sessions = Vec::new();
        for writer in 0..writers {
            let id = SessionId::from_uuid(uuid::Uuid::from_u128(writer as u128 + 1));
            let mut session = Session::new(id, None, 0, 1);
            log.create(session.snapshot()).await.map_err(|error| error.to_string())?;
            // One event as any; what follows differs in its seq only.
            let json = serde_json::json!({"type": "create_object", "object": {"name": "cube", "type": "cube", "x": 1.5, "y": 0, "z": -3}});
            let limits = ModelLimits::default();
            let context = Context { at: 0, limits: &limits, expect_version: None };
            let command: Command = serde_json::from_value(json).map_err(|error| error.to_string())?;
            let event = decide(&session, &command, &context).map_err(|error| error.to_string())?.remove(0);
            let record = EventRecord { seq: 1, at: 0, by: None, subject: None, more: 0, event };
            session.apply(&record).map_err(|error| error.to_string())?;
            sessions.push((id, Mutex::new(record)));
        }
        Ok(Self { log, sessions })
    }
}

impl Log for Ours {
    fn append(
        &self,
        writer: usize,
        place: u64,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        let (id, record) = &self.sessions[writer];
        let record = Arc::new(EventRecord { seq: place + 1, ..record.lock().clone() });
        let appending = self.log.append(*id, place, &[record]);
        Box::pin(async move {
            let taken = match appending {
                Appending::Done(taken) => taken,
                Appending::Later(taken) => taken.await,
            };
            taken.map_err(|error| error.to_string())
        })
    }
}
