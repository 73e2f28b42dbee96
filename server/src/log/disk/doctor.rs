//! `vws doctor`: looks at every byte of a data directory, tells what is wrong, and repairs what can be.
//!
//! It reads each session's file frame by frame on its own, folds the whole history with the reducer, and
//! compares each snapshot with the state that the events come to. What it repairs it cuts to the longest
//! history that is whole; a state that was written later stands for events before it that are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use vws_core::reduce::State;
use vws_core::{DisplayName, EventRecord, Seq, Session, SessionId};

use crate::assets::{self, doctor::AssetReport};

use super::super::Checkpoint;
use super::files::Files;
use super::folder::{Folder, OpenError};
use super::frame::{FILE_HEAD, FileHead, Found, Kind, Scan};
use super::history::{History, read_snapshot};
use super::library::Library;
use super::record::{Entry, decode_checkpoint, decode_events};
use super::recovery::{self, Survey};
use super::shelf::{Shelf, Stock};
use super::{Level, keeper};

/// What a data directory was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// Every session, in the order of the ids.
    pub sessions: Vec<SessionReport>,
    /// Bytes at the journal's end of a write that was never finished. The next start cuts them.
    pub torn_bytes: u64,
    /// Places of the journal and of the catalogue that are damaged.
    pub problems: Vec<String>,
    /// Files that belong to no session.
    pub strays: Vec<PathBuf>,
    /// The models that objects show.
    pub assets: AssetReport,
}

impl Examination {
    /// Whether there is nothing to repair.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
            && self.strays.is_empty()
            && self.assets.damaged.is_empty()
            && self.sessions.iter().all(SessionReport::is_sound)
    }
}

/// What a session was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionReport {
    /// Its id.
    pub session_id: SessionId,
    /// Its name, as far as it can be read.
    pub name: Option<DisplayName>,
    /// Its last event, as far as anything tells.
    pub seq: Seq,
    /// The state that its history begins with.
    pub from: Seq,
    /// Bytes of its files.
    pub bytes: u64,
    /// States that are kept beside it.
    pub snapshots: usize,
    /// What is wrong with it; nothing when it is sound.
    pub problems: Vec<String>,
    /// What a repair leaves of it, where something is wrong. None where nothing whole is left.
    pub repair: Option<Remains>,
}

impl SessionReport {
    /// Whether nothing is wrong with it.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What a repair leaves of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Remains {
    /// The state that its history begins with then.
    pub from: Seq,
    /// Its last event then.
    pub through: Seq,
}

/// What a repair has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// What was found.
    pub found: Examination,
    /// Sessions that were cut to what is whole of them.
    pub repaired: Vec<SessionId>,
    /// Sessions of which nothing was whole. Their files are in the folder `damaged`.
    pub lost: Vec<SessionId>,
}

/// Looks at all of a data directory that no server has in use. Changes nothing. `progress` hears how many
/// sessions of how many have been looked at.
///
/// # Errors
/// [`OpenError`] where it is no data directory, is in use, or cannot be read.
pub fn examine(root: &Path, mut progress: impl FnMut(usize, usize)) -> Result<Examination, OpenError> {
    let (_folder, survey) = survey(root)?;
    Ok(look(root, &survey, &mut progress)?.0)
}

