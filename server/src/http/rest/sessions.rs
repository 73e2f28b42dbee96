//! Sessions: made, listed, named, deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vws_core::command::Change;
use vws_core::reduce::State as _;
use vws_core::session::Origin;
use vws_core::wire::{FromTree, ParseError, Resume, Tree};
use vws_core::{Command, DisplayName, Epoch, Millis, Seq, Session, SessionId, SessionInfo};

use super::super::app::App;
use super::super::authorize::{Address, By};
use super::super::conditional::{IfMatch, IfNoneMatch, etag};
use super::super::problem::Problem;
use super::super::request::{Json, OptionalJson, Query, SessionPath};
use super::super::seen;
use super::reply::{Changed, ChangedSession, json, locate};
use super::{execute, paging};
use crate::auth::{Entry, Happened, Scope};
use crate::store::Known;

/// A session as its creator writes it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SessionDraft {
    /// What to call it; it need not be unique.
    #[serde(default)]
    #[schema(value_type = Option<vws_core::DisplayName>)]
    name: Option<String>,
}

/// What to change of a session.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct SessionPatch {
    /// Its new name; null for none.
    #[schema(value_type = Option<vws_core::DisplayName>)]
    name: Change<String>,
}

impl FromTree for SessionDraft {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode()
    }
}

impl FromTree for SessionPatch {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode()
    }
}

/// A session as a list of all tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ListedSession {
    /// Its id.
    session_id: SessionId,
    /// Its name, if it has one.
    #[schema(required)]
    name: Option<DisplayName>,
    /// When it was created.
    created_at: Millis,
    /// The epoch of its history.
    epoch: Epoch,
    /// The seq of its last event.
    seq: Seq,
    /// How many objects it has.
    object_count: u64,
    /// What it is a copy of; absent when it began empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    /// Why it is not served; absent when it is. It can be deleted all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<String>,
}

impl From<Known> for ListedSession {
    fn from(known: Known) -> Self {
        let damaged = known.damaged().map(str::to_owned);
        let SessionInfo { session_id, name, created_at, epoch, seq, object_count, origin } = known.info();
        Self { session_id, name, created_at, epoch, seq, object_count, origin, damaged }
    }
}

/// Some of the sessions, in the order of their creation.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionPage {
    /// The sessions.
    sessions: Vec<ListedSession>,
    /// What to give as `after` for those that follow; null when there are none.
    #[schema(required)]
    next: Option<SessionId>,
}

/// Make a session
///
/// It is empty, and its world has the defaults.
#[utoipa::path(
    post, path = "/api/sessions", tag = "sessions", operation_id = "create_session",
    request_body(content = Option<SessionDraft>, description = "May be left out."),
    responses(
        (status = 201, description = "The session.", body = SessionInfo, headers(
            ("location" = String, description = "Where the session is."),
            ("etag" = String, description = "Its seq."),
        )),
        (status = 429, description = "There are as many sessions as there may be."),
    ),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    OptionalJson(draft): OptionalJson<SessionDraft>,
) -> Result<Response, Problem> {
    let draft = draft.unwrap_or_default();
    let info = app.store().create(draft.name.as_deref()).await?;
    Ok(made(&info))
}

/// List the sessions
#[utoipa::path(
    get, path = "/api/sessions", tag = "sessions", operation_id = "list_sessions",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
        ("after" = Option<SessionId>, Query, description = "Only those made after this one: `next` of the page before."),
    ),
    responses((status = 200, description = "A page of them, in the order of their creation.", body = SessionPage, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    By(by): By,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.parse("after", |text| text.parse::<SessionId>().map_err(|error| error.to_string()))?;
    query.finish()?;
    let mut found = match by.scope() {
        Scope::All => app.store().list(after, limit + 1),
        Scope::Session(only) => {
            app.store().known(only).filter(|_| after.is_none_or(|after| after < only)).into_iter().collect()
        }
    };
    let more = paging::cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(Known::id);
    let sessions = found.into_iter().map(ListedSession::from).collect();
    let mut response = json(&SessionPage { sessions, next });
    paging::link_next(&mut response, &uri, next.map(|id| id.to_string()).as_deref());
    Ok(response)
}

/// Look at one session
#[utoipa::path(
    get, path = "/api/sessions/{id}", tag = "sessions", operation_id = "get_session",
    params(("id" = SessionId, Path, description = "The session.")),
    responses(
        (status = 200, description = "The session.", body = SessionInfo, headers(("etag" = String, description = "Its seq."))),
    ),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let info = app.store().info(id).await?;
    Ok(known.answer(etag(info.seq), || json(&info)))
}

/// Name a session
#[utoipa::path(
    patch, path = "/api/sessions/{id}", tag = "sessions", operation_id = "rename_session",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content(
        (SessionPatch = "application/json"),
        (SessionPatch = "application/merge-patch+json"),
    )),
    responses(
        (status = 200, description = "The session.", body = ChangedSession, headers(("etag" = String, description = "Its seq."))),
        (status = 412, description = "The session has changed meanwhile."),
    ),
)]
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    Json(patch): Json<SessionPatch>,
) -> Result<ChangedSession, Problem> {
    let command = match patch.name {
        Change::Set(name) => Command::RenameSession { name: Some(name) },
        Change::Reset => Command::RenameSession { name: None },
        // Nothing to change, and the condition to check.
        Change::Keep => Command::Batch { commands: Vec::new() },
    };
    let expected = |session: &Session| condition.expected(|| Some(session.seq()));
    let (outcome, info) = execute(&app, &by, id, command, expected, "", Session::info).await?;
    Ok(Changed::session(&info, &outcome))
}

/// Delete a session
///
/// With it go its objects, its world and its history; its streams end.
#[utoipa::path(
    delete, path = "/api/sessions/{id}", tag = "sessions", operation_id = "delete_session",
    params(("id" = SessionId, Path, description = "The session.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 412, description = "The session has changed meanwhile."),
    ),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    By(by): By,
    Address(address): Address,
    SessionPath(id): SessionPath,
    condition: IfMatch,
) -> Result<StatusCode, Problem> {
    let store = app.store();
    match condition.versions() {
        None => store.delete(id).await?,
        Some(seqs) => {
            let seen = store.delete_at(id, seqs.to_vec()).await;
            seen.map_err(|error| Problem::of_conditional(error, ""))?;
        }
    }
    app.packs().forget(id);
    let entry = Entry::of(Happened::SessionDeleted).by(&by).about(Some(id)).sent_from(address);
    app.auth().audit().note(entry, App::now());
    Ok(StatusCode::NO_CONTENT)
}

/// A session that was made, with where it is.
pub(super) fn made(info: &SessionInfo) -> Response {
    let mut response = with_tag(info);
    *response.status_mut() = StatusCode::CREATED;
    locate(&mut response, format!("/api/sessions/{}", info.session_id));
    seen::tell(Resume { epoch: info.epoch, seq: info.seq }, response.headers_mut());
    response
}

fn with_tag(info: &SessionInfo) -> Response {
    let mut response = json(info);
    response.headers_mut().insert(ETAG, etag(info.seq));
    response
}
