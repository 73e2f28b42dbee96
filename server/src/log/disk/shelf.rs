//! One session in the log: what of it is in memory, and its files.

mod files;

pub(super) use files::log_path;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tracing::error;
use vws_core::{Epoch, EventRecord, Seq, SessionId, SessionInfo};

use super::super::{Checkpoint, LogError};
use super::files::Files;
use super::frame::MOST;
use super::history::History;
use super::record::Entry;
use crate::log::Listed;
use crate::log::follow::follow;
use crate::log::memory::MAX_CHECKPOINTS;

/// Session files that stay open between uses, over all sessions.
const MAX_OPEN_FILES: usize = 256;

/// What all shelves share.
pub(super) struct Stock {
    pub(super) files: Files,
    /// The folder of the sessions' files.
    pub(super) sessions: PathBuf,
    open: AtomicUsize,
}

impl Stock {
    pub(super) fn new(files: Files, sessions: PathBuf) -> Self {
        Self { files, sessions, open: AtomicUsize::new(0) }
    }
}

/// One session in the log.
pub(super) struct Shelf {
    pub(super) id: SessionId,
    pub(super) life: u64,
    /// Guards what is in memory; held for a look or a change, never over I/O.
    ram: Mutex<Ram>,
    /// Guards the session's own file; held over I/O on it, by threads that may wait.
    file: Mutex<Option<History>>,
    /// Held over I/O by whoever lets go of a part of the history.
    trimming: Mutex<()>,
    /// Those who have the history held as it is.
    holds: AtomicUsize,
}

struct Ram {
    /// As of the last event.
    info: SessionInfo,
    trimmed: Seq,
    /// The last event in the session's own file; `pending` follows it.
    settled: Seq,
    /// Events that are in the journal only.
    pending: VecDeque<Arc<EventRecord>>,
    /// What the history begins with, until the session has a file of its own.
    base: Option<Arc<Checkpoint>>,
    /// That file has been made, and may not have reached the disk.
    made: bool,
    /// A name was given in its folder that may not have reached the disk.
    unnamed: bool,
    /// Later states, each in a file, by seq.
    snapshots: Vec<Seq>,
    /// A batch is on its way into the journal: no other one may follow yet.
    claimed: bool,
    /// It counts only once it is finished.
    unfinished: bool,
    fenced: Option<String>,
    gone: bool,
    /// The last event that the open has found; what the session's file has after it is not known to anybody.
    known: Option<Seq>,
}

/// The right to be the next batch of a session.
pub(super) struct Claim {
    shelf: Arc<Shelf>,
    kept: bool,
}

impl Claim {
    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The journal has the events.
    pub(super) fn keep(mut self, batch: Vec<Arc<EventRecord>>) {
        let mut ram = self.shelf.ram.lock();
        for event in &batch {
            follow(&mut ram.info, event);
        }
        ram.pending.extend(batch);
        ram.claimed = false;
        drop(ram);
        self.kept = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.kept {
            self.shelf.ram.lock().claimed = false;
        }
    }
}

/// A history that is held as it is.
pub(super) struct Held(Arc<Shelf>);

