//! Makes a data directory of a backup.
//!
//! All of it is made in a folder inside the data directory and moved up when it is whole, the file that says what a data
//! directory is last: one that is there in part is served by nobody. (Not beside the directory, which may be where a
//! disk is mounted.)

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;
use vws_core::{Epoch, EventRecord, Seq, SessionId};

use super::error::{KeepError, ReadError};
use super::keep::Keep;
use super::{Manifest, Sheet, read};
use crate::assets::restore::Models;
use crate::assets::{AssetId, Kind};
use crate::auth::{Audit, Entry, Revocation, Revoked};
use crate::log::disk::{DATA_FORMAT_FILE, DATA_LOCK_FILE, DiskLog, Level, OpenError, Options};
use crate::log::{Appending, Checkpoint, EventLog};

/// Where it is made, inside the data directory.
const UNFINISHED: &str = "restoring";

/// Which epochs the sessions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epochs {
    /// New ones. What clients have seen counts no more: it may be what happened after the backup was taken, and is not
    /// there any more. They get the state anew.
    New,
    /// Those of the backup. Right where nothing has changed since it was taken: clients go on where they were.
    Kept,
}

/// A data directory was not made.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The backup.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is something already.
    #[error("{path} is not empty: it has {found}; a backup is restored into an empty folder", path = path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// Something in it.
        found: String,
    },
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The disk.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Makes the folder `data`, which is empty or not there, the data directory that the backup at `file` was taken of.
/// Blocks, for the log by way of `runtime`.
///
/// # Errors
/// [`RestoreError`]; the folder is as it was then.
pub fn restore(
    file: &Path,
    data: &Path,
    epochs: Epochs,
    runtime: &Handle,
    progress: impl Fn(u64),
) -> Result<Manifest, RestoreError> {
    let failed = |error| KeepError::Io { path: data.to_owned(), error };
    let was_there = data.exists();
    fs::create_dir_all(data).map_err(failed)?;
    let unfinished = data.join(UNFINISHED);
    if let Some(found) = first_in(data).map_err(failed)? {
        return Err(RestoreError::NotEmpty { path: data.to_owned(), found });
    }
    let done = fill(file, &unfinished, epochs, runtime, progress)
        .and_then(|manifest| move_up(&unfinished, data).map(|()| manifest).map_err(|e| failed(e).into()));
    if done.is_err() {
        // What cannot be removed is in the way of nobody but the next restore, which says so.
        let _ = fs::remove_dir_all(&unfinished);
        if !was_there {
            let _ = fs::remove_dir(data);
        }
    }
    done
}

/// The name of something in a folder; what is left of a restore that was cut short is removed.
fn first_in(data: &Path) -> io::Result<Option<String>> {
    let names = || fs::read_dir(data)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>();
    let found = names()?;
    match found.as_slice() {
        [] => Ok(None),
        [one] if one == UNFINISHED => fs::remove_dir_all(data.join(UNFINISHED)).map(|()| None),
        [first, ..] => Ok(Some(first.to_string_lossy().into_owned())),
    }
}

fn fill(
    file: &Path,
    folder: &Path,
    epochs: Epochs,
    runtime: &Handle,
    progress: impl Fn(u64),
) -> Result<Manifest, RestoreError> {
    let failed = |error| KeepError::Io { path: folder.to_owned(), error };
    let log = {
        let _inside = runtime.enter();
        DiskLog::open(folder, Options::new(Level::Buffered))?
    };
    let models = Models::new(folder);
    let mut restoring = Restoring { folder, log, models, runtime, epochs, now: crate::store::now() };
    let manifest = read(file, &mut restoring, progress)?;
    let Restoring { log, models, .. } = restoring;
    models.finish().map_err(failed)?;
    runtime.block_on(log.close()).map_err(KeepError::from)?;
    drop(log);
    // One call for all that was written.
    let root = File::open(folder).map_err(failed)?;
    rustix::fs::syncfs(&root).map_err(|error| failed(error.into()))?;
    Ok(manifest)
}

/// Moves what was made to where it belongs.
fn move_up(unfinished: &Path, data: &Path) -> io::Result<()> {
    let names =
        fs::read_dir(unfinished)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    let (last, first): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name == DATA_FORMAT_FILE);
    for name in first.iter().filter(|name| *name != DATA_LOCK_FILE).chain(&last) {
        fs::rename(unfinished.join(name), data.join(name))?;
    }
    fs::remove_dir_all(unfinished)?;
    File::open(data)?.sync_all()
}

struct Restoring<'a> {
    folder: &'a Path,
    log: DiskLog,
    models: Models,
    runtime: &'a Handle,
    epochs: Epochs,
    now: Epoch,
}

impl Restoring<'_> {
    /// A state as it is to be kept.
    fn anew(&self, checkpoint: &Checkpoint) -> Checkpoint {
        let mut anew = checkpoint.clone();
        if self.epochs == Epochs::New {
            let epoch = &mut anew.snapshot.session.epoch;
            *epoch = self.now.max(*epoch + 1);
        }
        anew
    }

    fn io(&self) -> impl FnOnce(io::Error) -> KeepError {
        let path = self.folder.to_owned();
        |error| KeepError::Io { path, error }
    }
}

impl Keep for Restoring<'_> {
    fn begin(&mut self, base: &Checkpoint, newest: Option<&Checkpoint>) -> Result<(), KeepError> {
        self.runtime.block_on(async {
            self.log.begin_with(self.anew(base)).await?;
            if let Some(newest) = newest {
                self.log.save(self.anew(newest)).await?;
            }
            Ok(())
        })
    }

    fn events(
        &mut self,
        session: SessionId,
        after: Seq,
        events: &[Arc<EventRecord>],
    ) -> Result<(), KeepError> {
        match self.log.append(session, after, events) {
            Appending::Done(done) => Ok(done?),
            Appending::Later(done) => Ok(self.runtime.block_on(done)?),
        }
    }

    fn end(&mut self, sheet: &Sheet) -> Result<(), KeepError> {
        let session = sheet.session.session_id;
        for model in &sheet.assets {
            let given = self.models.give(session, &model.id, &model.extension);
            given.map_err(self.io())?;
        }
        Ok(self.runtime.block_on(self.log.finish(session))?)
    }

    fn leave_out(&mut self, session: SessionId) -> Result<(), KeepError> {
        Ok(self.runtime.block_on(self.log.delete(session))?)
    }

    fn model(&mut self, id: AssetId, kind: Kind, content: &mut dyn Read) -> Result<(), KeepError> {
        self.models.write(id, kind, content).map_err(self.io())
    }

    fn access(&mut self, revoked: &[Revocation], audit: &[Entry]) -> Result<(), KeepError> {
        Revoked::restore(self.folder, revoked)
            .and_then(|()| Audit::restore(self.folder, audit))
            .map_err(self.io())
    }
}
