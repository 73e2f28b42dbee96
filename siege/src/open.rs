//! Connections that are from an address of their own, or have a buffer of their own.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// How long anything on a connection that is waited for may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Connections from one address, fewer than there are ports for.
const OF_AN_ADDRESS: usize = 10_000;

/// The address that the n-th connection of many is from.
pub(crate) const fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, 2 + (n / OF_AN_ADDRESS % 200) as u8)
}

/// A connection from an address of loopback, whose kernel takes about `receive` bytes that nobody reads.
///
/// # Errors
/// Where the system does not open it.
pub(crate) fn connect(from: Ipv4Addr, port: u16, receive: Option<usize>) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(receive) = receive {
        // Before it connects: the window is told then.
        socket.set_recv_buffer_size(receive)?;
    }
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into(), PATIENCE)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

/// Ends a connection at once and without a word, so that the system keeps nothing of it.
pub(crate) fn reset(stream: TcpStream) {
    // One that is gone already needs no reset.
    let _ = Socket::from(stream).set_linger(Some(Duration::ZERO));
}
