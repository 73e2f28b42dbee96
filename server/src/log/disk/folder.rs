//! The data directory: its format, its lock, and whether the last run ended in order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Level;
use super::files::{Files, rewrite};

/// What a data directory of this version says of itself.
const FORMAT: &str = "vws-data 1";
pub(crate) const FORMAT_FILE: &str = "FORMAT";
pub(crate) const LOCK_FILE: &str = "LOCK";
const RUN_FILE: &str = "RUN";
const RESERVE_FILE: &str = "RESERVE";
const DAMAGED_FOLDER: &str = "damaged";

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{path} is in use by process {pid}; end that one or give another --data", path = path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// The other process, as it wrote it down.
        pid: String,
    },
    /// It is of a version that this one cannot read.
    #[error("{path} has the format {found:?}; this version of vws reads {FORMAT:?}", path = path.display())]
    Format {
        /// The data directory.
        path: PathBuf,
        /// What it says of itself.
        found: String,
    },
    /// It is no data directory.
    #[error("{path} has files and no {FORMAT_FILE} among them: it is no data directory of vws", path = path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// There is none.
    #[error("{path} has no file {FORMAT_FILE}: it is no data directory of vws", path = path.display())]
    None {
        /// The folder.
        path: PathBuf,
    },
    /// It is a file.
    #[error("{path} is not a directory", path = path.display())]
    NotADirectory {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("cannot use {path}: {error}", path = path.display())]
    Io {
        /// What was to be used.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |error| Self::Io { path: path.to_owned(), error }
    }
}

/// A data directory that this process alone has.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Locked for as long as it is open. None where whoever looks may not write there, and no server ever has.
    _lock: Option<File>,
}

/// How the run before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastRun {
    /// In order, or there was none.
    Clean,
    /// The process ended at once, and what it wrote has reached the disk or will.
    Crashed,
    /// The machine went down. What was acknowledged was on disk.
    Down,
    /// The machine may have lost what the log had not yet forced to disk, and that was acknowledged.
    MayHaveLost,
}

impl LastRun {
    /// Whether the machine may have gone down.
    pub(super) const fn is_down(self) -> bool {
        matches!(self, Self::Down | Self::MayHaveLost)
    }
}

impl Folder {
    /// Takes the folder, and makes it where there is none.
    pub(super) fn open(root: &Path, files: &Files) -> Result<Self, OpenError> {
        let failed = OpenError::io(root);
        let sessions = root.join("sessions");
        let journal = root.join("journal");
        check_is_folder(root)?;
        if !root.join(FORMAT_FILE).exists() {
            fs::create_dir_all(root).map_err(OpenError::io(root))?;
            // A first start that was cut short has left the lock and folders only.
            let foreign = fs::read_dir(root).map_err(OpenError::io(root))?.flatten().any(|entry| {
                let name = entry.file_name();
                ![LOCK_FILE, "sessions", "journal", "FORMAT.new"].iter().any(|ours| name == *ours)
            });
            if foreign {
                return Err(OpenError::NotOurs { path: root.to_owned() });
            }
        }
        let lock = Self::lock(root)?;
        if !Self::has_format(root)? {
            let format = root.join(FORMAT_FILE);
            files.replace(&format, format!("{FORMAT}\n").as_bytes()).map_err(OpenError::io(&format))?;
        }
        for folder in [&sessions, &journal] {
            fs::create_dir_all(folder).map_err(OpenError::io(folder))?;
        }
        files.sync_folder(root).map_err(failed)?;
        Ok(Self { root: root.to_owned(), _lock: Some(lock) })
    }

