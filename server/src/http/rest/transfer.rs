//! Sessions as files.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tracing::warn;
use utoipa::ToSchema;
use vws_core::error::ProblemField;
use vws_core::reduce::State as _;
use vws_core::session::Digest;
use vws_core::transfer::{Faults, Format, Imported, Importer, LogWriter, state_file};
use vws_core::{Object, Seq, Session, SessionId, SessionInfo, World};

use super::super::app::App;
use super::super::body;
use super::super::problem::Problem;
use super::super::refusal::Refusal;
use super::super::request::{Query, SessionPath, media_type};
use super::moment::{self, MomentText, View};
use super::reply::json;
use super::sessions::made;
use crate::store::{Kept, LiveSession, Moment, StoreConfig, StoreError};

/// The one path whose bodies may be large.
pub(in crate::http) const IMPORT_PATH: &str = "/api/sessions/import";

/// Events of an export that are read from the log and encoded at once.
const PAGE: usize = 512;

/// The kinds of file, as a request names them.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a parameter that is read from its text")]
pub(in crate::http) enum ExportFormat {
    /// The state.
    Json,
    /// The kept history.
    Log,
}

/// A session's state as a file.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a file that is written and read piece by piece")]
pub(in crate::http) struct StateFile {
    /// `vws.state`.
    format: String,
    /// Of the format: 1.
    version: u64,
    /// What it was exported from.
    session: SessionInfo,
    /// The world and its camera.
    world: World,
    /// The digest of the state.
    digest: Digest,
    /// The objects in the order of their names' bytes.
    objects: Vec<Object>,
}

/// What a file is, and all that is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ImportReport {
    /// Whether an import of it would make a session.
    valid: bool,
    /// `vws.state` or `vws.log`.
    format: &'static str,
    /// What it was exported from, as of its last event; null where something is wrong.
    #[schema(required)]
    session: Option<SessionInfo>,
    /// The digest of its last state.
    #[schema(required)]
    digest: Option<Digest>,
    /// How many events it has.
    #[schema(required)]
    events: Option<u64>,
    /// What is wrong with it, each with its line and pointer.
    errors: Vec<ProblemField>,
    /// How much more is wrong with it.
    more: u64,
}

/// Export a session
///
/// As a state (`json`): one JSON document, one object a line, of now or of another moment. Or as a log
/// (`log`): the kept history, as lines of JSON: the state that it begins with, each event with the digest of
/// the state after it, and a last line without which the file was cut short.
#[utoipa::path(
    get, path = "/api/sessions/{id}/export", tag = "sessions", operation_id = "export_session",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("format" = inline(Option<ExportFormat>), Query, description = "Which kind of file; left out, json."),
        ("at" = Option<MomentText>, Query, description = "The state as it was then: a seq, or a time of RFC 3339. A log ends there."),
    ),
    responses(
        (status = 200, description = "The file.", content(
            (StateFile = "application/json"),
            (String = "application/x-ndjson"),
        ), headers(("content-disposition" = String, description = "What to call the file."))),
        (status = 410, description = "That moment is no longer kept."),
    ),
)]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    mut query: Query,
) -> Result<Response, Problem> {
    let format = query.parse("format", |text| match text {
        "json" => Ok(Format::State),
        "log" => Ok(Format::Log),
        _ => Err("expected json or log".to_owned()),
    })?;
    let at = moment::take(&mut query, "at")?;
    query.finish()?;
    match format.unwrap_or(Format::State) {
        Format::State => {
            let snapshot = View::of(&app, id, at).await?.read(Session::snapshot);
            let disposition = disposition(&snapshot.session, Format::State);
            let pieces = state_file(snapshot).map(|piece| Ok::<_, io::Error>(Bytes::from(piece)));
            Ok(file(Body::from_stream(stream::iter(pieces)), Format::State, disposition))
        }
        Format::Log => log(&app, id, at).await,
    }
}

async fn log(app: &App, id: SessionId, at: Option<Moment>) -> Result<Response, Problem> {
    let permit = app.transfer()?;
    let live = app.store().get(id).await?;
    let Kept { base, head } = live.kept().await?;
    let head = match at {
        None => head,
        Some(moment) => live.at(moment).await?.seq(),
    };
    let name = live.read(|session| session.name().cloned());
    let disposition = disposition(&SessionInfo { name, seq: head, ..base.info() }, Format::Log);
    let export = Export { writer: LogWriter::new(base), head, live, _permit: permit };
    let pieces = stream::try_unfold(Some(export), |export| async {
        match export {
            Some(export) => export.next().await.map(Some),
            None => Ok(None),
        }
    });
    Ok(file(Body::from_stream(pieces), Format::Log, disposition))
}

