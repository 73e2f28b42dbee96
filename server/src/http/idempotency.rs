//! `Idempotency-Key`: a POST that is sent again has one effect and gets the first answer.

use std::collections::{HashMap, VecDeque};
use std::mem::size_of;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::watch;
use tracing::Instrument;
use xxhash_rust::xxh3::Xxh3;

use super::app::App;
use super::body;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::auth::{Grant, Subject};
use crate::config::Limits;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks an answer that was given before.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Characters in a key.
const KEY_CHARS: usize = 255;

/// The answers to recent POSTs that carried a key.
#[derive(Debug)]
pub(super) struct Answers {
    max_count: usize,
    max_bytes: usize,
    /// Held for look-ups and inserts only. A std lock, since nothing waits inside it.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Id, Entry>,
    /// The finished ones, oldest first. Those in the making are bounded by the connections.
    finished: VecDeque<Id>,
    bytes: usize,
}

/// A key means something only together with the path that it is sent to and with who sends it: others may draw the
/// same one, and are not to see the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Id(Arc<(String, HeaderValue, Option<Subject>)>);

#[derive(Debug)]
struct Entry {
    fingerprint: u128,
    state: Progress,
}

#[derive(Debug, Clone)]
enum Progress {
    /// The first request is being answered; the channel closes when it has been.
    Running(watch::Receiver<()>),
    Done(Answer),
}

/// An answer that can be given again. A refusal is kept unwritten, as each writes its own request id.
#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    problem: Option<Arc<Problem>>,
}

enum Claim {
    First(watch::Sender<()>),
    Later(Progress),
}

pub(super) async fn idempotent(app: &Arc<App>, request: Request, next: Next) -> Response {
    match once(app, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn once(app: &Arc<App>, request: Request, next: Next) -> Result<Response, Refusal> {
    let key = match request.headers().get(IDEMPOTENCY_KEY) {
        Some(key) if request.method() == Method::POST => usable(key)?,
        _ => return Ok(next.run(request).await),
    };
    let limits = &app.config().limits;
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, limits.max_body, limits.body_timeout).await?;
    let fingerprint = fingerprint(&parts.headers, &bytes);
    let subject = parts.extensions.get::<Arc<Grant>>().and_then(|grant| grant.subject().cloned());
    let id = Id(Arc::new((parts.uri.to_string(), key, subject)));
    let mut request = Some(Request::from_parts(parts, Body::from(bytes)));
    let mut next = Some(next);
    loop {
        match app.answers().claim(&id, fingerprint)? {
            Claim::Later(Progress::Done(answer)) => return Ok(answer.again()),
            Claim::Later(Progress::Running(mut first)) => {
                // It ends by closing. Where it left no answer (it panicked), this request takes over.
                while first.changed().await.is_ok() {}
            }
            Claim::First(running) => {
                let (request, next) = (request.take(), next.take());
                let (Some(request), Some(next)) = (request, next) else { return Err(Refusal::Internal) };
                let first = First { app: Arc::clone(app), id, _running: running };
                // In a task of its own: a client that hangs up must not cut it short between its
                // effect and its answer.
                let task = tokio::spawn(first.run(request, next).in_current_span());
                return app.stop().track(task).await.map_err(|_| Refusal::Internal);
            }
        }
    }
}

/// The first request of a key, which the later ones wait for.
struct First {
    app: Arc<App>,
    id: Id,
    _running: watch::Sender<()>,
}

impl First {
    async fn run(self, request: Request, next: Next) -> Response {
        let answer = Answer::of(next.run(request).await).await;
        if answer.is_final() {
            self.app.answers().finish(&self.id, answer.clone());
        }
        answer.response()
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.app.answers().forget_unfinished(&self.id);
    }
}

fn usable(key: &HeaderValue) -> Result<HeaderValue, Refusal> {
    let visible = key.as_bytes().iter().all(|b| b.is_ascii_graphic());
    if visible && (1..=KEY_CHARS).contains(&key.len()) {
        return Ok(key.clone());
    }
    Err(Refusal::header(&IDEMPOTENCY_KEY, "it is not 1 to 255 visible ASCII characters"))
}

/// What must be the same in a request that is sent again.
fn fingerprint(headers: &HeaderMap, body: &[u8]) -> u128 {
    let mut hash = Xxh3::new();
    for name in [CONTENT_TYPE, IF_MATCH] {
        for value in headers.get_all(name) {
            hash.update(value.as_bytes());
            hash.update(b"\n");
        }
        hash.update(b"\n");
    }
    hash.update(body);
    hash.digest128()
}

impl Answers {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_count: limits.idempotency_keys as usize,
            max_bytes: limits.idempotency_bytes.as_usize(),
            kept: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change under the lock is whole before anything can panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, id: &Id, fingerprint: u128) -> Result<Claim, Refusal> {
        let mut kept = self.lock();
        match kept.entries.get(id) {
            Some(entry) if entry.fingerprint != fingerprint => Err(Refusal::KeyReused),
            Some(entry) => Ok(Claim::Later(entry.state.clone())),
            None => {
                let (running, watcher) = watch::channel(());
                kept.entries.insert(id.clone(), Entry { fingerprint, state: Progress::Running(watcher) });
                Ok(Claim::First(running))
            }
        }
    }

    fn finish(&self, id: &Id, answer: Answer) {
        let mut kept = self.lock();
        let bytes = answer.bytes(id);
        let Some(entry) = kept.entries.get_mut(id) else { return };
        entry.state = Progress::Done(answer);
        kept.bytes += bytes;
        kept.finished.push_back(id.clone());
        while kept.finished.len() > self.max_count || kept.bytes > self.max_bytes {
            let Some(oldest) = kept.finished.pop_front() else { return };
            if let Some(Entry { state: Progress::Done(answer), .. }) = kept.entries.remove(&oldest) {
                kept.bytes -= answer.bytes(&oldest);
            }
        }
    }

    fn forget_unfinished(&self, id: &Id) {
        let mut kept = self.lock();
        if matches!(kept.entries.get(id), Some(Entry { state: Progress::Running(_), .. })) {
            kept.entries.remove(id);
        }
    }
}

