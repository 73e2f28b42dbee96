//! `vws watch`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use super::support::{PATIENCE, Running, Server, next, program};

fn watch(server: &Server, arguments: &[&str]) -> Running {
    Running(server.vws(&[&["watch"], arguments].concat()).spawn().expect("the program starts"))
}

#[test]
fn cli9_events_are_told_as_they_happen() {
    let server = Server::start();
    let session = server.lived();
    let mut running = watch(&server, &[&session, "--after", "3", "--count", "3", "--json"]);
    let mut lines = running.lines();
    let mut event = || serde_json::from_str::<Value>(&next(&mut lines)).expect("JSON");
    // The first one was there; it says that the stream is on.
    assert_eq!((&event()["seq"], &event_of(&server, &session)), (&4.into(), &()));
    assert_eq!(event()["event"]["object"]["name"], "new");
    server.ok(&["object", "rm", &session, "new"]);
    let last = event();
    assert_eq!((&last["seq"], &last["event"]["type"]), (&6.into(), &"object_deleted".into()));
    assert_eq!(running.ends(), Some(0), "it ends after so many");
}

fn event_of(server: &Server, session: &str) {
    server.ok(&["object", "set", session, "new"]);
}

#[test]
fn cli9_a_deleted_session_ends_the_stream() {
    let server = Server::start();
    let session = server.lived();
    let mut running = watch(&server, &[&session, "--after", "0"]);
    let mut lines = running.lines();
    let first = next(&mut lines);
    assert!(first.ends_with("  #1  -  created a (sphere at 1, 0, 0)"), "{first}");
    server.ok(&["session", "rm", &session]);
    let mut stderr = String::new();
    running.0.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    assert_eq!(stderr, "vws: the session is deleted\n");
    assert_eq!(running.ends(), Some(0));
}

/// Passes connections on to a server. Each message on the channel cuts the one that is open.
fn cuttable(server: &Server) -> (String, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let address = server.address.clone();
    let (cut, cuts) = mpsc::channel::<()>();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            let upstream = TcpStream::connect(&address).expect("the server accepts");
            // A server on a loopback address answers to loopback addresses of any port.
            for (mut from, mut to) in [
                (client.try_clone().expect("a socket"), upstream.try_clone().expect("a socket")),
                (upstream.try_clone().expect("a socket"), client.try_clone().expect("a socket")),
            ] {
                thread::spawn(move || {
                    let mut bytes = [0; 4_096];
                    while let Ok(n @ 1..) = from.read(&mut bytes) {
                        if to.write_all(&bytes[..n]).is_err() {
                            break;
                        }
                    }
                });
            }
            if cuts.recv().is_err() {
                return;
            }
            for socket in [client, upstream] {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    });
    (url, cut)
}

/// A server that tells one event and goes, is busy the next time, and then tells the second one.
#[test]
fn cli9_a_server_that_is_busy_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let event = |seq: u64| {
        let event = serde_json::json!({"seq": seq, "at": 0, "event": {"type": "objects_cleared"}});
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nid: 1-{seq}\ndata: {event}\n\n")
    };
    let problem = r#"{"code":"too_many_subscribers","detail":"there are 1 already"}"#;
    let busy =
        format!("HTTP/1.1 429 Too Many Requests\r\ncontent-length: {}\r\n\r\n{problem}", problem.len());
    let answers = [event(1), busy, "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n".into(), event(2)];
    let answering = thread::spawn(move || {
        answers.map(|answer| {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 4_096];
            let n = stream.read(&mut request).expect("a request");
            stream.write_all(answer.as_bytes()).expect("is taken");
            String::from_utf8_lossy(&request[..n]).into_owned()
        })
    });
    let id = "0190b5a0-0000-7000-8000-000000000001";
    let output = program(&["watch", id, "--count", "2", "--json", "--url", &url])
        .output()
        .expect("the program starts");
    let requests = answering.join().expect("it answers");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let seqs: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["seq"].clone())
        .collect();
    assert_eq!(seqs, [1, 2]);
    assert!(requests[1..].iter().all(|request| request.contains("last-event-id: 1-1")), "{requests:?}");
}

#[test]
fn cli9_a_lost_connection_loses_no_event_and_repeats_none() {
    let server = Server::start();
    let session = server.lived();
    let (url, cut) = cuttable(&server);
    let mut running = watch(&server, &[&session, "--after", "0", "--count", "24", "--json", "--url", &url]);
    let (tell, told) = mpsc::channel();
    let mut lines = running.lines();
    thread::spawn(move || {
        loop {
            let line = next(&mut lines);
            if line.is_empty() || tell.send(line).is_err() {
                return;
            }
        }
    });
    let mut seqs = Vec::new();
    let mut take = |n: usize| {
        for _ in 0..n {
            let line = told.recv_timeout(PATIENCE).expect("an event");
            seqs.push(serde_json::from_str::<Value>(&line).expect("JSON")["seq"].as_u64().expect("a seq"));
        }
    };
    take(4);
    for n in 0..10 {
        if n == 3 || n == 6 {
            cut.send(()).expect("the proxy is there");
        }
        for x in ["1", "2"] {
            server.ok(&["object", "set", &session, "a", &format!("y={x}")]);
        }
        take(2);
    }
    assert_eq!(seqs, (1..=24).collect::<Vec<_>>());
    assert_eq!(running.ends(), Some(0));
}
