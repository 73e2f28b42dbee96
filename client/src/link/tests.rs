//! The connection's task with a server in the test's hand, over pipes and a clock that stands still
//! until everybody waits.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as Code;
use vws_core::command::{Command, ObjectDraft};
use vws_core::limits::PENDING_COMMANDS;

use super::*;
use crate::{Backoff, SubmitError};

const ID: &str = "0190b5a0-0000-7000-8000-000000000001";

type Server = WebSocketStream<DuplexStream>;

/// A client whose connections all end in the test.
struct World {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    servers: mpsc::Receiver<Server>,
}

impl World {
    /// Pipes take `room` bytes that nobody has read yet.
    fn start(room: usize) -> Self {
        Self::start_with(room, Backoff { first: Duration::ZERO, longest: Duration::ZERO })
    }

    fn start_with(room: usize, backoff: Backoff) -> Self {
        let options = Options { encoding: Encoding::Json, backoff, ..Options::default() };
        let (shared, outbox) = Shared::new(&options);
        let shared = Arc::new(shared);
        let (accepted, servers) = mpsc::channel(1);
        let connect = async move || {
            let (near, far) = duplex(room);
            let server = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
            accepted.send(server).await.map_err(|_| "the test has ended".to_owned())?;
            Ok(WebSocketStream::from_raw_socket(near, Role::Client, None).await)
        };
        let task = tokio::spawn(run(connect, options, Arc::clone(&shared), outbox));
        Self { shared, task, servers }
    }

    async fn accept(&mut self) -> Server {
        self.servers.recv().await.expect("the client connects")
    }

    /// A connection with a session of no objects loaded.
    async fn live(&mut self) -> Server {
        let mut server = self.accept().await;
        assert_eq!(heard(&mut server).await["type"], "hello");
        load(&mut server).await;
        self.shared.status().wait_for(|status| *status == Status::Live).await.expect("runs");
        server
    }

    fn submit(&self, name: &str) -> tokio::sync::oneshot::Receiver<Result<crate::Ack, SubmitError>> {
        let text = Some("x".repeat(256));
        let object =
            ObjectDraft { name: name.to_owned(), kind: "cube".to_owned(), text, ..ObjectDraft::default() };
        self.shared.submit(Command::CreateObject { object }, None).expect("stands")
    }
}

fn session() -> vws_core::Session {
    vws_core::Session::new(ID.parse().expect("is a UUID"), None, 0, 7)
}

async fn tell(server: &mut Server, message: Value) {
    server.send(Message::text(message.to_string())).await.expect("is taken");
}

async fn welcome(server: &mut Server) {
    let limits = json!({"objects_per_session": 100_000, "commands_per_batch": 1_000});
    tell(
        server,
        json!({
            "type": "welcome", "protocol": 1, "session": ID, "epoch": 7, "head_seq": 0, "mode": "snapshot",
            "limits": limits,
        }),
    )
    .await;
}

async fn load(server: &mut Server) {
    welcome(server).await;
    for part in session().snapshot().into_parts() {
        tell(server, json!(ServerMessage::Snapshot(part))).await;
    }
}

/// What the client says next.
async fn heard(server: &mut Server) -> Value {
    loop {
        match server.next().await.expect("is there").expect("is whole") {
            Message::Text(text) => return serde_json::from_str(&text).expect("is JSON"),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn client6_a_silent_server_is_asked_for_a_sign_of_life_and_then_left() {
    let mut world = World::start(1 << 16);
    let mut server = world.live().await;
    let began = Instant::now();
    assert_eq!(heard(&mut server).await["type"], "ping");
    assert_eq!(began.elapsed(), QUIET);
    let _next = world.accept().await;
    assert_eq!(began.elapsed(), GONE, "and connects again");
    assert!(matches!(server.next().await, None | Some(Err(_))), "the silent one is left");
}

#[tokio::test(start_paused = true)]
async fn client6_a_server_that_never_welcomes_is_left_too() {
    let mut world = World::start(1 << 16);
    let _silent = world.accept().await;
    let began = Instant::now();
    let _next = world.accept().await;
    assert_eq!(began.elapsed(), GONE);
}

#[tokio::test(start_paused = true)]
async fn client6_every_sign_of_life_counts() {
    let mut world = World::start(1 << 16);
    let mut server = world.live().await;
    for _ in 0..10 {
        sleep(QUIET - Duration::from_millis(1)).await;
        server.send(Message::Ping(bytes::Bytes::new())).await.expect("is taken");
        assert!(matches!(server.next().await, Some(Ok(Message::Pong(_)))), "it was never asked");
    }
    let quiet = Instant::now();
    let ping = heard(&mut server).await;
    assert_eq!(quiet.elapsed(), QUIET);
    tell(&mut server, json!({"type": "pong", "t": ping["t"]})).await;
    let answered = Instant::now();
    assert_eq!(heard(&mut server).await["type"], "ping", "asked anew, not left");
    assert_eq!(answered.elapsed(), QUIET);
}

#[tokio::test(start_paused = true)]
async fn client6_a_server_that_takes_nothing_is_left_though_it_speaks() {
    let mut world = World::start(2 * 1024);
    let mut server = world.live().await;
    let began = Instant::now();
    let verdicts: Vec<_> = (0..100).map(|n| world.submit(&format!("o{n}"))).collect();
    let speaking = tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(5)).await;
            if server.send(Message::Ping(bytes::Bytes::new())).await.is_err() {
                break;
            }
        }
    });
    let mut next = world.accept().await;
    assert_eq!(began.elapsed(), GONE);
    assert_eq!(heard(&mut next).await["type"], "hello");
    load(&mut next).await;
    for n in 1..=verdicts.len() {
        assert_eq!(heard(&mut next).await["id"], n, "what had no verdict is said again");
    }
    speaking.await.expect("ends");
}

