use serde_json::{Value, json};
use vws_core::wire::{ClientMessage, CloseCode, Mode, ResyncReason, ServerMessage};

use super::events::{ID, object, world};
use super::goldens;

#[test]
fn evt1_law9_every_message_of_a_client_travels_as_its_golden_file_says() {
    goldens!("client", ClientMessage {
        Hello => [
            ("hello.least", json!({"type": "hello", "protocol": 1, "client_id": "c-1"})),
            ("hello.all", json!({
                "type": "hello", "protocol": 1, "client_id": "c-1", "name": "Ada", "color": "#5b8def",
                "token": "secret", "after": {"epoch": 7, "seq": 12},
            })),
        ],
        Command => [
            ("command.least", json!({"type": "command", "id": 1, "command": {"type": "stop_orbit"}})),
            ("command.all", json!({
                "type": "command", "id": 9_007_199_254_740_991_u64, "expect_version": 5,
                "command": {"type": "update_object", "name": "a", "patch": {"x": 0.1}},
            })),
        ],
        Presence => [
            ("presence.none", json!({"type": "presence"})),
            ("presence.all", json!({
                "type": "presence",
                "camera": {
                    "position": {"x": 1, "y": 2, "z": 3}, "target": {"x": 0, "y": 0, "z": 0.5}, "fov": 60,
                },
                "pointer": {"x": -1000, "y": 0, "z": 1000}, "selection": ["a", "é"],
                "follows": "c-2", "away": true, "call": {"id": u32::MAX, "camera": {
                    "position": {"x": 1, "y": 2, "z": 3}, "target": {"x": 0, "y": 0, "z": 0.5},
                }},
            })),
        ],
        Resume => [
            ("resume.after", json!({"type": "resume", "after": {"epoch": 7, "seq": 12}})),
            ("resume.snapshot", json!({"type": "resume"})),
        ],
        Ping => [("ping", json!({"type": "ping", "t": 1234.5}))],
    });
}

fn peer() -> Value {
    json!({
        "client_id": "c-1", "name": "Ada", "color": "#5b8def",
        "presence": {
            "camera": {"position": {"x": 1, "y": 2, "z": 3}, "target": {"x": 0, "y": 0, "z": 0.5}, "fov": 60},
            "pointer": {"x": -1000, "y": 0, "z": 1000}, "selection": ["a", "é"],
            "follows": "c-2", "away": true, "call": {"id": u32::MAX, "camera": {
                "position": {"x": 1, "y": 2, "z": 3}, "target": {"x": 0, "y": 0, "z": 0.5},
            }},
        },
    })
}

fn session() -> Value {
    json!({
        "session_id": ID, "name": null, "created_at": 1_700_000_000_000_u64, "epoch": 7, "seq": 9, "object_count": 1,
    })
}

fn copy() -> Value {
    let mut session = session();
    session["name"] = json!("Küche");
    session["origin"] = json!({"session_id": ID, "epoch": 6, "seq": 5});
    session
}

