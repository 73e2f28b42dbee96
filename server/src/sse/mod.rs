//! Live streams of events over plain HTTP: `text/event-stream`, as the HTML standard has it
//! (§9.2, server-sent events).
//!
//! Each event of a log is an unnamed message, its data on one line and its id `EPOCH-SEQ`. A client
//! that connects again with the last id in `Last-Event-ID`, as browsers do by themselves, or in
//! `after`, goes on from there and misses nothing. Named messages tell of the stream itself:
//! - `welcome`, first: which history this is, its last event, and after which event the stream goes on;
//! - `resync`: the place that was asked for is not there any more; where to get the state, which the
//!   events that follow continue;
//! - `end`, last: why the server ends the stream.
//!
//! A stream is pulled by its socket. It holds a place in the feed and one chunk, never a queue; one
//! that falls off the feed reads on from the log.
//!
//! # Layout
//! - `session`: the events of one session; `lobby`: which sessions there are.
//! - `frame`: the format, and ids.

mod frame;
mod lobby;
mod session;

use std::future::Future;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use vws_core::Seq;

pub(crate) use lobby::lobby_stream;
pub(crate) use session::session_stream;

use crate::http::Refusal;
use frame::Position;

/// Where an interrupted client was: sent by browsers when they connect again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells nginx and its like to pass each chunk on at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The media type of a stream: what a request accepts that asks for one.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// The place that a request asks to go on from: `Last-Event-ID`, which a browser adds to the address
/// that it was given, comes before `after`.
fn place(headers: &HeaderMap, after: Option<Seq>) -> Result<Option<Position>, Refusal> {
    let Some(id) = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty()) else {
        return Ok(after.map(|seq| Position { epoch: None, seq }));
    };
    let position = id.to_str().ok().and_then(|id| id.parse().ok());
    let told = || Refusal::LastEventIdInvalid(String::from_utf8_lossy(id.as_bytes()).into_owned());
    position.map(Some).ok_or_else(told)
}

/// Something that yields chunks until it ends.
trait Source: Send + 'static {
    /// The next chunk; `None` at the end. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;
}

fn respond(source: impl Source) -> Response {
    let chunks = stream::unfold(source, |mut source| async move {
        let chunk = source.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), source))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sse2_last_event_id_comes_before_after_and_an_empty_one_is_none() {
        let with_id = |id| HeaderMap::from_iter([(LAST_EVENT_ID, HeaderValue::from_static(id))]);
        assert_eq!(place(&HeaderMap::new(), None), Ok(None));
        assert_eq!(place(&HeaderMap::new(), Some(5)), Ok(Some(Position { epoch: None, seq: 5 })));
        assert_eq!(place(&with_id("7-9"), Some(5)), Ok(Some(Position { epoch: Some(7), seq: 9 })));
        assert_eq!(place(&with_id("9"), None), Ok(Some(Position { epoch: None, seq: 9 })));
        assert_eq!(place(&with_id(""), None), Ok(None));
        let refused = Refusal::LastEventIdInvalid("yesterday".to_owned());
        assert_eq!(place(&with_id("yesterday"), Some(5)), Err(refused));
    }
}
