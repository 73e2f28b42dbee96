//! Who may do what over WebSocket and in event streams, and what becomes of connections whose token is over.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncReadExt;
use vws_core::SessionId;
use vws_core::model::Role;
use vws_core::wire::{Access, ClientMessage, Encoding, Hello, PresenceDraft, Secret, ServerMessage};
use vws_server::auth::{Anonymous, Happened, Revocation};

use super::support::{Client, EventStream, Message, TestServer, create, dial, hello, in_time, numbered};
use super::tokens::{REVOKED, ROLES, bad, claims, now, secret_file, signed, token};

const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

async fn guarded(secret: &Path, anonymous: Option<Anonymous>) -> TestServer {
    TestServer::with(|config| {
        config.auth_secret_file = Some(secret.to_owned());
        config.anonymous = anonymous;
    })
    .await
}

fn hello_with(client_id: &str, token: Option<&str>) -> ClientMessage {
    match hello(client_id, None) {
        ClientMessage::Hello(hello) => {
            ClientMessage::Hello(Hello { token: token.map(|token| Secret(token.to_owned())), ..hello })
        }
        other => other,
    }
}

fn revoke(server: &TestServer, id: &str) {
    let until = ((now() + 3_600.0) * 1_000.0) as u64;
    let revocation = Revocation { id: id.parse().expect("is an id"), until };
    server.app.auth().revoked().add(revocation, 0).expect("is kept");
}

/// Says hello; hears the code and close code of a refusal, or what the welcome says of access.
async fn greeted(
    server: &TestServer,
    session: SessionId,
    token: Option<&str>,
) -> Result<(Client, Option<Access>), (String, u16)> {
    let mut client = Client::connect(server, session, Encoding::Json).await;
    client.say(&hello_with("c-1", token)).await;
    match client.hear().await {
        ServerMessage::Welcome(welcome) => Ok((client, welcome.access)),
        ServerMessage::Rejected { id: 0, problem } => {
            if let Some(token) = token {
                let told = format!("{problem:?}");
                assert!(token.split('.').all(|part| part.is_empty() || !told.contains(part)), "{told}");
            }
            Err((problem.code, client.closed().await.expect("a close frame").0))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn auth11_every_role_is_let_in_and_told_what_it_may() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let id = live.id().to_string();
    for role in ROLES {
        for scope in ["*", &*id] {
            let (_, access) =
                greeted(&server, live.id(), Some(&token(role, scope))).await.expect("is let in");
            let access = access.expect("is told");
            assert_eq!(access.role.name(), role);
            assert_eq!(access.shares, access.role >= Role::Own);
            assert!(access.until.is_some_and(|until| until as f64 > now() * 1_000.0));
        }
        let refused = greeted(&server, live.id(), Some(&token(role, OTHER))).await.expect_err("is another's");
        assert_eq!(refused, ("forbidden".to_owned(), 4003));
    }
    let refused = greeted(&server, live.id(), None).await.expect_err("needs one");
    assert_eq!(refused, ("token_needed".to_owned(), 4001));
}

#[tokio::test]
async fn auth5_auth6_no_hello_is_taken_with_a_token_that_does_not_hold() {
    let (_folder, secret) = secret_file();
    for anonymous in [None, Some(Anonymous::Own)] {
        let server = guarded(&secret, anonymous).await;
        let live = server.session().await;
        revoke(&server, REVOKED);
        for (wrong, token, code) in bad() {
            let refused = greeted(&server, live.id(), Some(&token)).await.expect_err("does not hold");
            let close = if code == "token_revoked" { 4003 } else { 4001 };
            assert_eq!(refused, (code.to_owned(), close), "a token that is {wrong}");
        }
    }
}

#[tokio::test]
async fn auth7_a_server_that_asks_nobody_says_nothing_of_access() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for token in [None, Some("abc")] {
        let (_, access) = greeted(&server, live.id(), token).await.expect("is let in");
        assert_eq!(access, None);
    }
}

#[tokio::test]
async fn auth11_who_may_not_know_is_not_told_which_sessions_there_are() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let nowhere: SessionId = OTHER.parse().expect("is an id");
    let refused = greeted(&server, nowhere, None).await.expect_err("needs a token");
    assert_eq!(refused, ("token_needed".to_owned(), 4001));
    let mine = server.session().await.id().to_string();
    let refused = greeted(&server, nowhere, Some(&token("own", &mine))).await.expect_err("is for another");
    assert_eq!(refused, ("forbidden".to_owned(), 4003));
    // Who may know is told.
    let mut client = Client::connect(&server, nowhere, Encoding::Json).await;
    client.say(&hello_with("c-1", Some(&token("view", "*")))).await;
    assert_eq!(client.closed().await, Some((4004, "no_such_session".to_owned())));
}

