//! What a client is answered.

use std::sync::Arc;

use vws_core::reduce::State;
use vws_core::wire::{ClientMessage, CommandMessage, Encoding, ServerMessage};
use vws_core::{Command, Problem};

use crate::support::{Client, Mirror, TestServer, command, create, create_many, move_to, numbered, run};

async fn rejected(client: &mut Client) -> (u64, Problem) {
    match client.hear_answer().await {
        ServerMessage::Rejected { id, problem } => (id, problem),
        other => panic!("it is refused, not {other:?}"),
    }
}

#[tokio::test]
async fn ws6_a_command_is_answered_by_its_events() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for encoding in Encoding::ALL {
        let name = format!("{encoding:?}");
        let (mut client, mut mirror) = Client::mirroring(&server, live.id(), encoding, &name).await;
        let id = client.command(create_many(&name, 3)).await;
        let head = mirror.seq() + 3;
        client.follow(&mut mirror, head).await;
        let told: Vec<_> = mirror.events.iter().map(|e| (e.by.clone(), e.more)).collect();
        assert_eq!(told.iter().map(|(_, more)| *more).collect::<Vec<_>>(), [2, 1, 0]);
        for (by, _) in told {
            let by = by.expect("an author");
            assert_eq!((by.client_id.as_str(), by.command_id), (name.as_str(), id));
        }
        mirror.assert_equals(&live);
    }
}

#[tokio::test]
async fn ws7_ws8_a_command_that_changes_nothing_or_breaks_a_rule_is_answered_too() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for encoding in Encoding::ALL {
        let name = format!("{encoding:?}");
        let (mut client, mut mirror) = Client::mirroring(&server, live.id(), encoding, &name).await;
        client.command(create(&name, 1.0)).await;
        let head = mirror.seq() + 1;
        client.follow(&mut mirror, head).await;
        let id = client.command(move_to(&name, 1.0)).await;
        assert_eq!(client.hear_answer().await, ServerMessage::Accepted { id, seq: head, events: 0 });
        let id = client.command(move_to(&name, 12.5)).await;
        let (told, problem) = rejected(&mut client).await;
        assert_eq!((told, problem.code.as_str()), (id, "coordinate_out_of_bounds"));
        assert_eq!(problem.errors[0].pointer, "/patch/x");
        assert_eq!(live.read(State::seq), head);
    }
}

#[tokio::test]
async fn ws9_a_command_that_cannot_be_read_is_refused_by_its_id() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    client.say_bytes(*br#"{"type":"command","id":1,"command":{"type":"create_object","object":{"name":"a","type":"cube","x":1,"y":2,"z":3,"wings":2}}}"#).await;
    let (id, problem) = rejected(&mut client).await;
    assert_eq!((id, problem.code.as_str()), (1, "unknown_field"));
    assert_eq!(problem.errors[0].pointer, "/object/wings");
    client.say_bytes(*br#"{"type":"command","id":2,"command":{"type":"delete_object","name":1e999}}"#).await;
    let (id, problem) = rejected(&mut client).await;
    assert_eq!((id, problem.code.as_str()), (2, "number_not_finite"));
    client.say(&numbered(3, create("a", 1.0))).await;
    assert!(matches!(client.hear_answer().await, ServerMessage::Event(event) if event.seq == 1));
}

#[tokio::test]
async fn ws19_commands_are_answered_in_their_order() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for encoding in Encoding::ALL {
        let name = format!("{encoding:?}");
        let (mut client, mut mirror) = Client::mirroring(&server, live.id(), encoding, &name).await;
        let start = mirror.seq();
        // One command whose echo takes several turns, then one of each kind of answer.
        for round in 0..5_u64 {
            let prefix = format!("{name} {round} ");
            client.command(create_many(&prefix, 700)).await;
            client.command(create(&format!("{prefix}0"), 0.0)).await;
            client.command(move_to(&format!("{prefix}0"), 0.0)).await;
            client.say_bytes(unreadable(encoding)).await;
            client.command(move_to(&format!("{prefix}0"), 1.0)).await;
        }
        for round in 0..5 {
            let before = start + round * 701;
            client.follow(&mut mirror, before + 700).await;
            let base = round * 4;
            let (id, problem) = rejected(&mut client).await;
            assert_eq!((id, problem.code.as_str()), (base + 2, "object_exists"));
            let unchanged = ServerMessage::Accepted { id: base + 3, seq: before + 700, events: 0 };
            assert_eq!(client.hear_answer().await, unchanged);
            assert_eq!(rejected(&mut client).await.0, 99);
            client.follow(&mut mirror, before + 701).await;
        }
        mirror.assert_equals(&live);
    }
}

