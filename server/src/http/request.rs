//! What handlers take from a request, each refused in words where it does not fit.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use vws_core::wire::{FromTree, parse_json};
use vws_core::{ObjectName, SessionId};

use super::app::App;
use super::body;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::assets::AssetId;

/// The session that a path names.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionPath(pub(super) SessionId);

/// The object that a path names, percent-encoding undone.
#[derive(Debug, Clone)]
pub(super) struct ObjectPath {
    pub(super) session: SessionId,
    pub(super) name: ObjectName,
}

/// The asset that a path names.
#[derive(Debug, Clone, Copy)]
pub(super) struct AssetPath {
    pub(super) session: SessionId,
    pub(super) asset: AssetId,
}

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(session(&path_parameters(parts, state).await?)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ObjectPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = path_parameters(parts, state).await?;
        let session = session(&parameters)?;
        let name = ObjectName::new("name", parameter(&parameters, "name")).map_err(vws_core::Error::from)?;
        tracing::Span::current().record("object.name", name.as_str());
        Ok(Self { session, name })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AssetPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = path_parameters(parts, state).await?;
        let session = session(&parameters)?;
        let asset = parameter(&parameters, "asset").parse().map_err(Refusal::AssetIdInvalid)?;
        Ok(Self { session, asset })
    }
}

async fn path_parameters<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    let unreadable = |_| Refusal::PathInvalid { detail: "it is not percent-encoded UTF-8".to_owned() };
    Ok(RawPathParams::from_request_parts(parts, state).await.map_err(unreadable)?)
}

fn parameter<'a>(parameters: &'a RawPathParams, key: &str) -> &'a str {
    let found = parameters.iter().find(|(name, _)| *name == key).map(|(_, value)| value);
    found.expect("the route's pattern has this parameter")
}

fn session(parameters: &RawPathParams) -> Result<SessionId, Problem> {
    let id: SessionId = parameter(parameters, "id").parse().map_err(vws_core::Error::from)?;
    tracing::Span::current().record("session.id", tracing::field::display(id));
    Ok(id)
}

/// A JSON body, read by core's strict parser.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

/// A JSON body, or none.
#[derive(Debug)]
pub(super) struct OptionalJson<T>(pub(super) Option<T>);

impl<T: FromTree> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        let limits = &app.config().limits;
        let bytes = body::read(request.into_body(), limits.max_body, limits.body_timeout).await?;
        Ok(Self(parse_json(&bytes)?))
    }
}

impl<T: FromTree> FromRequest<Arc<App>> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let typed = check_content_type(request.headers());
        let limits = &app.config().limits;
        let bytes = body::read(request.into_body(), limits.max_body, limits.body_timeout).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        typed?;
        Ok(Self(Some(parse_json(&bytes)?)))
    }
}

/// Browsers send other types to foreign servers without asking; JSON they ask about first. A body that is
/// compressed is refused (RFC 9110 §8.4), so that no small one unpacks into a large one.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    media_type(
        headers,
        |essence| {
            let json = ["application/json", "application/merge-patch+json"];
            json.iter().any(|t| essence.eq_ignore_ascii_case(t)).then_some(())
        },
        |found| Refusal::UnsupportedMediaType { found },
    )
}

/// What `known` makes of the body's type, without its parameters; `unknown` refuses what it knows not.
pub(super) fn media_type<T>(
    headers: &HeaderMap,
    known: impl FnOnce(&str) -> Option<T>,
    unknown: impl FnOnce(String) -> Refusal,
) -> Result<T, Refusal> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
    if let Some(encoding) = encoding.filter(|e| !e.trim().eq_ignore_ascii_case("identity")) {
        return Err(Refusal::UnsupportedEncoding(encoding.into_owned()));
    }
    let found = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let essence = found.as_deref().map_or("", |f| f.split(';').next().unwrap_or_default()).trim();
    known(essence)
        .ok_or_else(|| unknown(found.as_deref().map_or_else(|| "absent".to_owned(), |f| format!("{f:?}"))))
}

/// The parameters of a query, each taken once; what is left over is refused, so that a misspelt one
/// is not ignored.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        // The parser would read something else where the bytes are no text.
        let unreadable = |pair: &&str| percent_decode_str(pair).decode_utf8().is_err();
        if let Some(pair) = query.split('&').find(unreadable) {
            let name = percent_decode_str(pair.split('=').next().unwrap_or_default()).decode_utf8_lossy();
            return Err(Refusal::query(name, "it is not percent-encoded UTF-8").into());
        }
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Query {
    /// The value of one parameter.
    pub(super) fn take(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        let Some(at) = self.0.iter().position(|(key, _)| key == name) else { return Ok(None) };
        let (_, value) = self.0.remove(at);
        if self.0.iter().any(|(key, _)| key == name) {
            return Err(Refusal::query(name, "it is given twice"));
        }
        Ok(Some(value))
    }

    /// The value of one parameter, read by `read`, which says what it expects where it fails.
    pub(super) fn parse<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        read(&value).map(Some).map_err(|wanted| Refusal::query(name, wanted))
    }

    /// Refuses what was not taken.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        match self.0.into_iter().next() {
            Some((name, _)) => Err(Refusal::query(name, "there is no such parameter")),
            None => Ok(()),
        }
    }
}
