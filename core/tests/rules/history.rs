//! Changes taken back, and the difference of states.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use vws_core::history::{compensate, diff};
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::wire::canonical_json;
use vws_core::{Command, EventRecord, Session};

use crate::generate;
use crate::given::Given;

/// What a state holds, without versions, times and the moment at which an orbit began.
fn content(session: &Session) -> Value {
    let mut content: Value = serde_json::from_slice(&canonical_json(&session.snapshot())).expect("is JSON");
    let objects = content["objects"].as_array_mut().expect("is a list");
    for object in objects.iter_mut().chain(std::iter::empty()) {
        for field in ["version", "created_at", "updated_at"] {
            object.as_object_mut().expect("is an object").remove(field);
        }
    }
    let world = content["world"].as_object_mut().expect("is an object");
    world.remove("version");
    if let Some(orbit) = world.get_mut("orbit").and_then(Value::as_object_mut) {
        orbit.remove("started_at");
    }
    json!({ "name": content["session"]["name"], "world": content["world"], "objects": content["objects"] })
}

/// Runs commands as they come, leaving out those that are refused; the events of each that took effect.
fn run(given: &mut Given, commands: &[Command]) -> Vec<(Session, Vec<Arc<EventRecord>>)> {
    let mut effects = Vec::new();
    for command in commands {
        let before = given.session.clone();
        if let Ok(records) = given.decide_parsed(command, None) {
            for record in &records {
                given.session.apply(record).expect("is the next");
            }
            given.now += 1;
            if !records.is_empty() {
                effects.push((before, records.into_iter().map(Arc::new).collect()));
            }
        }
    }
    effects
}

fn obey(given: &mut Given, command: &Command) -> Vec<EventRecord> {
    let records = given.decide_parsed(command, None).unwrap_or_else(|r| panic!("{command:?}: {r}"));
    for record in &records {
        given.session.apply(record).expect("is the next");
    }
    given.now += 1;
    records
}

fn unbounded() -> Given {
    let limits = ModelLimits { commands_per_batch: u32::MAX, ..ModelLimits::default() };
    Given { limits, ..Given::nothing() }
}

proptest! {
    /// Each command is taken back right after it took effect, and then that is taken back.
    #[test]
    fn hist1_undo_and_redo_lead_there_and_back(commands in generate::commands()) {
        let mut given = unbounded();
        for command in &commands {
            let before = given.session.clone();
            let Some((_, records)) = run(&mut given, std::slice::from_ref(command)).pop() else { continue };
            let after = given.session.clone();
            obey(&mut given, &compensate(&before, &records));
            prop_assert_eq!(content(&given.session), content(&before), "undone: {:?}", command);
            let undone = given.session.clone();
            given.session = after.clone();
            let undo = compensate(&before, &records);
            let undo: Vec<_> = obey(&mut given, &undo).into_iter().map(Arc::new).collect();
            if !undo.is_empty() {
                obey(&mut given, &compensate(&after, &undo));
                prop_assert_eq!(content(&given.session), content(&after), "redone: {:?}", command);
            }
            drop(undone);
            given.session = after;
        }
    }

    /// A whole history is taken back step by step, the last first.
    #[test]
    fn hist1_a_history_can_be_taken_back_whole(commands in generate::commands()) {
        let mut given = unbounded();
        let start = given.session.clone();
        let effects = run(&mut given, &commands);
        let all: Vec<_> = effects.iter().flat_map(|(_, records)| records.iter().cloned()).collect();
        obey(&mut given, &compensate(&start, &all));
        prop_assert_eq!(content(&given.session), content(&start));
    }

    #[test]
    fn hist4_a_difference_leads_from_one_state_to_the_other(
        ours in generate::commands(), theirs in generate::commands(), shared in generate::commands(),
    ) {
        let (mut a, mut b) = (unbounded(), unbounded());
        run(&mut a, &shared);
        run(&mut b, &shared);
        run(&mut a, &ours);
        run(&mut b, &theirs);
        // In batches of any size, as a client sends them.
        for commands in diff(&a.session, &b.session).chunks(3) {
            obey(&mut a, &Command::Batch { commands: commands.to_vec() });
        }
        prop_assert_eq!(content(&a.session), content(&b.session));
        prop_assert_eq!(diff(&a.session, &b.session), vec![]);
    }
}

