//! A session's own file: the state that its history begins with, then its events in blocks.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vws_core::{EventRecord, Seq};

use super::super::Checkpoint;
use super::files::Files;
use super::frame::{self, FILE_HEAD, FRAME_HEAD, FileHead, Head, Kind, Mark};
use super::record::{decode_checkpoint, decode_events, encode_checkpoint, encode_events};

/// Events of one block at most: what a page of history decodes in vain stays small.
const BLOCK_EVENTS: usize = 512;

/// Why a session's file is of no use.
#[derive(Debug)]
pub(super) enum HistoryError {
    /// The system refuses.
    Io(io::Error),
    /// Something in it is not what was written.
    Damaged(String),
}

impl From<io::Error> for HistoryError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A block of events in the file.
#[derive(Debug, Clone, Copy)]
struct Block {
    head: Head,
    at: u64,
}

impl Block {
    /// Its last event; the one before it, where it has none.
    const fn last(&self) -> Seq {
        (self.head.mark.first + self.head.mark.count as u64).saturating_sub(1)
    }
}

/// A session's own file, and where its blocks are.
#[derive(Debug)]
pub(super) struct History {
    file: Arc<File>,
    path: PathBuf,
    head: FileHead,
    base: Block,
    blocks: Vec<Block>,
    /// Where the next block goes.
    end: u64,
    /// Bytes of a block that was not finished.
    torn: u64,
}

impl History {
    /// Makes the file of a new history.
    pub(super) fn create(files: &Files, path: &Path, life: u64, base: &Checkpoint) -> io::Result<Self> {
        let head = FileHead::draw(life);
        let mut bytes = head.encode();
        let mark = Mark { life, first: base.snapshot.session.seq, count: 0 };
        frame::encode(&mut bytes, head.salt, Kind::Base, mark, &encode_checkpoint(base));
        let file = files.create(path)?;
        files.write(&file, path, 0, &bytes)?;
        let len = u32::try_from(bytes.len() - FILE_HEAD - frame::FRAME_BYTES).unwrap_or(u32::MAX);
        let base = Block { head: Head { kind: Kind::Base, len, mark }, at: FILE_HEAD as u64 };
        let end = bytes.len() as u64;
        Ok(Self { file: Arc::new(file), path: path.to_owned(), head, base, blocks: Vec::new(), end, torn: 0 })
    }

