//! What HTTP itself refuses, before or beside any rule of the worlds.

use axum::http::header::{CONNECTION, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::problem::Problem;
use crate::assets::AssetIdInvalid;
use crate::auth::Denied;
use crate::units::{ByteSize, Span};

/// A request that no handler took, or could take.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing is there.
    #[error("there is nothing at {0}")]
    NotFound(String),
    /// The path is known, the method is not.
    #[error("the method is not allowed here; Allow lists those that are")]
    MethodNotAllowed,
    /// The path is too long.
    #[error("the path has {length} bytes, more than {max}")]
    PathTooLong {
        /// How long they are.
        length: usize,
        /// The most allowed.
        max: ByteSize,
    },
    /// Request line and headers are too long.
    #[error("request line and headers have {length} bytes, more than {max}")]
    HeadTooLarge {
        /// How long they are.
        length: usize,
        /// The most allowed.
        max: ByteSize,
    },
    /// hyper gave up on the head before its end.
    #[error("request line and headers have more than {max}, or more than {lines} headers")]
    HeadEndless {
        /// The most bytes allowed.
        max: ByteSize,
        /// The most header lines allowed.
        lines: usize,
    },
    /// hyper gave up on the request line.
    #[error("the target of the request is too long")]
    TargetTooLong,
    /// hyper cannot read the head.
    #[error(
        "the head is not one of an HTTP/1.1 request: the request line, a header or the length of the body is wrong"
    )]
    HeadUnreadable,
    /// Plain HTTP is spoken where HTTPS is.
    #[error("this port speaks HTTPS, and the request came as plain HTTP: the address begins with https://")]
    HttpsExpected,
    /// There is no place for another connection.
    #[error("the server has {max} connections, the most it takes")]
    TooManyConnections {
        /// The most at once.
        max: u32,
    },
    /// There is no place for another connection of this address.
    #[error("{max} connections of this address are open, the most that one may have")]
    TooManyOfAddress {
        /// The most at once.
        max: u32,
    },
    /// The body is too large.
    #[error("the body has more than {max}")]
    BodyTooLarge {
        /// The most allowed.
        max: ByteSize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {within}")]
    BodyTimeout {
        /// The time it had.
        within: Span,
    },
    /// The body broke off, or its framing is wrong.
    #[error("the body did not arrive whole")]
    BodyBroken,
    /// The path names no asset.
    #[error("{0}")]
    AssetIdInvalid(AssetIdInvalid),
    /// The path cannot be decoded.
    #[error("the path is not usable: {detail}")]
    PathInvalid {
        /// Why.
        detail: String,
    },
    /// A query parameter is unknown, given twice, or not what it must be.
    #[error("query parameter {name:?}: {detail}")]
    QueryInvalid {
        /// Which.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A header is not what it must be.
    #[error("header {name}: {detail}")]
    HeaderInvalid {
        /// Which.
        name: HeaderName,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// If-Match names no version that anything can have.
    #[error("If-Match matches nothing: a version is a whole number in quotes, as ETag gives it")]
    NoSuchVersion,
    /// An idempotency key comes with another request than before.
    #[error("the Idempotency-Key was used before for this path with another body or precondition")]
    KeyReused,
    /// The body is of another type than JSON.
    #[error("the content type is {found}; it must be application/json or application/merge-patch+json")]
    UnsupportedMediaType {
        /// What the request says.
        found: String,
    },
    /// The body is of another type than a file that can be imported.
    #[error(
        "the content type is {found}; it must be application/json for a state or application/x-ndjson for a log"
    )]
    NotAFile {
        /// What the request says.
        found: String,
    },
    /// The body is of another type than a model.
    #[error(
        "the content type is {found}; it must be model/gltf-binary, model/gltf+json, application/json or \
         application/octet-stream"
    )]
    NotAModel {
        /// What the request says.
        found: String,
    },
    /// As many files are read and written at once as may be.
    #[error(
        "{max} imports, exports of histories and uploads of models are under way, the most at once; try again later"
    )]
    TooManyTransfers {
        /// The most at once.
        max: u32,
    },
    /// Somebody takes a backup.
    #[error("a backup is being taken, the most at once; try again when it is done")]
    BackupUnderWay,
    /// The body is compressed, or coded in another way.
    #[error("the content encoding is {0:?}; bodies are taken as they are")]
    UnsupportedEncoding(String),
    /// The request is for a host name that this server does not go by.
    #[error("this server does not answer for the host {0:?}; --allow-host names further hosts")]
    HostNotAllowed(String),
    /// The request comes from a page of another origin.
    #[error("requests from the origin {0:?} are not allowed; --allow-origin names further origins")]
    OriginNotAllowed(String),
    /// The request is no WebSocket handshake.
    #[error("a WebSocket handshake is expected here: {0}")]
    WebSocketExpected(String),
    /// A stream is asked to go on from what is no id of its events.
    #[error("Last-Event-ID {0:?} is no id of this stream; its ids look like EPOCH-SEQ")]
    LastEventIdInvalid(String),
    /// The lobby's events after this one are no longer kept.
    #[error("the lobby's events right after {after} are no longer kept; list the sessions")]
    LobbyGone {
        /// The event that was named.
        after: u64,
    },
    /// Who asks may not.
    #[error("{0}")]
    Denied(Denied),
    /// Tokens cannot be made here.
    #[error("this server has no secret to sign tokens with: --auth-secret-file gives it one")]
    NoSigningKey,
    /// The path names no token of its session.
    #[error("the token {0:?} was not made for this session here")]
    NoSuchToken(String),
    /// The server is ending.
    #[error("the server is stopping")]
    Stopping,
    /// Something that should not happen has happened; the log has it.
    #[error("the server failed at this request; its log has more under the request id")]
    Internal,
}

