//! The folder of a data directory that assets are kept in.
//!
//! ```text
//! assets/<xx>/<session>/<sha256>.glb    an asset of a session; what a fork shares is one file of several names
//! assets/incoming/<number>              what is being written
//! ```
//!
//! It is beside what the log keeps and not known to it: a version of vws from before there were assets leaves it alone,
//! and assets of sessions that such a version has deleted go at the next start of one that knows them. A file is given
//! its name when all of it is on the disk, so that whatever happens none is there in part.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;
use tracing::warn;
use vws_core::SessionId;

use super::{Asset, AssetId, Kind};
use crate::log::disk::{Files, Level};

const FOLDER: &str = "assets";
pub(super) const INCOMING: &str = "incoming";

/// Pieces of files that are read at once, over all who read.
const READERS: usize = 16;

pub(super) struct Disk {
    files: Files,
    level: Level,
    root: PathBuf,
    number: AtomicU64,
    readers: Arc<Semaphore>,
}

/// A file that was found.
pub(super) struct Found {
    pub(super) session: SessionId,
    pub(super) asset: Asset,
    /// Tells a file that has several names, each of which is found.
    pub(super) shared: Option<(u64, u64)>,
}

/// A file that has no name yet. Dropping it removes it.
pub(super) struct Staged {
    path: PathBuf,
    files: Files,
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Err(error) = self.files.remove(&self.path) {
            // The next start removes it.
            warn!(path = %self.path.display(), %error, "what is left of an asset cannot be removed");
        }
    }
}

impl Disk {
    /// The folder in the data directory `data`, with what is in it. What was never finished is removed.
    pub(super) fn open(data: &Path, level: Level, files: Files) -> io::Result<(Self, Vec<Found>)> {
        let root = data.join(FOLDER);
        for left in entries(&root.join(INCOMING))? {
            files.remove(&left)?;
        }
        let mut found = Vec::new();
        each_file(&root, |path, whose| {
            if let Some((session, id, kind)) = whose {
                use std::os::unix::fs::MetadataExt;
                let metadata = fs::metadata(path)?;
                let asset = Asset { id, kind, bytes: metadata.len() };
                let shared = (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()));
                found.push(Found { session, asset, shared });
            }
            Ok(())
        })?;
        let readers = Arc::new(Semaphore::new(READERS));
        Ok((Self { files, level, root, number: AtomicU64::new(0), readers }, found))
    }

    /// Writes a file that has no name yet, and forces it to disk: what is read under the name of its content must
    /// have that content after a loss of power too, at every level.
    pub(super) fn stage(&self, bytes: &[u8]) -> io::Result<Staged> {
        let folder = self.root.join(INCOMING);
        fs::create_dir_all(&folder)?;
        let path = folder.join(self.number.fetch_add(1, Ordering::Relaxed).to_string());
        let staged = Staged { files: self.files.clone(), path };
        let file = self.files.create(&staged.path)?;
        self.files.write(&file, &staged.path, 0, bytes)?;
        self.files.sync(&file, &staged.path)?;
        Ok(staged)
    }

    /// Gives a file its name, for good at the level `sync`.
    pub(super) fn place(
        &self,
        staged: &Staged,
        session: SessionId,
        id: AssetId,
        kind: Kind,
    ) -> io::Result<()> {
        let (folder, path) = (self.folder(session), self.path(session, id, kind));
        let is_first = !folder.exists();
        fs::create_dir_all(&folder)?;
        self.files.rename(&staged.path, &path)?;
        self.secure(session, is_first).inspect_err(|_| {
            if let Err(error) = self.files.remove(&path) {
                warn!(path = %path.display(), %error, "an asset that was refused cannot be removed");
            }
        })
    }

    /// Gives an asset of one session to another one, which has it whatever becomes of the first. Answers whether both
    /// have one file.
    pub(super) fn share(&self, from: SessionId, to: SessionId, id: AssetId, kind: Kind) -> io::Result<bool> {
        let (old, new) = (self.path(from, id, kind), self.path(to, id, kind));
        fs::create_dir_all(new.parent().unwrap_or(&self.root))?;
        match self.files.hard_link(&old, &new) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            // A file system without further names for a file, or one that has as many as it can.
            Err(_) => {
                let staged = self.stage(&fs::read(&old)?)?;
                self.files.rename(&staged.path, &new)?;
                Ok(false)
            }
        }
    }

    /// Has the names in a session's folder survive the loss of power, where the level promises that; with that of the
    /// folder where it is new.
    pub(super) fn secure(&self, session: SessionId, is_new: bool) -> io::Result<()> {
        if self.level == Level::Sync {
            let folder = self.folder(session);
            self.files.sync_folder(&folder)?;
            let above = [folder.parent(), Some(&self.root), self.root.parent()];
            for folder in above.into_iter().flatten().filter(|_| is_new) {
                self.files.sync_folder(folder)?;
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, session: SessionId, id: AssetId, kind: Kind) -> io::Result<()> {
        self.files.remove(&self.path(session, id, kind))
    }

    /// Removes a session's folder, once nothing is in it.
    pub(super) fn remove_folder(&self, session: SessionId) {
        // Where something is left in it that is not ours it stays.
        let _ = fs::remove_dir(self.folder(session));
    }

    /// A file to read from, and those who take turns at it.
    pub(super) fn read(&self, session: SessionId, asset: Asset) -> io::Result<(File, Arc<Semaphore>)> {
        let file = File::open(self.path(session, asset.id, asset.kind))?;
        let found = file.metadata()?.len();
        if found != asset.bytes {
            return Err(io::Error::other(format!("the file has {found} bytes and not {}", asset.bytes)));
        }
        Ok((file, Arc::clone(&self.readers)))
    }

    fn folder(&self, session: SessionId) -> PathBuf {
        folder_of(&self.root, session)
    }

    fn path(&self, session: SessionId, id: AssetId, kind: Kind) -> PathBuf {
        self.folder(session).join(format!("{id}.{}", kind.extension()))
    }
}

pub(super) fn folder_of(root: &Path, session: SessionId) -> PathBuf {
    let name = session.to_string();
    root.join(&name[name.len() - 2..]).join(name)
}

/// Where the assets of a data directory are.
pub(super) fn root(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// The assets' files of one session.
pub(crate) fn of_session(data: &Path, session: SessionId) -> io::Result<Vec<PathBuf>> {
    entries(&folder_of(&root(data), session))
}

/// Gives `see` every file of an assets' folder, with what it is by its name. What is being written is passed over.
pub(super) fn each_file(
    root: &Path,
    mut see: impl FnMut(&Path, Option<(SessionId, AssetId, Kind)>) -> io::Result<()>,
) -> io::Result<()> {
    for shard in entries(root)? {
        if shard.ends_with(INCOMING) {
            continue;
        }
        for folder in entries(&shard)? {
            let session = name_of(&folder).and_then(|name| name.parse::<SessionId>().ok());
            for path in entries(&folder)? {
                let named = name_of(&path).and_then(parse_name);
                see(&path, session.zip(named).map(|(session, (id, kind))| (session, id, kind)))?;
            }
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

fn parse_name(name: &str) -> Option<(AssetId, Kind)> {
    let (id, extension) = name.split_once('.')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
    Some((id.parse().ok()?, kind))
}

/// What is in a folder, in the order of the names; nothing where it is none.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    found.sort();
    Ok(found)
}
