//! Clients that are slow, stalled or hostile.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite;
use vws_core::reduce::State;
use vws_core::wire::{CloseCode, Encoding, ServerMessage};
use vws_server::Config;
use vws_server::units::{ByteSize, Span};

use crate::support::{
    Client, Mirror, TestServer, create, create_many, hello, in_time, move_to, numbered, run, until,
};

const SMALL: u32 = 4 * 1024;

/// A feed that a slow reader falls off soon.
pub(crate) fn short_feed(config: &mut Config) {
    config.limits.feed_events = 128;
    narrow(config);
}

/// Sockets that are full soon.
pub(crate) fn narrow(config: &mut Config) {
    config.limits.send_buffer = ByteSize::kib(8);
}

#[tokio::test]
async fn ws13_law7_a_slow_reader_is_sent_the_state_and_loses_nothing() {
    a_slow_reader(TestServer::with(short_feed).await).await;
}

pub(crate) async fn a_slow_reader(server: TestServer) {
    let live = server.session().await;
    run(&live, create_many("o", 200)).await.expect("is made");
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut slow = Client::open(&server, &path, &[], Some(SMALL)).await.expect("the handshake");
    slow.greet("slow", None).await;
    let (mut quick, mut quick_mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "quick").await;
    // Far more than sockets and feed hold, while the slow one reads nothing and the quick one keeps up.
    for n in 0..5_000_u32 {
        let outcome = run(&live, move_to(&format!("o{}", n % 200), f64::from(n) / 1_000.0)).await;
        let head = outcome.expect("is allowed").seq;
        if n % 50 == 49 {
            quick.follow(&mut quick_mirror, head).await;
        }
    }
    let head = live.read(State::seq);
    assert_eq!(quick_mirror.resyncs, 0, "who keeps up is not disturbed");
    quick_mirror.assert_equals(&live);
    let mut mirror = Mirror::default();
    slow.follow(&mut mirror, head).await;
    assert!(mirror.resyncs >= 1 && mirror.snapshots >= 2, "{mirror:?}");
    mirror.assert_equals(&live);
    run(&live, create("after", 0.0)).await.expect("is made");
    slow.follow(&mut mirror, head + 1).await;
    mirror.assert_equals(&live);
}

#[tokio::test(start_paused = true)]
async fn ws16_law7_a_socket_that_takes_no_byte_is_closed_and_others_go_on() {
    a_stalled_reader(TestServer::with(narrow_and_patient).await).await;
}

/// As [`narrow`], and who is not heard is not let go of for that.
pub(crate) fn narrow_and_patient(config: &mut Config) {
    config.limits.dead_after = Span::seconds(3_600);
    narrow(config);
}

pub(crate) async fn a_stalled_reader(server: TestServer) {
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut stalled = Client::open(&server, &path, &[], Some(SMALL)).await.expect("the handshake");
    stalled.greet("stalled", None).await;
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "other").await;
    run(&live, create("o", 0.0)).await.expect("is made");
    for n in 0..2_000_u32 {
        let head = run(&live, move_to("o", f64::from(n + 1) / 1_000.0)).await.expect("is allowed").seq;
        other.follow(&mut mirror, head).await;
    }
    let following = tokio::spawn(async move { other.closed().await });
    // The kernel's clock is not the paused one: what it has not brought to the client yet may still be on its way.
    let (mut taken, mut taken_at) = (stalled.unread(), Instant::now());
    assert!(taken > 0, "it has not read what was sent to it");
    until(|| {
        let unread = stalled.unread();
        if unread > taken {
            (taken, taken_at) = (unread, Instant::now());
        }
        live.usage().subscribers == 1
    })
    .await;
    let waited = taken_at.elapsed();
    assert!(waited <= Duration::from_secs(33), "30 s, and 2 s for the close frame: {waited:?}");
    assert_eq!(live.usage().peers, 1);
    assert!(!following.is_finished(), "the other one goes on");
    following.abort();
}

#[tokio::test]
async fn law7_the_feed_is_bounded_whatever_its_subscribers_do() {
    let server = TestServer::with(|config| {
        config.limits.feed_bytes = ByteSize::kib(256);
        config.limits.send_buffer = ByteSize::kib(8);
    })
    .await;
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut silent = Vec::new();
    for n in 0..20 {
        let mut client = Client::open(&server, &path, &[], Some(SMALL)).await.expect("the handshake");
        client.greet(&format!("silent{n}"), None).await;
        silent.push(client);
    }
    for n in 0..3_000 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
        assert!(live.usage().feed_bytes <= 256 * 1024, "{} bytes", live.usage().feed_bytes);
    }
}

