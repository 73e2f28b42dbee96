//! Files out of states and histories.

use std::sync::Arc;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{LOG_FORMAT, STATE_FORMAT, VERSION};
use crate::event::EventRecord;
use crate::model::{ObjectName, Seq, World};
use crate::reduce::State;
use crate::session::{Digest, OutOfOrder, Session, SessionInfo};
use crate::snapshot::Snapshot;
use crate::wire::canonical_json;

/// Objects that are written at once.
const PIECE: usize = 256;

#[derive(Serialize)]
struct Head<'a> {
    format: &'a str,
    version: u64,
    session: &'a SessionInfo,
    world: &'a World,
    digest: Digest,
}

/// A state as a `.vws.json` file, piece by piece: one object a line, so that two of them can be compared
/// line by line.
pub fn state_file(snapshot: Snapshot) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
    let Snapshot { session, digest, world, objects } = snapshot;
    let head = Head { format: STATE_FORMAT, version: VERSION, session: &session, world: &world, digest };
    let mut opening = canonical_json(&head);
    opening.pop();
    opening.extend(br#","objects":["#);
    let pieces = objects.len().div_ceil(PIECE);
    let middle = (0..pieces).map(move |n| {
        let mut piece = Vec::new();
        for (at, object) in objects.iter().enumerate().skip(n * PIECE).take(PIECE) {
            piece.extend(if at == 0 { "\n" } else { ",\n" }.as_bytes());
            piece.extend(canonical_json(&**object));
        }
        piece
    });
    std::iter::once(opening).chain(middle).chain(std::iter::once(b"\n]}\n".to_vec()))
}

/// Writes a `.vwslog` file: the state that a history begins with, then each event with the digest of the
/// state right after it, then how many there were. Folds the events as they are written.
#[derive(Debug)]
pub struct LogWriter {
    session: Session,
    base: Seq,
    sum: u64,
    opening: Opening,
}

#[derive(Debug)]
enum Opening {
    Head,
    After(Option<ObjectName>),
    Done,
}

#[derive(Serialize)]
struct ObjectLine<'a, T> {
    object: &'a T,
}

#[derive(Serialize)]
struct EventLine<'a> {
    event: &'a EventRecord,
    digest: Digest,
}

#[derive(Serialize)]
struct EndLine {
    end: End,
}

#[derive(Serialize)]
struct End {
    seq: Seq,
    events: u64,
    digest: Digest,
}

impl LogWriter {
    /// A file of a history that begins with this state.
    #[must_use]
    pub fn new(base: Session) -> Self {
        Self { base: base.seq(), session: base, sum: 0, opening: Opening::Head }
    }

    /// The last event that is written.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.session.seq()
    }

    /// The next piece of the state that the history begins with; `None` when it is written. No event may
    /// be written before that.
    pub fn opening(&mut self) -> Option<Vec<u8>> {
        let mut piece = Vec::new();
        match std::mem::replace(&mut self.opening, Opening::Done) {
            Opening::Head => {
                let info = self.session.info();
                let digest = self.session.digest();
                let world = self.session.world();
                let head = Head { format: LOG_FORMAT, version: VERSION, session: &info, world, digest };
                self.sum = line(&mut piece, canonical_json(&head), self.sum);
                self.opening = Opening::After(None);
            }
            Opening::After(name) => {
                let after = name.as_ref().map_or("", ObjectName::as_str);
                let objects: Vec<_> = self.session.objects_after(after).take(PIECE).cloned().collect();
                let last = objects.last()?.name.clone();
                for object in objects {
                    self.sum = line(&mut piece, canonical_json(&ObjectLine { object: &*object }), self.sum);
                }
                self.opening = Opening::After(Some(last));
            }
            Opening::Done => return None,
        }
        Some(piece)
    }

    /// Writes the next event behind what `out` holds.
    ///
    /// # Errors
    /// [`OutOfOrder`], with nothing written, when `record` is not the next event.
    pub fn event(&mut self, record: &Arc<EventRecord>, out: &mut Vec<u8>) -> Result<(), OutOfOrder> {
        self.session.apply(record)?;
        let digest = self.session.digest();
        self.sum = line(out, canonical_json(&EventLine { event: record, digest }), self.sum);
        Ok(())
    }

    /// The end of the file, without which it counts as cut short.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        let (seq, digest) = (self.session.seq(), self.session.digest());
        let mut piece = Vec::new();
        line(
            &mut piece,
            canonical_json(&EndLine { end: End { seq, events: seq - self.base, digest } }),
            self.sum,
        );
        piece
    }
}

/// A line's own sum, which stands on that of the line before it: of the bytes of its value without the
/// field `sum`. A line that was changed, moved, doubled or taken out does not have it.
pub(super) fn sum(value: &[u8], before: u64) -> u64 {
    xxh3_64_with_seed(value, before)
}

/// Between a line's fields and the 16 hexadecimal digits of its sum.
pub(super) const SUM: &[u8] = br#","sum":""#;
/// After them.
pub(super) const AFTER_SUM: &[u8] = br#""}"#;

fn line(out: &mut Vec<u8>, mut value: Vec<u8>, before: u64) -> u64 {
    let sum = sum(&value, before);
    value.pop();
    out.extend(value);
    out.extend(SUM);
    out.extend(format!("{sum:016x}").into_bytes());
    out.extend(AFTER_SUM);
    out.push(b'\n');
    sum
}
