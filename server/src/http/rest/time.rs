//! Time as a feature: forks, differences, the history of one object, and changes taken back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vws_core::command::Change;
use vws_core::history::diff;
use vws_core::model::{ClientId, Epoch, Seq};
use vws_core::reduce::State as _;
use vws_core::session::Digest;
use vws_core::wire::{FromTree, ParseError, Tree};
use vws_core::{Author, Command, EventRecord, ObjectName, Session, SessionId, SessionInfo};

use super::super::app::App;
use super::super::authorize::By;
use super::super::conditional::IfMatch;
use super::super::problem::Problem;
use super::super::refusal::Refusal;
use super::super::request::{Json, ObjectPath, OptionalJson, Query, SessionPath};
use super::commands::Executed;
use super::moment::{self, MomentText};
use super::paging;
use super::reply::{json, streamed};
use super::sessions::made;
use crate::auth::Operation;
use crate::store::Moment;

/// Where a fork begins and what it is called.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Fork {
    /// What to call it. Left out, it has the name that the session had then; null for none.
    #[schema(value_type = Option<vws_core::DisplayName>)]
    name: Change<String>,
    /// A seq, or a time of RFC 3339 (or a seq in digits); left out, now.
    #[schema(value_type = Option<MomentText>, default = json!(null))]
    at: Option<At>,
}

/// A moment as a request's body gives it: a number is a seq, a text a time.
#[derive(Debug)]
struct At(Moment);

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = At;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a seq or a time of RFC 3339")
            }
            fn visit_u64<E: serde::de::Error>(self, seq: u64) -> Result<At, E> {
                moment::moment(&seq.to_string()).map(At).map_err(E::custom)
            }
            fn visit_str<E: serde::de::Error>(self, time: &str) -> Result<At, E> {
                moment::moment(time).map(At).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Which change to take back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Undo {
    /// One of the events of the command.
    #[schema(minimum = 1, maximum = 9007199254740991_u64)]
    seq: Seq,
    /// Whose command the taking back is; left out, nobody's.
    #[serde(default)]
    by: Option<UndoAuthor>,
}

/// A client and the number of its command.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UndoAuthor {
    #[schema(value_type = ClientId)]
    client_id: String,
    #[serde(deserialize_with = "vws_core::wire::command_id")]
    #[schema(minimum = 1, maximum = 9007199254740991_u64)]
    command_id: u64,
}

impl FromTree for Fork {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode()
    }
}

impl FromTree for Undo {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode()
    }
}

/// One end of a difference.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DiffEnd {
    /// The session.
    session_id: SessionId,
    /// Which of its histories.
    epoch: Epoch,
    /// The last event of the state.
    seq: Seq,
    /// The digest of the state.
    digest: Digest,
}

/// What leads from one state to another.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Diff {
    /// Where it begins.
    from: DiffEnd,
    /// Where it leads.
    to: DiffEnd,
    /// The commands, in order; none where both have the same content. They may be sent in batches.
    commands: Vec<Command>,
}

/// What happened to an object, the newest first.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes an answer that is written piece by piece")]
pub(in crate::http) struct ObjectHistoryPage {
    /// The session's last event.
    seq: Seq,
    /// What to give as `before` for older ones; null at the beginning of what is kept.
    #[schema(required)]
    next: Option<Seq>,
    /// The events, the newest first.
    events: Vec<EventRecord>,
}

/// Fork a session
///
/// Makes a session that begins as this one is, or was. Its seq goes on from there, so that versions keep
/// their meaning; `origin` tells what it is a copy of. The events before stay with the original.
#[utoipa::path(
    post, path = "/api/sessions/{id}/fork", tag = "sessions", operation_id = "fork_session",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content = Option<Fork>, description = "May be left out."),
    responses(
        (status = 201, description = "The new session.", body = SessionInfo, headers(
            ("location" = String, description = "Where the new session is."),
            ("etag" = String, description = "Its seq."),
        )),
        (status = 410, description = "That moment is no longer kept."),
        (status = 429, description = "There are as many sessions as there may be."),
    ),
)]
pub(super) async fn fork(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    OptionalJson(fork): OptionalJson<Fork>,
) -> Result<Response, Problem> {
    let Fork { name, at } = fork.unwrap_or_default();
    let info = app.store().fork(id, at.map(|At(moment)| moment), name).await?;
    Ok(made(&info))
}

