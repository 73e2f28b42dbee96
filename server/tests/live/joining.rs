//! How a WebSocket begins: hello, welcome, the state or the tail.

use vws_core::Session;
use vws_core::reduce::State;
use vws_core::wire::{Encoding, Mode, Resume, ResyncReason, ServerMessage};

use crate::support::{Client, TestServer, create, create_many, move_to, run};

const BOTH: [Encoding; 2] = Encoding::ALL;

#[tokio::test]
async fn ws4_a_joiner_gets_the_state_and_exactly_what_follows() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for n in 0..3 {
        run(&live, create_many(&format!("batch {n} "), 1_000)).await.expect("is made");
    }
    for encoding in BOTH {
        let (mut client, welcome) = Client::join(&server, live.id(), encoding, "a", None).await;
        assert_eq!(client.subprotocol.as_deref(), Some(encoding.subprotocol()));
        assert_eq!((welcome.session, welcome.mode), (live.id(), Mode::Snapshot));
        assert_eq!(welcome.head_seq, live.read(State::seq));
        assert_eq!(welcome.limits, *live.limits());
        let mut mirror = crate::support::Mirror::default();
        let mut parts = 0;
        while mirror.snapshots == 0 {
            let message = client.hear().await;
            if let ServerMessage::Snapshot(part) = &message {
                assert!(part.objects.len() <= 1_000, "a part has at most 1,000 objects");
                parts += 1;
            }
            mirror.take(&message);
        }
        assert!(parts >= 3, "3,000 objects travel in 3 parts");
        let head = run(&live, create(&format!("{encoding:?}"), 1.0)).await.expect("is made").seq;
        client.follow(&mut mirror, head).await;
        mirror.assert_equals(&live);
    }
}

#[tokio::test]
async fn ws1_without_a_subprotocol_the_messages_are_json() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws", live.id());
    let unknown = [("sec-websocket-protocol", "soap, vws.v1.msgpack, vws.v1.json")];
    let mut plain = Client::open(&server, &path, &[], None).await.expect("the handshake");
    assert_eq!(plain.subprotocol, None);
    plain.greet("plain", None).await;
    let mut offering = Client::open(&server, &path, &unknown, None).await.expect("the handshake");
    assert_eq!(offering.subprotocol.as_deref(), Some("vws.v1.msgpack"), "the client's first that is known");
    offering.greet("offering", None).await;
}

#[tokio::test]
async fn ws5_a_client_that_returns_gets_only_what_it_missed() {
    let server = TestServer::start().await;
    let live = server.session().await;
    run(&live, create_many("o", 100)).await.expect("is made");
    for encoding in BOTH {
        let (mut client, mut mirror) = Client::mirroring(&server, live.id(), encoding, "a").await;
        let mut head = live.read(State::seq);
        for round in 0..10_u32 {
            drop(client);
            for n in 0..round {
                let x = f64::from(round) + f64::from(n) / 100.0;
                head = run(&live, move_to("o1", x)).await.expect("is allowed").seq;
            }
            let (again, welcome) =
                Client::join(&server, live.id(), encoding, "a", Some(mirror.position())).await;
            client = again;
            assert_eq!((welcome.mode, welcome.head_seq), (Mode::Tail, head));
            client.follow(&mut mirror, head).await;
        }
        mirror.assert_equals(&live);
        assert_eq!(mirror.snapshots, 1, "the state was sent once");
    }
}

#[tokio::test]
async fn ws5_a_place_that_is_gone_gets_the_state_never_part_of_a_tail() {
    let server = TestServer::with(|config| config.limits.feed_events = 10).await;
    let live = server.session().await;
    for n in 0..30 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    let epoch = live.read(Session::epoch);
    let places = [(epoch, 19, "fell out"), (epoch + 1, 30, "another history"), (epoch, 31, "not there yet")];
    for (epoch, seq, why) in places {
        let after = Some(Resume { epoch, seq });
        let (mut client, welcome) = Client::join(&server, live.id(), Encoding::Json, "a", after).await;
        assert_eq!(welcome.mode, Mode::Snapshot, "{why}");
        assert!(matches!(client.hear().await, ServerMessage::Snapshot(part) if part.seq == 30), "{why}");
    }
    let after = Some(Resume { epoch, seq: 20 });
    let (mut client, welcome) = Client::join(&server, live.id(), Encoding::Json, "a", after).await;
    assert_eq!(welcome.mode, Mode::Tail, "the ring's oldest event is the next one");
    assert!(matches!(client.hear().await, ServerMessage::Event(event) if event.seq == 21));
}

#[tokio::test]
async fn ws12_a_client_may_ask_for_the_state_or_the_tail_again() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let start = mirror.position();
    let before = crate::support::Mirror::of(mirror.session().clone());
    run(&live, create_many("o", 10)).await.expect("is made");
    client.follow(&mut mirror, 10).await;

    client.say(&vws_core::wire::ClientMessage::Resume { after: Some(start) }).await;
    let requested = ServerMessage::Resync { reason: ResyncReason::Requested };
    assert_eq!(client.hear_answer().await, requested);
    let mut again = before;
    client.follow(&mut again, 10).await;
    assert_eq!((again.snapshots, again.events.len()), (0, 10), "only the tail");
    again.assert_equals(&live);

    client.say(&vws_core::wire::ClientMessage::Resume { after: None }).await;
    assert_eq!(client.hear_answer().await, requested);
    while again.snapshots == 0 {
        again.take(&client.hear().await);
    }
    run(&live, create("last", 0.0)).await.expect("is made");
    client.follow(&mut again, 11).await;
    again.assert_equals(&live);
}

#[tokio::test]
async fn http3_foreign_pages_are_refused_before_the_handshake() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws", live.id());
    for origin in ["http://example.org", "null", "http://127.0.0.1", "http://127.0.0.1.example.org:80"] {
        let refused = Client::open(&server, &path, &[("origin", origin)], None).await;
        assert_eq!(refused.expect_err("is refused").status(), 403, "{origin}");
    }
    let own = format!("http://{}", server.address);
    Client::open(&server, &path, &[("origin", &own)], None).await.expect("the server's own page");
}

#[tokio::test]
async fn lim2_connections_of_one_session_stop_at_their_bound_before_the_handshake() {
    let server = TestServer::with(|config| config.limits.max_session_connections = 2).await;
    let (live, other) = (server.session().await, server.session().await);
    let first = Client::connect(&server, live.id(), Encoding::Json).await;
    let _second = Client::connect(&server, live.id(), Encoding::Json).await;
    let path = format!("/api/sessions/{}/ws", live.id());
    let refused = Client::open(&server, &path, &[], None).await.expect_err("is one too many");
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    Client::connect(&server, other.id(), Encoding::Json).await;
    drop(first);
    crate::support::until(|| live.usage().subscribers == 1).await;
    Client::connect(&server, live.id(), Encoding::Json).await;
}
