//! Every change of a file goes through here, so that a test can have any of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A change of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOp {
    /// A file is made.
    Create,
    /// Bytes are added at its end.
    Write,
    /// What was written is made to survive the loss of power.
    Sync,
    /// It is cut.
    Cut,
    /// It gets another name.
    Rename,
    /// It is removed.
    Remove,
}

/// What a test puts between the log and the disk.
pub trait Faults: Send + Sync + 'static {
    /// Called before each change. An error is taken for the disk's own; of a write that fails, the first
    /// half has been written.
    ///
    /// # Errors
    /// Whatever the change shall fail with.
    fn before(&self, op: FileOp, path: &Path) -> io::Result<()>;
}

/// The disk.
#[derive(Clone, Default)]
pub(crate) struct Files {
    faults: Option<Arc<dyn Faults>>,
    /// Nothing is changed, and every change goes well.
    frozen: bool,
}

impl Files {
    pub(crate) fn with(faults: Option<Arc<dyn Faults>>) -> Self {
        Self { faults, frozen: false }
    }

    /// A disk that nothing changes.
    pub(super) const fn frozen() -> Self {
        Self { faults: None, frozen: true }
    }

    /// Whether nothing is changed, and so nothing need be opened to be changed.
    pub(super) const fn is_frozen(&self) -> bool {
        self.frozen
    }

    fn before(&self, op: FileOp, path: &Path) -> io::Result<()> {
        self.faults.as_ref().map_or(Ok(()), |faults| faults.before(op, path))
    }

    /// Makes a file, empty, in the place of whatever was there.
    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        self.before(FileOp::Create, path)?;
        if self.frozen {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        OpenOptions::new().create(true).truncate(true).read(true).append(false).write(true).open(path)
    }

    /// Makes a new file as large as it will be, where the file system can. It reads as zeros.
    pub(super) fn reserve(&self, file: &File, bytes: u64) {
        // One that cannot lets the file grow, and tells of a full disk when it comes to that.
        let _ = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes.max(1));
    }

    /// Makes a file of so many zeros that are really on the disk.
    pub(super) fn fill(&self, path: &Path, bytes: usize) -> io::Result<()> {
        let file = self.create(path)?;
        self.write(&file, path, 0, &vec![0; bytes])?;
        self.sync(&file, path)
    }

    /// Adds `bytes` at `at`, which is the end of the file. What was written of them when it fails is for
    /// the caller to cut.
    pub(crate) fn write(&self, file: &File, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        if let Err(fault) = self.before(FileOp::Write, path) {
            file.write_all_at(&bytes[..bytes.len() / 2], at)?;
            return Err(fault);
        }
        if self.frozen {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        file.write_all_at(bytes, at)
    }

    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.before(FileOp::Sync, path)?;
        file.sync_data()
    }

    pub(super) fn cut(&self, file: &File, path: &Path, len: u64) -> io::Result<()> {
        self.before(FileOp::Cut, path)?;
        if self.frozen { Ok(()) } else { file.set_len(len) }
    }

    /// Removes a file; one that is not there is removed already.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.before(FileOp::Remove, path)?;
        if self.frozen {
            return Ok(());
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Makes a folder, where it is not there.
    pub(super) fn create_folder(&self, path: &Path) -> io::Result<()> {
        if self.frozen { Ok(()) } else { fs::create_dir_all(path) }
    }

    /// Gives a file another name beside the one it has.
    pub(crate) fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(FileOp::Create, to)?;
        if self.frozen { Ok(()) } else { fs::hard_link(from, to) }
    }

    /// Gives a file another name beside the one it has; a copy of it, where the file system has no such names.
    pub(super) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.hard_link(from, to) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) =>
            {
                let mut copy = File::create_new(to)?;
                io::copy(&mut File::open(from)?, &mut copy).map(drop)
            }
            done => done,
        }
    }

    /// Makes names that were given or taken in a folder survive the loss of power.
    pub(crate) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.before(FileOp::Sync, folder)?;
        File::open(folder)?.sync_all()
    }

    /// Forces all that was written to the file system that `folder` is on to disk.
    pub(super) fn sync_all(&self, folder: &Path) -> io::Result<()> {
        self.before(FileOp::Sync, folder)?;
        Ok(rustix::fs::syncfs(File::open(folder)?)?)
    }

    /// Puts a whole file in the place of whatever was there: after a crash there is the old one or the
    /// new one, never a part.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = path.with_added_extension("new");
        let file = self.create(&new)?;
        self.write(&file, &new, 0, bytes)?;
        self.sync(&file, &new)?;
        self.rename(&new, path)?;
        self.sync_folder(path.parent().unwrap_or(Path::new(".")))
    }

    /// Gives the file `from` the name of another one, which is there no more then.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(FileOp::Rename, to)?;
        if self.frozen { Ok(()) } else { fs::rename(from, to) }
    }
}

/// Writes `text` to a file that is open, in the place of what it held.
pub(super) fn rewrite(mut file: &File, text: &str) -> io::Result<()> {
    use std::io::Seek;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}
