//! HTTP: the page, the API and what keeps both in bounds.
//!
//! # Layout
//! - [`app`](self::App): what every handler can reach.
//! - `observe`: the outermost layer: request id, span, metrics, panics, and the one shape of refusals.
//! - `guard`: what is refused before a handler runs: sizes, foreign hosts, foreign origins.
//! - `authorize`: who may do what: the one place that knows which route is which operation.
//! - `problem`, `refusal`, `status`: refusals as `application/problem+json`; `last_words`: those that no
//!   handler gives.
//! - [`origin`], `cors`: which pages may talk to this server.
//! - `page`, `page_policy`, `embedded`, `security`: the page and the headers that keep it safe.
//! - `seen`: how far a client has seen a session, and how far an answer knows it.
//! - `request`, `conditional`, `idempotency`: what handlers take from requests.
//! - `packed`: states as they travel compressed.
//! - `rest`: the API's handlers; `openapi`, `openapi_refine`: their description.
//! - `ops`: health, readiness, version, metrics.

mod app;
mod authorize;
mod body;
mod conditional;
mod cors;
mod embedded;
mod guard;
mod idempotency;
mod last_words;
mod observe;
mod openapi;
mod openapi_refine;
mod ops;
pub mod origin;
mod packed;
mod page;
mod page_policy;
mod problem;
mod refusal;
mod request;
mod rest;
mod security;
mod seen;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

pub use app::App;
pub(crate) use guard::{Forwarded, source_of};
pub(crate) use last_words::last_words;
pub use page::PageError;
pub use problem::Problem;
pub use refusal::Refusal;

/// All routes of a server, with the layers around them.
pub(crate) fn router(app: &Arc<App>) -> Router {
    openapi::routes(&app.config().limits)
        .merge(crate::ws::routes())
        .fallback(page::serve)
        .method_not_allowed_fallback(refusal::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), inner))
        .layer(from_fn_with_state(Arc::clone(app), observe::observe))
        .with_state(Arc::clone(app))
}

/// What is around each route within `observe`, from the outside in: headers, CORS, guard, authorization,
/// idempotency. They are one
/// layer of axum's, since each layer costs a request several allocations.
async fn inner(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = cors::cors(&app, request, next).await;
    security::complete(response.headers_mut());
    response
}
