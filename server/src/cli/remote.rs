//! A server that commands talk to: HTTP/1.1 over one connection that is kept.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::ext::on_informational;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use vws_client::tls::{Trust, is_untrusted, unbracketed};
use vws_core::Problem;

use super::failure::{Done, Failure};

/// Time for a server to take a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for a server to begin its answer, once it has the request.
const ANSWER: Duration = Duration::from_secs(60);
/// Time for it where it has a file to take first.
const ANSWER_TO_FILE: Duration = Duration::from_secs(600);
/// Bytes of an answer that is read whole: more than any page of a list.
const MAX_ANSWER: usize = 256 << 20;

/// How far a session was known when an answer was given, and how far whoever asks has seen it.
const VWS_SEQ: HeaderName = HeaderName::from_static("vws-seq");
const VWS_SEEN: HeaderName = HeaderName::from_static("vws-seen");

/// Where a server is: `http://host[:port][/prefix]`, or `https://…`.
#[derive(Debug, Clone)]
pub(crate) struct Url {
    secured: bool,
    host: String,
    port: u16,
    prefix: String,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "expected http://HOST[:PORT][/PREFIX] or https://…";
        let uri: Uri = text.parse().map_err(|error| format!("{error}; {wanted}"))?;
        let authority = uri.authority().ok_or(wanted)?;
        let (secured, port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(wanted.to_owned()),
        };
        if uri.query().is_some() {
            return Err(format!("it has a query; {wanted}"));
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { secured, host: authority.host().to_owned(), port, prefix })
    }
}

