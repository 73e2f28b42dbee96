//! Reads a backup, proves all of it, and hands on what is in it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use vws_core::reduce::State;
use vws_core::{EventRecord, Seq, Session, SessionId};

use super::error::{Damage, ReadError};
use super::frames::{Counted, Hashed};
use super::keep::Keep;
use super::{AUDIT, FORMAT, HEAD, Head, MANIFEST, Manifest, Model, REVOKED, Sheet, Sums, VERSION, hex};
use crate::assets::{AssetId, Kind};
use crate::auth::{Entry, Revocation, Revoked};
use crate::log::Checkpoint;
use crate::log::disk::{decode_checkpoint, decode_events};

/// Bytes that are read of the file at once: what is damaged is told this exactly.
const CHUNK: usize = 16 * 1024;
/// Bytes of an entry that is read whole: more than a state within its bounds has.
const MAX_ENTRY: u64 = 4 << 30;

/// Reads the backup at `path` to its end. `progress` is told now and then how much of the file has been read.
///
/// # Errors
/// [`ReadError`], with what is wrong and where. What was handed on until then counts for nothing.
pub fn read(path: &Path, keep: &mut dyn Keep, progress: impl Fn(u64)) -> Result<Manifest, ReadError> {
    let file = File::open(path).map_err(|error| ReadError::Io { path: path.to_owned(), error })?;
    read_from(path, file, keep, progress)
}

