//! The task that connects, listens, speaks and connects again.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::either::Either;
use tracing::debug;
use vws_core::SessionId;
use vws_core::wire::{ClientMessage, Encoding, ServerMessage};

use crate::shared::{Shared, now};
use crate::socket::Socket;
use crate::tls::{Trust, is_untrusted, unbracketed};
use crate::{ConnectError, Options, Status};

#[cfg(test)]
mod tests;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that says nothing for this long is asked for a sign of life …
const QUIET: Duration = Duration::from_secs(20);
/// … and counts as gone after this, as does one that takes nothing for as long.
const GONE: Duration = Duration::from_secs(45);
/// The largest message that is taken: a part of a snapshot with the largest objects there are.
const MAX_MESSAGE: usize = 64 << 20;

/// Where a session's WebSocket is.
#[derive(Debug)]
pub(crate) struct Address {
    url: String,
    host: String,
    port: u16,
    /// Who is believed to be the server, where it speaks TLS.
    trust: Option<Trust>,
}

/// The address of a session's WebSocket on the server at `base`. Where that speaks TLS, the authorities in `ca_file`,
/// or those of the system, are believed.
pub(crate) fn address(
    base: &str,
    session: SessionId,
    ca_file: Option<&Path>,
) -> Result<Address, ConnectError> {
    let refused = || ConnectError::Address(base.to_owned());
    let uri: Uri = base.parse().map_err(|_| refused())?;
    let authority = uri.authority().ok_or_else(refused)?;
    let (scheme, port, trust) = match (uri.scheme_str(), uri.path()) {
        (Some("http" | "ws"), "" | "/") => ("ws", 80, None),
        (Some("https" | "wss"), "" | "/") => ("wss", 443, Some(Trust::of(ca_file)?)),
        _ => return Err(refused()),
    };
    Ok(Address {
        url: format!("{scheme}://{authority}/api/sessions/{session}/ws"),
        host: unbracketed(authority.host()).to_owned(),
        port: authority.port_u16().unwrap_or(port),
        trust,
    })
}

/// A connection, plain or inside TLS.
type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// Why a connection was not made.
#[derive(Debug)]
pub(crate) struct NotOpened {
    pub(crate) why: String,
    /// The server is another one than the one that was asked for, or its certificate is over.
    pub(crate) untrusted: bool,
}

impl From<String> for NotOpened {
    fn from(why: String) -> Self {
        Self { why, untrusted: false }
    }
}

async fn connected(address: &Address) -> Result<Stream, NotOpened> {
    let tcp = TcpStream::connect((&*address.host, address.port)).await.map_err(|error| error.to_string())?;
    // A command's bytes are not kept back for more to come.
    let _ = tcp.set_nodelay(true);
    let Some(trust) = &address.trust else { return Ok(Either::Left(tcp)) };
    let secured = trust.secure(tcp, &address.host).await;
    secured
        .map(Either::Right)
        .map_err(|error| NotOpened { why: error.to_string(), untrusted: is_untrusted(&error) })
}

/// Opens the WebSocket at `address`.
pub(crate) async fn open(
    address: &Address,
    encoding: Encoding,
) -> Result<WebSocketStream<Stream>, NotOpened> {
    let mut request = address.url.as_str().into_client_request().map_err(|error| error.to_string())?;
    let protocol = HeaderValue::from_static(encoding.subprotocol());
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .read_buffer_size(16 * 1024);
    let stream = connected(address).await?;
    let opened = client_async_with_config(request, stream, Some(config)).await;
    let (socket, _) = opened.map_err(|error| error.to_string())?;
    Ok(socket)
}

/// Why a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The program wishes so.
    Asked,
    /// The server says that trying again is of no use.
    ForGood(String),
    /// Anything else.
    Lost(String),
}

/// Connects by `connect` and connects again, until the program or the server ends it for good.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    connect: impl AsyncFn() -> Result<WebSocketStream<S>, NotOpened>,
    options: Options,
    shared: Arc<Shared>,
    mut outbox: mpsc::Receiver<ClientMessage>,
) {
    let mut attempt = 0;
    let reason = loop {
        let ended = one_connection(&connect, &options, &shared, &mut outbox, &mut attempt).await;
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

async fn one_connection<S: AsyncRead + AsyncWrite + Unpin>(
    connect: &impl AsyncFn() -> Result<WebSocketStream<S>, NotOpened>,
    options: &Options,
    shared: &Shared,
    outbox: &mut mpsc::Receiver<ClientMessage>,
    attempt: &mut u32,
) -> Ended {
    let opened = tokio::select! {
        () = shared.closing() => return Ended::Asked,
        opened = timeout(CONNECT_TIMEOUT, connect()) => opened,
    };
    let mut socket = match opened {
        Ok(Ok(socket)) => Socket::new(socket, options.encoding),
        // A mirror that has followed the server goes on trying: a certificate that is over is made anew.
        Ok(Err(NotOpened { why, untrusted: true }))
            if shared.replica(|replica| replica.confirmed().is_none()) =>
        {
            return Ended::ForGood(why);
        }
        Ok(Err(NotOpened { why, .. })) => return Ended::Lost(why),
        Err(_) => return Ended::Lost("no connection was made in time".to_owned()),
    };
    // One place hears of the end, so that nothing can drop the socket before it is closed in order.
    let ended = tokio::select! {
        () = shared.closing() => Ended::Asked,
        Err(ended) = converse(&mut socket, options, shared, outbox, attempt) => ended,
    };
    if ended == Ended::Asked {
        socket.close().await;
    }
    ended
}

/// Speaks and listens until the connection ends.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    options: &Options,
    shared: &Shared,
    outbox: &mut mpsc::Receiver<ClientMessage>,
    attempt: &mut u32,
) -> Result<Infallible, Ended> {
    socket.say(shared.hello(options))?;
    let (mut welcomed, mut heard_at, mut asked) = (false, Instant::now(), false);
    loop {
        let quiet_at = heard_at + if asked { GONE } else { QUIET };
        let stalled_at = socket.waiting_since().map(|since| since + GONE);
        tokio::select! {
            message = socket.hear() => {
                (heard_at, asked) = (Instant::now(), false);
                let Some(message) = message? else { continue };
                if matches!(message, ServerMessage::Welcome(_)) {
                    welcomed = true;
                    // What waits has no verdict, and is said anew.
                    socket.forget_unsaid();
                }
                for message in shared.receive(message, outbox).map_err(Ended::Lost)? {
                    socket.say(message)?;
                }
                if shared.is_live() {
                    *attempt = 0;
                }
            }
            // Nothing is said between the hello and its welcome, which sends anew what waits.
            message = outbox.recv(), if welcomed && socket.has_said_all() => {
                socket.say(message.ok_or(Ended::Asked)?)?;
                while let Ok(message) = outbox.try_recv() {
                    socket.say(message)?;
                }
            }
            () = sleep_until(stalled_at.map_or(quiet_at, |at| at.min(quiet_at))) => {
                if stalled_at.is_some_and(|at| at <= Instant::now()) {
                    return Err(Ended::Lost("the server takes nothing".to_owned()));
                }
                if asked {
                    return Err(Ended::Lost("the server says nothing".to_owned()));
                }
                asked = true;
                socket.say(ClientMessage::Ping { t: now() as f64 })?;
            }
        }
    }
}