impl Url {
    /// Whether it is spoken to inside TLS.
    pub(crate) const fn is_secured(&self) -> bool {
        self.secured
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secured { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.prefix)
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What a request carries.
pub(crate) struct Payload {
    media_type: &'static str,
    length: Option<u64>,
    body: Body,
    /// Where the body waits to be asked for: set once the server wants it.
    wanted: Option<watch::Sender<bool>>,
}

impl Payload {
    pub(crate) fn json(value: &Value) -> Self {
        let bytes = value.to_string();
        let length = Some(bytes.len() as u64);
        let body = Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync();
        Self { media_type: "application/json", length, body, wanted: None }
    }

    /// A body that is read while it is sent; of that length, where it is known.
    pub(crate) fn streamed(media_type: &'static str, length: Option<u64>, body: Body) -> Self {
        Self { media_type, length, body, wanted: None }
    }

    /// A body that begins once `wanted` is set: a server that will not take it says so before a byte of it
    /// is sent, which could no longer be read after.
    pub(crate) fn when_wanted(self, wanted: watch::Sender<bool>) -> Self {
        Self { wanted: Some(wanted), ..self }
    }
}

/// A server, and the connection to it.
pub(crate) struct Remote {
    url: Url,
    token: Option<String>,
    /// The authorities that are believed; left out, those of the system.
    ca_file: Option<PathBuf>,
    connection: Option<SendRequest<Body>>,
    /// Of the last answer.
    status: Option<StatusCode>,
    seen: Seen,
}

/// How far a server has told to know the session that was asked about last: whichever server of a cluster answers the
/// next request answers of nothing older.
#[derive(Debug, Default)]
struct Seen {
    session: String,
    place: Option<(u64, u64)>,
}

impl Seen {
    fn of(&self, path: &str) -> Option<String> {
        let (epoch, seq) = self.place.filter(|_| session_in(path) == Some(&self.session))?;
        Some(format!("{epoch}.{seq}"))
    }

    fn note(&mut self, path: &str, told: Option<&HeaderValue>) {
        let read = |told: &HeaderValue| {
            let (epoch, seq) = told.to_str().ok()?.split_once('.')?;
            Some((epoch.parse().ok()?, seq.parse().ok()?))
        };
        let Some((session, place)) = session_in(path).zip(told.and_then(read)) else { return };
        if session == self.session {
            self.place = self.place.max(Some(place));
        } else {
            *self = Self { session: session.to_owned(), place: Some(place) };
        }
    }
}

/// The session that a path is about.
fn session_in(path: &str) -> Option<&str> {
    path.strip_prefix("/api/sessions/")?.split(['/', '?']).next().filter(|session| !session.is_empty())
}

impl Remote {
    pub(crate) const fn new(url: Url, token: Option<String>, ca_file: Option<PathBuf>) -> Self {
        let seen = Seen { session: String::new(), place: None };
        Self { url, token, ca_file, connection: None, status: None, seen }
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the last answer was that there is no room, or nobody there, at the moment.
    pub(crate) fn is_busy(&self) -> bool {
        let busy = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        self.status.is_some_and(|status| busy.contains(&status))
    }

    /// The answer to a GET, as JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Done<T> {
        self.json(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Done<T> {
        self.json(Method::POST, path, Some(Payload::json(body)), &[]).await
    }

    /// The answer to any request, as JSON; `null` where it is empty.
    pub(crate) async fn json<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Payload>,
        headers: &[(HeaderName, String)],
    ) -> Done<T> {
        let response = self.send(method, path, body, headers).await?;
        let bytes = self.whole(response).await?;
        let text = if bytes.is_empty() { &b"null"[..] } else { &bytes };
        serde_json::from_slice(text).map_err(|error| {
            Failure::Failed(format!("the answer of {} is not understood: {error}", self.url))
        })
    }

    /// Sends a request, and refuses where the server does.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Payload>,
        headers: &[(HeaderName, String)],
    ) -> Done<Response<Incoming>> {
        let is_file = body.as_ref().is_some_and(|body| body.wanted.is_some());
        let request = self.request(method, path, body, headers)?;
        self.status = None;
        let mut connection = self.connection().await?;
        let within = if is_file { ANSWER_TO_FILE } else { ANSWER };
        let answer = timeout(within, connection.send_request(request)).await;
        let response = match answer {
            Err(_) => {
                return Err(self.broke(format!("no answer within {} s", within.as_secs())));
            }
            Ok(Err(error)) => return Err(self.broke(words(&error))),
            Ok(Ok(response)) => response,
        };
        self.connection = Some(connection);
        self.status = Some(response.status());
        self.seen.note(path, response.headers().get(VWS_SEQ));
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response).await) }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Payload>,
        headers: &[(HeaderName, String)],
    ) -> Done<Request<Body>> {
        let Url { host, port, prefix, .. } = &self.url;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{prefix}{path}"))
            .header(HOST, format!("{host}:{port}"))
            .header(USER_AGENT, concat!("vws/", env!("CARGO_PKG_VERSION")))
            .header(
                ACCEPT,
                HeaderValue::from_static("application/json, application/problem+json;q=0.9, */*;q=0.1"),
            );
        if let Some(all) = request.headers_mut() {
            for (name, value) in headers {
                let value =
                    HeaderValue::from_str(value).map_err(|error| Failure::Usage(error.to_string()))?;
                all.insert(name, value);
            }
        }
        if let Some(seen) = self.seen.of(path) {
            request = request.header(VWS_SEEN, seen);
        }
        if let (Some(token), Some(all)) = (&self.token, request.headers_mut()) {
            // The value is not repeated where it cannot be one.
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| Failure::Usage("the token is none".to_owned()))?;
            value.set_sensitive(true);
            all.insert(AUTHORIZATION, value);
        }
        if let Some(Payload { media_type, length, .. }) = &body {
            request = request.header(CONTENT_TYPE, *media_type);
            if let Some(length) = length {
                request = request.header(CONTENT_LENGTH, *length);
            }
        }
        let (body, wanted) = match body {
            Some(payload) => (payload.body, payload.wanted),
            None => (Full::default().map_err(|never| match never {}).boxed_unsync(), None),
        };
        let mut request = request.body(body).map_err(|error| Failure::Usage(error.to_string()))?;
        if let Some(wanted) = wanted {
            request.headers_mut().insert(EXPECT, HeaderValue::from_static("100-continue"));
            on_informational(&mut request, move |told| {
                if told.status() == StatusCode::CONTINUE {
                    wanted.send_replace(true);
                }
            });
        }
        Ok(request)
    }

    /// The connection of the last request where it is still there, else a new one.
    async fn connection(&mut self) -> Done<SendRequest<Body>> {
        if let Some(mut kept) = self.connection.take()
            && !kept.is_closed()
            && kept.ready().await.is_ok()
        {
            return Ok(kept);
        }
        let stream = match timeout(CONNECT, self.stream()).await {
            Err(_) => return Err(self.unreachable(format!("no connection within {} s", CONNECT.as_secs()))),
            Ok(stream) => stream?,
        };
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| self.unreachable(words(&error)))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A connection to the server, inside TLS where its address says so.
    async fn stream(&self) -> Done<Either<TcpStream, TlsStream<TcpStream>>> {
        let Url { host, port, .. } = &self.url;
        let trust = self.url.secured.then(|| Trust::of(self.ca_file.as_deref())).transpose();
        let trust = trust.map_err(|error| Failure::File(error.to_string()))?;
        let tcp = TcpStream::connect((unbracketed(host), *port)).await;
        let tcp = tcp.map_err(|error| self.unreachable(error))?;
        // A command's bytes are not kept back for more to come.
        let _ = tcp.set_nodelay(true);
        let Some(trust) = trust else { return Ok(Either::Left(tcp)) };
        trust.secure(tcp, host).await.map(Either::Right).map_err(|error| {
            let hint = if is_untrusted(&error) { "; --ca-file names an authority of your own" } else { "" };
            self.unreachable(format!("{error}{hint}"))
        })
    }

    /// An answer that is read whole.
    pub(crate) async fn whole(&self, response: Response<Incoming>) -> Done<Bytes> {
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        Ok(body.map_err(|error| self.broke(error))?.to_bytes())
    }

    async fn refused(&self, response: Response<Incoming>) -> Failure {
        let status = response.status();
        let Ok(bytes) = self.whole(response).await else {
            return Failure::Failed(format!("{} answered {status}", self.url));
        };
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Failure::Refused(problem),
            Err(_) => Failure::Failed(format!("{} answered {status}; is it a VWS server?", self.url)),
        }
    }

    /// The server was there, and its answer is not.
    pub(crate) fn broke(&self, why: impl fmt::Display) -> Failure {
        Failure::Unreachable(format!("the connection to {} broke: {why}", self.url))
    }

    /// The server cannot be talked to.
    pub(crate) fn unreachable(&self, why: impl fmt::Display) -> Failure {
        Failure::Unreachable(format!("cannot reach {}: {why}", self.url))
    }
}