#[tokio::test(start_paused = true)]
async fn client6_both_may_have_much_to_say_at_once() {
    let mut world = World::start(1024);
    let mut server = world.live().await;
    let verdicts: Vec<_> = (0..PENDING_COMMANDS).map(|n| world.submit(&format!("o{n}"))).collect();
    // The server writes to the end before it reads, far more than the pipe holds.
    for n in 0..1_000 {
        tell(&mut server, json!({"type": "pong", "t": n})).await;
    }
    for n in 1..=verdicts.len() {
        assert_eq!(heard(&mut server).await["id"], n);
    }
}

#[tokio::test(start_paused = true)]
async fn client1_tries_that_load_nothing_wait_longer_each_time() {
    let mut world = World::start(1 << 16);
    for attempt in 1..=5 {
        let mut server = world.accept().await;
        heard(&mut server).await;
        welcome(&mut server).await;
        tell(&mut server, json!({"type": "no message of this protocol"})).await;
        let tried =
            |status: &Status| matches!(status, Status::Reconnecting { attempt: n, .. } if *n == attempt);
        world.shared.status().wait_for(tried).await.expect("runs");
    }
    drop(world.live().await);
    let first = |status: &Status| matches!(status, Status::Reconnecting { attempt: 1, .. });
    world.shared.status().wait_for(first).await.expect("begins anew after a state was loaded");
}

#[tokio::test(start_paused = true)]
async fn client7_closing_says_good_bye_and_ends_who_waits() {
    // Often: it must not hang on which of two things that are ready is looked at first.
    for _ in 0..50 {
        let mut world = World::start(1 << 16);
        let mut server = world.live().await;
        let verdict = world.submit("a");
        world.shared.close();
        let frame = loop {
            match server.next().await {
                Some(Ok(Message::Close(frame))) => break frame,
                Some(Ok(_)) => {}
                other => panic!("cut without good-bye: {other:?}"),
            }
        };
        assert_eq!(frame.map(|frame| frame.code), Some(Code::Normal));
        // Reading on answers the close frame, which ends both sides.
        assert!(server.next().await.is_none());
        world.task.await.expect("ends");
        assert_eq!(*world.shared.status().borrow(), Status::Closed("closed by this program".to_owned()));
        assert!(verdict.await.is_err(), "nobody waits for ever");
        assert_eq!(world.shared.submit(Command::StopOrbit, None).map(|_| ()), Err(SubmitError::Closed));
    }
}

#[tokio::test(start_paused = true)]
async fn client7_a_server_that_does_not_answer_the_good_bye_keeps_nobody() {
    for room in [16, 1 << 16] {
        let mut world = World::start(room);
        let server = world.accept().await;
        let began = Instant::now();
        world.shared.close();
        world.task.await.expect("ends");
        assert!(began.elapsed() <= Duration::from_secs(1), "{:?}", began.elapsed());
        drop(server);
    }
}

#[tokio::test(start_paused = true)]
async fn client7_a_client_that_is_between_two_connections_closes_at_once() {
    let day = Duration::from_secs(86_400);
    let mut world = World::start_with(1 << 16, Backoff { first: day, longest: day });
    drop(world.accept().await);
    let lost = |status: &Status| matches!(status, Status::Reconnecting { .. });
    world.shared.status().wait_for(lost).await.expect("runs");
    let began = Instant::now();
    world.shared.close();
    world.task.await.expect("ends");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn client2_rep18_an_outcome_that_is_no_longer_kept_is_told_as_unknown() {
    let mut world = World::start(1 << 16);
    let mut server = world.live().await;
    let verdict = world.submit("a");
    let id = heard(&mut server).await["id"].clone();
    let problem = json!({"code": "command_id_expired", "detail": "is no longer known"});
    tell(&mut server, json!({"type": "rejected", "id": id, "problem": problem})).await;
    let told = verdict.await.expect("is told").expect_err("is not known to have taken effect");
    assert_eq!((&told, told.code()), (&SubmitError::OutcomeUnknown, "command_id_expired"));
    assert!(told.to_string().contains("may have taken effect or not"));
}
