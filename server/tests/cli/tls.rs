//! The program inside TLS: as a server, and as what asks one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::authority::Authority;
use super::support::{Running, Server, next, program};

fn text(path: &Path) -> &str {
    path.to_str().expect("is text")
}

/// A server inside TLS.
fn secured(authority: &Authority) -> Server {
    let (certificate, key) = authority.sign("server");
    Server::with(&["--tls-cert", text(&certificate), "--tls-key", text(&key)])
}

#[test]
fn tls10_tls6_the_commands_find_a_server_whose_authority_they_believe() {
    let authority = Authority::new();
    let server = secured(&authority);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let ca = authority.file();
    let ca = ["--ca-file", text(&ca)];
    let ok = |arguments: &[&str]| server.ok(&[arguments, &ca].concat());
    let session = ok(&["session", "create", "a stage"]);
    ok(&["object", "set", &session, "a", "x=1"]);
    assert!(ok(&["object", "ls", &session]).contains("cube"));
    let told = ok(&["watch", &session, "--after", "0", "--count", "1", "--json"]);
    assert!(told.contains("object_created"), "{told}");
    let file = authority.folder().join("a.vwslog");
    ok(&["session", "export", &session, "--format", "log", "-o", text(&file)]);
    ok(&["session", "import", text(&file)]);
    let mut by_variable = server.vws(&["session", "ls", "--json"]);
    let listed = by_variable.env("VWS_CA_FILE", authority.file()).output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 2);

    let untrusted = server.fails(&["session", "ls"], 3);
    assert!(untrusted.contains("certificate") && untrusted.contains("--ca-file"), "{untrusted}");
    let stranger = Authority::new();
    server.fails(&["session", "ls", "--ca-file", text(&stranger.file())], 3);
    let missing = server.fails(&["session", "ls", "--ca-file", "/nowhere.pem"], 4);
    assert!(missing.contains("/nowhere.pem"), "{missing}");
    let plain = server.url.replace("https", "http");
    let told = server.fails(&["session", "ls", "--url", &plain], 1);
    assert!(told.contains("https_expected"), "{told}");
    let load = server.fails(&["bench"], 2);
    assert!(load.contains("plain HTTP"), "{load}");
}

#[test]
fn tls2_cli1_what_cannot_be_served_is_one_line() {
    let authority = Authority::new();
    let ((cert, key), (_, other)) = (authority.sign("one"), authority.sign("other"));
    let (cert, key, other) = (text(&cert), text(&key), text(&other));
    for (arguments, code, words) in [
        (&["--tls-cert", cert][..], 2, "--tls-cert needs --tls-key"),
        (&["--tls-key", key], 2, "--tls-key needs --tls-cert"),
        (&["--tls-cert", cert, "--tls-key", other], 4, "other.key is not the key of the certificate in"),
        (&["--tls-cert", cert, "--tls-key", "/nowhere.key"], 4, "cannot read /nowhere.key"),
    ] {
        let all = [&["serve", "--ephemeral", "--listen", "127.0.0.1:0"], arguments].concat();
        let output = program(&all).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("vws: ") && stderr.contains(words), "{stderr}");
        assert_eq!((stderr.lines().count(), output.stdout.len()), (1, 0), "{stderr}");
    }
}

#[test]
fn tls5_a_hangup_does_not_end_a_server_that_has_no_certificate() {
    let mut command = program(&["serve", "--ephemeral", "--listen", "127.0.0.1:0"]);
    let mut running = Running(command.stderr(Stdio::piped()).spawn().expect("the program starts"));
    let mut log = BufReader::new(running.0.stderr.take().expect("a pipe"));
    let line = next(&mut running.lines());
    let url = line.strip_prefix("listening on ").expect("the ready line").to_owned();
    let process = running.0.id().to_string();
    let sent = std::process::Command::new("kill").args(["-HUP", &process]).status();
    assert!(sent.expect("kill runs").success());
    logged(&mut log, "there is no certificate to read again");
    let listed = program(&["session", "ls", "--url", &url]).output().expect("the program starts");
    assert_eq!(listed.status.code(), Some(0));
}

/// What is logged next that contains `words`.
fn logged(log: &mut impl BufRead, words: &str) -> String {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(log.read_line(&mut line).expect("text") > 0, "{words:?} is logged");
    }
    line
}

#[test]
fn tls5_a_hangup_has_the_certificate_read_again() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("server");
    let flags = ["--tls-cert", text(&certificate), "--tls-key", text(&key)];
    let mut command = program(&[&["serve", "--ephemeral", "--listen", "127.0.0.1:0"][..], &flags].concat());
    let mut running = Running(command.stderr(Stdio::piped()).spawn().expect("the program starts"));
    let mut log = BufReader::new(running.0.stderr.take().expect("a pipe"));
    let line = next(&mut running.lines());
    let url = line.strip_prefix("listening on ").expect("the ready line").to_owned();
    let hang_up = || {
        let process = running.0.id().to_string();
        let sent = std::process::Command::new("kill").args(["-HUP", &process]).status();
        assert!(sent.expect("kill runs").success());
    };
    let asks = |authority: &Authority| {
        let ca = authority.file();
        let output = program(&["session", "ls", "--url", &url, "--ca-file", text(&ca)]).output();
        output.expect("the program starts").status.code()
    };
    assert_eq!(asks(&authority), Some(0));
    let other = Authority::new();
    let (new_certificate, new_key) = other.sign("server");
    std::fs::copy(new_key, &key).expect("is copied");
    hang_up();
    let told = logged(&mut log, "certificate");
    assert!(told.contains("ERROR") && told.contains("server.key is not the key of"), "{told}");
    assert_eq!(asks(&authority), Some(0), "the old one stays");
    std::fs::copy(new_certificate, &certificate).expect("is copied");
    hang_up();
    let told = logged(&mut log, "certificate");
    assert!(told.contains("INFO") && told.contains("server.pem"), "{told}");
    assert_eq!((asks(&authority), asks(&other)), (Some(3), Some(0)));
    let process = running.0.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &process]).status().expect("runs").success());
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
}
