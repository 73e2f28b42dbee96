//! What an idle connection costs, by the memory of the program itself.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use vws_core::wire::Encoding;

use crate::support::{hello, in_time};

/// Connections that are open before the first measurement, so that what the first ones cost once is
/// not counted.
const WARM: usize = 100;
const MEASURED: usize = 400;
const BOUND: u64 = 12 * 1024;

/// A running server, ended with the test.
struct Program(Child, SocketAddr);

impl Program {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vws"))
            .args(["serve", "--ephemeral", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://").expect("the ready line");
        let address = address.parse().expect("an address");
        Self(child, address)
    }

    /// Bytes of the program that are in memory.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("is told");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
        kib * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn request(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    let text = format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(text.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    in_time(stream.read_to_string(&mut answer)).await.expect("an answer");
    answer
}

/// Connects, says hello, and hears the welcome and the empty state.
async fn idle(address: SocketAddr, session: &str, n: usize) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    let url = format!("ws://{address}/api/sessions/{session}/ws");
    let request = url.into_client_request().expect("a request");
    let (mut socket, _) =
        in_time(tokio_tungstenite::client_async(request, stream)).await.expect("a handshake");
    let hello = Encoding::Json.encode_client(&hello(&format!("client{n}"), None));
    socket.send(Message::text(String::from_utf8(hello).expect("is text"))).await.expect("it listens");
    for _ in 0..2 {
        in_time(socket.next()).await.expect("a message").expect("a message");
    }
    socket
}

#[tokio::test]
async fn ws18_an_idle_connection_costs_at_most_12_kib() {
    let program = Program::start();
    let answer = request(program.1, "POST /api/sessions HTTP/1.1").await;
    let (_, after) = answer.split_once(r#""session_id":""#).expect("a session is made");
    let session = &after[..36];
    let mut sockets = Vec::new();
    for n in 0..WARM {
        sockets.push(idle(program.1, session, n).await);
    }
    let before = program.memory();
    for n in 0..MEASURED {
        sockets.push(idle(program.1, session, WARM + n).await);
    }
    let each = program.memory().saturating_sub(before) / MEASURED as u64;
    assert!(each <= BOUND, "{each} bytes a connection");
    drop(sockets);
}
