//! The objects of a session.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa::ToSchema;
use vws_core::command::{ObjectDraft, ObjectPatch};
use vws_core::error::ObjectError;
use vws_core::model::Seq;
use vws_core::reduce::State as _;
use vws_core::wire::canonical_json;
use vws_core::{Command, Object, ObjectName, Session, SessionId};

use super::super::app::App;
use super::super::authorize::By;
use super::super::conditional::{IfMatch, IfNoneMatch, etag};
use super::super::problem::Problem;
use super::super::request::{Json, ObjectPath, Query, SessionPath};
use super::filter::Filter;
use super::moment::{self, MomentText, View};
use super::reply::{Changed, ChangedObject, Deleted, json, locate, streamed};
use super::{execute, paging};
use crate::auth::Grant;

/// Objects that a filtered list looks at in one go: writers wait for no more than that.
const SCAN: usize = 4_096;

/// Some of a session's objects, in the order of their names' bytes.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes an answer that is written piece by piece")]
pub(in crate::http) struct ObjectPage {
    /// Every change up to this one is in the page; later ones may be.
    seq: Seq,
    /// What to give as `after` for those that follow; null when there are none.
    #[schema(required)]
    next: Option<String>,
    /// The objects.
    objects: Vec<Object>,
}

/// Add an object
///
/// Refused where the name is taken: creating never replaces. A version that `If-Match` names is the
/// session's seq.
#[utoipa::path(
    post, path = "/api/sessions/{id}/objects", tag = "objects", operation_id = "create_object",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = ObjectDraft,
    responses(
        (status = 201, description = "The object.", body = ChangedObject, headers(
            ("location" = String, description = "Where the object is."),
            ("etag" = String, description = "Its version."),
        )),
        (status = 409, description = "The name is taken."),
        (status = 412, description = "The session has changed meanwhile."),
        (status = 429, description = "The session has as many objects as it may have."),
    ),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    Json(object): Json<ObjectDraft>,
) -> Result<Response, Problem> {
    let name = object.name.clone();
    let view = view_of(name.clone());
    let command = Command::CreateObject { object };
    let expected = |session: &Session| condition.expected(|| Some(session.seq()));
    let (outcome, object) = execute(&app, &by, id, command, expected, "/object", view).await?;
    let object = object.ok_or_else(|| not_found(&name))?;
    let mut response = Changed::new(&*object, object.version, &outcome).created().into_response();
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    locate(&mut response, format!("/api/sessions/{id}/objects/{name}"));
    Ok(response)
}

/// List the objects
#[utoipa::path(
    get, path = "/api/sessions/{id}/objects", tag = "objects", operation_id = "list_objects",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
        ("after" = Option<String>, Query, description = "Only those whose names come after this one: `next` of the page before."),
        ("at" = Option<MomentText>, Query, description = "As they were then: a seq, or a time of RFC 3339."),
        ("type" = Option<vws_core::ObjectType>, Query, description = "Only those of this type."),
        ("within" = Option<Vec<f64>>, Query, description = "Only those in the box between two corners: x1,y1,z1,x2,y2,z2.", min_items = 6, max_items = 6, style = Form, explode = false),
        ("near" = Option<Vec<f64>>, Query, description = "Only those at most `radius` from this point: x,y,z. The origin where only `radius` is given.", min_items = 3, max_items = 3, style = Form, explode = false),
        ("radius" = Option<f64>, Query, description = "World units around `near`; 1 where only `near` is given.", minimum = 0),
    ),
    responses((status = 200, description = "A page of them, in the order of their names' bytes.", body = ObjectPage, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.take("after")?.unwrap_or_default();
    let at = moment::take(&mut query, "at")?;
    let filter = Filter::of(&mut query)?;
    query.finish()?;
    let view = View::of(&app, id, at).await?;
    let seq = view.read(|session| session.seq());
    let mut found = scan(&view, after, &filter, limit + 1);
    let more = paging::cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(|object| object.name.clone());
    let mut head = format!("{{\"seq\":{seq},\"next\":").into_bytes();
    head.extend(canonical_json(&next));
    head.extend(b",\"objects\":[");
    let mut response = streamed(head, found, b"]}".to_vec());
    paging::link_next(&mut response, &uri, next.as_ref().map(ObjectName::as_str));
    Ok(response)
}

/// At most `limit` objects after `after` that pass.
fn scan(view: &View, mut after: String, filter: &Filter, limit: usize) -> Vec<Arc<Object>> {
    let mut found = Vec::new();
    loop {
        let wanted = limit - found.len();
        let some = if filter.is_open() { wanted } else { SCAN };
        let seen: Vec<Arc<Object>> =
            view.read(|session| session.objects_after(&after).take(some).cloned().collect());
        let last = seen.last().map(|object| object.name.as_str().to_owned());
        let whole = seen.len() < some;
        found.extend(seen.into_iter().filter(|object| filter.passes(object)).take(wanted));
        match last {
            Some(last) if !whole && found.len() < limit => after = last,
            _ => return found,
        }
    }
}

/// Look at one object
#[utoipa::path(
    get, path = "/api/sessions/{id}/objects/{name}", tag = "objects", operation_id = "get_object",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("name" = ObjectName, Path, description = "The object, percent-encoded."),
        ("at" = Option<MomentText>, Query, description = "As it was then: a seq, or a time of RFC 3339."),
    ),
    responses((status = 200, description = "The object.", body = Object, headers(("etag" = String, description = "Its version.")))),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    ObjectPath { session, name }: ObjectPath,
    known: IfNoneMatch,
    mut query: Query,
) -> Result<Response, Problem> {
    let at = moment::take(&mut query, "at")?;
    query.finish()?;
    let object = View::of(&app, session, at).await?.read(view_of(name.as_str().to_owned()));
    let object = object.ok_or_else(|| not_found(name.as_str()))?;
    Ok(known.answer(etag(object.version), || json(&*object)))
}

