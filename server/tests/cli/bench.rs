//! `vws bench`: figures come out, nothing stays behind. No test asserts a time.

use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use crate::support::{PATIENCE, Running, Server};

#[test]
fn cli15_a_load_tells_what_was_counted_and_how_long_it_took() {
    let server = Server::start();
    let told = server.json(&["bench", "--connections", "3", "--rate", "40", "--seconds", "1"]);
    let names: Vec<&str> = told.iter().filter_map(|row| row["what"].as_str()).collect();
    assert_eq!(names, ["fanout", "echo", "patch", "get"]);
    for row in &told {
        assert!(row["count"].as_u64().is_some_and(|count| count > 0), "{row}");
        let [p50, p99, max] =
            ["p50", "p99", "max"].map(|name| row["latency_us"][name].as_f64().expect("a time"));
        assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{row}");
    }
    // What is held to a rate is never faster: 40 a second of 3 connections, and what was due just before.
    let most = |row: &Value| row["seconds"].as_f64().expect("a time").mul_add(120.0, 12.0);
    assert!(
        told[1..].iter().all(|row| row["count"].as_f64().is_some_and(|count| count <= most(row))),
        "{told:?}"
    );
}

#[test]
fn cli15_the_load_of_a_server_goes_as_fast_as_it_goes() {
    let server = Server::with(&["--command-rate", "1000000", "--command-burst", "1000000"]);
    let url = server.url.clone();
    let table = server.ok(&[
        "bench",
        &url,
        "--only",
        "fanout,echo",
        "--rate",
        "max",
        "--seconds",
        "1",
        "--in-flight",
        "4",
    ]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("WHAT") && lines[1].starts_with("fanout"), "{table}");
    assert!(lines[2].starts_with("echo"), "{table}");
}

#[test]
fn cli16_a_load_leaves_no_session_behind() {
    let server = Server::start();
    server.ok(&["session", "create", "mine"]);
    server.ok(&["bench", "--only", "echo", "--connections", "2", "--seconds", "1"]);
    let left = server.json(&["session", "ls"]);
    assert_eq!((left.len(), &left[0]["name"]), (1, &"mine".into()));
}

#[test]
fn cli16_nor_one_that_is_interrupted() {
    let server = Server::start();
    let running = server.vws(&["bench", "--only", "echo", "--connections", "2", "--seconds", "300"]).spawn();
    let running = Running(running.expect("the program starts"));
    let begun = Instant::now();
    while server.json(&["session", "ls"]).len() < 2 {
        assert!(begun.elapsed() < PATIENCE, "its sessions are made");
    }
    let kill = Command::new("kill").args(["-INT", &running.0.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    assert_eq!(running.ends(), Some(1));
    assert!(server.json(&["session", "ls"]).is_empty());
}

#[test]
fn cli16_whoever_loads_another_machine_is_warned() {
    let server = Server::start();
    // This machine, by an address that does not look like it.
    let url = server.url.replace("127.0.0.1", "0.0.0.0");
    let output = server.output(&["bench", &url, "--only", "get", "--connections", "2", "--seconds", "1"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, format!("{url} is not this machine: load it only if it is yours\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn cli15_what_a_server_refuses_is_told_in_its_words() {
    let server = Server::with(&["--max-sessions", "1"]);
    let told = server.fails(&["bench", "--only", "echo", "--connections", "2"], 1);
    assert!(told.ends_with("(too_many_sessions)"), "{told}");
    assert!(server.json(&["session", "ls"]).is_empty(), "what was made before is deleted");
}
