//! The journal: what all sessions have written since it was last moved to their own files, in segments.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::folder::OpenError;
use super::frame::{Damage, FILE_HEAD, FileHead, Found, Head, Scan};

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
    pub(super) fn create(files: &Files, folder: &Path, number: u64) -> io::Result<Self> {
        let path = folder.join(format!("{number:020}.journal"));
        let head = FileHead::draw(number);
        let file = files.create(&path)?;
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

    /// Takes back what follows the first `len` bytes.
    pub(super) fn cut(&mut self, files: &Files, len: u64) -> io::Result<()> {
        self.len = len;
        files.cut(&self.file, &self.path, len)
    }
}

/// The segments that are there, by number.
pub(super) fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".journal")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
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

/// Reads a segment piece by piece, and tells how many bytes at its end were never finished: of the newest
/// one only. When `may_have_lost`, damage at its end counts as unfinished, since the machine may have
/// written its pages in any order.
pub(super) fn replay(
    path: &Path,
    newest: bool,
    may_have_lost: bool,
    mut each: impl FnMut(Piece<'_>),
) -> Result<u64, OpenError> {
    let bytes = std::fs::read(path).map_err(OpenError::io(path))?;
    if newest && (bytes.len() < FILE_HEAD || may_have_lost && bytes.iter().all(|byte| *byte == 0)) {
        // It was being made; nothing was written to it.
        return Ok(bytes.len() as u64);
    }
    let Some(file) = FileHead::decode(&bytes) else {
        each(Piece::Head);
        return Ok(0);
    };
    for found in Scan::new(&bytes, file.salt, FILE_HEAD) {
        match found {
            Found::Frame(head, payload) => each(Piece::Frame(head, payload)),
            Found::Damage(damage) => {
                let at_end = damage.at + damage.len == bytes.len();
                if newest && (damage.unfinished || at_end && may_have_lost) {
                    return Ok(damage.len as u64);
                }
                each(Piece::Damage(damage));
            }
        }
    }
    Ok(0)
}

/// Cuts what was never finished off the end of a segment.
pub(super) fn cut_torn(files: &Files, path: &Path, torn: u64) -> io::Result<()> {
    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    let len = file.metadata()?.len().saturating_sub(torn);
    files.cut(&file, path, len)?;
    files.sync(&file, path)
}
