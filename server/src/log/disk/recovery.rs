//! What the open of a data directory finds: the sessions of the catalogue, and what the journal has of them
//! and of others since.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tracing::{error, warn};
use vws_core::{Seq, Session, SessionId};

use super::Level;
use super::catalogue::{self, Catalogue};
use super::files::Files;
use super::flusher::Flusher;
use super::folder::{Folder, LastRun, OpenError};
use super::frame::{Damage, Head, Kind, NOBODY};
use super::history::History;
use super::journal::{self, Piece};
use super::keeper;
use super::library::Library;
use super::record::{Entry, decode_checkpoint, decode_events};
use super::report::{Recovered, Report};
use super::shelf::{Shelf, Stock, log_path, parse_name};
use crate::log::LogError;
use crate::log::follow::follow;

/// Opens a data directory; nothing of it is served before it is whole again.
pub(super) fn open(
    root: &Path,
    files: Files,
    level: Level,
    (segment_bytes, max_journal_bytes): (u64, u64),
) -> Result<(Library, Recovered), OpenError> {
    let folder = Folder::open(root, &files)?;
    let last_run = folder.last_run()?;
    let survey = Survey::of(&folder, files, last_run)?;
    let Survey { stock, shelves, doomed, next_life, recovered, journal_bytes, .. } = survey;
    let shelves = shelves.into_values().map(|shelf| (shelf.id, shelf)).collect();
    let library = Library {
        level,
        stock,
        reserve: folder.reserve(),
        folder,
        report: Report::default(),
        flusher: Flusher::default(),
        shelves: RwLock::new(shelves),
        doomed: Mutex::new(doomed),
        next_life: AtomicU64::new(next_life),
        journal_bytes: AtomicU64::new(0),
        segment_bytes,
        max_journal_bytes,
        full: watch::Sender::new(false),
        suspect: AtomicBool::new(false),
    };
    library.journal_grew(journal_bytes);
    library.report.torn.inc_by(recovered.torn);
    library.count_damaged();
    if recovered.may_have_lost {
        // What clients have seen counts no more, and must not count again after a crash right now.
        keeper::move_all(&library, recovered.last_segment).map_err(|error| OpenError::Io {
            path: root.to_owned(),
            error: std::io::Error::other(error.to_string()),
        })?;
    }
    match library.folder.begin_run(&library.stock.files, level) {
        Err(_) if library.give_reserve_up() => library.folder.begin_run(&library.stock.files, level)?,
        begun => begun?,
    }
    library.keep_reserve();
    Ok((library, recovered))
}

/// What is found.
pub(super) struct Survey {
    pub(super) stock: Stock,
    /// By life.
    pub(super) shelves: BTreeMap<u64, Arc<Shelf>>,
    pub(super) doomed: Vec<Arc<Shelf>>,
    pub(super) next_life: u64,
    pub(super) journal_bytes: u64,
    pub(super) recovered: Recovered,
    /// Places of the journal that are damaged, each as a person is told it.
    pub(super) damages: Vec<String>,
    /// Files of no session.
    pub(super) strays: Vec<PathBuf>,
    pub(super) catalogue_damaged: bool,
    /// The files that are there and that no session has been found for yet, by life.
    stored: BTreeMap<u64, Stored>,
    /// Files of histories that are there: whose, as their names tell.
    logs: Vec<(u64, SessionId)>,
    /// Who the lives are that the journal tells of.
    names: HashMap<u64, SessionId>,
    /// Lives that were begun to be finished later, before their base was read.
    unfinished: HashSet<u64>,
    /// Lives whose file tells nothing, which it need not while the journal has all of them.
    unsure: HashSet<u64>,
    /// Lives of which something was damaged before their base was read.
    early: HashSet<u64>,
    /// Something of a session was damaged, and it cannot be told of which.
    anybody: bool,
}

