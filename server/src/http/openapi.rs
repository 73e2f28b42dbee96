//! The description of the API, made from the handlers' own attributes, and the page to try it on.
//!
//! What is the same for many operations is added here: the refusals that each can answer, the headers
//! that each takes, and the exact form of a command.

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::read::GzDecoder;

use super::app::App;
use super::embedded;
use super::openapi_refine::refine;
use super::page::accepts;
use super::refusal::Refusal;
use super::rest;
use crate::config::Limits;

const EXPLORER_PAGE: &str = include_str!("explorer.html");
const EXPLORER_SCRIPT: &str = include_str!("explorer.js");

/// Swagger UI sets styles on elements and has images in its style sheet.
const EXPLORER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                               img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                               frame-ancestors 'none'";

/// The API's routes, and the routes of its description.
pub(super) fn routes(limits: &Limits) -> Router<Arc<App>> {
    let (api, description) = rest::routes().split_for_parts();
    let description = serde_json::to_value(description).expect("a description has string keys");
    let document = Bytes::from(format!("{:#}", refine(description, limits)));
    let serve_document =
        move || async move { ([(CONTENT_TYPE, "application/json")], document.clone()).into_response() };
    api.route("/openapi.json", get(serve_document)).route("/docs", get(page)).route("/docs/{file}", get(file))
}

async fn page() -> Response {
    explorer("text/html; charset=utf-8", EXPLORER_PAGE).into_response()
}

/// A file of the explorer. What comes from the package is kept as gzip, which every browser takes; it
/// is undone for the rare client that does not.
async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let content_type = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    if name == "start.js" {
        return Ok(explorer(content_type, EXPLORER_SCRIPT).into_response());
    }
    let packed = embedded::EXPLORER.iter().find(|(file, _)| file.strip_suffix(".gz") == Some(&name));
    let (_, bytes) = packed.ok_or_else(|| Refusal::NotFound(format!("/docs/{name}")))?;
    let vary = [(VARY, "accept-encoding")];
    if accepts(&headers, ACCEPT_ENCODING, "gzip") {
        let gzip = [(CONTENT_ENCODING, "gzip")];
        return Ok((vary, gzip, explorer(content_type, Bytes::from_static(bytes))).into_response());
    }
    Ok((vary, explorer(content_type, inflated(bytes)?)).into_response())
}

fn explorer<T: IntoResponse>(content_type: &'static str, content: T) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(EXPLORER_POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, content)
}

fn inflated(gzip: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain).map_err(|_| Refusal::Internal)?;
    Ok(plain)
}
