//! What is done with what is in a backup.

use std::io::{self, Read};
use std::sync::Arc;

use vws_core::{EventRecord, Seq, SessionId};

use super::Sheet;
use super::error::KeepError;
use crate::assets::{AssetId, Kind};
use crate::auth::{Entry, Revocation};
use crate::log::Checkpoint;

/// What is done with what is in a backup.
///
/// Of each session first its begin comes, then its events in pages, each proved to follow, and then its end or that it
/// is left out. Models come before the end of the first session that has them.
pub trait Keep {
    /// A session begins. `newest` is a later state of it that is to be kept too.
    ///
    /// # Errors
    /// [`KeepError`], as for all others, which ends the reading.
    fn begin(&mut self, base: &Checkpoint, newest: Option<&Checkpoint>) -> Result<(), KeepError>;
    /// Events that follow.
    ///
    /// # Errors
    /// [`KeepError`].
    fn events(
        &mut self,
        session: SessionId,
        after: Seq,
        events: &[Arc<EventRecord>],
    ) -> Result<(), KeepError>;
    /// A session is whole.
    ///
    /// # Errors
    /// [`KeepError`].
    fn end(&mut self, sheet: &Sheet) -> Result<(), KeepError>;
    /// What came of a session does not count.
    ///
    /// # Errors
    /// [`KeepError`].
    fn leave_out(&mut self, session: SessionId) -> Result<(), KeepError>;
    /// A model, which is read to its end.
    ///
    /// # Errors
    /// [`KeepError`] for what the disk says; what the reader says is told by whoever gave it.
    fn model(&mut self, id: AssetId, kind: Kind, content: &mut dyn Read) -> Result<(), KeepError>;
    /// The tokens that are revoked, and the record of who came.
    ///
    /// # Errors
    /// [`KeepError`].
    fn access(&mut self, revoked: &[Revocation], audit: &[Entry]) -> Result<(), KeepError>;
}

/// Keeps nothing: what is read is proved alone.
#[derive(Debug, Default)]
pub struct Nothing;

impl Keep for Nothing {
    fn begin(&mut self, _: &Checkpoint, _: Option<&Checkpoint>) -> Result<(), KeepError> {
        Ok(())
    }
    fn events(&mut self, _: SessionId, _: Seq, _: &[Arc<EventRecord>]) -> Result<(), KeepError> {
        Ok(())
    }
    fn end(&mut self, _: &Sheet) -> Result<(), KeepError> {
        Ok(())
    }
    fn leave_out(&mut self, _: SessionId) -> Result<(), KeepError> {
        Ok(())
    }
    fn model(&mut self, _: AssetId, _: Kind, content: &mut dyn Read) -> Result<(), KeepError> {
        // What the reader says is told by whoever gave it.
        let _ = io::copy(content, &mut io::sink());
        Ok(())
    }
    fn access(&mut self, _: &[Revocation], _: &[Entry]) -> Result<(), KeepError> {
        Ok(())
    }
}
