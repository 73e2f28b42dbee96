//! What those are written who follow a session, byte by byte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketContext};
use vws_core::EventRecord;
use vws_core::reduce::State;
use vws_core::wire::{ClientMessage, Encoding, Mode, ServerMessage};
use vws_server::Config;
use vws_server::store::LiveSession;
use vws_server::units::ByteSize;

use crate::standard::frame;
use crate::support::{
    Client, Mirror, Stream, TestServer, command, create, create_many, hello, in_time, move_to, run, until,
};

/// What a plain library sends of some messages.
fn by_tungstenite(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let mut stream = io::Cursor::new(Vec::new());
    let mut context = WebSocketContext::new(Role::Server, None);
    for message in messages {
        context.write(&mut stream, message).expect("takes it");
    }
    context.flush(&mut stream).expect("writes it");
    stream.into_inner()
}

fn message(encoding: Encoding, message: &ServerMessage) -> Message {
    let bytes = encoding.encode_server(message);
    match encoding {
        Encoding::Json => Message::text(String::from_utf8(bytes).expect("JSON is text")),
        Encoding::MessagePack => Message::binary(bytes),
    }
}

/// What a plain library sends of all events after `after`.
async fn events_by_tungstenite(live: &LiveSession, encoding: Encoding, after: u64) -> Vec<u8> {
    let page = live.events(after, 10_000).await.expect("is kept");
    let event = |record: &EventRecord| message(encoding, &ServerMessage::Event(record.clone()));
    by_tungstenite(page.events.iter().map(|record| event(record)))
}

async fn read_exactly(stream: &mut Stream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    in_time(stream.read_exact(&mut bytes)).await.expect("the server goes on");
    bytes
}

/// What the next frame carries, which is a short one.
async fn read_frame(stream: &mut Stream) -> Vec<u8> {
    let head = read_exactly(stream, 2).await;
    let len = match head[1] {
        126 => usize::from(u16::from_be_bytes(read_exactly(stream, 2).await.try_into().expect("two bytes"))),
        len => usize::from(len),
    };
    read_exactly(stream, len).await
}