/// Change an object
///
/// A merge patch: what is left out stays as it is, null goes back to its default.
#[utoipa::path(
    patch, path = "/api/sessions/{id}/objects/{name}", tag = "objects", operation_id = "update_object",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("name" = ObjectName, Path, description = "The object, percent-encoded."),
    ),
    request_body(content(
        (ObjectPatch = "application/json"),
        (ObjectPatch = "application/merge-patch+json"),
    )),
    responses(
        (status = 200, description = "The object.", body = ChangedObject, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The object has changed meanwhile."),
    ),
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    By(by): By,
    path: ObjectPath,
    condition: IfMatch,
    Json(patch): Json<ObjectPatch>,
) -> Result<ChangedObject, Problem> {
    patched(&app, &by, path, &condition, patch).await
}

/// Change an object, by PUT
///
/// The same as PATCH: only what is named changes.
#[utoipa::path(
    put, path = "/api/sessions/{id}/objects/{name}", tag = "objects", operation_id = "put_object",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("name" = ObjectName, Path, description = "The object, percent-encoded."),
    ),
    request_body = ObjectPatch,
    responses(
        (status = 200, description = "The object.", body = ChangedObject, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The object has changed meanwhile."),
    ),
)]
pub(super) async fn replace(
    State(app): State<Arc<App>>,
    By(by): By,
    path: ObjectPath,
    condition: IfMatch,
    Json(patch): Json<ObjectPatch>,
) -> Result<ChangedObject, Problem> {
    patched(&app, &by, path, &condition, patch).await
}

async fn patched(
    app: &App,
    by: &Grant,
    ObjectPath { session, name }: ObjectPath,
    condition: &IfMatch,
    patch: ObjectPatch,
) -> Result<ChangedObject, Problem> {
    let name = name.as_str();
    let expected = |session: &Session| condition.expected(|| version(session, name));
    let command = Command::UpdateObject { name: name.to_owned(), patch };
    let view = view_of(name.to_owned());
    let (outcome, object) = execute(app, by, session, command, expected, "/patch", view).await?;
    let object = object.ok_or_else(|| not_found(name))?;
    Ok(Changed::new(&*object, object.version, &outcome))
}

/// Delete an object
#[utoipa::path(
    delete, path = "/api/sessions/{id}/objects/{name}", tag = "objects", operation_id = "delete_object",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("name" = ObjectName, Path, description = "The object, percent-encoded."),
    ),
    responses(
        (status = 200, description = "It is gone.", body = Deleted),
        (status = 412, description = "The object has changed meanwhile."),
    ),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    By(by): By,
    ObjectPath { session, name }: ObjectPath,
    condition: IfMatch,
) -> Result<Response, Problem> {
    let name = name.as_str().to_owned();
    let expected = |session: &Session| condition.expected(|| version(session, &name));
    let command = Command::DeleteObject { name: name.clone() };
    let (outcome, ()) = execute(&app, &by, session, command, expected, "", |_| ()).await?;
    Ok(json(&Deleted { name, seq: outcome.seq, changed: true }))
}

fn view_of(name: String) -> impl FnOnce(&Session) -> Option<Arc<Object>> + Send + 'static {
    move |session| session.object(&name).cloned()
}

fn version(session: &Session, name: &str) -> Option<Seq> {
    session.object(name).map(|object| object.version)
}

pub(super) fn not_found(name: &str) -> Problem {
    vws_core::Error::from(ObjectError::NotFound { name: name.to_owned() }).into()
}