impl Survey {
    /// Reads the catalogue and the journal. What was never finished is cut.
    pub(super) fn of(folder: &Folder, files: Files, last_run: LastRun) -> Result<Self, OpenError> {
        let path = folder.catalogue();
        let Catalogue { common, entries, damaged, missing } =
            catalogue::read(&path).map_err(OpenError::io(&path))?;
        let mut survey = Self {
            stock: Stock::new(files, folder.sessions()),
            shelves: BTreeMap::new(),
            doomed: Vec::new(),
            next_life: common.next_life,
            journal_bytes: 0,
            recovered: Recovered::default(),
            damages: Vec::new(),
            strays: Vec::new(),
            catalogue_damaged: damaged,
            stored: BTreeMap::new(),
            logs: Vec::new(),
            names: HashMap::new(),
            unfinished: HashSet::new(),
            unsure: HashSet::new(),
            early: HashSet::new(),
            anybody: false,
        };
        survey.stored = survey.look().map_err(OpenError::io(&folder.sessions()))?;
        for entry in entries {
            let (_, snapshots) = survey.stored.remove(&entry.life).unwrap_or_default();
            survey.add(Shelf::known(entry, snapshots));
        }
        // Before the first one is written there may be files as well; the journal knows their sessions then.
        if damaged || missing {
            let has_file = |_: &u64, (path, _): &mut Stored| path.is_some();
            let unlisted: Vec<_> = survey.stored.extract_if(.., has_file).collect();
            if !unlisted.is_empty() {
                warn!(path = %path.display(), "there is no whole catalogue; it is made from the sessions' files");
            }
            for (life, (path, snapshots)) in unlisted {
                survey.adopt(life, path, snapshots);
            }
        }
        survey.replay(folder, last_run)?;
        survey.conclude(last_run);
        // A life may have been that of another session than the file's name tells, or that of two files.
        let doomed: HashSet<(u64, SessionId)> =
            survey.doomed.iter().map(|shelf| (shelf.life, shelf.id)).collect();
        let is_of = |(life, id): (u64, SessionId)| {
            survey.shelves.get(&life).is_some_and(|shelf| shelf.id == id) || doomed.contains(&(life, id))
        };
        let logs = std::mem::take(&mut survey.logs).into_iter();
        let strays = logs.filter(|log| !is_of(*log)).map(|(life, id)| log_path(&survey.stock, id, life));
        survey.strays.extend(strays);
        Ok(survey)
    }

    fn add(&mut self, shelf: Shelf) {
        self.next_life = self.next_life.max(shelf.life + 1);
        self.shelves.insert(shelf.life, Arc::new(shelf));
    }

    /// The files that are there, by life. What was being put in the place of another file is removed.
    fn look(&mut self) -> std::io::Result<BTreeMap<u64, Stored>> {
        let mut stored: BTreeMap<u64, Stored> = BTreeMap::new();
        let folders = match std::fs::read_dir(&self.stock.sessions) {
            // Whoever only looks makes none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(stored),
            folders => folders?,
        };
        for folder in folders {
            let folder = folder?.path();
            if !folder.is_dir() {
                self.strays.push(folder);
                continue;
            }
            for file in std::fs::read_dir(&folder)? {
                let path = file?.path();
                match parse_name(&path) {
                    Some((id, life, None)) if path != log_path(&self.stock, id, life) => {
                        self.strays.push(path)
                    }
                    Some((id, life, None)) => {
                        self.logs.push((life, id));
                        stored.entry(life).or_default().0 = Some(path);
                    }
                    Some((_, life, Some(seq))) => stored.entry(life).or_default().1.push(seq),
                    None if path.extension().is_some_and(|extension| extension == "new") => {
                        self.stock.files.remove(&path)?;
                    }
                    None => self.strays.push(path),
                }
            }
        }
        stored.values_mut().for_each(|(_, snapshots)| snapshots.sort_unstable());
        Ok(stored)
    }

