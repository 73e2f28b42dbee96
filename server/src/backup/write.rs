//! Writes a backup while others write to the sessions.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use serde::Serialize;
use thiserror::Error;
use tokio::runtime::Handle;
use vws_core::reduce::State;
use vws_core::{EventRecord, Millis, Seq, SessionId, SessionInfo};

use super::frames::{Frames, Hashed};
use super::{
    AUDIT, FORMAT, HEAD, Head, LeftOut, MANIFEST, Manifest, Model, REVOKED, Sheet, Sums, VERSION, of_asset,
    of_session,
};
use crate::assets::{AssetError, AssetId, Assets, Content};
use crate::auth::{Audit, Entry, Revocation, Revoked};
use crate::log::disk::{encode_checkpoint, encode_events};
use crate::log::{Checkpoint, EventLog, Listed, LogError};

/// Events that are read from the log at once.
const PAGE: usize = 1_024;
/// How often the begin of a history is looked for where it is let go of meanwhile.
const TRIES: usize = 3;

/// A backup was not written to its end.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Nobody takes it any more, or the disk does not.
    #[error("it cannot be written: {0}")]
    Out(#[from] io::Error),
    /// The log does not give what it has.
    #[error(transparent)]
    Log(LogError),
}

/// What is to be written.
pub struct Job {
    /// The histories.
    pub log: Arc<dyn EventLog>,
    /// The models.
    pub assets: Arc<Assets>,
    /// The sessions to write.
    pub sessions: Vec<SessionId>,
    /// Tells how a session is at its turn: its history is written up to that seq. None for one that is gone.
    pub known: Box<dyn Fn(SessionId) -> Option<Listed> + Send>,
    /// The tokens that are revoked.
    pub revoked: Vec<Revocation>,
    /// The record of who came, the oldest first.
    pub audit: Vec<Arc<Entry>>,
    /// The time now.
    pub at: Millis,
}

impl Job {
    /// Writes it to `out`. Blocks, for the log by way of `runtime`.
    ///
    /// Of each session it is a history up to one seq, as a kill at that moment would have left it; models are those that
    /// the session has right after.
    ///
    /// # Errors
    /// [`WriteError`]; what was written has no manifest then. A session that is damaged is left out, and named in it.
    pub fn write(self, runtime: &Handle, out: impl Write) -> Result<Manifest, WriteError> {
        let taken_at = self.at;
        let mut writer = Writer::new(Frames::new(out)?, taken_at);
        let written_by = format!("vws {}", env!("CARGO_PKG_VERSION"));
        writer.json(HEAD, &Head { format: FORMAT.to_owned(), version: VERSION, written_by, taken_at })?;
        // In a frame of its own, so that what it is can be read whatever else is damaged.
        writer.tar.get_mut().cut()?;
        let mut copy = Copying { job: &self, runtime, writer, models: HashSet::new() };
        for id in &self.sessions {
            copy.session(*id)?;
        }
        let mut writer = copy.writer;
        writer.entry(REVOKED, Revoked::text(&self.revoked).as_bytes())?;
        writer.entry(AUDIT, &Audit::lines(&self.audit)?)?;
        writer.manifest.revoked = self.revoked.len() as u64;
        writer.manifest.audit = self.audit.len() as u64;
        Ok(writer.end()?)
    }
}

/// Why a session is not taken.
enum Missing {
    /// It was deleted.
    Gone,
    /// It is damaged.
    Damaged(String),
    /// Nothing more can be taken.
    Failed(WriteError),
}

impl From<LogError> for Missing {
    fn from(error: LogError) -> Self {
        match error {
            LogError::NoSession(_) => Self::Gone,
            LogError::Damaged { reason, .. } => Self::Damaged(reason),
            other => Self::Failed(WriteError::Log(other)),
        }
    }
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

struct Copying<'a, W: Write> {
    job: &'a Job,
    runtime: &'a Handle,
    writer: Writer<W>,
    /// Those that are written.
    models: HashSet<AssetId>,
}