impl Held {
    /// Holds it. Waits for whoever lets go of a part of it.
    pub(super) fn of(shelf: Arc<Shelf>) -> Self {
        shelf.holds.fetch_add(1, Ordering::SeqCst);
        let held = Self(shelf);
        drop(held.0.trimming.lock());
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.holds.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where to find a state.
enum Place {
    Memory(Arc<Checkpoint>),
    Snapshot(Seq),
    Base,
}

impl Shelf {
    /// A session that has just begun: it is in the journal only.
    pub(super) fn begin(life: u64, base: Arc<Checkpoint>, snapshots: Vec<Seq>, unfinished: bool) -> Self {
        let info = base.snapshot.session.clone();
        let ram = Ram {
            trimmed: info.seq,
            settled: info.seq,
            pending: VecDeque::new(),
            base: Some(base),
            made: false,
            unnamed: false,
            snapshots,
            claimed: false,
            unfinished,
            fenced: None,
            gone: false,
            known: None,
            info,
        };
        Self {
            id: ram.info.session_id,
            life,
            ram: Mutex::new(ram),
            file: Mutex::new(None),
            trimming: Mutex::new(()),
            holds: AtomicUsize::new(0),
        }
    }

    /// A session that the catalogue has.
    pub(super) fn known(entry: Entry, snapshots: Vec<Seq>) -> Self {
        let Entry { life, info, trimmed, settled, unfinished, fenced } = entry;
        let id = info.session_id;
        let pending = VecDeque::new();
        let ram = Ram {
            info,
            trimmed,
            settled,
            pending,
            base: None,
            made: true,
            unnamed: false,
            snapshots,
            claimed: false,
            unfinished,
            fenced,
            gone: false,
            known: None,
        };
        Self {
            id,
            life,
            ram: Mutex::new(ram),
            file: Mutex::new(None),
            trimming: Mutex::new(()),
            holds: AtomicUsize::new(0),
        }
    }

    pub(super) fn entry(&self) -> Entry {
        let ram = self.ram.lock();
        let (trimmed, settled) = (ram.trimmed, ram.settled);
        let (info, fenced) = (ram.info.clone(), ram.fenced.clone());
        Entry { life: self.life, info, trimmed, settled, unfinished: ram.unfinished, fenced }
    }

    /// Whether the catalogue may list it: it has a file of its own.
    pub(super) fn has_file(&self) -> bool {
        self.ram.lock().base.is_none()
    }

    pub(super) fn end(&self) {
        self.ram.lock().gone = true;
    }

    pub(super) fn fence(&self, reason: String) {
        let mut ram = self.ram.lock();
        if ram.fenced.is_none() {
            error!(session.id = %self.id, reason, "a session is damaged and not served");
            ram.fenced = Some(reason);
        }
    }

    fn check(&self, ram: &Ram) -> Result<(), LogError> {
        match &ram.fenced {
            _ if ram.gone => Err(LogError::NoSession(self.id)),
            Some(reason) => Err(LogError::Damaged { session: self.id, reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// Whether `batch` may follow. No other one may while the claim is held.
    pub(super) fn claim(self: Arc<Self>, after: Seq, batch: &[Arc<EventRecord>]) -> Result<Claim, LogError> {
        let mut ram = self.ram.lock();
        self.check(&ram)?;
        let found = ram.info.seq;
        let dense = batch.iter().zip(after + 1..).all(|(event, seq)| event.seq == seq);
        if after != found || !dense || ram.claimed {
            return Err(LogError::Conflict { expected: after, found });
        }
        ram.claimed = true;
        drop(ram);
        Ok(Claim { shelf: self, kept: false })
    }

    /// The journal of an earlier run has these events: what is in the file already is left, what does not
    /// follow fences the session.
    pub(super) fn replay(&self, batch: Vec<Arc<EventRecord>>) {
        let mut ram = self.ram.lock();
        let mut gap = None;
        for event in batch {
            let last = ram.settled + ram.pending.len() as Seq;
            if event.seq == last + 1 {
                follow(&mut ram.info, &event);
                ram.pending.push_back(event);
            } else if event.seq > last {
                gap = Some(format!("event {} of the journal follows event {last}", event.seq));
                break;
            }
        }
        drop(ram);
        gap.into_iter().for_each(|gap| self.fence(gap));
    }

    /// After the replay of a journal: what nothing has is not there. `may_have_lost` is when the machine
    /// may have lost events; otherwise their absence is damage.
    pub(super) fn conclude(&self, stock: &Stock, may_have_lost: bool) {
        let mut ram = self.ram.lock();
        let last = ram.settled + ram.pending.len() as Seq;
        let missing =
            (ram.info.seq > last).then(|| format!("events {} to {} are missing", last + 1, ram.info.seq));
        ram.info.seq = last;
        ram.known = Some(last);
        let ahead: Vec<Seq> = ram.snapshots.extract_if(.., |seq| *seq > last).collect();
        drop(ram);
        if let Some(missing) = missing.filter(|_| !may_have_lost) {
            self.fence(missing);
        } else {
            ahead.into_iter().for_each(|seq| self.remove_snapshot(stock, seq));
        }
    }

    /// What a list tells of it.
    pub(super) fn listed(&self) -> Listed {
        let ram = self.ram.lock();
        Listed { info: ram.info.clone(), damaged: ram.fenced.clone() }
    }

    /// Has what clients have seen of it count no more, since events that they saw may be lost.
    pub(super) fn raise_epoch(&self, epoch: Epoch) {
        let mut ram = self.ram.lock();
        ram.info.epoch = ram.info.epoch.max(epoch);
    }

    /// Whether a name was given in its folder that may not have reached the disk; from now on it counts as
    /// one that has.
    pub(super) fn take_unnamed(&self) -> bool {
        std::mem::take(&mut self.ram.lock().unnamed)
    }

    /// It has not after all.
    pub(super) fn set_unnamed(&self) {
        self.ram.lock().unnamed = true;
    }

    /// What is not in its file, and the seqs of its snapshots.
    pub(super) fn in_memory(&self) -> (Option<Arc<Checkpoint>>, Vec<Arc<EventRecord>>, Vec<Seq>) {
        let ram = self.ram.lock();
        (ram.base.clone(), ram.pending.iter().cloned().collect(), ram.snapshots.clone())
    }

    /// The seq of the state that its history begins with.
    pub(super) fn trimmed(&self) -> Seq {
        self.ram.lock().trimmed
    }

    /// Whether the session's own file has the event.
    pub(super) fn has_settled(&self, seq: Seq) -> bool {
        seq <= self.ram.lock().settled
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.ram.lock().fenced.is_some()
    }

    pub(super) fn is_unfinished(&self) -> bool {
        self.ram.lock().unfinished
    }

    pub(super) fn finish(&self) {
        self.ram.lock().unfinished = false;
    }

    pub(super) fn is_gone(&self) -> bool {
        self.ram.lock().gone
    }

    /// At most `limit` events after `after`. May wait for the disk where the answer says so.
    pub(super) fn recent(&self, after: Seq, limit: usize) -> Result<Option<Vec<Arc<EventRecord>>>, LogError> {
        let ram = self.ram.lock();
        self.check(&ram)?;
        if after < ram.trimmed {
            return Err(LogError::Trimmed { trimmed: ram.trimmed });
        }
        Ok((after >= ram.settled).then(|| ram.after(after, limit)))
    }

    /// Whether something of it is in the journal only.
    pub(super) fn is_unsettled(&self) -> bool {
        let ram = self.ram.lock();
        !ram.gone && (ram.base.is_some() || !ram.pending.is_empty())
    }

    /// The session's own file has all up to `through`, whatever happens to the machine.
    pub(super) fn settled(&self, through: Seq) {
        let mut ram = self.ram.lock();
        ram.base = None;
        while ram.settled < through && ram.pending.pop_front().is_some() {
            ram.settled += 1;
        }
        if ram.pending.is_empty() {
            ram.pending.shrink_to(0);
        }
    }
}

/// The session, its life and, for a snapshot, its seq, as the name of a file tells them.
pub(super) fn parse_name(path: &Path) -> Option<(SessionId, u64, Option<Seq>)> {
    let mut words = path.file_name()?.to_str()?.split('.');
    let number = |word: &str| word.parse().ok().filter(|number| *number <= MOST);
    let (id, life) = (words.next()?.parse().ok()?, number(words.next()?)?);
    match (words.next()?, words.next(), words.next()) {
        ("log", None, None) => Some((id, life, None)),
        (seq, Some("snapshot"), None) => Some((id, life, Some(number(seq)?))),
        _ => None,
    }
}

pub(super) fn unavailable(error: io::Error) -> LogError {
    LogError::Unavailable(error.to_string())
}

impl Ram {
    fn after(&self, after: Seq, limit: usize) -> Vec<Arc<EventRecord>> {
        let skip = usize::try_from(after.saturating_sub(self.settled)).unwrap_or(usize::MAX);
        self.pending.iter().skip(skip).take(limit).cloned().collect()
    }

    fn place(&self, at: Seq) -> Option<Place> {
        let newest = self.snapshots.partition_point(|seq| *seq <= at).checked_sub(1);
        match newest.map(|place| self.snapshots[place]) {
            Some(seq) if seq > self.trimmed => Some(Place::Snapshot(seq)),
            _ if at < self.trimmed => None,
            _ => Some(self.base.clone().map_or(Place::Base, Place::Memory)),
        }
    }

    /// Of many snapshots every second one goes, the newest never.
    fn thin_out(&mut self) -> Vec<Seq> {
        if self.snapshots.len() < MAX_CHECKPOINTS {
            return Vec::new();
        }
        let newest = self.snapshots.last().copied();
        let mut place = 0_usize;
        let goes = |seq: &mut Seq| {
            place += 1;
            place.is_multiple_of(2) && Some(*seq) != newest
        };
        self.snapshots.extract_if(.., goes).collect()
    }
}
