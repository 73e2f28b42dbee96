//! The data directory: its format, its lock, and whether the last run ended in order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Level;
use super::files::{Files, rewrite};

/// What a data directory of this version says of itself.
const FORMAT: &str = "vws-data 1";
pub(super) const FORMAT_FILE: &str = "FORMAT";
const LOCK_FILE: &str = "LOCK";
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
    #[error("{path} is not empty and has no file {FORMAT_FILE}: it is no data directory of vws", path = path.display())]
    NotOurs {
        /// The folder.
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
    /// Locked for as long as it is open.
    _lock: File,
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
        let format = root.join(FORMAT_FILE);
        match fs::read(&format).map(|found| String::from_utf8_lossy(&found).into_owned()) {
            Ok(found) if found.trim_end() == FORMAT => {}
            Ok(found) => {
                let found = found.lines().next().unwrap_or_default().chars().take(64).collect();
                return Err(OpenError::Format { path: root.to_owned(), found });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                files.replace(&format, format!("{FORMAT}\n").as_bytes()).map_err(OpenError::io(&format))?;
            }
            Err(error) => return Err(OpenError::io(&format)(error)),
        }
        for folder in [&sessions, &journal] {
            fs::create_dir_all(folder).map_err(OpenError::io(folder))?;
        }
        files.sync_folder(root).map_err(failed)?;
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    fn lock(root: &Path) -> Result<File, OpenError> {
        let path = root.join(LOCK_FILE);
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(OpenError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {
                rewrite(&file, &format!("{}\n", std::process::id())).map_err(OpenError::io(&path))?;
                Ok(file)
            }
            Err(fs::TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = pid.trim().to_owned();
                let pid = if pid.is_empty() { "(unknown)".to_owned() } else { pid };
                Err(OpenError::InUse { path: root.to_owned(), pid })
            }
            Err(fs::TryLockError::Error(error)) => Err(OpenError::io(&path)(error)),
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

    /// Keeps a damaged file from being removed with what has been moved, for those who look into it.
    pub(super) fn set_aside(&self, files: &Files, path: &Path) -> io::Result<()> {
        let folder = self.root.join(DAMAGED_FOLDER);
        fs::create_dir_all(&folder)?;
        match files.link(path, &folder.join(path.file_name().unwrap_or_default())) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
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

const UNKNOWN: &str = "unknown";

/// Tells this run of the machine from any other.
fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let id = id.trim();
    if id.is_empty() { UNKNOWN.to_owned() } else { id.to_owned() }
}
