//! What holds for every command.

use std::fs::OpenOptions;
use std::io::{BufReader, Read};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use super::support::{Server, next, program};

/// Every command, with arguments that it takes.
const COMMANDS: [&[&str]; 24] = [
    &["session", "ls"],
    &["session", "create"],
    &["session", "rm", ID],
    &["session", "fork", ID],
    &["session", "export", ID],
    &["session", "import", "/dev/null"],
    &["object", "ls", ID],
    &["object", "set", ID, "a", "x=1"],
    &["object", "rm", ID, "a"],
    &["watch", ID],
    &["replay", ID],
    &["diff", ID, "@0"],
    &["bench"],
    &["audit"],
    &["backup", "/nowhere/file"],
    &["top", "--once"],
    &["health"],
    &["restore", "/dev/null", "--data", "/nowhere"],
    &["token", "revoke", "a"],
    &["token", "create", "ada", "--role", "view", "--session", "*", "--secret-file", "/dev/null"],
    &["token", "inspect", "/dev/null"],
    &["verify", "/dev/null"],
    &["completions", "bash"],
    &["serve"],
];
const ID: &str = "0190b5a0-0000-7000-8000-000000000001";

/// Those that ask a server.
fn remote() -> impl Iterator<Item = &'static [&'static str]> {
    let local = |command: &&[&str]| {
        ["verify", "completions", "restore", "serve"].contains(&command[0])
            || (command[0] == "token" && command[1] != "revoke")
    };
    COMMANDS.into_iter().filter(move |command| !local(command))
}

fn name(command: &[&str]) -> String {
    let words = if ["session", "object", "token"].contains(&command[0]) { 2 } else { 1 };
    format!("vws {}", command[..words].join(" "))
}

#[test]
fn cli6_a_server_that_is_not_there_is_exit_code_3() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let url = format!("http://{free}");
    for command in remote() {
        let output = program(command).args(["--url", &url]).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{command:?}: {stderr}");
        assert_eq!(stderr.trim_end(), format!("vws: cannot reach {url}: Connection refused (os error 111)"));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn cli6_what_is_no_vws_server_is_told_as_such() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", other.local_addr().expect("bound"));
    let answering = std::thread::spawn(move || {
        for answer in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno",
            "nonsense\r\n\r\n",
        ] {
            let (mut stream, _) = other.accept().expect("a connection");
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).expect("a request");
            std::io::Write::write_all(&mut stream, answer.as_bytes()).expect("is taken");
        }
    });
    for (code, words) in [
        (1, "answered 404 Not Found; is it a VWS server?"),
        (1, "is not understood"),
        (3, "the connection to"),
    ] {
        let output = program(&["session", "ls", "--url", &url]).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(words) && stderr.lines().count() == 1, "{stderr}");
    }
    answering.join().expect("it answers");
}

#[test]
fn cli6_a_refusal_is_told_in_the_servers_words_with_its_code() {
    let server = Server::start();
    for command in remote().filter(|command| command.contains(&ID)) {
        let refused = server.fails(command, 1);
        assert_eq!(refused, format!("vws: session {ID} does not exist (session_not_found)"), "{command:?}");
        let refused = server.fails(&[command, &["--json"]].concat(), 1);
        let problem: Value = serde_json::from_str(&refused).expect("JSON");
        assert_eq!(problem["code"], "session_not_found");
    }
    let session = server.ok(&["session", "create"]);
    let refused = server.fails(&["object", "set", &session, "a", "x=13", "opacity=2"], 1);
    let lines: Vec<_> = refused.lines().collect();
    assert_eq!(
        lines,
        [
            "vws: x = 13 is outside [-12, 12]; opacity = 2 is outside [0, 1] (coordinate_out_of_bounds)",
            "  /x: x = 13 is outside [-12, 12] (coordinate_out_of_bounds)",
            "  /opacity: opacity = 2 is outside [0, 1] (fraction_out_of_range)",
        ]
    );
}

