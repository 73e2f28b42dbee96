//! A session's files: its own, and its snapshots. All of this waits for the disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::warn;
use vws_core::{EventRecord, Seq, SessionId};

use super::super::history::{History, HistoryError, read_snapshot, write_snapshot};
use super::{MAX_OPEN_FILES, Place, Shelf, Stock, unavailable};
use crate::log::{Checkpoint, LogError};

impl Shelf {
    /// At most `limit` events after `after`, from the session's file as well. Waits for the disk.
    pub(in crate::log::disk) fn read(
        &self,
        stock: &Stock,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<EventRecord>>, LogError> {
        if let Some(recent) = self.recent(after, limit)? {
            return Ok(recent);
        }
        // Opening the file may move what the session counts as settled, so memory is looked at after.
        self.with_file(stock, |history| {
            let (trimmed, settled, pending) = {
                let ram = self.ram.lock();
                (ram.trimmed, ram.settled, ram.after(ram.settled, limit))
            };
            if after < trimmed {
                return Ok(Err(LogError::Trimmed { trimmed }));
            }
            let mut events = history.read(after, limit)?;
            events.truncate(events.partition_point(|event| event.seq <= settled));
            let room = limit - events.len();
            events.extend(pending.into_iter().filter(|event| event.seq > after).take(room));
            Ok(Ok(events))
        })?
    }

    /// Runs `act` on the session's file.
    fn with_file<T>(
        &self,
        stock: &Stock,
        act: impl FnOnce(&mut History) -> Result<T, HistoryError>,
    ) -> Result<T, LogError> {
        let mut file = self.file.lock();
        if file.is_none() {
            *file = Some(self.open(stock)?);
            stock.open.fetch_add(1, Ordering::Relaxed);
        }
        let history = file.as_mut().expect("it is open");
        let done = act(history).map_err(|error| self.failed(error));
        if stock.open.load(Ordering::Relaxed) > MAX_OPEN_FILES {
            *file = None;
            stock.open.fetch_sub(1, Ordering::Relaxed);
        }
        done
    }

    fn failed(&self, error: HistoryError) -> LogError {
        match error {
            HistoryError::Io(error) => LogError::Unavailable(error.to_string()),
            HistoryError::Damaged(reason) => LogError::Damaged { session: self.id, reason },
        }
    }

    fn open(&self, stock: &Stock) -> Result<History, LogError> {
        let (base, settled, known) = {
            let ram = self.ram.lock();
            if ram.gone {
                return Err(LogError::NoSession(self.id));
            }
            (ram.base.clone().filter(|_| !ram.made), ram.settled, ram.known.unwrap_or(Seq::MAX))
        };
        let path = self.path(stock);
        let opened = match base {
            Some(base) => std::fs::create_dir_all(path.parent().unwrap_or(&path))
                .and_then(|()| History::create(&stock.files, &path, self.life, &base))
                .map_err(HistoryError::Io),
            None => History::open(&path, self.life, settled, known),
        };
        let mut history = opened.map_err(|error| {
            let error = match error {
                HistoryError::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                    HistoryError::Damaged("its file is missing".to_owned())
                }
                other => other,
            };
            if let HistoryError::Damaged(reason) = &error {
                self.fence(reason.clone());
            }
            self.failed(error)
        })?;
        if history.torn() > 0 {
            warn!(session.id = %self.id, bytes = history.torn(), "an unfinished block is cut");
            history.cut_torn(&stock.files).map_err(unavailable)?;
        }
        // A crash after a cut of the history, before the catalogue told of it.
        let mut ram = self.ram.lock();
        ram.unnamed |= !ram.made;
        ram.made = true;
        ram.known = None;
        if history.trimmed() > ram.trimmed {
            ram.trimmed = history.trimmed();
            let settled = history.last().max(ram.settled);
            while ram.settled < settled && ram.pending.pop_front().is_some() {
                ram.settled += 1;
            }
            ram.settled = settled;
        }
        Ok(history)
    }

    /// Writes what is in the journal only to the session's own file. It has settled once that is synced
    /// and [`settled`](Self::settled) is told.
    pub(in crate::log::disk) fn settle(&self, stock: &Stock) -> Result<Seq, LogError> {
        self.with_file(stock, |history| {
            let pending: Vec<_> = self.ram.lock().pending.iter().cloned().collect();
            history.append(&stock.files, &pending)?;
            Ok(history.last())
        })
    }

    /// Forces what was settled to disk. Nobody waits for it: the file is looked up, not held.
    pub(in crate::log::disk) fn sync(&self, stock: &Stock) -> Result<(), LogError> {
        let file = self.with_file(stock, |history| Ok(history.file()))?;
        stock.files.sync(&file, &self.path(stock)).map_err(unavailable)
    }

    /// Keeps a later state in a file of its own. Waits for the disk.
    pub(in crate::log::disk) fn save(&self, stock: &Stock, checkpoint: &Checkpoint) -> Result<(), LogError> {
        let seq = checkpoint.snapshot.session.seq;
        let exclusive = self.file.lock();
        {
            let ram = self.ram.lock();
            self.check(&ram)?;
            if seq <= ram.trimmed || ram.snapshots.contains(&seq) {
                return Ok(());
            }
        }
        let path = self.snapshot_path(stock, seq);
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(unavailable)?;
        write_snapshot(&stock.files, &path, self.life, checkpoint).map_err(unavailable)?;
        let dropped = {
            let mut ram = self.ram.lock();
            let place = ram.snapshots.partition_point(|other| *other < seq);
            ram.snapshots.insert(place, seq);
            ram.thin_out()
        };
        dropped.into_iter().for_each(|seq| self.remove_snapshot(stock, seq));
        drop(exclusive);
        Ok(())
    }

