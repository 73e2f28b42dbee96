//! One accepted connection while it speaks HTTP.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

use super::bare::BareRefusal;
use super::drain::{Open, Rest, Unread};
use super::stream::Stream;

/// How long a socket waits for its client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until it takes a byte of what there is to read.
    pub(super) stall: Duration,
    /// Until it has sent what nobody reads any more.
    pub(super) drain: Duration,
}

/// A client's socket. It holds its place among the server's connections for as long as it lives, an
/// upgrade to WebSocket included, and fails once its client has taken no byte for the stall timeout:
/// what waits to be sent to a stalled client is then freed.
pub(crate) struct Socket {
    /// There until the socket is dropped.
    open: Option<Open>,
    unread: Unread,
    patience: Patience,
    /// Runs while the kernel takes no byte. An idle connection keeps no timer.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes that it had taken when it was last asked, where some were kept back.
    moved: u64,
    /// What is written in place of hyper's own words, and how much of it has been.
    instead: Option<(Vec<u8>, usize)>,
    /// The most bytes of a head, for the words of a refusal.
    max_head: usize,
}

impl Socket {
    pub(super) const fn new(open: Open, unread: Unread, patience: Patience, max_head: usize) -> Self {
        Self { open: Some(open), unread, patience, stalled: None, moved: 0, instead: None, max_head }
    }

    /// The connection itself, for who has taken it over from HTTP and has an eye on its client's patience.
    pub(crate) fn into_open(mut self) -> Open {
        self.open.take().expect("it is taken here or by the drop alone")
    }

    fn stream(&mut self) -> Pin<&mut Stream> {
        Pin::new(&mut self.open.as_mut().expect("it is taken at the end alone").stream)
    }

    /// Writes what `said` becomes when hyper refuses at its end. It is done as one: hyper is told of no part.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((words, done)) = self.instead.take_if(|(words, done)| *done < words.len()) {
            let outcome = self.stream().poll_write(cx, &words[done..]);
            let outcome = self.watched(outcome, cx);
            let more = if let Poll::Ready(Ok(more)) = outcome { more } else { 0 };
            self.instead = Some((words, done + more));
            if ready!(outcome)? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        self.instead = None;
        Poll::Ready(Ok(()))
    }

    /// Whether `said` is written in other words; `None` where it is not.
    fn poll_reworded(
        &mut self,
        refusal: Option<BareRefusal>,
        said: impl FnOnce() -> Vec<u8>,
        cx: &mut Context<'_>,
    ) -> Option<Poll<io::Result<()>>> {
        if self.instead.is_none() {
            let words = refusal?.in_words(said(), self.max_head);
            // Whoever sent a head that cannot be read may go on sending.
            self.unread.set(Rest::Refused);
            self.instead = Some((words, 0));
        }
        Some(self.poll_instead(cx))
    }

    /// The outcome of a write, unless it has been pending for too long.
    fn watched<T>(&mut self, outcome: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let moves = match self.stream().kept_back() {
            None => outcome.is_ready(),
            // What TLS has taken may wait, and what waits as a whole may go on in part.
            Some(moved) => std::mem::replace(&mut self.moved, moved) != moved,
        };
        if moves {
            self.stalled = None;
        }
        if outcome.is_ready() {
            return outcome;
        }
        let timeout = self.patience.stall;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        match timer.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("the client took no byte for {timeout:?}"),
            ))),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(patience) = self.unread.get().patience(self.patience.drain) else { return };
        if let (Some(open), Ok(runtime)) = (self.open.take(), Handle::try_current()) {
            runtime.spawn(open.drain(patience));
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(outcome) = self.poll_reworded(BareRefusal::ending(buf), || buf.to_vec(), cx) {
            return outcome.map_ok(|()| buf.len());
        }
        let outcome = self.stream().poll_write(cx, buf);
        self.watched(outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let last = bufs.iter().rev().find(|buf| !buf.is_empty());
        let refusal = last.and_then(|last| BareRefusal::ending(last));
        let all = || bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        if let Some(outcome) = self.poll_reworded(refusal, all, cx) {
            return outcome.map_ok(|()| bufs.iter().map(|buf| buf.len()).sum());
        }
        let outcome = self.stream().poll_write_vectored(cx, bufs);
        self.watched(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = self.stream().poll_flush(cx);
        self.watched(outcome, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = self.stream().poll_shutdown(cx);
        self.watched(outcome, cx)
    }
}