#[test]
fn cli6_a_wrong_command_line_is_one_line_and_exit_code_2() {
    let server = Server::start();
    for (arguments, words) in [
        (&["session", "rm"][..], "<SESSION>"),
        (&["session", "melt"], "unrecognized subcommand 'melt'"),
        (&["session", "rm", "nonsense"], "is not a lower-case hyphenated UUID"),
        (&["session", "ls", "--url", "wss://localhost"], "expected http://HOST[:PORT]"),
        (&["object", "set", ID, "a", "x"], "expected FIELD=VALUE"),
        (&["object", "set", ID, "a", "x=1", "x=2"], "x is set twice"),
        (&["watch", ID, "--count", "0"], "0 is not in 1.."),
        (&["replay", ID, "--speed", "0"], "expected a number above 0, or max"),
        (&["diff", &format!("{ID}@1"), "@2", "--apply"], "leave the first @MOMENT out"),
        (&["diff", ID, "5"], "is not a lower-case hyphenated UUID"),
        (&["completions", "dos"], "possible values: bash"),
    ] {
        let stderr = server.fails(arguments, 2);
        assert!(stderr.starts_with("vws: ") && stderr.contains(words), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let stderr = server.fails(&["session", "rm"], 2);
    assert!(stderr.ends_with("; see vws session rm --help"), "{stderr}");
}

#[test]
fn cli6_a_file_that_cannot_be_read_is_exit_code_4() {
    let server = Server::start();
    for command in [&["verify"][..], &["session", "import"], &["replay"]] {
        let stderr = server.fails(&[command, &["/nowhere/file"]].concat(), 4);
        assert_eq!(stderr, "vws: cannot read /nowhere/file: No such file or directory (os error 2)");
        let stderr = server.fails(&[command, &["/nowhere/file", "--json"]].concat(), 4);
        let told: Value = serde_json::from_str(&stderr).expect("JSON");
        assert_eq!(told["code"], "file");
    }
}

#[test]
fn cli7_whoever_reads_no_more_ends_the_program_without_a_word() {
    let server = Server::start();
    let session = server.lived();
    for command in
        [&["session", "ls", "--json"][..], &["completions", "bash"], &["session", "export", &session]]
    {
        let mut child = server.vws(command).stdout(Stdio::piped()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
        assert_eq!((child.wait().expect("it ends").code(), &*stderr), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn cli7_whoever_only_waits_notices_too_that_nobody_reads() {
    let server = Server::start();
    let session = server.lived();
    for command in
        [&["watch", &session, "--after", "0"][..], &["replay", &session, "--print", "--speed", "1e-9"]]
    {
        let mut child = server.vws(command).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        assert!(next(&mut lines).contains("#1"), "{command:?}");
        drop(lines);
        let mut stderr = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
        assert_eq!((child.wait().expect("it ends").code(), &*stderr), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn cli6_the_exit_code_is_the_same_where_nothing_can_be_said() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").expect("opens"));
    for (arguments, code) in [
        (&["session", "rm", "nonsense"][..], 2),
        (&["session", "ls", "--url", "http://127.0.0.1:1"], 3),
        (&["session", "ls", "--url", "http://127.0.0.1:1", "--json"], 3),
        (&["verify", "/nowhere/file"], 4),
        (&["serve", "--listen", "127.0.0.1:0", "--data", "/dev/null"], 5),
    ] {
        let mut child = program(arguments).stderr(full()).spawn().expect("the program starts");
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn cli7_no_answer_of_a_server_reaches_the_terminal_as_a_control() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", other.local_addr().expect("bound"));
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().expect("a connection");
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).expect("a request");
        let problem = r#"{"code":"x\u001b[2J","detail":"y\u001b[31m\nz"}"#;
        let head = format!("HTTP/1.1 409 Conflict\r\ncontent-length: {}\r\n\r\n", problem.len());
        std::io::Write::write_all(&mut stream, (head + problem).as_bytes()).expect("is taken");
    });
    let output = program(&["session", "ls", "--url", &url]).output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "vws: y\\u{1b}[31m\\nz (x\\u{1b}[2J)\n");
    answering.join().expect("it answers");
}

#[test]
fn cli13_help_tells_of_each_command_its_exit_codes_and_where_the_server_is() {
    for command in COMMANDS.iter().filter(|command| command[0] != "serve") {
        let words = name(command);
        let arguments: Vec<&str> = words.split(' ').skip(1).chain(["--help"]).collect();
        let output = program(&arguments).output().expect("the program starts");
        let help = String::from_utf8(output.stdout).expect("text");
        assert_eq!(output.status.code(), Some(0));
        let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(
                "Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no server reached, 4 a file"
            ),
            "{help}"
        );
        assert!(
            help.lines().next().is_some_and(|line| !line.starts_with("Usage")),
            "it says what it does: {help}"
        );
        if remote().any(|other| name(other) == words) {
            assert!(
                help.contains("[env: VWS_URL=]") && help.contains("[default: http://127.0.0.1:8080]"),
                "{help}"
            );
        }
    }
}

#[test]
fn cli13_the_manual_has_each_command_and_each_flag() {
    let manual = include_str!("../../../docs/CLI.md");
    for command in COMMANDS.iter().filter(|command| command[0] != "serve") {
        let words = name(command);
        assert!(manual.contains(&format!("`{words}")), "{words}");
        let arguments: Vec<&str> = words.split(' ').skip(1).chain(["--help"]).collect();
        let help = program(&arguments).output().expect("the program starts").stdout;
        let help = String::from_utf8(help).expect("text");
        let flags = help.split(|c: char| c.is_whitespace() || c == ',').filter(|word| word.starts_with("--"));
        for flag in flags.filter(|flag| *flag != "--help" && flag.len() > 2) {
            let flag = flag.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            assert!(manual.contains(flag), "{flag} of {words}");
        }
    }
}

#[test]
fn cli13_shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = program(&["completions", shell]).output().expect("the program starts");
        let script = String::from_utf8(output.stdout).expect("text");
        assert_eq!(output.status.code(), Some(0));
        for word in
            ["session", "object", "watch", "replay", "diff", "verify", "completions", "serve", "dry-run"]
        {
            assert!(script.contains(word), "{word} in {shell}");
        }
    }
}

#[test]
fn cli7_results_are_json_a_line_for_programs() {
    let server = Server::start();
    let made = server.json(&["session", "create", "a"]);
    let id = made[0]["session_id"].as_str().expect("an id");
    assert_eq!((made.len(), &made[0]["name"]), (1, &json!("a")));
    let set = server.json(&["object", "set", id, "b", "x=1"]);
    assert_eq!(
        (&set[0]["x"], &set[0]["version"], &set[0]["changed"]),
        (&json!(1.0), &json!(1), &json!(true))
    );
    assert_eq!(server.json(&["object", "ls", id])[0]["name"], "b");
    assert_eq!(server.json(&["session", "ls"])[0], {
        let mut info = made[0].clone();
        info["seq"] = 1.into();
        info["object_count"] = 1.into();
        info
    });
    assert_eq!(server.json(&["session", "rm", id])[0], json!({"session_id": id, "deleted": true}));
}
