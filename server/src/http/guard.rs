//! What is refused before a handler runs.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use vws_core::limits::OBJECT_NAME_BYTES;

use super::app::App;
use super::authorize::authorize;
use super::origin::Access;
use super::refusal::Refusal;
use super::rest::{IMPORT_PATH, assets};
use crate::config::Limits;
use crate::net::{Place, Source};

/// Bytes that a header line has beside its name and value (`: ` and the line end), and that the
/// request line has beside method and target (two spaces, the version and the line end).
const HEADER_LINE_EXTRA: usize = 4;
const REQUEST_LINE_EXTRA: usize = 12;

pub(super) async fn guard(app: &Arc<App>, mut request: Request, next: Next) -> Response {
    let source = source_of(request.extensions());
    if let Err(refusal) = check(app, &request, source) {
        return refusal.into_response();
    }
    if !source.forwarded {
        return authorize(app, request, next).await;
    }
    // The connection is the proxy's: the client has a place for as long as its answer, or what comes of it, lasts.
    let place = match app.addresses().enter(source.address) {
        Ok(place) => Arc::new(place),
        Err(max) => return Refusal::TooManyOfAddress { max }.into_response(),
    };
    request.extensions_mut().insert(Forwarded(Arc::clone(&place)));
    authorize(app, request, next).await.map(|body| Body::new(Lasting { body, _place: place }))
}

/// Where a request comes from.
pub(crate) fn source_of(extensions: &Extensions) -> Source {
    extensions.get().copied().unwrap_or(Source::NOWHERE)
}

/// The place of a client whom a proxy passes on, for what outlasts its answer.
#[derive(Debug, Clone)]
pub(crate) struct Forwarded(#[expect(dead_code, reason = "it is held")] Arc<Option<Place>>);

/// A body that keeps a place until it has been sent.
struct Lasting {
    body: Body,
    _place: Arc<Option<Place>>,
}

impl HttpBody for Lasting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn check(app: &App, request: &Request, source: Source) -> Result<(), Refusal> {
    let limits = &app.config().limits;
    check_sizes(request, limits)?;
    Access::check_one_host(request)?;
    app.access().check_host(request.headers())?;
    if may_change_state(request.method()) {
        app.access().check_origin(request.headers(), source.https)?;
    }
    Ok(())
}

fn check_sizes(request: &Request, limits: &Limits) -> Result<(), Refusal> {
    let path = request.uri().path();
    if path.len() as u64 > limits.max_path.0 && !has_impossible_name(path) {
        return Err(Refusal::PathTooLong { length: path.len(), max: limits.max_path });
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let head =
        target + request.method().as_str().len() + REQUEST_LINE_EXTRA + header_bytes(request.headers());
    if head as u64 > limits.max_head.0 {
        return Err(Refusal::HeadTooLarge { length: head, max: limits.max_head });
    }
    // What the request announces is refused before a byte of it is read.
    let max = match request.uri().path() {
        IMPORT_PATH => limits.max_import,
        path if assets::is_upload(path) => limits.max_asset,
        _ => limits.max_body,
    };
    if request.body().size_hint().lower() > max.0 {
        return Err(Refusal::BodyTooLarge { max });
    }
    Ok(())
}

/// Whether the path has an object's name in it that is too long however it is encoded: what is wrong is the
/// name then, and its own rule refuses it.
fn has_impossible_name(path: &str) -> bool {
    const LONGEST_ESCAPE: usize = "%00".len();
    let name = || {
        path.strip_prefix("/api/sessions/")?.split_once('/')?.1.strip_prefix("objects/")?.split('/').next()
    };
    name().is_some_and(|name| name.len() > LONGEST_ESCAPE * OBJECT_NAME_BYTES)
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER_LINE_EXTRA).sum()
}

/// Browsers let any page send some of these without asking (POST with no body or a form's), so they
/// must come from a page that may talk to this server. Reading is guarded by the browser, which
/// shows no answer to foreign pages.
fn may_change_state(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
