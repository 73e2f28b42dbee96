//! All that the server keeps as one file.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::{info, warn};
use utoipa::ToSchema;

use super::super::app::App;
use super::super::authorize::By;
use super::super::problem::Problem;
use super::super::request::Query;
use crate::auth::{Entry, Happened};
use crate::backup::{Manifest, WriteError, file_name};

const MEDIA_TYPE: &str = "application/zstd";
/// Bytes that are sent at once.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for the client.
const WAITING: usize = 4;

/// A tar archive, compressed by zstd.
#[derive(ToSchema)]
#[schema(title = "Backup", value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is described here and written in `backup`")]
pub(in crate::http) struct BackupFile(Vec<u8>);

/// Take a backup
///
/// All that the server keeps: every session with its kept history, the outcomes of recent commands and its models, the
/// tokens that are revoked, and the record of who came. Each session is as it was at one moment; nobody waits for it.
/// Secrets are not in it. `vws restore` makes a data directory of it. One is taken at a time.
#[utoipa::path(
    get, path = "/api/backup", tag = "operation", operation_id = "take_backup",
    responses(
        (status = 200, description = "The file.", content((BackupFile = "application/zstd")),
            headers(("content-disposition" = String, description = "What to call the file."))),
        (status = 503, description = "Another one is being taken."),
    ),
)]
pub(super) async fn take(
    State(app): State<Arc<App>>,
    By(grant): By,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let permit = app.backup()?;
    let now = App::now();
    let auth = app.auth();
    auth.audit().note(Entry::of(Happened::BackupTaken).by(&grant), now);
    let mut record = auth.audit().list(None, usize::MAX);
    record.reverse();
    let job = app.store().backup(auth.revoked().list(now), record, now);
    let (pieces, taken) = mpsc::channel(WAITING);
    let (runtime, metrics) = (Handle::current(), app.metrics());
    spawn_blocking(move || {
        let _one_at_a_time = permit;
        let written = job.write(&runtime, Sending { pieces: pieces.clone(), piece: BytesMut::new() });
        metrics.backup(if written.is_ok() { "whole" } else { "cut_off" });
        if let Some(error) = tell(written) {
            // Whoever takes it knows by that it is not whole.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    let pieces = stream::unfold(taken, |mut taken| async { taken.recv().await.map(|piece| (piece, taken)) });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let name = format!("attachment; filename=\"{}\"", file_name(now));
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::try_from(name).expect("letters and digits are plain ASCII"),
    );
    Ok(response)
}

fn tell(written: Result<Manifest, WriteError>) -> Option<io::Error> {
    match written {
        Ok(Manifest { sessions, events, models, left_out, .. }) => {
            info!(sessions, events, models, left_out = left_out.len(), "a backup was taken");
            None
        }
        Err(error) => {
            warn!(%error, "a backup is cut off");
            Some(io::Error::other(error))
        }
    }
}

/// Hands on what is written as fast as the client takes it.
struct Sending {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    piece: BytesMut,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = self.piece.split().freeze();
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