#[tokio::test]
async fn law7_who_sends_without_reading_harms_nobody() {
    senders_who_do_not_read(TestServer::with(narrow).await).await;
}

pub(crate) async fn senders_who_do_not_read(server: TestServer) {
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws", live.id());
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "other").await;
    let mut hostile = Vec::new();
    for n in 0..5 {
        let mut client = Client::open(&server, &path, &[], Some(SMALL)).await.expect("the handshake");
        // Some say hello first, some never.
        if n % 2 == 0 {
            client.say(&hello(&format!("hostile{n}"), None)).await;
        }
        hostile.push(tokio::spawn(async move {
            for id in 1..u64::MAX {
                let message = numbered(id, create(&format!("h{n} {id}"), 99.0));
                let text = String::from_utf8(Encoding::Json.encode_client(&message)).expect("is text");
                if client.socket.feed(tungstenite::Message::text(text)).await.is_err() {
                    return;
                }
            }
        }));
    }
    for n in 0..100_u32 {
        other.command(create(&format!("o{n}"), 1.0)).await;
        other.follow(&mut mirror, u64::from(n) + 1).await;
    }
    mirror.assert_equals(&live);
    // The server has closed them, or has stopped reading from them.
    for task in hostile {
        task.abort();
    }
    until(|| live.usage().subscribers == 1).await;
    server.app.store().create(None).await.expect("the server is well");
}

#[tokio::test]
async fn law7_a_client_that_vanishes_inside_a_frame_is_let_go_of() {
    a_client_that_vanishes(TestServer::start().await).await;
}

pub(crate) async fn a_client_that_vanishes(server: TestServer) {
    let live = server.session().await;
    let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let mut stream = client.socket.into_inner();
    // The head of a masked text frame of 100 bytes, and 10 of them.
    stream.write_all(&[0x81, 0x80 | 100, 1, 2, 3, 4]).await.expect("the server reads");
    stream.write_all(&[7; 10]).await.expect("the server reads");
    drop(stream);
    until(|| live.usage().subscribers == 0 && live.usage().peers == 0).await;
}

#[tokio::test]
async fn ws9_frames_that_are_against_the_standard_end_the_connection() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let unmasked: &[u8] = &[0x81, 0x02, b'{', b'}'];
    let reserved: &[u8] = &[0xf1, 0x80, 1, 2, 3, 4];
    let not_utf8: &[u8] = &[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe];
    for frame in [unmasked, reserved, not_utf8] {
        let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
        let mut stream = client.socket.into_inner();
        stream.write_all(frame).await.expect("the server reads");
        let mut rest = Vec::new();
        // It may end by a reset, as the rest of what was sent is not read.
        let _ = in_time(stream.read_to_end(&mut rest)).await;
        let close = CloseCode::ProtocolViolation.code().to_be_bytes();
        assert!(rest.windows(2).any(|w| w == close), "{frame:x?}: {rest:?}");
        until(|| live.usage().subscribers == 0).await;
    }
}

#[tokio::test]
async fn law7_a_message_in_many_small_frames_is_one_message() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let message = Encoding::Json.encode_client(&numbered(1, create("a", 0.0)));
    let mut stream = client.socket.into_inner();
    for (n, byte) in message.iter().enumerate() {
        let (first, last) = (n == 0, n + 1 == message.len());
        let opcode = if first { 0x01 } else { 0x00 };
        let fin = if last { 0x80 } else { 0x00 };
        stream.write_all(&[fin | opcode, 0x81, 0, 0, 0, 0, *byte]).await.expect("the server reads");
    }
    let role = tungstenite::protocol::Role::Client;
    let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(stream, role, None).await;
    let heard = in_time(futures_util::StreamExt::next(&mut socket)).await.expect("an answer");
    let text = heard.expect("a message").into_text().expect("text");
    let told = Encoding::Json.decode_server(text.as_bytes()).expect("can be read");
    assert!(matches!(&told, ServerMessage::Event(record) if record.seq == 1), "{told:?}");
    mirror.take(&told);
    mirror.assert_equals(&live);
}
