//! Files and payloads of the log for the fuzz targets: what is private to the log, by plain values.

use std::sync::Arc;

use vws_core::EventRecord;

use super::super::Checkpoint;
use super::frame::{self, FILE_HEAD, FileHead, Kind, Mark, Scan};
use super::record::{self, Common, Entry};

/// The largest number that a frame has.
pub const MOST: u64 = frame::MOST;

/// Bytes before a file's first frame.
pub const HEAD_BYTES: usize = FILE_HEAD;

/// A frame by its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it holds: 1 to 9.
    pub kind: u8,
    /// Whose it is.
    pub life: u64,
    /// The seq of its first event, or of its state.
    pub first: u64,
    /// How many events.
    pub count: u32,
    /// What is in it.
    pub payload: Vec<u8>,
}

/// What is found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A whole frame, and where it begins.
    Frame(usize, Frame),
    /// Where bytes begin that are none, and how many they are.
    Damage(usize, usize),
}

/// A file of these frames, with sums that fit. Kinds that there are not are passed over.
#[must_use]
pub fn file(salt: u64, number: u64, frames: &[Frame]) -> Vec<u8> {
    let mut bytes = FileHead { salt, number }.encode();
    for Frame { kind, life, first, count, payload } in frames {
        if let Some(kind) = Kind::from_byte(*kind) {
            let mark = Mark { life: *life, first: *first, count: *count };
            frame::encode(&mut bytes, salt, kind, mark, payload);
        }
    }
    bytes
}

/// The salt and the number of the file that begins with these bytes.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<(u64, u64)> {
    FileHead::decode(bytes).map(|head| (head.salt, head.number))
}

/// All that is found from `at` on.
#[must_use]
pub fn scan(bytes: &[u8], salt: u64, at: usize) -> Vec<Found> {
    let mut scan = Scan::new(bytes, salt, at);
    let mut found = Vec::new();
    loop {
        let at = scan.at();
        found.push(match scan.next() {
            None => return found,
            Some(frame::Found::Damage(damage)) => Found::Damage(damage.at, damage.len),
            Some(frame::Found::Frame(head, payload)) => {
                let Mark { life, first, count } = head.mark;
                Found::Frame(
                    at,
                    Frame { kind: head.kind as u8, life, first, count, payload: payload.to_vec() },
                )
            }
        });
    }
}

/// The events of a payload, and their payload.
#[must_use]
pub fn events(payload: &[u8]) -> Option<(Vec<Arc<EventRecord>>, Vec<u8>)> {
    let events = record::decode_events(payload)?;
    let written = record::encode_events(&events);
    Some((events, written))
}

/// The state of a payload, and its payload.
#[must_use]
pub fn checkpoint(payload: &[u8]) -> Option<(Checkpoint, Vec<u8>)> {
    let checkpoint = record::decode_checkpoint(payload)?;
    let written = record::encode_checkpoint(&checkpoint);
    Some((checkpoint, written))
}

/// A payload of the catalogue, of one session or of all, written again.
#[must_use]
pub fn entry(payload: &[u8], one: bool) -> Option<Vec<u8>> {
    if one {
        Entry::decode(payload).map(|entry| record::encode(&entry))
    } else {
        Common::decode(payload).map(|common| record::encode(&common))
    }
}