/// Compare two states
///
/// Of two moments of a session, or of two sessions. The commands lead from the one to the other; versions,
/// times and the moment at which an orbit began are not compared.
#[utoipa::path(
    get, path = "/api/sessions/{id}/diff", tag = "history", operation_id = "diff_session",
    params(
        ("id" = SessionId, Path, description = "The session that the difference begins with."),
        ("from" = Option<MomentText>, Query, description = "A moment of it: a seq, or a time of RFC 3339. Left out, now."),
        ("with" = Option<SessionId>, Query, description = "The session that it leads to; left out, the same one."),
        ("to" = Option<MomentText>, Query, description = "A moment of that; left out, now."),
    ),
    responses(
        (status = 200, description = "The difference.", body = Diff),
        (status = 410, description = "One of the moments is no longer kept."),
    ),
)]
pub(super) async fn difference(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    mut query: Query,
) -> Result<Response, Problem> {
    let from = moment::take(&mut query, "from")?;
    let with = query.parse("with", |text| text.parse::<SessionId>().map_err(|error| error.to_string()))?;
    let to = moment::take(&mut query, "to")?;
    query.finish()?;
    if let Some(other) = with {
        by.check(Operation::Read, Some(other)).map_err(Refusal::from)?;
    }
    let from = state(&app, id, from).await?;
    let to = state(&app, with.unwrap_or(id), to).await?;
    Ok(json(&Diff { from: end(&from), to: end(&to), commands: diff(&from, &to) }))
}

/// A copy of a state, which nobody waits for while it is compared.
async fn state(app: &App, id: SessionId, at: Option<Moment>) -> Result<Session, Problem> {
    let live = app.store().get(id).await?;
    let at = at.unwrap_or_else(|| Moment::Seq(live.read(|session| session.seq())));
    Ok(live.at(at).await?)
}

fn end(session: &Session) -> DiffEnd {
    DiffEnd { session_id: session.id(), epoch: session.epoch(), seq: session.seq(), digest: session.digest() }
}

/// See what happened to an object
///
/// The events about it, the newest first: who changed what, and when. It is followed back through renames;
/// objects that had its name before are told of too.
#[utoipa::path(
    get, path = "/api/sessions/{id}/objects/{name}/history", tag = "history", operation_id = "get_object_history",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("name" = ObjectName, Path, description = "The object, percent-encoded."),
        ("before" = Option<u64>, Query, description = "Only those before this seq: `next` of the page before.", maximum = 9007199254740991_u64),
        ("limit" = Option<u32>, Query, description = "About so many.", minimum = 1, maximum = 10000),
    ),
    responses((status = 200, description = "A page of them.", body = ObjectHistoryPage, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn object_history(
    State(app): State<Arc<App>>,
    ObjectPath { session, name }: ObjectPath,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let before = query.parse("before", super::history::seq)?;
    query.finish()?;
    let live = app.store().get(session).await?;
    let history = live.object_history(&name, before, limit).await?;
    if history.events.is_empty() && before.is_none() && live.read(|s| s.object(name.as_str()).is_none()) {
        return Err(super::objects::not_found(name.as_str()));
    }
    let seq = live.read(|session| session.seq());
    let next = history.before.map_or_else(|| "null".to_owned(), |seq| seq.to_string());
    let head = format!(r#"{{"seq":{seq},"next":{next},"events":["#);
    let mut response = streamed(head.into_bytes(), history.events, b"]}".to_vec());
    paging::link_older(&mut response, &uri, history.before);
    Ok(response)
}

/// Take a change back
///
/// Takes back the whole command that an event came of, as a change of its own: it is in the log like any
/// other, and taking that back is a redo. Refused where what the command changed has been changed since.
#[utoipa::path(
    post, path = "/api/sessions/{id}/undo", tag = "commands", operation_id = "undo_command",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Undo,
    responses(
        (status = 200, description = "It is taken back.", body = Executed),
        (status = 409, description = "What it changed has been changed since, or a name is taken again."),
        (status = 410, description = "The command is no longer kept."),
        (status = 412, description = "The session has changed meanwhile."),
        (status = 429, description = "The session has as many objects as it may have."),
    ),
)]
pub(super) async fn undo(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    Json(undo): Json<Undo>,
) -> Result<Response, Problem> {
    let author = undo.by.map(|by| {
        ClientId::new(&by.client_id).map(|client_id| Author { client_id, command_id: by.command_id })
    });
    let author = author
        .transpose()
        .map_err(|invalid| Problem::from(vws_core::Rejection::at("/by/client_id", invalid)))?;
    let live = app.store().get(id).await?;
    let expected = condition.expected(|| Some(live.read(|session| session.seq())));
    let refused = if expected.is_some() { Problem::of_conditional } else { Problem::of_body };
    let done = live.undo(undo.seq, author, by.subject().cloned(), expected).await;
    let outcome = done.map_err(|error| refused(error, ""))?;
    Ok(json(&Executed::of(&outcome)))
}
