//! One client's own steps, back and forth.

use proptest::prelude::*;
use serde_json::{Value, json};
use vws_core::history::{Purpose, UndoStack, Way};
use vws_core::limits::{ModelLimits, UNDO_STEPS};
use vws_core::reduce::State;
use vws_core::wire::canonical_json;
use vws_core::{Command, Session};

use crate::generate;
use crate::given::Given;

/// A client with its stack, beside others who change the same session.
struct Desk {
    given: Given,
    stack: UndoStack,
    id: u64,
}

impl Desk {
    fn new() -> Self {
        let limits = ModelLimits { commands_per_batch: u32::MAX, ..ModelLimits::default() };
        Self { given: Given { limits, ..Given::nothing() }, stack: UndoStack::default(), id: 0 }
    }

    /// Does a command, and answers how many events it had, or the code of its refusal.
    fn submit(&mut self, command: &Command, purpose: Purpose) -> Result<usize, &'static str> {
        let records = self.given.decide_parsed(command, None).map_err(|r| r.primary().code())?;
        self.id += 1;
        self.stack.submitted(self.id, purpose);
        assert!(self.stack.is_waiting());
        for record in &records {
            self.stack.record(self.id, &self.given.session, record);
            self.given.session.apply(record).expect("is the next");
        }
        self.given.now += 1;
        self.stack.done(self.id, u32::try_from(records.len()).expect("few"));
        assert!(!self.stack.is_waiting());
        Ok(records.len())
    }

    fn change(&mut self, command: &Value) {
        let command = serde_json::from_value(command.clone()).expect("a command");
        self.submit(&command, Purpose::Change { gesture: None }).expect("is allowed");
    }

    fn drag(&mut self, gesture: u64, command: &Value) {
        let command = serde_json::from_value(command.clone()).expect("a command");
        self.submit(&command, Purpose::Change { gesture: Some(gesture) }).expect("is allowed");
    }

    /// Somebody else's change.
    fn other(&mut self, command: &Value) {
        for record in self.given.run(command).expect("is allowed") {
            drop(record);
        }
    }

    /// One step that way; what it came to.
    fn go(&mut self, way: Way) -> Option<Result<usize, &'static str>> {
        let command = self.stack.next(way)?;
        let done = self.submit(&command, Purpose::Back(way));
        if done.is_err() {
            self.stack.give_up(way);
        }
        Some(done)
    }

    fn x(&self, name: &str) -> Option<f64> {
        self.given.session.object(name).map(|object| object.x.get())
    }
}

fn content(session: &Session) -> Value {
    let mut content: Value = serde_json::from_slice(&canonical_json(&session.snapshot())).expect("is JSON");
    for object in content["objects"].as_array_mut().expect("is a list") {
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

fn cube(name: &str) -> Value {
    json!({"type": "create_object", "object": {"name": name, "type": "cube", "x": 0, "y": 0, "z": 0}})
}

fn to(name: &str, x: f64) -> Value {
    json!({"type": "update_object", "name": name, "patch": {"x": x}})
}

proptest! {
    /// All the way back, all the way forth, and back again: each time through the same contents.
    #[test]
    fn hist7_steps_lead_back_and_forth(commands in generate::commands(), gestures in prop::collection::vec(0_u64..3, 64)) {
        let mut desk = Desk::new();
        let mut contents = vec![content(&desk.given.session)];
        let mut last = 0;
        for (n, command) in commands.iter().enumerate() {
            // Some that follow one another are one gesture; 0 is none.
            let gesture = Some(gestures[n % gestures.len()]).filter(|g| *g != 0);
            let events = desk.submit(command, Purpose::Change { gesture });
            if events.is_ok_and(|events| events > 0) {
                if gesture.is_some_and(|gesture| gesture == last) {
                    contents.pop();
                }
                last = gesture.unwrap_or(0);
                contents.push(content(&desk.given.session));
            }
        }
        prop_assume!(contents.len() <= UNDO_STEPS);
        for _ in 0..2 {
            for expected in contents.iter().rev().skip(1) {
                let done = desk.go(Way::Undo);
                prop_assert!(matches!(done, Some(Ok(_))), "{:?}", done);
                prop_assert_eq!(&content(&desk.given.session), expected);
            }
            prop_assert!(!desk.stack.has(Way::Undo));
            for expected in contents.iter().skip(1) {
                let done = desk.go(Way::Redo);
                prop_assert!(matches!(done, Some(Ok(_))), "{:?}", done);
                prop_assert_eq!(&content(&desk.given.session), expected);
            }
            prop_assert!(!desk.stack.has(Way::Redo));
        }
    }
}

#[test]
fn hist7_what_somebody_else_changed_is_refused_and_the_rest_is_not() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&cube("b"));
    desk.change(&to("a", 1.0));
    desk.change(&to("b", 2.0));
    desk.change(&to("a", 3.0));
    desk.other(&to("a", 9.0));
    assert_eq!(desk.go(Way::Undo), Some(Err("version_mismatch")), "a is not ours any more");
    assert_eq!(desk.x("a"), Some(9.0));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!(desk.x("b"), Some(0.0), "b still is");
    assert_eq!(desk.go(Way::Redo), Some(Ok(1)));
    assert_eq!(desk.x("b"), Some(2.0));
}