#[tokio::test]
async fn auth12_a_viewer_is_seen_and_its_commands_are_refused() {
    let (_folder, secret) = secret_file();
    for (anonymous, shown) in [(None, Some("view")), (Some(Anonymous::View), None)] {
        let server = guarded(&secret, anonymous).await;
        let live = server.session().await;
        let viewers = shown.map(|role| token(role, "*"));
        for encoding in [Encoding::Json, Encoding::MessagePack] {
            let mut editor = Client::connect(&server, live.id(), encoding).await;
            editor.say(&hello_with("editor", Some(&token("edit", "*")))).await;
            assert!(matches!(editor.hear().await, ServerMessage::Welcome(_)));
            let mut viewer = Client::connect(&server, live.id(), encoding).await;
            viewer.say(&hello_with("viewer", viewers.as_deref())).await;
            assert!(matches!(viewer.hear().await, ServerMessage::Welcome(_)));

            let draft: PresenceDraft = serde_json::from_value(json!({"selection": ["a"]})).expect("is one");
            viewer.say(&ClientMessage::Presence(draft)).await;
            in_time(async {
                loop {
                    if let ServerMessage::Presence { peers, .. } = editor.hear().await
                        && peers.iter().any(|peer| {
                            peer.client_id.as_str() == "viewer" && peer.presence.selection.len() == 1
                        })
                    {
                        return;
                    }
                }
            })
            .await;

            let before = live.read(vws_core::Session::digest);
            for id in 1..=3 {
                viewer.say(&numbered(id, create("a", 0.0))).await;
                let rejected = loop {
                    match viewer.hear_answer().await {
                        ServerMessage::Rejected { id, problem } => break (id, problem),
                        ServerMessage::Snapshot(_) => {}
                        other => panic!("{other:?}"),
                    }
                };
                let words = "the role view may not change this session; it takes edit";
                assert_eq!((rejected.0, &*rejected.1.code, &*rejected.1.detail), (id, "forbidden", words));
            }
            assert_eq!(live.read(vws_core::Session::digest), before);
            // It is followed all the same.
            viewer.say(&ClientMessage::Ping { t: 1.0 }).await;
            assert_eq!(viewer.hear_answer().await, ServerMessage::Pong { t: 1.0 });
        }
    }
}