/// Looks at all of a data directory, and cuts what is damaged to what is whole. Every session of which
/// events are gone begins a new epoch, so that no client takes the rest for what it has seen.
///
/// # Errors
/// As for [`examine`]; what was repaired until then stays so.
pub fn repair(root: &Path, mut progress: impl FnMut(usize, usize)) -> Result<Repaired, OpenError> {
    let (folder, survey) = survey(root)?;
    let (found, plans) = look(root, &survey, &mut progress)?;
    drop((folder, survey));
    let (library, recovered) = recovery::open(root, Files::default(), Level::Sync, (u64::MAX, u64::MAX))?;
    let failed = |error: std::io::Error| OpenError::io(root)(error);
    let mut done = Repaired { found, repaired: Vec::new(), lost: Vec::new() };
    let mut taken_out: Vec<PathBuf> = done.found.strays.clone();
    for (surveyed, plan) in plans {
        let life = surveyed.life;
        let shelf = library.shelves.read().values().find(|shelf| shelf.life == life).cloned();
        // Of two lives of one session the list has the later one. What is left of the other is nobody's.
        let Some(shelf) = shelf else {
            taken_out.extend(files_of(&surveyed, &library.stock).into_iter().filter(|path| path.exists()));
            continue;
        };
        match plan {
            Some(plan) => {
                plan.carry_out(&library, &shelf).map_err(failed)?;
                done.repaired.push(shelf.id);
            }
            None => {
                set_aside(&library, &shelf).map_err(failed)?;
                done.lost.push(shelf.id);
            }
        }
    }
    taken_out.extend(done.found.assets.damaged.iter().cloned());
    // The next start would remove what belongs to no session.
    for lost in &done.lost {
        taken_out.extend(assets::of_session(root, *lost).map_err(failed)?);
    }
    taken_out.sort();
    taken_out.dedup();
    for stray in &taken_out {
        library.folder.move_aside(&library.stock.files, stray).map_err(failed)?;
    }
    let moved = keeper::move_all(&library, recovered.last_segment);
    moved.map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    library.folder.end_run(&library.stock.files, Level::Sync).map_err(failed)?;
    Ok(done)
}

fn survey(root: &Path) -> Result<(Folder, Survey), OpenError> {
    let folder = Folder::look(root)?;
    let last_run = folder.last_run()?;
    let survey = Survey::of(&folder, Files::frozen(), last_run)?;
    Ok((folder, survey))
}

/// The longest whole history of a damaged session.
struct Plan {
    base: Checkpoint,
    events: Vec<Arc<EventRecord>>,
    /// The state after them.
    session: Session,
    /// Whole states between.
    snapshots: Vec<Seq>,
}

type Plans = Vec<(Arc<Shelf>, Option<Plan>)>;

fn look(
    root: &Path,
    survey: &Survey,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Examination, Plans), OpenError> {
    let mut problems = survey.damages.clone();
    if survey.catalogue_damaged {
        problems.push("the catalogue is damaged; the next start makes it again".to_owned());
    }
    let mut shelves: Vec<_> = survey.shelves.values().collect();
    shelves.sort_by_key(|shelf| shelf.id);
    let (mut sessions, mut plans) = (Vec::with_capacity(shelves.len()), Plans::new());
    for (place, shelf) in shelves.iter().enumerate() {
        progress(place, shelves.len());
        let (report, plan) =
            Pieces::of(shelf, &survey.stock).map_err(OpenError::io(&survey.stock.sessions))?.judge(shelf);
        if !report.is_sound() {
            plans.push((Arc::clone(shelf), plan));
        }
        sessions.push(report);
    }
    progress(shelves.len(), shelves.len());
    let (torn_bytes, mut strays) = (survey.recovered.torn, survey.strays.clone());
    let mut assets = assets::doctor::examine(root).map_err(OpenError::io(root))?;
    strays.append(&mut assets.strays);
    Ok((Examination { sessions, torn_bytes, problems, strays, assets }, plans))
}

/// All that can be read of a session.
#[derive(Default)]
struct Pieces {
    /// States that are whole, by seq: of the file, of the journal, of the snapshots.
    states: BTreeMap<Seq, Checkpoint>,
    /// Events that are whole, by seq.
    events: BTreeMap<Seq, Arc<EventRecord>>,
    problems: Vec<String>,
    snapshots: Vec<Seq>,
    bytes: u64,
}

