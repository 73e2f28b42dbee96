//! The outermost layer. Every answer leaves through here: with a request id, counted, logged, and, if
//! it refuses, in the one shape of refusals.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::field::Empty;
use tracing::{Instrument, debug, error, info_span};
use uuid::{Builder, Uuid};

use super::app::App;
use super::guard::source_of;
use super::problem::{PROBLEM_JSON, Problem};
use super::refusal::Refusal;

/// Carries a request's id in and out.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters in a request id that a client chooses.
pub(super) const REQUEST_ID_CHARS: usize = 64;

/// The most that is kept of a refusal that something else has worded.
const FOREIGN_DETAIL_BYTES: usize = 1024;

/// The route of a request that matched none, in logs and metrics.
const NO_ROUTE: &str = "none";

pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let method = method_name(request.method());
    let span = info_span!(
        "request",
        client.address = %source_of(request.extensions()).address,
        request.id = ?id,
        http.method = method,
        http.route = route,
        session.id = Empty,
        object.name = Empty,
        seq = Empty,
    );

    // A panic has been logged by the process's hook; nothing of it is shown. What it may have left
    // half done lies behind locks that recover or in the request itself.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|_| Refusal::Internal.into_response());
    let shown = id.to_str().unwrap_or_default();
    if let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() {
        problem.render(&mut response, shown);
    } else if is_foreign_refusal(&response) {
        response = translated(response, shown).await;
    }
    response.headers_mut().insert(X_REQUEST_ID, id.clone());

    let status = response.status();
    let took = started.elapsed();
    let took_us = took.as_micros() as u64;
    app.metrics().request(method, route, status.as_u16(), took);
    span.in_scope(|| {
        // That there is no room is told to who asks, as often as they ask; what is wrong has been logged by what knows.
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            error!(http.status = status.as_u16(), took_us, "request failed");
        } else {
            debug!(http.status = status.as_u16(), took_us, "request");
        }
    });
    response
}

/// The client's own id where it is a short plain word, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    match headers.get(X_REQUEST_ID) {
        Some(id) if (1..=REQUEST_ID_CHARS).contains(&id.len()) && id.as_bytes().iter().all(allowed) => {
            id.clone()
        }
        _ => new_request_id(),
    }
}

/// A UUID of version 7. It need not be hard to guess, only another one each time: what is drawn of the system is the
/// beginning of each thread's own sequence.
pub(super) fn new_request_id() -> HeaderValue {
    thread_local! {
        static NEXT: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
        static THREAD: u64 = RandomState::new().hash_one(1);
    }
    let next = NEXT.get().wrapping_add(1);
    NEXT.set(next);
    let bits = (u128::from(THREAD.with(|thread| *thread)) << 64) | u128::from(next);
    let [_, _, _, _, _, _, drawn @ ..] = bits.to_be_bytes();
    let id = Builder::from_unix_timestamp_millis(crate::store::now(), &drawn).into_uuid();
    let mut text = Uuid::encode_buffer();
    HeaderValue::from_str(id.as_hyphenated().encode_lower(&mut text)).expect("a UUID is plain ASCII")
}

/// The method as a label: one of a fixed set, since a client may send any word.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Whether a library refused in its own words.
fn is_foreign_refusal(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && response.headers().get(CONTENT_TYPE) != Some(&PROBLEM_JSON)
}

/// A library's refusal in this server's shape; its headers (such as `Allow`) stay.
async fn translated(response: Response, request_id: &str) -> Response {
    let (parts, body) = response.into_parts();
    let said = to_bytes(body, FOREIGN_DETAIL_BYTES).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let reason = parts.status.canonical_reason().unwrap_or("error");
    let detail = if said.is_empty() { reason } else { said.trim() };
    let code = reason.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let problem = Problem::new(parts.status, code, detail);
    let mut response = Response::from_parts(parts, axum::body::Body::empty());
    problem.render(&mut response, request_id);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::{Assets, Bounds};
    use crate::auth::{Auth, Keys, Revoked, Role};
    use crate::config::{Config, Limits};
    use crate::log::MemoryLog;
    use crate::net::Stop;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt;

    /// What a handler's answer becomes on its way out.
    async fn leaving(handler: axum::routing::MethodRouter) -> (StatusCode, Value) {
        let log = Arc::new(MemoryLog::default());
        let assets = Arc::new(Assets::in_memory(Bounds::from(&Limits::DEFAULT)));
        let auth = Auth::new(Keys::default(), Some(Role::Own), Revoked::default());
        let address = ([127, 0, 0, 1], 0).into();
        let app = App::new(Config::default(), auth, log, assets, address, Stop::default(), None);
        let app = app.await.expect("a server without a page");
        let router = Router::new().route("/", handler).layer(from_fn_with_state(app, observe));
        let request = Request::get("/").body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        assert_eq!(response.headers().get(CONTENT_TYPE), Some(&PROBLEM_JSON));
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn http1_a_panic_is_a_plain_500_that_shows_nothing() {
        let handler = || async {
            assert_eq!(std::hint::black_box(1), 2, "the secret");
            "never"
        };
        let (status, problem) = leaving(get(handler)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &Value::from("internal")));
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }

    #[tokio::test]
    async fn http1_what_a_library_refuses_gets_the_same_shape() {
        let refused = || async { (StatusCode::UPGRADE_REQUIRED, "no handshake") };
        let (status, problem) = leaving(get(refused)).await;
        assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
        assert_eq!(
            (&problem["code"], &problem["detail"]),
            (&"upgrade_required".into(), &"no handshake".into())
        );
        let long = || async { (StatusCode::BAD_REQUEST, "x".repeat(1 << 20)) };
        let (_, problem) = leaving(get(long)).await;
        assert_eq!(problem["detail"], "Bad Request", "what is too long is not repeated");
    }
}
