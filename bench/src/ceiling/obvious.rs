//! Fan-out as it is written first: a channel that each task has a receiver of, and a send for each event.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender, error::RecvError};

use super::{ANY, Ready};

/// Events that a receiver may be behind.
const CAPACITY: usize = 16_384;

type Rooms = Arc<Mutex<HashMap<String, Sender<Utf8Bytes>>>>;

pub(super) async fn run(ready: Ready<'_>) -> io::Result<()> {
    let listener = TcpListener::bind(std::net::SocketAddr::from(ANY)).await?;
    ready(listener.local_addr()?);
    let app = Router::new()
        .route("/room/{room}", any(enter))
        .route("/echo", any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }))
        .with_state(Rooms::default());
    axum::serve(listener, app).await
}

async fn enter(upgrade: WebSocketUpgrade, Path(room): Path<String>, State(rooms): State<Rooms>) -> Response {
    let sender = rooms.lock().entry(room).or_insert_with(|| broadcast::channel(CAPACITY).0).clone();
    upgrade.on_upgrade(move |socket| follow(socket, sender))
}

async fn follow(mut socket: WebSocket, sender: Sender<Utf8Bytes>) {
    let mut receiver = sender.subscribe();
    loop {
        tokio::select! {
            event = receiver.recv() => match event {
                Ok(text) => if socket.send(Message::Text(text)).await.is_err() { return },
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            said = socket.recv() => match said {
                // Nobody there is no fault.
                Some(Ok(Message::Text(text))) => drop(sender.send(text)),
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        if socket.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
}
