//! States, commands as clients write them, and the form "given, when, then".

use serde_json::{Value, json};
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::wire::{Encoding, canonical_json, parse_json};
use vws_core::{
    Author, Command, Context, EventRecord, Millis, Object, Rejection, Seq, Session, SessionId, World, decide,
};

/// The time of every first decision.
pub(crate) const NOW: Millis = 1_700_000_000_000;

pub(crate) fn session_id() -> SessionId {
    "0190b5a0-0000-7000-8000-000000000001".parse().expect("is a UUID")
}

/// A session with the time and the bounds that commands are judged by.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) session: Session,
    pub(crate) limits: ModelLimits,
    pub(crate) now: Millis,
}

impl Given {
    /// A new session.
    pub(crate) fn nothing() -> Self {
        let session = Session::new(session_id(), None, NOW - 1, 7);
        Self { session, limits: ModelLimits::default(), now: NOW }
    }

    /// A session in which these commands took effect.
    pub(crate) fn after(commands: &[Value]) -> Self {
        let mut given = Self::nothing();
        for command in commands {
            given.run(command).unwrap_or_else(|refused| panic!("{command} is refused: {refused}"));
        }
        given
    }

    /// Decides a command as a client writes it.
    pub(crate) fn decide(&self, command: &Value) -> Result<Vec<EventRecord>, Rejection> {
        self.decide_expecting(command, None)
    }

    pub(crate) fn decide_expecting(
        &self,
        command: &Value,
        expect_version: Option<Seq>,
    ) -> Result<Vec<EventRecord>, Rejection> {
        self.decide_parsed(&parse_json(command.to_string().as_bytes())?, expect_version)
    }

    pub(crate) fn decide_parsed(
        &self,
        command: &Command,
        expect_version: Option<Seq>,
    ) -> Result<Vec<EventRecord>, Rejection> {
        let context = Context { at: self.now, limits: &self.limits, expect_version };
        Ok(records(&self.session, decide(&self.session, command, &context)?, self.now, None))
    }

    /// Decides a command and applies its events, as they come out of the wire's JSON.
    pub(crate) fn run(&mut self, command: &Value) -> Result<Vec<EventRecord>, Rejection> {
        let records = self.decide(command)?;
        for record in &records {
            let back: EventRecord = serde_json::from_slice(&canonical_json(record)).expect("decodes");
            assert_eq!(back, *record);
            self.session.apply(&back).expect("is the next");
        }
        self.now += 1;
        Ok(records)
    }

    pub(crate) fn object(&self, name: &str) -> &Object {
        self.session.object(name).unwrap_or_else(|| panic!("there is no object {name:?}"))
    }

    pub(crate) fn world(&self) -> &World {
        self.session.world()
    }

    /// The faults of a command that must be refused: where, and which.
    pub(crate) fn faults(&self, command: &Value) -> Vec<(String, &'static str)> {
        match self.decide(command) {
            Ok(events) => panic!("{command} is not refused but leads to {events:?}"),
            Err(rejection) => faults(&rejection),
        }
    }
}

/// Where and what is wrong.
pub(crate) fn faults(rejection: &Rejection) -> Vec<(String, &'static str)> {
    rejection.errors().map(|fault| (fault.pointer.clone(), fault.error.code())).collect()
}

/// Events at their places after `session`.
pub(crate) fn records(
    session: &Session,
    events: Vec<vws_core::Event>,
    at: Millis,
    by: Option<Author>,
) -> Vec<EventRecord> {
    let count = events.len() as u32;
    let numbered = events.into_iter().zip(1..);
    numbered
        .map(|(event, n)| EventRecord {
            seq: session.seq() + Seq::from(n),
            at,
            by: by.clone(),
            subject: None,
            more: count - n,
            event,
        })
        .collect()
}

/// After the commands `given`, the command `when` leads to the events `then`, or to faults at fields.
pub(crate) fn check(given: &[Value], when: &Value, then: Result<Value, &[(&str, &str)]>) {
    let given = Given::after(given);
    let before = canonical_json(&given.session.snapshot());
    match (given.decide(when), then) {
        (Ok(records), Ok(events)) => {
            let found: Vec<_> = records.iter().map(|record| json!(record.event)).collect();
            assert_eq!(Value::from(found), events, "for {when}");
        }
        (Err(rejection), Err(expected)) => {
            let found = faults(&rejection);
            let found: Vec<_> = found.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
            assert_eq!(found, expected, "for {when}: {rejection}");
        }
        (found, _) => panic!("for {when}: {found:?}"),
    }
    assert_eq!(canonical_json(&given.session.snapshot()), before, "deciding changes nothing");
}

/// A draft of a cube at the origin, with these fields beside or instead.
pub(crate) fn cube(name: &str, fields: Value) -> Value {
    let mut draft = json!({"name": name, "type": "cube", "x": 0, "y": 0, "z": 0});
    let (Value::Object(draft_fields), Value::Object(fields)) = (&mut draft, fields) else {
        panic!("fields are an object")
    };
    draft_fields.extend(fields);
    json!({"type": "create_object", "object": draft})
}

/// A cube at the origin.
pub(crate) fn plain(name: &str) -> Value {
    cube(name, json!({}))
}

pub(crate) fn patch(name: &str, patch: Value) -> Value {
    json!({"type": "update_object", "name": name, "patch": patch})
}

pub(crate) fn batch(commands: &[Value]) -> Value {
    json!({"type": "batch", "commands": commands})
}

/// The canonical JSON of a state.
pub(crate) fn canonical(session: &Session) -> String {
    String::from_utf8(canonical_json(&session.snapshot())).expect("JSON is UTF-8")
}

/// Each encoding, for tests that hold for both.
pub(crate) const ENCODINGS: [Encoding; 2] = Encoding::ALL;
