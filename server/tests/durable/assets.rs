//! Models in a data directory, as an operator meets them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Program, VWS};

/// A model as JSON, unlike that of any other number.
fn model(number: u32) -> String {
    json!({"asset": {"version": "2.0"}, "extras": number}).to_string()
}

fn start(data: &Path) -> Program {
    Program::start(&[VWS], data, "127.0.0.1:0", "buffered")
}

fn session(program: &Program) -> String {
    let made = program.ask("POST", "/api/sessions", None);
    format!("/api/sessions/{}", made["session_id"].as_str().expect("an id"))
}

fn add(program: &Program, session: &str, number: u32) -> String {
    let told = program.send(&format!("{session}/assets"), "model/gltf+json", &model(number));
    format!("{session}/assets/{}", told["asset"].as_str().expect("an id"))
}

fn assets(program: &Program, session: &str) -> usize {
    program.ask("GET", &format!("{session}/assets"), None)["assets"].as_array().expect("a list").len()
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn asset6_asset7_models_survive_a_kill_and_what_belongs_to_nobody_goes_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let data = folder.path().join("data");
    let program = start(&data);
    let (one, two) = (session(&program), session(&program));
    let places = [add(&program, &one, 1), add(&program, &one, 2), add(&program, &two, 1)];
    let fork = program.ask("POST", &format!("{one}/fork"), None);
    let fork = format!("/api/sessions/{}", fork["session_id"].as_str().expect("an id"));
    program.kill();

    // What a kill in the midst of a write leaves, and what a version leaves that deletes sessions and knows no assets.
    let root = data.join("assets");
    std::fs::write(root.join("incoming/0"), "half a mod").expect("writes");
    let gone = root.join("01/0197a2b4-0000-7000-8000-000000000001");
    std::fs::create_dir_all(&gone).expect("is made");
    let any = files(&root).into_iter().find(|path| path.extension().is_some()).expect("there is one");
    std::fs::copy(&any, gone.join(any.file_name().expect("has a name"))).expect("copies");

    let program = start(&data);
    for (place, number) in places.iter().zip([1, 2, 1]) {
        assert_eq!(program.ask("GET", place, None).to_string(), model(number));
    }
    assert_eq!(assets(&program, &fork), 2);
    assert_eq!(files(&root).len(), 5, "three, and two that the fork shares");
    let stored = u64::try_from(model(1).len() * 3).expect("a length");
    assert_eq!(program.ask("GET", "/api/stats", None)["asset_bytes"], stored);
    program.ask("DELETE", &one, None);
    assert_eq!(assets(&program, &fork), 2);
    program.kill();

    let program = start(&data);
    assert_eq!((assets(&program, &fork), assets(&program, &two)), (2, 1));
    for session in [&two, &fork] {
        program.ask("DELETE", session, None);
    }
    assert_eq!(files(&root), [] as [PathBuf; 0]);
}

#[test]
fn asset10_a_model_with_another_content_is_told_and_taken_out() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let data = folder.path().join("data");
    let program = start(&data);
    let session = session(&program);
    add(&program, &session, 1);
    let sick = add(&program, &session, 2);
    program.kill();
    let doctor = |arguments: &[&str]| {
        let output = Command::new(VWS).arg("doctor").arg(&data).args(arguments).output().expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, text) = doctor(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 models, 76 bytes: all sound"), "{text}");

    let name = sick.rsplit('/').next().expect("an id");
    let file = files(&data.join("assets"))
        .into_iter()
        .find(|path| path.to_string_lossy().contains(name))
        .expect("is there");
    std::fs::write(&file, model(3)).expect("writes");
    let stray = file.with_file_name("cat.jpg");
    std::fs::write(&stray, "").expect("writes");
    let (code, text) = doctor(&["--json"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &found["sound"]), (Some(1), &json!(false)));
    assert_eq!(found["assets"], json!({"files": 2, "bytes": 76, "damaged": [file]}));
    assert_eq!(found["strays"], json!([stray]));
    let (code, text) = doctor(&["--repair"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 models, 76 bytes: 1 damaged"), "{text}");
    assert!(data.join("damaged").join(file.file_name().expect("has a name")).is_file(), "it is kept there");
    let (code, text) = doctor(&[]);
    assert_eq!(code, Some(0), "{text}");

    let program = start(&data);
    assert_eq!(assets(&program, &session), 1);
    assert_eq!(program.refused("GET", &sick)["code"], "asset_not_found");
}
