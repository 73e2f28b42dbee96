//! Tokens: made for those whom a session is shared with, and taken back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;
use vws_core::error::RequestError;
use vws_core::model::Role;
use vws_core::wire::{FromTree, ParseError, Tree};
use vws_core::{DisplayName, Millis, Rejection, SessionId};

use super::super::app::App;
use super::super::authorize::{Address, By};
use super::super::problem::Problem;
use super::super::refusal::Refusal;
use super::super::request::{Json, Query, SessionPath};
use super::paging;
use super::reply::{json, locate};
use crate::auth::{
    Claims, Denied, Entry, Happened, LATEST_SECONDS, Operation, Revocation, RevokeError, TokenId,
};

/// Seconds for which a token that is made here may hold: a year.
const MAX_SECONDS: u64 = 31_536_000;

/// What is told of a revocation that was not kept: why is for the operator.
const NOT_KEPT: &str = "the server cannot keep the revocation now";

/// What to make a token of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TokenDraft {
    /// What its holder may do: at most what you may.
    role: Role,
    /// For how many seconds it holds, and no longer than your own token.
    #[schema(minimum = 1, maximum = 31536000)]
    expires_in: u64,
    /// What its holder is called; left out, they say so themselves.
    #[serde(default)]
    #[schema(value_type = Option<vws_core::DisplayName>)]
    name: Option<String>,
}

/// A token. It is told once, and kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MadeToken {
    /// The session that it is for.
    session_id: SessionId,
    /// What it is known by when it is taken back.
    token_id: String,
    /// What its holder may do.
    role: Role,
    /// When it ends, in milliseconds since the Unix epoch.
    expires_at: Millis,
    /// The token.
    token: String,
}

/// A token that is over before its time.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RevokedToken {
    /// What it is known by.
    token_id: String,
    /// Until when that is remembered: its own end.
    until: Millis,
}

/// Some of the tokens that are over before their time, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RevokedPage {
    /// The tokens.
    revoked: Vec<RevokedToken>,
    /// What to give as `after` for those that follow; null when there are none.
    #[schema(required)]
    next: Option<String>,
}

/// Which token to take back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RevokeDraft {
    /// The id of the token (`jti`): 1 to 64 characters of `A-Z a-z 0-9 . _ : -`.
    token_id: String,
    /// The token's own end in milliseconds since the Unix epoch, after which nobody needs to remember it; left out,
    /// it is remembered for ever.
    #[serde(default)]
    #[schema(maximum = 253402300799000_u64)]
    until: Option<u64>,
}

impl FromTree for TokenDraft {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode()
    }
}

impl FromTree for RevokeDraft {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode()
    }
}

impl From<Revocation> for RevokedToken {
    fn from(revocation: Revocation) -> Self {
        Self { token_id: revocation.id.as_str().to_owned(), until: revocation.until }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::TooMany => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_revoked", error.to_string())
            }
            RevokeError::Io(cause) => {
                tracing::warn!(error = %cause, "a revocation was not kept");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "log_unavailable", NOT_KEPT)
            }
            RevokeError::Unreachable(cause) => {
                tracing::warn!(error = %cause, "a revocation was not told to the other nodes");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "log_unavailable", NOT_KEPT)
            }
        }
    }
}

/// Make a token for a session
///
/// What a link carries that lets others in. It takes the role own, a server with a secret
/// (`--auth-secret-file`), and gives at most the role that you have, for no longer than your own token holds.
#[utoipa::path(
    post, path = "/api/sessions/{id}/tokens", tag = "access", operation_id = "make_token",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = TokenDraft,
    responses(
        (status = 201, description = "The token, which is told this once.", body = MadeToken, headers(
            ("location" = String, description = "Where it is taken back."),
        )),
        (status = 409, description = "This server has no secret to sign with."),
    ),
)]
pub(super) async fn share(
    State(app): State<Arc<App>>,
    By(by): By,
    Address(address): Address,
    SessionPath(id): SessionPath,
    Json(draft): Json<TokenDraft>,
) -> Result<Response, Problem> {
    let TokenDraft { role, expires_in, name } = draft;
    app.store().info(id).await?;
    if let Some(own) = by.role().filter(|own| *own < role) {
        return Err(
            Refusal::from(Denied::Role { operation: Operation::Share, role: own, needed: role }).into()
        );
    }
    let name = name.map(|name| DisplayName::new("name", &name)).transpose();
    let name = name.map_err(|fault| Rejection::at("/name", fault))?;
    let now = App::now();
    // A token that ended later than that of who made it would be a way to keep what was given for a time.
    let most = by.until().map_or(MAX_SECONDS, |until| (until.saturating_sub(now) / 1_000).min(MAX_SECONDS));
    if !(1..=most).contains(&expires_in) {
        let detail = format!("expires_in = {expires_in} is outside [1, {most}] seconds");
        return Err(Rejection::at("/expires_in", RequestError::Invalid { detail }).into());
    }
    let token_id = format!("{id}:{}", URL_SAFE_NO_PAD.encode(Uuid::now_v7().as_bytes()));
    let end = now / 1_000 + expires_in;
    let claims = Claims {
        sub: format!("link:{token_id}"),
        name: name.map(|name| name.as_str().to_owned()),
        session: id.to_string(),
        role: role.name().to_owned(),
        exp: end as f64,
        nbf: None,
        iat: Some((now / 1_000) as f64),
        jti: token_id.clone(),
    };
    let token = app.auth().keys().sign(&claims).ok_or(Refusal::NoSigningKey)?;
    let entry = Entry::of(Happened::TokenMade).of_token(&token_id).by(&by).about(Some(id)).sent_from(address);
    app.auth().audit().note(entry, now);
    let path = format!("/api/sessions/{id}/tokens/{token_id}");
    let made = MadeToken { session_id: id, token_id, role, expires_at: end * 1_000, token };
    let mut response = json(&made);
    *response.status_mut() = StatusCode::CREATED;
    locate(&mut response, path);
    Ok(response)
}