/// hyper's own words have the cause in the source alone.
fn words(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// What must not stand for itself in a path or a query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one part of a path or as one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    // A part that is one or two dots would be taken for a step in the path.
    if text.bytes().all(|b| b == b'.') {
        return text.replace('.', "%2E");
    }
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu15_a_request_tells_the_newest_place_of_its_session() {
        let mut seen = Seen::default();
        let (path, other) = ("/api/sessions/a/objects?limit=1", "/api/sessions/b");
        assert_eq!(seen.of(path), None);
        let told = |text| HeaderValue::from_static(text);
        seen.note(path, Some(&told("7.9")));
        seen.note("/api/sessions/a", Some(&told("7.8")));
        seen.note(path, None);
        assert_eq!((seen.of("/api/sessions/a").as_deref(), seen.of(other)), (Some("7.9"), None));
        seen.note(path, Some(&told("8.1")));
        assert_eq!(seen.of(path).as_deref(), Some("8.1"), "another history");
        seen.note(other, Some(&told("3.0")));
        seen.note("/api/sessions?limit=1", Some(&told("9.9")));
        assert_eq!((seen.of(path), seen.of(other).as_deref()), (None, Some("3.0")));
    }

    #[test]
    fn cli6_urls_are_read_strictly() {
        for (text, told) in [
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1", "http://127.0.0.1:80"),
            ("http://[::1]:9/", "http://[::1]:9"),
            ("http://host/vws/", "http://host:80/vws"),
            ("https://host", "https://host:443"),
            ("https://[::1]:8443/vws", "https://[::1]:8443/vws"),
        ] {
            assert_eq!(text.parse::<Url>().map(|url| url.to_string()).as_deref(), Ok(told));
        }
        for text in ["", "localhost:8080", "wss://host", "ftp://host", "http://", "https://host?x", "/path"] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

    #[test]
    fn cli6_names_are_escaped() {
        assert_eq!(escaped("a b/ä?#%"), "a%20b%2F%C3%A4%3F%23%25");
        assert_eq!((escaped(".."), escaped("a.b-c_d~e")), ("%2E%2E".to_owned(), "a.b-c_d~e".to_owned()));
    }
}