impl Answer {
    /// The answers to POSTs are short and made at once; one that cannot be read whole is a fault.
    async fn of(response: Response) -> Self {
        let (mut parts, body) = response.into_parts();
        let problem = parts.extensions.remove();
        match to_bytes(body, usize::MAX).await {
            Ok(body) => Self { status: parts.status, headers: parts.headers, body, problem },
            Err(_) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                problem: Some(Arc::new(Refusal::Internal.into())),
            },
        }
    }

    /// Whether it will not be another one if the request is sent again for good reason. What may have taken effect is not
    /// done again, though nobody knows.
    fn is_final(&self) -> bool {
        let is_unknown = |problem: &Arc<Problem>| problem.code() == vws_core::Problem::OUTCOME_UNKNOWN;
        if self.problem.as_ref().is_some_and(is_unknown) {
            return true;
        }
        !self.status.is_server_error()
            && !matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    }

    fn response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(problem) = self.problem {
            response.extensions_mut().insert(problem);
        }
        response
    }

    fn again(self) -> Response {
        let mut response = self.response();
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        response
    }

    /// About what it takes in memory.
    fn bytes(&self, id: &Id) -> usize {
        let Id(id) = id;
        let headers: usize = self.headers.iter().map(|(n, v)| n.as_str().len() + v.len()).sum();
        let problem = self.problem.as_ref().map_or(0, |problem| problem.bytes());
        let subject = id.2.as_ref().map_or(0, |subject| subject.as_str().len());
        self.body.len() + headers + problem + id.0.len() + id.1.len() + subject + 2 * size_of::<Entry>()
    }
}
