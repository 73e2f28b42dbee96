//! `vws replay`.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::Server;

fn stage(server: &Server) -> (String, tempfile::NamedTempFile) {
    let session = server.lived();
    server.ok(&["object", "rm", &session, "b"]);
    let file = tempfile::NamedTempFile::new().expect("a file");
    let log = server.ok(&["session", "export", &session, "--format", "log"]);
    fs::write(file.path(), log + "\n").expect("is written");
    (session, file)
}

#[test]
fn cli10_a_history_is_done_again_in_a_new_session() {
    let server = Server::start();
    let (session, file) = stage(&server);
    for source in [&*session, file.path().to_str().expect("UTF-8")] {
        let output = server.output(&["replay", source, "--speed", "max"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let copy = String::from_utf8(output.stdout).expect("text").trim_end().to_owned();
        let note = String::from_utf8(output.stderr).expect("text");
        assert_eq!(note.trim_end(), format!("see it at {}/s/{copy}", server.url));
        assert_eq!(server.ok(&["diff", &session, &copy]), "", "both have the same content");
        let events = |of: &str| {
            let told = server.json(&["watch", of, "--after", "0", "--count", "5"]);
            told.iter().map(|event| event["event"]["type"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(events(&copy), events(&session));
    }
    let told = server.json(&["replay", &session, "--speed", "max"]);
    assert_eq!((&told[1]["events"], &told[1]["seq"]), (&5.into(), &5.into()));
}

#[test]
fn cli10_a_history_is_printed_without_a_server() {
    let server = Server::start();
    let (_, file) = stage(&server);
    let path = file.path().to_str().expect("UTF-8");
    let nowhere = ["--url", "http://127.0.0.1:1"];
    let told = server.ok(&[&["replay", path, "--print", "--speed", "max"][..], &nowhere].concat());
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].ends_with("  #1  -  created a (sphere at 1, 0, 0)"), "{told}");
    assert!(lines[4].ends_with("  #5  -  deleted b"), "{told}");
    let events = server.json(&[&["replay", path, "--print", "--speed", "max"][..], &nowhere].concat());
    assert_eq!(events[2]["event"]["patch"], serde_json::json!({"x": 1.5}));
}

#[test]
fn cli10_the_pace_is_the_original_times_the_speed() {
    let server = Server::start();
    let session = server.ok(&["session", "create"]);
    let began = Instant::now();
    // The server's own clock makes a history of some length.
    while began.elapsed() < Duration::from_millis(600) {
        server.ok(&["object", "set", &session, "a", &format!("x={}", began.elapsed().as_secs_f64())]);
    }
    let ats: Vec<u64> = server
        .json(&["replay", &session, "--print", "--speed", "max"])
        .iter()
        .filter_map(|e| e["at"].as_u64())
        .collect();
    let length = Duration::from_millis(ats.last().expect("some") - ats[0]);
    let begun = Instant::now();
    server.ok(&["replay", &session, "--print", "--speed", "2"]);
    assert!(begun.elapsed() >= length / 2, "{:?} for {length:?}", begun.elapsed());
}

#[test]
fn cli10_what_is_no_log_or_does_not_hold_is_refused() {
    let server = Server::start();
    let (session, file) = stage(&server);
    let path = file.path().to_str().expect("UTF-8").to_owned();
    let sessions = server.json(&["session", "ls"]).len();
    let log = fs::read_to_string(&path).expect("is there");
    fs::write(&path, log.replace("1.5", "2.5")).expect("is written");
    let refused = server.fails(&["replay", &path, "--speed", "max"], 1);
    assert!(refused.contains("does not hold: line 4 at /sum"), "{refused}");
    fs::write(&path, server.ok(&["session", "export", &session])).expect("is written");
    let refused = server.fails(&["replay", &path], 1);
    assert!(refused.contains("a state has no events to replay"), "{refused}");
    assert_eq!(server.json(&["session", "ls"]).len(), sessions, "no session is made");
}

#[test]
fn cli10_a_batch_is_done_as_one() {
    let server = Server::start();
    let session = server.lived();
    let before = server.ok(&["session", "fork", &format!("{session}@0")]);
    let applied = server.output(&["diff", &before, &session, "--apply"]);
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    let more = |of: &str| {
        let told: Vec<Value> = server.json(&["replay", of, "--print", "--speed", "max"]);
        told.iter().map(|event| event["more"].as_u64().unwrap_or(0)).collect::<Vec<_>>()
    };
    assert_eq!(more(&before), [1, 0]);
    let copy = server.json(&["replay", &before, "--speed", "max"])[0]["session_id"].clone();
    assert_eq!(more(copy.as_str().expect("an id")), [1, 0]);
}
