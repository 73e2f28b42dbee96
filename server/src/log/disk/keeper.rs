//! The thread that moves the journal to the sessions' own files, lists them in the catalogue, and removes
//! what has been moved or deleted.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};
use vws_core::Seq;

use super::library::Library;
use super::record::{Common, Entry};
use super::shelf::{Shelf, unavailable};
use super::writer::Task;
use super::{catalogue, closed, journal};
use crate::log::LogError;

/// A journal that does not grow is moved after so long, and one that could not be moved is tried again.
const PERIOD: Duration = Duration::from_secs(20);
/// More files than these are forced to disk with all of their file system.
const MANY: usize = 64;
/// After a failure it is tried again so soon.
const RETRY: Duration = Duration::from_secs(1);

type Answer = oneshot::Sender<Result<(), LogError>>;

/// What the keeper is asked for.
pub(super) enum Call {
    /// The journal has grown, or something in it has to be secured.
    Settle,
    /// The same, and somebody waits for it.
    SettleNow(Answer),
    /// A session was deleted.
    Sweep,
    /// Everything is moved and the run ends in order.
    Close(Answer),
    /// The threads end as they are.
    Stop,
}

pub(super) struct Keeper {
    library: Arc<Library>,
    tasks: mpsc::Sender<Task>,
    /// The last attempt failed.
    failing: bool,
    closed: bool,
}

impl Keeper {
    pub(super) fn new(library: Arc<Library>, tasks: mpsc::Sender<Task>) -> Self {
        Self { library, tasks, failing: false, closed: false }
    }

