//! The thread that writes the journal: everything that waits goes into one write and one flush.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tracing::warn;
use vws_core::{EventRecord, SessionId};

use super::super::{Checkpoint, LogError};
use super::Level;
use super::frame::{self, FRAME_BYTES, Kind, Mark, NOBODY};
use super::journal::Segment;
use super::keeper::Call;
use super::library::Library;
use super::shelf::{Claim, Shelf};

/// Bytes of one write, about.
const GROUP_BYTES: usize = 4 << 20;

pub(super) type Done = oneshot::Sender<Result<(), LogError>>;

/// What the writer is asked for.
pub(super) enum Task {
    /// A session begins.
    Create { base: Arc<Checkpoint>, payload: Vec<u8>, unfinished: bool, done: Done },
    /// One that was begun counts from now on.
    Finish { shelf: Arc<Shelf>, done: Done },
    /// Events follow.
    Append { claim: Claim, events: Vec<Arc<EventRecord>>, payload: Vec<u8>, done: Done },
    /// A session ends.
    Delete { shelf: Arc<Shelf>, done: Done },
    /// What follows goes into another segment. Answers the number of the last one until now.
    Seal { done: oneshot::Sender<u64> },
    /// No more.
    Stop,
}

/// What a group does once it is written.
enum Effect {
    Create(Arc<Shelf>),
    Append(Claim, Vec<Arc<EventRecord>>),
    Finish(Arc<Shelf>),
    Delete(Arc<Shelf>),
}

pub(super) struct Writer {
    library: Arc<Library>,
    keeper: std::sync::mpsc::SyncSender<Call>,
    segment: Option<Segment>,
    /// The last segment's number.
    number: u64,
    /// A segment that could not be cut after a write that failed; nothing is written until it is.
    uncut: Option<(Segment, u64)>,
    bytes: Vec<u8>,
    effects: Vec<(Effect, Done)>,
    /// Sessions that begin or end in this group: they have to be looked up here first.
    changed: HashMap<SessionId, bool>,
}

impl Writer {
    pub(super) fn new(library: Arc<Library>, keeper: std::sync::mpsc::SyncSender<Call>, number: u64) -> Self {
        Self {
            library,
            keeper,
            segment: None,
            number,
            uncut: None,
            bytes: Vec::new(),
            effects: Vec::new(),
            changed: HashMap::new(),
        }
    }

    pub(super) fn run(mut self, mut tasks: mpsc::Receiver<Task>) {
        while let Some(first) = tasks.blocking_recv() {
            let mut ready = match first {
                // Nothing is written, and so there need not be a segment.
                Task::Seal { .. } | Task::Stop => self.mend().map(|()| 0),
                _ => self.ready(),
            };
            if ready.is_err() && matches!(first, Task::Delete { .. }) && self.library.give_reserve_up() {
                // What is deleted makes room.
                ready = self.ready();
            }
            let mut next = Some(first);
            while let Some(task) = next.take() {
                match task {
                    Task::Stop => return self.commit(),
                    Task::Seal { done } => {
                        self.commit();
                        self.seal();
                        // A caller that is gone needs no answer.
                        let _ = done.send(self.number);
                        break;
                    }
                    task => self.gather(task, &ready),
                }
                // What comes after a refusal may find the disk well again.
                if self.bytes.len() < GROUP_BYTES && ready.is_ok() {
                    next = tasks.try_recv().ok();
                }
            }
            self.commit();
        }
    }

    /// Cuts what a write that failed has left, where that could not be done at once.
    fn mend(&mut self) -> Result<(), LogError> {
        if let Some((mut segment, len)) = self.uncut.take()
            && let Err(error) = self.take_back(&mut segment, len)
        {
            self.uncut = Some((segment, len));
            return Err(self.unavailable(&error));
        }
        Ok(())
    }

    fn unavailable(&self, error: &std::io::Error) -> LogError {
        self.library.report.failures.inc();
        LogError::Unavailable(error.to_string())
    }

    /// A segment to write to, or why there is none.
    fn ready(&mut self) -> Result<u64, LogError> {
        self.mend()?;
        let library = &self.library;
        if library.suspect.load(Ordering::Acquire) {
            return Err(LogError::Unavailable("what was written before is being secured".to_owned()));
        }
        // Callers wait for room before they come here; what was under way then still fits.
        if library.journal_bytes.load(Ordering::Relaxed) > library.max_journal_bytes.saturating_mul(2) {
            return Err(LogError::Unavailable("the journal is full and cannot be moved".to_owned()));
        }
        if self.segment.is_none() {
            // A number is used once, even where making the file fails.
            self.number += 1;
            let made = Segment::create(
                &library.stock.files,
                &library.folder.journal(),
                self.number,
                library.segment_bytes,
            );
            let segment = made.map_err(|error| self.unavailable(&error))?;
            library.journal_grew(segment.len);
            self.segment = Some(segment);
        }
        Ok(self.segment.as_ref().map_or(0, |segment| segment.salt))
    }