#[tokio::test]
async fn auth8_events_of_a_socket_carry_the_subject() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let (mut client, _) = greeted(&server, live.id(), Some(&token("edit", "*"))).await.expect("is let in");
    client.say(&numbered(1, create("a", 0.0))).await;
    let record = loop {
        match client.hear_answer().await {
            ServerMessage::Event(record) => break record,
            ServerMessage::Snapshot(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(record.subject.as_ref().map(|subject| subject.as_str()), Some("ada@example.org"));
    assert_eq!(record.by.map(|by| by.command_id), Some(1));
}

#[tokio::test]
async fn auth11_who_has_a_name_by_their_token_is_called_by_it() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let mut named = claims("view", "*");
    named["name"] = json!("Ada");
    let mut client = Client::connect(&server, live.id(), Encoding::Json).await;
    let ClientMessage::Hello(hello) = hello_with("c-1", Some(&signed(&named))) else { panic!("is a hello") };
    client.say(&ClientMessage::Hello(Hello { name: Some("Bo".to_owned()), ..hello })).await;
    assert!(matches!(client.hear().await, ServerMessage::Welcome(_)));
    let mut other = Client::connect(&server, live.id(), Encoding::Json).await;
    other.say(&hello_with("c-2", Some(&token("view", "*")))).await;
    let ServerMessage::Welcome(welcome) = other.hear().await else { panic!("is welcomed") };
    assert_eq!(welcome.peers[0].name.as_ref().map(|name| name.as_str()), Some("Ada"));
}

#[tokio::test]
async fn auth5_auth6_a_token_that_is_over_ends_its_sockets_within_a_second_and_no_other() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let short = |jti: &str, seconds: f64| {
        let mut claims = claims("edit", "*");
        claims["jti"] = json!(jti);
        claims["exp"] = json!(now() + seconds);
        signed(&claims)
    };
    let (mut stays, _) = greeted(&server, live.id(), Some(&token("own", "*"))).await.expect("is let in");
    let open = async |client_id: &str, token: &str| {
        let mut client = Client::connect(&server, live.id(), Encoding::Json).await;
        client.say(&hello_with(client_id, Some(token))).await;
        assert!(matches!(client.hear().await, ServerMessage::Welcome(_)));
        client
    };
    let end = Instant::now() + Duration::from_millis(1_500);
    let mut expires = open("c-2", &short("expires", 1.5)).await;
    let mut revoked = open("c-3", &short("revoked", 600.0)).await;

    let began = Instant::now();
    revoke(&server, "revoked");
    assert_eq!(revoked.closed().await, Some((4003, "forbidden".to_owned())));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(expires.closed().await, Some((4001, "unauthenticated".to_owned())));
    let late = Instant::now().saturating_duration_since(end);
    assert!(Instant::now() + Duration::from_millis(20) >= end && late < Duration::from_secs(1), "{late:?}");
    stays.say(&ClientMessage::Ping { t: 1.0 }).await;
    loop {
        match stays.hear_answer().await {
            ServerMessage::Pong { .. } => break,
            ServerMessage::Snapshot(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn auth5_auth6_event_streams_end_with_their_token_and_say_why() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let id = live.id();
    let open = async |target: &str, token: &str| {
        let stream = in_time(dial(&server, None)).await;
        let authorization = format!("Bearer {token}");
        let headers = [("accept", "text/event-stream"), ("authorization", &*authorization)];
        EventStream::over(stream, &server, target, &headers).await
    };
    let end_of = async |mut stream: EventStream| loop {
        match stream.next().await.expect("an end is told") {
            Message::Event { name, data, .. } if name == "end" => {
                assert_eq!(stream.next().await, None);
                return data["reason"].as_str().expect("a reason").to_owned();
            }
            _ => {}
        }
    };
    for target in [format!("/api/sessions/{id}/events"), "/api/events".to_owned()] {
        let mut soon = claims("view", "*");
        soon["exp"] = json!(now() + 1.0);
        let expires = open(&target, &signed(&soon)).await;
        let mut other = claims("view", "*");
        other["jti"] = json!(format!("stream-{}", target.len()));
        let revoked = open(&target, &signed(&other)).await;
        assert_eq!((expires.status, revoked.status), (200, 200));
        revoke(&server, &format!("stream-{}", target.len()));
        assert_eq!(end_of(revoked).await, "token_revoked");
        assert_eq!(end_of(expires).await, "token_expired");
    }
}

#[tokio::test]
async fn auth4_the_lobby_s_stream_tells_what_the_token_reaches() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let mine = server.session().await;
    let authorization = format!("Bearer {}", token("view", &mine.id().to_string()));
    let stream = in_time(dial(&server, None)).await;
    let headers = [("accept", "text/event-stream"), ("authorization", &*authorization)];
    let mut stream = EventStream::over(stream, &server, "/api/events", &headers).await;
    assert!(matches!(stream.next().await, Some(Message::Event { name, .. }) if name == "welcome"));
    let other = server.session().await;
    server.app.store().delete(other.id()).await.expect("is deleted");
    server.app.store().delete(mine.id()).await.expect("is deleted");
    let told = loop {
        if let Some(Message::Event { data, .. }) = stream.next().await {
            break data;
        }
    };
    assert_eq!(told["event"], json!({"type": "session_deleted", "session_id": mine.id()}));
}

#[tokio::test]
async fn auth11_a_handshake_takes_no_token_from_its_address() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let path = format!("/api/sessions/{}/ws?token={}", live.id(), token("own", "*"));
    let protocol = [("sec-websocket-protocol", "vws.v1.json")];
    let mut client = Client::open(&server, &path, &protocol, None).await.expect("the handshake");
    client.say(&hello("c-1", None)).await;
    assert_eq!(client.closed().await, Some((4001, "unauthenticated".to_owned())));
    // What is left of the connection is closed, too.
    let mut rest = Vec::new();
    let _ = in_time(client.socket.get_mut().read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn auth18_a_viewer_cannot_send_an_editor_away_by_its_client_id() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, None).await;
    let live = server.session().await;
    let (mut editor, _) = greeted(&server, live.id(), Some(&token("edit", "*"))).await.expect("is let in");
    let mut eve = claims("view", "*");
    eve["sub"] = json!("eve");
    let refused = greeted(&server, live.id(), Some(&signed(&eve))).await.expect_err("is somebody else");
    assert_eq!(refused, ("forbidden".to_owned(), 4003));
    editor.say(&numbered(1, create("a", 0.0))).await;
    loop {
        match editor.hear_answer().await {
            ServerMessage::Event(record) => break assert_eq!(record.seq, 1),
            ServerMessage::Snapshot(_) => {}
            other => panic!("{other:?}"),
        }
    }
    // Its own other connection takes over, as ever.
    greeted(&server, live.id(), Some(&token("edit", "*"))).await.expect("is its own");
    assert_eq!(editor.closed().await, Some((4010, "superseded".to_owned())));
}

#[tokio::test]
async fn auth19_who_comes_over_a_socket_and_who_is_turned_away_is_on_record() {
    let (_folder, secret) = secret_file();
    let server = guarded(&secret, Some(Anonymous::View)).await;
    let live = server.session().await;
    greeted(&server, live.id(), None).await.expect("is let in");
    greeted(&server, live.id(), Some(&token("edit", "*"))).await.expect("is let in");
    greeted(&server, live.id(), Some(&token("edit", OTHER))).await.expect_err("is for another");
    let told = server.app.auth().audit().list(None, 10);
    let told: Vec<_> =
        told.iter().map(|entry| (entry.what, entry.token_id.as_deref(), entry.code.as_deref())).collect();
    assert_eq!(
        told,
        [(Happened::Refused, Some("edit-1"), Some("forbidden")), (Happened::Login, Some("edit-1"), None)]
    );
}
