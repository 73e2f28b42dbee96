//! A data directory that an earlier version wrote is read by this one.
//!
//! `fixtures/data-1` was written by the first version with a data directory, and stays as it is: what has been
//! written must stay readable. `VWS_WRITE_FIXTURE=DIR` writes another one, for a new format.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use vws_core::limits::ModelLimits;
use vws_core::wire::canonical_json;
use vws_core::{Author, ClientId, Command, Context, EventRecord, Session, SessionId, decide};
use vws_server::log::disk::{Level, Options, doctor};
use vws_server::log::{Appending, Checkpoint, DiskLog, EventLog};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-1")
}

fn open(path: &Path) -> DiskLog {
    DiskLog::open(path, Options::new(Level::Buffered).journal(4 << 10, 1 << 20)).expect("opens")
}

/// One of every kind of event, with the values that are the hardest to keep.
fn commands() -> Vec<Value> {
    vec![
        json!({"type": "initialize_world", "world": {"size": 30, "transparency": 0.1, "camera_target": {"x": 1, "y": 2, "z": 3}}}),
        json!({"type": "create_object", "object": {"name": "cube1", "type": "cube", "x": 0.1, "y": -12, "z": 12}}),
        json!({"type": "create_object", "object": {
            "name": "立方体", "type": "robot", "x": 0.30000000000000004, "y": 5e-324, "z": -0.0, "rotation": {"y": 90},
            "scale": {"x": 1, "z": 3}, "color": "#AABBCC", "opacity": 0.5, "visible": false, "text": "Hallo\n",
            "properties": {"bool": false, "float": 5.5, "int": 9007199254740991_i64, "text": "x"},
        }}),
        json!({"type": "update_object", "name": "cube1", "patch": {"x": 5, "properties": {"gone": null, "set": 1}}}),
        json!({"type": "rename_object", "name": "cube1", "new_name": "cube 2"}),
        json!({"type": "create_object", "object": {"name": "gone", "type": "light", "x": 0, "y": 0, "z": 0}}),
        json!({"type": "delete_object", "name": "gone"}),
        json!({"type": "update_world", "patch": {"size": 25}}),
        json!({"type": "move_camera", "camera": {"x": 1, "y": 2, "z": 3, "target": {"x": 0}, "fov": 50}}),
        json!({"type": "start_orbit", "orbit": {"radius": 9, "speed": -3.5, "elevation": 10}}),
        json!({"type": "stop_orbit"}),
        json!({"type": "rename_session", "name": "Ein Name — 名"}),
        json!({"type": "clear_objects"}),
        json!({"type": "create_object", "object": {"name": "last", "type": "torus", "x": 1e-7, "y": 3, "z": 4}}),
    ]
}

struct Scribe {
    session: Session,
}

impl Scribe {
    async fn write(&mut self, log: &DiskLog, command: &Value, author: Option<u64>) {
        let command: Command = serde_json::from_value(command.clone()).expect("is a command");
        let limits = ModelLimits::default();
        let after = self.session.info().seq;
        let at = 1_767_225_600_000 + after;
        let events = decide(&self.session, &command, &Context { at, limits: &limits, expect_version: None });
        let client = ClientId::new("author").expect("is valid");
        let by = author.map(|command_id| Author { client_id: client, command_id });
        let mut records = Vec::new();
        for (event, seq) in events.expect("is allowed").into_iter().zip(after + 1..) {
            let record = EventRecord { seq, at, by: by.clone(), subject: None, more: 0, event };
            self.session.apply(&record).expect("is the next");
            records.push(Arc::new(record));
        }
        match log.append(self.session.id(), after, &records) {
            Appending::Done(taken) => taken,
            Appending::Later(taken) => taken.await,
        }
        .expect("is taken");
    }
}

async fn begin(log: &DiskLog, number: u8, of: Option<&Session>) -> Scribe {
    let id = SessionId::from_uuid(uuid::Uuid::from_bytes([number; 16]));
    let session = match of {
        None => Session::new(id, None, 1_767_225_600_000, 7),
        Some(other) => other.fork(id, None, 1_767_225_700_000, 8),
    };
    log.create(session.snapshot()).await.expect("begins");
    Scribe { session }
}

