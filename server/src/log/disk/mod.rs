//! History in a data directory: what was acknowledged is there after the process, or the machine, is not.
//!
//! # Layout
//! - [`DiskLog`]: the log.
//! - `frame`: how a record lies in a file, and how damage is told from what was never finished.
//! - `journal`, `writer`: all that waits goes into one write, at the level `sync` with one flush.
//! - `shelf`, `history`, `record`: one session, and the file of its own that its events are moved to.
//! - `keeper`: moves them, lists the sessions in the catalogue, and then removes the journal.
//! - `recovery`: what an open finds; `folder`: the directory, its lock and its format.
//! - `files`, `flusher`: the disk, and the thread that forces what was written at the level `buffered`.
//! - [`doctor`]: looks at all of it, and repairs.
//! - `fuzzing`: files and payloads for the fuzz targets, in builds for those alone.
//!
//! # What is where
//! ```text
//! FORMAT                        what the directory is
//! LOCK                          held by the process that has it
//! RESERVE                       room that is given up when there is no other
//! RUN                           whether the last run ended in order, and on which run of the machine
//! catalogue                     every session that has a file, as lists tell it
//! journal/<number>.journal      what all sessions have written since it was last moved
//! sessions/<xx>/<id>.<life>.log the state that a history begins with, then its events in blocks
//! sessions/<xx>/<id>.<life>.<seq>.snapshot   a later state
//! ```

mod catalogue;
pub mod doctor;
mod files;
mod flusher;
mod folder;
mod frame;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod history;
mod journal;
mod keeper;
mod library;
mod record;
mod recovery;
mod report;
mod shelf;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};
use vws_core::{EventRecord, Seq, SessionId, Snapshot};

use super::{Appending, BoxFuture, Checkpoint, EventLog, Health, Hold, Listed, LogError};
pub(crate) use files::Files;
pub use files::{Faults, FileOp};
pub use folder::OpenError;
pub(crate) use folder::{FORMAT_FILE as DATA_FORMAT_FILE, LOCK_FILE as DATA_LOCK_FILE};
use keeper::{Call, Keeper};
use library::Library;
pub(crate) use record::{decode_checkpoint, decode_events, encode_checkpoint, encode_events};
pub use report::Recovered;
use shelf::Shelf;
use writer::{Done, Task, Writer};

/// Batches that wait for the writer; more wait in their callers.
const MAX_WAITING: usize = 1_024;
/// How long a batch waits for room in a journal that is being moved.
const ROOM_TIMEOUT: Duration = Duration::from_secs(10);

/// What an acknowledged event survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The end of the process: the system has it. The disk has it within 50 ms.
    Buffered,
    /// The loss of power: the disk has it.
    Sync,
}

impl Level {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Sync => "sync",
        }
    }
}

/// How a log is opened.
#[derive(Clone)]
pub struct Options {
    level: Level,
    faults: Option<Arc<dyn Faults>>,
    segment_bytes: u64,
    journal_bytes: u64,
}

impl Options {
    /// The options at a level.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self { level, faults: None, segment_bytes: 16 << 20, journal_bytes: 192 << 20 }
    }

    /// Has the disk fail as `faults` tells it to.
    #[must_use]
    pub fn faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Bytes of the journal after which it is moved to the sessions' files, and past which batches wait
    /// for that. 16 MiB and 192 MiB unless told.
    #[must_use]
    pub const fn journal(mut self, segment_bytes: u64, journal_bytes: u64) -> Self {
        self.segment_bytes = segment_bytes;
        self.journal_bytes = journal_bytes;
        self
    }
}

/// A log in a data directory that this process alone has.
///
/// Dropping it stops its threads and leaves the directory as a process that was killed would;
/// [`close`](EventLog::close) ends in order: the disk has everything, and the next open knows.
pub struct DiskLog {
    library: Arc<Library>,
    tasks: mpsc::Sender<Task>,
    keeper: SyncSender<Call>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    recovered: Recovered,
}

impl std::fmt::Debug for DiskLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskLog").field("data", &self.library.folder.root()).finish_non_exhaustive()
    }
}

