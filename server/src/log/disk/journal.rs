//! The journal: what all sessions have written since it was last moved to their own files, in segments.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::folder::{LastRun, OpenError};
use super::frame::{self, Damage, FILE_HEAD, FileHead, Found, Head, Kind, MOST, Scan};

/// A segment that is written to.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) salt: u64,
    pub(super) file: Arc<File>,
    pub(super) path: PathBuf,
    /// Bytes that are whole frames.
    pub(super) len: u64,
}

impl Segment {
    /// A new one with room for about `room` bytes: to flush what is written into room that is there takes the
    /// disk less than to flush a file that grows.
    pub(super) fn create(files: &Files, folder: &Path, number: u64, room: u64) -> io::Result<Self> {
        let path = folder.join(format!("{number:020}.journal"));
        let head = FileHead::draw(number);
        let file = files.create(&path)?;
        files.reserve(&file, room);
        files.write(&file, &path, 0, &head.encode())?;
        files.sync(&file, &path)?;
        files.sync_folder(folder)?;
        Ok(Self { salt: head.salt, file: Arc::new(file), path, len: FILE_HEAD as u64 })
    }

    /// Adds whole frames.
    pub(super) fn write(&mut self, files: &Files, bytes: &[u8]) -> io::Result<()> {
        files.write(&self.file, &self.path, self.len, bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn sync(&self, files: &Files) -> io::Result<()> {
        files.sync(&self.file, &self.path)
    }

    /// Takes back what follows the first `len` bytes, and the room after them.
    pub(super) fn cut(&mut self, files: &Files, len: u64) -> io::Result<()> {
        self.len = len;
        files.cut(&self.file, &self.path, len)
    }

    /// It gets no more: the room that is left is given back.
    pub(super) fn seal(&mut self, files: &Files) -> io::Result<()> {
        self.cut(files, self.len)
    }
}

/// The segments that are there, by number.
pub(super) fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        // Whoever only looks makes none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".journal")?.parse().ok());
        // The next one has the next number.
        found.extend(number.filter(|number| *number <= MOST).map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found)
}

/// What a segment is read as.
pub(super) enum Piece<'a> {
    /// A whole frame.
    Frame(Head, &'a [u8]),
    /// Bytes that were damaged after they had been written.
    Damage(Damage),
    /// The segment's own head cannot be read, and so nothing of it.
    Head,
}

/// The end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Where what was written whole ends. Room that was set aside may follow.
    pub(super) at: u64,
    /// Bytes that follow and were never finished.
    pub(super) torn: u64,
}

/// Reads a segment piece by piece. Of the `newest` one the end may be unfinished; which of its writes that can
/// be said of depends on how the last run ended.
pub(super) fn replay(
    path: &Path,
    newest: bool,
    last_run: LastRun,
    mut each: impl FnMut(Piece<'_>),
) -> Result<End, OpenError> {
    let bytes = std::fs::read(path).map_err(OpenError::io(path))?;
    let nothing = bytes.len() < FILE_HEAD || last_run.is_down() && frame::written(&bytes) == 0;
    if newest && nothing {
        // It was being made; nothing was written to it.
        return Ok(End { at: 0, torn: bytes.len() as u64 });
    }
    let Some(file) = FileHead::decode(&bytes) else {
        each(Piece::Head);
        return Ok(End { at: bytes.len() as u64, torn: 0 });
    };
    let found: Vec<(usize, Found<'_>)> = {
        let mut scan = Scan::new(&bytes, file.salt, FILE_HEAD);
        std::iter::from_fn(|| Some((scan.at(), scan.next()?))).collect()
    };
    let written = frame::written(&bytes);
    let cut = if newest { unfinished_from(&found, last_run) } else { None };
    let whole = found.last().map_or(FILE_HEAD, |(at, found)| at + found.len());
    let end = match cut {
        Some(at) => End { at: at as u64, torn: written.saturating_sub(at) as u64 },
        None => End { at: whole as u64, torn: 0 },
    };
    for (at, found) in found {
        match found {
            _ if at as u64 >= end.at => break,
            Found::Frame(head, payload) => each(Piece::Frame(head, payload)),
            Found::Damage(damage) => each(Piece::Damage(damage)),
        }
    }
    Ok(end)
}

/// Where the writes begin that were never finished.
///
/// A process that is killed leaves the beginning of its last write. A machine that goes down leaves any of the
/// pages that were not forced to disk: at `sync` those of the last write, of which nothing was acknowledged,
/// otherwise any since the last flush.
fn unfinished_from(found: &[(usize, Found<'_>)], last_run: LastRun) -> Option<usize> {
    let mut group = None;
    for (at, piece) in found {
        match piece {
            Found::Frame(head, _) if head.kind == Kind::Group => {
                group = Some((*at, at + head.size() + head.mark.first as usize))
            }
            Found::Frame(..) => {}
            Found::Damage(damage) if damage.unfinished => return Some(*at),
            Found::Damage(_) if last_run == LastRun::MayHaveLost => return Some(*at),
            Found::Damage(_) if last_run == LastRun::Down => {
                let later = |(other, piece): &(usize, Found<'_>)| {
                    other > at && matches!(piece, Found::Frame(head, _) if head.kind == Kind::Group)
                };
                if !found.iter().any(later) {
                    return Some(group.filter(|(_, end)| at < end).map_or(*at, |(start, _)| start));
                }
            }
            Found::Damage(_) => {}
        }
    }
    None
}

/// Cuts what follows `at` off a segment.
pub(super) fn cut(files: &Files, path: &Path, at: u64) -> io::Result<()> {
    if files.is_frozen() {
        return Ok(());
    }
    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    files.cut(&file, path, at)?;
    files.sync(&file, path)
}
