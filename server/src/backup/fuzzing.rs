//! Backups of any entries, whatever they say, for tests and fuzz targets: what is private to those who write and read
//! them, by plain values.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use vws_core::{EventRecord, Seq, Session, SessionId};

use super::frames::Frames;
use super::write::Writer;
use super::{FORMAT, HEAD, Head, Keep, Manifest, Model, ReadError, Sheet, VERSION, hex, of_session};
use crate::assets::Kind;
use crate::log::Checkpoint;
use crate::log::disk::{decode_events, encode_checkpoint, encode_events};

/// An entry of a backup: its path and its content.
pub type Entry = (String, Vec<u8>);

/// When all of these are taken.
const AT: u64 = 1_700_000_000_000;

/// What a backup begins with.
#[must_use]
pub fn head() -> Entry {
    let head =
        Head { format: FORMAT.to_owned(), version: VERSION, written_by: "vws".to_owned(), taken_at: AT };
    (HEAD.to_owned(), json(&head))
}

/// The state that a history begins with.
#[must_use]
pub fn base(session: &Session) -> Entry {
    (of_session(session.id(), "base.msgpack"), state(session))
}

/// A later state of the same session.
#[must_use]
pub fn checkpoint(session: &Session) -> Entry {
    (of_session(session.id(), "checkpoint.msgpack"), state(session))
}

fn state(session: &Session) -> Vec<u8> {
    encode_checkpoint(&Checkpoint { snapshot: session.snapshot(), memory: Arc::from([]) })
}

/// Events of a session.
#[must_use]
pub fn events(id: SessionId, events: &[Arc<EventRecord>]) -> Entry {
    let from = events.first().map_or(0, |event| event.seq);
    (of_session(id, &format!("events-{from}.msgpack")), encode_events(events))
}

/// The end of a session whose history begins after `from`.
#[must_use]
pub fn sheet(session: &Session, from: Seq, assets: Vec<Model>) -> Entry {
    let sheet = Sheet { session: session.info(), from, digest: session.digest(), assets };
    (of_session(session.id(), "session.json"), json(&sheet))
}

/// The other end of a session.
#[must_use]
pub fn left_out(id: SessionId) -> Entry {
    (of_session(id, "left-out.json"), b"{}".to_vec())
}

/// A model, and what a session's end says of it.
#[must_use]
pub fn model(content: &[u8]) -> (Entry, Model) {
    let model = Model { id: sum(content), extension: Kind::of(content).extension().to_owned() };
    ((format!("assets/{}.{}", model.id, model.extension), content.to_vec()), model)
}

fn sum(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("has a form in JSON")
}

/// The file of these entries, those left out whose paths no archive takes. Its manifest counts them as its reader does,
/// with a sum that fits; `counted` may change it, or have none written.
///
/// # Panics
/// Never: memory takes what is written.
#[must_use]
pub fn archive(entries: &[Entry], counted: impl FnOnce(Manifest) -> Option<Manifest>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(Frames::new(&mut file).expect("memory takes it"), AT);
    let mut open = 0;
    let mut models = HashSet::new();
    for (path, content) in entries {
        if writer.entry(path, content).is_err() {
            continue;
        }
        let manifest = &mut writer.manifest;
        match path.rsplit('/').next().unwrap_or_default() {
            "session.json" => {
                manifest.sessions += 1;
                manifest.events += std::mem::take(&mut open);
            }
            "left-out.json" => open = 0,
            name if name.starts_with("events-") => {
                open += decode_events(content).map_or(0, |events| events.len() as u64);
            }
            name if path.starts_with("assets/") && name.starts_with(&sum(content)) => {
                manifest.models += u64::from(models.insert(name));
            }
            _ => {}
        }
    }
    let ended = match counted(writer.manifest.clone()) {
        Some(manifest) => {
            writer.manifest = manifest;
            writer.end().map(|_| ())
        }
        None => writer.abandon(),
    };
    ended.expect("memory takes it");
    file
}

/// Reads a backup that comes from anywhere.
///
/// # Errors
/// [`ReadError`].
pub fn read(source: impl Read, keep: &mut dyn Keep, progress: impl Fn(u64)) -> Result<Manifest, ReadError> {
    super::read::read_from(Path::new("backup"), source, keep, progress)
}

/// What is inside the frames of a file, as far as it can be told.
pub fn content(file: &[u8], most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    zstd::stream::read::Decoder::with_buffer(file)?.take(most).read_to_end(&mut content)?;
    Ok(content)
}

/// A frame of anything.
///
/// # Panics
/// Never: memory takes what is written.
#[must_use]
pub fn frame(content: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(content, 1).expect("memory takes it")
}