    pub(super) fn run(mut self, calls: &Receiver<Call>) {
        loop {
            match calls.recv_timeout(if self.failing { RETRY } else { PERIOD }) {
                Ok(Call::Settle) => self.settle_and_tell(),
                Ok(Call::SettleNow(answer)) => {
                    let done = self.settle();
                    let _ = answer.send(done);
                }
                Ok(Call::Sweep) => self.sweep(),
                Ok(Call::Close(answer)) => {
                    let done = self.close();
                    let _ = answer.send(done);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.failing || self.library.journal_bytes.load(Ordering::Relaxed) > 0 {
                        self.settle_and_tell();
                    }
                }
                Ok(Call::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let _ = self.tasks.blocking_send(Task::Stop);
    }

    fn settle_and_tell(&mut self) {
        if let Err(error) = self.settle()
            && !self.closed
        {
            self.library.report.failures.inc();
            if !self.failing {
                warn!(error = %error, "the journal cannot be moved; it is kept and tried again");
            }
            self.failing = true;
        }
    }

    /// Moves all that the journal has now.
    fn settle(&mut self) -> Result<(), LogError> {
        if self.closed {
            return Err(closed());
        }
        let began = Instant::now();
        let library = Arc::clone(&self.library);
        // Before the seal: what is written after it is not what was suspect.
        let suspect = library.suspect.load(Ordering::Acquire);
        let (done, answer) = oneshot::channel();
        self.tasks.blocking_send(Task::Seal { done }).map_err(|_| closed())?;
        let sealed = answer.blocking_recv().map_err(|_| closed())?;
        self.sweep();
        let moved = move_all(&library, sealed)?;
        if suspect {
            library.suspect.store(false, Ordering::Release);
        }
        self.failing = false;
        library.keep_reserve();
        debug!(sessions = moved, ms = began.elapsed().as_millis(), "the journal was moved");
        Ok(())
    }

    fn sweep(&mut self) {
        self.failing |= !sweep(&self.library);
    }

    /// Has the disk take all there is. What is in the journal stays there: to move it could take long, and
    /// the next open reads it.
    fn close(&mut self) -> Result<(), LogError> {
        if self.closed {
            return Ok(());
        }
        let (done, answer) = oneshot::channel();
        self.tasks.blocking_send(Task::Seal { done }).map_err(|_| closed())?;
        answer.blocking_recv().map_err(|_| closed())?;
        if self.library.suspect.load(Ordering::Acquire) {
            self.settle()?;
        }
        self.closed = true;
        // What is written from here on is refused, so that nothing follows the last word.
        let _ = self.tasks.blocking_send(Task::Stop);
        self.library.flusher.stop();
        let end = || self.library.folder.end_run(&self.library.stock.files, self.library.level);
        let ended = end().or_else(|failed| if self.library.give_reserve_up() { end() } else { Err(failed) });
        ended.map_err(unavailable)
    }
}

/// Moves what the journal has up to the segment `sealed`, after which nothing is written to those, and
/// removes it. Answers how many sessions that was of.
pub(super) fn move_all(library: &Library, sealed: u64) -> Result<usize, LogError> {
    let unsettled: Vec<Arc<Shelf>> =
        library.shelves.read().values().filter(|shelf| shelf.is_unsettled()).cloned().collect();
    let moved = write_all(library, &unsettled)?;
    for (shelf, through) in &moved {
        shelf.settled(*through);
    }
    // Others may be deleted meanwhile.
    while !library.doomed.lock().is_empty() {
        if !sweep(library) {
            return Err(LogError::Unavailable("files of deleted sessions cannot be removed".to_owned()));
        }
    }
    list(library).map_err(unavailable)?;
    remove_journal(library, sealed).map_err(unavailable)?;
    Ok(moved.len())
}

/// Removes the files of sessions that are deleted, and answers whether it could. What cannot be removed is tried again.
fn sweep(library: &Library) -> bool {
    let doomed = std::mem::take(&mut *library.doomed.lock());
    let mut is_done = true;
    for shelf in doomed {
        if let Err(error) = shelf.remove(&library.stock) {
            warn!(session.id = %shelf.id, error = %error, "files of a deleted session cannot be removed");
            library.doomed.lock().push(shelf);
            is_done = false;
        }
    }
    is_done
}

/// Writes what is in the journal only to the sessions' own files, forces it to disk, and tells up to where.
/// A session that is damaged keeps nobody from it.
fn write_all(library: &Library, unsettled: &[Arc<Shelf>]) -> Result<Vec<(Arc<Shelf>, Seq)>, LogError> {
    let stock = &library.stock;
    let mut written = Vec::with_capacity(unsettled.len());
    for shelf in unsettled {
        match shelf.settle(stock) {
            Ok(through) => written.push((Arc::clone(shelf), through)),
            Err(LogError::NoSession(_) | LogError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if written.len() > MANY {
        // One call for all of them, and for whatever else the file system has to write.
        let all: Vec<_> = written.iter().filter(|(shelf, _)| shelf.take_unnamed()).collect();
        if let Err(error) = stock.files.sync_all(&stock.sessions) {
            all.iter().for_each(|(shelf, _)| shelf.set_unnamed());
            return Err(unavailable(error));
        }
    } else {
        sync_each(library, &written)?;
    }
    written.retain(|(shelf, _)| !shelf.is_gone());
    Ok(written)
}

fn sync_each(library: &Library, written: &[(Arc<Shelf>, Seq)]) -> Result<(), LogError> {
    let stock = &library.stock;
    for (shelf, _) in written {
        match shelf.sync(stock) {
            Ok(()) | Err(LogError::NoSession(_) | LogError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let new: Vec<_> = written.iter().filter(|(shelf, _)| shelf.take_unnamed()).collect();
    let mut folders: BTreeSet<PathBuf> =
        new.iter().filter_map(|(shelf, _)| shelf.path(stock).parent().map(PathBuf::from)).collect();
    if !folders.is_empty() {
        folders.insert(stock.sessions.clone());
    }
    for folder in &folders {
        if let Err(error) = stock.files.sync_folder(folder) {
            new.iter().for_each(|(shelf, _)| shelf.set_unnamed());
            return Err(unavailable(error));
        }
    }
    Ok(())
}

/// Writes the catalogue of all sessions that have files.
pub(super) fn list(library: &Library) -> std::io::Result<()> {
    let shelves: Vec<Arc<Shelf>> = library.shelves.read().values().cloned().collect();
    let entries: Vec<Entry> =
        shelves.iter().filter(|shelf| shelf.has_file()).map(|shelf| shelf.entry()).collect();
    let common = Common { next_life: library.next_life.load(Ordering::Relaxed), sessions: 0 };
    catalogue::write(&library.stock.files, &library.folder.catalogue(), common, &entries)
}

/// Removes the segments up to `sealed`.
pub(super) fn remove_journal(library: &Library, sealed: u64) -> std::io::Result<()> {
    let folder = library.folder.journal();
    for (number, path) in journal::segments(&folder)? {
        if number <= sealed {
            let len = path.metadata().map_or(0, |file| file.len());
            library.stock.files.remove(&path)?;
            library.journal_shrank(len);
        }
    }
    Ok(())
}
