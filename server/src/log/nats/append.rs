//! Histories as they begin, grow and end.

use std::sync::Arc;

use async_nats::HeaderMap;
use bytes::Bytes;
use tracing::{debug, info};
use vws_core::{EventRecord, Millis, Seq, SessionId, SessionInfo, Snapshot};

use super::Shared;
use super::get::Which;
use super::head::{Head, Newest, Tip};
use super::layout::{AT, Body, DELETED, Kind, Note, OPERATION, arbitrated};
use super::publish::Put;
use crate::log::disk::{encode_checkpoint, encode_events};
use crate::log::follow::follow;
use crate::log::{Checkpoint, LogError};

/// What the parts of what a history begins with are kept under.
const BASE: &str = "base";
/// What begins the keys of the parts of batches; the last event of the batch follows.
pub(super) const BATCH: &str = "batch-";
/// How often the id of a session that was deleted is tried again.
const TRIES: usize = 3;

impl Shared {
    /// Begins a history. It is in no list yet.
    pub(super) async fn begin(self: &Arc<Self>, base: Snapshot) -> Result<(), LogError> {
        let info = base.session.clone();
        let (session, head) = (info.session_id, self.head(info.session_id));
        let checkpoint = Checkpoint { snapshot: base, memory: Arc::default() };
        let plain = encode_checkpoint(&checkpoint);
        drop(checkpoint);
        let id = self.next_id();
        // The parts have the id in their key: those of another who begins the same session are not touched.
        let (body, payload) = self.pack(session, || format!("{BASE}-{id}"), plain).await?;
        let note = Note { kind: Kind::Base, before: 0, after: info.seq, info, body, at: None };
        for _ in 0..TRIES {
            match self.put_note(session, &id, &note, payload.clone()).await {
                Put::Taken(stream) => {
                    head.forget();
                    head.saw(stream, &note.info);
                    return Ok(());
                }
                Put::Refused => match self.newest(&head).await? {
                    Newest::Live(_) => {
                        self.drop_body(session, &note.body).await;
                        return Err(LogError::SessionExists(session));
                    }
                    Newest::Deleted(stream) => self.finish_deletion(session, stream).await?,
                    Newest::Nothing => {}
                },
                Put::NotTaken(reason) => {
                    self.drop_body(session, &note.body).await;
                    return Err(LogError::Unavailable(reason));
                }
                Put::Unsure(reason) => return Err(LogError::Unsure(reason)),
            }
        }
        Err(LogError::SessionExists(session))
    }

    /// Takes what follows the event `after`, if that is the last one of all.
    pub(super) async fn append(
        self: Arc<Self>,
        session: SessionId,
        after: Seq,
        batch: Vec<Arc<EventRecord>>,
    ) -> Result<(), LogError> {
        let head = self.head(session);
        let tip = self.tip_at(&head, after).await?;
        let follows = batch.iter().zip(after + 1..).all(|(event, seq)| event.seq == seq);
        if tip.info.seq != after || !follows {
            return Err(LogError::Conflict { expected: after, found: tip.info.seq });
        }
        let Tip { stream: before, mut info } = tip;
        let name = info.name.clone();
        batch.iter().for_each(|event| follow(&mut info, event));
        let is_renamed = info.name != name;
        let id = self.next_id();
        let plain = encode_events(&batch);
        drop(batch);
        let (body, payload) = self.pack(session, || format!("{BATCH}{}-{id}", info.seq), plain).await?;
        let note = Note { kind: Kind::Batch, before, after, info, body, at: None };
        match self.put_note(session, &id, &note, payload).await {
            Put::Taken(stream) => {
                head.saw(stream, &note.info);
                self.has_changed(note.info, is_renamed);
                Ok(())
            }
            Put::Refused => {
                self.drop_body(session, &note.body).await;
                let found = self.live_tip(&head).await?.info.seq;
                Err(LogError::Conflict { expected: after, found })
            }
            Put::NotTaken(reason) => {
                self.drop_body(session, &note.body).await;
                Err(LogError::Unavailable(reason))
            }
            Put::Unsure(reason) => {
                self.counts.unsure.inc();
                head.forget_tip();
                Err(LogError::Unsure(reason))
            }
        }
    }

    /// The end of a history, asked for where what is known of it is before the event `after`: others may have written.
    async fn tip_at(self: &Arc<Self>, head: &Arc<Head>, after: Seq) -> Result<Tip, LogError> {
        match head.tip() {
            Some(tip) if tip.info.seq >= after => Ok(tip),
            _ => self.live_tip(head).await,
        }
    }

