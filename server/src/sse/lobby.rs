//! Which sessions there are.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use tokio::time::sleep;
use vws_core::wire::{CloseCode, canonical_json};
use vws_core::{Epoch, Seq};

use super::frame::{Chunk, KEEP_ALIVE, ResyncReason};
use super::{Source, place, respond};
use crate::auth::Grant;
use crate::http::{App, Refusal};
use crate::telemetry::Held;

/// Answers with the stream of creations, renames and deletions of sessions: those after the place
/// that the request names, and without one those to come.
///
/// # Errors
/// [`Refusal::LastEventIdInvalid`].
pub(crate) fn lobby_stream(
    app: &Arc<App>,
    by: Arc<Grant>,
    after: Option<Seq>,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let place = place(headers, after)?;
    let lobby = app.store().lobby();
    let (epoch, head) = (lobby.epoch(), lobby.head());
    let begin = place.map_or(Ok(head), |place| place.check(epoch, head));
    let seen = begin.unwrap_or(head);
    let mut opening = Chunk::new(epoch);
    opening.about("welcome", seen, &Welcome { epoch, head_seq: head, after: seen });
    if let Err(reason) = begin {
        resync(&mut opening, epoch, head, reason);
    }
    Ok(respond(LobbyStream {
        epoch,
        seen,
        opening: Some(opening.finish()),
        over: false,
        _counted: app.metrics().lobby_subscriber(),
        app: Arc::clone(app),
        by,
    }))
}

#[derive(Debug, Serialize)]
struct Welcome {
    epoch: Epoch,
    head_seq: Seq,
    /// The events that follow come after this one.
    after: Seq,
}

#[derive(Debug, Serialize)]
struct Resync {
    reason: ResyncReason,
    epoch: Epoch,
    head_seq: Seq,
    /// Where the list is that the events of this stream continue.
    sessions: &'static str,
}

#[derive(Debug, Serialize)]
struct End {
    reason: &'static str,
}

fn resync(chunk: &mut Chunk, epoch: Epoch, head_seq: Seq, reason: ResyncReason) {
    chunk.about("resync", head_seq, &Resync { reason, epoch, head_seq, sessions: "/api/sessions" });
}

struct LobbyStream {
    app: Arc<App>,
    by: Arc<Grant>,
    epoch: Epoch,
    /// The last event that the client has been told.
    seen: Seq,
    opening: Option<Bytes>,
    over: bool,
    _counted: Held,
}

impl Source for LobbyStream {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        let (app, by) = (Arc::clone(&self.app), Arc::clone(&self.by));
        tokio::select! {
            () = app.stop().stopping() => {
                Some(self.end(CloseCode::GoingAway.name()))
            }
            fault = app.auth().end_of(&by, App::now) => Some(self.end(fault.code())),
            chunk = self.advance() => Some(chunk),
            () = sleep(app.config().limits.ping_interval.get()) => Some(KEEP_ALIVE),
        }
    }
}

impl LobbyStream {
    /// The next events of sessions that the client may know of, as soon as there are some.
    async fn advance(&mut self) -> Bytes {
        let lobby = self.app.store().lobby();
        let scope = self.by.scope();
        loop {
            let mut place = lobby.subscribe(self.seen);
            place.ready().await;
            let mut chunk = Chunk::new(self.epoch);
            let head = lobby.head();
            let Some(records) = place.take() else {
                self.seen = head;
                resync(&mut chunk, self.epoch, head, ResyncReason::HistoryGone);
                return chunk.finish();
            };
            for record in records {
                if scope.has(record.event.session_id()) {
                    chunk.event(record.seq, &canonical_json(&*record));
                }
                self.seen = record.seq;
                if chunk.is_full() {
                    break;
                }
            }
            let told = chunk.finish();
            if !told.is_empty() {
                return told;
            }
        }
    }

    fn end(&mut self, reason: &'static str) -> Bytes {
        self.over = true;
        let mut chunk = Chunk::new(self.epoch);
        chunk.about("end", self.seen, &End { reason });
        chunk.finish()
    }
}
