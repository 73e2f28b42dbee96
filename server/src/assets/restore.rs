//! The assets of a data directory that is being made.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use vws_core::SessionId;

use super::disk::{INCOMING, folder_of, root};
use super::{AssetId, Kind};

/// The assets of a data directory that is being made, and that nobody uses yet.
pub(crate) struct Models {
    root: PathBuf,
    incoming: PathBuf,
}

impl Models {
    pub(crate) fn new(data: &Path) -> Self {
        let root = root(data);
        Self { incoming: root.join(INCOMING), root }
    }

    /// Writes a model that sessions can be given from then on.
    pub(crate) fn write(&self, id: AssetId, kind: Kind, content: &mut dyn Read) -> io::Result<()> {
        fs::create_dir_all(&self.incoming)?;
        let mut file = File::create(self.incoming.join(format!("{id}.{}", kind.extension())))?;
        io::copy(content, &mut file).map(|_| ())
    }

    /// Gives a session a model: one file has a name for each that has it, where the file system knows that.
    pub(crate) fn give(&self, session: SessionId, id: &str, extension: &str) -> io::Result<()> {
        let name = format!("{id}.{extension}");
        let (from, folder) = (self.incoming.join(&name), folder_of(&self.root, session));
        fs::create_dir_all(&folder)?;
        let to = folder.join(&name);
        match fs::hard_link(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            Err(_) => fs::copy(&from, &to).map(|_| ()),
            Ok(()) => Ok(()),
        }
    }

    /// Removes what no session was given.
    pub(crate) fn finish(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.incoming) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}
