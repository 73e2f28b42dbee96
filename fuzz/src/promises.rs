//! What holds for messages, commands, refusals and states, wherever they come from.

use std::cell::OnceCell;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use vws_core::history::diff;
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::snapshot::SnapshotAssembly;
use vws_core::wire::{ClientMessage, CommandMessage, Encoding, FromTree, ServerMessage, Tree};
use vws_core::wire::{canonical_json, parse_json, parse_msgpack};
use vws_core::{
    Author, ClientId, Command, Context, Event, EventRecord, Rejection, Session, SessionId, Snapshot, decide,
};

/// Bounds that short inputs reach.
pub const LIMITS: ModelLimits = ModelLimits { objects_per_session: 12, commands_per_batch: 16 };

/// The time of all that happens here.
pub const AT: u64 = 1_700_000_000_000;

/// What leads to [`small`]: something of everything.
pub const SMALL: &str = r##"{"type":"batch","commands":[
{"type":"rename_session","name":"Küche"},
{"type":"initialize_world","world":{"size":40,"camera_target":{"y":0.3}}},
{"type":"create_object","object":{"name":"cube1","type":"cube","x":0.1,"y":-12,"z":11.999999999999998}},
{"type":"create_object","object":{"name":"a","type":"text","x":0,"y":5e-324,"z":1e-7,"text":"\"x\"\n",
"rotation":{"x":0.30000000000000004},"scale":{"x":0.001},"color":"#A0B1C2","opacity":0.25,"visible":false,
"properties":{"b":true,"f":5.0,"i":5,"max":18446744073709551615,"min":-9223372036854775808,"s":"\u0001 é"}}},
{"type":"create_object","object":{"name":"立方体","type":"my robot","x":1,"y":2,"z":3}},
{"type":"start_orbit","orbit":{"radius":9.5}}]}"##;

/// A session of some objects, the same at each call.
#[must_use]
pub fn small() -> Session {
    of_small(Clone::clone)
}

/// Asks something of [`small`] without a copy of it.
fn of_small<T>(ask: impl FnOnce(&Session) -> T) -> T {
    thread_local!(static SESSION: OnceCell<Session> = const { OnceCell::new() });
    SESSION.with(|session| {
        ask(session.get_or_init(|| {
            let id = "0190b5a0-0000-7000-8000-000000000001".parse::<SessionId>().expect("an id");
            let mut session = before(id);
            let command: Command = parse_json(SMALL.as_bytes()).expect("is a command");
            let events = decide(&session, &command, &context(None)).expect("is allowed");
            for record in records(&session, events, 1) {
                session.apply(&record).expect("is the next");
            }
            session
        }))
    })
}

/// What [`small`] was before all that happened.
#[must_use]
pub fn before(id: SessionId) -> Session {
    Session::new(id, None, AT - 1, 1)
}

/// What happened.
///
/// # Panics
/// Never: it is allowed.
#[must_use]
pub fn history() -> Vec<Arc<EventRecord>> {
    let command: Command = parse_json(SMALL.as_bytes()).expect("is a command");
    let session = before(small().id());
    let events = decide(&session, &command, &context(None)).expect("is allowed");
    records(&session, events, 1).into_iter().map(Arc::new).collect()
}

fn context(expect_version: Option<u64>) -> Context<'static> {
    Context { at: AT, limits: &LIMITS, expect_version }
}

fn records(state: &Session, events: Vec<Event>, command_id: u64) -> Vec<EventRecord> {
    let by = Author { client_id: ClientId::new("fuzz").expect("an id"), command_id };
    let count = events.len() as u64;
    let numbered = (1..).zip(events);
    numbered
        .map(|(n, event)| EventRecord {
            seq: state.seq() + n,
            at: AT,
            by: Some(by.clone()),
            subject: None,
            more: (count - n) as u32,
            event,
        })
        .collect()
}

/// A session, and a mirror of it for each encoding, which is told of events by their bytes.
#[derive(Debug)]
pub struct World {
    /// The server's state.
    pub session: Session,
    mirrors: [Session; 2],
}

