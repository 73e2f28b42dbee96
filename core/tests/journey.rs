//! A change through the whole of core: bytes, command, event, state, snapshot, state.

use vws_core::reduce::State;
use vws_core::wire::parse_json;
use vws_core::*;

fn run(session: &mut Session, json: &str) -> Result<usize, Rejection> {
    let command: Command = parse_json(json.as_bytes())?;
    let limits = limits::ModelLimits::default();
    let events = decide(session, &command, &Context { at: 1_000, limits: &limits, expect_version: None })?;
    for event in &events {
        let record =
            EventRecord { seq: session.seq() + 1, at: 1_000, by: None, more: 0, event: event.clone() };
        let bytes = serde_json::to_vec(&record).expect("encodes");
        let back: EventRecord = serde_json::from_slice(&bytes).expect("decodes");
        assert_eq!(back, record);
        session.apply(&back).expect("is the next");
    }
    Ok(events.len())
}

#[test]
fn a_change_travels() {
    let id: SessionId = "0190b5a0-0000-7000-8000-000000000001".parse().expect("a UUID");
    let mut s = Session::new(id, None, 0, 1);
    let cube = r#"{"type":"create_object","object":{"name":"a","type":"cube","x":1,"y":2,"z":3,"scale":2}}"#;
    assert_eq!(run(&mut s, cube), Ok(1));
    assert_eq!(run(&mut s, cube).map_err(|r| r.to_problem().code), Err("object_exists".to_owned()));
    assert_eq!(
        run(&mut s, r#"{"type":"update_object","name":"a","patch":{"x":5,"rotation":{"y":90}}}"#),
        Ok(1)
    );
    assert_eq!(run(&mut s, r#"{"type":"update_object","name":"a","patch":{"x":5}}"#), Ok(0));
    let bad = run(&mut s, r#"{"type":"update_object","name":"a","patch":{"x":6,"y":99,"z":12.0000001}}"#);
    let problem = bad.expect_err("is refused").to_problem();
    assert_eq!(problem.detail, "y = 99 is outside [-12, 12]; z = 12.0000001 is outside [-12, 12]");
    assert_eq!(problem.errors[1].pointer, "/patch/z");
    assert_eq!(s.object("a").map(|o| o.x.get()), Some(5.0));
    let huge =
        run(&mut s, r#"{"type":"update_object","name":"a","patch":{"x":1e999}}"#).expect_err("is refused");
    assert_eq!(
        huge.errors().next().map(|e| (e.pointer.as_str(), e.error.to_string())),
        Some(("/patch/x", "1e999 is not a finite number".to_owned()))
    );
    let unknown =
        run(&mut s, r#"{"type":"update_object","name":"a","patch":{"q":1}}"#).expect_err("is refused");
    assert_eq!(
        (unknown.code(), unknown.to_problem().errors[0].pointer.clone()),
        ("unknown_field", "/patch/q".to_owned())
    );
    let snapshot = s.snapshot();
    let json = wire::canonical_json(&snapshot);
    let back: Snapshot = serde_json::from_slice(&json).expect("decodes");
    let mirror = back.restore().expect("has its digest");
    assert_eq!(wire::canonical_json(&mirror.snapshot()), json);
}
