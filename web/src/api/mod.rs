//! What the page asks of the server over REST: the list of sessions, and what a session's socket does not
//! tell.
//!
//! # Layout
//! - this file: sessions. [`lobby`]: their list as it changes.
//! - [`time`]: a session's past. [`files`]: sessions as files. [`assets`]: the models that objects
//!   show. [`tokens`]: links that let others in.
//! - [`seen`]: how far the page has been told of its session.

pub mod assets;
pub mod files;
pub mod lobby;
pub mod seen;
pub mod time;
pub mod tokens;

use gloo_net::http::{Request, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vws_core::wire::read_json;
use vws_core::{Problem, SessionId, SessionInfo};

use crate::token::shown;

/// Why a request has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The server refused it.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's reason.
        problem: Problem,
    },
    /// There was no answer, or not one of this server.
    Failed(String),
}

impl ApiError {
    /// What to tell the user.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Refused { problem, .. } => problem.detail.clone(),
            Self::Failed(why) => format!("the server did not answer: {why}"),
        }
    }

    /// Whether the thing that was asked for is not there.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

impl From<gloo_net::Error> for ApiError {
    fn from(error: gloo_net::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Some of the sessions, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
    /// What to ask those that follow with; `None` when there are none.
    pub next: Option<SessionId>,
}

/// Sessions in one answer: the most that the server gives.
const PAGE: usize = 10_000;

#[derive(Serialize)]
struct SessionDraft<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct SessionPatch<'a> {
    name: Option<&'a str>,
}

/// The sessions that were made after `after`, or the first ones.
///
/// # Errors
/// [`ApiError`].
pub async fn list_sessions(after: Option<SessionId>) -> Result<SessionPage, ApiError> {
    let after = after.map(|id| format!("&after={id}")).unwrap_or_default();
    json(shown(Request::get(&format!("/api/sessions?limit={PAGE}{after}"))).send().await?).await
}

/// Makes a session.
///
/// # Errors
/// [`ApiError`].
pub async fn create_session(name: Option<&str>) -> Result<SessionInfo, ApiError> {
    json(shown(Request::post("/api/sessions")).json(&SessionDraft { name })?.send().await?).await
}

/// Gives a session another name, or none.
///
/// # Errors
/// [`ApiError`].
pub async fn rename_session(id: SessionId, name: Option<&str>) -> Result<(), ApiError> {
    done(session(Request::patch, id).json(&SessionPatch { name })?.send().await?).await
}

/// Deletes a session with all that it holds.
///
/// # Errors
/// [`ApiError`].
pub async fn delete_session(id: SessionId) -> Result<(), ApiError> {
    done(session(Request::delete, id).send().await?).await
}

fn session(method: impl Fn(&str) -> RequestBuilder, id: SessionId) -> RequestBuilder {
    shown(method(&format!("/api/sessions/{id}")))
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    let response = good(response).await?;
    read_json(response.text().await?.as_bytes()).map_err(|error| ApiError::Failed(error.to_string()))
}

async fn done(response: Response) -> Result<(), ApiError> {
    good(response).await.map(drop)
}

/// The response, if it is a good one; else the problem that it tells.
async fn good(response: Response) -> Result<Response, ApiError> {
    if response.ok() {
        return Ok(response);
    }
    let status = response.status();
    let problem = response.text().await.ok().and_then(|text| read_json::<Problem>(text.as_bytes()).ok());
    match problem {
        Some(problem) => Err(ApiError::Refused { status, problem }),
        // What stands before the server, such as a proxy, has other forms.
        None => Err(ApiError::Failed(format!("status {status}"))),
    }
}
