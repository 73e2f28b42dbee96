//! What the threads of a log share.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tracing::{debug, error};
use vws_core::SessionId;

use super::Level;
use super::flusher::Flusher;
use super::folder::Folder;
use super::keeper::Call;
use super::report::Report;
use super::shelf::{Shelf, Stock};
use crate::log::LogError;

/// Room for the ends of sessions, a catalogue of some, and the folder's own files.
const RESERVE_BYTES: usize = 1 << 20;

/// What the threads of a log share.
pub(super) struct Library {
    pub(super) level: Level,
    pub(super) stock: Stock,
    pub(super) folder: Folder,
    pub(super) report: Report,
    pub(super) flusher: Flusher,
    /// Guards the set of sessions; held for a look-up or a change of it, never over I/O.
    pub(super) shelves: RwLock<BTreeMap<SessionId, Arc<Shelf>>>,
    /// Sessions that are deleted and whose files may still be there.
    pub(super) doomed: Mutex<Vec<Arc<Shelf>>>,
    pub(super) next_life: AtomicU64,
    /// The journal's bytes over all segments.
    pub(super) journal_bytes: AtomicU64,
    /// Bytes of one segment before the journal goes on in another one and is moved.
    pub(super) segment_bytes: u64,
    /// Bytes of the journal past which batches wait until some of it has been moved.
    pub(super) max_journal_bytes: u64,
    /// The journal has them.
    pub(super) full: watch::Sender<bool>,
    /// Room on the disk that is given up so that sessions can be deleted when there is no other.
    pub(super) reserve: PathBuf,
    /// What was written may not have reached the disk although the system said so: nothing is taken until
    /// it has been written anew.
    pub(super) suspect: AtomicBool,
}

impl Library {
    pub(super) fn shelf(&self, id: SessionId) -> Result<Arc<Shelf>, LogError> {
        self.shelves.read().get(&id).cloned().ok_or(LogError::NoSession(id))
    }

    /// Forces what was written to disk, with nobody waiting for it.
    pub(super) fn flush(&self, file: &File, path: &Path, keeper: &SyncSender<Call>) {
        let began = Instant::now();
        let flushed = self.stock.files.sync(file, path);
        self.report.flush_seconds.observe(began.elapsed().as_secs_f64());
        if let Err(failed) = flushed {
            // The system has given these pages up, and may say that all is well the next time. What is in
            // them is in memory still: it is written anew, to the sessions' files.
            self.report.failures.inc();
            error!(path = %path.display(), error = %failed, "what was written cannot be forced to disk");
            self.suspect.store(true, Ordering::Release);
            let _ = keeper.try_send(Call::Settle);
        }
    }

    /// Sets room aside, where it is not there and the disk has it.
    pub(super) fn keep_reserve(&self) {
        let files = &self.stock.files;
        if !self.reserve.exists()
            && let Err(failed) = files.fill(&self.reserve, RESERVE_BYTES)
        {
            debug!(error = %failed, "no room can be set aside");
            // A part of it is of no use.
            let _ = files.remove(&self.reserve);
        }
    }

    /// Gives that room up. Whether there was any.
    pub(super) fn give_reserve_up(&self) -> bool {
        self.reserve.exists() && self.stock.files.remove(&self.reserve).is_ok()
    }

    /// The journal has `bytes` more.
    pub(super) fn journal_grew(&self, bytes: u64) {
        let now = self.journal_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.report.bytes.inc_by(bytes);
        self.journal_is(now);
    }

    /// The journal has `bytes` less.
    pub(super) fn journal_shrank(&self, bytes: u64) {
        let less = |was: u64| Some(was.saturating_sub(bytes));
        let was = self.journal_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.journal_is(was.unwrap_or_default().saturating_sub(bytes));
    }

    fn journal_is(&self, bytes: u64) {
        self.report.journal.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        let full = bytes >= self.max_journal_bytes;
        self.full.send_if_modified(|was| std::mem::replace(was, full) != full);
    }

    pub(super) fn count_damaged(&self) {
        let damaged = self.shelves.read().values().filter(|shelf| shelf.is_fenced()).count();
        self.report.damaged.set(i64::try_from(damaged).unwrap_or(i64::MAX));
    }
}