impl Refusal {
    pub(super) fn query(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::QueryInvalid { name: name.into(), detail: detail.into() }
    }

    pub(super) fn header(name: &HeaderName, detail: &'static str) -> Self {
        Self::HeaderInvalid { name: name.clone(), detail }
    }

    const fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::PathTooLong { .. } | Self::TargetTooLong => (StatusCode::URI_TOO_LONG, "path_too_long"),
            Self::HeadTooLarge { .. } | Self::HeadEndless { .. } => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large")
            }
            Self::HeadUnreadable => (StatusCode::BAD_REQUEST, "head_unreadable"),
            Self::HttpsExpected => (StatusCode::BAD_REQUEST, "https_expected"),
            Self::TooManyConnections { .. } => (StatusCode::SERVICE_UNAVAILABLE, "too_many_connections"),
            Self::TooManyOfAddress { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_connections_of_address")
            }
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyTimeout { .. } => (StatusCode::REQUEST_TIMEOUT, "body_timeout"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "body_broken"),
            Self::PathInvalid { .. } => (StatusCode::BAD_REQUEST, "path_invalid"),
            Self::AssetIdInvalid(_) => (StatusCode::BAD_REQUEST, "asset_id_invalid"),
            Self::QueryInvalid { .. } => (StatusCode::BAD_REQUEST, "query_invalid"),
            Self::HeaderInvalid { .. } => (StatusCode::BAD_REQUEST, "header_invalid"),
            Self::NoSuchVersion => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::TooManyTransfers { .. } => (StatusCode::SERVICE_UNAVAILABLE, "too_many_transfers"),
            Self::BackupUnderWay => (StatusCode::SERVICE_UNAVAILABLE, "backup_under_way"),
            Self::UnsupportedMediaType { .. } | Self::NotAFile { .. } | Self::NotAModel { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::UnsupportedEncoding(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding")
            }
            Self::HostNotAllowed(_) => (StatusCode::MISDIRECTED_REQUEST, "host_not_allowed"),
            Self::OriginNotAllowed(_) => (StatusCode::FORBIDDEN, "origin_not_allowed"),
            Self::WebSocketExpected(_) => (StatusCode::UPGRADE_REQUIRED, "websocket_expected"),
            Self::LastEventIdInvalid(_) => (StatusCode::BAD_REQUEST, "last_event_id_invalid"),
            Self::LobbyGone { .. } => (StatusCode::GONE, "history_gone"),
            Self::Denied(denied) if denied.is_about_identity() => (StatusCode::UNAUTHORIZED, denied.code()),
            Self::Denied(denied) => (StatusCode::FORBIDDEN, denied.code()),
            Self::NoSigningKey => (StatusCode::CONFLICT, "no_signing_key"),
            Self::NoSuchToken(_) => (StatusCode::NOT_FOUND, "token_not_found"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// A header that the answer needs: where the rest of a request is not read, the connection ends.
    const fn extra_header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::BodyTooLarge { .. } | Self::BodyTimeout { .. } | Self::BodyBroken => {
                Some((CONNECTION, HeaderValue::from_static("close")))
            }
            // RFC 6750 §3: how to do better.
            Self::Denied(denied) => Some((WWW_AUTHENTICATE, HeaderValue::from_static(denied.challenge()))),
            // RFC 9110 §15.5.22: the answer names the protocol.
            Self::WebSocketExpected(_) => Some((UPGRADE, HeaderValue::from_static("websocket"))),
            Self::TooManyConnections { .. }
            | Self::TooManyOfAddress { .. }
            | Self::TooManyTransfers { .. }
            | Self::BackupUnderWay
            | Self::Stopping => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = refusal.status_and_code();
        let problem = Self::new(status, code, refusal.to_string());
        match refusal.extra_header() {
            Some((name, value)) => problem.with_header(name, value),
            None => problem,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

/// What routes answer to a method that they do not have. axum adds `Allow`.
pub(super) async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}
