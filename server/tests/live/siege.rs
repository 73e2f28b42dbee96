//! What hostile clients of the WebSocket cost, and that it is counted.

use std::ops::Range;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::time::{Duration, Instant, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use vws_core::reduce::State;
use vws_core::wire::{CloseCode, Encoding, ServerMessage};
use vws_server::units::ByteSize;

use crate::standard::frame;
use crate::support::{
    Client, Mirror, TestServer, create, create_many, in_time, move_to, numbered, run, until,
};

/// How many WebSockets ended so, by what an operator sees.
async fn ended(server: &TestServer, why: &str) -> u64 {
    let mut stream = tokio::net::TcpStream::connect(server.address).await.expect("the server accepts");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut metrics = String::new();
    in_time(stream.read_to_string(&mut metrics)).await.expect("an answer");
    let series = format!("vws_websockets_ended_total{{why=\"{why}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn siege2_siege8_subscribers_that_take_nothing_are_ended_for_it_and_counted() {
    const STALLED: usize = 8;
    let server = TestServer::with(|config| config.limits.send_buffer = ByteSize::kib(8)).await;
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut stalled = Vec::new();
    for n in 0..STALLED {
        let mut client = Client::open(&server, &path, &[], Some(4 * 1024)).await.expect("the handshake");
        client.greet(&format!("stalled{n}"), None).await;
        stalled.push(client);
    }
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "other").await;
    run(&live, create("o", 0.0)).await.expect("is made");
    for n in 0..1_000_u32 {
        let head = run(&live, move_to("o", f64::from(n + 1) / 1_000.0)).await.expect("is allowed").seq;
        other.follow(&mut mirror, head).await;
    }
    // It goes on to show that it lives; they do not, and would be ended for what they do not take.
    let following = tokio::spawn(async move { other.closed().await });
    until(|| live.usage().subscribers == 1).await;
    assert_eq!(ended(&server, "too_slow").await, STALLED as u64);
    assert!(!following.is_finished(), "the other one goes on");
    following.abort();
    mirror.assert_equals(&live);
}

#[tokio::test(start_paused = true)]
async fn siege2_ws16_who_stalls_has_no_more_time_for_falling_behind_the_feed() {
    let server = TestServer::with(|config| {
        config.limits.send_buffer = ByteSize::kib(8);
        config.limits.feed_events = 64;
    })
    .await;
    let live = server.session().await;
    run(&live, create("o", 0.0)).await.expect("is made");
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut stalled = Client::open(&server, &path, &[], Some(4 * 1024)).await.expect("the handshake");
    stalled.greet("stalled", None).await;
    let begun = Instant::now();
    let mut n = 0;
    while live.usage().subscribers == 1 {
        n += 1;
        run(&live, move_to("o", f64::from(n % 2_000) / 200.0 + 0.1)).await.expect("is allowed");
        sleep(Duration::from_millis(2)).await;
        let held = begun.elapsed();
        assert!(
            held <= Duration::from_secs(38),
            "30 s, its kernel's room before and the close after, and still there: {held:?}"
        );
    }
    assert_eq!(ended(&server, "too_slow").await, 1);
}

#[tokio::test(start_paused = true)]
async fn siege9_a_message_that_never_ends_ends_its_connection() {
    let server = TestServer::start().await;
    let live = server.session().await;
    // A text of which a letter comes a second, in one frame or in fragments with pings between them.
    let drops: [&dyn Fn() -> Vec<u8>; 2] =
        [&|| vec![b'x'], &|| [frame(0x00, b"x"), frame(0x89, b"still here")].concat()];
    for (first, drop) in
        [[0x81, 0xfe, 0x10, 0, 0, 0, 0, 0].to_vec(), frame(0x01, b"x")].into_iter().zip(drops)
    {
        let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "slow").await;
        let mut stream = client.socket.into_inner();
        let begun = Instant::now();
        stream.write_all(&first).await.expect("the server reads");
        in_time(async {
            while live.usage().subscribers == 1 {
                let _ = stream.write_all(&drop()).await;
                sleep(Duration::from_secs(1)).await;
            }
        })
        .await;
        let held = begun.elapsed();
        assert!((9..=15).contains(&held.as_secs()), "10 s for a message, and ended after {held:?}");
    }
    assert_eq!(ended(&server, "too_slow").await, 2);
    // Who says one thing after the other is not late, wherever its bytes are cut.
    let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "steady").await;
    let mut stream = client.socket.into_inner();
    let said = frame(0x81, br#"{"type":"presence"}"#);
    for piece in said.repeat(60).chunks(said.len() + 3) {
        stream.write_all(piece).await.expect("the server reads");
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(live.usage().subscribers, 1);
}

#[tokio::test(start_paused = true)]
async fn siege9_who_is_not_listened_to_is_not_late() {
    let server = TestServer::with(|config| {
        config.limits.feed_events = 16;
        config.limits.send_buffer = ByteSize::kib(8);
    })
    .await;
    let live = server.session().await;
    for n in 0..5 {
        run(&live, create_many(&format!("o{n}-"), 1_000)).await.expect("is made");
    }
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut client = Client::open(&server, &path, &[], Some(4 * 1024)).await.expect("the handshake");
    client.greet("busy", None).await;
    let mut mirror = Mirror::default();
    client.follow(&mut mirror, live.read(State::seq)).await;
    // The begin of a message, and then so many events that the client falls behind and is sent the whole state again.
    let mut stream = client.socket.into_inner();
    let said = frame(0x81, br#"{"type":"ping","t":7}"#);
    stream.write_all(&said[..10]).await.expect("the server reads");
    for n in 0..3_000_u32 {
        run(&live, move_to("o0-0", f64::from(n + 1) / 1_000.0)).await.expect("is allowed");
        tokio::task::yield_now().await;
    }
    // For longer than a message may take, it takes a little now and then: it is not stalled, the state is under way all
    // the time, and whoever writes that listens to nobody.
    let mut taken = Vec::new();
    for _ in 0..8 {
        let mut piece = [0; 4 * 1024];
        let length = in_time(stream.read(&mut piece)).await.expect("the server writes");
        taken.extend_from_slice(&piece[..length]);
        sleep(Duration::from_secs(2)).await;
    }
    // Then it takes all of it, and has its time to say the rest of what it has begun.
    client.socket = WebSocketStream::from_partially_read(stream, taken, Role::Client, None).await;
    client.follow(&mut mirror, live.read(State::seq)).await;
    assert!(mirror.resyncs >= 1, "{} snapshots", mirror.snapshots);
    sleep(Duration::from_secs(8)).await;
    client.socket.get_mut().write_all(&said[10..]).await.expect("the server reads");
    while !matches!(client.hear().await, ServerMessage::Pong { .. }) {}
    assert_eq!(ended(&server, "too_slow").await, 0);
}

#[tokio::test(start_paused = true)]
async fn siege2_law7_who_takes_nothing_is_listened_to_up_to_its_backlog_and_no_further() {
    // What may wait for one client, less what a last message and the socket's own buffer may add to it.
    const BACKLOG: usize = (256 - 64) * 1024;
    // A ping is answered with what it carries: that many bytes wait for who takes nothing.
    const PING: usize = 125;
    const PONG: usize = 2 + PING;
    // An event of which the socket has taken a part comes to its end first.
    const EVENT: usize = 250;
    let server = TestServer::with(|config| {
        assert_eq!(config.limits.max_backlog, ByteSize::kib(256), "what is promised");
        config.limits.send_buffer = ByteSize::kib(8);
        config.limits.command_burst = 1_000_000;
    })
    .await;
    let live = server.session().await;
    run(&live, create("o", 0.0)).await.expect("is made");
    let path = format!("/api/sessions/{}/ws", live.id());
    let mut client = Client::open(&server, &path, &[], Some(4 * 1024)).await.expect("the handshake");
    client.greet("silent", None).await;
    let mut mirror = Mirror::default();
    client.follow(&mut mirror, live.read(State::seq)).await;
    // More than the kernel holds for it, of what all share.
    for n in 0..2_000_u32 {
        run(&live, move_to("o", f64::from(n % 9 + 1))).await.expect("is allowed");
        tokio::task::yield_now().await;
    }
    let mut stream = client.socket.into_inner();
    let pings = |numbers: Range<usize>| {
        let carried = |n: usize| [&n.to_be_bytes()[..], &[b'.'; PING - size_of::<usize>()]].concat();
        numbers.flat_map(|n| frame(0x89, &carried(n))).collect::<Vec<u8>>()
    };
    let command = |id, name: &str| {
        let message = numbered(id, create(name, 0.0));
        frame(0x81, &Encoding::Json.encode_client(&message))
    };
    let is_there = |name: &str| live.read(|session| session.object(name).is_some());

    let below = (BACKLOG - EVENT) / PONG;
    stream.write_all(&pings(0..below)).await.expect("the server reads");
    stream.write_all(&command(1, "below")).await.expect("there is room for it");
    until(|| is_there("below")).await;

    let beyond = BACKLOG.div_ceil(PONG);
    stream.write_all(&pings(below..beyond)).await.expect("there is room for it");
    stream.write_all(&command(2, "beyond")).await.expect("there is room for it");
    sleep(Duration::from_secs(20)).await;
    assert!(!is_there("beyond"), "{} bytes wait, and it is listened to", beyond * PONG);

    // Nothing of it is lost: it is listened to again where it takes what waits.
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let mut pongs = 0_usize;
    while !is_there("beyond") || pongs < beyond {
        match in_time(socket.next()).await.expect("it is not ended").expect("a frame") {
            Message::Pong(carried) => {
                assert_eq!(carried[..size_of::<usize>()], pongs.to_be_bytes(), "each once, in order");
                pongs += 1;
            }
            Message::Text(_) | Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn siege3_siege8_who_floods_and_reads_nothing_is_ended_for_it_and_counted() {
    let server = TestServer::with(|config| {
        config.limits.command_burst = 100;
        config.limits.command_rate = 1;
    })
    .await;
    let live = server.session().await;
    for (n, what) in ["pings", "presence", "commands"].into_iter().enumerate() {
        let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, what).await;
        for said in 0..200_u32 {
            let message = match what {
                "pings" => Message::Ping(said.to_be_bytes().to_vec().into()),
                "presence" => Message::text(r#"{"type":"presence","selection":["o"]}"#),
                _ => Message::text(format!(
                    r#"{{"type":"command","id":{},"command":{{"type":"clear_objects"}}}}"#,
                    said + 1
                )),
            };
            // It may have been ended already.
            if in_time(client.socket.feed(message)).await.is_err() {
                break;
            }
        }
        let _ = in_time(client.socket.flush()).await;
        let closed = client.closed().await.expect("a close frame");
        assert_eq!(closed, (CloseCode::RateLimited.code(), "rate_limited".to_owned()), "{what}");
        until(|| live.usage().subscribers == 0).await;
        drop(client);
        let wanted = n as u64 + 1;
        let counted = in_time(async {
            while ended(&server, "rate_limited").await < wanted {}
            ended(&server, "rate_limited").await
        });
        assert_eq!(counted.await, wanted, "{what}");
    }
}

#[tokio::test]
async fn siege4_whatever_bytes_come_the_connection_ends_and_nothing_of_it_is_left() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "other").await;
    let before = Handle::current().metrics().num_alive_tasks();
    let mut random = fastrand::Rng::with_seed(4);
    for n in 0..150 {
        let encoding = if random.bool() { Encoding::Json } else { Encoding::MessagePack };
        let client = if random.bool() {
            Client::mirroring(&server, live.id(), encoding, &format!("c{n}")).await.0
        } else {
            Client::connect(&server, live.id(), encoding).await
        };
        let mut stream = client.socket.into_inner();
        let bytes: Vec<u8> = (0..random.usize(1..3_000)).map(|_| random.u8(..)).collect();
        for piece in bytes.chunks(random.usize(1..=bytes.len())) {
            // It may have been refused already.
            if stream.write_all(piece).await.is_err() {
                break;
            }
        }
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        // Ended in order or reset: it ends.
        let _ = in_time(stream.read_to_end(&mut rest)).await;
    }
    until(|| live.usage().subscribers == 1 && live.usage().peers == 1).await;
    until(|| Handle::current().metrics().num_alive_tasks() <= before).await;
    let head = run(&live, create("o", 0.0)).await.expect("is made").seq;
    other.follow(&mut mirror, head).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn siege6_one_event_reaches_all_who_say_nothing() {
    let server = TestServer::with(|config| config.limits.feed_shard = 64).await;
    let live = server.session().await;
    let mut idle = Vec::new();
    for n in 0..200 {
        idle.push(Client::mirroring(&server, live.id(), Encoding::Json, &format!("c{n}")).await);
    }
    let head = run(&live, create("o", 0.0)).await.expect("is made").seq;
    assert_eq!(head, live.read(State::seq));
    for (client, mirror) in &mut idle {
        client.follow(mirror, head).await;
    }
    assert_eq!(live.usage().subscribers, 200);
}

#[tokio::test]
async fn siege7_sessions_that_were_used_and_deleted_leave_no_task() {
    let server = TestServer::start().await;
    let used_and_deleted = async |n: u32| {
        let live = server.session().await;
        let (mut client, mut mirror) =
            Client::mirroring(&server, live.id(), Encoding::Json, &format!("c{n}")).await;
        let head = run(&live, create("o", 0.0)).await.expect("is made").seq;
        client.follow(&mut mirror, head).await;
        server.app.store().delete(live.id()).await.expect("is there");
        let closed = client.closed().await.expect("a close frame");
        assert_eq!(closed.0, CloseCode::NoSuchSession.code());
    };
    // What a server has once is there after its first client, of whom a task or two may still end.
    used_and_deleted(0).await;
    let before = Handle::current().metrics().num_alive_tasks();
    for n in 1..=50 {
        used_and_deleted(n).await;
    }
    until(|| Handle::current().metrics().num_alive_tasks() <= before).await;
}
