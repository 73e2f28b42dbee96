//! The program `vws` as a shell sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use vws_server::log::disk::{DiskLog, Level, Options};
use vws_server::nats::LocalServer;

/// The program, with no variable of the tester's own environment.
fn vws(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vws"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VWS_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    vws(arguments).output().expect("the program starts")
}

/// A running server, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `command` and reads the line that says where it listens.
fn start(mut command: Command) -> (Running, BufReader<std::process::ChildStdout>, String) {
    let mut child = command.spawn().expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on http://").expect("the ready line").to_owned();
    (Running(child), out, address)
}

fn terminate(child: &Child) {
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn cli1_a_wrong_command_line_is_one_line_and_exit_code_2() {
    for (arguments, words) in [
        (&["serve", "--bogus"][..], "unexpected argument '--bogus'"),
        (&["serve", "--listen", "nonsense"], "ADDR:PORT"),
        (&["serve", "--max-body", "0"], "more than 0"),
        (&["serve", "--max-sessions", "0"], "0 is not in 1..=4294967295"),
        (&["serve", "--max-sessions", "4294967296"], "4294967296 is not in 1..=4294967295"),
        (&["serve", "--durability", "most"], "possible values: memory, buffered, sync"),
        (
            &["serve", "--listen", "127.0.0.1:0", "--ephemeral", "--data", "x"],
            "--ephemeral keeps nothing on disk",
        ),
        (
            &["serve", "--listen", "127.0.0.1:0", "--ephemeral", "--durability", "sync"],
            "--durability sync asks for it",
        ),
        (
            &["serve", "--listen", "127.0.0.1:0", "--durability", "memory", "--data", "x"],
            "--durability memory keeps nothing on disk, and --data asks for it",
        ),
        (&["serve", "--listen", "127.0.0.1:0", "--nats", "http://a@b"], "--nats http://b: invalid scheme"),
        (&["serve", "--nats", "a", "--nats-prefix", "a.b"], "expected 1 to 32 letters, digits, _ or -"),
        (&["serve", "--nats", "a", "--nats-replicas", "2"], "expected 1 or 3"),
        (&["serve", "--listen", "127.0.0.1:0", "--nats-prefix", "a"], "--nats-prefix needs --nats"),
        (
            &["serve", "--listen", "127.0.0.1:0", "--nats", "a", "--data", "x"],
            "--nats keeps the sessions in NATS, and --data asks for something else",
        ),
        (&["serve", "--allow-origin", "*"], "is not an origin"),
        (&["serve", "--listen", "127.0.0.1:0", "--log", "a=b=c"], "--log"),
        (&["serve", "--listen", "0.0.0.0:0"], "--allow-anonymous"),
        (&["bogus"], "unrecognized subcommand 'bogus'"),
    ] {
        let output = run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("vws: ") && stderr.contains(words), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn cli1_a_port_in_use_is_one_line_and_exit_code_3() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let output = run(&["serve", "--listen", &address]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert_eq!(
        stderr.trim_end(),
        format!("vws: cannot listen on {address}: Address already in use (os error 98)")
    );
}

#[test]
fn cli1_an_unreadable_page_is_one_line_and_exit_code_4() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let page = missing.to_str().expect("UTF-8");
    let output = run(&["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--page", page]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    let expected =
        format!("vws: cannot read the page at {}: No such file or directory (os error 2)", missing.display());
    assert_eq!(stderr.trim_end(), expected);
}

#[test]
fn cli1_an_unusable_data_directory_is_one_line_and_exit_code_5() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("letter.txt"), "mine").expect("is written");
    let data = folder.path().to_str().expect("UTF-8");
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", data]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.starts_with("vws: ") && stderr.contains("is no data directory of vws"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn cli2_help_documents_each_flag_with_its_variable_and_default() {
    let output = run(&["serve", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).expect("text");
    let flags: Vec<&str> = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("--") || line.starts_with("-h"))
        .filter_map(|line| line.split([' ', '\n']).find(|word| word.starts_with("--")))
        .filter(|flag| *flag != "--help")
        .collect();
    assert!(flags.len() > 30, "{flags:?}");
    for flag in flags {
        let variable = format!("[env: VWS_{}", flag[2..].to_uppercase().replace('-', "_"));
        let ends = [format!("{variable}="), format!("{variable}]")];
        assert!(ends.iter().any(|told| help.contains(told)), "{variable} in {help}");
    }
    for default in ["[default: 127.0.0.1:8080]", "[default: 1MiB]", "[default: 100000]", "[default: 10s]"] {
        assert!(help.contains(default), "{default}");
    }
}

#[test]
fn clu9_no_login_of_nats_is_shown() {
    let url = "http://ada:s3cret@127.0.0.1:1";
    for arguments in [&["serve", "--help"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let output = vws(arguments).env("VWS_NATS", url).output().expect("it runs");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(!said.concat().contains("s3cret"), "{said:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let users = ["--user", "ada", "--pass", "s3cret"];
    let server =
        LocalServer::start_with(folder.path(), &users).expect("`cargo xtask setup` installs nats-server");
    let url = server.url().replace("nats://", "nats://ada:wr0ng@");
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--nats", &url]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains(&format!("vws: NATS at {} refuses", server.url())), "{stderr}");
    assert!(!stderr.contains("wr0ng"), "{stderr}");
}

#[test]
fn cli3_sigterm_ends_it_with_exit_code_0() {
    let (mut running, mut out, address) = start(vws(&["serve", "--listen", "127.0.0.1:0", "--ephemeral"]));
    assert_ne!(address, "127.0.0.1:0", "the line has the port that was taken");
    terminate(&running.0);
    let status = running.0.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "", "one line on stdout and no more");
}

#[test]
fn cli4_json_logs_are_one_object_a_line() {
    let mut command = vws(&["serve", "--listen", "127.0.0.1:0", "--ephemeral"]);
    command.env("VWS_LOG_FORMAT", "json").env("VWS_LOG", "debug");
    let (mut running, _out, _) = start(command);
    terminate(&running.0);
    running.0.wait().expect("it ends");
    let mut log = String::new();
    running.0.stderr.take().expect("a pipe").read_to_string(&mut log).expect("text");
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert!(lines.iter().any(|line| line["message"] == "stopped" && line["level"] == "INFO"), "{log}");
}

/// One request to a running server.
fn ask(address: &str, head: &str, body: &str) -> String {
    let mut client = TcpStream::connect(address).expect("the system takes it");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    client.write_all(request.as_bytes()).expect("the system takes it");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn cli5_store5_sessions_outlive_the_program_at_each_level() {
    for (level, kill) in [("buffered", false), ("buffered", true), ("sync", false), ("sync", true)] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--durability", level, "--data"];
        let serve = || {
            let mut command = vws(&arguments);
            command.arg(&data);
            start(command)
        };
        let (mut running, _out, address) = serve();
        let made = ask(&address, "POST /api/sessions", "");
        let (_, after) = made.split_once(r#""session_id":""#).expect("a session is made");
        let objects = format!("/api/sessions/{}/objects", &after[..36]);
        let cube = r#"{"name":"cube1","type":"cube","x":1,"y":2,"z":3}"#;
        assert!(ask(&address, &format!("POST {objects}"), cube).starts_with("HTTP/1.1 201"));
        assert!(ask(&address, "GET /readyz", "").contains(&format!(r#""durability":"{level}""#)));
        if kill {
            running.0.kill().expect("it runs");
        } else {
            terminate(&running.0);
        }
        let status = running.0.wait().expect("it ends");
        assert!(kill || status.code() == Some(0), "{status}");
        if !kill {
            let options = Options::new(Level::Buffered);
            let log = DiskLog::open(&data, options).expect("nobody has it any more");
            assert!(log.recovered().in_order, "{level}: the log was closed in order");
        }
        let (_running, _out, address) = serve();
        let kept = ask(&address, &format!("GET {objects}/cube1"), "");
        assert!(kept.contains(r#""x":1"#) && kept.contains(r#""version":1"#), "{kept}");
    }
}

/// The program, which may open only so many files.
fn vws_with_few_files(files: u32) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -n {files}; exec \"$0\" serve --ephemeral --listen 127.0.0.1:0");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_vws")]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn law7_a_server_out_of_files_goes_on_when_there_are_some_again() {
    let (mut running, _out, address) = start(vws_with_few_files(24));
    let crowd: Vec<TcpStream> = (0..64).filter_map(|_| TcpStream::connect(&address).ok()).collect();
    assert_eq!(crowd.len(), 64, "the system takes them, whether the server does or not");
    let mut errors = BufReader::new(running.0.stderr.take().expect("a pipe"));
    let mut log = String::new();
    while !log.contains("cannot accept connections") {
        assert!(errors.read_line(&mut log).expect("text") > 0, "it was out of files: {log}");
    }
    drop(crowd);
    let mut answer = String::new();
    let mut client = TcpStream::connect(&address).expect("the system takes it");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).expect("the system takes it");
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    terminate(&running.0);
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
    errors.read_to_string(&mut log).expect("text");
    let complaints = log.matches("cannot accept connections").count();
    assert!(complaints < 100, "it did not spin: {log}");
}

/// What a request is answered: the status, and all of it.
fn status(address: &str, head: &str, body: &str) -> (u16, String) {
    let answer = ask(address, head, body);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

/// 200 objects with about 4 KB each.
fn much() -> String {
    let note = "n".repeat(3_900);
    let object = |n: usize| {
        let object = serde_json::json!(
            {"name": format!("o{n}"), "type": "cube", "x": 0, "y": 0, "z": 0, "properties": {"note": note}}
        );
        serde_json::json!({"type": "create_object", "object": object})
    };
    serde_json::json!({"type": "batch", "commands": (0..200).map(object).collect::<Vec<_>>()}).to_string()
}

#[test]
fn lim21_a_server_whose_memory_is_filled_refuses_what_is_new_and_recovers_by_itself() {
    let flags = ["serve", "--listen", "127.0.0.1:0", "--ephemeral", "--max-memory", "160MiB"];
    let mut command = vws(&flags);
    // Nobody reads it here, and a server writes to its log to the end.
    command.stderr(Stdio::null());
    let (mut running, _out, address) = start(command);
    let much = much();
    let mut sessions = Vec::new();
    let refusal = loop {
        let (made, answer) = status(&address, "POST /api/sessions", "");
        if made != 201 {
            break answer;
        }
        let (_, after) = answer.split_once(r#""session_id":""#).expect("is told");
        let path = format!("/api/sessions/{}", &after[..36]);
        sessions.push(path.clone());
        let (done, answer) = status(&address, &format!("POST {path}/commands"), &much);
        if done != 200 {
            break answer;
        }
        assert!(sessions.len() < 2_000, "more than 1.5 GB are in 160 MiB");
    };
    assert!(refusal.starts_with("HTTP/1.1 503") && refusal.contains("memory_low"), "{refusal}");
    assert!(refusal.contains("retry-after: 10"), "{refusal}");
    assert!(sessions.len() > 10, "{} sessions of 0.8 MB", sessions.len());
    assert_eq!(status(&address, "GET /readyz", "").0, 503);
    let object = format!("{}/objects/o1", sessions[0]);
    assert_eq!(status(&address, &format!("GET {object}"), "").0, 200);
    assert_eq!(status(&address, &format!("PATCH {object}"), r#"{"x":1}"#).0, 200);
    for session in &sessions {
        assert_eq!(status(&address, &format!("DELETE {session}"), "").0, 204);
    }
    // What it has given up goes back to the system within some seconds.
    let since = std::time::Instant::now();
    while status(&address, "GET /readyz", "").0 != 200 {
        assert!(since.elapsed() < Duration::from_secs(60), "{}", ask(&address, "GET /metrics", ""));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(status(&address, "POST /api/sessions", "").0, 201);
    terminate(&running.0);
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
}