impl Pieces {
    fn of(shelf: &Shelf, stock: &Stock) -> std::io::Result<Self> {
        let mut pieces = Self::default();
        let (base, pending, snapshots) = shelf.in_memory();
        match base {
            Some(base) => pieces.add_state(shelf, (*base).clone(), "the state that it begins with"),
            None => pieces.read_file(shelf, &shelf.path(stock))?,
        }
        // What the file has after the last event that the journal knows of was never acknowledged.
        pieces.events.retain(|seq, _| *seq <= shelf.listed().info.seq);
        pieces.events.extend(pending.into_iter().map(|event| (event.seq, event)));
        for seq in snapshots {
            let path = shelf.snapshot_path(stock, seq);
            pieces.bytes += path.metadata()?.len();
            match read_snapshot(&path, shelf.life)? {
                Some(state) if state.snapshot.session.seq == seq => {
                    pieces.snapshots.push(seq);
                    pieces.add_state(shelf, state, "the snapshot");
                }
                _ => pieces.problems.push(format!("the snapshot at event {seq} is damaged")),
            }
        }
        Ok(pieces)
    }

    fn add_state(&mut self, shelf: &Shelf, state: Checkpoint, what: &str) {
        let seq = state.snapshot.session.seq;
        let whose = state.snapshot.session.session_id;
        if whose != shelf.id {
            return self.problems.push(format!("{what} at event {seq} is that of session {whose}"));
        }
        match state.snapshot.clone().restore() {
            Ok(_) => drop(self.states.insert(seq, state)),
            Err(error) => self.problems.push(format!("{what} at event {seq} is wrong: {error}")),
        }
    }

    fn read_file(&mut self, shelf: &Shelf, path: &Path) -> std::io::Result<()> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.problems.push("its file is missing".to_owned());
                return Ok(());
            }
            read => read?,
        };
        self.bytes += bytes.len() as u64;
        let head = match FileHead::of(&bytes, shelf.life) {
            Ok(head) => head,
            Err(reason) => {
                self.problems.push(reason.to_owned());
                return Ok(());
            }
        };
        if !FileHead::is_sound(&bytes) {
            self.problems.push("one of the two heads of its file is damaged".to_owned());
        }
        for found in Scan::new(&bytes, head.salt, FILE_HEAD) {
            match found {
                Found::Frame(head, payload) if head.kind == Kind::Base => match decode_checkpoint(payload) {
                    Some(state) => self.add_state(shelf, state, "the state that it begins with"),
                    None => self.problems.push("the state that it begins with cannot be read".to_owned()),
                },
                Found::Frame(_, payload) => match decode_events(payload) {
                    Some(events) => self.events.extend(events.into_iter().map(|event| (event.seq, event))),
                    None => self.problems.push("a block of events cannot be read".to_owned()),
                },
                // What was never finished is in the journal.
                Found::Damage(damage) if damage.unfinished => {}
                Found::Damage(damage) => {
                    let whose = damage.whose.map_or_else(String::new, |mark| match u64::from(mark.count) {
                        0 => format!(", the state at event {}", mark.first),
                        count => format!(", events {} to {}", mark.first, mark.first + count - 1),
                    });
                    self.problems.push(format!(
                        "{} bytes at {} of its file are damaged{whose}",
                        damage.len, damage.at
                    ));
                }
            }
        }
        Ok(())
    }

    fn judge(mut self, shelf: &Shelf) -> (SessionReport, Option<Plan>) {
        let (info, fenced) = {
            let listed = shelf.listed();
            (listed.info, listed.damaged)
        };
        let from = shelf.trimmed();
        let mut best: Option<Plan> = None;
        let starts: Vec<Seq> = self.states.keys().copied().collect();
        for start in starts {
            // Where an earlier one has come past it they are the same.
            if best.as_ref().is_none_or(|plan| plan.session.seq() < start) {
                let plan = self.fold(start);
                if plan.as_ref().map(|plan| plan.session.seq()) > best.as_ref().map(|plan| plan.session.seq())
                {
                    best = plan;
                }
            }
        }
        if let Some(reason) = fenced
            && !self.problems.contains(&reason)
        {
            self.problems.push(reason);
        }
        let reach = best.as_ref().map(|plan| (plan.base.snapshot.session.seq, plan.session.seq()));
        match reach {
            None => self.problems.push("no state of it is whole".to_owned()),
            Some((first, last)) if self.problems.is_empty() && (first > from || last < info.seq) => {
                self.problems.push(match last - first {
                    0 => format!("only the state at event {last} of {} is there", info.seq),
                    _ => format!("only events {} to {last} of {} are there", first + 1, info.seq),
                });
            }
            Some(_) => {}
        }
        let repair =
            reach.filter(|_| !self.problems.is_empty()).map(|(from, through)| Remains { from, through });
        let report = SessionReport {
            session_id: info.session_id,
            name: info.name,
            seq: info.seq,
            from,
            bytes: self.bytes,
            snapshots: self.snapshots.len(),
            problems: self.problems,
            repair,
        };
        (report, best)
    }

    /// The history from the state at `start` for as far as it is whole. States on the way that are not what
    /// the events come to are told.
    fn fold(&mut self, start: Seq) -> Option<Plan> {
        let base = self.states.get(&start)?.clone();
        let mut session = base.snapshot.clone().restore().ok()?;
        let (mut events, mut snapshots) = (Vec::new(), Vec::new());
        for event in self.events.range(start + 1..).map(|(_, event)| event) {
            if session.apply(event).is_err() {
                break;
            }
            events.push(Arc::clone(event));
            if let Some(state) = self.states.get(&event.seq) {
                if state.snapshot.digest == session.digest() {
                    snapshots.push(event.seq);
                } else {
                    self.problems.push(format!(
                        "the snapshot at event {} has digest {}, its events come to {}",
                        event.seq,
                        state.snapshot.digest,
                        session.digest()
                    ));
                }
            }
        }
        Some(Plan { base, events, session, snapshots })
    }
}

