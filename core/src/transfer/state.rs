//! Reading a `.vws.json` file.

use std::collections::BTreeSet;

use super::content::{Judge, at_most, object, session_info, world};
use super::error::TransferError;
use super::fault::Faults;
use super::scan::{self, Piece, Scanner, Stop};
use super::{IMPORT_VALUE_BYTES, STATE_FORMAT, format_of, version_of};
use crate::error::{Error, Rejection, RequestError};
use crate::limits::ModelLimits;
use crate::model::{DisplayName, Epoch, Millis, Seq, SessionId, World};
use crate::reduce::StateMut as _;
use crate::session::{Digest, Session, SessionInfo};
use crate::wire::{Tree, parse_json};

const FIELDS: &[&str] = &["format", "version", "session", "world", "digest", "objects"];

/// Takes a `.vws.json` file in, whatever order its fields come in.
#[derive(Debug)]
pub(super) struct StateReader {
    scanner: Scanner,
    limits: ModelLimits,
    /// The objects so far. Who it is comes with the field `session`.
    session: Session,
    seen: BTreeSet<String>,
    info: Option<(u64, SessionInfo)>,
    digest: Option<(u64, Digest)>,
    objects: u64,
    /// The newest version among the objects and the world, where it stands.
    newest: (Seq, u64, String),
    /// Nothing more is read: what the file is cannot be told from here on.
    stopped: bool,
}

impl StateReader {
    pub(super) fn new(limits: ModelLimits) -> Self {
        let nobody = SessionId::from_uuid(uuid::Uuid::nil());
        Self {
            scanner: Scanner::new(IMPORT_VALUE_BYTES),
            limits,
            session: Session::new(nobody, None::<DisplayName>, Millis::MIN, Epoch::MIN),
            seen: BTreeSet::new(),
            info: None,
            digest: None,
            objects: 0,
            newest: (0, 1, String::new()),
            stopped: false,
        }
    }

    pub(super) fn read(&mut self, bytes: &[u8], faults: &mut Faults) {
        if self.stopped {
            return;
        }
        // The scanner lends the values that it cuts; the rest of the reader takes them.
        let mut scanner = std::mem::replace(&mut self.scanner, Scanner::new(0));
        let done = scanner.read(bytes, |line, piece| match piece {
            Piece::Field(key, value) => self.field(line, key, value, faults),
            Piece::Items => _ = self.begins(line, scan::LONG, faults),
            Piece::Item(value) => self.object(line, value, faults),
        });
        self.scanner = scanner;
        if let Err(stop) = done {
            self.stopped = true;
            let line = self.scanner.line();
            match stop {
                Stop::Malformed(error) => faults.add(line, "", error),
                Stop::TooLarge => {
                    faults.add(line, "", TransferError::ValueTooLarge { max: IMPORT_VALUE_BYTES })
                }
            }
        }
    }

    fn field(&mut self, line: u64, key: &str, value: &[u8], faults: &mut Faults) {
        let pointer = format!("/{}", crate::reduce::pointer_token(key));
        if !FIELDS.contains(&key) {
            faults.add(line, pointer, RequestError::UnknownField { field: key.to_owned(), expected: FIELDS });
            return;
        }
        if self.begins(line, key, faults)
            && let Err(rejection) = self.take(line, key, value)
        {
            faults.reject(line, rejection.under(&pointer));
        }
    }

    /// Notes that a field is there; `false` where it was there already.
    fn begins(&mut self, line: u64, key: &str, faults: &mut Faults) -> bool {
        let first = self.seen.insert(key.to_owned());
        if !first {
            faults.add(line, format!("/{key}"), RequestError::DuplicateKey { field: key.to_owned() });
        }
        first
    }

    fn take(&mut self, line: u64, key: &str, value: &[u8]) -> Result<(), Rejection> {
        let tree: Tree = parse_json(value)?;
        match key {
            "format" => format_of(tree, STATE_FORMAT)?,
            "version" => version_of(tree)?,
            "session" => self.info = Some((line, session_info(tree)?)),
            "world" => {
                let world = world(tree, self.judge())?;
                self.version(world.version, line, || "/world/version".to_owned());
                self.session.change_world(|now: &mut World| *now = world);
            }
            "digest" => self.digest = Some((line, tree.decode()?)),
            // The scanner tells an array item by item.
            _ => {
                let found = tree.kind();
                return Err(RequestError::TypeMismatch { expected: "an array".to_owned(), found }.into());
            }
        }
        Ok(())
    }

    fn object(&mut self, line: u64, value: &[u8], faults: &mut Faults) {
        if self.stopped {
            return;
        }
        let index = self.objects;
        self.objects += 1;
        let read = parse_json(value).and_then(|tree: Tree| object(tree, self.judge()));
        match read {
            Ok(object) => {
                self.version(object.version, line, || format!("/objects/{index}/version"));
                self.session.put_object(object);
            }
            Err(rejection) => {
                // Each object from here on would be one too many.
                self.stopped = matches!(rejection.primary(), Error::Limit(_));
                faults.reject(line, rejection.under(&format!("/objects/{index}")));
            }
        }
    }

    fn judge(&self) -> Judge<'_> {
        Judge { state: &self.session, limits: &self.limits, known: true }
    }

    fn version(&mut self, version: Seq, line: u64, pointer: impl FnOnce() -> String) {
        if version > self.newest.0 {
            self.newest = (version, line, pointer());
        }
    }

    /// The state, when nothing is wrong with the file.
    pub(super) fn finish(mut self, faults: &mut Faults) -> Option<Session> {
        let last = self.scanner.line();
        if self.stopped {
            return None;
        }
        if !self.scanner.is_whole() {
            faults.add(last, "", TransferError::CutShort { missing: "its closing bracket" });
            return None;
        }
        for field in FIELDS {
            if !self.seen.contains(*field) {
                faults.add(1, format!("/{field}"), RequestError::MissingField { field: (*field).to_owned() });
            }
        }
        let (line, info) = self.info.take()?;
        let (digest_line, told) = self.digest.take()?;
        let (newest, newest_line, pointer) = std::mem::take(&mut self.newest);
        if let Err(beyond) = at_most(&pointer, newest, info.seq) {
            faults.reject(newest_line, beyond);
        }
        if info.object_count != self.objects {
            let (told, found) = (info.object_count, self.objects);
            let wrong = TransferError::CountMismatch { field: "object_count", told, found };
            faults.add(line, "/session/object_count", wrong);
        }
        let session = self.session.with_info(info);
        let found = session.digest();
        // Where a value is wrong the content is not whole, and its digest tells nothing.
        if faults.is_empty() && found != told {
            faults.add(digest_line, "/digest", TransferError::DigestMismatch { told, found });
        }
        faults.is_empty().then_some(session)
    }
}