    /// Takes a session in that the catalogue does not tell of, from its own file.
    fn adopt(&mut self, life: u64, path: Option<PathBuf>, snapshots: Vec<Seq>) {
        let Some((path, (id, ..))) = path.and_then(|path| Some((path.clone(), parse_name(&path)?))) else {
            return;
        };
        let entry = read_whole(&path, life).unwrap_or_else(|reason| {
            self.unsure.insert(life);
            placeholder(id, life, reason)
        });
        self.add(Shelf::known(entry, snapshots));
    }

    fn replay(&mut self, folder: &Folder, last_run: LastRun) -> Result<(), OpenError> {
        let journal = folder.journal();
        let segments = journal::segments(&journal).map_err(OpenError::io(&journal))?;
        let last = segments.last().map_or(0, |(number, _)| *number);
        for (number, path) in &segments {
            let before = self.damages.len();
            let end = journal::replay(path, *number == last, last_run, |piece| match piece {
                Piece::Frame(head, payload) => self.frame(&head, payload),
                Piece::Damage(damage) => self.damage(path, damage),
                Piece::Head => {
                    self.anybody = true;
                    self.damages.push(format!("{}: its head is damaged", path.display()));
                }
            })?;
            if end.torn > 0 {
                warn!(path = %path.display(), bytes = end.torn, "what was never finished is cut off the journal");
                self.recovered.torn += end.torn;
            }
            let files = &self.stock.files;
            if end.at == 0 {
                files.remove(path).map_err(OpenError::io(path))?;
                continue;
            }
            if end.at < path.metadata().map_or(0, |file| file.len()) {
                journal::cut(files, path, end.at).map_err(OpenError::io(path))?;
            }
            if self.damages.len() > before {
                folder.set_aside(&self.stock.files, path).map_err(OpenError::io(path))?;
            }
            self.journal_bytes += path.metadata().map_or(0, |file| file.len());
        }
        self.recovered.last_segment = last;
        Ok(())
    }

    /// Takes a whole frame of the journal in.
    fn frame(&mut self, head: &Head, payload: &[u8]) {
        let life = head.mark.life;
        if life == NOBODY {
            return;
        }
        self.recovered.replayed += 1;
        self.next_life = self.next_life.max(life + 1);
        match head.kind {
            Kind::Begin => {
                let (id, rest) = payload.split_at_checked(16).unwrap_or((payload, &[]));
                if !rest.is_empty() {
                    self.unfinished.insert(life);
                }
                let id = id.try_into().ok().map(|bytes| SessionId::from_uuid(uuid::Uuid::from_bytes(bytes)));
                self.names.extend(id.map(|id| (life, id)));
            }
            Kind::Base if self.shelves.contains_key(&life) && !self.unsure.remove(&life) => {}
            Kind::Base => {
                if let Some(base) = decode_checkpoint(payload) {
                    self.early.remove(&life);
                    let (_, snapshots) = self.stored.remove(&life).unwrap_or_default();
                    let unfinished = self.unfinished.remove(&life);
                    self.add(Shelf::begin(life, Arc::new(base), snapshots, unfinished));
                }
            }
            Kind::Events => {
                if let Some(shelf) = self.shelves.get(&life) {
                    match decode_events(payload) {
                        Some(events) => shelf.replay(events),
                        None => shelf.fence("a batch of the journal is of another version".to_owned()),
                    }
                }
            }
            Kind::Delete => {
                self.names.remove(&life);
                if let Some(shelf) = self.shelves.remove(&life) {
                    shelf.end();
                    self.doomed.push(shelf);
                }
            }
            Kind::Finish => {
                if let Some(shelf) = self.shelves.get(&life) {
                    shelf.finish();
                }
            }
            Kind::Snapshot | Kind::Catalogue | Kind::Entry | Kind::Group => {}
        }
    }