impl Default for World {
    fn default() -> Self {
        let session = small();
        Self { mirrors: [session.clone(), session.clone()], session }
    }
}

impl World {
    /// Does a command, if it is allowed, and checks that its mirrors follow.
    ///
    /// # Panics
    /// Where a promise is broken.
    pub fn command(&mut self, message: &CommandMessage) -> Result<(), Rejection> {
        let CommandMessage { id, expect_version, command } = message;
        let decided = decide(&self.session, command, &context(*expect_version));
        assert_eq!(decided, decide(&self.session, command, &context(*expect_version)), "LAW2");
        let events = decided?;
        let before = self.session.clone();
        let records = records(&self.session, events, *id);
        for record in &records {
            let undone = record.event.inverse(&self.session);
            let here = self.session.clone();
            self.apply(record);
            self.takes_back(&here, undone);
        }
        assert!(self.session.object_count() <= LIMITS.objects_per_session as usize, "CMD10");
        let again = Command::Batch { commands: diff(&before, &self.session) };
        self.leads_to(&before, &again, "HIST4");
        Ok(())
    }

    /// An event, as the server applies it and as the bytes of each encoding tell it.
    fn apply(&mut self, record: &EventRecord) {
        let message = ServerMessage::Event(record.clone());
        for (encoding, mirror) in Encoding::ALL.into_iter().zip(&mut self.mirrors) {
            let mut bytes = encoding.encode_server(&message);
            let read = encoding.decode_server(&bytes).expect("an event reads back");
            assert_eq!(read, message, "LAW9");
            let len = bytes.len();
            encoding.write_event(record, &mut bytes);
            assert_eq!(bytes[..len], bytes[len..], "FEED2: one form of an event");
            let ServerMessage::Event(read) = read else { unreachable!("it is equal to an event") };
            mirror.apply(&read).expect("what decide yields applies (LAW2)");
        }
        self.session.apply(record).expect("what decide yields applies (LAW2)");
        for mirror in &self.mirrors {
            assert_eq!(mirror.digest(), self.session.digest(), "LAW1");
        }
    }

    /// HIST1: `commands` give what the last event changed the content that it had `before`.
    fn takes_back(&self, before: &Session, commands: Vec<Command>) {
        if commands.is_empty() {
            return assert_eq!(diff(before, &self.session), Vec::new(), "HIST1: nothing to take back");
        }
        let back = Self::after(&self.session, &Command::Batch { commands }, "HIST1");
        assert_eq!(diff(&back, before), Vec::new(), "HIST1");
    }

    /// The command leads from `from` to the content that is here.
    fn leads_to(&self, from: &Session, command: &Command, rule: &str) {
        let there = Self::after(from, command, rule);
        assert_eq!(diff(&there, &self.session), Vec::new(), "{rule}");
    }

    fn after(from: &Session, command: &Command, rule: &str) -> Session {
        let limits = ModelLimits { commands_per_batch: 1_000, ..LIMITS };
        let context = Context { at: AT, limits: &limits, expect_version: None };
        let events =
            decide(from, command, &context).unwrap_or_else(|no| panic!("{rule}: {no} of {command:?}"));
        let mut state = from.clone();
        for record in records(from, events, 1) {
            state.apply(&record).expect("what decide yields applies (LAW2)");
        }
        state
    }

    /// What holds of the state that all of it led to, if anything happened.
    ///
    /// # Panics
    /// Where a promise is broken.
    pub fn end(self) {
        if self.session.seq() == of_small(State::seq) {
            return;
        }
        let json = state(&self.session);
        for mirror in &self.mirrors {
            assert_eq!(canonical_json(&mirror.snapshot()), json, "LAW1");
        }
    }
}

