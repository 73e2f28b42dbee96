//! Those who change the session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::sleep;
use vws_client::{Client, SubmitError};
use vws_core::{Command, Problem, SessionId};

use crate::http::{Answer, Http, Lost};
use crate::record::{MARK, Outcome, Read, Seen, Write, fingerprint_of};
use crate::run::Shared;

/// Names that objects have.
const NAMES: usize = 48;
/// Commands of one client that wait for their verdicts.
const UNDER_WAY: usize = 16;
/// How long whoever was not answered waits before asking again.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
/// How often a request that was not answered is sent again.
const RETRIES: u32 = 5;

pub(crate) fn name(n: usize) -> String {
    format!("o{}", n % NAMES)
}

/// What all objects are made by at first.
pub(crate) fn beginning() -> Vec<Value> {
    (0..NAMES).map(|n| create(&name(n), &format!("begin.{n}"))).collect()
}

fn create(name: &str, mark: &str) -> Value {
    json!({"type": "create_object", "object": {
        "name": name, "type": "cube", "x": 0.1, "y": -0.2, "z": 3, "properties": {MARK: mark}}})
}

fn update(draws: &mut fastrand::Rng, name: &str, mark: &str) -> Value {
    let x = draws.f64().mul_add(24.0, -12.0);
    json!({"type": "update_object", "name": name, "patch": {"x": x, "properties": {MARK: mark}}})
}

/// A command with a mark, that may be refused: its objects may be there or not.
fn command(draws: &mut fastrand::Rng, mark: &str) -> Value {
    let (a, b) = (name(draws.usize(..)), name(draws.usize(..)));
    match draws.u8(..100) {
        0..62 => update(draws, &a, mark),
        62..78 => create(&a, mark),
        78..86 => {
            let first = update(draws, &a, mark);
            json!({"type": "batch", "commands": [first, {"type": "delete_object", "name": b}]})
        }
        86..94 => {
            let first = update(draws, &a, mark);
            json!({"type": "batch", "commands": [first, {"type": "rename_object", "name": a, "new_name": b}]})
        }
        94..99 => {
            let first = update(draws, &a, mark);
            let camera = json!({"type": "move_camera", "camera": {"x": draws.f64()}});
            json!({"type": "batch", "commands": [first, camera]})
        }
        _ => {
            let clear = json!({"type": "clear_objects"});
            let again = (0..NAMES).map(|n| create(&name(n), mark));
            let commands: Vec<Value> = std::iter::once(clear).chain(again).collect();
            json!({"type": "batch", "commands": commands})
        }
    }
}

/// Over WebSocket: some commands under way at once.
pub(crate) async fn websocket(
    shared: Arc<Shared>,
    client: Client,
    id: String,
    seed: u64,
) -> (Client, Vec<Write>) {
    let mut draws = fastrand::Rng::with_seed(seed);
    let mut writes = Vec::new();
    let mut under_way = FuturesUnordered::new();
    let mut number = 0_u64;
    loop {
        while under_way.len() < UNDER_WAY && shared.take_one() {
            number += 1;
            let mark = format!("{id}.{number}");
            let command = command(&mut draws, &mark);
            let command: Command = serde_json::from_value(command).expect("commands here are well-formed");
            under_way.push(submit(&shared, &client, &id, mark, command));
        }
        match under_way.next().await {
            Some(write) => writes.push(write),
            None => break,
        }
    }
    drop(under_way);
    (client, writes)
}

async fn submit(shared: &Shared, client: &Client, id: &str, mark: String, command: Command) -> Write {
    let invoked = shared.clock.tick();
    let verdict = client.submit(command).await;
    let outcome = match verdict {
        Ok(ack) => {
            let returned = shared.clock.tick();
            shared.note_seq(ack.seq);
            Outcome::Done { returned, seq: ack.seq, events: ack.events, id: Some(ack.id) }
        }
        Err(SubmitError::Refused(no)) => {
            // Nothing was asked of the server.
            shared.give_back();
            Outcome::Refused(no.code().to_owned())
        }
        Err(SubmitError::Rejected(problem)) => Outcome::Refused(problem.code),
        Err(SubmitError::OutcomeUnknown | SubmitError::Closed) => Outcome::Unknown,
    };
    Write { client: id.to_owned(), mark, invoked, outcome, tries: 1 }
}

