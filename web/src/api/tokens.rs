//! Links that let others into a session.

use gloo_net::http::Request;
use serde::{Deserialize, Serialize};
use vws_core::SessionId;
use vws_core::model::{Millis, Role};

use super::{ApiError, done, json};
use crate::link::encoded;
use crate::token::shown;

#[derive(Serialize)]
struct Draft {
    role: Role,
    expires_in: u64,
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Made {
    /// What it is known by when it is taken back.
    pub token_id: String,
    /// When it ends.
    pub expires_at: Millis,
    /// What the link carries.
    pub token: String,
}

/// Has a token made that holds for so many seconds.
///
/// # Errors
/// [`ApiError`].
pub async fn make(session: SessionId, role: Role, expires_in: u64) -> Result<Made, ApiError> {
    let request = shown(Request::post(&format!("/api/sessions/{session}/tokens")));
    json(request.json(&Draft { role, expires_in })?.send().await?).await
}

/// Takes a token back that was made for the session.
///
/// # Errors
/// [`ApiError`].
pub async fn take_back(session: SessionId, token_id: &str) -> Result<(), ApiError> {
    let path = format!("/api/sessions/{session}/tokens/{}", encoded(token_id));
    done(shown(Request::delete(&path)).send().await?).await
}