    /// The newest whole state up to `at`. Waits for the disk.
    pub(in crate::log::disk) fn checkpoint_at(&self, stock: &Stock, at: Seq) -> Result<Checkpoint, LogError> {
        let mut found = self.stored_at(stock, at)?;
        found.snapshot.session.epoch = self.ram.lock().info.epoch;
        Ok(found)
    }

    /// That state as it was stored.
    fn stored_at(&self, stock: &Stock, at: Seq) -> Result<Checkpoint, LogError> {
        let mut at = at;
        if self.ram.lock().known.is_some() && self.has_file() {
            // How far the history goes back is known once its file has been looked at.
            self.with_file(stock, |_| Ok(()))?;
        }
        loop {
            let place = {
                let ram = self.ram.lock();
                self.check(&ram)?;
                ram.place(at).ok_or(LogError::Trimmed { trimmed: ram.trimmed })?
            };
            match place {
                Place::Memory(base) => return Ok((*base).clone()),
                Place::Base => {
                    let base = self.with_file(stock, |history| history.base())?;
                    let trimmed = base.snapshot.session.seq;
                    if base.snapshot.session.session_id != self.id {
                        let reason = "the state that it begins with is that of another session".to_owned();
                        self.fence(reason.clone());
                        return Err(LogError::Damaged { session: self.id, reason });
                    }
                    return if trimmed <= at { Ok(base) } else { Err(LogError::Trimmed { trimmed }) };
                }
                Place::Snapshot(seq) => match read_snapshot(&self.snapshot_path(stock, seq), self.life) {
                    Ok(Some(found)) if is_of(&found, self.id, seq) => return Ok(found),
                    // An older one, and the events since, come to the same.
                    Ok(_) => {
                        warn!(session.id = %self.id, seq, "a snapshot is damaged and not used");
                        at = before(seq)?;
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => at = before(seq)?,
                    Err(error) => return Err(unavailable(error)),
                },
            }
        }
    }

    /// Lets go of the history up to the newest state that is not after `through`. Waits for the disk.
    pub(in crate::log::disk) fn trim(&self, stock: &Stock, through: Seq) -> Result<(), LogError> {
        let _one = self.trimming.lock();
        if self.holds.load(Ordering::SeqCst) > 0 {
            return Ok(());
        }
        let base = match self.checkpoint_at(stock, through) {
            Err(LogError::Trimmed { .. }) => return Ok(()),
            found => found?,
        };
        let covered = base.snapshot.session.seq;
        if covered <= self.ram.lock().trimmed {
            return Ok(());
        }
        let settled = self.settle(stock)?;
        // First, so that none is left that the events after it are gone of.
        let older: Vec<Seq> = self.ram.lock().snapshots.extract_if(.., |seq| *seq < covered).collect();
        for seq in older {
            stock.files.remove(&self.snapshot_path(stock, seq)).map_err(unavailable)?;
        }
        self.with_file(stock, |history| {
            *history = history.rebase(&stock.files, &base)?;
            self.ram.lock().unnamed = true;
            Ok(())
        })?;
        self.settled(settled);
        {
            let mut ram = self.ram.lock();
            ram.trimmed = covered;
            ram.snapshots.retain(|seq| *seq > covered);
        }
        self.take_unnamed();
        let folders = [self.path(stock).parent().map(PathBuf::from), Some(stock.sessions.clone())];
        for folder in folders.iter().flatten() {
            if let Err(error) = stock.files.sync_folder(folder) {
                self.set_unnamed();
                return Err(unavailable(error));
            }
        }
        self.remove_snapshot(stock, covered);
        Ok(())
    }

    /// Removes every file of it.
    pub(in crate::log::disk) fn remove(&self, stock: &Stock) -> io::Result<()> {
        let mut file = self.file.lock();
        if file.take().is_some() {
            stock.open.fetch_sub(1, Ordering::Relaxed);
        }
        let snapshots = self.ram.lock().snapshots.clone();
        for seq in snapshots {
            stock.files.remove(&self.snapshot_path(stock, seq))?;
        }
        stock.files.remove(&self.path(stock))
    }

    pub(super) fn remove_snapshot(&self, stock: &Stock, seq: Seq) {
        if let Err(error) = stock.files.remove(&self.snapshot_path(stock, seq)) {
            warn!(session.id = %self.id, seq, error = %error, "a snapshot cannot be removed");
        }
    }

    pub(in crate::log::disk) fn path(&self, stock: &Stock) -> PathBuf {
        log_path(stock, self.id, self.life)
    }

    pub(in crate::log::disk) fn snapshot_path(&self, stock: &Stock, seq: Seq) -> PathBuf {
        self.file_name(stock, &format!("{seq}.snapshot"))
    }

    fn file_name(&self, stock: &Stock, rest: &str) -> PathBuf {
        file_name(stock, self.id, self.life, rest)
    }
}

/// Where the history of a session is.
pub(in crate::log::disk) fn log_path(stock: &Stock, id: SessionId, life: u64) -> PathBuf {
    file_name(stock, id, life, "log")
}

fn file_name(stock: &Stock, id: SessionId, life: u64, rest: &str) -> PathBuf {
    let id = id.to_string();
    stock.sessions.join(&id[id.len() - 2..]).join(format!("{id}.{life}.{rest}"))
}

/// Whether a state is the one that its file's name tells.
fn is_of(found: &Checkpoint, id: SessionId, seq: Seq) -> bool {
    found.snapshot.session.session_id == id && found.snapshot.session.seq == seq
}

/// The event before `seq`; there is no history before the first.
fn before(seq: Seq) -> Result<Seq, LogError> {
    seq.checked_sub(1).ok_or(LogError::Trimmed { trimmed: seq })
}
