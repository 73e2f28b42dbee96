//! Damage, as an operator meets it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{Program, VWS};

fn doctor(data: &Path, arguments: &[&str]) -> Output {
    Command::new(VWS).arg("doctor").arg(data).args(arguments).output().expect("it runs")
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).expect("text")
}

fn make(program: &Program, name: &str, objects: usize) -> String {
    let made = program.ask("POST", "/api/sessions", Some(&json!({"name": name})));
    let id = made["session_id"].as_str().expect("an id").to_owned();
    for n in 0..objects {
        let object = json!({"name": format!("object {n}"), "type": "cube", "x": 1, "y": 2, "z": n});
        program.ask("POST", &format!("/api/sessions/{id}/objects"), Some(&object));
    }
    id
}

/// The file of the journal with the events of the session, and where they are in it.
fn place_of(data: &Path, words: &str) -> (PathBuf, usize) {
    let folder = std::fs::read_dir(data.join("journal")).expect("reads");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("reads").path()).collect();
    files.sort();
    files
        .into_iter()
        .find_map(|file| {
            let bytes = std::fs::read(&file).expect("reads");
            let at = bytes.windows(words.len()).rposition(|window| window == words.as_bytes())?;
            Some((file, at))
        })
        .expect("is written")
}

#[test]
fn dur3_dur8_cli14_a_damaged_session_is_told_refused_and_repaired_and_others_are_served() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let data = folder.path().join("data");
    let program = Program::start(&[VWS], &data, "127.0.0.1:0", "buffered");
    let (sick, sound) = (make(&program, "sick", 9), make(&program, "sound", 3));
    let used = doctor(&data, &[]);
    assert_eq!(used.status.code(), Some(5), "a server has it");
    assert!(text(&used.stderr).contains("is in use by process"), "{}", text(&used.stderr));
    program.kill();
    let (file, at) = place_of(&data, "object 6");
    let mut bytes = std::fs::read(&file).expect("reads");
    bytes[at] ^= 0x10;
    std::fs::write(&file, bytes).expect("writes");

    let found = doctor(&data, &["--json"]);
    assert_eq!(found.status.code(), Some(1), "{}", text(&found.stderr));
    let found: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    assert_eq!(found["sound"], false);
    let of = |id: &str| {
        let sessions = found["sessions"].as_array().expect("a list");
        sessions.iter().find(|session| session["session_id"] == id).expect("is told").clone()
    };
    assert_eq!(of(&sound)["problems"], json!([]));
    assert_eq!(of(&sick)["repair"], json!({"from": 0, "through": 6}));
    assert!(of(&sick)["problems"][0].as_str().expect("text").contains("events 7 to 7"), "{found}");

    let program = Program::start(&[VWS], &data, "127.0.0.1:0", "buffered");
    let objects = program.ask("GET", &format!("/api/sessions/{sound}/objects"), None);
    assert_eq!(objects["items"].as_array().or(objects["objects"].as_array()).expect("a list").len(), 3);
    let refused = program.refused("GET", &format!("/api/sessions/{sick}/snapshot"));
    assert_eq!((refused["status"].as_u64(), refused["code"].as_str()), (Some(503), Some("session_damaged")));
    assert!(refused["detail"].as_str().expect("text").contains(&sick), "{refused}");
    let ls = |arguments: &[&str]| {
        let url = format!("http://{}", program.address);
        let ls = Command::new(VWS).args(["session", "ls", "--url", &url]).args(arguments).output();
        text(&ls.expect("it runs").stdout)
    };
    let table = ls(&[]);
    let line = |id: &str| table.lines().find(|line| line.contains(id)).expect("is listed").to_owned();
    assert!(table.lines().next().expect("a head").ends_with("  DAMAGED"), "{table}");
    assert!(line(&sick).ends_with("  events 7 to 7 are damaged") && line(&sound).ends_with("  -"), "{table}");
    let told = ls(&["--json"]);
    assert!(told.contains(r#""damaged":"events 7 to 7 are damaged""#), "{told}");
    make(&program, "new", 1);
    program.kill();

    let repaired = doctor(&data, &["--repair"]);
    assert_eq!(repaired.status.code(), Some(0), "{}{}", text(&repaired.stdout), text(&repaired.stderr));
    assert!(text(&repaired.stdout).contains(&format!("{sick} is cut to what is whole of it")));
    let again = doctor(&data, &[]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
    assert!(text(&again.stdout).ends_with(": all sound\n"), "{}", text(&again.stdout));
    let program = Program::start(&[VWS], &data, "127.0.0.1:0", "buffered");
    let snapshot = program.ask("GET", &format!("/api/sessions/{sick}/snapshot"), None);
    assert_eq!(snapshot["objects"].as_array().expect("a list").len(), 6);
    let more = json!({"name": "more", "type": "cube", "x": 1, "y": 2, "z": 3});
    program.ask("POST", &format!("/api/sessions/{sick}/objects"), Some(&more));
}

#[test]
fn cli14_what_is_no_data_directory_is_refused() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for arguments in [&[][..], &["--repair"]] {
        let refused = doctor(folder.path(), arguments);
        assert_eq!(refused.status.code(), Some(5));
        assert!(text(&refused.stderr).contains("no data directory of vws"), "{}", text(&refused.stderr));
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 0, "and left as it is");
}
