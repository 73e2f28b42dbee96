//! One connection, in messages of the protocol.

use std::borrow::Cow;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::ReadBuf;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;
use vws_core::wire::{ClientMessage, CloseCode, Encoding, ServerMessage};
use vws_core::{Problem, Seq};

use super::Ending;
use super::read::{Fault, Reader, Received};
use crate::config::Limits;
use crate::feed::frame::{self, Opcode};
use crate::feed::{Caught, Connected, View, Written};
use crate::net::{Inbound, Outbound, Stop};
use crate::store::LiveSession;

/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// The largest message of a connection's own: a page of peers, or the rest of an event's frame.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// How long a client has to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a message says.
#[expect(clippy::large_enum_variant, reason = "moved once; a box would cost each command an allocation")]
pub(super) enum Said {
    Message(ClientMessage),
    /// It is a control frame.
    Nothing,
    /// It cannot be read; a command can be refused by its id.
    Unreadable {
        command: Option<u64>,
        problem: Problem,
    },
    /// The client ends the connection, and has been answered.
    Goodbye,
}

/// What has come, with what every client may ask of a WebSocket already answered.
pub(super) enum Come<'a> {
    /// A message of the client's.
    Message(Opcode, Cow<'a, [u8]>),
    /// A control frame that is of no further concern.
    Control,
    /// The client ends the connection, and has been answered.
    Goodbye,
}

/// What a socket has to tell.
pub(super) enum Stirred {
    /// The client has sent something.
    Heard,
    /// The client takes something again.
    Room,
}

/// The socket, in messages of the protocol.
#[derive(Debug)]
pub(super) struct Wire {
    read: Inbound,
    reader: Reader,
    pub(super) member: Arc<Connected>,
    /// For what this connection writes by itself.
    view: View,
    live: Option<Arc<LiveSession>>,
    stop: Stop,
    stall: Duration,
    /// Since when the socket takes nothing, whatever there was to write to it meanwhile.
    full_since: Option<Instant>,
    /// Bytes of its own that may wait before the client is listened to again.
    max_waiting: usize,
}

impl Wire {
    /// A connection whose client has sent `early` already.
    pub(super) fn new(
        (read, write): (Inbound, Outbound),
        early: &[u8],
        encoding: Encoding,
        live: Option<Arc<LiveSession>>,
        limits: &Limits,
        stop: Stop,
    ) -> Self {
        let mut reader = Reader::new(limits.max_message.as_usize());
        reader.take(early);
        let member = Arc::new(Connected::new(encoding, write));
        let stall = limits.stall_timeout.get();
        let beside = LARGEST_MESSAGE + read.kept_back();
        let max_waiting = limits.max_backlog.as_usize().saturating_sub(beside).max(1);
        Self { read, reader, member, view: View::default(), live, stop, stall, full_since: None, max_waiting }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.member.encoding()
    }

    /// Whether so much waits for the client that it is not listened to.
    pub(super) fn is_full(&self) -> bool {
        self.member.waiting() >= self.max_waiting
    }

    /// Whether the session or the server has ended.
    pub(super) fn is_over(&self) -> Result<(), Ending> {
        if self.stop.is_stopping() {
            return Err(Ending::Close(CloseCode::GoingAway));
        }
        match self.live.as_ref().filter(|live| live.is_ended()) {
            Some(live) => Err(Ending::Close(live.ended_as())),
            None => Ok(()),
        }
    }