fn cube(name: &str) -> Value {
    json!({"type": "create_object", "object": {"name": name, "type": "cube", "x": 1, "y": 2, "z": 3}})
}

/// The state before a command and its events.
fn step(given: &mut Given, command: &Value) -> (Session, Vec<Arc<EventRecord>>) {
    let before = given.session.clone();
    let records = given.run(command).expect("is allowed");
    (before, records.into_iter().map(Arc::new).collect())
}

#[test]
fn hist2_what_somebody_changed_since_is_not_taken_back() {
    let others = [
        (json!({"type": "update_object", "name": "a", "patch": {"color": "#000000"}}), "version_mismatch"),
        (json!({"type": "rename_object", "name": "a", "new_name": "z"}), "object_not_found"),
        (json!({"type": "delete_object", "name": "a"}), "object_not_found"),
        (json!({"type": "clear_objects"}), "object_not_found"),
    ];
    for (other, code) in others {
        let mut given = Given::after(&[cube("a"), cube("b")]);
        let (before, records) = step(
            &mut given,
            &json!({"type": "batch", "commands": [
                {"type": "update_object", "name": "a", "patch": {"x": 5}},
                {"type": "update_object", "name": "b", "patch": {"x": 6}},
            ]}),
        );
        given.run(&other).expect("is allowed");
        let refused = given.decide_parsed(&compensate(&before, &records), None).expect_err("is refused");
        assert_eq!(refused.code(), code, "after {other}");
    }
    // A change to something else is no conflict.
    let mut given = Given::after(&[cube("a"), cube("b")]);
    let (before, records) =
        step(&mut given, &json!({"type": "update_object", "name": "a", "patch": {"x": 5}}));
    given.run(&json!({"type": "update_object", "name": "b", "patch": {"x": 6}})).expect("is allowed");
    given.run(&json!({"type": "update_world", "patch": {"size": 30}})).expect("is allowed");
    obey(&mut given, &compensate(&before, &records));
    assert_eq!((given.object("a").x.get(), given.object("b").x.get()), (1.0, 6.0));
}

#[test]
fn hist2_a_name_that_is_taken_again_and_a_world_that_was_changed_are_conflicts() {
    let mut given = Given::after(&[cube("a")]);
    let (before, records) = step(&mut given, &json!({"type": "delete_object", "name": "a"}));
    given.run(&cube("a")).expect("the name is free");
    let refused = given.decide_parsed(&compensate(&before, &records), None).expect_err("is refused");
    assert_eq!(refused.code(), "object_exists");

    let (before, records) = step(&mut given, &json!({"type": "update_world", "patch": {"size": 30}}));
    given.run(&json!({"type": "move_camera", "camera": {"x": 3}})).expect("is allowed");
    let refused = given.decide_parsed(&compensate(&before, &records), None).expect_err("is refused");
    assert_eq!(refused.code(), "version_mismatch");
}

#[test]
fn hist1_one_event_has_an_inverse() {
    let mut given = Given::after(&[cube("a")]);
    let (before, records) = step(
        &mut given,
        &json!({"type": "update_object", "name": "a", "patch": {"x": 5, "scale": {"y": 2}}}),
    );
    let inverse = records[0].event.inverse(&before);
    let expected: Command = serde_json::from_value(
        json!({"type": "update_object", "name": "a", "patch": {"x": 1, "scale": {"y": 1}}}),
    )
    .expect("is a command");
    assert_eq!(inverse, [expected], "it names what the event changed, and nothing else");
}

