//! Many at once: writers, joiners, returners.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use vws_core::reduce::State;
use vws_core::wire::{Encoding, ServerMessage, canonical_json};
use vws_core::{EventRecord, Seq, Session, SessionId, Snapshot};
use vws_server::log::{Appending, BoxFuture, Checkpoint, EventLog, Hold, Listed, LogError, MemoryLog};
use vws_server::store::LiveSession;

use crate::support::{Client, Mirror, TestServer, create, in_time, move_to, run};

/// Writers in process that go on until told otherwise. Each answers how many commands it did.
fn write_until(stop: &Arc<AtomicBool>, live: &Arc<LiveSession>, writers: u32) -> Vec<Writer> {
    let start = |writer: u32| {
        let (stop, live) = (Arc::clone(stop), Arc::clone(live));
        tokio::spawn(async move {
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) {
                let name = format!("w{writer} o{}", done % 50);
                let x = f64::from(done % 1_000) / 100.0;
                let command = if done < 50 { create(&name, x) } else { move_to(&name, x) };
                run(&live, command).await.expect("is allowed");
                done += 1;
                tokio::task::yield_now().await;
            }
            done
        })
    };
    (0..writers).map(start).collect()
}

type Writer = tokio::task::JoinHandle<u32>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn law4_eight_writers_and_every_mirror_agree_with_what_is_stored() {
    let server = TestServer::start().await;
    let live = server.session().await;
    run(&live, create("shared", 12.0)).await.expect("is made");
    let mut tasks = Vec::new();
    for writer in 0..8_u32 {
        let encoding = Encoding::ALL[writer as usize % 2];
        let name = format!("writer{writer}");
        let (mut client, mut mirror) = Client::mirroring(&server, live.id(), encoding, &name).await;
        tasks.push(tokio::spawn(async move {
            for n in 0..100_u32 {
                let x = f64::from(writer) + f64::from(n) / 200.0;
                client.command(move_to("shared", x)).await;
                client.command(create(&format!("{writer} {n}"), x)).await;
            }
            client.follow(&mut mirror, 1 + 8 * 200).await;
            mirror
        }));
    }
    let mut last = None;
    for task in tasks {
        let mirror = in_time(task).await.expect("does not panic");
        mirror.assert_equals(&live);
        let told = mirror.events.iter().rev().find_map(|record| match &record.event {
            vws_core::Event::ObjectUpdated { name, patch } if name.as_str() == "shared" => patch.x,
            _ => None,
        });
        last = told.or(last);
        assert_eq!(told, last, "all were told the same last");
    }
    let stored = live.read(|s| s.object("shared").map(|object| object.x));
    assert_eq!(last, stored, "the last event is the stored state");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn law4_who_joins_late_while_others_write_is_given_no_gap() {
    // A feed that holds little, so that some joiners fall behind while they are sent the state.
    let server = TestServer::with(|config| config.limits.feed_events = 256).await;
    let live = server.session().await;
    for n in 0..1_500 {
        run(&live, create(&format!("early {n}"), 0.0)).await.expect("is made");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers = write_until(&stop, &live, 3);
    let mut joined = Vec::new();
    for n in 0..16_usize {
        let encoding = Encoding::ALL[n % 2];
        let (mut client, mut mirror) =
            Client::mirroring(&server, live.id(), encoding, &format!("late{n}")).await;
        let enough = mirror.seq() + 50;
        client.follow(&mut mirror, enough).await;
        if n % 3 == 0 {
            joined.push((client, mirror));
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("does not panic");
    }
    let head = live.read(State::seq);
    for (mut client, mut mirror) in joined {
        client.follow(&mut mirror, head).await;
        mirror.assert_equals(&live);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn law4_law7_reconnecting_clients_and_writers_leave_the_server_well() {
    let server = Arc::new(TestServer::start().await);
    let live = server.session().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = write_until(&stop, &live, 3);
    let rounds = Arc::new(AtomicU64::new(0));
    let returning = (0..6_usize).map(|n| {
        let (server, rounds, id) = (Arc::clone(&server), Arc::clone(&rounds), live.id());
        tokio::spawn(async move {
            let (encoding, name) = (Encoding::ALL[n % 2], format!("returner{n}"));
            let (mut client, mut mirror) = Client::mirroring(&server, id, encoding, &name).await;
            for _ in 0..50 {
                let next = mirror.seq() + 5;
                client.follow(&mut mirror, next).await;
                // Dropped without a close, in the middle of whatever is said.
                drop(client);
                let place = Some(mirror.position());
                client = Client::join(&server, id, encoding, &name, place).await.0;
                rounds.fetch_add(1, Ordering::Relaxed);
            }
            (client, mirror)
        })
    });
    let returning: Vec<_> = returning.collect();
    let mut ended = Vec::new();
    for task in returning {
        ended.push(in_time(task).await.expect("does not panic"));
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("does not panic");
    }
    assert_eq!(rounds.load(Ordering::Relaxed), 300);
    let head = live.read(State::seq);
    for (mut client, mut mirror) in ended {
        client.follow(&mut mirror, head).await;
        mirror.assert_equals(&live);
    }
}

#[tokio::test]
async fn law6_sessions_are_apart() {
    let server = TestServer::start().await;
    let (one, two) = (server.session().await, server.session().await);
    let (mut a, mut mirror_a) = Client::mirroring(&server, one.id(), Encoding::Json, "same").await;
    let (mut b, mut mirror_b) = Client::mirroring(&server, two.id(), Encoding::Json, "same").await;
    for n in 0..20 {
        // The same client id and command ids: they mean something in their own session only.
        a.command(create(&format!("one {n}"), 0.0)).await;
        b.command(create(&format!("two {n}"), 0.0)).await;
    }
    a.follow(&mut mirror_a, 20).await;
    b.follow(&mut mirror_b, 20).await;
    for (mirror, live, prefix) in [(&mirror_a, &one, "one "), (&mirror_b, &two, "two ")] {
        mirror.assert_equals(live);
        assert!(mirror.session().objects().all(|object| object.name.as_str().starts_with(prefix)));
    }
}

/// A log that is full whenever it is told so.
#[derive(Default)]
struct FullLog {
    inner: MemoryLog,
    full: Arc<AtomicBool>,
}

impl EventLog for FullLog {
    fn create(&self, session: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.create(session)
    }
    fn append(&self, session: SessionId, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        if self.full.load(Ordering::Relaxed) {
            return Appending::Done(Err(LogError::Unavailable("no space left on device".to_owned())));
        }
        self.inner.append(session, after, batch)
    }
    fn read(
        &self,
        id: SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        self.inner.read(id, after, limit)
    }
    fn save(&self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.save(checkpoint)
    }
    fn checkpoint_at(&self, id: SessionId, at: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        self.inner.checkpoint_at(id, at)
    }
    fn trim(&self, id: SessionId, through: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.trim(id, through)
    }
    fn hold(&self, id: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        self.inner.hold(id)
    }
    fn delete(&self, id: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.delete(id)
    }
    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        self.inner.list()
    }
    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        self.inner.close()
    }
}

#[tokio::test]
async fn law5_what_the_log_did_not_take_is_refused_and_shown_to_nobody() {
    let log = FullLog::default();
    let full = Arc::clone(&log.full);
    let server = TestServer::with_log(Arc::new(log), |_| {}).await;
    let live = server.session().await;
    let (mut writer, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "writer").await;
    let (mut reader, mut read) = Client::mirroring(&server, live.id(), Encoding::Json, "reader").await;
    writer.command(create("kept", 1.0)).await;
    writer.follow(&mut mirror, 1).await;
    full.store(true, Ordering::Relaxed);
    let id = writer.command(create("lost", 2.0)).await;
    let ServerMessage::Rejected { id: told, problem } = writer.hear_answer().await else {
        panic!("it is refused");
    };
    assert_eq!((told, problem.code.as_str()), (id, "log_unavailable"));
    assert!(!problem.detail.contains("device"), "what the log says is for the operator");
    let (mut joiner, mut joined) = Client::mirroring(&server, live.id(), Encoding::Json, "joiner").await;
    full.store(false, Ordering::Relaxed);
    // The same id again: a log that was full is no outcome of the command.
    writer.say(&crate::support::numbered(id, create("kept too", 2.0))).await;
    for (client, mirror) in [(&mut writer, &mut mirror), (&mut reader, &mut read), (&mut joiner, &mut joined)]
    {
        client.follow(mirror, 2).await;
        mirror.assert_equals(&live);
        assert!(mirror.session().object("lost").is_none());
    }
}

#[tokio::test]
async fn law1_what_a_subscriber_folded_is_the_state_byte_for_byte() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, mut mirror) = Client::mirroring(&server, live.id(), Encoding::MessagePack, "a").await;
    for text in [
        r##"{"type":"create_object","object":{"name":"ünïcode ✓","type":"cube","x":0.1,"y":-0.0,"z":12,"color":"#ABCDEF","properties":{"n":0.30000000000000004,"s":"\u0000\"","t":true}}}"##,
        r#"{"type":"update_object","name":"ünïcode ✓","patch":{"rotation":{"y":1e-7},"scale":0.1,"properties":{"s":null}}}"#,
        r#"{"type":"initialize_world","world":{"size":25,"transparency":0.2}}"#,
        r#"{"type":"start_orbit","orbit":{"radius":33.3}}"#,
        r#"{"type":"rename_object","name":"ünïcode ✓","new_name":"b"}"#,
        r#"{"type":"rename_session","name":"Atelier"}"#,
    ] {
        client.command(crate::support::command(text)).await;
    }
    client.follow(&mut mirror, 6).await;
    mirror.assert_equals(&live);
    let mut folded = Mirror::of(live.read(|s| Session::new(s.id(), None, s.created_at(), s.epoch())));
    for record in live.events(0, 100).await.expect("is kept").events {
        folded.apply(EventRecord::clone(&record));
    }
    assert_eq!(canonical_json(&folded.session().snapshot()), canonical_json(&live.read(Session::snapshot)));
}
