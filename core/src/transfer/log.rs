//! Reading a `.vwslog` file.

use std::sync::Arc;

use super::content::{Fields, Judge, at_most, object, record, session_info, world};
use super::error::TransferError;
use super::fault::Faults;
use super::write::{AFTER_SUM, SUM, sum};
use super::{IMPORT_VALUE_BYTES, LOG_FORMAT, Read, format_of, version_of};
use crate::error::{Rejection, RequestError};
use crate::event::EventRecord;
use crate::limits::ModelLimits;
use crate::model::{Millis, Seq};
use crate::reduce::{State as _, StateMut as _};
use crate::session::{Digest, Session};
use crate::wire::{Tree, parse_json};

/// Takes a `.vwslog` file in, line by line.
#[derive(Debug)]
pub(super) struct LogReader {
    limits: ModelLimits,
    keep: bool,
    /// What came of the present line.
    line: Vec<u8>,
    number: u64,
    /// The sum that the line before carries, and the one that its bytes have. They differ where one of the
    /// two was damaged, and then the next line tells which.
    before: (u64, u64),
    stage: Stage,
    stopped: bool,
}

#[derive(Debug)]
enum Stage {
    Head,
    /// The state that the history begins with: so many objects are still to come.
    Base {
        session: Box<Session>,
        digest: Digest,
        left: u64,
    },
    Events(Box<Events>),
    Done(Box<Events>),
    /// The head is wrong: lines are read for their form alone.
    Lost,
}

#[derive(Debug)]
struct Events {
    /// The state that the history begins with; kept where the events are.
    base: Option<Session>,
    head: Session,
    /// Whether `head` is what the file says it is here.
    known: bool,
    records: Vec<Arc<EventRecord>>,
    /// Lines with events so far.
    count: u64,
    /// The seq that the next event must have.
    next: Seq,
    at: Millis,
    /// How many events of the batch must follow.
    more: Option<u32>,
}

impl LogReader {
    pub(super) const fn new(limits: ModelLimits, keep: bool) -> Self {
        Self { limits, keep, line: Vec::new(), number: 1, before: (0, 0), stage: Stage::Head, stopped: false }
    }