/// A log file that is being sent, made as fast as the client takes it.
struct Export {
    writer: LogWriter,
    head: Seq,
    live: Arc<LiveSession>,
    _permit: OwnedSemaphorePermit,
}

impl Export {
    /// The next piece, and the rest. A file that cannot be finished is cut off, which its reader knows.
    async fn next(mut self) -> io::Result<(Bytes, Option<Self>)> {
        if let Some(piece) = self.writer.opening() {
            return Ok((piece.into(), Some(self)));
        }
        let after = self.writer.seq();
        if after >= self.head {
            return Ok((self.writer.end().into(), None));
        }
        let limit = usize::try_from(self.head - after).unwrap_or(PAGE).min(PAGE);
        match self.events(after, limit).await {
            Ok(piece) => Ok((piece.into(), Some(self))),
            Err(error) => {
                warn!(session.id = %self.live.id(), seq = after, %error, "an export is cut off");
                Err(io::Error::other(error))
            }
        }
    }

    async fn events(&mut self, after: Seq, limit: usize) -> Result<Vec<u8>, StoreError> {
        let page = self.live.events(after, limit).await?;
        if page.events.is_empty() {
            return Err(StoreError::LogUnavailable(format!("event {} is missing", after + 1)));
        }
        let mut piece = Vec::new();
        for event in &page.events {
            let written = self.writer.event(event, &mut piece);
            written.map_err(|gap| StoreError::LogUnavailable(gap.to_string()))?;
        }
        Ok(piece)
    }
}

/// What to call the file: the session's name as far as every file system takes it, and the seq.
fn disposition(info: &SessionInfo, format: Format) -> HeaderValue {
    const MOST: usize = 48;
    let name = info.name.as_ref().map_or("session", |name| name.as_str());
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let plain: String = plain.take(MOST).collect();
    let plain = plain.trim_matches('-');
    let plain = if plain.is_empty() { "session" } else { plain };
    let text = format!("attachment; filename=\"{plain}-{}.{}\"", info.seq, format.extension());
    HeaderValue::try_from(text).expect("letters, digits and hyphens are plain ASCII")
}

fn file(body: Body, format: Format, disposition: HeaderValue) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(CONTENT_DISPOSITION, disposition);
    response
}

/// Import a session
///
/// Makes a session of a file that an export wrote, under an id and an epoch of its own; `origin` tells what
/// it was exported from. A state begins with its seq, a log has its history. The whole file is checked first,
/// as what clients send is; where anything is wrong no session is made, and each fault is told with its line
/// and pointer. With `dry_run` no session is made at all, and what is wrong is told as a report. A file that
/// is sent with an `Idempotency-Key` may be as large as any other body.
pub(super) async fn import(
    State(app): State<Arc<App>>,
    mut query: Query,
    request: Request,
) -> Result<Response, Problem> {
    let dry_run = query
        .parse("dry_run", |text| text.parse::<bool>().map_err(|_| "expected true or false".to_owned()))?;
    query.finish()?;
    let known = |essence: &str| {
        [Format::State, Format::Log].into_iter().find(|f| essence.eq_ignore_ascii_case(f.media_type()))
    };
    let format = media_type(request.headers(), known, |found| Refusal::NotAFile { found })?;
    app.store().check_memory()?;
    let _permit = app.transfer()?;
    let model = StoreConfig::from(&app.config().limits).model;
    let dry_run = dry_run.unwrap_or(false);
    let mut importer =
        if dry_run { Importer::verifying(format, model) } else { Importer::new(format, model) };
    let limits = &app.config().limits;
    let body = request.into_body();
    body::each(body, limits.max_import, limits.import_timeout, |bytes| importer.read(bytes)).await?;
    match importer.finish() {
        done if dry_run => Ok(json(&ImportReport::of(format, done))),
        Ok(imported) => Ok(made(&app.store().import(imported).await?)),
        Err(faults) => Err(Problem::of_file(&faults)),
    }
}

impl ImportReport {
    fn of(format: Format, done: Result<Imported, Faults>) -> Self {
        let format = format.name();
        match done {
            Ok(file) => Self {
                valid: true,
                format,
                session: Some(file.info()),
                digest: Some(file.digest()),
                events: Some(file.events()),
                errors: Vec::new(),
                more: 0,
            },
            Err(faults) => Self {
                valid: false,
                format,
                session: None,
                digest: None,
                events: None,
                errors: faults.to_fields(),
                more: faults.more(),
            },
        }
    }
}