/// Over REST: a change of what was just read, if nobody else has changed it (`If-Match`), or a command under an
/// `Idempotency-Key`, which is asked for again while no answer comes.
pub(crate) async fn rest(
    shared: Arc<Shared>,
    mut http: Http,
    session: SessionId,
    id: String,
    seed: u64,
) -> (Vec<Write>, Vec<Read>) {
    let mut draws = fastrand::Rng::with_seed(seed);
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    let mut number = 0_u64;
    while shared.take_one() {
        number += 1;
        let mark = format!("{id}.{number}");
        let write = if draws.bool() {
            let name = name(draws.usize(..));
            let path = format!("/api/sessions/{session}/objects/{name}");
            let Some(version) = object(&shared, &mut http, &path, name, &mut reads).await else { continue };
            let body = json!({"y": draws.f64(), "properties": {MARK: mark}}).to_string();
            let invoked = shared.clock.tick();
            let tag = format!("\"{version}\"");
            let told = http.send("PATCH", &path, &[("if-match", &tag)], Some(body)).await;
            Write { client: id.clone(), mark, invoked, outcome: outcome(&shared, told, false), tries: 1 }
        } else {
            keyed(&shared, &mut http, session, &id, mark, &mut draws).await
        };
        if write.outcome == Outcome::Unknown {
            sleep(PAUSE).await;
        }
        writes.push(write);
    }
    (writes, reads)
}

/// Reads an object. Its version; none where it is not there, or nobody answered.
pub(crate) async fn object(
    shared: &Shared,
    http: &mut Http,
    path: &str,
    name: String,
    reads: &mut Vec<Read>,
) -> Option<u64> {
    let invoked = shared.clock.tick();
    let Ok(answer) = http.send("GET", path, &[], None).await else {
        sleep(PAUSE).await;
        return None;
    };
    let returned = shared.clock.tick();
    let object = match answer.status {
        200 => Some(serde_json::from_slice::<vws_core::Object>(&answer.body).expect("an object is answered")),
        404 => None,
        // A server that is about to end, or has just begun.
        _ => return None,
    };
    let seen = object.as_ref().map(fingerprint_of);
    reads.push(Read { invoked, returned, seen: Seen::Object(name, seen) });
    object.map(|object| object.version)
}

async fn keyed(
    shared: &Shared,
    http: &mut Http,
    session: SessionId,
    id: &str,
    mark: String,
    draws: &mut fastrand::Rng,
) -> Write {
    let path = format!("/api/sessions/{session}/commands");
    let body = command(draws, &mark).to_string();
    let invoked = shared.clock.tick();
    let began = shared.ends();
    let mut told = Err(Lost);
    for _ in 0..RETRIES {
        told = http.send("POST", &path, &[("idempotency-key", &mark)], Some(body.clone())).await;
        if told.is_ok() {
            break;
        }
        sleep(PAUSE).await;
    }
    // A server that has begun anew knows no key (IDEM3): what it says is about its own try alone.
    let ends = shared.ends() - began;
    let mut outcome = outcome(shared, told, true);
    if ends > 0 {
        outcome = Outcome::Unknown;
    }
    let tries = 1 + u32::try_from(ends).unwrap_or(u32::MAX);
    Write { client: id.to_owned(), mark, invoked, outcome, tries }
}

fn outcome(shared: &Shared, told: Result<Answer, Lost>, many: bool) -> Outcome {
    let returned = shared.clock.tick();
    let Ok(answer) = told else { return Outcome::Unknown };
    match answer.status {
        200..=299 => {
            let json = answer.json();
            let seq = json["seq"].as_u64().expect("a change tells its seq");
            let (seq, events) = if many {
                let seqs = json["seqs"].as_array().expect("a command tells its seqs");
                (seqs.last().and_then(Value::as_u64).unwrap_or(seq), seqs.len() as u32)
            } else {
                (seq, 1)
            };
            Outcome::Done { returned, seq, events, id: None }
        }
        503 if answer.code() == Problem::OUTCOME_UNKNOWN => Outcome::Unknown,
        400..=499 | 503 => Outcome::Refused(answer.code()),
        _ => Outcome::Unknown,
    }
}
