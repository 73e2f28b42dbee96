//! A session's whole state, and how it came to be.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vws_core::event::LobbyRecord;
use vws_core::limits::SAFE_INTEGER;
use vws_core::model::{Epoch, Seq};
use vws_core::reduce::State as _;
use vws_core::wire::canonical_json;
use vws_core::{EventRecord, Session, SessionId, Snapshot};

use super::super::app::App;
use super::super::authorize::By;
use super::super::conditional::{IfNoneMatch, etag, weak};
use super::super::packed::{Coding, FEW};
use super::super::page::accepts;
use super::super::problem::Problem;
use super::super::refusal::Refusal;
use super::super::request::{Query, SessionPath};
use super::moment::{self, MomentText, View};
use super::paging;
use super::reply::{json, streamed, with_type};
use crate::sse::{EVENT_STREAM, lobby_stream, session_stream};

/// Some of a session's events, in their order.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes an answer that is written piece by piece")]
pub(in crate::http) struct EventPage {
    /// Which history this is; another one begins anew at seq 1.
    epoch: Epoch,
    /// The session's last event.
    seq: Seq,
    /// What to give as `after` for those that follow; null when this is the end.
    #[schema(required)]
    next: Option<Seq>,
    /// The events.
    events: Vec<EventRecord>,
}

/// Some of the lobby's events, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct LobbyPage {
    /// Which run of the server this is; another one begins anew at seq 1.
    epoch: Epoch,
    /// The lobby's last event.
    seq: Seq,
    /// What to give as `after` for those that follow; null when this is the end.
    #[schema(required)]
    next: Option<Seq>,
    /// The events.
    #[schema(value_type = Vec<LobbyRecord>)]
    events: Vec<Arc<LobbyRecord>>,
}

/// Take the whole state
///
/// The state of one moment, with its seq and digest.
#[utoipa::path(
    get, path = "/api/sessions/{id}/snapshot", tag = "history", operation_id = "get_snapshot",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("at" = Option<MomentText>, Query, description = "As it was then: a seq, or a time of RFC 3339."),
    ),
    responses(
        (status = 200, description = "The state.", body = Snapshot, headers(("etag" = String, description = "Its epoch and seq."))),
        (status = 410, description = "That moment is no longer kept."),
    ),
)]
pub(super) async fn snapshot(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    known: IfNoneMatch,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let at = moment::take(&mut query, "at")?;
    query.finish()?;
    let view = View::of(&app, id, at).await?;
    let coding = Coding::of(&headers).filter(|_| view.read(|session| session.object_count()) > FEW);
    let mut response = match coding {
        Some(coding) => packed(&app, view, coding, &known).await?,
        None => plain(&view, &known),
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

fn tag(epoch: Epoch, seq: Seq) -> HeaderValue {
    etag(format_args!("{epoch}-{seq}"))
}

fn plain(view: &View, known: &IfNoneMatch) -> Response {
    let mut snapshot = view.read(Session::snapshot);
    known.answer(tag(snapshot.session.epoch, snapshot.session.seq), || {
        let objects = std::mem::take(&mut snapshot.objects);
        // The objects are the last field: their places are between these two halves.
        let mut head = canonical_json(&snapshot);
        let tail = head.split_off(head.len() - 2);
        streamed(head, objects, tail)
    })
}

/// The state as a client takes it who can unpack it. Its tag is a weak one: the bytes are others than those of the plain
/// answer (RFC 9110 §8.8.1).
async fn packed(app: &App, view: View, coding: Coding, known: &IfNoneMatch) -> Result<Response, Refusal> {
    let seen = view.read(|session| (session.epoch(), session.seq()));
    if known.has(&tag(seen.0, seen.1)) {
        return Ok(known.answer(weak(tag(seen.0, seen.1)), || Response::new(Body::empty())));
    }
    let packed = match view {
        View::Now(live) => {
            let id = live.id();
            app.packs().present(id, coding, seen, move || live.read(Session::snapshot)).await?
        }
        View::Then(session) => app.packs().past(coding, session.snapshot()).await?,
    };
    let mut response = with_type(Body::from(packed.bytes));
    response.headers_mut().insert(CONTENT_ENCODING, coding.header());
    response.headers_mut().insert(ETAG, weak(tag(packed.epoch, packed.seq)));
    Ok(response)
}

/// Read the events
///
/// With `Accept: text/event-stream` they come as they happen: those after `after`, or those to come.
/// The data of each is the JSON message of the WebSocket, its id is EPOCH-SEQ, and a client that
/// connects again with that id in `Last-Event-ID`, as browsers do by themselves, misses none. Named
/// messages tell of the stream: `welcome` where it begins, `resync` that what was asked for is no
/// longer kept (take the snapshot, then go on), `end` why it ends.
#[utoipa::path(
    get, path = "/api/sessions/{id}/events", tag = "history", operation_id = "list_events",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("after" = Option<u64>, Query, description = "Only those after this seq.", maximum = 9007199254740991_u64),
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
    ),
    responses(
        (status = 200, description = "A page of them.", body = EventPage, headers(
            ("link" = Option<String>, description = "The next page, where there is one."),
        )),
        (status = 410, description = "These events are no longer kept: begin from a snapshot."),
    ),
)]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    uri: Uri,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.parse("after", seq)?;
    query.finish()?;
    if accepts(&headers, ACCEPT, EVENT_STREAM) {
        let live = app.store().get_to_follow(id).await?;
        return session_stream(&app, &live, by, after, &headers).await;
    }
    let live = app.store().get(id).await?;
    let page = live.events(after.unwrap_or(0), limit).await?;
    let epoch = live.read(Session::epoch);
    let next = page.events.last().map(|event| event.seq).filter(|last| *last < page.head);
    let next_json = next.map_or_else(|| "null".to_owned(), |seq| seq.to_string());
    let head = format!(r#"{{"epoch":{epoch},"seq":{},"next":{next_json},"events":["#, page.head);
    let mut response = streamed(head.into_bytes(), page.events, b"]}".to_vec());
    paging::link_next(&mut response, &uri, next.map(|seq| seq.to_string()).as_deref());
    Ok(response)
}

