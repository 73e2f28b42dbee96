//! The client against the real server, over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use vws_client::{Backoff, Client, ConnectError, Options, Status, SubmitError};
use vws_core::command::{Change, Command, ObjectDraft, ObjectPatch};
use vws_core::reduce::State;
use vws_core::wire::{Encoding, PresenceDraft, Secret, canonical_json};
use vws_core::{SessionId, Snapshot};
use vws_server::auth::{Claims, Keys};
use vws_server::config::Config;
use vws_server::serve::Server;

/// A server of a test's own.
struct World {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl World {
    async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    async fn start_with(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let server = Server::new(listener, config).await.expect("starts");
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.run(stopped).await.expect("runs");
        });
        Self { address, stop, task }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A new session, made as curl would.
    async fn session(&self) -> SessionId {
        let request = format!(
            "POST /api/sessions HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            self.address
        );
        let answer = self.exchange(&request).await;
        let body = answer.split("\r\n\r\n").nth(1).expect("has a body");
        let json: serde_json::Value = serde_json::from_str(body).expect("is JSON");
        json["session_id"].as_str().expect("is told").parse().expect("is an id")
    }

    async fn exchange(&self, request: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answers");
        answer
    }

    async fn snapshot(&self, session: SessionId) -> Snapshot {
        let request = format!(
            "GET /api/sessions/{session}/snapshot HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        );
        let answer = self.exchange(&request).await;
        let body = answer.split("\r\n\r\n").nth(1).expect("has a body");
        serde_json::from_str(body).expect("is a snapshot")
    }
}

/// A wire that can be cut: what is connected through it then ends, and nothing gets through until it
/// is mended.
struct Wire {
    address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("has an address");
        let (whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut state = state.clone();
                if !*state.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        Self { address, whole }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn options(encoding: Encoding) -> Options {
    let backoff = Backoff { first: Duration::from_millis(5), longest: Duration::from_millis(20) };
    Options { encoding, backoff, ..Options::default() }
}

fn create(name: &str, x: f64) -> Command {
    let object = ObjectDraft { name: name.to_owned(), kind: "cube".to_owned(), x, ..ObjectDraft::default() };
    Command::CreateObject { object }
}

fn set_x(name: &str, x: f64) -> Command {
    let patch = ObjectPatch { x: Change::Set(x), ..ObjectPatch::default() };
    Command::UpdateObject { name: name.to_owned(), patch }
}

async fn at_seq(client: &Client, seq: u64) {
    client.seq().wait_for(|confirmed| *confirmed >= seq).await.expect("the client runs");
}

async fn until(client: &Client, wanted: impl FnMut(&Status) -> bool) {
    client.status().wait_for(wanted).await.expect("the client runs");
}

#[tokio::test]
async fn client5_two_clients_and_the_server_end_equal_in_both_encodings() {
    let world = World::start().await;
    let session = world.session().await;
    let json = Client::connect(&world.url(), session, options(Encoding::Json)).await.expect("connects");
    let packed =
        Client::connect(&world.url(), session, options(Encoding::MessagePack)).await.expect("connects");
    for n in 0..50 {
        let (a, b) = tokio::join!(
            json.submit(create(&format!("j {n}"), f64::from(n) / 7.0)),
            packed.submit(create(&format!("p {n}"), -f64::from(n) / 7.0)),
        );
        assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    }
    at_seq(&json, 100).await;
    at_seq(&packed, 100).await;
    let truth = world.snapshot(session).await;
    for client in [&json, &packed] {
        let mirror = client.snapshot().expect("is loaded");
        assert_eq!(mirror.digest, truth.digest);
        assert_eq!(canonical_json(&mirror), canonical_json(&truth));
    }
    json.close().await;
    packed.close().await;
}

#[tokio::test]
async fn client2_rep6_what_the_client_refuses_is_what_the_server_would_and_is_not_sent() {
    let world = World::start().await;
    let session = world.session().await;
    let client = Client::connect(&world.url(), session, options(Encoding::Json)).await.expect("connects");
    let refused = client.submit(create("a", 12.000_000_1)).await.expect_err("is refused");
    assert!(
        matches!(&refused, SubmitError::Refused(r) if r.to_string() == "x = 12.0000001 is outside [-12, 12]")
    );
    assert_eq!((client.pending(), world.snapshot(session).await.session.seq), (0, 0));
}

#[tokio::test]
async fn client1_law8_commands_under_way_when_the_wire_is_cut_have_one_effect() {
    let world = World::start().await;
    let wire = Wire::to(world.address).await;
    let session = world.session().await;
    let client = Arc::new(
        Client::connect(&wire.url(), session, options(Encoding::MessagePack)).await.expect("connects"),
    );
    client.submit(create("counter", 0.0)).await.expect("takes effect");
    let mut verdicts = Vec::new();
    for n in 1..=200 {
        let submitting = Arc::clone(&client);
        // Submitted in order: each is numbered before the next is made.
        let before = client.pending();
        let task = tokio::spawn(async move { submitting.submit(create(&format!("o {n}"), 1.0)).await });
        while client.pending() <= before && !task.is_finished() {
            tokio::task::yield_now().await;
        }
        verdicts.push(task);
        if n % 40 == 0 {
            wire.whole.send_replace(false);
            until(&client, |status| matches!(status, Status::Reconnecting { .. })).await;
            wire.whole.send_replace(true);
        }
    }
    let mut seqs = Vec::new();
    for verdict in verdicts {
        seqs.push(verdict.await.expect("does not panic").expect("takes effect").seq);
    }
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 200, "each took effect with an event of its own");
    let truth = world.snapshot(session).await;
    assert_eq!((truth.session.seq, truth.objects.len()), (201, 201), "and once");
    at_seq(&client, 201).await;
    assert_eq!(client.snapshot().map(|mirror| mirror.digest), Some(truth.digest));
}

#[tokio::test]
async fn ws5_a_client_that_was_away_gets_only_what_it_missed() {
    let world = World::start().await;
    let wire = Wire::to(world.address).await;
    let session = world.session().await;
    let away = Client::connect(&wire.url(), session, options(Encoding::Json)).await.expect("connects");
    let here = Client::connect(&world.url(), session, options(Encoding::Json)).await.expect("connects");
    here.submit(create("a", 0.0)).await.expect("takes effect");
    at_seq(&away, 1).await;
    wire.whole.send_replace(false);
    until(&away, |status| matches!(status, Status::Reconnecting { .. })).await;
    let mut changes = away.changes();
    for n in 1..=100 {
        here.submit(set_x("a", f64::from(n) / 10.0)).await.expect("takes effect");
    }
    wire.whole.send_replace(true);
    at_seq(&away, 101).await;
    let mut touched = 0;
    while let Ok(change) = changes.try_recv() {
        assert!(!change.all_objects, "no snapshot was needed");
        touched += 1;
    }
    assert_eq!(touched, 100);
    assert_eq!(away.view(|view| view.object("a").map(|a| a.x.get())), Some(Some(10.0)));
}

#[tokio::test]
async fn ws13_a_client_that_falls_behind_the_feed_gets_a_snapshot_and_loses_nothing() {
    let mut config = Config::default();
    config.limits.feed_events = 4;
    let world = World::start_with(config).await;
    let session = world.session().await;
    let url = world.url();
    let connect = || Client::connect(&url, session, options(Encoding::Json));
    let (writer, reader) = tokio::join!(connect(), connect());
    let (writer, reader) = (writer.expect("connects"), reader.expect("connects"));
    let commands = (0..100).map(|n| create(&format!("o {n}"), 1.0)).collect();
    // A batch of more events than the feed holds: nobody can read them all from it.
    let ack = writer.submit(Command::Batch { commands }).await.expect("takes effect");
    assert_eq!((ack.seq, ack.events), (100, 100), "the writer is told, though it saw no event of its own");
    at_seq(&reader, 100).await;
    let truth = world.snapshot(session).await;
    for client in [&writer, &reader] {
        at_seq(client, 100).await;
        assert_eq!(client.snapshot().map(|mirror| mirror.digest), Some(truth.digest));
    }
}

#[tokio::test]
async fn rep11_a_program_sees_its_own_wishes_at_once_and_refusals_roll_back() {
    let world = World::start().await;
    let wire = Wire::to(world.address).await;
    let session = world.session().await;
    let away = Client::connect(&wire.url(), session, options(Encoding::Json)).await.expect("connects");
    let here = Client::connect(&world.url(), session, options(Encoding::Json)).await.expect("connects");
    wire.whole.send_replace(false);
    until(&away, |status| matches!(status, Status::Reconnecting { .. })).await;
    here.submit(create("same", 1.0)).await.expect("takes effect");
    let away = Arc::new(away);
    let wishing = Arc::clone(&away);
    let wish = tokio::spawn(async move { wishing.submit(create("same", 2.0)).await });
    while away.pending() == 0 {
        tokio::task::yield_now().await;
    }
    let x = |client: &Client| client.view(|view| view.object("same").map(|o| o.x.get())).flatten();
    assert_eq!(x(&away), Some(2.0), "shown at once");
    wire.whole.send_replace(true);
    let refused = wish.await.expect("does not panic").expect_err("the name is taken");
    assert_eq!(refused.code(), "object_exists");
    at_seq(&away, 1).await;
    assert_eq!(x(&away), Some(1.0), "rolled back to what the server has");
}

#[tokio::test]
async fn pres1_peers_see_each_other_and_each_others_leaving() {
    let world = World::start().await;
    let session = world.session().await;
    let named = |name: &str| Options { name: Some(name.to_owned()), ..options(Encoding::MessagePack) };
    let ada = Client::connect(&world.url(), session, named("Ada")).await.expect("connects");
    let bob = Client::connect(&world.url(), session, named("Bob")).await.expect("connects");
    bob.present(PresenceDraft { selection: vec!["cube".to_owned()], ..PresenceDraft::default() });
    let seen = || {
        let peers = ada.peers();
        let peer = peers.first()?;
        Some((peer.name.clone()?.as_str().to_owned(), peer.presence.selection.len()))
    };
    let patience = Duration::from_secs(10);
    let wait = async |met: &dyn Fn() -> bool| {
        while !met() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, wait(&|| seen() == Some(("Bob".to_owned(), 1)))).await.expect("is shown");
    bob.close().await;
    tokio::time::timeout(patience, wait(&|| ada.peers().is_empty())).await.expect("is gone");
}

#[tokio::test]
async fn client3_ws14_a_session_that_is_not_there_or_ends_ends_the_client() {
    let world = World::start().await;
    let nowhere: SessionId = "0190b5a0-0000-7000-8000-000000000001".parse().expect("is an id");
    let refused = Client::connect(&world.url(), nowhere, options(Encoding::Json)).await.map(|_| ());
    assert_eq!(refused, Err(ConnectError::Closed("4004 no_such_session".to_owned())));
    let session = world.session().await;
    let client = Client::connect(&world.url(), session, options(Encoding::Json)).await.expect("connects");
    let request = format!(
        "DELETE /api/sessions/{session} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        world.address
    );
    world.exchange(&request).await;
    until(&client, |status| *status == Status::Closed("4004 no_such_session".to_owned())).await;
    assert_eq!(client.submit(create("a", 0.0)).await, Err(SubmitError::Closed));
}

#[tokio::test]
async fn cli3_a_server_that_ends_tells_its_clients_and_waits_for_them() {
    let world = World::start().await;
    let session = world.session().await;
    let client = Client::connect(&world.url(), session, options(Encoding::Json)).await.expect("connects");
    let mut status = client.status();
    world.stop.send(()).expect("runs");
    status.wait_for(|status| matches!(status, Status::Reconnecting { .. })).await.expect("the client runs");
    world.task.await.expect("ends in order");
}

#[tokio::test]
async fn an_address_of_another_form_is_refused() {
    for base in ["127.0.0.1:8080", "ftp://127.0.0.1:8080", "https://127.0.0.1:8080/s/1", "", "http:///"] {
        let session: SessionId = "0190b5a0-0000-7000-8000-000000000001".parse().expect("is an id");
        let refused = Client::connect(base, session, Options::default()).await.map(|_| ());
        assert_eq!(refused, Err(ConnectError::Address(base.to_owned())), "{base}");
    }
}

#[tokio::test]
async fn auth11_auth12_a_client_shows_its_token_and_does_what_that_allows() {
    // A secret of nothing but tests.
    let secret = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/secret.txt");
    let world =
        World::start_with(Config { auth_secret_file: Some(secret.into()), ..Config::default() }).await;
    let keys = Keys::load(Some(secret.as_ref()), None).expect("is a secret");
    let token = |role: &str| {
        let claims = serde_json::json!({
            "sub": role, "role": role, "session": "*", "exp": 4_000_000_000_u64, "jti": role,
        });
        keys.sign(&serde_json::from_value::<Claims>(claims).expect("are claims")).expect("is signed")
    };
    let request = format!(
        "POST /api/sessions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        world.address,
        token("own")
    );
    let answer = world.exchange(&request).await;
    let body: serde_json::Value =
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("has a body")).expect("is JSON");
    let session = body["session_id"].as_str().expect("is told").parse().expect("is an id");

    let with = |token: Option<String>| Options { token: token.map(Secret), ..options(Encoding::MessagePack) };
    let refused = Client::connect(&world.url(), session, with(None)).await.expect_err("shows none");
    assert_eq!(refused, ConnectError::Closed("4001 unauthenticated".to_owned()));
    let viewer = Client::connect(&world.url(), session, with(Some(token("view")))).await.expect("is let in");
    match viewer.submit(create("a", 0.0)).await {
        Err(SubmitError::Refused(refused)) => assert_eq!(refused.code(), "forbidden"),
        other => panic!("{other:?}"),
    }
    let editor = Client::connect(&world.url(), session, with(Some(token("edit")))).await.expect("is let in");
    editor.submit(create("a", 0.0)).await.expect("takes effect");
    at_seq(&viewer, 1).await;
    assert!(!format!("{:?}", with(Some(token("edit")))).contains("eyJ"), "no log shows it");
}