#[test]
fn hist7_one_gesture_is_one_step() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&cube("b"));
    for n in 1..=500 {
        let x = f64::from(n) / 100.0;
        desk.drag(7, &json!({"type": "batch", "commands": [to("a", x), to("b", -x)]}));
    }
    desk.drag(8, &to("a", 6.0));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!((desk.x("a"), desk.x("b")), (Some(5.0), Some(-5.0)), "another gesture is another step");
    let Some(Command::Batch { commands }) = desk.stack.next(Way::Undo) else { panic!("a batch") };
    assert_eq!(commands.len(), 4, "two expectations and two changes, however long it took: {commands:?}");
    assert_eq!(desk.go(Way::Undo), Some(Ok(2)));
    assert_eq!((desk.x("a"), desk.x("b")), (Some(0.0), Some(0.0)));
    assert_eq!(desk.go(Way::Redo), Some(Ok(2)));
    assert_eq!((desk.x("a"), desk.x("b")), (Some(5.0), Some(-5.0)));
}

#[test]
fn hist7_a_gesture_that_came_to_nothing_stands_in_nobodys_way() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&to("a", 1.0));
    for x in [2.0, 3.0, 1.0] {
        desk.drag(7, &to("a", x));
    }
    desk.change(&to("a", 5.0));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!(desk.go(Way::Undo), Some(Ok(0)), "there is nothing to take back");
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)), "and what came before it can be");
    assert_eq!(desk.x("a"), Some(0.0));

    desk.stack.submitted(90, Purpose::Back(Way::Undo));
    assert_eq!(desk.stack.done(90, 0), Some(Way::Undo), "it is told");
    desk.stack.submitted(91, Purpose::Change { gesture: None });
    assert_eq!(desk.stack.done(91, 0), None);
}

#[test]
fn hist7_a_new_change_forgets_what_was_taken_back() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&to("a", 1.0));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert!(desk.stack.has(Way::Redo));
    desk.change(&to("a", 2.0));
    assert!(!desk.stack.has(Way::Redo));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!((desk.x("a"), desk.go(Way::Undo)), (None, None));
}

#[test]
fn hist7_what_was_not_seen_or_refused_is_no_step() {
    let mut desk = Desk::new();
    desk.stack.submitted(1, Purpose::Change { gesture: None });
    desk.stack.done(1, 2);
    desk.stack.submitted(2, Purpose::Change { gesture: None });
    desk.stack.refused(2);
    assert!(!desk.stack.has(Way::Undo) && !desk.stack.is_waiting());
    // Of two events one was seen: what would take back that one alone is no step either.
    let batch = json!({"type": "batch", "commands": [cube("a"), cube("b")]});
    let records = desk.given.decide(&batch).expect("is allowed");
    desk.stack.submitted(3, Purpose::Change { gesture: None });
    desk.stack.record(3, &desk.given.session, &records[0]);
    desk.stack.done(3, 2);
    assert!(!desk.stack.has(Way::Undo) && !desk.stack.is_waiting());
}

#[test]
fn hist7_what_is_forgotten_is_neither_taken_back_nor_done_again() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&to("a", 1.0));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    desk.stack.submitted(99, Purpose::Change { gesture: None });
    desk.stack.clear();
    assert!(!desk.stack.has(Way::Undo) && !desk.stack.has(Way::Redo) && !desk.stack.is_waiting());
}