    /// Takes a folder that is there to look at it alone: nothing in it is changed, and it may be one that
    /// nobody may write to.
    pub(super) fn look(root: &Path) -> Result<Self, OpenError> {
        check_is_folder(root)?;
        if !root.try_exists().map_err(OpenError::io(root))? {
            return Err(OpenError::io(root)(io::ErrorKind::NotFound.into()));
        }
        if !Self::has_format(root)? {
            return Err(OpenError::None { path: root.to_owned() });
        }
        let path = root.join(LOCK_FILE);
        let lock = match File::open(&path) {
            Ok(lock) => Some(Self::take(root, lock)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(OpenError::io(&path)(error)),
        };
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// Whether it says that it is a data directory, which then must be of this version.
    fn has_format(root: &Path) -> Result<bool, OpenError> {
        let format = root.join(FORMAT_FILE);
        match fs::read(&format).map(|found| String::from_utf8_lossy(&found).into_owned()) {
            Ok(found) if found.trim_end() == FORMAT => Ok(true),
            Ok(found) => {
                let found = found.lines().next().unwrap_or_default().chars().take(64).collect();
                Err(OpenError::Format { path: root.to_owned(), found })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(OpenError::io(&format)(error)),
        }
    }

    fn lock(root: &Path) -> Result<File, OpenError> {
        let path = root.join(LOCK_FILE);
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let file = Self::take(root, open.map_err(OpenError::io(&path))?)?;
        rewrite(&file, &format!("{}\n", std::process::id())).map_err(OpenError::io(&path))?;
        Ok(file)
    }

    /// Locks the file, or tells who has it.
    fn take(root: &Path, mut file: File) -> Result<File, OpenError> {
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = pid.trim().to_owned();
                let pid = if pid.is_empty() { "(unknown)".to_owned() } else { pid };
                Err(OpenError::InUse { path: root.to_owned(), pid })
            }
            Err(fs::TryLockError::Error(error)) => Err(OpenError::io(&root.join(LOCK_FILE))(error)),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn catalogue(&self) -> PathBuf {
        self.root.join("catalogue")
    }

    /// Room that is given up when there is no other.
    pub(super) fn reserve(&self) -> PathBuf {
        self.root.join(RESERVE_FILE)
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    pub(super) fn sessions(&self) -> PathBuf {
        self.root.join("sessions")
    }

    /// Keeps a damaged file from being removed with what has been moved, for those who look into it: in the
    /// folder `damaged`, under its name, with a number where something else has that.
    pub(super) fn set_aside(&self, files: &Files, path: &Path) -> io::Result<()> {
        self.keep_as(files, path, |name| match files.link(path, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => is_same(path, name),
            done => done.map(|()| true),
        })
    }

    /// Moves a file or a folder that nobody knows to the folder `damaged`.
    pub(super) fn move_aside(&self, files: &Files, path: &Path) -> io::Result<()> {
        self.keep_as(files, path, |name| match name.symlink_metadata() {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => files.rename(path, name).map(|()| true),
            Err(error) => Err(error),
        })
    }

    /// Offers `keep` names until it takes one.
    fn keep_as(
        &self,
        files: &Files,
        path: &Path,
        mut keep: impl FnMut(&Path) -> io::Result<bool>,
    ) -> io::Result<()> {
        let folder = self.root.join(DAMAGED_FOLDER);
        files.create_folder(&folder)?;
        let name = folder.join(path.file_name().unwrap_or_default());
        let mut next = name.clone();
        let mut number = 1_u64;
        while !keep(&next)? {
            number += 1;
            next = name.with_added_extension(number.to_string());
        }
        Ok(())
    }

    /// How the run before ended.
    pub(super) fn last_run(&self) -> Result<LastRun, OpenError> {
        let path = self.root.join(RUN_FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LastRun::Clean),
            read => read.map_err(OpenError::io(&path))?,
        };
        let text = String::from_utf8_lossy(&text);
        let mut words = text.split_whitespace();
        Ok(match (words.next(), words.next(), words.next()) {
            (Some("clean"), ..) => LastRun::Clean,
            (_, _, Some(boot)) if boot == boot_id() && boot != UNKNOWN => LastRun::Crashed,
            (_, Some("sync"), _) => LastRun::Down,
            _ => LastRun::MayHaveLost,
        })
    }

    /// From now on this run counts as one that has not ended in order.
    pub(super) fn begin_run(&self, files: &Files, level: Level) -> Result<(), OpenError> {
        let path = self.root.join(RUN_FILE);
        self.note_run(files, "running", level).map_err(OpenError::io(&path))
    }

    /// This run ends in order: all is on disk.
    pub(super) fn end_run(&self, files: &Files, level: Level) -> io::Result<()> {
        self.note_run(files, "clean", level)
    }

    fn note_run(&self, files: &Files, state: &str, level: Level) -> io::Result<()> {
        let text = format!("{state} {} {}\n", level.name(), boot_id());
        files.replace(&self.root.join(RUN_FILE), text.as_bytes())
    }
}

fn check_is_folder(root: &Path) -> Result<(), OpenError> {
    match fs::metadata(root) {
        Ok(found) if !found.is_dir() => Err(OpenError::NotADirectory { path: root.to_owned() }),
        _ => Ok(()),
    }
}

/// Whether both are names of one file.
fn is_same(path: &Path, other: &Path) -> io::Result<bool> {
    let (path, other) = (path.symlink_metadata()?, other.symlink_metadata()?);
    Ok((path.dev(), path.ino()) == (other.dev(), other.ino()))
}

const UNKNOWN: &str = "unknown";

/// Tells this run of the machine from any other.
fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let id = id.trim();
    if id.is_empty() { UNKNOWN.to_owned() } else { id.to_owned() }
}