#[test]
fn hist1_an_orbit_that_was_ended_starts_anew() {
    let orbit = json!({"type": "start_orbit", "orbit": {"radius": 9, "speed": -5, "elevation": 10}});
    for ending in [
        json!({"type": "stop_orbit"}),
        json!({"type": "move_camera", "camera": {"x": 1}}),
        json!({"type": "initialize_world", "world": {}}),
        json!({"type": "start_orbit", "orbit": {"radius": 99}}),
    ] {
        let mut given = Given::after(std::slice::from_ref(&orbit));
        let (before, records) = step(&mut given, &ending);
        let now = given.now;
        obey(&mut given, &compensate(&before, &records));
        let orbit = given.session.world().orbit.expect("is there again");
        assert_eq!((orbit.radius.get(), orbit.speed.get(), orbit.started_at), (9.0, -5.0, now), "{ending}");
        assert_eq!(content(&given.session), content(&before), "{ending}");
    }
}

#[test]
fn hist3_a_batch_is_refused_where_what_it_stands_on_has_changed() {
    let mut given = Given::after(&[cube("a")]);
    let guarded = |guard: Value| json!({"type": "batch", "commands": [guard, {"type": "clear_objects"}]});
    let refusals = [
        (
            json!({"type": "expect_object", "name": "a", "version": 2}),
            "/commands/0/version",
            "version_mismatch",
        ),
        (json!({"type": "expect_object", "name": "a", "version": null}), "/commands/0/name", "object_exists"),
        (json!({"type": "expect_object", "name": "b", "version": 1}), "/commands/0/name", "object_not_found"),
        (json!({"type": "expect_object", "name": "/", "version": null}), "/commands/0/name", "name_invalid"),
        (json!({"type": "expect_world", "version": 1}), "/commands/0/version", "version_mismatch"),
    ];
    for (guard, pointer, code) in refusals {
        let refused = given.decide(&guarded(guard.clone())).expect_err("is refused");
        let told: Vec<_> = refused.errors().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!((told, refused.code()), (vec![pointer], code), "{guard}");
    }
    for guard in [
        json!({"type": "expect_object", "name": "a", "version": 1}),
        json!({"type": "expect_object", "name": "b", "version": null}),
        json!({"type": "expect_world", "version": 0}),
    ] {
        assert_eq!(given.decide(&guard).expect("holds"), [], "alone it changes nothing");
        assert_eq!(given.decide(&guarded(guard)).expect("holds").len(), 1);
    }
    given.run(&json!({"type": "update_object", "name": "a", "patch": {"x": 5}})).expect("is allowed");
    let late = guarded(json!({"type": "expect_object", "name": "a", "version": 1}));
    assert_eq!(given.run(&late).expect_err("is refused").code(), "version_mismatch");
    // Where it stands in the batch: those before it count.
    let to = |x: u32| json!({"type": "update_object", "name": "a", "patch": {"x": x}});
    let after_two = |version: u64| {
        let expected = json!({"type": "expect_object", "name": "a", "version": version});
        json!({"type": "batch", "commands": [to(6), to(7), expected]})
    };
    assert_eq!(given.decide(&after_two(3)).expect_err("is refused").code(), "version_mismatch");
    assert_eq!(given.run(&after_two(4)).expect("holds").len(), 2);
    assert_eq!(given.session.object("a").map(|a| a.version), Some(4));
}

#[test]
fn hist5_a_fork_goes_on_by_itself() {
    let mut given = Given::after(&[cube("a")]);
    let id = "0190b5a0-0000-7000-8000-000000000002".parse().expect("is a UUID");
    let fork = given.session.fork(id, None, 5, 9);
    let (info, from) = (fork.info(), given.session.info());
    let origin = info.origin.expect("is told");
    assert_eq!((origin.session_id, origin.epoch, origin.seq), (from.session_id, from.epoch, 1));
    assert_eq!((info.session_id, info.epoch, info.created_at, info.seq), (id, 9, 5, 1));
    assert_eq!(fork.digest(), given.session.digest());
    let name = vws_core::model::DisplayName::new("name", "b").ok();
    assert_eq!(given.session.fork(id, name.clone(), 5, 9).info().name, name);
    let mut other = Given { session: fork, ..Given::nothing() };
    other.run(&cube("b")).expect("is allowed");
    given.run(&json!({"type": "clear_objects"})).expect("is allowed");
    assert_eq!((given.session.object_count(), other.session.object_count()), (0, 2));
    let back = other.session.snapshot().restore().expect("is whole");
    assert_eq!(back.info(), other.session.info(), "its origin travels with it");
}