    /// Ends a history whose last event is `at`, or whatever it is.
    pub(super) async fn delete(
        self: &Arc<Self>,
        session: SessionId,
        at: Option<Seq>,
    ) -> Result<(), LogError> {
        let head = self.head(session);
        loop {
            let Tip { stream: before, info } = self.live_tip(&head).await?;
            let found = info.seq;
            if let Some(expected) = at.filter(|at| *at != found) {
                return Err(LogError::Conflict { expected, found });
            }
            let note = Note::of_deletion(before, info, super::now());
            match self.put_note(session, &self.next_id(), &note, Bytes::new()).await {
                Put::Taken(stream) => {
                    head.forget();
                    // The mark stands: what is not let go of now will be by whoever finds it.
                    if let Err(error) = self.finish_deletion(session, stream).await {
                        debug!(session.id = %session, %error, "what is left of a session is left for later");
                    }
                    return Ok(());
                }
                Put::Refused => {}
                Put::NotTaken(reason) => return Err(LogError::Unavailable(reason)),
                Put::Unsure(reason) => {
                    head.forget_tip();
                    return Err(LogError::Unsure(reason));
                }
            }
        }
    }

    /// Lets go of what is left of a session that ends with the mark at `stream`: first it is in no list any more, last
    /// the mark goes. What somebody makes anew under the same id meanwhile is not touched.
    pub(super) async fn finish_deletion(&self, session: SessionId, stream: u64) -> Result<(), LogError> {
        let log = self.layout.stream();
        let subject = self.layout.history(session);
        let entry = self.entry(session).await?;
        let kept = self.last_of(&self.layout.snapshots()).await?;
        let mark = self.get(&log, Which::LastOf(&subject)).await?;
        let Some(mark) = mark.filter(|mark| mark.sequence == stream) else { return Ok(()) };
        if let Some(entry) = entry {
            let at = mark.headers.get(super::layout::NOTE).and_then(|note| {
                let note: Note = serde_json::from_str(note.as_str()).ok()?;
                note.at
            });
            if entry.info.is_some() {
                self.unlist(session, entry.revision, at.unwrap_or_else(super::now)).await?;
            }
            // Whoever follows was told. What is put late follows what is not there any more, and is refused.
            let (sessions, subject) = (self.layout.sessions(), self.layout.session(session));
            let last = self.get(&sessions, Which::LastOf(&subject)).await?;
            if let Some(mark) = last.filter(|last| last.headers.get(OPERATION).is_some()) {
                self.purge(&sessions, &subject, Some(mark.sequence + 1)).await?;
            }
        }
        self.purge(&self.layout.snapshots(), &self.layout.kept(session, ">"), Some(kept + 1)).await?;
        self.purge(&log, &subject, Some(stream + 1)).await
    }

    /// Ends a history that is in no list and still ends with the message at `stream`.
    pub(super) async fn abandon(self: &Arc<Self>, session: SessionId, stream: u64) -> Result<(), LogError> {
        let head = self.head(session);
        let Newest::Live(tip) = self.newest(&head).await? else { return Ok(()) };
        if tip.stream != stream || self.entry(session).await?.is_some_and(|entry| entry.info.is_some()) {
            return Ok(());
        }
        info!(session.id = %session, "a session that was never finished is let go of");
        self.delete(session, Some(tip.info.seq)).await
    }

    /// The same by itself.
    pub(super) fn finish_deletion_later(self: &Arc<Self>, session: SessionId, stream: u64) {
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = shared.finish_deletion(session, stream).await {
                debug!(session.id = %session, %error, "what is left of a session is left for later");
            }
        });
    }

    async fn unlist(&self, session: SessionId, revision: u64, at: Millis) -> Result<(), LogError> {
        let mut headers: HeaderMap = arbitrated(revision, &self.next_id());
        headers.insert(OPERATION, DELETED);
        headers.insert(AT, at.to_string());
        let (stream, subject) = (self.layout.sessions(), self.layout.session(session));
        match self.put(&stream, &subject, revision, headers, Bytes::new()).await {
            // Somebody else has.
            Put::Taken(_) | Put::Refused => Ok(()),
            Put::NotTaken(reason) | Put::Unsure(reason) => Err(LogError::Unavailable(reason)),
        }
    }

    pub(super) async fn put_note(&self, session: SessionId, id: &str, note: &Note, payload: Bytes) -> Put {
        let subject = self.layout.history(session);
        self.put(&self.layout.stream(), &subject, note.before, note.headers(id), payload).await
    }

    async fn drop_body(&self, session: SessionId, body: &Body) {
        if let Some(parts) = &body.parts {
            self.drop_parts(session, &parts.key).await;
        }
    }

    /// A session has new events, which lists tell of soon; at once where it has a new name.
    fn has_changed(&self, info: SessionInfo, at_once: bool) {
        self.changed.lock().insert(info.session_id, info);
        if at_once {
            self.hurry.notify_one();
        }
    }
}