impl<W: Write> Copying<'_, W> {
    fn session(&mut self, id: SessionId) -> Result<(), WriteError> {
        let taken = match (self.job.known)(id) {
            None => return Ok(()),
            Some(Listed { damaged: Some(reason), .. }) => Err(Missing::Damaged(reason)),
            Some(Listed { info, damaged: None }) => self.history(info),
        };
        let reason = match taken {
            Ok(()) => return Ok(()),
            Err(Missing::Failed(error)) => return Err(error),
            Err(Missing::Gone) => "deleted meanwhile".to_owned(),
            Err(Missing::Damaged(reason)) => {
                let left_out = LeftOut { session_id: id, asset: None, reason: reason.clone() };
                self.writer.manifest.left_out.push(left_out);
                reason
            }
        };
        let told = LeftOut { session_id: id, asset: None, reason };
        Ok(self.writer.json(&of_session(id, "left-out.json"), &told)?)
    }

    /// The history of a session up to the event that `info` is as of, and its models.
    fn history(&mut self, info: SessionInfo) -> Result<(), Missing> {
        let (job, runtime, id, head) = (self.job, self.runtime, info.session_id, info.seq);
        let _held = runtime.block_on(job.log.hold(id))?;
        let base = runtime.block_on(first(&*job.log, id))?;
        let from = base.snapshot.session.seq;
        self.writer.entry(&of_session(id, "base.msgpack"), &encode_checkpoint(&base))?;
        let newest = runtime.block_on(job.log.checkpoint_at(id, head))?;
        if newest.snapshot.session.seq > from {
            self.writer.entry(&of_session(id, "checkpoint.msgpack"), &encode_checkpoint(&newest))?;
        }
        drop(base);
        let restored = newest.snapshot.restore();
        let mut session = restored.map_err(|broken| Missing::Damaged(broken.to_string()))?;
        let mut after = from;
        while after < head {
            let page = runtime.block_on(page(&*job.log, id, after, head))?;
            self.writer
                .entry(&of_session(id, &format!("events-{}.msgpack", after + 1)), &encode_events(&page))?;
            after += page.len() as Seq;
            let known = session.seq();
            for event in page.iter().filter(|event| event.seq > known) {
                session.apply(event).map_err(|gap| Missing::Damaged(gap.to_string()))?;
            }
        }
        let assets = self.models(id)?;
        let sheet = Sheet {
            session: SessionInfo { epoch: info.epoch, ..session.info() },
            from,
            digest: session.digest(),
            assets,
        };
        self.writer.json(&of_session(id, "session.json"), &sheet)?;
        self.writer.manifest.sessions += 1;
        self.writer.manifest.events += head - from;
        Ok(())
    }

    fn models(&mut self, id: SessionId) -> Result<Vec<Model>, Missing> {
        let mut models = Vec::new();
        for asset in self.job.assets.list(id, None, usize::MAX) {
            let whole = self.models.contains(&asset.id)
                || match self.runtime.block_on(self.job.assets.content(id, asset.id)) {
                    Ok((_, content)) => self.model(asset.id, asset.kind.extension(), asset.bytes, content)?,
                    // It was deleted in this very moment.
                    Err(AssetError::NotFound { .. }) => continue,
                    Err(_) => false,
                };
            if whole {
                let extension = asset.kind.extension().to_owned();
                models.push(Model { id: asset.id.to_string(), extension });
            } else {
                let (asset, reason) =
                    (Some(asset.id.to_string()), "its file is missing or damaged".to_owned());
                self.writer.manifest.left_out.push(LeftOut { session_id: id, asset, reason });
            }
        }
        Ok(models)
    }

    /// Writes a model, and tells whether its content is the one that its name says.
    fn model(&mut self, id: AssetId, extension: &str, length: u64, content: Content) -> io::Result<bool> {
        let mut pieces = Pieces { content, runtime: self.runtime, left: Bytes::new() };
        let sum = self.writer.stream(&of_asset(id, extension), length, &mut pieces)?;
        let whole = super::hex(&sum) == id.to_string();
        if whole {
            self.models.insert(id);
            self.writer.manifest.models += 1;
        }
        Ok(whole)
    }
}