impl DiskLog {
    /// Opens the data directory at `root`, and makes it where there is none. Waits for the disk.
    ///
    /// What the last run did not finish is cut and counted. A session whose bytes are not what was written
    /// is listed as damaged and not served.
    ///
    /// # Errors
    /// [`OpenError`] where the directory cannot be used at all.
    pub fn open(root: &Path, options: Options) -> Result<Self, OpenError> {
        let Options { level, faults, segment_bytes, journal_bytes } = options;
        let files = Files::with(faults);
        let (library, recovered) = recovery::open(root, files, level, (segment_bytes, journal_bytes))?;
        let library = Arc::new(library);
        let (tasks, waiting) = mpsc::channel(MAX_WAITING);
        let (keeper, calls) = sync_channel(16);
        let writer = Writer::new(Arc::clone(&library), keeper.clone(), recovered.last_segment);
        let moving = Keeper::new(Arc::clone(&library), tasks.clone());
        let flushing = Arc::clone(&library);
        let start = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::io(root))
        };
        let failed_flush = keeper.clone();
        let mut threads = vec![
            start("vws-journal", Box::new(move || writer.run(waiting)))?,
            start("vws-keeper", Box::new(move || moving.run(&calls)))?,
        ];
        if level == Level::Buffered {
            let run = move || flushing.flusher.run(|file, path| flushing.flush(file, path, &failed_flush));
            threads.push(start("vws-flusher", Box::new(run))?);
        }
        if recovered.replayed > 0 {
            // What earlier runs have left would be read again at each start.
            let _ = keeper.try_send(Call::Settle);
        }
        info!(data = %root.display(), durability = level.name(), sessions = recovered.sessions, "data directory opened");
        Ok(Self { library, tasks, keeper, threads: Mutex::new(threads), recovered })
    }

    /// What the open has found.
    #[must_use]
    pub const fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Moves what the journal has to the sessions' own files now, as happens by itself when it has grown.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; the journal keeps it then.
    pub async fn settle(&self) -> Result<(), LogError> {
        let (done, answer) = oneshot::channel();
        self.ask(Call::SettleNow(done)).await;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn ask(&self, call: Call) {
        let keeper = self.keeper.clone();
        // A keeper that is gone drops the call, which its caller hears.
        let _ = tokio::task::spawn_blocking(move || keeper.send(call)).await;
    }

    /// Begins a history as [`begin`](EventLog::begin) does, with what the store keeps beside its first state.
    ///
    /// # Errors
    /// As for [`begin`](EventLog::begin).
    pub async fn begin_with(&self, base: Checkpoint) -> Result<(), LogError> {
        self.start(base, true).await
    }

    fn start(&self, base: Checkpoint, unfinished: bool) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let encode = move || (encode_checkpoint(&base), Arc::new(base));
            let encoded = tokio::task::spawn_blocking(encode).await;
            let (payload, base) = encoded.map_err(|failed| LogError::Unavailable(failed.to_string()))?;
            self.submit(|done| Task::Create { base, payload, unfinished, done }).await
        })
    }

    fn shelf(&self, id: SessionId) -> Result<Arc<Shelf>, LogError> {
        self.library.shelf(id)
    }

    /// Hands a task to the writer, once there is room for it.
    fn submit(&self, make: impl FnOnce(Done) -> Task) -> BoxFuture<'static, Result<(), LogError>> {
        let (done, answer) = oneshot::channel();
        let task = make(done);
        let mut full = self.library.full.subscribe();
        let at_once =
            if *full.borrow() { Err(task) } else { self.tasks.try_send(task).map_err(|e| e.into_inner()) };
        let tasks = self.tasks.clone();
        let at_once = at_once.map_err(|task| (task, Arc::clone(&self.library)));
        Box::pin(async move {
            if let Err((task, library)) = at_once {
                let room = tokio::time::timeout(ROOM_TIMEOUT, full.wait_for(|full| !full));
                if !matches!(room.await, Ok(Ok(_))) {
                    library.report.refused();
                    task.refuse(&LogError::Unavailable("the journal is full and cannot be moved".to_owned()));
                } else if let Err(unsent) = tasks.send(task).await {
                    unsent.0.refuse(&closed());
                }
            }
            answer.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    /// Runs `work`, which waits for the disk, where that delays nobody.
    fn blocking<T: Send + 'static>(
        &self,
        id: SessionId,
        work: impl FnOnce(&Shelf, &Library) -> Result<T, LogError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, LogError>> {
        let (shelf, library) = (self.shelf(id), Arc::clone(&self.library));
        Box::pin(async move {
            let shelf = shelf?;
            tokio::task::spawn_blocking(move || work(&shelf, &library)).await.unwrap_or_else(|failed| {
                error!(session.id = %id, error = %failed, "work on a session's files did not end");
                Err(LogError::Unavailable("work on the session's files did not end".to_owned()))
            })
        })
    }

    fn stop(&self) {
        // Threads that are gone have stopped.
        let _ = self.keeper.send(Call::Stop);
        self.library.flusher.stop();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                error!(thread = name, "a thread of the log has panicked");
            }
        }
    }
}

