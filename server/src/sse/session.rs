//! The events of one session.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use tokio::time::sleep;
use tracing::warn;
use vws_core::reduce::State;
use vws_core::wire::{CloseCode, Encoding, Resume, ServerMessage};
use vws_core::{Epoch, EventRecord, Seq, Session, SessionId};

use super::frame::{Chunk, KEEP_ALIVE, ResyncReason};
use super::{Source, place, respond};
use crate::auth::Grant;
use crate::feed::Told;
use crate::http::{App, Problem};
use crate::store::{Follower, LiveSession, StoreError};
use crate::telemetry::Held;

/// Events that are taken from the feed or the log at once.
const EVENTS_A_CHUNK: usize = 64;

/// Answers with the stream of a session's events: those after the place that the request names, and
/// without one those to come.
///
/// # Errors
/// [`Refusal::LastEventIdInvalid`](crate::http::Refusal::LastEventIdInvalid),
/// [`StoreError::TooManySubscribers`], [`StoreError::Behind`].
pub(crate) async fn session_stream(
    app: &Arc<App>,
    live: &Arc<LiveSession>,
    by: Arc<Grant>,
    after: Option<Seq>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let place = place(headers, after)?;
    let live = live.follow()?;
    // What was told at another node is known here before anything else is.
    if let Some(place) =
        place.filter(|place| place.epoch.is_none_or(|epoch| epoch == live.read(Session::epoch)))
    {
        live.reach(place.seq).await?;
    }
    let (epoch, head) = live.read(|session| (Session::epoch(session), session.seq()));
    let begin = place.map_or(Ok(head), |place| place.check(epoch, head));
    let mut opening = Chunk::new(epoch);
    let seen = begin.unwrap_or(head);
    let welcome = Welcome { session_id: live.id(), epoch, head_seq: head, after: seen };
    opening.about("welcome", seen, &welcome);
    let mut stream = SessionStream {
        epoch,
        seen,
        opening: None,
        over: false,
        _counted: app.metrics().subscriber(),
        app: Arc::clone(app),
        by,
        live,
    };
    if let Err(reason) = begin {
        stream.resync(&mut opening, reason);
    }
    stream.opening = Some(opening.finish());
    Ok(respond(stream))
}

#[derive(Debug, Serialize)]
struct Welcome {
    session_id: SessionId,
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
    /// Where the state is that the events of this stream continue.
    snapshot: String,
}

#[derive(Debug, Serialize)]
struct End {
    reason: &'static str,
}

struct SessionStream {
    app: Arc<App>,
    by: Arc<Grant>,
    live: Follower,
    epoch: Epoch,
    /// The last event that the client has been told.
    seen: Seq,
    opening: Option<Bytes>,
    over: bool,
    _counted: Held,
}

impl Source for SessionStream {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        let (app, by) = (Arc::clone(&self.app), Arc::clone(&self.by));
        tokio::select! {
            () = app.stop().stopping() => Some(self.end(CloseCode::GoingAway.name())),
            fault = app.auth().end_of(&by, App::now) => Some(self.end(fault.code())),
            chunk = self.advance() => Some(chunk),
            () = sleep(app.config().limits.ping_interval.get()) => Some(KEEP_ALIVE),
        }
    }
}

impl SessionStream {
    /// The next events, as soon as there are some.
    async fn advance(&mut self) -> Bytes {
        loop {
            if self.live.is_ended() {
                return self.end(self.live.ended_as().name());
            }
            // The place is taken anew each time: the stream then borrows nothing while it waits to be
            // pulled.
            let Some(mut place) = self.live.resume(Resume { epoch: self.epoch, seq: self.seen }) else {
                return self.catch_up().await;
            };
            tokio::select! {
                () = self.live.ended() => continue,
                () = place.ready() => {}
            }
            self.app.metrics().feed_lag(place.lag());
            let Ok(events) = place.take(EVENTS_A_CHUNK) else { continue };
            let mut chunk = Chunk::new(self.epoch);
            for Told { seq, message } in events {
                chunk.event(seq, &message);
                self.seen = seq;
                if chunk.is_full() {
                    break;
                }
            }
            return chunk.finish();
        }
    }

    /// The next events from the log, which reaches further back than the feed.
    async fn catch_up(&mut self) -> Bytes {
        let mut chunk = Chunk::new(self.epoch);
        match self.live.events(self.seen, EVENTS_A_CHUNK).await {
            Ok(page) if !page.events.is_empty() => {
                for record in page.events {
                    let message = ServerMessage::Event(EventRecord::clone(&record));
                    chunk.event(record.seq, &Encoding::Json.encode_server(&message));
                    self.seen = record.seq;
                    if chunk.is_full() {
                        break;
                    }
                }
                chunk.finish()
            }
            Ok(_) | Err(StoreError::HistoryGone { .. }) => {
                self.app.metrics().resync();
                self.resync(&mut chunk, ResyncReason::HistoryGone);
                chunk.finish()
            }
            Err(_) if self.live.is_ended() => self.end(self.live.ended_as().name()),
            Err(error) => {
                warn!(session.id = %self.live.id(), %error, "an event stream ends");
                self.end(error.code())
            }
        }
    }

    /// Goes on from the session's last event.
    fn resync(&mut self, chunk: &mut Chunk, reason: ResyncReason) {
        let head_seq = self.live.read(State::seq);
        let snapshot = format!("/api/sessions/{}/snapshot", self.live.id());
        self.seen = head_seq;
        chunk.about("resync", head_seq, &Resync { reason, epoch: self.epoch, head_seq, snapshot });
    }

    fn end(&mut self, reason: &'static str) -> Bytes {
        self.over = true;
        let mut chunk = Chunk::new(self.epoch);
        chunk.about("end", self.seen, &End { reason });
        chunk.finish()
    }
}