    pub(super) fn read(&mut self, bytes: &[u8], faults: &mut Faults) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            self.take(&rest[..end], faults);
            let line = std::mem::take(&mut self.line);
            if !self.stopped {
                self.whole(&line, faults);
            }
            self.line = line;
            self.line.clear();
            self.number += 1;
            rest = &rest[end + 1..];
        }
        self.take(rest, faults);
    }

    /// Adds to the present line.
    fn take(&mut self, bytes: &[u8], faults: &mut Faults) {
        if self.stopped {
            return;
        }
        if self.line.len() + bytes.len() > IMPORT_VALUE_BYTES {
            self.stopped = true;
            faults.add(self.number, "", TransferError::ValueTooLarge { max: IMPORT_VALUE_BYTES });
            return;
        }
        self.line.extend_from_slice(bytes);
    }

    fn whole(&mut self, line: &[u8], faults: &mut Faults) {
        let number = self.number;
        if matches!(self.stage, Stage::Done(_)) {
            let detail = "something follows the last line".to_owned();
            faults.add(number, "", RequestError::Malformed { format: "log", detail });
            self.stopped = true;
            return;
        }
        let Some((mut value, told)) = split(line) else {
            faults.add(number, "", TransferError::SumMissing);
            self.lose();
            return;
        };
        value.push(b'}');
        let (told_before, found_before) = self.before;
        let found = sum(&value, told_before);
        let fits = found == told || sum(&value, found_before) == told;
        self.before = (told, found);
        if !fits {
            faults.add(number, "/sum", TransferError::SumMismatch { told, found });
        }
        let done = parse_json(&value).and_then(|tree| self.value(tree, faults));
        if let Err(rejection) = done {
            faults.reject(number, rejection);
            self.lose();
        }
    }

    /// The state is not known from here on.
    fn lose(&mut self) {
        match &mut self.stage {
            Stage::Events(events) => events.known = false,
            Stage::Head | Stage::Base { .. } => self.stage = Stage::Lost,
            Stage::Done(_) | Stage::Lost => {}
        }
    }

    fn value(&mut self, tree: Tree, faults: &mut Faults) -> Result<(), Rejection> {
        let number = self.number;
        let stage = std::mem::replace(&mut self.stage, Stage::Lost);
        self.stage = match stage {
            Stage::Head => self.begin(head(tree, &self.limits)?, number, faults),
            Stage::Base { mut session, digest, left } => {
                let mut fields = Fields::of(tree, &["object"])?;
                let judge = Judge { state: &session, limits: &self.limits, known: true };
                let object = object(fields.take("object")?, judge).map_err(|r| r.under("/object"))?;
                at_most("/object/version", object.version, session.seq())?;
                session.put_object(object);
                self.base(session, digest, left - 1, number, faults)
            }
            Stage::Events(mut events) => {
                let mut fields = Fields::of(tree, &["event", "digest", "end"]);
                let end = fields.as_mut().ok().and_then(|fields| fields.find("end"));
                let (done, ends) = match (fields, end) {
                    (Ok(fields), Some(end)) => (events.end(fields, end), true),
                    (Ok(fields), None) => (events.event(fields, self.keep, &self.limits), false),
                    (Err(unknown), _) => (Err(unknown), false),
                };
                events.known &= done.is_ok();
                self.stage = if ends { Stage::Done(events) } else { Stage::Events(events) };
                return done;
            }
            Stage::Done(events) => Stage::Done(events),
            Stage::Lost => Stage::Lost,
        };
        Ok(())
    }

    fn begin(
        &self,
        (session, digest, left): (Session, Digest, u64),
        number: u64,
        faults: &mut Faults,
    ) -> Stage {
        self.base(Box::new(session), digest, left, number, faults)
    }

    /// Goes on to the events once the base is whole.
    fn base(
        &self,
        session: Box<Session>,
        told: Digest,
        left: u64,
        number: u64,
        faults: &mut Faults,
    ) -> Stage {
        if left > 0 {
            return Stage::Base { session, digest: told, left };
        }
        let found = session.digest();
        if found != told {
            faults.add(number, "", TransferError::DigestMismatch { told, found });
        }
        Stage::Events(Box::new(Events {
            base: self.keep.then(|| Session::clone(&session)),
            known: found == told,
            records: Vec::new(),
            count: 0,
            next: session.seq() + 1,
            at: 0,
            more: None,
            head: *session,
        }))
    }

    /// What was read, when nothing is wrong with the file.
    pub(super) fn finish(mut self, faults: &mut Faults) -> Option<Read> {
        if self.stopped {
            return None;
        }
        if !self.line.is_empty() {
            faults.add(self.number, "", TransferError::CutShort { missing: "the end of its last line" });
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Lost) {
            Stage::Done(events) if faults.is_empty() => {
                let Events { base, head, records, count, .. } = *events;
                Some(Read { base, head, events: records, count })
            }
            // What it was lost by is told, and whether the file has an end is not known.
            Stage::Done(_) | Stage::Lost => None,
            Stage::Head | Stage::Base { .. } | Stage::Events(_) => {
                faults.add(self.number, "", TransferError::CutShort { missing: "the line that ends it" });
                None
            }
        }
    }
}

/// A line without its sum and closing bracket, and the sum.
fn split(line: &[u8]) -> Option<(Vec<u8>, u64)> {
    let rest = line.strip_suffix(AFTER_SUM)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(16)?)?;
    let value = rest.strip_suffix(SUM)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let sum = u64::from_str_radix(digits, 16).ok().filter(|sum| format!("{sum:016x}") == digits)?;
    Some((value.to_vec(), sum))
}

