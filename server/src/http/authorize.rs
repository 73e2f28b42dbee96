//! Who may do what, over HTTP: the one place that knows which route is which operation.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use vws_core::SessionId;

use super::app::App;
use super::guard::source_of;
use super::problem::Problem;
use super::refusal::Refusal;
use super::seen;
use crate::auth::{Denied, Entry, Grant, Operation};

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: it tells nothing of any session.
    Nothing,
    /// What the role must allow.
    One(Operation),
    /// What is asked once more is known: the first message of the WebSocket has the token.
    Later,
}

/// What each route needs (rule AUTH3). One that is not here is refused to everybody, so that none is forgotten.
pub(super) const NEEDS: &[(&str, &str, Need)] = &[
    ("GET", "/healthz", Need::Nothing),
    ("GET", "/readyz", Need::Nothing),
    ("GET", "/version", Need::Nothing),
    ("GET", "/openapi.json", Need::Nothing),
    ("GET", "/docs", Need::Nothing),
    ("GET", "/docs/{file}", Need::Nothing),
    ("GET", "/metrics", Need::One(Operation::Observe)),
    ("GET", "/api/stats", Need::One(Operation::Observe)),
    ("GET", "/api/events", Need::One(Operation::List)),
    ("GET", "/api/sessions", Need::One(Operation::List)),
    ("POST", "/api/sessions", Need::One(Operation::Create)),
    ("POST", "/api/sessions/import", Need::One(Operation::Create)),
    ("POST", "/api/sessions/{id}/fork", Need::One(Operation::Create)),
    ("GET", "/api/sessions/{id}", Need::One(Operation::Read)),
    ("PATCH", "/api/sessions/{id}", Need::One(Operation::Change)),
    ("DELETE", "/api/sessions/{id}", Need::One(Operation::Delete)),
    ("GET", "/api/sessions/{id}/snapshot", Need::One(Operation::Read)),
    ("GET", "/api/sessions/{id}/events", Need::One(Operation::Read)),
    ("GET", "/api/sessions/{id}/export", Need::One(Operation::Read)),
    ("GET", "/api/sessions/{id}/diff", Need::One(Operation::Read)),
    ("GET", "/api/sessions/{id}/objects", Need::One(Operation::Read)),
    ("POST", "/api/sessions/{id}/objects", Need::One(Operation::Change)),
    ("GET", "/api/sessions/{id}/objects/{name}", Need::One(Operation::Read)),
    ("GET", "/api/sessions/{id}/objects/{name}/history", Need::One(Operation::Read)),
    ("PATCH", "/api/sessions/{id}/objects/{name}", Need::One(Operation::Change)),
    ("PUT", "/api/sessions/{id}/objects/{name}", Need::One(Operation::Change)),
    ("DELETE", "/api/sessions/{id}/objects/{name}", Need::One(Operation::Change)),
    ("GET", "/api/sessions/{id}/world", Need::One(Operation::Read)),
    ("POST", "/api/sessions/{id}/world", Need::One(Operation::Change)),
    ("PATCH", "/api/sessions/{id}/world", Need::One(Operation::Change)),
    ("PUT", "/api/sessions/{id}/camera/position", Need::One(Operation::Change)),
    ("POST", "/api/sessions/{id}/camera/orbit", Need::One(Operation::Change)),
    ("DELETE", "/api/sessions/{id}/camera/orbit", Need::One(Operation::Change)),
    ("POST", "/api/sessions/{id}/commands", Need::One(Operation::Change)),
    ("POST", "/api/sessions/{id}/undo", Need::One(Operation::Change)),
    ("GET", "/api/sessions/{id}/assets", Need::One(Operation::Read)),
    ("POST", "/api/sessions/{id}/assets", Need::One(Operation::Change)),
    ("GET", "/api/sessions/{id}/assets/{asset}", Need::One(Operation::Read)),
    ("DELETE", "/api/sessions/{id}/assets/{asset}", Need::One(Operation::Change)),
    ("POST", "/api/sessions/{id}/tokens", Need::One(Operation::Share)),
    ("DELETE", "/api/sessions/{id}/tokens/{token}", Need::One(Operation::Share)),
    ("GET", "/api/tokens/revoked", Need::One(Operation::Administer)),
    ("POST", "/api/tokens/revoked", Need::One(Operation::Administer)),
    ("GET", "/api/audit", Need::One(Operation::Administer)),
    ("GET", "/api/backup", Need::One(Operation::BackUp)),
    ("GET", "/api/sessions/{id}/ws", Need::Later),
    ("GET", "/ws/{id}", Need::Later),
    #[cfg(feature = "echo")]
    ("GET", "/echo", Need::Nothing),
];

