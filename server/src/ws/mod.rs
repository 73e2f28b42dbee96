//! The WebSocket of a session: `vws.v1.json` and `vws.v1.msgpack`.
//!
//! # Layout
//! - this file: the route, the handshake, the end of a connection.
//! - `connection`: what is said in between.
//! - `rate`: how much a client may say.

mod connection;
mod rate;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use tokio::time::timeout;
use tracing::{Instrument, debug, debug_span};
use vws_core::SessionId;
use vws_core::limits::SNAPSHOT_PART_BYTES;
use vws_core::wire::{CloseCode, Encoding};

use crate::http::{App, Problem, Refusal};
use crate::store::{Follower, StoreError};

/// tungstenite reads ahead this far, at once and for as long as the connection lives. Its default of
/// 128 KiB is most of what an idle connection would cost.
const READ_BUFFER: usize = 4 * 1024;

/// Messages are gathered up to this size before a system call writes them.
const WRITE_BUFFER: usize = 16 * 1024;

/// The largest message that is ever sent, with room: a snapshot's part or a page of peers.
const LARGEST_MESSAGE: usize = SNAPSHOT_PART_BYTES + 16 * 1024;

/// How long a client has to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The session's WebSocket, also under a path of its own: some development proxies cannot forward
/// requests and WebSockets that share a prefix.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/sessions/{id}/ws", get(open)).route("/ws/{id}", get(open))
}

/// A session that is damaged, or cannot be loaded now, is told by the status of the handshake: a client tries
/// again later. A session that does not exist is told by the close code 4004 after the handshake, not by a status
/// of the handshake, since a page is shown nothing of a handshake that fails.
async fn open(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    app.access().check_origin(&headers)?;
    let upgrade = upgrade.map_err(|rejection| Refusal::WebSocketExpected(rejection.to_string()))?;
    if app.stop().is_stopping() {
        return Err(Refusal::Stopping.into());
    }
    let follower = match id.parse::<SessionId>() {
        Ok(id) => follower(&app, id).await?,
        Err(_) => None,
    };
    let (upgrade, encoding) = agree(upgrade, &headers);
    let max_message = app.config().limits.max_message.as_usize();
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(app.config().limits.max_backlog.as_usize().max(LARGEST_MESSAGE + WRITE_BUFFER))
        .max_message_size(max_message)
        .max_frame_size(max_message);
    let span = debug_span!("websocket", session.id = %id);
    let stop = app.stop().clone();
    Ok(upgrade.on_upgrade(move |socket| {
        stop.track(Box::pin(serve(socket, follower, encoding, app).instrument(span)))
    }))
}

/// A place among those who follow the session; `None` where there is no such session.
async fn follower(app: &App, id: SessionId) -> Result<Option<Follower>, Problem> {
    let live = match app.store().get(id).await {
        Ok(live) => live,
        Err(StoreError::Rejected(_)) => return Ok(None),
        Err(unavailable) => return Err(unavailable.into()),
    };
    Ok(Some(live.follow()?))
}

/// The first encoding that the client offers and this server speaks; JSON where it offers none.
///
/// The header is read here, since axum keeps the names without their order.
fn agree(mut upgrade: WebSocketUpgrade, headers: &HeaderMap) -> (WebSocketUpgrade, Encoding) {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|list| list.to_str().ok());
    let mut names = lists.flat_map(|list| list.split(','));
    let offered = names.find_map(|name| Encoding::from_subprotocol(name.trim()));
    if let Some(encoding) = offered {
        upgrade.set_selected_protocol(HeaderValue::from_static(encoding.subprotocol()));
    }
    (upgrade, offered.unwrap_or_default())
}

/// How a connection ends.
#[derive(Debug)]
enum Ending {
    /// The server closes it.
    Close(CloseCode),
    /// The client has closed it, or is gone.
    Gone,
}

async fn serve(mut socket: WebSocket, follower: Option<Follower>, encoding: Encoding, app: Arc<App>) {
    let ending = match follower {
        Some(live) => connection::run(&mut socket, &live, encoding, &app).await,
        None => Ending::Close(CloseCode::NoSuchSession),
    };
    debug!(?ending, "websocket ends");
    if let Ending::Close(code) = ending {
        // A client that does not take the close frame in time is cut off.
        let _ = timeout(CLOSE_TIMEOUT, close(socket, code)).await;
    }
}

/// Sends the close frame and reads until the client has answered it.
async fn close(mut socket: WebSocket, code: CloseCode) {
    let frame = CloseFrame { code: code.code(), reason: code.name().into() };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}
