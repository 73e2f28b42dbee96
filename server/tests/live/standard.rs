//! The WebSocket as the standard has it (RFC 6455): what clients may send, and how they are answered.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use vws_core::wire::{CloseCode, Encoding};

use crate::support::{Client, Stream, TestServer, create, hello, in_time, run, until};

/// A frame of a client, with the mask 0.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let head = match u8::try_from(payload.len()) {
        Ok(len @ 0..126) => vec![first, 0x80 | len],
        _ => [&[first, 0xfe][..], &u16::try_from(payload.len()).expect("is short").to_be_bytes()].concat(),
    };
    [&head[..], &[0; 4], payload].concat()
}

/// Reads until the server ends the connection: the code and the reason of the close frame that came last.
async fn closed(mut stream: Stream) -> Option<(u16, String)> {
    let mut socket = WebSocketStream::from_raw_socket(&mut stream, Role::Client, None).await;
    loop {
        match in_time(socket.next()).await {
            Some(Ok(Message::Close(frame))) => {
                return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
            }
            Some(Ok(_)) => {}
            Some(Err(Error::Io(_) | Error::ConnectionClosed)) | None => return None,
            Some(Err(other)) => panic!("the server sends what is against the standard: {other}"),
        }
    }
}

#[tokio::test]
async fn ws22_what_is_against_the_standard_ends_the_connection_with_its_code() {
    what_is_against_the_standard(TestServer::start().await).await;
}

pub(crate) async fn what_is_against_the_standard(server: TestServer) {
    let live = server.session().await;
    let mut unmasked = frame(0x81, b"{}");
    unmasked.drain(2..6);
    unmasked[1] = 2;
    let huge = [&[0x81, 0xff][..], &i64::MAX.to_be_bytes(), &[0; 4]].concat();
    let grown =
        [frame(0x01, b"{"), [&[0x80, 0xff][..], &(1_u64 << 20).to_be_bytes(), &[0; 4]].concat()].concat();
    let cases = [
        ("not masked", unmasked, CloseCode::ProtocolViolation),
        ("a reserved bit", frame(0xc1, b"{}"), CloseCode::ProtocolViolation),
        ("another reserved bit", frame(0x91, b"{}"), CloseCode::ProtocolViolation),
        ("an opcode that means nothing", frame(0x83, b"{}"), CloseCode::ProtocolViolation),
        ("a control opcode that means nothing", frame(0x8b, b""), CloseCode::ProtocolViolation),
        ("a ping in fragments", frame(0x09, b""), CloseCode::ProtocolViolation),
        ("a ping of 126 bytes", frame(0x89, &[0; 126]), CloseCode::ProtocolViolation),
        ("no UTF-8", frame(0x81, b"\xff"), CloseCode::ProtocolViolation),
        (
            "half a letter, and no other half",
            [frame(0x01, b"\xc3"), frame(0x80, b"(")].concat(),
            CloseCode::ProtocolViolation,
        ),
        ("a fragment of nothing", frame(0x80, b"{}"), CloseCode::ProtocolViolation),
        (
            "a message within another",
            [frame(0x01, b"{"), frame(0x81, b"{}")].concat(),
            CloseCode::ProtocolViolation,
        ),
        (
            "a close code that nobody may send",
            frame(0x88, &1005_u16.to_be_bytes()),
            CloseCode::ProtocolViolation,
        ),
        ("half a close code", frame(0x88, b"\x03"), CloseCode::ProtocolViolation),
        ("more bytes than there are", huge, CloseCode::TooBig),
        ("fragments that are too much together", grown, CloseCode::TooBig),
    ];
    for (what, bytes, code) in cases {
        let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
        let mut stream = client.socket.into_inner();
        // What the client says afterwards means nothing, and does not take the close frame away.
        stream.write_all(&[&bytes[..], &[0x5a; 9_000]].concat()).await.expect("the server reads");
        assert_eq!(closed(stream).await, Some((code.code(), code.name().to_owned())), "{what}");
        until(|| live.usage().subscribers == 0).await;
    }
}

#[tokio::test]
async fn ws24_a_client_that_closes_is_answered_with_its_code_and_then_the_connection_ends() {
    a_client_that_closes(TestServer::start().await).await;
}

pub(crate) async fn a_client_that_closes(server: TestServer) {
    let live = server.session().await;
    for payload in [&b""[..], &1000_u16.to_be_bytes(), &[&4321_u16.to_be_bytes()[..], b"bye"].concat()] {
        let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
        let mut stream = client.socket.into_inner();
        stream
            .write_all(&[frame(0x89, b"still"), frame(0x88, payload)].concat())
            .await
            .expect("the server reads");
        let mut rest = Vec::new();
        in_time(stream.read_to_end(&mut rest)).await.expect("the server ends it");
        let code = &payload[..payload.len().min(2)];
        let answers = [&[0x8a, 5][..], b"still", &[0x88, code.len() as u8], code].concat();
        assert!(rest.ends_with(&answers), "{rest:x?}");
        until(|| live.usage().subscribers == 0).await;
    }
}

#[tokio::test]
async fn ws25_a_client_that_ends_its_side_without_a_word_is_gone() {
    a_client_that_ends_its_side(TestServer::start().await).await;
}

pub(crate) async fn a_client_that_ends_its_side(server: TestServer) {
    let live = server.session().await;
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "other").await;
    let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let mut stream = client.socket.into_inner();
    stream.shutdown().await.expect("is open");
    let mut rest = Vec::new();
    in_time(stream.read_to_end(&mut rest)).await.expect("the server ends it");
    until(|| live.usage().subscribers == 1 && live.usage().peers == 1).await;
    run(&live, create("o", 0.0)).await.expect("is made");
    other.follow(&mut mirror, 1).await;
}

#[tokio::test]
async fn ws24_pings_are_answered_with_what_they_say_before_and_after_the_hello() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let mut client = Client::connect(&server, live.id(), Encoding::Json).await;
    for round in 0..2_u8 {
        for len in [0, 1, 125] {
            let payload = vec![round + 1; len];
            in_time(client.socket.send(Message::Ping(payload.clone().into())))
                .await
                .expect("the server listens");
            loop {
                match in_time(client.socket.next()).await.expect("goes on").expect("is well") {
                    Message::Pong(answer) => break assert_eq!(answer, payload),
                    Message::Text(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        if round == 0 {
            client.say(&hello("a", None)).await;
        }
    }
}
