//! A WebSocket in messages of the protocol, read while it is written.
//!
//! Server and client may both have much to say at one moment: a snapshot, and the commands that have no
//! verdict. Were each to write to the end before it reads, both would wait for the other for ever.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, coding::CloseCode as Code};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use vws_core::limits::PENDING_COMMANDS;
use vws_core::wire::{ClientMessage, CloseCode, Encoding, ServerMessage};

use crate::link::Ended;

/// Messages that wait to be written. More come of a server that makes a client say its commands again and
/// again, and takes none.
const MAX_UNSAID: usize = 8 * PENDING_COMMANDS;
/// How long a server has to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Socket<S> {
    stream: WebSocketStream<S>,
    encoding: Encoding,
    /// At most [`MAX_UNSAID`].
    unsaid: VecDeque<ClientMessage>,
    /// Everything that was said is in the hands of the operating system.
    flushed: bool,
    /// When the server last took a message, or began to be behind.
    moved_at: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(crate) fn new(stream: WebSocketStream<S>, encoding: Encoding) -> Self {
        Self { stream, encoding, unsaid: VecDeque::new(), flushed: true, moved_at: Instant::now() }
    }

    /// Puts a message behind those that wait; [`hear`](Self::hear) writes it.
    pub(crate) fn say(&mut self, message: ClientMessage) -> Result<(), Ended> {
        if self.unsaid.len() >= MAX_UNSAID {
            return Err(Ended::Lost("the server takes less than it asks for".to_owned()));
        }
        if self.waiting_since().is_none() {
            self.moved_at = Instant::now();
        }
        self.unsaid.push_back(message);
        Ok(())
    }

    pub(crate) fn has_said_all(&self) -> bool {
        self.unsaid.is_empty()
    }

    /// Drops what waits to be said.
    pub(crate) fn forget_unsaid(&mut self) {
        self.unsaid.clear();
    }

    /// Since when the server has taken nothing of what there is to say.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        (!self.flushed || !self.unsaid.is_empty()).then_some(self.moved_at)
    }

    /// What the server says next, nothing for a control frame; meanwhile writes what there is to say.
    /// Nothing is lost when it is dropped.
    pub(crate) async fn hear(&mut self) -> Result<Option<ServerMessage>, Ended> {
        let message = poll_fn(|context| match self.write(context) {
            Ok(()) => self.stream.poll_next_unpin(context),
            Err(error) => Poll::Ready(Some(Err(error))),
        });
        let bytes = match message.await {
            None => return Err(Ended::Lost("the server has gone".to_owned())),
            Some(Err(error)) => return Err(Ended::Lost(error.to_string())),
            Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(None),
        };
        self.encoding.decode_server(&bytes).map(Some).map_err(|error| Ended::Lost(error.to_string()))
    }

    /// Writes as much as the other side takes now.
    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        while !self.unsaid.is_empty() {
            let Poll::Ready(ready) = self.stream.poll_ready_unpin(context) else { return Ok(()) };
            ready?;
            if let Some(message) = self.unsaid.pop_front() {
                self.stream.start_send_unpin(encoded(self.encoding, &message))?;
                (self.flushed, self.moved_at) = (false, Instant::now());
            }
        }
        if !self.flushed
            && let Poll::Ready(flushed) = self.stream.poll_flush_unpin(context)
        {
            flushed?;
            self.flushed = true;
        }
        Ok(())
    }

    /// Says good-bye and waits for the answer, for no longer than [`CLOSE_TIMEOUT`].
    pub(crate) async fn close(mut self) {
        let frame = CloseFrame { code: Code::Normal, reason: Utf8Bytes::default() };
        let farewell = async {
            if self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // A server that does not answer is left all the same.
        let _ = timeout(CLOSE_TIMEOUT, farewell).await;
    }
}

fn encoded(encoding: Encoding, message: &ClientMessage) -> Message {
    let bytes = Bytes::from(encoding.encode_client(message));
    match encoding {
        Encoding::Json => Message::Text(Utf8Bytes::try_from(bytes).expect("JSON is UTF-8")),
        Encoding::MessagePack => Message::Binary(bytes),
    }
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