/// The same of a backup that comes from anywhere; `path` is what it is called where something is wrong with it.
pub(super) fn read_from(
    path: &Path,
    source: impl Read,
    keep: &mut dyn Keep,
    progress: impl Fn(u64),
) -> Result<Manifest, ReadError> {
    let io = |error| ReadError::Io { path: path.to_owned(), error };
    let at = Arc::new(AtomicU64::new(0));
    let counted = Counted { reader: source, at: Arc::clone(&at) };
    let chunks = BufReader::with_capacity(CHUNK, counted);
    let decoder = zstd::stream::read::Decoder::with_buffer(chunks).map_err(io)?;
    let mut archive = tar::Archive::new(decoder);
    let mut reading = Reading::new(path, Arc::clone(&at), keep);
    for entry in archive.entries().map_err(io)? {
        let mut entry = entry.map_err(|error| reading.unreadable(error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let length = entry.size();
        reading.entry(name, length, &mut entry)?;
        progress(at.load(Ordering::Relaxed));
    }
    // To the last sum of the last frame; an archive is filled up with zeros.
    let mut rest = archive.into_inner();
    let mut chunk = [0; CHUNK];
    loop {
        match rest.read(&mut chunk) {
            Ok(0) => return reading.finish(),
            Ok(length) if chunk[..length].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(reading.wrong("something follows it")),
            Err(error) => return Err(reading.unreadable(error)),
        }
    }
}

/// A session that has begun.
struct Open {
    id: SessionId,
    from: Seq,
    /// The state after the last event that came.
    session: Session,
    /// What the keeper has not been told yet.
    begin: Option<Checkpoint>,
    newest: Option<Checkpoint>,
}

struct Reading<'a> {
    path: &'a Path,
    at: Arc<AtomicU64>,
    keep: &'a mut dyn Keep,
    sums: Sums,
    /// The entry that is read, or was read last.
    entry: String,
    has_head: bool,
    open: Option<Open>,
    /// Those that have begun, or are left out from the start.
    known: HashSet<SessionId>,
    models: HashSet<(AssetId, Kind)>,
    revoked: Option<Vec<Revocation>>,
    has_audit: bool,
    sessions: u64,
    events: u64,
    manifest: Option<Manifest>,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path, at: Arc<AtomicU64>, keep: &'a mut dyn Keep) -> Self {
        Self {
            path,
            at,
            keep,
            sums: Sums::default(),
            entry: "its beginning".to_owned(),
            has_head: false,
            open: None,
            known: HashSet::new(),
            models: HashSet::new(),
            revoked: None,
            has_audit: false,
            sessions: 0,
            events: 0,
            manifest: None,
        }
    }

    fn damaged(&self, damage: Damage) -> ReadError {
        ReadError::Damaged { path: self.path.to_owned(), damage }
    }

    fn wrong(&self, reason: impl ToString) -> ReadError {
        let (at, entry) = (self.at.load(Ordering::Relaxed), self.entry.clone());
        self.damaged(Damage::Wrong { at, entry, reason: reason.to_string() })
    }

    /// What a reader says.
    fn unreadable(&self, error: io::Error) -> ReadError {
        let path = self.path.to_owned();
        if error.raw_os_error().is_some() {
            return ReadError::Io { path, error };
        }
        if !self.has_head {
            return ReadError::NotABackup { path };
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            let (at, entry) = (self.at.load(Ordering::Relaxed), self.entry.clone());
            return self.damaged(Damage::CutShort { at, entry });
        }
        self.wrong(error)
    }

    fn entry(&mut self, name: String, length: u64, content: &mut dyn Read) -> Result<(), ReadError> {
        if !self.has_head && name != HEAD {
            return Err(ReadError::NotABackup { path: self.path.to_owned() });
        }
        self.entry = name;
        if self.manifest.is_some() {
            return Err(self.wrong("it comes after the manifest"));
        }
        let name = self.entry.clone();
        if let Some(file) = name.strip_prefix("assets/") {
            return self.model(file, length, content);
        }
        let bytes = self.whole(length, content)?;
        if name == MANIFEST {
            return self.end(&bytes);
        }
        let mut source = &bytes[..];
        let mut hashed = Hashed::of(&mut source);
        io::copy(&mut hashed, &mut io::sink()).map_err(|error| self.wrong(error))?;
        let (length, sum) = hashed.end();
        self.sums.add(&name, length, sum);
        match name.strip_prefix("sessions/").and_then(|rest| rest.split_once('/')) {
            Some((id, what)) => {
                let id = id.parse().map_err(|error| self.wrong(error))?;
                self.of_session(id, what, &bytes)
            }
            None => self.of_all(&name, &bytes),
        }
    }

    /// All of an entry.
    fn whole(&self, length: u64, content: &mut dyn Read) -> Result<Vec<u8>, ReadError> {
        if length > MAX_ENTRY {
            return Err(self.wrong(format!("it has {length} bytes, more than {MAX_ENTRY}")));
        }
        let mut bytes = Vec::new();
        content.take(length).read_to_end(&mut bytes).map_err(|error| self.unreadable(error))?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(self.unreadable(io::ErrorKind::UnexpectedEof.into()))
        }
    }

    fn json<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, ReadError> {
        serde_json::from_slice(bytes).map_err(|error| self.wrong(error))
    }

    fn of_all(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReadError> {
        if self.open.is_some() {
            return Err(self.wrong("the session before it has no end"));
        }
        match name {
            HEAD if !self.has_head => {
                let path = self.path.to_owned();
                let head = serde_json::from_slice::<Head>(bytes).ok().filter(|head| head.format == FORMAT);
                let Some(head) = head else { return Err(ReadError::NotABackup { path }) };
                if head.version > VERSION {
                    return Err(ReadError::Version { path, found: head.version });
                }
                self.has_head = true;
            }
            REVOKED if self.revoked.is_none() => {
                let text = std::str::from_utf8(bytes).map_err(|error| self.wrong(error))?;
                self.revoked = Some(
                    Revoked::read(text)
                        .map_err(|line| self.wrong(format!("line {line} is not an id and an end")))?,
                );
            }
            AUDIT if !self.has_audit => {
                let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                let entries = lines.map(|line| self.json::<Entry>(line)).collect::<Result<Vec<_>, _>>()?;
                let Some(revoked) = &self.revoked else {
                    return Err(self.wrong("the revoked tokens are missing"));
                };
                self.keep.access(revoked, &entries)?;
                self.has_audit = true;
            }
            _ => return Err(self.wrong("a backup has no such entry there")),
        }
        Ok(())
    }

    fn of_session(&mut self, id: SessionId, what: &str, bytes: &[u8]) -> Result<(), ReadError> {
        if what == "base.msgpack" {
            return self.begin(id, bytes);
        }
        let Some(mut open) = self.open.take() else {
            // One that was damaged from the start has nothing else.
            return if what == "left-out.json" {
                self.first_of(id)
            } else {
                Err(self.wrong("its session has not begun"))
            };
        };
        if open.id != id {
            return Err(self.wrong("the session before it has no end"));
        }
        if what == "checkpoint.msgpack" && open.begin.is_some() && open.newest.is_none() {
            open.newest = Some(self.checkpoint(id, bytes)?.0);
            self.open = Some(open);
            return Ok(());
        }
        if let Some(base) = open.begin.take() {
            self.keep.begin(&base, open.newest.as_ref())?;
        }
        match what {
            "session.json" => self.end_session(&open, self.json(bytes)?),
            "left-out.json" => Ok(self.keep.leave_out(id)?),
            _ if what.starts_with("events-") => {
                self.events(&mut open, bytes)?;
                self.open = Some(open);
                Ok(())
            }
            _ => Err(self.wrong("a backup has no such entry there")),
        }
    }

    /// A state of a session, which has its digest.
    fn checkpoint(&self, id: SessionId, bytes: &[u8]) -> Result<(Checkpoint, Session), ReadError> {
        let found = decode_checkpoint(bytes).ok_or_else(|| self.wrong("it is no state"))?;
        if found.snapshot.session.session_id != id {
            return Err(self.wrong("it is of another session"));
        }
        let session = found.snapshot.clone().restore().map_err(|broken| self.wrong(broken))?;
        Ok((found, session))
    }

    /// Each session is there once.
    fn first_of(&mut self, id: SessionId) -> Result<(), ReadError> {
        if self.known.insert(id) { Ok(()) } else { Err(self.wrong("its session was there before")) }
    }

    fn begin(&mut self, id: SessionId, bytes: &[u8]) -> Result<(), ReadError> {
        if self.open.is_some() {
            return Err(self.wrong("the session before it has no end"));
        }
        self.first_of(id)?;
        let (base, session) = self.checkpoint(id, bytes)?;
        let from = session.seq();
        self.open = Some(Open { id, from, session, begin: Some(base), newest: None });
        Ok(())
    }

    fn events(&mut self, open: &mut Open, bytes: &[u8]) -> Result<(), ReadError> {
        let events: Vec<Arc<EventRecord>> =
            decode_events(bytes).ok_or_else(|| self.wrong("they are no events"))?;
        let after = open.session.seq();
        for event in &events {
            open.session.apply(event).map_err(|gap| self.wrong(gap))?;
            if let Some(newest) =
                open.newest.as_ref().filter(|newest| newest.snapshot.session.seq == event.seq)
                && newest.snapshot.digest != open.session.digest()
            {
                return Err(self.wrong(format!("the state after event {} is not its checkpoint", event.seq)));
            }
        }
        Ok(self.keep.events(open.id, after, &events)?)
    }

    fn end_session(&mut self, open: &Open, sheet: Sheet) -> Result<(), ReadError> {
        let found = (open.id, open.from, open.session.seq(), open.session.digest());
        let told = (sheet.session.session_id, sheet.from, sheet.session.seq, sheet.digest);
        if found != told {
            let (seq, digest) = (open.session.seq(), open.session.digest());
            return Err(self.wrong(format!(
                "its events come to seq {seq} with digest {digest}, it says {} with {}",
                sheet.session.seq, sheet.digest
            )));
        }
        if let Some(newest) = &open.newest {
            let seq = newest.snapshot.session.seq;
            // Within its events it was compared with what they lead to.
            if seq <= open.from || open.session.seq() < seq {
                return Err(self.wrong(format!(
                    "its checkpoint is of seq {seq}, its events are those from {} to {}",
                    open.from + 1,
                    open.session.seq()
                )));
            }
        }
        let mut given = HashSet::new();
        for Model { id, extension } in &sheet.assets {
            let model = model_of(id, extension);
            if !model.is_some_and(|model| self.models.contains(&model)) {
                return Err(self.wrong(format!("its model {id} is not there, or has another content")));
            }
            if !given.insert(model) {
                return Err(self.wrong(format!("its model {id} is there twice")));
            }
        }
        // Those of a session that is left out after all count no more than it does.
        self.sessions += 1;
        self.events += open.session.seq() - open.from;
        Ok(self.keep.end(&sheet)?)
    }

    fn model(&mut self, file: &str, length: u64, content: &mut dyn Read) -> Result<(), ReadError> {
        let named = file.split_once('.').and_then(|(id, extension)| model_of(id, extension));
        let Some((id, kind)) = named else { return Err(self.wrong("a backup has no such entry there")) };
        let mut source = Failing { reader: content, failed: None };
        let mut hashed = Hashed::of(&mut source);
        let kept = self.keep.model(id, kind, &mut hashed);
        let (found, sum) = hashed.end();
        if let Some(error) = source.failed {
            return Err(self.unreadable(error));
        }
        kept?;
        if found != length {
            return Err(self.unreadable(io::ErrorKind::UnexpectedEof.into()));
        }
        self.sums.add(&self.entry, length, sum);
        // Whoever wrote it has left out one that was damaged before, and no session has that.
        if hex(&sum) == id.to_string() {
            self.models.insert((id, kind));
        }
        Ok(())
    }

    fn end(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        if self.open.is_some() {
            return Err(self.wrong("the session before it has no end"));
        }
        let manifest: Manifest = self.json(bytes)?;
        let sums = std::mem::take(&mut self.sums);
        let told = (manifest.sessions, manifest.events, manifest.models, manifest.bytes);
        let found = (self.sessions, self.events, self.models.len() as u64, sums.bytes);
        if told != found {
            return Err(self.wrong(format!(
                "it tells of {told:?} (sessions, events, models, bytes), there are {found:?}"
            )));
        }
        let sum = sums.end();
        if manifest.sha256 != sum {
            return Err(self.wrong(format!("its sum is {}, that of what came is {sum}", manifest.sha256)));
        }
        self.manifest = Some(manifest);
        Ok(())
    }

    fn finish(self) -> Result<Manifest, ReadError> {
        match self.manifest {
            Some(manifest) => Ok(manifest),
            None => Err(self.unreadable(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

/// Which model a file is of, by the two parts of its name.
fn model_of(id: &str, extension: &str) -> Option<(AssetId, Kind)> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
    Some((id.parse().ok()?, kind))
}

/// Remembers why its reader failed, whoever else says what of it.
struct Failing<'a> {
    reader: &'a mut dyn Read,
    failed: Option<io::Error>,
}

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reader.read(into).map_err(|error| {
            let told = io::Error::from(error.kind());
            if told.kind() != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            told
        })
    }
}