/// Take back a token of a session
///
/// One that was made for it here. Its sockets close at once; whether it was still in force is not told.
#[utoipa::path(
    delete, path = "/api/sessions/{id}/tokens/{token}", tag = "access", operation_id = "take_back_token",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("token" = String, Path, description = "The token's id."),
    ),
    responses((status = 204, description = "It does not hold any more.")),
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    By(by): By,
    Address(address): Address,
    Path((session, token)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id: SessionId = session.parse().map_err(vws_core::Error::from)?;
    // Those that were made elsewhere may be of other sessions: they are an administrator's to take back.
    let of_session = token.strip_prefix(&session).is_some_and(|rest| rest.starts_with(':'));
    let token_id = token.parse::<TokenId>().ok().filter(|_| of_session);
    let token_id = token_id.ok_or_else(|| Refusal::NoSuchToken(token.chars().take(80).collect()))?;
    let until = App::now() + MAX_SECONDS * 1_000;
    put_away(&app, Revocation { id: token_id, until }).await?;
    let entry = Entry::of(Happened::TokenRevoked).of_token(&token).by(&by).about(Some(id)).sent_from(address);
    app.auth().audit().note(entry, App::now());
    Ok(StatusCode::NO_CONTENT)
}

/// Take back any token
///
/// By its id. Its sockets close at once.
#[utoipa::path(
    post, path = "/api/tokens/revoked", tag = "access", operation_id = "revoke_token",
    request_body = RevokeDraft,
    responses(
        (status = 200, description = "It does not hold any more.", body = RevokedToken),
        (status = 429, description = "There are as many as can be remembered."),
    ),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    By(by): By,
    Address(address): Address,
    Json(draft): Json<RevokeDraft>,
) -> Result<Response, Problem> {
    const LATEST: Millis = LATEST_SECONDS * 1_000;
    let wrong = |pointer: &str, detail| Rejection::at(pointer, RequestError::Invalid { detail });
    let id = draft.token_id.parse::<TokenId>();
    let id = id.map_err(|fault| wrong("/token_id", format!("token_id: {fault}")))?;
    let until = draft.until.unwrap_or(LATEST);
    if until > LATEST {
        return Err(wrong("/until", format!("until = {until} is outside [0, {LATEST}]")).into());
    }
    let revocation = Revocation { id, until };
    put_away(&app, revocation.clone()).await?;
    let entry = Entry::of(Happened::TokenRevoked).of_token(revocation.id.as_str()).by(&by).sent_from(address);
    app.auth().audit().note(entry, App::now());
    Ok(json(&RevokedToken::from(revocation)))
}

/// List the tokens that were taken back
///
/// Those whose own end has not come.
#[utoipa::path(
    get, path = "/api/tokens/revoked", tag = "access", operation_id = "list_revoked_tokens",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
        ("after" = Option<String>, Query, description = "Only those after this id: `next` of the page before."),
    ),
    responses((status = 200, description = "A page of them, in the order of their ids.", body = RevokedPage, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn revoked(
    State(app): State<Arc<App>>,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.take("after")?.unwrap_or_default();
    query.finish()?;
    let mut found = app.auth().revoked().list(App::now());
    found.retain(|revocation| revocation.id.as_str() > after.as_str());
    let more = paging::cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(|last| last.id.as_str().to_owned());
    let revoked = found.into_iter().map(RevokedToken::from).collect();
    let mut response = json(&RevokedPage { revoked, next: next.clone() });
    paging::link_next(&mut response, &uri, next.as_deref());
    Ok(response)
}

/// Waits for the other nodes, where there are some, or else for the disk beside the threads that answer.
async fn put_away(app: &Arc<App>, revocation: Revocation) -> Result<(), Problem> {
    if let Some(cluster) = app.cluster() {
        return Ok(cluster.revoke(app.auth().revoked(), revocation).await?);
    }
    let app = Arc::clone(app);
    let done = spawn_blocking(move || app.auth().revoked().add(revocation, App::now())).await;
    Ok(done.map_err(|_| Refusal::Internal)??)
}
