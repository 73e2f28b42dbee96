//! The task that connects, listens, speaks and connects again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, coding::CloseCode as Code};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tracing::debug;
use vws_core::SessionId;
use vws_core::wire::{ClientMessage, CloseCode, Encoding, ServerMessage};

use crate::shared::{Shared, now};
use crate::{ConnectError, Options, Status};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that says nothing for this long is asked for a sign of life …
const QUIET: Duration = Duration::from_secs(20);
/// … and counts as gone after this.
const GONE: Duration = Duration::from_secs(45);
/// The largest message that is taken: a part of a snapshot with the largest objects there are.
const MAX_MESSAGE: usize = 64 << 20;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The address of a session's WebSocket on the server at `base`.
pub(crate) fn address(base: &str, session: SessionId) -> Result<String, ConnectError> {
    let refused = || ConnectError::Address(base.to_owned());
    let uri: Uri = base.parse().map_err(|_| refused())?;
    let authority = uri.authority().ok_or_else(refused)?;
    match (uri.scheme_str(), uri.path()) {
        (Some("http"), "" | "/") => Ok(format!("ws://{authority}/api/sessions/{session}/ws")),
        _ => Err(refused()),
    }
}

/// Why a connection ended.
enum Ended {
    /// The program wishes so.
    Asked,
    /// The server says that trying again is of no use.
    ForGood(String),
    /// Anything else.
    Lost(String),
}

pub(crate) async fn run(
    address: String,
    options: Options,
    shared: Arc<Shared>,
    mut outbox: mpsc::Receiver<ClientMessage>,
) {
    let mut attempt = 0;
    let reason = loop {
        let ended = tokio::select! {
            () = shared.closing() => Ended::Asked,
            ended = one_connection(&address, &options, &shared, &mut outbox, &mut attempt) => ended,
        };
        shared.disconnected();
        match ended {
            Ended::Asked => break "closed by this program".to_owned(),
            Ended::ForGood(reason) => break reason,
            Ended::Lost(reason) => {
                let wait = options.backoff.draw(attempt);
                attempt = attempt.saturating_add(1);
                debug!(reason, attempt, ?wait, "connection lost");
                shared.set_status(Status::Reconnecting { attempt, wait });
                tokio::select! {
                    () = shared.closing() => break "closed by this program".to_owned(),
                    () = sleep(wait) => {}
                }
            }
        }
    };
    shared.closed(reason);
}

async fn one_connection(
    address: &str,
    options: &Options,
    shared: &Shared,
    outbox: &mut mpsc::Receiver<ClientMessage>,
    attempt: &mut u32,
) -> Ended {
    let encoding = options.encoding;
    let mut socket = match timeout(CONNECT_TIMEOUT, open(address, encoding)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Ended::Lost(error),
        Err(_) => return Ended::Lost("no connection was made in time".to_owned()),
    };
    if let Err(ended) = send(&mut socket, encoding, &shared.hello(options)).await {
        return ended;
    }
    let (mut welcomed, mut heard_at, mut asked) = (false, Instant::now(), false);
    loop {
        let quiet_at = heard_at + if asked { GONE } else { QUIET };
        let done = tokio::select! {
            () = shared.closing() => {
                let frame = CloseFrame { code: Code::Normal, reason: Utf8Bytes::default() };
                let _ = timeout(Duration::from_secs(1), socket.close(Some(frame))).await;
                return Ended::Asked;
            }
            message = socket.next() => {
                (heard_at, asked) = (Instant::now(), false);
                match hear(message, encoding) {
                    Ok(Some(message)) => {
                        if matches!(message, ServerMessage::Welcome(_)) {
                            (welcomed, *attempt) = (true, 0);
                        }
                        take(&mut socket, encoding, shared, outbox, message).await
                    }
                    Ok(None) => Ok(()),
                    Err(ended) => Err(ended),
                }
            }
            // Nothing is said between the hello and its welcome, which sends anew what waits.
            message = outbox.recv(), if welcomed => match message {
                Some(message) => send(&mut socket, encoding, &message).await,
                None => Err(Ended::Asked),
            },
            () = tokio::time::sleep_until(quiet_at) => {
                if asked {
                    Err(Ended::Lost("the server says nothing".to_owned()))
                } else {
                    asked = true;
                    send(&mut socket, encoding, &ClientMessage::Ping { t: now() as f64 }).await
                }
            }
        };
        if let Err(ended) = done {
            return ended;
        }
    }
}

async fn open(address: &str, encoding: Encoding) -> Result<Socket, String> {
    let mut request = address.into_client_request().map_err(|error| error.to_string())?;
    let protocol = HeaderValue::from_static(encoding.subprotocol());
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .read_buffer_size(16 * 1024);
    let (socket, _) =
        connect_async_with_config(request, Some(config), true).await.map_err(|error| error.to_string())?;
    Ok(socket)
}

async fn take(
    socket: &mut Socket,
    encoding: Encoding,
    shared: &Shared,
    outbox: &mut mpsc::Receiver<ClientMessage>,
    message: ServerMessage,
) -> Result<(), Ended> {
    for message in shared.receive(message, outbox).map_err(Ended::Lost)? {
        send(socket, encoding, &message).await?;
    }
    Ok(())
}

async fn send(socket: &mut Socket, encoding: Encoding, message: &ClientMessage) -> Result<(), Ended> {
    let bytes = Bytes::from(encoding.encode_client(message));
    let message = match encoding {
        Encoding::Json => Message::Text(Utf8Bytes::try_from(bytes).expect("JSON is UTF-8")),
        Encoding::MessagePack => Message::Binary(bytes),
    };
    socket.send(message).await.map_err(|error| Ended::Lost(error.to_string()))
}

type Heard = Option<Result<Message, tokio_tungstenite::tungstenite::Error>>;

/// What the server said; nothing for a control frame.
fn hear(message: Heard, encoding: Encoding) -> Result<Option<ServerMessage>, Ended> {
    let bytes = match message {
        None => return Err(Ended::Lost("the server has gone".to_owned())),
        Some(Err(error)) => return Err(Ended::Lost(error.to_string())),
        Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
        Some(Ok(Message::Text(text))) => Bytes::from(text),
        Some(Ok(Message::Binary(bytes))) => bytes,
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(None),
    };
    encoding.decode_server(&bytes).map(Some).map_err(|error| Ended::Lost(error.to_string()))
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    let Some(CloseFrame { code, reason }) = frame else {
        return Ended::Lost("the server closed the connection".to_owned());
    };
    let told = format!("{} {reason}", u16::from(code));
    match CloseCode::from_code(code.into()) {
        Some(known) if !known.is_worth_a_retry() => Ended::ForGood(told),
        _ => Ended::Lost(told),
    }
}
