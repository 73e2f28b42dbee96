//! The server is killed at random moments while clients write, and started again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use vws_client::{Ack, Backoff, Client, Options};
use vws_core::reduce::State;
use vws_core::wire::Encoding;
use vws_core::{ClientId, Command, EventRecord, Session, SessionId};

use crate::support::{Program, VWS};

/// How often the server is killed; `VWS_KILL_CYCLES` sets another number.
const CYCLES: u64 = 200;
const SESSIONS: usize = 3;
/// Commands of one client that wait for an answer at once.
const OUTSTANDING: usize = 8;
/// Objects of one client, about: each new one takes the place of the one that was made so many commands before.
const KEPT: u64 = 20;

/// Numbers that look drawn and are the same for the same seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What a client was told of its commands.
struct Written {
    client: Client,
    client_id: String,
    acknowledged: Vec<(String, Ack)>,
}

fn options(client_id: &str, encoding: Encoding) -> Options {
    let backoff = Backoff { first: Duration::from_millis(5), longest: Duration::from_millis(20) };
    let client_id = ClientId::new(client_id).expect("is valid");
    Options { client_id, encoding, backoff, ..Options::default() }
}

/// Makes objects, moves and removes them until told otherwise. Each command has a mark of its own.
async fn write_until(
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    client: Client,
    client_id: String,
) -> Written {
    let client = Arc::new(client);
    let mut under_way = JoinSet::new();
    let mut acknowledged = Vec::new();
    let mut number = 0_u64;
    // Their tasks may take their turns in any order; what is to be deleted must be acknowledged before.
    let mut waiting = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) || !under_way.is_empty() {
        while waiting.len() < OUTSTANDING
            && waiting.first().is_none_or(|oldest| oldest + KEPT > number)
            && !stop.load(Ordering::Relaxed)
        {
            let command = command(&client_id, number);
            waiting.insert(number);
            let (client, of) = (Arc::clone(&client), number);
            under_way.spawn(async move { (of, client.submit(command).await) });
            number += 1;
        }
        if let Some(done) = under_way.join_next().await {
            let (number, verdict) = done.expect("does not panic");
            waiting.remove(&number);
            let name = format!("{client_id}-{number}");
            let ack = verdict.unwrap_or_else(|error| panic!("{name}: {error} ({})", error.code()));
            acknowledged.push((name, ack));
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
    let client = Arc::into_inner(client).expect("nobody else has it");
    Written { client, client_id, acknowledged }
}

/// Each makes an object that was never there before, so that one that is done twice is refused.
fn command(client_id: &str, number: u64) -> Command {
    let object =
        |name: String| json!({"name": name, "type": "cube", "x": 0.1, "y": -0.2, "z": number as f64 / 1e6});
    let made = json!({"type": "create_object", "object": object(format!("{client_id}-{number}"))});
    let json = match number {
        0..KEPT => made,
        // The session stays small.
        _ => json!({"type": "batch", "commands": [
            made,
            {"type": "delete_object", "name": format!("{client_id}-{}", number - KEPT)},
        ]}),
    };
    serde_json::from_value(json).expect("is a command")
}

/// The history of a session from the server, page by page, folded.
fn history(program: &Program, id: SessionId) -> (Session, Vec<EventRecord>) {
    let first = program.ask("GET", &format!("/api/sessions/{id}/snapshot?at=0"), None);
    let snapshot: vws_core::Snapshot = serde_json::from_value(first).expect("is a snapshot");
    let mut session = snapshot.restore().expect("is whole");
    let mut records = Vec::new();
    loop {
        let page = program.ask(
            "GET",
            &format!("/api/sessions/{id}/events?after={}&limit=1000", session.seq()),
            None,
        );
        let events = page["events"].as_array().expect("a page").clone();
        if events.is_empty() {
            return (session, records);
        }
        for event in events {
            let record: EventRecord = serde_json::from_value(event).expect("is an event");
            session.apply(&record).expect("no gap");
            records.push(record);
        }
    }
}

fn snapshot_of(program: &Program, id: SessionId) -> Value {
    program.ask("GET", &format!("/api/sessions/{id}/snapshot"), None)
}

async fn survive(level: &str, cycles: u64, data: &Path) {
    let mut draws = Draws(cycles);
    let mut program = Program::start(&[VWS], data, "127.0.0.1:0", level);
    let address = program.address.to_string();
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut writers = JoinSet::new();
    let mut sessions = Vec::new();
    for n in 0..SESSIONS {
        let made = program.ask("POST", "/api/sessions", None);
        let id: SessionId = made["session_id"].as_str().expect("an id").parse().expect("an id");
        sessions.push(id);
        for (m, encoding) in [Encoding::Json, Encoding::MessagePack].into_iter().enumerate() {
            let client_id = format!("s{n}c{m}");
            let client =
                Client::connect(&format!("http://{address}"), id, options(&client_id, encoding)).await;
            let client = client.expect("connects");
            let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
            writers.spawn(async move { (id, write_until(stop, count, client, client_id).await) });
        }
    }
    for _ in 0..cycles {
        let enough = count.load(Ordering::Relaxed) + draws.below(60);
        while count.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_micros(200)).await;
            if let Some(ended) = writers.try_join_next() {
                drop(ended.expect("a writer does not panic"));
                panic!("a writer has ended");
            }
        }
        program.kill();
        program = Program::start(&[VWS], data, &address, level);
    }
    stop.store(true, Ordering::Relaxed);
    let mut written: BTreeMap<SessionId, Vec<Written>> = BTreeMap::new();
    while let Some(ended) = writers.join_next().await {
        let (id, of_it) = ended.expect("a writer does not panic");
        written.entry(id).or_default().push(of_it);
    }
    for id in sessions {
        check(&program, id, written.remove(&id).expect("it has writers")).await;
    }
}

