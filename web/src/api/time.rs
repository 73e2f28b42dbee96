//! What the page asks of the server about a session's past.

use gloo_net::http::Request;
use serde::{Deserialize, Serialize};
use vws_core::model::{Epoch, Seq};
use vws_core::wire::read_json;
use vws_core::{EventRecord, ObjectName, SessionId, SessionInfo, Snapshot};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

use super::{ApiError, good, json};
use crate::link::encoded;
use crate::token::shown;

/// Some events in their order.
#[derive(Debug, Clone, Deserialize)]
pub struct EventPage {
    /// Which history it is.
    pub epoch: Epoch,
    /// The session's last event.
    pub seq: Seq,
    /// The events.
    pub events: Vec<EventRecord>,
}

/// What happened to an object, the newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ObjectHistory {
    /// What to ask older ones with; `None` at the beginning of what is kept.
    pub next: Option<Seq>,
    /// The events.
    pub events: Vec<EventRecord>,
}

/// At most `limit` events after a seq.
///
/// # Errors
/// [`ApiError`]; 410 where they are no longer kept.
pub async fn events(id: SessionId, after: Seq, limit: u64) -> Result<EventPage, ApiError> {
    json(shown(Request::get(&format!("/api/sessions/{id}/events?after={after}&limit={limit}"))).send().await?)
        .await
}

/// The state of a moment.
///
/// # Errors
/// [`ApiError`]; 410 where it is no longer kept.
pub async fn snapshot_at(id: SessionId, seq: Seq) -> Result<Snapshot, ApiError> {
    json(shown(Request::get(&format!("/api/sessions/{id}/snapshot?at={seq}"))).send().await?).await
}

/// About `limit` events about an object, before a seq or the newest.
///
/// # Errors
/// [`ApiError`].
pub async fn object_history(
    id: SessionId,
    name: &ObjectName,
    before: Option<Seq>,
    limit: u64,
) -> Result<ObjectHistory, ApiError> {
    let name = encoded(name.as_str());
    let before = before.map(|seq| format!("&before={seq}")).unwrap_or_default();
    json(
        shown(Request::get(&format!("/api/sessions/{id}/objects/{name}/history?limit={limit}{before}")))
            .send()
            .await?,
    )
    .await
}

#[derive(Deserialize)]
struct Kept {
    session: SessionInfo,
}

/// The longest line that a log file can begin with, in bytes, and more.
const FIRST_LINE: usize = 64 * 1024;

/// The seq of the first state that is kept: a log file begins with it. No more of the file is read.
///
/// # Errors
/// [`ApiError`].
pub async fn first_kept(id: SessionId) -> Result<Seq, ApiError> {
    let response =
        good(shown(Request::get(&format!("/api/sessions/{id}/export?format=log"))).send().await?).await?;
    let cut = || ApiError::Failed("its log file does not begin as one".to_owned());
    let body = response.body().ok_or_else(cut)?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut line = Vec::new();
    while !line.contains(&b'\n') && line.len() < FIRST_LINE {
        let read = JsFuture::from(reader.read()).await.map_err(|_| cut())?;
        let value = js_sys::Reflect::get(&read, &"value".into()).unwrap_or_default();
        let piece = value.dyn_into::<js_sys::Uint8Array>().map_err(|_| cut())?;
        line.extend(piece.to_vec());
    }
    // The rest is not wanted; whether its sender hears of that changes nothing here.
    drop(reader.cancel());
    let first = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    read_json::<Kept>(first).map(|kept| kept.session.seq).map_err(|_| cut())
}

#[derive(Serialize)]
struct Fork<'a> {
    at: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// Makes a session that begins as this one was at a moment; without a name it has the one of then.
///
/// # Errors
/// [`ApiError`].
pub async fn fork(id: SessionId, at: Seq, name: Option<&str>) -> Result<SessionInfo, ApiError> {
    let request = shown(Request::post(&format!("/api/sessions/{id}/fork"))).json(&Fork { at, name })?;
    json(request.send().await?).await
}