impl Plan {
    /// Puts it in the place of what there is of the session.
    fn carry_out(mut self, library: &Library, shelf: &Shelf) -> std::io::Result<()> {
        let (stock, path) = (&library.stock, shelf.path(&library.stock));
        let files = &stock.files;
        let (_, _, snapshots) = shelf.in_memory();
        let cut = self.session.seq() < shelf.listed().info.seq;
        let mut info = self.session.info();
        info.epoch = shelf.listed().info.epoch.max(info.epoch);
        if cut || shelf.is_fenced() {
            info.epoch = crate::store::now().max(info.epoch + 1);
        }
        self.base.snapshot.session.epoch = info.epoch;
        if path.exists() {
            library.folder.set_aside(files, &path)?;
        }
        let new_path = path.with_added_extension("new");
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        let mut history = History::create(files, &new_path, shelf.life, &self.base)?;
        history.append(files, &self.events)?;
        files.sync(&history.file(), &new_path)?;
        for seq in snapshots.iter().filter(|seq| !self.snapshots.contains(seq)) {
            let snapshot = shelf.snapshot_path(stock, *seq);
            library.folder.set_aside(files, &snapshot)?;
            files.remove(&snapshot)?;
        }
        files.rename(&new_path, &path)?;
        files.sync_folder(path.parent().unwrap_or(&path))?;
        files.sync_folder(&stock.sessions)?;
        let (trimmed, settled) = (self.base.snapshot.session.seq, info.seq);
        let entry = Entry { life: shelf.life, info, trimmed, settled, unfinished: false, fenced: None };
        library.shelves.write().insert(shelf.id, Arc::new(Shelf::known(entry, self.snapshots)));
        Ok(())
    }
}

/// Where its history and its snapshots are.
fn files_of(shelf: &Shelf, stock: &Stock) -> Vec<PathBuf> {
    let (_, _, snapshots) = shelf.in_memory();
    let snapshots = snapshots.into_iter().map(|seq| shelf.snapshot_path(stock, seq));
    std::iter::once(shelf.path(stock)).chain(snapshots).collect()
}

/// Takes a session of which nothing is whole out of the list, and keeps its files for those who look.
fn set_aside(library: &Library, shelf: &Shelf) -> std::io::Result<()> {
    let stock = &library.stock;
    for path in files_of(shelf, stock).into_iter().filter(|path| path.exists()) {
        library.folder.set_aside(&stock.files, &path)?;
    }
    library.shelves.write().remove(&shelf.id);
    shelf.remove(stock)
}