    fn damage(&mut self, path: &Path, damage: Damage) {
        let Damage { at, len, whose, .. } = damage;
        let place = format!("{}: {len} bytes at {at} are damaged", path.display());
        let Some(mark) = whose else {
            error!(place, "it cannot be told whose events were there");
            self.anybody = true;
            return self.damages.push(format!("{place}; it cannot be told whose events were there"));
        };
        match self.shelves.get(&mark.life) {
            // What it says is what follows it.
            None if mark.life == NOBODY => {}
            Some(shelf) if mark.count > 0 && shelf.has_settled(mark.first + Seq::from(mark.count) - 1) => {
                return;
            }
            Some(shelf) => shelf.fence(match mark.count {
                0 => "a record of the journal is damaged".to_owned(),
                count => {
                    format!("events {} to {} are damaged", mark.first, mark.first + Seq::from(count) - 1)
                }
            }),
            None => {
                self.early.insert(mark.life);
            }
        }
        self.damages.push(place);
    }

    /// What has been replayed is all there is.
    fn conclude(&mut self, last_run: LastRun) {
        let may_have_lost = last_run == LastRun::MayHaveLost;
        let names = std::mem::take(&mut self.names);
        for (life, id) in names {
            if !self.shelves.contains_key(&life) {
                self.add(Shelf::known(
                    placeholder(id, life, "the state that it began with is damaged".to_owned()),
                    Vec::new(),
                ));
            }
        }
        for life in &self.early {
            if let Some(shelf) = self.shelves.get(life) {
                shelf.fence("a record of the journal is damaged".to_owned());
            } else {
                // Neither its name nor its state can be read.
                self.anybody = true;
            }
        }
        // Of one that is damaged it cannot be told that it was never finished.
        let left = |_: &u64, shelf: &mut Arc<Shelf>| shelf.is_unfinished() && !shelf.is_fenced();
        for (_, shelf) in self.shelves.extract_if(.., left) {
            warn!(session.id = %shelf.id, "a session that was not written to its end is removed");
            shelf.end();
            self.doomed.push(shelf);
        }
        self.shelves.values().for_each(|shelf| shelf.conclude(&self.stock, may_have_lost));
        self.recovered.may_have_lost = may_have_lost || self.anybody;
        if self.recovered.may_have_lost {
            warn!("acknowledged events may be lost; every session begins a new epoch");
            let highest = self.shelves.values().map(|shelf| shelf.listed().info.epoch).max();
            let epoch = crate::store::now().max(highest.unwrap_or(0) + 1);
            self.shelves.values().for_each(|shelf| shelf.raise_epoch(epoch));
        }
        self.recovered.in_order = last_run == LastRun::Clean;
        self.recovered.sessions = self.shelves.len() as u64;
        self.recovered.damaged = self.shelves.values().filter(|shelf| shelf.is_fenced()).count() as u64;
        self.recovered.journal_damages = self.damages.len() as u64;
    }
}

/// A session's own file and the seqs of its snapshots.
type Stored = (Option<PathBuf>, Vec<Seq>);

/// What the catalogue would say of a session, from its own file.
fn read_whole(path: &Path, life: u64) -> Result<Entry, String> {
    let said = |error| match error {
        super::history::HistoryError::Io(error) => error.to_string(),
        super::history::HistoryError::Damaged(reason) => reason,
    };
    let history = History::open(path, life, 0, Seq::MAX).map_err(said)?;
    let mut info = history.base().map_err(said)?.snapshot.session;
    let trimmed = info.seq;
    loop {
        let events = history.read(info.seq, 4_096).map_err(said)?;
        if events.is_empty() {
            let settled = info.seq;
            return Ok(Entry { life, info, trimmed, settled, unfinished: false, fenced: None });
        }
        events.iter().for_each(|event| follow(&mut info, event));
    }
}

/// What is told of a session of which only the id can be read.
fn placeholder(id: SessionId, life: u64, reason: String) -> Entry {
    let info = Session::new(id, None, 0, 0).info();
    Entry { life, info, trimmed: 0, settled: 0, unfinished: false, fenced: Some(reason) }
}

impl From<OpenError> for LogError {
    fn from(error: OpenError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
