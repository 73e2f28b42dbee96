//! Sessions as files: a state (`.vws.json`) and a history (`.vwslog`).
//!
//! A **state file** is one JSON object: `format` (`vws.state`), `version`, `session`, `world`, `digest`
//! and `objects`, as in a snapshot. Its digest covers all content.
//!
//! A **log file** has one JSON object a line, each with a `sum` as its last field: the head with the state
//! that the history begins with (`format` is `vws.log`, then `version`, `session`, `world`, `digest`), a
//! line for each object of that state (`object`), a line for each event with the digest of the state right
//! after it (`event`, `digest`), and a line that says how many there were (`end`), without which a file
//! counts as cut short. No line is larger than an object, however large the state. A sum is the XXH3 of the
//! line without it, seeded with the sum of the line before, so that no byte of a log can be changed, and no
//! line moved or taken out, without a sum that does not fit.
//!
//! This module reads and writes bytes that its callers move: it never opens a file.
//!
//! # Layout
//! - [`state_file`], [`LogWriter`]: files out of states and histories.
//! - [`Importer`]: files into states and histories, as their bytes come, with all that is wrong with them.
//! - `scan`, `state`, `log`: the two readers. `content`: the values in them, judged by the rules of commands.
//! - [`Faults`]: what is wrong, and on which line.

mod content;
mod error;
mod fault;
mod log;
mod scan;
mod state;
mod write;

use std::sync::Arc;

pub use error::TransferError;
pub use fault::{Fault, Faults};
pub use write::{LogWriter, state_file};

use crate::error::Rejection;
use crate::event::EventRecord;
use crate::limits::{IMPORT_FAULTS, IMPORT_VALUE_BYTES, ModelLimits};
use crate::model::{Epoch, Millis, SessionId};
use crate::reduce::State as _;
use crate::session::{Digest, Session, SessionInfo};
use crate::snapshot::Snapshot;
use crate::wire::Tree;
use log::LogReader;
use state::StateReader;

/// What a state file calls itself.
pub const STATE_FORMAT: &str = "vws.state";
/// What a log file calls itself.
pub const LOG_FORMAT: &str = "vws.log";
/// The version of both formats.
pub const VERSION: u64 = 1;

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A state.
    State,
    /// A history.
    Log,
}

impl Format {
    /// What the file calls itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => STATE_FORMAT,
            Self::Log => LOG_FORMAT,
        }
    }

    /// How its name ends.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::State => "vws.json",
            Self::Log => "vwslog",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::State => "application/json",
            Self::Log => "application/x-ndjson",
        }
    }

    /// The format of a file that begins with these bytes: a log says what it is in the first field.
    #[must_use]
    pub fn sniff(beginning: &[u8]) -> Self {
        let log = format!("{{\"format\":\"{LOG_FORMAT}\"");
        if beginning.starts_with(log.as_bytes()) { Self::Log } else { Self::State }
    }
}

/// Takes a file in as its bytes come, and judges it by the rules and bounds that hold for commands. Holds
/// the state, the events where they are wanted, one value's bytes and at most [`IMPORT_FAULTS`] faults.
#[derive(Debug)]
pub struct Importer {
    format: Format,
    reader: Reader,
    faults: Faults,
}

#[derive(Debug)]
enum Reader {
    State(Box<StateReader>),
    Log(Box<LogReader>),
}

/// What a reader has of a file without faults.
#[derive(Debug)]
struct Read {
    base: Option<Session>,
    head: Session,
    events: Vec<Arc<EventRecord>>,
    count: u64,
}

/// A file without faults.
#[derive(Debug)]
pub struct Imported {
    format: Format,
    read: Read,
}

/// What a session made of a file begins as.
#[derive(Debug)]
pub struct Beginning {
    /// What it is before the first of `events`.
    pub base: Snapshot,
    /// Its history, in order; none for a state file.
    pub events: Vec<Arc<EventRecord>>,
    /// What it is after the last of them.
    pub head: Session,
}

impl Importer {
    /// Takes a file in whose content is to be used.
    #[must_use]
    pub fn new(format: Format, limits: ModelLimits) -> Self {
        Self::with(format, limits, true)
    }

    /// Only judges a file, and lets go of its events as they come.
    #[must_use]
    pub fn verifying(format: Format, limits: ModelLimits) -> Self {
        Self::with(format, limits, false)
    }

    fn with(format: Format, limits: ModelLimits, keep: bool) -> Self {
        let reader = match format {
            Format::State => Reader::State(Box::new(StateReader::new(limits))),
            Format::Log => Reader::Log(Box::new(LogReader::new(limits, keep))),
        };
        Self { format, reader, faults: Faults::default() }
    }

    /// Takes the next bytes in. Whatever they are, this returns; what is wrong is told at the end.
    pub fn read(&mut self, bytes: &[u8]) {
        match &mut self.reader {
            Reader::State(reader) => reader.read(bytes, &mut self.faults),
            Reader::Log(reader) => reader.read(bytes, &mut self.faults),
        }
    }

    /// What is wrong with what came so far.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The content, once all bytes have come.
    ///
    /// # Errors
    /// All that is wrong with the file; never empty.
    pub fn finish(self) -> Result<Imported, Faults> {
        let Self { format, reader, mut faults } = self;
        let read = match reader {
            Reader::State(reader) => {
                reader.finish(&mut faults).map(|head| Read { base: None, head, events: Vec::new(), count: 0 })
            }
            Reader::Log(reader) => reader.finish(&mut faults),
        };
        read.map(|read| Imported { format, read }).ok_or(faults)
    }
}

impl Imported {
    /// What the file says it holds, as of its last event.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        self.read.head.info()
    }

    /// Which kind of file it is.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The digest of its state, as of its last event.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.read.head.digest()
    }

    /// How many events it holds.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.read.count
    }

    /// The session as it is after the last event.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.read.head
    }

    /// The state that the history begins with and its events, in order; none that was only
    /// [verified](Importer::verifying).
    #[must_use]
    pub fn history(&self) -> (&Session, &[Arc<EventRecord>]) {
        (self.read.base.as_ref().unwrap_or(&self.read.head), &self.read.events)
    }

    /// A session of its own made of the file, under an id and an epoch of its own; its origin is what the
    /// file was exported from. A history keeps the time at which its session was made, since its events
    /// are from then on; a state begins `now`.
    #[must_use]
    pub fn begin(self, id: SessionId, now: Millis, epoch: Epoch) -> Beginning {
        let Read { base, head, events, count: _ } = self.read;
        let first = base.as_ref().unwrap_or(&head);
        let created_at = match self.format {
            Format::State => now,
            Format::Log => first.created_at(),
        };
        let begun = first.fork(id, first.name().cloned(), created_at, epoch);
        let (seq, name) = (head.seq(), head.name().cloned());
        let info = SessionInfo { seq, name, ..begun.info() };
        Beginning { base: begun.snapshot(), events, head: head.with_info(info) }
    }
}

fn format_of(tree: Tree, expected: &'static str) -> Result<(), Rejection> {
    let found: String = tree.decode()?;
    if found == expected { Ok(()) } else { Err(TransferError::FormatUnknown { found, expected }.into()) }
}

fn version_of(tree: Tree) -> Result<(), Rejection> {
    let found: u64 = tree.decode()?;
    if found == VERSION {
        Ok(())
    } else {
        Err(TransferError::VersionUnknown { found, known: VERSION }.into())
    }
}