/// Read the lobby's events
///
/// They tell which sessions there are and nothing of their content. With `Accept: text/event-stream`
/// they come as they happen, as a session's do.
#[utoipa::path(
    get, path = "/api/events", tag = "history", operation_id = "list_lobby_events",
    params(
        ("after" = Option<u64>, Query, description = "Only those after this seq.", maximum = 9007199254740991_u64),
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
    ),
    responses(
        (status = 200, description = "A page of them.", body = LobbyPage, headers(
            ("link" = Option<String>, description = "The next page, where there is one."),
        )),
        (status = 410, description = "These events are no longer kept: list the sessions."),
    ),
)]
pub(super) async fn lobby(
    State(app): State<Arc<App>>,
    By(by): By,
    uri: Uri,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.parse("after", seq)?;
    query.finish()?;
    if accepts(&headers, ACCEPT, EVENT_STREAM) {
        return Ok(lobby_stream(&app, by, after, &headers)?);
    }
    let after = after.unwrap_or(0);
    let lobby = app.store().lobby();
    let seq = lobby.head();
    let mut events = if after >= seq {
        Vec::new()
    } else {
        lobby.subscribe(after).take().ok_or(Refusal::LobbyGone { after })?
    };
    events.retain(|record| by.scope().has(record.event.session_id()));
    let more = paging::cut(&mut events, limit);
    let next = events.last().filter(|_| more).map(|event| event.seq);
    let mut response = json(&LobbyPage { epoch: lobby.epoch(), seq, next, events });
    paging::link_next(&mut response, &uri, next.map(|seq| seq.to_string()).as_deref());
    Ok(response)
}

pub(super) fn seq(text: &str) -> Result<Seq, String> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let read = text.parse().ok().filter(|seq| digits && *seq <= SAFE_INTEGER);
    read.ok_or_else(|| format!("expected a whole number in [0, {SAFE_INTEGER}]"))
}