    /// Adds a task to the group.
    fn gather(&mut self, task: Task, ready: &Result<u64, LogError>) {
        let salt = match ready {
            Ok(salt) => *salt,
            Err(failed) => {
                self.library.report.refused();
                return task.refuse(failed);
            }
        };
        if self.bytes.is_empty() {
            // For the group's own frame, which tells how long it is.
            self.bytes.resize(FRAME_BYTES, 0);
        }
        match task {
            Task::Create { base, payload, unfinished, done } => {
                let id = base.snapshot.session.session_id;
                let there = self.library.shelves.read().contains_key(&id);
                if self.changed.get(&id).copied().unwrap_or(there) {
                    let _ = done.send(Err(LogError::SessionExists(id)));
                    return;
                }
                let life = self.library.next_life.fetch_add(1, Ordering::Relaxed);
                let mark = Mark { life, first: base.snapshot.session.seq, count: 0 };
                // Twice, so that a session whose base is damaged later still has a name.
                let mut name = id.as_uuid().as_bytes().to_vec();
                name.extend(unfinished.then_some(1));
                frame::encode(&mut self.bytes, salt, Kind::Begin, mark, &name);
                frame::encode(&mut self.bytes, salt, Kind::Base, mark, &payload);
                self.changed.insert(id, true);
                let shelf = Shelf::begin(life, base, Vec::new(), unfinished);
                self.effects.push((Effect::Create(Arc::new(shelf)), done));
            }
            Task::Finish { shelf, done } => {
                let mark = Mark { life: shelf.life, first: 0, count: 0 };
                frame::encode(&mut self.bytes, salt, Kind::Finish, mark, &[]);
                self.effects.push((Effect::Finish(shelf), done));
            }
            Task::Append { claim, events, payload, done } => {
                let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
                let first = events.first().map_or(0, |event| event.seq);
                let mark = Mark { life: claim.shelf().life, first, count };
                frame::encode(&mut self.bytes, salt, Kind::Events, mark, &payload);
                self.effects.push((Effect::Append(claim, events), done));
            }
            Task::Delete { shelf, done } => {
                let twice = self.changed.insert(shelf.id, false) == Some(false);
                if twice || shelf.is_gone() {
                    let _ = done.send(Err(LogError::NoSession(shelf.id)));
                    return;
                }
                let mark = Mark { life: shelf.life, first: 0, count: 0 };
                frame::encode(&mut self.bytes, salt, Kind::Delete, mark, &[]);
                self.effects.push((Effect::Delete(shelf), done));
            }
            Task::Seal { .. } | Task::Stop => {}
        }
    }

    /// Writes the group, makes it durable, and only then tells anybody.
    fn commit(&mut self) {
        self.changed.clear();
        if self.effects.is_empty() {
            self.bytes.clear();
            return;
        }
        let written = self.write();
        self.bytes.clear();
        self.bytes.shrink_to(GROUP_BYTES);
        match written {
            Ok(()) => {
                self.library.report.commits.inc();
                self.library.report.took();
                for (effect, done) in self.effects.drain(..) {
                    take_effect(&self.library, &self.keeper, effect);
                    let _ = done.send(Ok(()));
                }
            }
            Err(error) => {
                self.library.report.failures.inc();
                self.library.report.refused();
                warn!(error = %error, batches = self.effects.len(), "the journal cannot be written");
                self.refuse(&error);
            }
        }
        if self.segment.as_ref().is_some_and(|segment| segment.len >= self.library.segment_bytes) {
            // One that waits already does as well.
            let _ = self.keeper.try_send(Call::Settle);
        }
    }