/// The state that a kept history begins with.
async fn first(log: &dyn EventLog, id: SessionId) -> Result<Checkpoint, LogError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let trimmed = match log.read(id, 0, 1).await {
            Err(LogError::Trimmed { trimmed }) => trimmed,
            read => read.map(|_| 0)?,
        };
        match log.checkpoint_at(id, trimmed).await {
            // How far it goes back is known once its file has been looked at.
            Err(LogError::Trimmed { .. }) if tries < TRIES => {}
            found => return found,
        }
    }
}

/// The events after `after`, some of those up to `head`.
async fn page(
    log: &dyn EventLog,
    id: SessionId,
    after: Seq,
    head: Seq,
) -> Result<Vec<Arc<EventRecord>>, LogError> {
    let limit = usize::try_from(head - after).unwrap_or(PAGE).min(PAGE);
    let events = log.read(id, after, limit).await?;
    if events.is_empty() {
        let reason = format!("event {} of {head} is missing", after + 1);
        return Err(LogError::Damaged { session: id, reason });
    }
    Ok(events)
}

/// A model that is read as it is written.
struct Pieces<'a> {
    content: Content,
    runtime: &'a Handle,
    left: Bytes,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            self.left = self.runtime.block_on(self.content.next())?.unwrap_or_default();
        }
        let length = self.left.len().min(into.len());
        self.left.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

pub(super) struct Writer<W: Write> {
    tar: tar::Builder<Frames<W>>,
    sums: Sums,
    pub(super) manifest: Manifest,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: Frames<W>, taken_at: Millis) -> Self {
        let manifest = Manifest {
            taken_at,
            sessions: 0,
            events: 0,
            models: 0,
            revoked: 0,
            audit: 0,
            bytes: 0,
            left_out: Vec::new(),
            sha256: String::new(),
        };
        Self { tar: tar::Builder::new(out), sums: Sums::default(), manifest }
    }

    pub(super) fn json(&mut self, path: &str, value: &impl Serialize) -> io::Result<()> {
        self.entry(path, &serde_json::to_vec(value)?)
    }

    pub(super) fn entry(&mut self, path: &str, mut bytes: &[u8]) -> io::Result<()> {
        self.stream(path, bytes.len() as u64, &mut bytes).map(|_| ())
    }

    /// An entry of so many bytes, and their SHA-256.
    fn stream(&mut self, path: &str, length: u64, reader: &mut dyn Read) -> io::Result<[u8; 32]> {
        let mut hashed = Hashed::of(reader);
        self.append(path, length, &mut hashed)?;
        let (found, sum) = hashed.end();
        if found != length {
            return Err(io::Error::other(format!("{path} has {found} bytes and not {length}")));
        }
        self.sums.add(path, length, sum);
        Ok(sum)
    }

    fn append(&mut self, path: &str, length: u64, reader: &mut dyn Read) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(length);
        // Whoever unpacks it by hand has what nobody else may read.
        header.set_mode(0o600);
        header.set_mtime(self.manifest.taken_at / 1_000);
        self.tar.append_data(&mut header, path, reader)?;
        self.tar.get_mut().entry_ended()
    }

    /// Ends it without a manifest.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn abandon(self) -> io::Result<()> {
        self.tar.into_inner()?.end()?.flush()
    }

    pub(super) fn end(self) -> io::Result<Manifest> {
        let Self { tar, sums, mut manifest } = self;
        manifest.bytes = sums.bytes;
        manifest.sha256 = sums.end();
        let text = serde_json::to_vec_pretty(&manifest)?;
        let mut last = Self { tar, sums: Sums::default(), manifest };
        last.append(MANIFEST, text.len() as u64, &mut &text[..])?;
        last.tar.into_inner()?.end()?.flush()?;
        Ok(last.manifest)
    }
}