#[test]
fn evt1_law9_every_message_of_a_server_travels_as_its_golden_file_says() {
    let welcome = |mode: &str, peers: Value| {
        json!({
            "type": "welcome", "protocol": 1, "session": ID, "epoch": 7, "head_seq": 12, "mode": mode,
            "peers": peers, "limits": {"objects_per_session": 100_000, "commands_per_batch": 1_000},
        })
    };
    let head = |session: Value| json!({"session": session, "digest": "00c0ffee00c0ffee", "world": world()});
    goldens!("server", ServerMessage {
        Welcome => [
            ("welcome.tail", welcome("tail", json!([]))),
            ("welcome.snapshot", welcome("snapshot", json!([peer(), {"client_id": "c-2", "presence": {}}]))),
            ("welcome.access", {
                let mut welcome = welcome("tail", json!([]));
                welcome["access"] = json!({"role": "own", "until": 1_700_000_000_000_u64, "shares": true});
                welcome
            }),
            ("welcome.viewer", {
                let mut welcome = welcome("tail", json!([]));
                welcome["access"] = json!({"role": "view"});
                welcome
            }),
        ],
        Snapshot => [
            ("snapshot.first", json!({
                "type": "snapshot", "seq": 9, "part": 0, "parts": 2, "head": head(session()), "objects": [object()],
            })),
            ("snapshot.copy", json!({
                "type": "snapshot", "seq": 9, "part": 0, "parts": 1, "head": head(copy()), "objects": [],
            })),
            ("snapshot.next", json!({"type": "snapshot", "seq": 9, "part": 1, "parts": 2, "objects": [object()]})),
        ],
        Event => [
            ("event.least", json!({
                "type": "event", "seq": 1, "at": 1_700_000_000_000_u64, "event": {"type": "objects_cleared"},
            })),
            ("event.all", json!({
                "type": "event", "seq": u64::MAX, "at": 1_700_000_000_000_u64,
                "by": {"client_id": "c-1", "command_id": 3}, "more": 2,
                "event": {"type": "object_updated", "name": "a", "patch": {"x": 0.1}},
            })),
            ("event.of_subject", json!({
                "type": "event", "seq": 2, "at": 1_700_000_000_000_u64,
                "by": {"client_id": "c-1", "command_id": 3}, "subject": "ada@example.org",
                "event": {"type": "objects_cleared"},
            })),
        ],
        Accepted => [("accepted", json!({"type": "accepted", "id": 3, "seq": 12, "events": 0}))],
        Rejected => [
            ("rejected", json!({"type": "rejected", "id": 3, "problem": {
                "code": "coordinate_out_of_bounds", "detail": "x = 13 is outside [-12, 12]",
                "errors": [{
                    "pointer": "/object/x", "code": "coordinate_out_of_bounds",
                    "detail": "x = 13 is outside [-12, 12]",
                }],
            }})),
        ],
        Presence => [
            ("presence", json!({"type": "presence", "peers": [peer()], "left": ["c-2"]})),
            ("presence.left", json!({"type": "presence", "left": ["c-2"]})),
        ],
        Heartbeat => [
            ("heartbeat", json!({"type": "heartbeat", "head_seq": 12, "digest": "00c0ffee00c0ffee"})),
            (
                "heartbeat.stale",
                json!({"type": "heartbeat", "head_seq": 12, "digest": "00c0ffee00c0ffee", "stale": true}),
            ),
        ],
        Pong => [("pong", json!({"type": "pong", "t": 1234.5}))],
        Resync => [
            ("resync.lagged", json!({"type": "resync", "reason": "lagged"})),
            ("resync.requested", json!({"type": "resync", "reason": "requested"})),
        ],
    });
}

/// The samples above have each of them.
#[test]
fn evt1_words_inside_messages_are_all_known() {
    let mode = |mode: Mode| match mode {
        Mode::Tail => "tail",
        Mode::Snapshot => "snapshot",
    };
    let reason = |reason: ResyncReason| match reason {
        ResyncReason::Lagged => "lagged",
        ResyncReason::Requested => "requested",
    };
    for value in [Mode::Tail, Mode::Snapshot] {
        assert_eq!(json!(value), mode(value));
    }
    for value in [ResyncReason::Lagged, ResyncReason::Requested] {
        assert_eq!(json!(value), reason(value));
    }
}

#[test]
fn ws17_close_codes_have_the_numbers_and_names_that_they_had() {
    let told: Vec<_> = CloseCode::ALL.map(|code| (code.code(), code.name())).to_vec();
    assert_eq!(
        told,
        [
            (1001, "going_away"),
            (1009, "too_big"),
            (4000, "bad_hello"),
            (4001, "unauthenticated"),
            (4003, "forbidden"),
            (4004, "no_such_session"),
            (4008, "too_slow"),
            (4009, "protocol_violation"),
            (4010, "superseded"),
            (4029, "rate_limited"),
        ]
    );
    for code in CloseCode::ALL {
        assert_eq!(CloseCode::from_code(code.code()), Some(code));
    }
    assert_eq!(CloseCode::from_code(1000), None);
    let worth = CloseCode::ALL.into_iter().filter(|code| code.is_worth_a_retry());
    assert_eq!(worth.map(CloseCode::name).collect::<Vec<_>>(), ["going_away", "too_slow", "rate_limited"]);
}
