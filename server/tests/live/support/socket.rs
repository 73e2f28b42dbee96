//! A WebSocket client.

use std::io::ErrorKind;
use std::mem::MaybeUninit;

use futures_util::{SinkExt, StreamExt};
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::either::Either;
use vws_core::wire::{
    ClientMessage, CommandMessage, Encoding, Hello, PROTOCOL, Resume, ServerMessage, Welcome,
};
use vws_core::{Command, SessionId};

use super::{Mirror, TestServer, in_time};

/// A connection to a server, plain or inside TLS.
pub(crate) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// A WebSocket to one session.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<Stream>,
    pub(crate) encoding: Encoding,
    pub(crate) subprotocol: Option<String>,
    last_id: u64,
}

/// What a client hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Message(Box<ServerMessage>),
    /// The close frame's code and reason; `None` when the connection ended without one.
    Closed(Option<(u16, String)>),
}

/// What a handshake that was refused was answered.
pub(crate) type Refused = Response<Option<Vec<u8>>>;

impl Client {
    /// Connects and says nothing yet.
    pub(crate) async fn connect(server: &TestServer, id: SessionId, encoding: Encoding) -> Self {
        let path = format!("/api/sessions/{id}/ws");
        let protocol = [("sec-websocket-protocol", encoding.subprotocol())];
        Self::open(server, &path, &protocol, None).await.expect("the handshake")
    }

    /// Connects with the headers and, where it matters, the receive buffer that are given.
    pub(crate) async fn open(
        server: &TestServer,
        path: &str,
        headers: &[(&'static str, &str)],
        receive_buffer: Option<u32>,
    ) -> Result<Self, Box<Refused>> {
        let stream = in_time(dial(server, receive_buffer)).await;
        let url = format!("ws://{}{path}", server.address);
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::try_from(*value).expect("a header"));
        }
        match in_time(tokio_tungstenite::client_async(request, stream)).await {
            Ok((socket, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                let subprotocol = chosen.map(|name| name.to_str().expect("is text").to_owned());
                let encoding = subprotocol.as_deref().and_then(Encoding::from_subprotocol);
                Ok(Self { socket, encoding: encoding.unwrap_or_default(), subprotocol, last_id: 0 })
            }
            Err(Error::Http(response)) => Err(response),
            Err(other) => panic!("the handshake ends with {other}"),
        }
    }

    /// Connects and says hello.
    pub(crate) async fn join(
        server: &TestServer,
        id: SessionId,
        encoding: Encoding,
        client_id: &str,
        after: Option<Resume>,
    ) -> (Self, Welcome) {
        let mut client = Self::connect(server, id, encoding).await;
        let welcome = client.greet(client_id, after).await;
        (client, welcome)
    }

    /// Says hello and hears the welcome.
    pub(crate) async fn greet(&mut self, client_id: &str, after: Option<Resume>) -> Welcome {
        self.say(&hello(client_id, after)).await;
        match self.hear().await {
            ServerMessage::Welcome(welcome) => welcome,
            other => panic!("a welcome comes first, not {other:?}"),
        }
    }

    /// Connects, and hears the whole state.
    pub(crate) async fn mirroring(
        server: &TestServer,
        id: SessionId,
        encoding: Encoding,
        client_id: &str,
    ) -> (Self, Mirror) {
        let (mut client, _) = Self::join(server, id, encoding, client_id, None).await;
        let mut mirror = Mirror::default();
        while mirror.snapshots == 0 {
            mirror.take(&client.hear().await);
        }
        (client, mirror)
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        let bytes = self.encoding.encode_client(message);
        self.say_bytes(bytes).await;
    }

    pub(crate) async fn say_bytes(&mut self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let message = match self.encoding {
            Encoding::Json => Message::text(String::from_utf8(bytes).expect("JSON is text")),
            Encoding::MessagePack => Message::binary(bytes),
        };
        in_time(self.socket.send(message)).await.expect("the server listens");
    }

    /// Sends a command under the next id, which it answers.
    pub(crate) async fn command(&mut self, command: Command) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.say(&numbered(id, command)).await;
        id
    }

    pub(crate) async fn heard(&mut self) -> Heard {
        loop {
            let bytes = match in_time(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => {
                    // Lets the closing handshake end.
                    let _ = in_time(self.socket.next()).await;
                    return Heard::Closed(frame.map(|f| (u16::from(f.code), f.reason.to_string())));
                }
                Some(Err(_)) | None => return Heard::Closed(None),
            };
            let message = self.encoding.decode_server(&bytes).expect("the server's messages can be read");
            return Heard::Message(Box::new(message));
        }
    }

    /// The next message. A heartbeat or a presence that comes by itself is a message too.
    pub(crate) async fn hear(&mut self) -> ServerMessage {
        match self.heard().await {
            Heard::Message(message) => *message,
            Heard::Closed(why) => panic!("the server closed the connection: {why:?}"),
        }
    }

    /// The next message that is neither presence nor a heartbeat.
    pub(crate) async fn hear_answer(&mut self) -> ServerMessage {
        loop {
            let message = self.hear().await;
            if !matches!(message, ServerMessage::Presence { .. } | ServerMessage::Heartbeat(_)) {
                return message;
            }
        }
    }

    /// Listens until the mirror has the event `seq`.
    pub(crate) async fn follow(&mut self, mirror: &mut Mirror, seq: u64) {
        while mirror.seq() < seq {
            mirror.take(&self.hear().await);
        }
    }

    /// Bytes that the kernel has for it, of the first 64 KiB.
    pub(crate) fn unread(&self) -> usize {
        let tcp = match self.socket.get_ref() {
            Either::Left(tcp) => tcp,
            Either::Right(secured) => secured.get_ref().0,
        };
        let mut there = [const { MaybeUninit::uninit() }; 64 * 1024];
        match SockRef::from(tcp).peek(&mut there) {
            Ok(bytes) => bytes,
            Err(none) if none.kind() == ErrorKind::WouldBlock => 0,
            Err(failed) => panic!("{failed}"),
        }
    }

    /// Listens until the end, and answers how it came.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            if let Heard::Closed(why) = self.heard().await {
                return why;
            }
        }
    }
}

/// Connects, with the receive buffer that is given where it matters.
pub(crate) async fn dial(server: &TestServer, receive_buffer: Option<u32>) -> Stream {
    let socket = TcpSocket::new_v4().expect("a socket");
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes).expect("the option is known");
    }
    let stream = socket.connect(server.address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("the option is known");
    match &server.trust {
        None => Either::Left(stream),
        Some(trust) => Either::Right(trust.secure(stream, "localhost").await.expect("the handshake")),
    }
}

pub(crate) fn hello(client_id: &str, after: Option<Resume>) -> ClientMessage {
    ClientMessage::Hello(Hello {
        protocol: u64::from(PROTOCOL),
        client_id: client_id.to_owned(),
        name: None,
        color: None,
        token: None,
        after,
    })
}

pub(crate) fn numbered(id: u64, command: Command) -> ClientMessage {
    ClientMessage::Command(CommandMessage { id, expect_version: None, command })
}