/// Events of all lengths of head, the two bytes of it and the four.
async fn change_much(live: &std::sync::Arc<LiveSession>) {
    run(live, create("o", 0.0)).await.expect("is made");
    for len in [0, 1, 50, 100, 200, 3_000] {
        let note = "ä".repeat(len / 2);
        let patch =
            format!(r#"{{"type":"update_object","name":"o","patch":{{"properties":{{"n":"{note}"}}}}}}"#);
        run(live, command(&patch)).await.expect("is allowed");
    }
    run(live, command(r#"{"type":"clear_objects"}"#)).await.expect("is allowed");
    run(live, create_many("many", 300)).await.expect("is made");
}

#[tokio::test]
async fn feed1_events_are_byte_for_byte_what_a_plain_library_sends() {
    events_byte_for_byte(TestServer::start().await).await;
}

pub(crate) async fn events_byte_for_byte(server: TestServer) {
    let live = server.session().await;
    let mut followers = Vec::new();
    for encoding in Encoding::ALL {
        for n in 0..3 {
            let name = format!("{encoding:?}{n}");
            let (client, mirror) = Client::mirroring(&server, live.id(), encoding, &name).await;
            assert_eq!(mirror.seq(), 0);
            followers.push((encoding, client.socket.into_inner()));
        }
    }
    change_much(&live).await;
    for (encoding, stream) in &mut followers {
        let expected = events_by_tungstenite(&live, *encoding, 0).await;
        // Presence of those who came later may stand before the events, never within them.
        let mut bytes = read_exactly(stream, expected.len()).await;
        while !ends_with_events(&bytes, &expected) {
            assert!(
                bytes.len() < expected.len() + 4_096,
                "{encoding:?}: something else than events and presence"
            );
            bytes.extend(read_exactly(stream, 1).await);
        }
    }
}

fn ends_with_events(bytes: &[u8], events: &[u8]) -> bool {
    bytes.ends_with(&events[events.len() - 64..]) && bytes.ends_with(events)
}

#[tokio::test]
async fn feed6_who_comes_back_is_sent_the_missed_events_and_nothing_else() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for encoding in Encoding::ALL {
        let name = format!("{encoding:?}");
        let (client, mirror) = Client::mirroring(&server, live.id(), encoding, &name).await;
        drop(client);
        let seen = mirror.seq();
        for n in 0..10 {
            run(&live, create_many(&format!("{name}{n} "), 100)).await.expect("is made");
        }
        // No library reads ahead here.
        let mut stream = Client::connect(&server, live.id(), encoding).await.socket.into_inner();
        let after = encoding.encode_client(&hello(&name, Some(mirror.position())));
        let opcode = if encoding.is_text() { 0x81 } else { 0x82 };
        stream.write_all(&frame(opcode, &after)).await.expect("the server reads");
        let welcome = encoding.decode_server(&read_frame(&mut stream).await).expect("can be read");
        let ServerMessage::Welcome(welcome) = welcome else { panic!("a welcome comes first") };
        assert_eq!((welcome.head_seq, welcome.mode), (seen + 1_000, Mode::Tail));
        let expected = events_by_tungstenite(&live, encoding, seen).await;
        assert!(
            read_exactly(&mut stream, expected.len()).await == expected,
            "the missed events, byte for byte"
        );
        until(|| live.usage().peers <= 1).await;
    }
}

/// A stream of which a byte at a time is read.
struct Drops(Stream);

impl AsyncRead for Drops {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut one = [0];
        let mut drop = ReadBuf::new(&mut one);
        std::task::ready!(Pin::new(&mut self.0).poll_read(cx, &mut drop))?;
        buf.put_slice(drop.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Drops {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A client with small buffers that has said nothing yet.
async fn narrow(server: &TestServer, live: &LiveSession) -> Stream {
    let path = format!("/api/sessions/{}/ws", live.id());
    let client = Client::open(server, &path, &[], Some(4 * 1024)).await.expect("the handshake");
    client.socket.into_inner()
}

fn text(message: &ClientMessage) -> Message {
    Message::text(String::from_utf8(Encoding::Json.encode_client(message)).expect("is text"))
}

#[tokio::test]
async fn feed7_who_reads_a_byte_at_a_time_is_sent_whole_frames_and_delays_nobody() {
    a_byte_at_a_time(TestServer::with(narrowest).await).await;
}

pub(crate) fn narrowest(config: &mut Config) {
    config.limits.feed_events = 64;
    config.limits.send_buffer = ByteSize::kib(4);
}

pub(crate) async fn a_byte_at_a_time(server: TestServer) {
    let live = server.session().await;
    run(&live, create_many("o", 100)).await.expect("is made");
    let slow = Drops(narrow(&server, &live).await);
    let mut slow = WebSocketStream::from_raw_socket(slow, Role::Client, None).await;
    in_time(slow.send(text(&hello("slow", None)))).await.expect("the server listens");
    let (mut quick, mut quick_mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "quick").await;
    for n in 0..2_000_u32 {
        let outcome = run(&live, move_to(&format!("o{}", n % 100), f64::from(n + 1) / 1_000.0)).await;
        quick.follow(&mut quick_mirror, outcome.expect("is allowed").seq).await;
        if n % 100 == 0 {
            // Its pongs come between events that it has not read yet.
            in_time(slow.send(text(&ClientMessage::Ping { t: f64::from(n) })))
                .await
                .expect("the server listens");
        }
    }
    let head = live.read(State::seq);
    assert_eq!(quick_mirror.resyncs, 0, "who keeps up is not disturbed");
    let (mut mirror, mut pongs) = (Mirror::default(), Vec::new());
    while mirror.seq() < head || pongs.len() < 20 {
        let heard = in_time(slow.next()).await.expect("the server goes on").expect("a whole frame");
        let Message::Text(text) = heard else { continue };
        let told = Encoding::Json.decode_server(text.as_bytes()).expect("can be read");
        if let ServerMessage::Pong { t } = told {
            pongs.push(t);
        }
        mirror.take(&told);
    }
    assert!(mirror.resyncs >= 1, "it fell off the feed");
    assert_eq!(pongs, (0..20).map(|n| f64::from(n) * 100.0).collect::<Vec<_>>());
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn feed8_who_vanishes_inside_a_frame_that_it_is_sent_is_let_go_of() {
    let server = TestServer::with(|config| config.limits.send_buffer = ByteSize::kib(4)).await;
    let live = server.session().await;
    run(&live, create("o", 0.0)).await.expect("is made");
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "other").await;
    let mut stream = narrow(&server, &live).await;
    let greeting = Encoding::Json.encode_client(&hello("vanishes", None));
    stream.write_all(&frame(0x81, &greeting)).await.expect("the server reads");
    until(|| live.usage().peers == 2).await;
    // Until its socket is full, which ends within a frame; of what came a part of one is read.
    for n in 0..500_u32 {
        let head = run(&live, move_to("o", f64::from(n + 1) / 1_000.0)).await.expect("is allowed").seq;
        other.follow(&mut mirror, head).await;
    }
    read_exactly(&mut stream, 33).await;
    drop(stream);
    until(|| live.usage().subscribers == 1 && live.usage().peers == 1).await;
    let head = run(&live, move_to("o", 3.0)).await.expect("is allowed").seq;
    other.follow(&mut mirror, head).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn feed10_many_followers_are_shared_among_tasks() {
    let server = TestServer::with(|config| config.limits.feed_shard = 2).await;
    let live = server.session().await;
    let mut followers = Vec::new();
    for n in 0..9 {
        let encoding = Encoding::ALL[n % 2];
        followers.push(Client::mirroring(&server, live.id(), encoding, &format!("f{n}")).await);
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    // Places that are left are taken again.
    followers.drain(..4);
    until(|| live.usage().subscribers == 5).await;
    for n in 9..13 {
        followers.push(Client::mirroring(&server, live.id(), Encoding::Json, &format!("f{n}")).await);
    }
    let head = run(&live, create_many("many", 500)).await.expect("is made").seq;
    for (client, mirror) in &mut followers {
        client.follow(mirror, head).await;
        mirror.assert_equals(&live);
    }
}

#[tokio::test(start_paused = true)]
async fn feed11_between_two_writes_to_all_lies_the_tick() {
    const TICK: Duration = Duration::from_millis(400);
    let server =
        TestServer::with(|config| config.limits.feed_tick = "400ms".parse().expect("is a time")).await;
    let live = server.session().await;
    let (mut client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    tokio::time::sleep(TICK).await;
    let began = Instant::now();
    run(&live, create("first", 0.0)).await.expect("is made");
    client.follow(&mut mirror, 1).await;
    let first = began.elapsed();
    for n in 0..3 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    client.follow(&mut mirror, 2).await;
    let second = began.elapsed();
    client.follow(&mut mirror, 4).await;
    assert!(first < TICK / 2, "after a rest it goes at once: {first:?}");
    assert!(second >= TICK, "and then not before a tick is over: {second:?}");
    assert!(began.elapsed() < second + TICK / 2, "what has come meanwhile goes together");
}

#[tokio::test]
async fn feed9_an_event_reaches_many_who_listen_in_both_encodings() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let mut followers = Vec::new();
    for n in 0..40 {
        let encoding = Encoding::ALL[n % 2];
        followers.push(Client::mirroring(&server, live.id(), encoding, &format!("f{n}")).await);
    }
    for round in 0..20_u64 {
        let head = run(&live, create_many(&format!("r{round} "), 50)).await.expect("is made").seq;
        // Some keep up, some come later.
        for (client, mirror) in followers.iter_mut().skip((round % 3) as usize).step_by(3) {
            client.follow(mirror, head).await;
        }
    }
    for (client, mirror) in &mut followers {
        client.follow(mirror, 1_000).await;
        assert_eq!(mirror.resyncs, 0);
        mirror.assert_equals(&live);
    }
}
