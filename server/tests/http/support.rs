//! A server to test against, and a client that sends exactly what it is told.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vws_server::Config;
use vws_server::serve::ServeError;

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
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(vws_server::run(listener, config, async {
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

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.request("GET", target, &[]).await
    }
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
        Self { status, headers, body: bytes[end + 4..].to_vec() }
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

/// The outcome of something that must not hang.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it ends in time")
}
