//! What a server does, as `vws top` tells it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::Value;

use super::support::{Running, Server, next, program};
use super::tokens::secret_file;

fn look(server: &Server) -> Value {
    server.json(&["top", "--once", "--interval", "200ms"]).remove(0)
}

#[test]
fn cli25_top_tells_the_sessions_in_memory_and_what_happens_in_them() {
    let server = Server::start();
    let (busy, still) = (server.lived(), server.lived());
    let mut watching = server.vws(&["watch", &busy, "--after", "0"]);
    let mut watching = Running(watching.spawn().expect("the program starts"));
    let mut lines = watching.lines();
    next(&mut lines);
    // Something happens between the two looks: as often as it takes to be seen.
    let picture = loop {
        let mut top =
            server.vws(&["top", "--once", "--interval", "300ms", "--json"]).spawn().expect("starts");
        while top.try_wait().expect("can be asked").is_none() {
            for x in ["x=1", "x=2"] {
                server.ok(&["object", "set", &busy, "a", x]);
            }
        }
        let output = top.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let picture: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        if picture["events"].as_f64() > Some(0.0) {
            break picture;
        }
    };
    let rows = picture["busy"].as_array().expect("rows");
    let rows: BTreeMap<_, _> =
        rows.iter().map(|row| (row["session_id"].as_str().expect("an id"), row)).collect();
    assert_eq!(rows.len(), 2);
    let rate = |id: &str, of: &str| rows[id][of].as_f64().expect("a number");
    assert!(rate(&busy, "events") > 0.0 && rate(&still, "events") == 0.0, "{picture}");
    assert_eq!((rate(&busy, "followers"), rate(&still, "followers")), (1.0, 0.0));
    assert_eq!(rate(&busy, "deliveries"), rate(&busy, "events"), "one follower");
    assert_eq!((rate(&busy, "objects"), rate(&still, "seq")), (2.0, 4.0));
    assert!(picture["commands"].as_f64() > Some(0.0) && picture["resident_bytes"].as_u64() > Some(0));
    assert_eq!((&picture["sessions"], &picture["durability"]), (&Value::from(2), &Value::from("memory")));
}

#[test]
fn cli25_without_a_terminal_it_prints_one_table() {
    let server = Server::start();
    let session = server.lived();
    server.ok(&["session", "create", "quiet \u{4e16}"]);
    let table = server.ok(&["top", "--interval", "100ms"]);
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("sessions 2 (2 in memory)   connections "), "{table}");
    assert!(lines.iter().any(|line| line.starts_with("EVENTS/S")), "{table}");
    assert!(lines.iter().any(|line| line.contains(&session) && line.ends_with("a stage")), "{table}");
    let picture = look(&server);
    assert_eq!(picture["busy"].as_array().map(Vec::len), Some(2));
    for (arguments, told) in [
        (&["top", "--interval", "99ms"][..], "outside [100ms, 1h]"),
        (&["top", "--interval", "soon"], "a time such as"),
    ] {
        assert!(server.fails(arguments, 2).contains(told), "{arguments:?}");
    }
    let nobody = program(&["top", "--once", "--url", "http://127.0.0.1:1"]).output().expect("starts");
    assert_eq!(nobody.status.code(), Some(3));
}

#[test]
fn cli25_json_is_a_line_at_each_look_until_nobody_reads() {
    let server = Server::start();
    server.lived();
    let mut top = server.vws(&["top", "--json", "--interval", "100ms"]);
    let mut top = Running(top.spawn().expect("starts"));
    let mut lines = top.lines();
    for _ in 0..2 {
        let picture: Value = serde_json::from_str(&next(&mut lines)).expect("JSON");
        assert_eq!(picture["sessions"], 1);
    }
    drop(lines);
    assert_eq!(top.ends(), Some(0));
}

/// A terminal, as the one who sits before it has it.
struct Seat {
    screen: File,
    terminal: File,
    seen: Vec<u8>,
}

impl Seat {
    fn take() -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&screen).expect("it is ours");
        unlockpt(&screen).expect("it is ours");
        let name = ptsname(&screen, Vec::new()).expect("a name");
        let terminal = File::options().read(true).write(true).open(OsStr::from_bytes(name.to_bytes()));
        Self { screen: File::from(screen), terminal: terminal.expect("is opened"), seen: Vec::new() }
    }

    fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.screen, size).expect("it has a size");
    }

    /// Reads until that is written, and forgets all before its end.
    fn wait_for(&mut self, wanted: &str) {
        let mut bytes = [0; 4096];
        loop {
            let found = self.seen.windows(wanted.len()).position(|seen| seen == wanted.as_bytes());
            if let Some(at) = found {
                self.seen.drain(..at + wanted.len());
                return;
            }
            let read = self.screen.read(&mut bytes).expect("it writes more");
            self.seen.extend(&bytes[..read]);
        }
    }

    fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("is pressed");
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.terminal).expect("a terminal").local_modes.contains(LocalModes::ECHO)
    }
}

#[test]
fn cli26_in_a_terminal_it_draws_takes_keys_and_gives_the_terminal_back() {
    let server = Server::start();
    let session = server.lived();
    let mut seat = Seat::take();
    seat.resize(160, 24);
    let mut top = server.vws(&["top", "--interval", "100ms"]);
    let side = || seat.terminal.try_clone().expect("another one");
    let mut top = Running(top.stdin(side()).stdout(side()).stderr(side()).spawn().expect("starts"));
    seat.wait_for("\x1b[?1049h");
    seat.wait_for(&session);
    seat.wait_for("1 shown");
    assert!(!seat.echoes(), "keys are not written by the terminal");
    seat.press("/nothing of that name");
    seat.wait_for("filter: nothing of that name_");
    seat.press("\r");
    seat.wait_for("0 shown   filter \"nothing of that name\"");
    seat.press("\x1b");
    seat.wait_for(&session);
    seat.resize(60, 10);
    let id = top.0.id().to_string();
    assert!(Command::new("kill").args(["-WINCH", &id]).status().expect("kill runs").success());
    seat.wait_for("\x1b[10;1H");
    seat.press("q");
    seat.wait_for("\x1b[?1049l");
    assert_eq!(top.0.wait().expect("it ends").code(), Some(0));
    assert!(seat.echoes(), "the terminal is as it was");
}

#[test]
fn cli27_health_tells_whether_a_server_takes_requests() {
    let (_folder, secret) = secret_file();
    let server = Server::with(&["--auth-secret-file", secret.to_str().expect("is text")]);
    assert_eq!(server.ok(&["health"]), "ready", "nobody is asked who they are");
    assert_eq!(server.json(&["health"])[0]["durability"], "memory");
    let nobody = program(&["health", "--url", "http://127.0.0.1:1"]).output().expect("starts");
    assert_eq!(nobody.status.code(), Some(3));
}