/// What holds of any state. Its canonical JSON.
///
/// # Panics
/// Where a promise is broken.
pub fn state(session: &Session) -> Vec<u8> {
    let snapshot = session.snapshot();
    let json = canonical_json(&snapshot);
    let read: Snapshot = serde_json::from_slice(&json).expect("a state reads back");
    assert_eq!(read, snapshot, "SNAP1");
    assert_eq!(canonical_json(&read), json, "LAW1: canonical JSON is a fixed point");
    let packed = rmp_serde::to_vec_named(&snapshot).expect("a state has a form in MessagePack");
    assert_eq!(rmp_serde::from_slice::<Snapshot>(&packed).expect("a state reads back"), snapshot, "LAW9");
    let restored = read.restore().expect("its digest is that of its content");
    assert_eq!(restored.digest(), session.digest(), "DIG2");
    let mut assembly = SnapshotAssembly::default();
    let whole = snapshot.clone().into_parts().into_iter().rev().find_map(|part| assembly.receive(part));
    assert_eq!(whole, Some(snapshot), "SNAP4");
    json
}

/// What holds of a message that was read: it is written in both encodings and reads back.
///
/// # Panics
/// Where a promise is broken.
pub fn message(message: &ClientMessage) {
    for encoding in Encoding::ALL {
        let bytes = encoding.encode_client(message);
        let read = encoding.decode_client(&bytes).expect("what was written reads back");
        assert_eq!(&read, message, "LAW9");
        assert_eq!(encoding.encode_client(&read), bytes, "LAW9");
    }
}

/// What holds of a refusal of `bytes` bytes.
///
/// # Panics
/// Where a promise is broken.
pub fn refusal(rejection: &Rejection, bytes: usize) {
    let problem = rejection.to_problem();
    assert!(!problem.code.is_empty() && !problem.errors.is_empty(), "ERR1");
    assert!(problem.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()), "ERR2");
    for field in &problem.errors {
        assert!(field.pointer.is_empty() || field.pointer.starts_with('/'), "ERR1: {:?}", field.pointer);
        assert!(!field.detail.is_empty() && !field.detail.chars().any(char::is_control), "ERR3: {field:?}");
    }
    let message = ServerMessage::Rejected { id: 1, problem };
    for encoding in Encoding::ALL {
        let written = encoding.encode_server(&message);
        assert_eq!(encoding.decode_server(&written), Ok(message.clone()), "LAW9");
        assert!(written.len() <= 8 * 1024 + 4 * bytes, "ERR3: {} bytes for {bytes}", written.len());
    }
}

/// PARSE7: a value is read, or refused in the same words, in either encoding.
///
/// # Panics
/// Where it is not.
pub fn both_encodings<T: FromTree + PartialEq + std::fmt::Debug>(encoding: Encoding, bytes: &[u8]) {
    let parsed = |encoding, bytes: &[u8]| match encoding {
        Encoding::Json => (parse_json::<Tree>(bytes), parse_json::<T>(bytes)),
        Encoding::MessagePack => (parse_msgpack::<Tree>(bytes), parse_msgpack::<T>(bytes)),
    };
    let (Ok(tree), here) = parsed(encoding, bytes) else { return };
    let other = if encoding == Encoding::Json { Encoding::MessagePack } else { Encoding::Json };
    let translated = match other {
        Encoding::Json => serde_json::to_vec(&Written(&tree)).expect("a tree is JSON"),
        Encoding::MessagePack => rmp_serde::to_vec(&Written(&tree)).expect("a tree is MessagePack"),
    };
    let (same, there) = parsed(other, &translated);
    assert_eq!(same.as_ref(), Ok(&tree), "LAW9");
    assert_eq!(here, there, "PARSE7");
}

/// A tree to be written.
struct Written<'a>(&'a Tree);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Tree::Null => serializer.serialize_unit(),
            Tree::Bool(v) => serializer.serialize_bool(*v),
            Tree::Unsigned(v) => serializer.serialize_u64(*v),
            Tree::Signed(v) => serializer.serialize_i64(*v),
            Tree::Float(v) => serializer.serialize_f64(*v),
            Tree::String(v) => serializer.serialize_str(v),
            Tree::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(&Written(item)))?;
                seq.end()
            }
            Tree::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, &Written(value)))?;
                map.end()
            }
        }
    }
}
