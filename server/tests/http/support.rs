//! A server to test against, and a client that sends exactly what it is told.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vws_server::Config;
use vws_server::assets::Assets;
use vws_server::cluster::Bus;
use vws_server::log::{EventLog, MemoryLog};
use vws_server::serve::{ServeError, Server};

/// Longer than anything here takes; a test that hangs fails by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Dropping it ends it at once.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server whose configuration `change` has changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::over(Arc::new(MemoryLog::default()), change).await
    }

    /// A server of the sessions that `log` has.
    pub(crate) async fn over(log: Arc<dyn EventLog>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::running(Server::with_log(listener, config, log).await.expect("a server"))
    }

    /// A server of the sessions that `log` has, and of these assets.
    pub(crate) async fn over_assets(
        log: Arc<dyn EventLog>,
        assets: Assets,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::running(Server::with_assets(listener, config, log, assets).await.expect("a server"))
    }

    /// One node of several, which have this log and reach one another by such an end.
    pub(crate) async fn of_node(
        log: Arc<dyn EventLog>,
        bus: Arc<dyn Bus>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::running(Server::of_node(listener, config, log, bus).await.expect("a server"))
    }

    /// A server that keeps its sessions where its configuration says.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::running(Server::new(listener, config).await.expect("a server"))
    }

    fn running(server: Server) -> Self {
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async {
            // A dropped sender ends the server as well.
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), task }
    }

    /// Tells the server to end, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.begin_to_stop();
        let ended = in_time(&mut self.task).await;
        ended.expect("the server does not panic").expect("the server ends without an error");
    }

    pub(crate) fn begin_to_stop(&mut self) {
        let stop = self.stop.take().expect("it is stopped once");
        stop.send(()).expect("the server is running");
    }

    pub(crate) async fn ended(mut self) {
        in_time(&mut self.task).await.expect("the server does not panic").expect("it ends without an error");
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        in_time(TcpStream::connect(self.address)).await.expect("the server accepts")
    }

    /// Sends these bytes on a connection of their own and reads until the server closes it.
    pub(crate) async fn exchange(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect().await;
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        Answer::read(stream).await
    }

    /// A request with no body and these further header lines.
    pub(crate) async fn request(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let host = self.address;
        let has_host = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let mut text = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
        if !has_host {
            text.push_str(&format!("host: {host}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        self.exchange(text + "\r\n").await
    }

    /// A request with a body and these further header lines.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let body = body.as_ref();
        let host = self.address;
        let length = body.len();
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\ncontent-length: {length}\r\n"
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.exchange([head.as_bytes(), b"\r\n", body].concat()).await
    }

    pub(crate) async fn json(&self, method: &str, target: &str, body: Value) -> Answer {
        self.send(method, target, &[JSON], body.to_string()).await
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Answer {
        self.json("POST", target, body).await
    }

    pub(crate) async fn patch(&self, target: &str, body: Value) -> Answer {
        self.json("PATCH", target, body).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Answer {
        self.request("DELETE", target, &[]).await
    }

    /// The path of a new session.
    pub(crate) async fn session(&self) -> String {
        let answer = self.request("POST", "/api/sessions", &[]).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.header("location").expect("where it is").to_owned()
    }

    /// Adds a cube of this name at the centre of a session.
    pub(crate) async fn cube(&self, session: &str, name: &str) -> Answer {
        let answer = self.post(&format!("{session}/objects"), cube(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.request("GET", target, &[]).await
    }
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// A cube at the centre, as its creator writes it.
pub(crate) fn cube(name: &str) -> Value {
    json!({ "name": name, "type": "cube", "x": 0, "y": 0, "z": 0 })
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads until the server closes the connection.
    pub(crate) async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A server that has refused and closed may reset the rest of what was sent to it.
        let _ = in_time(stream.read_to_end(&mut bytes)).await;
        Self::parse(&bytes)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer, but {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).expect("a head of text");
        let mut lines = head.split("\r\n");
        let status_line = lines.next().expect("a status line");
        let status = status_line.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let headers = lines
            .map(|line| line.split_once(": ").expect("a header line"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let answer = Self { status, headers, body: bytes[end + 4..].to_vec() };
        match answer.header("transfer-encoding") {
            Some("chunked") => Self { body: unchunked(&answer.body), ..answer },
            _ => answer,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Asserts that this refuses in the one shape of refusals, and returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for text in ["type", "title", "detail", "request_id"] {
            assert!(problem[text].as_str().is_some_and(|t| !t.is_empty()), "{text} in {problem}");
        }
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        problem
    }
}

/// A body that came in chunks, which has to be whole.
fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = chunks.windows(2).position(|w| w == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&chunks[..line]).expect("a number");
        let size = usize::from_str_radix(size, 16).expect("a number");
        if size == 0 {
            return body;
        }
        body.extend(&chunks[line + 2..line + 2 + size]);
        chunks = &chunks[line + 4 + size..];
    }
}

/// The outcome of something that must not hang.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it ends in time")
}
