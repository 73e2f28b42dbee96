//! A server as a process, and the program as a shell sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program, with no variable of the tester's own environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vws"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VWS_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running program, ended with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(crate) fn lines(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.0.stdout.take().expect("a pipe"))
    }

    /// Its exit code, when it ends by itself.
    pub(crate) fn ends(mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }
}

/// The next line, without its end.
pub(crate) fn next(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("text");
    line.trim_end().to_owned()
}

pub(crate) struct Server {
    running: Running,
    pub(crate) address: String,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(more: &[&str]) -> Self {
        Self::keeping(&[&["--ephemeral"], more].concat())
    }

    /// A server with these flags, which say where it keeps its sessions. Dropping it kills it.
    pub(crate) fn keeping(flags: &[&str]) -> Self {
        let mut command = program(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat());
        command.stderr(Stdio::null());
        let mut running = Running(command.spawn().expect("the program starts"));
        let line = next(&mut running.lines());
        let url = line.strip_prefix("listening on ").expect("the ready line").to_owned();
        let (_, address) = url.split_once("://").expect("an address");
        Self { running, address: address.to_owned(), url }
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) fn stop(self) {
        self.signal("-TERM");
        assert_eq!(self.running.ends(), Some(0), "it ends well");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let process = self.running.0.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().expect("kill runs").success());
    }

    /// The program, which finds this server.
    pub(crate) fn vws(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.env("VWS_URL", &self.url);
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.vws(arguments).output().expect("the program starts")
    }

    /// What the program writes to stdout, where all goes well; then it writes nothing else.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    /// As [`ok`](Self::ok), each line as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let text = self.ok(&[arguments, &["--json"]].concat());
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// What the program writes to stderr, where it ends with `code`.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.output(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        stderr
    }

    /// Posts JSON to a path, without the program.
    pub(crate) fn post(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect(&self.address).expect("the server accepts");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    }

    /// A session with some history: seq 4, objects a (a sphere at x 1.5) and b.
    pub(crate) fn lived(&self) -> String {
        let session = self.ok(&["session", "create", "a stage"]);
        self.ok(&["object", "set", &session, "a", "x=1", "type=sphere"]);
        self.ok(&["object", "set", &session, "b", "y=-2"]);
        self.ok(&["object", "set", &session, "a", "x=1.5"]);
        self.ok(&["object", "set", &session, "b", "text=5"]);
        session
    }

    pub(crate) fn digest(&self, session: &str) -> Value {
        let file: Value = serde_json::from_str(&self.ok(&["session", "export", session])).expect("JSON");
        file["digest"].clone()
    }
}

/// What a program that is given this on stdin comes to.
pub(crate) fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("is taken");
    child.wait_with_output().expect("it ends")
}