async fn check(program: &Program, id: SessionId, written: Vec<Written>) {
    let (session, records) = history(program, id);
    let snapshot = snapshot_of(program, id);
    assert_eq!(snapshot["digest"], json!(session.digest()), "the history comes to the state");
    let mut authors = HashSet::new();
    for record in records.iter().filter(|record| record.more == 0) {
        let by = record.by.as_ref().expect("clients wrote it");
        assert!(authors.insert((by.client_id.to_string(), by.command_id)), "{by:?} took effect twice");
    }
    let mut acknowledged = 0;
    for of_it in written {
        let mut seq = of_it.client.seq();
        let heard = seq.wait_for(|seq| *seq >= session.seq());
        tokio::time::timeout(Duration::from_secs(60), heard)
            .await
            .expect("in time")
            .expect("it is connected");
        let mirror = of_it.client.snapshot().expect("it has a state");
        assert_eq!(
            (mirror.session.seq, mirror.digest),
            (session.seq(), session.digest()),
            "{}",
            of_it.client_id
        );
        for (name, ack) in of_it.acknowledged {
            acknowledged += 1;
            let last = &records[ack.seq as usize - 1];
            let by = last.by.as_ref().expect("has an author");
            assert_eq!((by.client_id.as_str(), by.command_id), (of_it.client_id.as_str(), ack.id), "{name}");
            let first = &records[ack.seq as usize - ack.events as usize];
            let text = serde_json::to_string(&first.event).expect("encodes");
            assert!(
                text.contains(&format!("\"{name}\"")),
                "{name} is not what event {} is about: {text}",
                ack.seq
            );
        }
        of_it.client.close().await;
    }
    assert_eq!(acknowledged, authors.len(), "each command was acknowledged, once");
}

fn cycles(share: u64) -> u64 {
    let all = std::env::var("VWS_KILL_CYCLES")
        .ok()
        .map_or(CYCLES, |n| n.parse().expect("VWS_KILL_CYCLES is a number"));
    (all * share / 100).max(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law5_law8_dur1_a_server_that_is_killed_under_load_loses_nothing() {
    let data = tempfile::tempdir().expect("a folder for the test");
    survive("buffered", cycles(80), &data.path().join("data")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law5_law8_dur1_a_server_that_is_killed_while_it_flushes_loses_nothing() {
    let data = tempfile::tempdir().expect("a folder for the test");
    survive("sync", cycles(20), &data.path().join("data")).await;
}