/// Writes a data directory with every kind of file and record in it.
async fn write(path: &Path) -> Vec<Session> {
    let log = open(path);
    let mut first = begin(&log, 1, None).await;
    let commands = commands();
    for (place, command) in commands.iter().enumerate().take(8) {
        first.write(&log, command, Some(place as u64 + 1)).await;
    }
    let checkpoint = Checkpoint { snapshot: first.session.snapshot(), memory: [1, 2, 3].into() };
    log.save(checkpoint).await.expect("is kept");
    let mut trimmed = begin(&log, 3, None).await;
    for command in &commands {
        trimmed.write(&log, command, None).await;
    }
    log.save(Checkpoint { snapshot: trimmed.session.snapshot(), memory: Arc::default() })
        .await
        .expect("is kept");
    log.trim(trimmed.session.id(), 100).await.expect("is trimmed");
    log.settle().await.expect("is moved");
    for command in &commands[8..] {
        first.write(&log, command, None).await;
    }
    let mut copy = begin(&log, 2, Some(&first.session)).await;
    copy.write(&log, &commands[1], None).await;
    let gone = begin(&log, 4, None).await;
    log.delete(gone.session.id()).await.expect("ends");
    vec![first.session, copy.session, trimmed.session]
}

async fn load(log: &DiskLog, id: SessionId) -> Session {
    let mut session =
        log.checkpoint_at(id, u64::MAX).await.expect("reads").snapshot.restore().expect("is whole");
    for event in log.read(id, session.info().seq, 1_000).await.expect("reads") {
        session.apply(&event).expect("is the next");
    }
    session
}

#[tokio::test]
async fn dur9_a_data_directory_of_version_1_is_read() {
    if let Some(path) = std::env::var_os("VWS_WRITE_FIXTURE").map(PathBuf::from) {
        let states: Vec<Value> = write(&path.join("data"))
            .await
            .iter()
            .map(|session| serde_json::from_slice(&canonical_json(&session.snapshot())).expect("is JSON"))
            .collect();
        let text = serde_json::to_string_pretty(&states).expect("encodes");
        std::fs::write(path.join("states.json"), text + "\n").expect("writes");
        std::fs::write(path.join("data/RUN"), "running buffered of-another-machine\n").expect("writes");
        return;
    }
    let copy = tempfile::tempdir().expect("a folder for the test");
    copy_all(&fixture().join("data"), copy.path());
    let found = doctor::examine(copy.path(), |_, _| {}).expect("is looked at");
    assert!(found.is_sound(), "{found:?}");
    let log = open(copy.path());
    let text = std::fs::read(fixture().join("states.json")).expect("reads");
    let states: Vec<Value> = serde_json::from_slice(&text).expect("is JSON");
    let listed = log.list().await.expect("lists");
    assert_eq!(listed.len(), states.len());
    for (listed, expected) in listed.iter().zip(states) {
        let session = load(&log, listed.info.session_id).await;
        assert_eq!(session.info(), listed.info);
        let mut found: Value = serde_json::from_slice(&canonical_json(&session.snapshot())).expect("is JSON");
        // It was written on another run of the machine, at the level that a loss of power may cost events at.
        assert!(log.recovered().may_have_lost);
        found["session"]["epoch"] = expected["session"]["epoch"].clone();
        assert_eq!(found, expected);
    }
    let first = listed[0].info.session_id;
    let memory = log.checkpoint_at(first, 8).await.expect("reads").memory;
    assert_eq!(*memory, [1, 2, 3], "with what the store keeps beside a state");
    let history = log.read(first, 0, 1_000).await.expect("reads");
    let author = history[2].by.as_ref().map(|by| (by.client_id.to_string(), by.command_id));
    assert_eq!(author, Some(("author".to_owned(), 3)));
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("is made");
    for entry in std::fs::read_dir(from).expect("reads") {
        let path = entry.expect("reads").path();
        let to = to.join(path.file_name().expect("has a name"));
        if path.is_dir() {
            copy_all(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("copies");
        }
    }
}
