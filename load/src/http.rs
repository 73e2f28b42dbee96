//! Requests that set a load up and clear it away: HTTP/1.1, one after the other on a connection that is kept.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::error::{Done, LoadError};

/// Time for a server to take a connection, and to say anything when it is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of one answer that are read.
const MAX_ANSWER: usize = 64 << 20;
/// Bytes of an answer's head.
const MAX_HEAD: u64 = 64 << 10;

/// Where a server is: `http://HOST[:PORT][/PREFIX]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
    prefix: String,
    token: Option<Token>,
}

/// What shows a server who asks. No log shows it.
#[derive(Clone, PartialEq, Eq)]
struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("{text}: expected http://HOST[:PORT][/PREFIX]");
        let rest = text.strip_prefix("http://").ok_or_else(wanted)?;
        if rest.contains(['?', '#', '@']) {
            return Err(wanted());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wanted())?),
            _ => (authority, 80),
        };
        if host.is_empty() {
            return Err(wanted());
        }
        Ok(Self { host: host.to_owned(), port, prefix: path.trim_end_matches('/').to_owned(), token: None })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.prefix)
    }
}

impl Target {
    /// One on this machine, at a port.
    #[must_use]
    pub fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port, prefix: String::new(), token: None }
    }

    /// The same, shown a token with every request and in every hello.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token: token.map(Token), ..self }
    }

    /// The token that it is shown.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(|Token(token)| token.as_str())
    }

    /// Whether it is on this machine for certain.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost"
            || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }

    /// What the head of a request says after the path: `Host`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The path of a request for `under`.
    #[must_use]
    pub fn path(&self, under: &str) -> String {
        format!("{}{under}", self.prefix)
    }

    /// A connection; what is written to it is not kept back for more to come.
    ///
    /// # Errors
    /// [`LoadError::Unreachable`]
    pub fn connect(&self) -> Done<TcpStream> {
        let unreachable =
            |why: &dyn fmt::Display| LoadError::Unreachable(format!("cannot reach {self}: {why}"));
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let addresses = (bare, self.port).to_socket_addrs().map_err(|error| unreachable(&error))?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    let set = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
                    set.and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                        .map_err(|error| unreachable(&error))?;
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| unreachable(&"it has no address"), |error| unreachable(&error)))
    }
}

/// A connection for requests.
#[derive(Debug)]
pub struct Http {
    target: Target,
    stream: BufReader<TcpStream>,
}

impl Http {
    /// # Errors
    /// [`LoadError::Unreachable`]
    pub fn connect(target: &Target) -> Done<Self> {
        Ok(Self { target: target.clone(), stream: BufReader::new(target.connect()?) })
    }

