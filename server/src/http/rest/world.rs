//! The world of a session and its camera.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use vws_core::command::{CameraPatch, OrbitDraft, WorldDraft, WorldPatch};
use vws_core::reduce::State as _;
use vws_core::{Command, Session, SessionId, World};

use super::super::app::App;
use super::super::authorize::By;
use super::super::conditional::{IfMatch, IfNoneMatch, etag};
use super::super::problem::Problem;
use super::super::request::{Json, OptionalJson, Query, SessionPath};
use super::execute;
use super::moment::{self, MomentText, View};
use super::reply::{Changed, ChangedWorld, json};
use crate::auth::Grant;

/// Look at the world
///
/// It is always there: until it is set, it has the defaults.
#[utoipa::path(
    get, path = "/api/sessions/{id}/world", tag = "world", operation_id = "get_world",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("at" = Option<MomentText>, Query, description = "As it was then: a seq, or a time of RFC 3339."),
    ),
    responses((status = 200, description = "The world.", body = World, headers(("etag" = String, description = "Its version.")))),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    known: IfNoneMatch,
    mut query: Query,
) -> Result<Response, Problem> {
    let at = moment::take(&mut query, "at")?;
    query.finish()?;
    let world = View::of(&app, id, at).await?.read(|session| session.world().clone());
    Ok(known.answer(etag(world.version), || json(&world)))
}

/// Set the world anew
///
/// What is left out gets its default; an orbit ends.
#[utoipa::path(
    post, path = "/api/sessions/{id}/world", tag = "world", operation_id = "initialize_world",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content = Option<WorldDraft>, description = "May be left out."),
    responses(
        (status = 200, description = "The world.", body = ChangedWorld, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The world has changed meanwhile."),
    ),
)]
pub(super) async fn initialize(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    OptionalJson(world): OptionalJson<WorldDraft>,
) -> Result<ChangedWorld, Problem> {
    let command = Command::InitializeWorld { world: world.unwrap_or_default() };
    change(&app, &by, id, &condition, command, "/world").await
}

/// Change the world
///
/// A merge patch: what is left out stays as it is, null goes back to its default.
#[utoipa::path(
    patch, path = "/api/sessions/{id}/world", tag = "world", operation_id = "update_world",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content(
        (WorldPatch = "application/json"),
        (WorldPatch = "application/merge-patch+json"),
    )),
    responses(
        (status = 200, description = "The world.", body = ChangedWorld, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The world has changed meanwhile."),
    ),
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    Json(patch): Json<WorldPatch>,
) -> Result<ChangedWorld, Problem> {
    change(&app, &by, id, &condition, Command::UpdateWorld { patch }, "/patch").await
}

/// Move the camera
///
/// What is left out stays as it is; an orbit ends.
#[utoipa::path(
    put, path = "/api/sessions/{id}/camera/position", tag = "camera", operation_id = "move_camera",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = CameraPatch,
    responses(
        (status = 200, description = "The world.", body = ChangedWorld, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The world has changed meanwhile."),
    ),
)]
pub(super) async fn move_camera(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    Json(camera): Json<CameraPatch>,
) -> Result<ChangedWorld, Problem> {
    change(&app, &by, id, &condition, Command::MoveCamera { camera }, "/camera").await
}

/// Let the camera circle its target
///
/// Every client computes the same pose from the time.
#[utoipa::path(
    post, path = "/api/sessions/{id}/camera/orbit", tag = "camera", operation_id = "start_orbit",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content = Option<OrbitDraft>, description = "May be left out."),
    responses(
        (status = 200, description = "The world.", body = ChangedWorld, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The world has changed meanwhile."),
    ),
)]
pub(super) async fn start_orbit(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    OptionalJson(orbit): OptionalJson<OrbitDraft>,
) -> Result<ChangedWorld, Problem> {
    let command = Command::StartOrbit { orbit: orbit.unwrap_or_default() };
    change(&app, &by, id, &condition, command, "/orbit").await
}

/// End the camera's orbit
///
/// The camera stands where it stood before.
#[utoipa::path(
    delete, path = "/api/sessions/{id}/camera/orbit", tag = "camera", operation_id = "stop_orbit",
    params(("id" = SessionId, Path, description = "The session.")),
    responses(
        (status = 200, description = "The world.", body = ChangedWorld, headers(("etag" = String, description = "Its version."))),
        (status = 412, description = "The world has changed meanwhile."),
    ),
)]
pub(super) async fn stop_orbit(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
) -> Result<ChangedWorld, Problem> {
    change(&app, &by, id, &condition, Command::StopOrbit, "").await
}

async fn change(
    app: &App,
    by: &Grant,
    session: SessionId,
    condition: &IfMatch,
    command: Command,
    base: &str,
) -> Result<ChangedWorld, Problem> {
    let expected = |session: &Session| condition.expected(|| Some(session.world().version));
    let (outcome, world) =
        execute(app, by, session, command, expected, base, |session| session.world().clone()).await?;
    Ok(Changed::new(&world, world.version, &outcome))
}