#[test]
fn hist7_a_gesture_through_which_a_name_went_to_another_object_is_taken_back() {
    let rename =
        |name: &str, new_name: &str| json!({"type": "rename_object", "name": name, "new_name": new_name});
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&cube("b"));
    let before = content(&desk.given.session);
    for command in [to("b", 1.0), rename("b", "c"), rename("a", "b"), to("b", 2.0)] {
        desk.drag(7, &command);
    }
    assert_eq!(desk.go(Way::Undo), Some(Ok(4)));
    assert_eq!(content(&desk.given.session), before);
}

#[test]
fn hist7_the_oldest_steps_are_forgotten_first() {
    let mut desk = Desk::new();
    for n in 0..UNDO_STEPS + 5 {
        desk.change(&cube(&format!("o{n}")));
    }
    while let Some(done) = desk.go(Way::Undo) {
        done.expect("nobody else is there");
    }
    assert_eq!(desk.given.session.object_count(), 5);
}

#[test]
fn web37_a_gesture_that_was_cancelled_is_no_step() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&to("a", 1.0));
    desk.drag(7, &to("a", 2.0));
    desk.drag(7, &to("a", 3.0));
    let back = serde_json::from_value(to("a", 1.0)).expect("a command");
    desk.submit(&back, Purpose::Cancel { gesture: 7 }).expect("is allowed");
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)), "the change before the gesture");
    assert_eq!(desk.x("a"), Some(0.0));
    assert_eq!(desk.go(Way::Redo), Some(Ok(1)));
    assert_eq!(desk.x("a"), Some(1.0));
    assert!(!desk.stack.has(Way::Redo), "nothing of the gesture");
}

#[test]
fn web37_a_gesture_that_ended_where_it_began_is_forgotten_without_an_event() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.drag(7, &to("a", 2.0));
    desk.drag(7, &to("a", 0.0));
    let back = serde_json::from_value(to("a", 0.0)).expect("a command");
    assert_eq!(desk.submit(&back, Purpose::Cancel { gesture: 7 }), Ok(0));
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!(desk.x("a"), None, "the making of it was the step before");
    desk.change(&cube("a"));
    let back = serde_json::from_value(to("a", 0.0)).expect("a command");
    assert_eq!(desk.submit(&back, Purpose::Cancel { gesture: 8 }), Ok(0), "of one that changed nothing");
    assert!(desk.stack.has(Way::Undo));
}

#[test]
fn hist7_what_a_gesture_turned_about_each_axis_is_taken_back() {
    let turned = |axis: &str, to: f64| {
        let patch = json!({"rotation": {axis: to}, "scale": {axis: to}});
        json!({"type": "update_object", "name": "a", "patch": patch})
    };
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    let before = content(&desk.given.session);
    for (axis, to) in [("x", 10.0), ("y", 20.0), ("x", 30.0), ("z", 40.0)] {
        desk.drag(7, &turned(axis, to));
    }
    let after = content(&desk.given.session);
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!(content(&desk.given.session), before);
    assert_eq!(desk.go(Way::Redo), Some(Ok(1)));
    assert_eq!(content(&desk.given.session), after);
}

#[test]
fn hist7_a_gesture_that_changes_one_field_after_another_is_taken_back() {
    let mut desk = Desk::new();
    desk.change(&cube("a"));
    desk.change(&json!({"type": "update_object", "name": "a", "patch": {"properties": {"had": 1}}}));
    let before = content(&desk.given.session);
    for patch in [
        json!({"type": "sphere"}),
        json!({"x": 1}),
        json!({"y": 2}),
        json!({"z": 3}),
        json!({"color": "#123456"}),
        json!({"opacity": 0.5}),
        json!({"visible": false}),
        json!({"text": "t"}),
        json!({"rotation": {"y": 5}}),
        json!({"scale": {"y": 6}}),
        json!({"properties": {"new": true}}),
        json!({"properties": {"had": null}}),
    ] {
        desk.drag(7, &json!({"type": "update_object", "name": "a", "patch": patch}));
    }
    let after = content(&desk.given.session);
    assert_eq!(desk.go(Way::Undo), Some(Ok(1)));
    assert_eq!(content(&desk.given.session), before);
    assert_eq!(desk.go(Way::Redo), Some(Ok(1)));
    assert_eq!(content(&desk.given.session), after);
}
