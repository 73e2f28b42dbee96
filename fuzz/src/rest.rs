//! Bodies of requests, through the whole of the HTTP server: every route of its description that takes JSON.
//!
//! Input: a byte that chooses the route, a byte of flags (the body's media type, an `If-Match`, a name that is not
//! there), then the body.

use std::cell::{OnceCell, RefCell};

use serde_json::Value;
use vws_core::reduce::State;
use vws_core::wire::{Tree, canonical_json, parse_json};
use vws_core::{Seq, Snapshot};
use vws_server::fuzzing::{Answer, Rest, Route};

use crate::input::Input;
use crate::promises::{self, SMALL};

const MERGE: u8 = 1;
const OTHER_TYPE: u8 = 2;
const MATCHING: u8 = 4;
const NOT_MATCHING: u8 = 8;
const NOBODY: u8 = 16;

/// A server with a session that each input gets a fork of: the one before it, if that was refused and so is unchanged.
struct Server {
    rest: Rest,
    token: String,
    origin: String,
    unchanged: RefCell<Option<Fork>>,
}

/// A session, and its state as the server tells it.
struct Fork {
    id: String,
    json: Vec<u8>,
    seq: Seq,
}

impl Server {
    fn start() -> Self {
        let rest = Rest::new();
        let mut server = Self {
            token: format!("Bearer {}", rest.token()),
            rest,
            origin: String::new(),
            unchanged: RefCell::default(),
        };
        let made = server.json("POST", "/api/sessions", b"");
        server.origin = made["session_id"].as_str().expect("has an id").to_owned();
        server.json("POST", &format!("/api/sessions/{}/commands", server.origin), SMALL.as_bytes());
        server
    }

    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let token = [("authorization", self.token.as_str())];
        self.rest.send(method, target, &[&token[..], headers].concat(), body)
    }

    fn json(&self, method: &str, target: &str, body: &[u8]) -> Value {
        let answer = self.send(method, target, &[("content-type", "application/json")], body);
        assert!((200..300).contains(&answer.status), "{target}: {answer:?}");
        serde_json::from_slice(&answer.body).expect("is JSON")
    }

    /// A session like the origin.
    fn fork(&self) -> Fork {
        if let Some(fork) = self.unchanged.take() {
            return fork;
        }
        let made = self.json("POST", &format!("/api/sessions/{}/fork", self.origin), b"");
        let id = made["session_id"].as_str().expect("has an id").to_owned();
        let json = self.snapshot(&id);
        Fork { seq: checked(&json), id, json }
    }

    /// What the server says the state is.
    fn snapshot(&self, session: &str) -> Vec<u8> {
        self.send("GET", &format!("/api/sessions/{session}/snapshot"), &[], b"").body
    }

    fn delete(&self, session: &str) {
        let answer = self.send("DELETE", &format!("/api/sessions/{session}"), &[], b"");
        assert_eq!(answer.status, 204, "{answer:?}");
    }
}

/// The seq of a state, which holds what every state does.
fn checked(json: &[u8]) -> Seq {
    let read: Snapshot = serde_json::from_slice(json).expect("a state reads back (REST9)");
    assert_eq!(canonical_json(&read), json, "REST9: the snapshot is canonical");
    let seq = read.session.seq;
    let restored = read.restore().expect("its digest is that of its content");
    assert_eq!(promises::state(&restored), json, "SNAP1");
    assert_eq!(restored.seq(), seq, "SNAP1");
    seq
}

/// Does it all.
///
/// # Panics
/// Where a promise is broken.
pub fn run(data: &[u8]) {
    thread_local!(static SERVER: OnceCell<Server> = const { OnceCell::new() });
    SERVER.with(|server| ask(server.get_or_init(Server::start), Input::new(data)));
}

/// The routes, in the order of their bytes in an input.
#[must_use]
pub fn routes() -> Vec<Route> {
    Rest::new().routes().to_vec()
}

fn ask(server: &Server, mut input: Input<'_>) {
    let routes = server.rest.routes();
    let route = &routes[usize::from(input.byte()) % routes.len()];
    let flags = input.byte();
    let body = input.rest();
    let fork = server.fork();
    let session = fork.id.as_str();
    let target = target(route, session, if flags & NOBODY == 0 { "cube1" } else { "nobody" });
    let tag = match flags & (MATCHING | NOT_MATCHING) {
        0 => None,
        MATCHING => server.send("GET", &target, &[], b"").etag,
        _ => Some("\"999\"".to_owned()),
    };
    let kind = match flags & (MERGE | OTHER_TYPE) {
        MERGE => "application/merge-patch+json",
        OTHER_TYPE => "text/plain",
        _ => "application/json; charset=utf-8",
    };
    let mut headers = vec![("content-type", kind)];
    headers.extend(tag.as_deref().map(|tag| ("if-match", tag)));
    let answer = server.send(&route.method, &target, &headers, body);
    let after = server.snapshot(session);
    check(route, &answer, body, (&fork, &after));
    // What cannot be read has no effect, whatever else is said.
    if !body.is_empty() && (parse_json::<Tree>(body).is_err() || kind == "text/plain") {
        assert!((400..500).contains(&answer.status), "PARSE5, HTTP14: {answer:?}");
    }
    if answer.status == 201
        && let Ok(made) = serde_json::from_slice::<Value>(&answer.body)
        && let Some(other) = made["session_id"].as_str().filter(|other| *other != session)
    {
        server.delete(other);
    }
    if (400..500).contains(&answer.status) {
        server.unchanged.replace(Some(fork));
    } else {
        server.delete(session);
    }
}

fn target(route: &Route, session: &str, name: &str) -> String {
    let path = route.path.replace("{id}", session).replace("{name}", name);
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn check(route: &Route, answer: &Answer, body: &[u8], (before, after): (&Fork, &[u8])) {
    let said = || format!("{} {}: {answer:?}", route.method, route.path);
    match answer.status {
        200..=299 => {
            if answer.content_type.starts_with("application/json") {
                assert!(serde_json::from_slice::<Value>(&answer.body).is_ok(), "{}", said());
            }
        }
        400..=499 => {
            assert!(before.json == after, "CMD1: a refusal has changed something: {}", said());
            assert!(answer.content_type.starts_with("application/problem+json"), "HTTP1: {}", said());
            let problem: Value = serde_json::from_slice(&answer.body).expect("a problem is JSON");
            let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
            assert!(!text("code").is_empty() && !text("detail").is_empty(), "HTTP1: {}", said());
            assert!(!text("request_id").is_empty(), "HTTP2: {}", said());
            assert_eq!(problem["status"], answer.status, "HTTP1: {}", said());
            assert!(answer.body.len() <= 16 * 1024 + 8 * body.len(), "ERR3: {}", said());
            for field in problem["errors"].as_array().into_iter().flatten() {
                let pointer = field["pointer"].as_str().unwrap_or("?");
                assert!(pointer.is_empty() || pointer.starts_with('/'), "ERR1: {}", said());
            }
        }
        _ => panic!("{}", said()),
    }
    if before.json == after {
        return;
    }
    // All that a route can do is done by events, and the state tells how many there were.
    assert!(checked(after) > before.seq, "LAW3: {}", said());
}
