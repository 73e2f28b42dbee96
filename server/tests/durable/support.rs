//! The program with a data directory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// The program, listening. Killed with the test.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts it by `command`, which ends with the program and may begin with something that watches it.
    pub(crate) fn start(command: &[&str], data: &Path, address: &str, level: &str) -> Self {
        let mut start = Command::new(command[0]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VWS_")) {
            start.env_remove(name);
        }
        start
            .args(&command[1..])
            .args(["serve", "--listen", address, "--durability", level, "--data"])
            .arg(data);
        let started = start.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{} cannot be started: {error}", command[0]));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let mut errors = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("text");
            panic!("it does not listen: {line}{errors}");
        };
        // What it logs is read by nobody, and must not stop it.
        let mut errors = child.stderr.take().expect("a pipe");
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        Self { address: address.parse().expect("an address"), child }
    }

    /// Ends it at once, as the system does when there is no memory: nothing of it runs any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Waits until it has ended in order.
    #[cfg(target_os = "linux")]
    pub(crate) fn ended(mut self) {
        assert!(self.child.wait().expect("it ends").success());
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A request and the body of its answer, which must be of success.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (head, body) = self.exchange(method, path, body);
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {head}\n{body}");
        body
    }

    /// A request and the problem that it is refused with.
    pub(crate) fn refused(&self, method: &str, path: &str) -> Value {
        let (head, body) = self.exchange(method, path, None);
        assert!(!head.starts_with("HTTP/1.1 2"), "{method} {path}: {head}\n{body}");
        body
    }

    /// Sends a body of this type, which must be taken, and answers what is told of it.
    pub(crate) fn send(&self, path: &str, kind: &str, body: &str) -> Value {
        let (head, body) = self.exchange_as("POST", path, kind, body);
        assert!(head.starts_with("HTTP/1.1 2"), "{path}: {head}\n{body}");
        body
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> (String, Value) {
        self.exchange_as(method, path, "application/json", &body.map(Value::to_string).unwrap_or_default())
    }

    fn exchange_as(&self, method: &str, path: &str, kind: &str, body: &str) -> (String, Value) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all((head + body).as_bytes()).expect("is taken");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let text = String::from_utf8(answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("JSON") };
        (head.to_owned(), body)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a size");
        whole.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    whole
}

/// The program under test.
pub(crate) const VWS: &str = env!("CARGO_BIN_EXE_vws");