/// What the route of a request needs; `None` for one that has no line in the table.
pub(super) fn need(method: &str, path: &str) -> Option<Need> {
    // The head of what may be read.
    let method = if method.eq_ignore_ascii_case("HEAD") { "GET" } else { method };
    let found = NEEDS.iter().find(|(of, at, _)| *at == path && of.eq_ignore_ascii_case(method));
    found.map(|(.., need)| *need)
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A session.
    One(SessionId),
    /// What there is of all of them.
    All,
    /// None.
    Else,
}

/// Refuses what its sender may not do, and tells the handlers who it is.
pub(super) async fn authorize(app: &Arc<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match judge(app, &mut parts) {
        Ok(about) => seen::answer(app, about, Request::from_parts(parts, body), next).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// What the request is about, where its sender may do what it asks.
fn judge(app: &Arc<App>, parts: &mut Parts) -> Result<About, Refusal> {
    // What matches no route is the page, or nothing.
    let Some(path) = parts.extensions.get::<MatchedPath>().cloned() else { return Ok(About::Else) };
    let operation = match need(parts.method.as_str(), path.as_str()) {
        Some(Need::Nothing | Need::Later) => return Ok(About::Else),
        Some(Need::One(operation)) => operation,
        // A method that the route does not have is refused as such by the router.
        None if NEEDS.iter().any(|(_, at, _)| *at == path.as_str()) => return Ok(About::Else),
        None => return Err(Refusal::NotFound(parts.uri.path().to_owned())),
    };
    let token = if app.auth().keys().are_there() { bearer(&parts.headers)? } else { None };
    let now = App::now();
    let refused = |denied: Denied, grant: Option<&Grant>, session| {
        let entry = Entry::refused(&denied, format!("{} {}", parts.method, path.as_str()));
        let entry = entry.about(session).sent_from(source_of(&parts.extensions).address);
        app.auth().audit().note(grant.map_or(entry.clone(), |grant| entry.by(grant)), now);
        Refusal::from(denied)
    };
    let grant = app.auth().grant(token, now).map_err(|denied| refused(denied, None, None))?;
    let session = session_of(parts.uri.path());
    grant.check(operation, session).map_err(|denied| refused(denied, Some(&grant), session))?;
    parts.extensions.insert(grant);
    Ok(session.map_or(About::All, About::One))
}

/// The session that a path names, as paths are made here. One that is written in another way (percent-encoded where
/// it need not be) is none, which takes a token for all.
fn session_of(path: &str) -> Option<SessionId> {
    path.strip_prefix("/api/sessions/")?.split('/').next()?.parse().ok()
}

/// The token of a request (RFC 6750, section 2.1).
///
/// # Errors
/// [`Refusal::HeaderInvalid`] for two of them: which one holds would depend on who reads it.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), again) = (all.next(), all.next()) else { return Ok(None) };
    if again.is_some() {
        return Err(Refusal::header(&AUTHORIZATION, "it is given twice"));
    }
    let refused = || Refusal::header(&AUTHORIZATION, "it must be Bearer and a token");
    let text = value.to_str().map_err(|_| refused())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(refused()) }
}

/// Who sends a request: there once [`authorize`] has let it pass.
#[derive(Debug, Clone)]
pub(super) struct By(pub(super) Arc<Grant>);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Arc<Grant>>().cloned().map(Self).ok_or_else(|| Refusal::Internal.into())
    }
}

/// The address that a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address(pub(super) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(source_of(&parts.extensions).address))
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