    /// Sends a request and gives the JSON of its answer, `null` where it is empty.
    ///
    /// # Errors
    /// [`LoadError::Refused`] with the server's words where it answers anything but 2xx.
    pub fn json(&mut self, method: &str, under: &str, body: Option<&str>) -> Done<Value> {
        let (status, body) = self.send(method, under, body)?;
        let value = match body.as_slice() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).unwrap_or(Value::Null),
        };
        if (200..300).contains(&status) {
            return Ok(value);
        }
        let words = match (value["detail"].as_str(), value["code"].as_str()) {
            (Some(detail), Some(code)) => format!("{detail} ({code})"),
            _ => format!("{} answered {status}; is it a VWS server?", self.target),
        };
        Err(LoadError::Refused(words))
    }

    /// Sends a request; gives status and body.
    ///
    /// # Errors
    /// [`LoadError::Unreachable`] where no answer comes.
    pub fn send(&mut self, method: &str, under: &str, body: Option<&str>) -> Done<(u16, Vec<u8>)> {
        let mut request = Vec::new();
        write_request(&mut request, &self.target, method, under, body);
        let (_, status, body) = self.exchange(&request)?;
        Ok((status, body))
    }

    /// How many bytes the body of an answer takes in a content coding, `zstd` or `br`.
    ///
    /// # Errors
    /// [`LoadError::Refused`] where the server does not answer in it.
    pub fn compressed(&mut self, under: &str, coding: &str) -> Done<u64> {
        let (path, host) = (self.target.path(under), self.target.host());
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: {coding}\r\n\r\n");
        let (head, status, body) = self.exchange(request.as_bytes())?;
        let told = format!("\r\ncontent-encoding: {coding}\r\n");
        if status != 200 || !head.to_ascii_lowercase().contains(&told) {
            return Err(LoadError::Refused(format!("{} has no {coding} of {under}: {status}", self.target)));
        }
        Ok(body.len() as u64)
    }

    fn exchange(&mut self, request: &[u8]) -> Done<(String, u16, Vec<u8>)> {
        let broke = |error: std::io::Error| LoadError::broke("the connection broke", error);
        self.stream.get_mut().write_all(request).map_err(broke)?;
        let head = read_head(&mut self.stream)?;
        let answer = Answer::read(&head).ok_or_else(|| {
            LoadError::Refused(format!("{} answers in no HTTP/1.1 that is known here", self.target))
        })?;
        if answer.length > MAX_ANSWER {
            return Err(LoadError::Refused(format!("an answer of {} bytes is too long", answer.length)));
        }
        let mut body = vec![0; answer.length];
        self.stream.read_exact(&mut body).map_err(broke)?;
        Ok((head, answer.status, body))
    }
}

/// Reads to the blank line that ends a head.
pub(crate) fn read_head(stream: &mut impl BufRead) -> Done<String> {
    let mut head = Vec::new();
    let mut bounded = stream.take(MAX_HEAD);
    loop {
        let read = bounded.read_until(b'\n', &mut head);
        let read = read.map_err(|error| LoadError::broke("no answer", error))?;
        if head.ends_with(b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
        if read == 0 {
            return Err(LoadError::broke("no answer", "the connection ended"));
        }
    }
}

/// Appends a request as it is on the wire.
pub fn write_request(out: &mut Vec<u8>, target: &Target, method: &str, under: &str, body: Option<&str>) {
    let head = format!("{method} {} HTTP/1.1\r\nhost: {}\r\n", target.path(under), target.host());
    out.extend_from_slice(head.as_bytes());
    if let Some(token) = target.token() {
        out.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
    }
    if let Some(body) = body {
        let head = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        out.extend_from_slice(head.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.unwrap_or_default().as_bytes());
}

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Bytes of the body.
    pub(crate) length: usize,
}

impl Answer {
    /// Of a whole head. Nothing where the body's length is not told (chunks are not read here).
    pub(crate) fn read(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let none = matches!(status, 101 | 204 | 304);
        Some(Self { status, length: if none { 0 } else { length? } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_strictly() {
        for (text, told, loopback) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://localhost/", "http://localhost:80", true),
            ("http://[::1]:9/x/", "http://[::1]:9/x", true),
            ("http://example.org", "http://example.org:80", false),
            ("http://128.0.0.1", "http://128.0.0.1:80", false),
            ("http://[::ffff:127.0.0.1]:1", "http://[::ffff:127.0.0.1]:1", true),
        ] {
            let target: Target = text.parse().expect("one that is right");
            assert_eq!((target.to_string().as_str(), target.is_loopback()), (told, loopback));
        }
        for text in ["", "localhost", "https://host", "http://", "http://:80", "http://h:x", "http://h/?a"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_length_of_a_body_is_told_by_its_head() {
        let read = |head: &str| Answer::read(head).map(|answer| (answer.status, answer.length));
        assert_eq!(read("HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n"), Some((201, 12)));
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n"), Some((204, 0)));
        assert_eq!(read("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), None);
        assert_eq!(read("SSH-2.0\r\n\r\n"), None);
    }
}