impl Drop for DiskLog {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A state with nothing beside it.
fn bare(snapshot: Snapshot) -> Checkpoint {
    Checkpoint { snapshot, memory: Arc::default() }
}

fn closed() -> LogError {
    LogError::Unavailable("the log is closed".to_owned())
}

impl EventLog for DiskLog {
    fn create(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        self.start(bare(base), false)
    }

    fn begin(&self, base: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        self.start(bare(base), true)
    }

    fn finish(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        match self.shelf(session) {
            Ok(shelf) => self.submit(|done| Task::Finish { shelf, done }),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        let shelf = match self.shelf(session) {
            Ok(shelf) => shelf,
            Err(error) => return Appending::Done(Err(error)),
        };
        let claim = match shelf.claim(after, batch) {
            Ok(claim) => claim,
            Err(error) => return Appending::Done(Err(error)),
        };
        let (payload, events) = (encode_events(batch), batch.to_vec());
        Appending::Later(self.submit(|done| Task::Append { claim, events, payload, done }))
    }

    fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        match self.shelf(session).and_then(|shelf| shelf.recent(after, limit)) {
            Ok(Some(recent)) => Box::pin(std::future::ready(Ok(recent))),
            Err(error) => Box::pin(std::future::ready(Err(error))),
            Ok(None) => {
                self.blocking(session, move |shelf, library| shelf.read(&library.stock, after, limit))
            }
        }
    }

    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        let id = checkpoint.snapshot.session.session_id;
        self.blocking(id, move |shelf, library| shelf.save(&library.stock, &checkpoint))
    }

    fn checkpoint_at(&self, session: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        self.blocking(session, move |shelf, library| shelf.checkpoint_at(&library.stock, at))
    }

    fn trim(&self, session: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        self.blocking(session, move |shelf, library| shelf.trim(&library.stock, through))
    }

    fn hold(&self, session: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        let shelf = self.shelf(session);
        Box::pin(async move {
            let shelf = shelf?;
            let held = tokio::task::spawn_blocking(move || Box::new(shelf::Held::of(shelf)) as Hold).await;
            held.map_err(|failed| LogError::Unavailable(failed.to_string()))
        })
    }

    fn delete(&self, session: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        match self.shelf(session) {
            Ok(shelf) => self.submit(|done| Task::Delete { shelf, done }),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        let shelves: Vec<_> = self.library.shelves.read().values().cloned().collect();
        let counting = shelves.iter().filter(|shelf| !shelf.is_unfinished());
        Box::pin(std::future::ready(Ok(counting.map(|shelf| shelf.listed()).collect())))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let (done, answer) = oneshot::channel();
            self.ask(Call::Close(done)).await;
            answer.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    fn health(&self) -> Health {
        let is_refusing = self.library.report.is_refusing();
        Health { is_refusing, recovered: Some(self.recovered.clone()) }
    }

    fn register(&self, registry: &mut Registry) {
        self.library.report.register(registry);
    }
}

/// The file of a data directory that says what it is, for those who look for one.
#[must_use]
pub fn is_data_directory(root: &Path) -> bool {
    PathBuf::from(root).join(folder::FORMAT_FILE).is_file()
}
