//! How a WebSocket ends: each close code, with its name as the reason.

use vws_core::SessionId;
use vws_core::wire::{ClientMessage, CloseCode, Encoding, ServerMessage};
use vws_server::units::Span;

use crate::support::{Client, Heard, TestServer, create, hello, in_time, numbered, run, until};

#[track_caller]
fn assert_closed(how: Option<(u16, String)>, code: CloseCode) {
    assert_eq!(how, Some((code.code(), code.name().to_owned())));
}

#[tokio::test(start_paused = true)]
async fn ws2_a_client_that_says_no_hello_in_time_is_closed() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let mut client = Client::connect(&server, live.id(), Encoding::Json).await;
    let connected = tokio::time::Instant::now();
    assert_closed(client.closed().await, CloseCode::BadHello);
    assert_eq!(connected.elapsed().as_secs(), 5);
    until(|| live.usage().subscribers == 0).await;
}

#[tokio::test]
async fn ws2_ws3_a_first_message_that_is_no_good_hello_is_told_and_closed() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let bad = [
        (r#"{"type":"hello","protocol":2,"client_id":"a"}"#, Some(("protocol_unknown", "/protocol"))),
        (r#"{"type":"hello","protocol":1,"client_id":"a b"}"#, Some(("client_id_invalid", "/client_id"))),
        (r#"{"type":"hello","protocol":1}"#, Some(("missing_field", "/client_id"))),
        (r#"{"type":"ping","t":1}"#, None),
        (r#"{"type":"command","id":1,"command":{"type":"clear_objects"}}"#, None),
    ];
    for (text, problem) in bad {
        let mut client = Client::connect(&server, live.id(), Encoding::Json).await;
        client.say_bytes(text).await;
        if let Some((code, pointer)) = problem {
            let ServerMessage::Rejected { id: 0, problem } = client.hear().await else {
                panic!("the reason comes first: {text}");
            };
            assert_eq!(
                (problem.code.as_str(), problem.errors[0].pointer.as_str()),
                (code, pointer),
                "{text}"
            );
        }
        assert_closed(client.closed().await, CloseCode::BadHello);
    }
    let (mut twice, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    twice.say(&hello("a", None)).await;
    assert_closed(twice.closed().await, CloseCode::BadHello);
}

#[tokio::test]
async fn ws14_an_unknown_session_is_told_after_the_handshake() {
    let server = TestServer::start().await;
    let unknown = SessionId::from_uuid(uuid::Uuid::from_u128(1));
    let mut client = Client::connect(&server, unknown, Encoding::Json).await;
    assert_closed(client.closed().await, CloseCode::NoSuchSession);
    let open = Client::open(&server, "/api/sessions/not-an-id/ws", &[], None).await;
    assert_closed(open.expect("the handshake").closed().await, CloseCode::NoSuchSession);
}

#[tokio::test]
async fn law6_ws14_a_deleted_session_closes_its_sockets_and_no_other() {
    let server = TestServer::start().await;
    let (live, other) = (server.session().await, server.session().await);
    let (mut reader, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let mut silent = Client::connect(&server, live.id(), Encoding::Json).await;
    let (mut elsewhere, mut mirror) = Client::mirroring(&server, other.id(), Encoding::Json, "a").await;
    server.app.store().delete(live.id()).await.expect("ends");
    assert_closed(reader.closed().await, CloseCode::NoSuchSession);
    silent.say(&hello("b", None)).await;
    assert_closed(silent.closed().await, CloseCode::NoSuchSession);
    run(&other, create("a", 0.0)).await.expect("is made");
    elsewhere.follow(&mut mirror, 1).await;
    until(|| live.usage().subscribers == 0).await;
    // Nobody holds it any more but this test: all that it had is free.
    until(|| std::sync::Arc::strong_count(&live) == 1).await;
}

#[tokio::test]
async fn http13_ws17_sockets_are_told_that_the_server_stops() {
    let mut server = TestServer::start().await;
    let live = server.session().await;
    let (mut greeted, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let mut silent = Client::connect(&server, live.id(), Encoding::MessagePack).await;
    server.begin_to_stop();
    assert_closed(greeted.closed().await, CloseCode::GoingAway);
    assert_closed(silent.closed().await, CloseCode::GoingAway);
    server.ended().await;
}

#[tokio::test]
async fn ws9_what_is_not_of_the_protocol_is_told_and_closed() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for text in [
        r#"{"type":"dance"}"#,
        "{",
        "null",
        r#"{"type":"ping"}"#,
        r#"{"type":"ping","t":1,"u":2}"#,
        r#"{"type":"command","id":0,"command":{"type":"clear_objects"}}"#,
    ] {
        let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
        client.say_bytes(text).await;
        assert!(
            matches!(client.hear_answer().await, ServerMessage::Rejected { id: 0, .. }),
            "the reason comes first: {text}"
        );
        assert_closed(client.closed().await, CloseCode::ProtocolViolation);
    }
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    client.encoding = Encoding::MessagePack;
    client.say(&ClientMessage::Ping { t: 1.0 }).await;
    client.encoding = Encoding::Json;
    assert_closed(client.closed().await, CloseCode::ProtocolViolation);
}

#[tokio::test]
async fn parse4_messages_up_to_their_depth() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    for (depth, code) in [(16, "type_mismatch"), (17, "too_deep")] {
        // The message and its command are two levels.
        let deep = format!("{}{}", "[".repeat(depth - 3), "]".repeat(depth - 3));
        let text = format!(
            r#"{{"type":"command","id":{depth},"command":{{"type":"create_object","object":{{"name":{deep}}}}}}}"#
        );
        client.say_bytes(text).await;
        match client.hear_answer().await {
            ServerMessage::Rejected { id, problem } => assert_eq!((id, &*problem.code), (depth as u64, code)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn ws15_a_message_over_the_bound_is_closed() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let mut message = Encoding::Json.encode_client(&numbered(1, create("padded", 0.0)));
    message.resize((1 << 20) + 1, b' ');
    client.say_bytes(message).await;
    assert_closed(client.closed().await, CloseCode::TooBig);
    assert_eq!(live.read(vws_core::reduce::State::seq), 0);
}

#[tokio::test]
async fn pres2_the_same_client_again_takes_over() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut former, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let (mut latter, mut mirror) = Client::mirroring(&server, live.id(), Encoding::MessagePack, "a").await;
    assert_closed(former.closed().await, CloseCode::Superseded);
    latter.command(create("a", 0.0)).await;
    latter.follow(&mut mirror, 1).await;
}

#[tokio::test(start_paused = true)]
async fn lim3_more_commands_than_allowed_close_the_connection() {
    let server = TestServer::with(|config| {
        config.limits.command_rate = 10;
        config.limits.command_burst = 20;
    })
    .await;
    let live = server.session().await;
    let (mut steady, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "steady").await;
    for n in 0..100_u32 {
        steady.command(create(&format!("o{n}"), 0.0)).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    steady.follow(&mut mirror, 100).await;

    let (mut hasty, _) = Client::mirroring(&server, live.id(), Encoding::Json, "hasty").await;
    for n in 0..21 {
        hasty.command(create(&format!("hasty{n}"), 0.0)).await;
    }
    assert_closed(hasty.closed().await, CloseCode::RateLimited);
    assert_eq!(live.read(vws_core::reduce::State::seq), 120, "the burst was taken, no more");
}

#[tokio::test(start_paused = true)]
async fn ws20_messages_that_cannot_be_read_count_too() {
    let server = TestServer::with(|config| {
        config.limits.command_rate = 10;
        config.limits.command_burst = 20;
    })
    .await;
    let live = server.session().await;
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    for id in 1..=21 {
        client.say_bytes(format!(r#"{{"type":"command","id":{id},"command":{{}}}}"#)).await;
    }
    assert_closed(client.closed().await, CloseCode::RateLimited);
}

#[tokio::test(start_paused = true)]
async fn ws16_a_client_that_gives_no_sign_of_life_is_let_go_of() {
    let server = TestServer::with(|config| {
        config.limits.ping_interval = Span::seconds(15);
        config.limits.dead_after = Span::seconds(45);
    })
    .await;
    let live = server.session().await;
    let (mut alive, _) = Client::mirroring(&server, live.id(), Encoding::Json, "alive").await;
    // Reads nothing from now on, so that its side answers no ping.
    let (dead, _) = Client::mirroring(&server, live.id(), Encoding::Json, "dead").await;
    let silent_since = tokio::time::Instant::now();
    let listening = tokio::spawn(async move {
        loop {
            if let Heard::Closed(why) = alive.heard().await {
                return why;
            }
        }
    });
    until(|| live.usage().subscribers == 1).await;
    assert!((45..=46).contains(&silent_since.elapsed().as_secs()), "{:?}", silent_since.elapsed());
    tokio::time::sleep(std::time::Duration::from_secs(300)).await;
    assert!(!listening.is_finished(), "who answers pings stays");
    drop(dead);
    server.app.store().delete(live.id()).await.expect("ends");
    assert_closed(in_time(listening).await.expect("does not panic"), CloseCode::NoSuchSession);
}
