//! One history with known answers. Compiled for the machine and for WebAssembly, where a `usize` has 32
//! bits and floats are formatted by the same code on another machine: digest and canonical JSON must be
//! the same in both, or a page and its server never agree.
//!
//! Answers that differ mean that states of before compare unequal to states of now: a change of the
//! protocol's version, not of this file.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::wire::{Encoding, ServerMessage, canonical_json, parse_json};
use vws_core::{Author, ClientId, Command, Context, EventRecord, Session, Snapshot, decide};

/// Each command with the seq and the digest that it leads to.
const SCRIPT: [(&str, u64, &str); 14] = [
    (r#"{"type":"rename_session","name":"Küche"}"#, 1, "864202bfe93c7f3f"),
    (
        r#"{"type":"initialize_world","world":{"size":40,"transparency":0.1,"camera_target":{"y":0.3}}}"#,
        2,
        "9c62a2aa8d9e507f",
    ),
    (
        r#"{"type":"create_object","object":{"name":"a","type":"cube","x":0.1,"y":-12,"z":11.999999999999998}}"#,
        3,
        "62d27b72e77d52be",
    ),
    (
        r##"{"type":"create_object","object":{"name":"立方体 ☃","type":"my robot","x":-0.0,"y":5e-324,"z":1e-7,
        "rotation":{"x":0.30000000000000004,"y":-36000,"z":36000},"scale":{"x":0.001,"y":1000,"z":3.3333333333333335},
        "color":"#A0B1C2","opacity":0.25,"visible":false,"text":"Grüße\n\"世界\"",
        "properties":{"b":true,"f":5.0,"i":5,"max":18446744073709551615,"min":-9223372036854775808,
        "past":1e300,"s":"\u0001 \u2028 é","tiny":2.2250738585072014e-308}}}"##,
        4,
        "522e4e16a2a78794",
    ),
    (
        r#"{"type":"update_object","name":"a","patch":{"x":0.1,"y":0.7,"rotation":{"y":45.5},"scale":2}}"#,
        5,
        "747ceb1d583874eb",
    ),
    (
        r#"{"type":"update_object","name":"立方体 ☃","patch":{"properties":{"i":null,"f":6},"color":null}}"#,
        6,
        "d7222121635aeadb",
    ),
    (r#"{"type":"rename_object","name":"a","new_name":"é"}"#, 7, "6ec3d764501b2924"),
    (
        r#"{"type":"batch","commands":[{"type":"create_object","object":{"name":"gone","type":"light","x":1,"y":2,"z":3}},
        {"type":"create_object","object":{"name":"Z","type":"text","x":1,"y":2,"z":3,"text":"kept"}},
        {"type":"delete_object","name":"gone"}]}"#,
        10,
        "9d4bec8b7dd8f22e",
    ),
    (r#"{"type":"update_world","patch":{"camera_fov":61.5,"transparency":null}}"#, 11, "9959a4433456eb8e"),
    (r#"{"type":"start_orbit","orbit":{"radius":9.5,"speed":-3,"elevation":10}}"#, 12, "3f3b9e3e0af103d6"),
    (r#"{"type":"stop_orbit"}"#, 13, "8db11e763b24bc40"),
    (r#"{"type":"move_camera","camera":{"x":-100,"target":{"z":1}}}"#, 14, "baadaf02ea79be3d"),
    (r#"{"type":"start_orbit"}"#, 15, "720efe6f3d0aadba"),
    (r#"{"type":"update_object","name":"é","patch":{"x":0.1}}"#, 15, "720efe6f3d0aadba"),
];

/// The canonical JSON of the last state.
const CANONICAL: &str = include_str!("canonical.json").trim_ascii_end();

fn session() -> Session {
    let id = "0190b5a0-0000-7000-8000-000000000001".parse().expect("is a UUID");
    Session::new(id, None, 1_700_000_000_000, 9_007_199_254_740_993)
}

/// Runs the script and shows each state to `look`; the last one, and the log.
fn run(mut look: impl FnMut(&Session)) -> (Session, Vec<EventRecord>) {
    let (mut session, mut log) = (session(), Vec::new());
    let limits = ModelLimits::default();
    let client_id = ClientId::new("known").expect("is valid");
    for (at, (command, _, _)) in (1_700_000_000_001_u64..).zip(SCRIPT) {
        let command: Command = parse_json(command.as_bytes()).expect("is a command");
        let context = Context { at, limits: &limits, expect_version: None };
        let events = decide(&session, &command, &context).expect("stands");
        let by = Author { client_id: client_id.clone(), command_id: at };
        let mut more = events.len() as u32;
        for event in events {
            more -= 1;
            let by = Some(by.clone());
            let record = EventRecord { seq: session.seq() + 1, at, by, subject: None, more, event };
            session.apply(&record).expect("is the next");
            log.push(record);
        }
        look(&session);
    }
    (session, log)
}

#[test]
fn dig3_law1_a_known_history_has_known_digests() {
    assert_eq!(session().digest().to_string(), "82de7e75952507e1");
    let mut found = Vec::new();
    run(|session| found.push((session.seq(), session.digest().to_string())));
    let known: Vec<_> = SCRIPT.iter().map(|(_, seq, digest)| (*seq, (*digest).to_owned())).collect();
    assert_eq!(found, known);
}

#[test]
fn law1_a_known_history_has_known_canonical_json() {
    let (session, _) = run(|_| ());
    assert_eq!(String::from_utf8(canonical_json(&session.snapshot())).expect("is UTF-8"), CANONICAL);
}

#[test]
fn dig3_law9_a_known_state_is_read_and_folded_alike_in_both_encodings() {
    let snapshot: Snapshot = serde_json::from_str(CANONICAL).expect("is a snapshot");
    let restored = snapshot.restore().expect("has the digest that it says");
    let (last, log) = run(|_| ());
    assert_eq!(restored.digest(), last.digest());
    for encoding in Encoding::ALL {
        let mut folded = session();
        for record in &log {
            let bytes = encoding.encode_server(&ServerMessage::Event(record.clone()));
            let Ok(ServerMessage::Event(record)) = encoding.decode_server(&bytes) else {
                panic!("is an event")
            };
            folded.apply(&record).expect("is the next");
        }
        assert_eq!(String::from_utf8(canonical_json(&folded.snapshot())).expect("is UTF-8"), CANONICAL);
    }
}
