//! What the program asks of the system, in which order, as strace sees it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::support::{Program, VWS};

const CALLS: &str = "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";

/// At `sync`, what was written of a change is on disk before anybody is told of the change: whoever asked for
/// it, and whoever follows.
#[test]
fn law5_at_sync_the_disk_has_a_change_before_anybody_is_told() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let trace = folder.path().join("trace");
    let strace = ["strace", "-f", "-s", "4096", "-o", trace.to_str().expect("is text"), "-e", CALLS, VWS];
    let program = Program::start(&strace, &folder.path().join("data"), "127.0.0.1:0", "sync");
    let made = program.ask("POST", "/api/sessions", None);
    let path = format!("/api/sessions/{}", made["session_id"].as_str().expect("an id"));
    let mut follower = TcpStream::connect(program.address).expect("it listens");
    follower.set_read_timeout(Some(Duration::from_secs(60))).expect("a time");
    let head = format!(
        "GET {path}/events HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
        program.address
    );
    follower.write_all(head.as_bytes()).expect("is taken");
    let mut heard = String::new();
    // Once its answer has begun it follows.
    hear(&mut follower, &mut heard, "\r\n\r\n");
    let names: Vec<String> = (0..20).map(|n| format!("object-{n}-")).collect();
    for name in &names {
        let object = json!({"name": name, "type": "cube", "x": 1, "y": 2, "z": 3});
        program.ask("POST", &format!("{path}/objects"), Some(&object));
    }
    hear(&mut follower, &mut heard, names.last().expect("has one"));
    // strace ends with the program.
    terminate_traced(program);
    check(&trace, &names);
}

/// Reads on until `heard` has `what`.
fn hear(follower: &mut TcpStream, heard: &mut String, what: &str) {
    let mut buffer = [0; 4096];
    while !heard.contains(what) {
        let n = follower.read(&mut buffer).expect("is told");
        assert!(n > 0, "the stream has ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
}

/// Ends the program that strace has started; strace then writes the rest and ends as it did.
fn terminate_traced(program: Program) {
    let children =
        std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", program.id())).expect("reads");
    let child = children.split_whitespace().next().expect("strace has started it");
    assert!(std::process::Command::new("kill").args(["-TERM", child]).status().expect("kill runs").success());
    program.ended();
}

fn check(trace: &Path, names: &[String]) {
    let text = std::fs::read_to_string(trace).expect("strace writes");
    let lines: Vec<&str> = text.lines().collect();
    for name in names {
        let line_of = |from: usize, is_it: &dyn Fn(&str) -> bool| {
            lines[from..].iter().position(|line| is_it(line)).map(|place| from + place)
        };
        let written = line_of(0, &|line| line.contains("pwrite64(") && line.contains(name.as_str()));
        let written = written.unwrap_or_else(|| panic!("{name} is not written"));
        let thread = lines[written].split_whitespace().next().expect("a thread");
        let flushed = line_of(written, &|line| {
            line.starts_with(thread) && line.contains("sync") && line.trim_end().ends_with("= 0")
        });
        let flushed = flushed.unwrap_or_else(|| panic!("{name} is not flushed"));
        let told: Vec<usize> = (0..lines.len())
            .filter(|at| {
                let line = lines[*at];
                line.contains(name.as_str()) && !line.contains("pwrite64") && !line.contains("POST ")
            })
            .collect();
        assert!(told.len() >= 2, "{name}: the answer and the event are sent: {told:?}");
        for at in told {
            assert!(at > flushed, "{name} is told of at line {at} and on disk at line {flushed}");
        }
    }
}
