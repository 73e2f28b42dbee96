//! The two directions of a connection that has left HTTP, as the feed and its conversation have them.
//!
//! Over TCP each is a half of the socket. Inside TLS both share the session, since its keys may change with what
//! comes: one lock guards it, for as long as a piece is encrypted, decrypted, and given to the kernel, which never
//! waits (`docs/adr/0009-tls-in-the-server.md`).

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use rustls::ServerConnection;
use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::stream::SECURED_BUFFER;

/// What the client sends.
#[derive(Debug)]
pub(crate) enum Inbound {
    Plain(OwnedReadHalf),
    Secured(Arc<Secured>),
}

/// What the client is sent. Its end is told to the client when this is dropped.
#[derive(Debug)]
pub(crate) enum Outbound {
    Plain(OwnedWriteHalf),
    Secured(SecuredEnd),
}

/// The two directions of a connection inside TLS.
pub(super) fn split_secured(tcp: TcpStream, mut session: ServerConnection) -> (Inbound, Outbound) {
    session.set_buffer_limit(Some(SECURED_BUFFER));
    let secured = Arc::new(Secured { tcp, session: Mutex::new(session) });
    (Inbound::Secured(Arc::clone(&secured)), Outbound::Secured(SecuredEnd(secured)))
}

impl Inbound {
    /// Bytes, about, that may wait for the client beside what the feed knows of.
    pub(crate) const fn kept_back(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Secured(_) => SECURED_BUFFER,
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(half) => half.as_ref(),
            Self::Secured(secured) => &secured.tcp,
        }
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(half) => Pin::new(half).poll_read(cx, buf),
            Self::Secured(secured) => secured.poll_read(cx, buf),
        }
    }

    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_write_ready(cx)
    }

    /// Resolves when the socket takes more.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.tcp().writable().await
    }
}

impl Outbound {
    /// Takes some of the slices' bytes, in order, without waiting.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            (Self::Plain(half), [one]) => half.try_write(one),
            (Self::Plain(half), several) => half.try_write_vectored(several),
            (Self::Secured(end), slices) => end.0.try_write(slices),
        }
    }

    /// Gives the kernel what was taken and kept back.
    pub(crate) fn try_flush(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secured(end) => end.0.push(&mut end.0.session.lock()),
        }
    }
}

/// A connection inside TLS.
#[derive(Debug)]
pub(crate) struct Secured {
    tcp: TcpStream,
    /// Keeps at most [`SECURED_BUFFER`] encrypted, and nothing decrypted that could have been read.
    session: Mutex<ServerConnection>,
}

impl Secured {
    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut session = self.session.lock();
        let mut taken = session.writer().write_vectored(slices)?;
        if taken == 0 {
            self.push(&mut session)?;
            taken = session.writer().write_vectored(slices)?;
        }
        match self.push(&mut session) {
            // It has been taken all the same; `try_flush` tells that it waits.
            Err(full) if full.kind() == io::ErrorKind::WouldBlock => Ok(taken),
            done => done.map(|()| taken),
        }
    }

    /// Gives the kernel what waits encrypted, all of it or until it takes no more (`WouldBlock`).
    fn push(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            match session.write_tls(&mut Kernel(&self.tcp)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut session = self.session.lock();
            match session.reader().read(buf.initialize_unfilled()) {
                Ok(read) => {
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(none) if none.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            match session.read_tls(&mut Kernel(&self.tcp)) {
                Ok(_) => self.took(&mut session)?,
                Err(none) if none.kind() == io::ErrorKind::WouldBlock => {
                    drop(session);
                    ready!(self.tcp.poll_read_ready(cx))?;
                }
                Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Decrypts what has come, and answers what of it belongs to TLS itself, as far as the socket takes it now: what
    /// it does not take goes with the next write.
    fn took(&self, session: &mut ServerConnection) -> io::Result<()> {
        let fault = session.process_new_packets().err();
        let pushed = self.push(session);
        match (fault, pushed) {
            (Some(fault), _) => Err(io::Error::new(io::ErrorKind::InvalidData, fault)),
            (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

/// The outgoing direction of a connection inside TLS.
#[derive(Debug)]
pub(crate) struct SecuredEnd(Arc<Secured>);

/// As dropping a half of a TCP connection does: says that nothing more comes, which TLS does inside as well, so that
/// nobody between can cut a connection short unnoticed.
impl Drop for SecuredEnd {
    fn drop(&mut self) {
        let Secured { tcp, session } = &*self.0;
        let mut session = session.lock();
        session.send_close_notify();
        // A client that takes nothing, or is gone, is not waited for.
        let _ = self.0.push(&mut session);
        let _ = SockRef::from(tcp).shutdown(Shutdown::Write);
    }
}

/// The socket as rustls reads and writes it.
struct Kernel<'a>(&'a TcpStream);

impl Read for Kernel<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buf)
    }
}

impl Write for Kernel<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.try_write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
