//! The catalogue: which sessions have files of their own, and what lists tell of them.

use std::io;
use std::path::Path;

use super::files::Files;
use super::frame::{self, FILE_HEAD, FileHead, Found, Kind, Mark, Scan};
use super::record::{Common, Entry, encode};

/// What a catalogue says.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    pub(super) common: Common,
    pub(super) entries: Vec<Entry>,
    /// It does not say all that was written into it.
    pub(super) damaged: bool,
    /// There is none.
    pub(super) missing: bool,
}

/// Reads the catalogue; there is none before the first session has a file.
pub(super) fn read(path: &Path) -> io::Result<Catalogue> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Catalogue { missing: true, ..Catalogue::default() });
        }
        read => read?,
    };
    let mut catalogue = Catalogue { damaged: true, ..Catalogue::default() };
    let Some(head) = FileHead::decode(&bytes) else { return Ok(catalogue) };
    let mut common = None;
    for found in Scan::new(&bytes, head.salt, FILE_HEAD) {
        if let Found::Frame(head, payload) = found {
            match head.kind {
                Kind::Catalogue => common = Common::decode(payload),
                Kind::Entry => catalogue.entries.extend(Entry::decode(payload)),
                Kind::Base
                | Kind::Events
                | Kind::Snapshot
                | Kind::Delete
                | Kind::Begin
                | Kind::Group
                | Kind::Finish => {}
            }
        }
    }
    let listed = catalogue.entries.len() as u64;
    catalogue.damaged = common.is_none_or(|common| common.sessions != listed) || !FileHead::is_sound(&bytes);
    // Without its own word the lives that were given out may be higher than any that is listed: the files
    // of the sessions tell.
    catalogue.common = common.unwrap_or(Common { next_life: 0, sessions: listed });
    Ok(catalogue)
}

/// Puts a new catalogue in the place of the old one.
pub(super) fn write(files: &Files, path: &Path, common: Common, entries: &[Entry]) -> io::Result<()> {
    let head = FileHead::draw(common.next_life);
    let mut bytes = head.encode();
    let common = Common { sessions: entries.len() as u64, ..common };
    let mark = Mark { life: 0, first: 0, count: 0 };
    frame::encode(&mut bytes, head.salt, Kind::Catalogue, mark, &encode(&common));
    for entry in entries {
        let mark = Mark { life: entry.life, first: entry.settled, count: 0 };
        frame::encode(&mut bytes, head.salt, Kind::Entry, mark, &encode(entry));
    }
    files.replace(path, &bytes)
}