    /// Answers the group that it was not done. Where the disk is full, what is deleted makes room and is
    /// written into the room that was set aside for that.
    fn refuse(&mut self, error: &std::io::Error) {
        let full = error.kind() == std::io::ErrorKind::StorageFull;
        let deletes = full && self.effects.iter().any(|(effect, _)| matches!(effect, Effect::Delete(_)));
        let room = deletes && self.library.give_reserve_up();
        let mut again = Vec::new();
        for (effect, done) in self.effects.drain(..) {
            match effect {
                Effect::Delete(shelf) if room => again.push((shelf, done)),
                effect => {
                    // Whoever hears of it may try again at once.
                    drop(effect);
                    let _ = done.send(Err(LogError::Unavailable(error.to_string())));
                }
            }
        }
        if again.is_empty() {
            return;
        }
        let ready = self.ready();
        for (shelf, done) in again {
            self.gather(Task::Delete { shelf, done }, &ready);
        }
        self.commit();
    }

    fn write(&mut self) -> std::io::Result<()> {
        let library = &self.library;
        let files = &library.stock.files;
        let Some(segment) = &mut self.segment else { return Err(std::io::ErrorKind::NotConnected.into()) };
        let len = segment.len;
        let mut group = Vec::with_capacity(FRAME_BYTES);
        let following = (self.bytes.len() - FRAME_BYTES) as u64;
        let mark = Mark { life: NOBODY, first: following, count: 0 };
        frame::encode(&mut group, segment.salt, Kind::Group, mark, &[]);
        self.bytes[..FRAME_BYTES].copy_from_slice(&group);
        let mut written = segment.write(files, &self.bytes).map_err(|error| (error, true));
        if library.level == Level::Sync && written.is_ok() {
            let began = Instant::now();
            written = segment.sync(files).map_err(|error| (error, false));
            library.report.flush_seconds.observe(began.elapsed().as_secs_f64());
        }
        match written {
            Ok(()) => {
                library.journal_grew(self.bytes.len() as u64);
                if library.level != Level::Sync {
                    library.flusher.written(&segment.file, &segment.path);
                }
                Ok(())
            }
            Err((error, flushed)) => {
                // What was refused must not be there after a restart.
                let mut segment = self.segment.take().expect("it was just written to");
                if self.take_back(&mut segment, len).is_err() {
                    self.uncut = Some((segment, len));
                } else if flushed {
                    self.segment = Some(segment);
                }
                // One that cannot be flushed is left: the system may have given its pages up.
                Err(error)
            }
        }
    }

    /// Cuts a write that failed off a segment, so that it is not there after a loss of power either.
    fn take_back(&self, segment: &mut Segment, len: u64) -> std::io::Result<()> {
        let library = &self.library;
        segment.cut(&library.stock.files, len)?;
        segment.sync(&library.stock.files).inspect_err(|_| {
            if library.level == Level::Buffered {
                // What was taken before it may be lost with it, and the system tells of that only once.
                library.suspect.store(true, Ordering::Release);
                let _ = self.keeper.try_send(Call::Settle);
            }
        })
    }

    /// The segment has all that it gets. Only the newest one may ever lose its end.
    fn seal(&mut self) {
        let library = &self.library;
        let files = &library.stock.files;
        if let Some(mut segment) = self.segment.take()
            && let Err(failed) = segment.seal(files).and_then(|()| segment.sync(files))
        {
            library.report.failures.inc();
            warn!(error = %failed, "a segment of the journal cannot be forced to disk");
            library.suspect.store(true, Ordering::Release);
        }
    }
}

fn take_effect(library: &Library, keeper: &std::sync::mpsc::SyncSender<Call>, effect: Effect) {
    match effect {
        Effect::Create(shelf) => {
            library.shelves.write().insert(shelf.id, shelf);
        }
        Effect::Finish(shelf) => shelf.finish(),
        Effect::Append(claim, events) => claim.keep(events),
        Effect::Delete(shelf) => {
            shelf.end();
            let mut shelves = library.shelves.write();
            if shelves.get(&shelf.id).is_some_and(|there| there.life == shelf.life) {
                shelves.remove(&shelf.id);
            }
            drop(shelves);
            library.doomed.lock().push(shelf);
            // The journal keeps the order to remove it until its files are gone.
            let _ = keeper.try_send(Call::Sweep);
        }
    }
}

impl Task {
    /// Answers that it was not done.
    pub(super) fn refuse(self, failed: &LogError) {
        match self {
            Self::Append { claim, done, .. } => {
                // Whoever hears of it may try again at once.
                drop(claim);
                let _ = done.send(Err(failed.clone()));
            }
            Self::Create { done, .. } | Self::Finish { done, .. } | Self::Delete { done, .. } => {
                let _ = done.send(Err(failed.clone()));
            }
            Self::Seal { .. } | Self::Stop => {}
        }
    }
}
