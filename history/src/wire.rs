//! A connection's way to the server, that can be cut at any byte.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// A way of one client. What is connected through it ends when it is cut; the next connection gets through.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    address: SocketAddr,
    cut: Arc<Notify>,
}

impl Wire {
    /// A way to wherever the server is at the moment.
    pub(crate) async fn to(server: watch::Receiver<Option<SocketAddr>>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let cut = Arc::new(Notify::new());
        let cuts = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Some(server) = *server.borrow() else { continue };
                let cuts = Arc::clone(&cuts);
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    // Small messages of both sides are not to wait for one another.
                    let _ = (near.set_nodelay(true), far.set_nodelay(true));
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        () = cuts.notified() => {}
                    }
                });
            }
        });
        Ok(Self { address, cut })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all that is connected through it now.
    pub(crate) fn cut(&self) {
        self.cut.notify_waiters();
    }
}
