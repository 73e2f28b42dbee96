//! Any command, or several at once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vws_core::model::{Millis, Seq};
use vws_core::reduce::State as _;
use vws_core::{Command, Session, SessionId};

use super::super::app::App;
use super::super::authorize::By;
use super::super::conditional::IfMatch;
use super::super::problem::Problem;
use super::super::request::{Json, SessionPath};
use super::execute as execute_command;
use super::reply::json;
use crate::store::Outcome;

/// What a command came to.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Executed {
    /// The session's last event right after the command.
    seq: Seq,
    /// The command's own events; none when all was already as it wished.
    seqs: Vec<Seq>,
    /// Whether anything changed.
    changed: bool,
    /// When it was decided, in milliseconds since 1970.
    at: Millis,
}

/// Do a command, or a batch
///
/// A batch takes effect whole or not at all, and its events follow one another. `If-Match` gives the
/// version that must be the present one: of the object or the world that the command is about, of
/// the session (its seq) for any other.
#[utoipa::path(
    post, path = "/api/sessions/{id}/commands", tag = "commands", operation_id = "execute_command",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Command,
    responses(
        (status = 200, description = "It took effect.", body = Executed),
        (status = 409, description = "A name is taken, or what the command expects has changed."),
        (status = 412, description = "It has changed meanwhile."),
        (status = 429, description = "The session has as many objects as it may have."),
    ),
)]
pub(super) async fn execute(
    State(app): State<Arc<App>>,
    By(by): By,
    SessionPath(id): SessionPath,
    condition: IfMatch,
    Json(command): Json<Command>,
) -> Result<Response, Problem> {
    let about = Subject::of(&command);
    let expected = |session: &Session| condition.expected(|| about.version(session));
    let (outcome, ()) = execute_command(&app, &by, id, command, expected, "", |_| ()).await?;
    Ok(json(&Executed::of(&outcome)))
}

impl Executed {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let seqs: Vec<Seq> = outcome.seqs.clone().collect();
        let changed = !seqs.is_empty();
        Self { seq: outcome.seq, seqs, changed, at: outcome.at }
    }
}

/// What a command's condition is about.
enum Subject {
    Object(String),
    World,
    Session,
}

impl Subject {
    fn of(command: &Command) -> Self {
        match command {
            Command::UpdateObject { name, .. }
            | Command::RenameObject { name, .. }
            | Command::DeleteObject { name }
            | Command::ExpectObject { name, .. } => Self::Object(name.clone()),
            Command::InitializeWorld { .. }
            | Command::UpdateWorld { .. }
            | Command::MoveCamera { .. }
            | Command::StartOrbit { .. }
            | Command::StopOrbit
            | Command::ExpectWorld { .. } => Self::World,
            Command::CreateObject { .. }
            | Command::ClearObjects
            | Command::RenameSession { .. }
            | Command::Batch { .. } => Self::Session,
        }
    }

    fn version(&self, session: &Session) -> Option<Seq> {
        match self {
            Self::Object(name) => session.object(name).map(|object| object.version),
            Self::World => Some(session.world().version),
            Self::Session => Some(session.seq()),
        }
    }
}
