//! `vws session export|import` and `vws verify`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use super::support::{Server, piped, program};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn cli12_what_is_exported_can_be_imported() {
    let server = Server::start();
    let session = server.lived();
    let folder = tempfile::tempdir().expect("a folder");
    for (format, name) in [("json", "a-stage-4.vws.json"), ("log", "a-stage-4.vwslog")] {
        let file = folder.path().join(name);
        let told = server.ok(&["session", "export", &session, "--format", format, "-o", text(folder.path())]);
        assert_eq!(told, text(&file), "the server names the file");
        let copy = server.ok(&["session", "import", text(&file)]);
        assert_eq!(server.digest(&copy), server.digest(&session));
        let output = piped(server.vws(&["session", "import", "-"]), &fs::read(&file).expect("is there"));
        let copy = String::from_utf8(output.stdout).expect("text");
        assert_eq!(server.digest(copy.trim_end()), server.digest(&session));
    }
    let seq =
        server.json(&["session", "export", &format!("{session}@1"), "-o", text(&folder.path().join("then"))]);
    assert_eq!(seq[0]["file"], text(&folder.path().join("then")));
    let then: Value =
        serde_json::from_slice(&fs::read(folder.path().join("then")).expect("is there")).expect("JSON");
    assert_eq!(then["session"]["seq"], 1);
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 3, "nothing else is left: {left:?}");
}

#[test]
fn cli12_a_file_that_is_there_is_not_written_over() {
    let server = Server::start();
    let session = server.lived();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine");
    fs::write(&file, "mine").expect("is written");
    let refused = server.fails(&["session", "export", &session, "-o", text(&file)], 4);
    assert_eq!(refused, format!("vws: {} is there already; --force writes over it", file.display()));
    assert_eq!(fs::read(&file).expect("is there"), b"mine");
    server.ok(&["session", "export", &session, "-o", text(&file), "--force"]);
    assert!(fs::read(&file).expect("is there").starts_with(b"{\"format\":\"vws.state\""));
    let missing = folder.path().join("missing/file");
    let refused = server.fails(&["session", "export", &session, "-o", text(&missing)], 4);
    assert!(refused.contains("No such file or directory"), "{refused}");
}

#[test]
fn cli12_an_export_that_is_cut_short_is_not_kept() {
    let server = Server::start();
    let session = server.lived();
    let whole = server.ok(&["session", "export", &session, "--format", "log"]) + "\n";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log");
    let last = whole[..whole.len() - 1].rfind('\n').expect("lines") + 1;
    // Without its last line, in order; and broken off by the server.
    for (length, code, words) in [(last, 1, "what came is not whole"), (whole.len(), 3, "the connection to")]
    {
        let cutting = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", cutting.local_addr().expect("bound"));
        let body = whole[..last].to_owned();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = cutting.accept().expect("a connection");
            let _ = stream.read(&mut [0; 4_096]).expect("a request");
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").expect("is taken");
        });
        let arguments = ["session", "export", &session, "--format", "log", "-o", text(&file), "--url", &url];
        let output = program(&arguments).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
        serving.join().expect("it serves");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    }
}

#[test]
fn cli12_a_bad_file_is_refused_with_each_fault() {
    let server = Server::start();
    let session = server.lived();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.vws.json");
    let state =
        server.ok(&["session", "export", &session]).replace("\"x\":1.5", "\"x\":15").replace("-2.0", "-20");
    fs::write(&file, state).expect("is written");
    let refused = server.fails(&["session", "import", text(&file)], 1);
    let lines: Vec<_> = refused.lines().collect();
    assert_eq!(
        lines,
        [
            "vws: line 2 at /objects/0/x: x = 15 is outside [-12, 12]; 1 more (coordinate_out_of_bounds)",
            "  line 2 /objects/0/x: x = 15 is outside [-12, 12] (coordinate_out_of_bounds)",
            "  line 3 /objects/1/y: y = -20 is outside [-12, 12] (coordinate_out_of_bounds)",
        ]
    );
    for command in [&["session", "import", "--dry-run"][..], &["verify"]] {
        let output = server.output(&[command, &[text(&file)]].concat());
        assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b""[..]));
        let report = String::from_utf8(output.stdout).expect("text");
        assert_eq!(
            report,
            "line 2: /objects/0/x: x = 15 is outside [-12, 12] (coordinate_out_of_bounds)\n\
                            line 3: /objects/1/y: y = -20 is outside [-12, 12] (coordinate_out_of_bounds)\n"
        );
        let output = server.output(&[command, &[text(&file), "--json"]].concat());
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&report["valid"], &report["errors"][1]["line"]), (&false.into(), &3.into()));
    }
    assert_eq!(server.json(&["session", "ls"]).len(), 1);
}

#[test]
fn cli12_a_file_that_is_not_wanted_is_refused_in_the_servers_words() {
    let server = Server::with(&["--max-import", "1KiB"]);
    let file = tempfile::NamedTempFile::new().expect("a file");
    // More than every buffer on the way holds.
    file.as_file().set_len(64 << 20).expect("is made");
    let refused = server.fails(&["session", "import", text(file.path())], 1);
    assert_eq!(refused, "vws: the body has more than 1KiB (body_too_large)");
}

#[test]
fn imp5_what_was_imported_is_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, file) = (folder.path().join("data"), folder.path().join("log.vwslog"));
    let kept = ["--data", text(&data), "--durability", "buffered"];
    let server = Server::keeping(&kept);
    let session = server.lived();
    server.ok(&["session", "export", &session, "--format", "log", "-o", text(&file)]);
    let copy = server.ok(&["session", "import", text(&file)]);
    let digest = server.digest(&session);
    drop(server);
    let server = Server::keeping(&kept);
    assert_eq!(server.digest(&copy), digest);
    server.ok(&["object", "set", &copy, "after"]);
    let again = folder.path().join("again.vwslog");
    server.ok(&["session", "export", &copy, "--format", "log", "-o", text(&again)]);
    let events = |file: &Path| fs::read_to_string(file).expect("is there").lines().count();
    assert_eq!(events(&again), events(&file) + 1, "its history is there, and goes on");
}

#[test]
fn cli12_verify_names_the_first_line_that_does_not_hold() {
    let server = Server::start();
    let session = server.lived();
    let digest = server.digest(&session);
    let digest = digest.as_str().expect("a digest");
    let log = server.ok(&["session", "export", &session, "--format", "log"]) + "\n";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log.vwslog");
    let verify = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("is written");
        // No server is asked.
        let output = program(&["verify", text(&file), "--json"]).output().expect("the program starts");
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).expect("JSON"))
    };
    let (code, report) = verify(log.as_bytes());
    assert_eq!((code, &report["valid"], &report["events"]), (Some(0), &true.into(), &4.into()));
    fs::write(&file, &log).expect("is written");
    let told = server.ok(&["verify", text(&file)]);
    assert_eq!(told, format!("ok: vws.log, 4 events, 2 objects, seq 4, digest {digest}"));
    let piped = piped(program(&["verify", "-"]), log.as_bytes());
    assert_eq!(String::from_utf8(piped.stdout).expect("text").trim_end(), told);
    let mut start = 0;
    for (n, line) in log.split_inclusive('\n').enumerate() {
        let mut damaged = log.clone().into_bytes();
        damaged[start + line.len() / 2] ^= 1;
        let (code, report) = verify(&damaged);
        assert_eq!((code, &report["errors"][0]["line"]), (Some(1), &(n + 1).into()), "{report}");
        start += line.len();
    }
}