/// A command with the id 99 that has no object.
fn unreadable(encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Json => br#"{"type":"command","id":99,"command":{"type":"create_object"}}"#.to_vec(),
        Encoding::MessagePack => {
            let good = numbered(99, Command::ClearObjects);
            let mut bytes = encoding.encode_client(&good);
            let at = bytes.windows(5).position(|w| w == b"clear").expect("the type's name");
            bytes[at..at + 5].copy_from_slice(b"qlear");
            bytes
        }
    }
}

#[tokio::test]
async fn law8_a_retry_after_a_reconnect_has_one_effect_and_gets_the_first_outcome() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    client.command(create("a", 1.0)).await;
    client.command(create("a", 2.0)).await;
    client.follow(&mut mirror, 1).await;
    let (_, first) = rejected(&mut client).await;
    drop(client);
    run(&live, command(r#"{"type":"delete_object","name":"a"}"#)).await.expect("is allowed");

    let position = mirror.position();
    let (mut again, _) = Client::join(&server, live.id(), Encoding::Json, "a", Some(position)).await;
    again.follow(&mut mirror, 2).await;
    again.command(create("a", 1.0)).await;
    again.command(create("a", 2.0)).await;
    assert_eq!(again.hear_answer().await, ServerMessage::Accepted { id: 1, seq: 1, events: 1 });
    assert_eq!(rejected(&mut again).await, (2, first), "a refusal is an outcome");
    assert_eq!(live.read(|s| (s.seq(), s.object_count())), (2, 0));
    again.command(create("a", 3.0)).await;
    again.follow(&mut mirror, 3).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn cmd9_what_a_client_expects_is_checked() {
    let server = TestServer::start().await;
    let live = server.session().await;
    run(&live, create("a", 1.0)).await.expect("is made");
    run(&live, move_to("a", 2.0)).await.expect("is allowed");
    let (mut client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let expecting = |id, version| {
        ClientMessage::Command(CommandMessage {
            id,
            expect_version: Some(version),
            command: move_to("a", 3.0),
        })
    };
    client.say(&expecting(1, 1)).await;
    assert_eq!(rejected(&mut client).await.1.code, "version_mismatch");
    client.say(&expecting(2, 2)).await;
    client.follow(&mut mirror, 3).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn ws11_a_ping_is_answered_with_what_it_said() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for encoding in Encoding::ALL {
        let (mut client, _) = Client::mirroring(&server, live.id(), encoding, "a").await;
        client.say(&ClientMessage::Ping { t: 1_234.5 }).await;
        assert_eq!(client.hear_answer().await, ServerMessage::Pong { t: 1_234.5 });
    }
}

#[tokio::test(start_paused = true)]
async fn ws10_a_heartbeat_proves_the_state_that_the_client_was_told() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let mut followers: Vec<(Client, Mirror)> = Vec::new();
    for encoding in Encoding::ALL {
        let name = format!("{encoding:?}");
        followers.push(Client::mirroring(&server, live.id(), encoding, &name).await);
    }
    for round in 1..=5_u64 {
        let writer = {
            let live = Arc::clone(&live);
            tokio::spawn(async move {
                for n in 0..50 {
                    run(&live, create(&format!("r{round} {n}"), 0.5)).await.expect("is made");
                }
            })
        };
        for (client, mirror) in &mut followers {
            client.follow(mirror, round * 50).await;
            let (seen, told) = (tokio::time::Instant::now(), mirror.heartbeats);
            // The mirror compares each digest with its own.
            while mirror.heartbeats == told {
                mirror.take(&client.hear().await);
            }
            assert!(seen.elapsed().as_secs() <= 2, "a heartbeat follows the last event soon");
        }
        writer.await.expect("does not panic");
    }
    let (client, mirror) = &mut followers[0];
    let (idle, told) = (tokio::time::Instant::now(), mirror.heartbeats);
    while mirror.heartbeats < told + 2 {
        mirror.take(&client.hear().await);
    }
    assert!(idle.elapsed().as_secs() <= 31, "an idle session has heartbeats");
}

#[tokio::test]
async fn ws15_messages_may_be_as_long_as_the_bound() {
    let server = TestServer::with(|config| config.limits.max_objects = 10_000).await;
    let live = server.session().await;
    let (mut client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let text = "t".repeat(256);
    let draft =
        r#"{"name":"long","type":"text","x":0,"y":0,"z":0,"text":"TEXT","properties":{"note":"NOTE"}}"#;
    let draft = draft.replace("TEXT", &text).replace("NOTE", &"n".repeat(4_000));
    client.command(command(&format!(r#"{{"type":"create_object","object":{draft}}}"#))).await;
    client.follow(&mut mirror, 1).await;
    // White space up to the last byte that is allowed.
    let mut message = Encoding::Json.encode_client(&numbered(2, create("padded", 0.0)));
    message.resize(1 << 20, b' ');
    client.say_bytes(message).await;
    client.follow(&mut mirror, 2).await;
    mirror.assert_equals(&live);
}