    /// Reads where everything is. The last event must be `settled` or a later one: what is missing up to
    /// there is damage. What was not finished after it, and what is after `known`, which nobody knows of,
    /// counts as [`torn`](Self::torn).
    pub(super) fn open(path: &Path, life: u64, settled: Seq, known: Seq) -> Result<Self, HistoryError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            // It can be read all the same.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                File::open(path)?
            }
            opened => opened?,
        };
        let size = file.metadata()?.len();
        let mut bytes = vec![0; FILE_HEAD.min(usize::try_from(size).unwrap_or(FILE_HEAD))];
        file.read_exact_at(&mut bytes, 0)?;
        let head = FileHead::of(&bytes, life).map_err(|reason| HistoryError::Damaged(reason.to_owned()))?;
        let mut at = FILE_HEAD as u64;
        let mut base = None;
        let mut blocks: Vec<Block> = Vec::new();
        let mut last = 0;
        while let Some(found) = head_at(&file, at, size, head.salt)? {
            let block = Block { head: found, at };
            let Mark { life: whose, first, count } = found.mark;
            // The machine may have written the head of a block and not the rest of it.
            let unsure = base.is_some() && block.last() > settled;
            if unsure && (block.last() > known || !is_whole(&file, &block, head.salt)?) {
                break;
            }
            match found.kind {
                Kind::Base if base.is_none() => (base, last) = (Some(block), first),
                Kind::Events if base.is_some() && first == last + 1 && count > 0 => {
                    blocks.push(block);
                    last = block.last();
                }
                _ => {
                    return Err(HistoryError::Damaged(format!(
                        "event {} is not where it should be",
                        last + 1
                    )));
                }
            }
            if whose != life {
                return Err(HistoryError::Damaged(format!(
                    "a block of another history follows event {last}"
                )));
            }
            at += found.size() as u64;
        }
        let base =
            base.ok_or_else(|| HistoryError::Damaged("the state that it began with is damaged".to_owned()))?;
        if last < settled {
            return Err(HistoryError::Damaged(format!(
                "its file is damaged after event {last} of {settled}"
            )));
        }
        Ok(Self { file: Arc::new(file), path: path.to_owned(), head, base, blocks, end: at, torn: size - at })
    }

    /// The last event in it.
    pub(super) fn last(&self) -> Seq {
        self.blocks.last().map_or(self.base.head.mark.first, Block::last)
    }

    /// The seq of the state that it begins with.
    pub(super) const fn trimmed(&self) -> Seq {
        self.base.head.mark.first
    }

    /// Bytes at its end that were never finished.
    pub(super) const fn torn(&self) -> u64 {
        self.torn
    }

    /// Cuts what is torn off.
    pub(super) fn cut_torn(&mut self, files: &Files) -> io::Result<()> {
        if self.torn > 0 {
            files.cut(&self.file, &self.path, self.end)?;
            self.torn = 0;
        }
        Ok(())
    }

    /// Adds the events that it does not have yet. They survive the loss of power after a [`sync`](Self::sync).
    pub(super) fn append(&mut self, files: &Files, events: &[Arc<EventRecord>]) -> io::Result<()> {
        let last = self.last();
        let new = &events[events.partition_point(|event| event.seq <= last)..];
        if new.is_empty() {
            return Ok(());
        }
        let (mut bytes, mut added) = (Vec::new(), Vec::new());
        for chunk in new.chunks(BLOCK_EVENTS) {
            let count = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            let mark = Mark { life: self.head.number, first: chunk[0].seq, count };
            let (payload, at) = (encode_events(chunk), self.end + bytes.len() as u64);
            let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            added.push(Block { head: Head { kind: Kind::Events, len, mark }, at });
            frame::encode(&mut bytes, self.head.salt, Kind::Events, mark, &payload);
        }
        self.cut_torn(files)?;
        if let Err(error) = files.write(&self.file, &self.path, self.end, &bytes) {
            // Cut now, which gives the room back, or before the next write; if the process ends first, opening
            // finds it unfinished.
            self.torn = bytes.len() as u64;
            let _ = self.cut_torn(files);
            return Err(error);
        }
        self.end += bytes.len() as u64;
        self.blocks.extend(added);
        Ok(())
    }

    /// The file, to be forced to disk while others read it.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    fn sync(&self, files: &Files) -> io::Result<()> {
        files.sync(&self.file, &self.path)
    }

    /// At most `limit` events after `after`, which is not before [`trimmed`](Self::trimmed).
    pub(super) fn read(&self, after: Seq, limit: usize) -> Result<Vec<Arc<EventRecord>>, HistoryError> {
        let mut events = Vec::new();
        let from = self.blocks.partition_point(|block| block.last() <= after);
        for block in &self.blocks[from..] {
            if events.len() >= limit {
                break;
            }
            let mark = block.head.mark;
            let whole = decode_events(&self.payload(block)?).filter(|found| {
                found.len() == mark.count as usize
                    && found.iter().zip(mark.first..).all(|(e, seq)| e.seq == seq)
            });
            let whole = whole.ok_or_else(|| self.damaged(block))?;
            let wanted = limit - events.len();
            events.extend(whole.into_iter().filter(|event| event.seq > after).take(wanted));
        }
        Ok(events)
    }

    /// The state that it begins with.
    pub(super) fn base(&self) -> Result<Checkpoint, HistoryError> {
        decode_checkpoint(&self.payload(&self.base)?).ok_or_else(|| self.damaged(&self.base))
    }

    fn payload(&self, block: &Block) -> Result<Vec<u8>, HistoryError> {
        let mut bytes = vec![0; block.head.size()];
        self.file.read_exact_at(&mut bytes, block.at)?;
        let payload = frame::payload(&bytes, &block.head, self.head.salt);
        payload.map(<[u8]>::to_vec).ok_or_else(|| self.damaged(block))
    }

    fn damaged(&self, block: &Block) -> HistoryError {
        let Mark { first, .. } = block.head.mark;
        HistoryError::Damaged(match block.head.kind {
            Kind::Base => format!("the state at event {first} is damaged"),
            _ => format!("events {first} to {} are damaged", block.last()),
        })
    }

    /// The same history in a new file that begins with `base`: events up to there are let go of. From then
    /// on the old one is not the session's, whatever follows; the folder is for the caller to sync.
    pub(super) fn rebase(&self, files: &Files, base: &Checkpoint) -> Result<Self, HistoryError> {
        let new_path = self.path.with_added_extension("new");
        let mut new = Self::create(files, &new_path, self.head.number, base)?;
        let mut after = new.trimmed();
        loop {
            let events = self.read(after, BLOCK_EVENTS * 16)?;
            let Some(last) = events.last() else { break };
            after = last.seq;
            new.append(files, &events)?;
        }
        new.sync(files)?;
        files.rename(&new_path, &self.path)?;
        new.path.clone_from(&self.path);
        Ok(new)
    }
}

/// Whether nothing of the block is damaged.
fn is_whole(file: &File, block: &Block, salt: u64) -> io::Result<bool> {
    let mut bytes = vec![0; block.head.size()];
    file.read_exact_at(&mut bytes, block.at)?;
    Ok(frame::payload(&bytes, &block.head, salt).is_some())
}

/// The whole frame's head at `at`, if there is one and the file has all of it.
fn head_at(file: &File, at: u64, size: u64, salt: u64) -> io::Result<Option<Head>> {
    let mut bytes = [0; FRAME_HEAD];
    if at + FRAME_HEAD as u64 > size {
        return Ok(None);
    }
    file.read_exact_at(&mut bytes, at)?;
    Ok(Head::decode(&bytes, salt).filter(|head| at + head.size() as u64 <= size))
}

/// A file with one later state of a session.
pub(super) fn write_snapshot(
    files: &Files,
    path: &Path,
    life: u64,
    checkpoint: &Checkpoint,
) -> io::Result<()> {
    let head = FileHead::draw(life);
    let mark = Mark { life, first: checkpoint.snapshot.session.seq, count: 0 };
    let mut bytes = head.encode();
    frame::encode(&mut bytes, head.salt, Kind::Snapshot, mark, &encode_checkpoint(checkpoint));
    files.replace(path, &bytes)
}

/// The state in a snapshot's file, if nothing of it is damaged.
pub(super) fn read_snapshot(path: &Path, life: u64) -> io::Result<Option<Checkpoint>> {
    let bytes = std::fs::read(path)?;
    Ok(FileHead::decode(&bytes).and_then(|file| {
        let rest = bytes.get(FILE_HEAD..)?;
        let head = Head::decode(rest, file.salt).filter(|head| head.kind == Kind::Snapshot)?;
        let whole = frame::payload(rest, &head, file.salt).filter(|_| head.mark.life == life)?;
        decode_checkpoint(whole)
    }))
}