    /// The next of what has come, as RFC 6455 has it; its control frames are answered here.
    pub(super) fn come(&mut self) -> Result<Option<Come<'_>>, Fault> {
        Ok(self.reader.next()?.map(|received| match received {
            Received::Text(text) => Come::Message(Opcode::Text, text),
            Received::Binary(bytes) => Come::Message(Opcode::Binary, bytes),
            Received::Ping(payload) => {
                self.member.tell(|own| frame::write(Opcode::Pong, payload, own));
                Come::Control
            }
            Received::Pong => Come::Control,
            Received::Close(code) => {
                let code = code.map(u16::to_be_bytes);
                let payload = code.as_ref().map_or(&[][..], |code| code);
                self.member.tell(|own| frame::write(Opcode::Close, payload, own));
                Come::Goodbye
            }
        }))
    }

    /// Which message of the client's is on its way, where one is.
    pub(super) fn on_its_way(&self) -> Option<u64> {
        self.reader.on_its_way()
    }

    /// Lets go of the buffer where all that has come was read.
    pub(super) fn rest(&mut self) {
        self.reader.rest();
    }

    /// The next message among what has come.
    pub(super) fn heard(&mut self) -> Result<Option<Said>, Ending> {
        let encoding = self.member.encoding();
        let bytes = match self.come().map_err(ending_of)? {
            None => {
                self.rest();
                return Ok(None);
            }
            Some(Come::Message(opcode, bytes)) if opcode == Opcode::of(encoding) => bytes,
            Some(Come::Message(..)) => return Err(Ending::Close(CloseCode::ProtocolViolation)),
            Some(Come::Control) => return Ok(Some(Said::Nothing)),
            Some(Come::Goodbye) => return Ok(Some(Said::Goodbye)),
        };
        Ok(Some(match encoding.decode_client(&bytes) {
            Ok(said) => Said::Message(said),
            Err(rejection) => {
                let command = encoding.command_id(&bytes);
                Said::Unreadable { command, problem: rejection.relative_to("/command").to_problem() }
            }
        }))
    }

    /// Waits until the client has sent something.
    pub(super) async fn more(&mut self) -> Result<(), Ending> {
        match poll_fn(|cx| self.poll_read(cx)).await {
            Ok(read) if read > 0 => Ok(()),
            _ => Err(Ending::Gone),
        }
    }

    /// Waits until the client has sent something, where it `listens`, or takes something again, where it is `full`.
    pub(super) async fn more_or_room(&mut self, listens: bool, full: bool) -> Result<Stirred, Ending> {
        poll_fn(|cx| {
            if full && let Poll::Ready(ready) = self.poll_room(cx) {
                self.full_since = None;
                return Poll::Ready(ready.map(|()| Stirred::Room));
            }
            if !listens {
                return Poll::Pending;
            }
            match ready!(self.poll_read(cx)) {
                Ok(read) if read > 0 => Poll::Ready(Ok(Stirred::Heard)),
                _ => Poll::Ready(Err(Ending::Gone)),
            }
        })
        .await
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        self.read.poll_write_ready(cx).map_err(|failed| gone(&failed))
    }

    /// Reads into the stack, so that who sends nothing has no buffer.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [const { MaybeUninit::uninit() }; PIECE];
        let mut piece = ReadBuf::uninit(&mut piece);
        ready!(self.read.poll_read(cx, &mut piece))?;
        self.reader.take(piece.filled());
        Poll::Ready(Ok(piece.filled().len()))
    }

    pub(super) fn say(&self, message: &ServerMessage) {
        let message = self.encoding().encode_server(message);
        self.say_encoded(&message);
    }

    pub(super) fn say_encoded(&self, message: &[u8]) {
        let opcode = Opcode::of(self.encoding());
        self.member.tell(|own| frame::write(opcode, message, own));
    }

    pub(super) fn reject(&self, id: u64, problem: Problem) {
        self.say(&ServerMessage::Rejected { id, problem });
    }

    pub(super) fn ping(&self) {
        self.member.tell(|own| frame::write(Opcode::Ping, &[], own));
    }

    /// Writes what is its own, as far as the socket takes it now. Where the hub has left the connection to itself, or
    /// its client has just changed something, the events up to the head as well: who speaks need not wait for the
    /// hub to come by. What the hub had left to it is the hub's again once all is written. Answers what else there
    /// is to wait for.
    pub(super) fn push(&mut self, live: &LiveSession, spoke: bool) -> Result<Caught, Ending> {
        let is_held = self.member.is_held();
        if !is_held && !spoke {
            return self.push_own();
        }
        let caught = self.push_to(live, live.feed().head())?;
        if is_held && let Caught::Up = caught {
            live.feed().hand_back(&self.member);
        }
        Ok(caught)
    }

    fn push_own(&mut self) -> Result<Caught, Ending> {
        match self.member.flush() {
            Ok(Written::All) => Ok(self.noted(Caught::Up)),
            Ok(Written::Full) => Ok(self.noted(Caught::Full)),
            Err(failed) => Err(gone(&failed)),
        }
    }

    /// Notes since when the socket is full.
    fn noted(&mut self, caught: Caught) -> Caught {
        match caught {
            Caught::Up => self.full_since = None,
            Caught::Full => _ = self.full_since.get_or_insert_with(Instant::now),
            Caught::Lagged(_) => {}
        }
        caught
    }

    /// When a client that takes nothing counts as stalled, where it takes nothing now.
    pub(super) fn stalled_at(&self) -> Option<Instant> {
        self.full_since.map(|since| since + self.stall)
    }

    fn push_to(&mut self, live: &LiveSession, to: Seq) -> Result<Caught, Ending> {
        let caught = live.feed().catch_up(&self.member, &mut self.view, to);
        // Nothing of the ring is kept from being let go of while the socket is full.
        self.view.empty(to);
        match caught {
            Ok(caught) => Ok(self.noted(caught)),
            Err(failed) => Err(gone(&failed)),
        }
    }

    /// Waits until the socket takes more.
    ///
    /// # Errors
    /// [`Ending`] where it takes no byte for too long, or all is over.
    pub(super) async fn room(&mut self) -> Result<(), Ending> {
        let stalled_at = *self.full_since.get_or_insert_with(Instant::now) + self.stall;
        loop {
            tokio::select! {
                ready = timeout_at(stalled_at, self.read.writable()) => return match ready {
                    Ok(Ok(())) => {
                        self.full_since = None;
                        Ok(())
                    }
                    Ok(Err(_)) => Err(Ending::Gone),
                    Err(_) => Err(Ending::Close(CloseCode::TooSlow)),
                },
                () = self.member.called().notified() => self.is_over()?,
            }
        }
    }

    /// Waits until all that is its own has been written.
    pub(super) async fn flush(&mut self) -> Result<(), Ending> {
        while let Caught::Full = self.push_own()? {
            self.room().await?;
        }
        Ok(())
    }

    /// Waits until all that is its own and the events up to `to` have been written. Answers whether they were there.
    pub(super) async fn catch_up(&mut self, live: &LiveSession, to: Seq) -> Result<bool, Ending> {
        loop {
            match self.push_to(live, to)? {
                Caught::Up => return Ok(true),
                Caught::Full => self.room().await?,
                Caught::Lagged(lagged) => {
                    debug!(%lagged, "resync");
                    return Ok(false);
                }
            }
        }
    }

    /// Writes a frame that others are written too, behind all that is its own.
    pub(super) async fn pass_on(&mut self, frame: &Bytes) -> Result<(), Ending> {
        self.flush().await?;
        let mut done = 0;
        while done < frame.len() {
            match self.member.pass_on(&frame[done..]) {
                Ok(0) => {
                    if let Err(ending) = self.room().await {
                        // What has begun comes to its end before the close frame.
                        if done > 0 {
                            self.member.tell(|own| own.extend_from_slice(&frame[done..]));
                        }
                        return Err(ending);
                    }
                }
                Ok(written) => done += written,
                Err(failed) => return Err(gone(&failed)),
            }
        }
        Ok(())
    }

    /// Says how it ends, and waits for the client to have heard it. A client that does not in time is cut off.
    pub(super) async fn end(&mut self, ending: Ending) {
        self.member.hold();
        match ending {
            Ending::Gone => return,
            Ending::Goodbye => {}
            Ending::Close(code) | Ending::Fault(code) => {
                self.member.tell(|own| frame::write_close(code.code(), code.name(), own));
            }
        }
        let said = async {
            while let Ok(Caught::Full) = self.push_own() {
                if self.read.writable().await.is_err() {
                    return;
                }
            }
            if let Ending::Close(_) = ending {
                self.until_answered().await;
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, said).await;
    }

    /// Throws away what the client goes on sending after a fault, for a while: unread it would have the connection
    /// reset, and the close frame lost.
    pub(super) async fn drain(mut self) {
        let drained = async {
            while self.more().await.is_ok() {
                self.reader.forget();
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, drained).await;
    }

    /// Reads until the client has answered a close frame.
    async fn until_answered(&mut self) {
        loop {
            match self.reader.next() {
                Ok(Some(Received::Close(_))) | Err(_) => return,
                Ok(Some(_)) => {}
                Ok(None) => {
                    if self.more().await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

fn gone(failed: &io::Error) -> Ending {
    debug!(error = %failed, "the socket fails");
    Ending::Gone
}

/// What a fault means for the connection.
fn ending_of(fault: Fault) -> Ending {
    debug!(?fault, "what the client sends is against the standard");
    Ending::Fault(match fault {
        Fault::TooBig => CloseCode::TooBig,
        Fault::Protocol(_) | Fault::NotUtf8 => CloseCode::ProtocolViolation,
    })
}
