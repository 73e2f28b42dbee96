//! Looks at every byte of the assets in a data directory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::disk::{each_file, root};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// What the assets of a data directory were found to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AssetReport {
    /// Files of assets.
    pub files: u64,
    /// Their bytes; what sessions share counts for each.
    pub bytes: u64,
    /// Files whose content is not what their name says.
    pub damaged: Vec<PathBuf>,
    /// Files that are no assets.
    #[serde(skip)]
    pub(crate) strays: Vec<PathBuf>,
}

/// Looks at all of them. Changes nothing.
///
/// # Errors
/// The system's.
pub(crate) fn examine(data: &Path) -> io::Result<AssetReport> {
    let mut report = AssetReport::default();
    let mut piece = vec![0; PIECE];
    each_file(&root(data), |path, named| {
        let Some((_, id, _)) = named else {
            report.strays.push(path.to_owned());
            return Ok(());
        };
        report.files += 1;
        let (mut file, mut hash) = (File::open(path)?, Sha256::new());
        loop {
            match file.read(&mut piece)? {
                0 => break,
                read => {
                    report.bytes += read as u64;
                    hash.update(&piece[..read]);
                }
            }
        }
        if !id.has_digest(&hash.finalize()) {
            report.damaged.push(path.to_owned());
        }
        Ok(())
    })?;
    Ok(report)
}