/// The first line: the state that the history begins with but for its objects, its digest, and how many
/// objects are to come.
fn head(tree: Tree, limits: &ModelLimits) -> Result<(Session, Digest, u64), Rejection> {
    let mut fields = Fields::of(tree, &["format", "version", "session", "world", "digest"])?;
    format_of(fields.take("format")?, LOG_FORMAT).map_err(|r| r.under("/format"))?;
    version_of(fields.take("version")?).map_err(|r| r.under("/version"))?;
    let info = session_info(fields.take("session")?).map_err(|r| r.under("/session"))?;
    let seq = info.seq;
    let objects = info.object_count;
    let mut session =
        Session::new(info.session_id, info.name.clone(), info.created_at, info.epoch).with_info(info);
    let judge = Judge { state: &session, limits, known: true };
    let world = world(fields.take("world")?, judge).map_err(|r| r.under("/world"))?;
    at_most("/world/version", world.version, seq)?;
    session.change_world(|now| *now = world);
    Ok((session, fields.decode("digest")?, objects))
}

impl Events {
    /// Takes a line with an event in.
    fn event(&mut self, mut fields: Fields, keep: bool, limits: &ModelLimits) -> Result<(), Rejection> {
        self.count += 1;
        let expected = self.next;
        self.next += 1;
        let judge = Judge { state: &self.head, limits, known: self.known };
        let record = record(fields.take("event")?, judge).map_err(|r| r.under("/event"))?;
        let told: Digest = fields.decode("digest")?;
        // What follows a gap is told by its own faults alone.
        self.next = record.seq + 1;
        let done = self.follows(&record, expected).map_err(|r| r.under("/event"));
        self.at = record.at;
        self.more = Some(record.more);
        done?;
        if !self.known {
            return Ok(());
        }
        let record = Arc::new(record);
        if self.head.apply(&record).is_err() {
            return Err(out_of_order(expected, record.seq).under("/event"));
        }
        if keep {
            self.records.push(record);
        }
        let found = self.head.digest();
        if found == told {
            Ok(())
        } else {
            Err(Rejection::at("/digest", TransferError::DigestMismatch { told, found }))
        }
    }

    /// Refuses an event that cannot be where it is.
    fn follows(&self, record: &EventRecord, expected: Seq) -> Result<(), Rejection> {
        let invalid =
            |pointer: &str, detail: String| Rejection::at(pointer, RequestError::Invalid { detail });
        if record.seq != expected {
            return Err(out_of_order(expected, record.seq));
        }
        if record.at < self.at {
            let detail = format!("at = {} is before the event before it, {}", record.at, self.at);
            return Err(invalid("/at", detail));
        }
        // A history that begins in the midst of a batch does not tell how much of it was before.
        match self.more {
            Some(more) if more > 0 && record.more != more - 1 => {
                let detail = format!("more = {}, but {} of the batch were to follow", record.more, more - 1);
                Err(invalid("/more", detail))
            }
            _ => Ok(()),
        }
    }

    /// Takes the last line in.
    fn end(&self, others: Fields, end: Tree) -> Result<(), Rejection> {
        Fields::of(others.whole(), &["end"])?;
        self.ends(end).map_err(|r| r.under("/end"))
    }

    fn ends(&self, tree: Tree) -> Result<(), Rejection> {
        let mut fields = Fields::of(tree, &["seq", "events", "digest"])?;
        let (seq, events): (Seq, u64) = (fields.decode("seq")?, fields.decode("events")?);
        let told: Digest = fields.decode("digest")?;
        let (head, found) = (self.next - 1, self.head.digest());
        let count = |field, told, found| TransferError::CountMismatch { field, told, found };
        if seq != head {
            return Err(Rejection::at("/seq", count("seq", seq, head)));
        }
        if events != self.count {
            return Err(Rejection::at("/events", count("events", events, self.count)));
        }
        if let Some(more @ 1..) = self.more {
            let detail = format!("{more} events of the last batch are missing");
            return Err(Rejection::at("/events", RequestError::Invalid { detail }));
        }
        if self.known && found != told {
            return Err(Rejection::at("/digest", TransferError::DigestMismatch { told, found }));
        }
        Ok(())
    }
}

fn out_of_order(expected: Seq, found: Seq) -> Rejection {
    Rejection::at("/seq", TransferError::OutOfOrder { expected, found })
}
