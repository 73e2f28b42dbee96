//! Sessions as files.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vws_server::units::{ByteSize, Span};

use super::support::{Answer, JSON, TestServer, cube, in_time};

const LINES: (&str, &str) = ("content-type", "application/x-ndjson");
const IMPORT: &str = "/api/sessions/import";

async fn import(server: &TestServer, kind: (&str, &str), file: impl AsRef<[u8]>) -> Answer {
    server.send("POST", IMPORT, &[kind], file).await
}

/// The path of a session that was imported.
async fn imported(server: &TestServer, kind: (&str, &str), file: &[u8]) -> String {
    let answer = import(server, kind, file).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("etag"), Some(&*format!("\"{}\"", answer.json()["seq"])));
    answer.header("location").expect("where it is").to_owned()
}

/// A session with some history: seq 5, objects a and c.
async fn lived(server: &TestServer) -> String {
    let session = server.session().await;
    server.cube(&session, "a").await;
    let batch = json!({"type": "batch", "commands": [
        {"type": "create_object", "object": cube("b")},
        {"type": "update_object", "name": "a", "patch": {"x": 1.5, "properties": {"k": "é\n"}}},
        {"type": "rename_object", "name": "b", "new_name": "c"},
    ]});
    assert_eq!(server.post(&format!("{session}/commands"), batch).await.status, 200);
    assert_eq!(server.patch(&session, json!({"name": "Bühne / 1"})).await.status, 200);
    session
}

async fn snapshot(server: &TestServer, session: &str) -> Value {
    server.get(&format!("{session}/snapshot")).await.json()
}

async fn events(server: &TestServer, session: &str) -> Value {
    server.get(&format!("{session}/events")).await.json()["events"].clone()
}

async fn log_of(server: &TestServer, session: &str) -> Vec<u8> {
    let answer = server.get(&format!("{session}/export?format=log")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

fn count(server_list: &Answer) -> usize {
    server_list.json()["sessions"].as_array().expect("a list").len()
}

#[tokio::test]
async fn exp1_a_session_is_exported_as_a_state_of_now_or_then() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let now = snapshot(&server, &session).await;
    for (target, seq, names) in [("export", 5, vec!["a", "c"]), ("export?format=json&at=1", 1, vec!["a"])] {
        let answer = server.get(&format!("{session}/{target}")).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let name = if seq == 5 { "B-hne---1-5" } else { "session-1" };
        let disposition = format!("attachment; filename=\"{name}.vws.json\"");
        assert_eq!(answer.header("content-disposition"), Some(&*disposition));
        let file = answer.json();
        assert_eq!((&file["format"], &file["version"]), (&json!("vws.state"), &json!(1)));
        assert_eq!(file["session"]["seq"], seq);
        let found: Vec<_> = file["objects"].as_array().expect("a list").iter().map(|o| &o["name"]).collect();
        assert_eq!(found, names);
        if seq == 5 {
            assert_eq!((&file["digest"], &file["objects"]), (&now["digest"], &now["objects"]));
        }
    }
    server.get(&format!("{session}/export?at=6")).await.problem(404, "moment_not_found");
    server.get(&format!("{session}/export?format=zip")).await.problem(400, "query_invalid");
    let then = server.get(&format!("{session}/export?format=log&at=1")).await;
    assert!(
        then.status == 200 && then.header("content-disposition").expect("is named").contains("-1.vwslog")
    );
    server.stop().await;
}

#[tokio::test]
async fn exp1_a_session_is_exported_as_its_history() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let answer = server.get(&format!("{session}/export?format=log")).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let disposition = "attachment; filename=\"B-hne---1-5.vwslog\"";
    assert_eq!(answer.header("content-disposition"), Some(disposition));
    let text = answer.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let found: Vec<_> = lines[1..6].iter().map(|line| line["event"].clone()).collect();
    assert_eq!(Value::from(found), events(&server, &session).await);
    assert_eq!(lines[6]["end"]["digest"], snapshot(&server, &session).await["digest"]);
    server.stop().await;
}

#[tokio::test]
async fn exp3_what_is_imported_and_exported_again_is_the_same() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let first = snapshot(&server, &session).await;

    let log = log_of(&server, &session).await;
    let copy = imported(&server, LINES, &log).await;
    let second = snapshot(&server, &copy).await;
    for field in ["digest", "objects", "world"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    assert_eq!(events(&server, &copy).await, events(&server, &session).await);
    let again = log_of(&server, &copy).await;
    let values = |log: &[u8]| {
        let text = String::from_utf8(log.to_vec()).expect("text");
        let values = text.lines().skip(1).map(|l| l.rsplit_once(",\"sum\"").expect("a sum").0.to_owned());
        values.collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&log));

    let state = server.get(&format!("{session}/export")).await.body;
    let copy = imported(&server, JSON, &state).await;
    let third = snapshot(&server, &copy).await;
    for field in ["digest", "objects", "world"] {
        assert_eq!(third[field], first[field], "{field}");
    }
    assert_eq!(third["session"]["seq"], 5);
    assert_eq!(events(&server, &copy).await["code"], Value::Null);
    assert_eq!(
        server.get(&format!("{copy}/events")).await.json()["events"],
        json!([]),
        "it has none of its own yet"
    );
    server.stop().await;
}

#[tokio::test]
async fn imp5_a_session_made_of_a_log_has_its_past_and_goes_on() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let first = snapshot(&server, &session).await["session"].clone();
    let copy = imported(&server, LINES, &log_of(&server, &session).await).await;
    let info = server.get(&copy).await.json();
    assert_ne!((&info["session_id"], &info["epoch"]), (&first["session_id"], &first["epoch"]));
    assert_eq!((&info["seq"], &info["name"]), (&json!(5), &json!("Bühne / 1")));
    let origin = json!({"session_id": first["session_id"], "epoch": first["epoch"], "seq": 0});
    assert_eq!(info["origin"], origin);
    let then = server.get(&format!("{copy}/snapshot?at=1")).await.json();
    assert_eq!(then["digest"], server.get(&format!("{session}/snapshot?at=1")).await.json()["digest"]);
    let history = server.get(&format!("{copy}/objects/c/history")).await.json();
    assert_eq!(history["events"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.cube(&copy, "d").await.json()["seq"], 6);
    assert_eq!(server.get(&session).await.json()["seq"], 5, "the other one is another one");
    // Times never go back, so that what goes on can be exported and imported in its turn.
    imported(&server, LINES, &log_of(&server, &copy).await).await;
    let lobby = server.get("/api/events").await.json();
    let told = &lobby["events"][2]["event"];
    assert_eq!((&told["origin"], &told["object_count"]), (&origin, &json!(2)));
    server.stop().await;
}

#[tokio::test]
async fn imp5_a_history_from_the_future_goes_on_after_it() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let log = String::from_utf8(log_of(&server, &session).await).expect("text");
    // The same history a century on, with the sums that it then has, and the digests.
    let base: Value = serde_json::from_str(log.lines().next().expect("a head")).expect("JSON");
    let event: Value = serde_json::from_str(log.lines().nth(1).expect("an event")).expect("JSON");
    let mut record: vws_core::EventRecord = serde_json::from_value(event["event"].clone()).expect("an event");
    record.at += 3_155_760_000_000;
    let info: vws_core::SessionInfo = serde_json::from_value(base["session"].clone()).expect("a session");
    let begin = vws_core::Session::new(info.session_id, None, info.created_at, info.epoch);
    let mut writer = vws_core::transfer::LogWriter::new(begin);
    let mut file = Vec::new();
    while let Some(piece) = writer.opening() {
        file.extend(piece);
    }
    let at = record.at;
    writer.event(&std::sync::Arc::new(record), &mut file).expect("is the next");
    file.extend(writer.end());
    let copy = imported(&server, LINES, &file).await;
    server.cube(&copy, "b").await;
    let events = events(&server, &copy).await;
    assert!(events[1]["at"].as_u64() >= Some(at), "{events}");
    imported(&server, LINES, &log_of(&server, &copy).await).await;
    server.stop().await;
}

#[tokio::test]
async fn imp5_a_history_that_was_folded_begins_where_it_is_kept() {
    let server = TestServer::with(|config| config.limits.max_history = 8).await;
    let session = server.session().await;
    for n in 0..40 {
        server.cube(&session, &format!("o{n}")).await;
    }
    let log = log_of(&server, &session).await;
    let head: Value =
        serde_json::from_slice(log.split(|b| *b == b'\n').next().expect("a head")).expect("JSON");
    let first = head["session"]["seq"].as_u64().expect("a seq");
    assert!(first > 0, "some is folded: {head}");
    let copy = imported(&server, LINES, &log).await;
    assert_eq!(snapshot(&server, &copy).await["digest"], snapshot(&server, &session).await["digest"]);
    server.get(&format!("{copy}/snapshot?at={}", first - 1)).await.problem(404, "moment_not_found");
    assert_eq!(server.get(&format!("{copy}/snapshot?at={first}")).await.status, 200);
    for n in 40..80 {
        server.cube(&copy, &format!("o{n}")).await;
    }
    let page = server.get(&format!("{copy}/events?after=0")).await;
    page.problem(410, "history_gone");
    server.stop().await;
}

#[tokio::test]
async fn imp1_a_bad_file_makes_nothing_and_each_fault_is_told() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let state = server.get(&format!("{session}/export")).await.text();
    let wrong = state.replace("\"x\":1.5", "\"x\":15").replace("\"y\":0.0", "\"y\":-13.0");
    let problem = import(&server, JSON, &wrong).await.problem(422, "coordinate_out_of_bounds");
    let places: Vec<_> = problem["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| (e["line"].as_u64().expect("a line"), e["pointer"].as_str().expect("a pointer")))
        .collect();
    assert_eq!(places, [(2, "/objects/0/x"), (2, "/objects/0/y"), (3, "/objects/1/y")]);
    let log = log_of(&server, &session).await;
    for cut in [0, 1, log.len() / 2, log.len() - 1] {
        let problem = import(&server, LINES, &log[..cut]).await.problem(422, "cut_short");
        assert!(problem["errors"][0]["line"].as_u64().is_some(), "{problem}");
    }
    let wrong = String::from_utf8(log).expect("text").replace("1.5", "2.5");
    import(&server, LINES, wrong).await.problem(422, "checksum_mismatch");
    let other = state.replace("\"digest\":\"", "\"digest\":\"0").replacen("0", "", 1);
    assert_eq!(import(&server, JSON, other).await.status, 422);
    assert_eq!(count(&server.get("/api/sessions").await), 1, "no other session is there");
    server.stop().await;
}

#[tokio::test]
async fn imp4_a_state_without_its_digest_is_refused_with_both() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let digest = |of: &Value| of["digest"].as_str().expect("a digest").to_owned();
    let told = digest(&snapshot(&server, &session).await);
    let state = server.get(&format!("{session}/export")).await.text().replace("\"x\":1.5", "\"x\":2.5");
    let problem = import(&server, JSON, &state).await.problem(422, "digest_mismatch");
    let words = problem["detail"].as_str().expect("words");
    assert!(
        words.starts_with(&format!("line 1 at /digest: the digest is {told}, the content has ")),
        "{words}"
    );
    let found = words.rsplit(' ').next().expect("a digest");
    imported(&server, JSON, state.replace(&told, found).as_bytes()).await;
    server.stop().await;
}

#[tokio::test]
async fn imp1_a_dry_run_tells_what_a_file_is_and_makes_nothing() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let now = snapshot(&server, &session).await;
    let dry = format!("{IMPORT}?dry_run=true");
    let state = server.get(&format!("{session}/export")).await.text();
    for (kind, file, format, events) in [
        (JSON, state.clone().into_bytes(), "vws.state", 0),
        (LINES, log_of(&server, &session).await, "vws.log", 5),
    ] {
        let report = server.send("POST", &dry, &[kind], file).await;
        let expected = json!({"valid": true, "format": format, "session": now["session"], "digest": now["digest"],
            "events": events, "errors": [], "more": 0});
        assert_eq!((report.status, report.json()), (200, expected));
    }
    let report = server.send("POST", &dry, &[JSON], state.replace("\"x\":1.5", "\"x\":15")).await;
    let expected = json!([{"line": 2, "pointer": "/objects/0/x", "code": "coordinate_out_of_bounds",
        "detail": "x = 15 is outside [-12, 12]"}]);
    let report = report.json();
    assert_eq!((&report["valid"], &report["errors"], &report["more"]), (&json!(false), &expected, &json!(0)));
    assert_eq!(count(&server.get("/api/sessions").await), 1);
    server.send("POST", &format!("{IMPORT}?dry_run=yes"), &[JSON], state).await.problem(400, "query_invalid");
    server.stop().await;
}

#[tokio::test]
async fn imp6_the_servers_bounds_hold_for_files() {
    let server = TestServer::start().await;
    let session = lived(&server).await;
    let state = server.get(&format!("{session}/export")).await.body;
    let log = log_of(&server, &session).await;
    server.stop().await;

    let (objects, sessions) = (1, 1);
    let small = TestServer::with(|config| config.limits.max_objects = objects).await;
    import(&small, JSON, &state).await.problem(422, "too_many_objects");
    import(&small, LINES, &log).await.problem(422, "too_many_objects");
    small.stop().await;
    let few = TestServer::with(|config| config.limits.max_sessions = sessions).await;
    imported(&few, LINES, &log).await;
    import(&few, JSON, &state).await.problem(429, "too_many_sessions");
    few.stop().await;
    let length = log.len() as u64;
    let exact = TestServer::with(|config| config.limits.max_import = ByteSize(length)).await;
    imported(&exact, LINES, &log).await;
    let more = [&log[..], b"\n"].concat();
    import(&exact, LINES, &more).await.problem(413, "body_too_large");
    // In pieces, without a length up front.
    let mut stream = exact.connect().await;
    let head = format!(
        "POST {IMPORT} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n",
        exact.address,
        more.len()
    );
    stream.write_all(head.as_bytes()).await.expect("is taken");
    let _ = stream.write_all(&[&more[..], b"\r\n0\r\n\r\n"].concat()).await;
    Answer::read(stream).await.problem(413, "body_too_large");
    exact.stop().await;
}

#[tokio::test]
async fn imp6_a_file_that_does_not_arrive_is_given_up() {
    let server = TestServer::with(|config| config.limits.import_timeout = Span::millis(50)).await;
    let mut stream = server.connect().await;
    let head = format!(
        "POST {IMPORT} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n{{",
        server.address
    );
    stream.write_all(head.as_bytes()).await.expect("is taken");
    Answer::read(stream).await.problem(408, "body_timeout");
    server.stop().await;
}

#[tokio::test]
async fn imp6_so_many_files_are_under_way_at_once() {
    let server = TestServer::with(|config| config.limits.max_transfers = 1).await;
    let session = lived(&server).await;
    let mut slow = server.connect().await;
    let head = format!(
        "POST {IMPORT} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1000\r\n\
         expect: 100-continue\r\n\r\n",
        server.address
    );
    slow.write_all(head.as_bytes()).await.expect("is taken");
    // The server asks for the body once it has a place for it.
    let mut asked = [0; 25];
    in_time(slow.read_exact(&mut asked)).await.expect("an answer");
    assert!(asked.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&asked));
    let refused = import(&server, LINES, "").await;
    refused.problem(503, "too_many_transfers");
    assert_eq!(refused.header("retry-after"), Some("1"));
    server.get(&format!("{session}/export?format=log")).await.problem(503, "too_many_transfers");
    assert_eq!(server.get(&format!("{session}/export")).await.status, 200, "a state is as a snapshot");
    drop(slow);
    in_time(async {
        while import(&server, LINES, "").await.status == 503 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn imp1_a_file_says_of_what_kind_it_is() {
    let server = TestServer::start().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        import(&server, ("content-type", kind), "{}").await.problem(415, "unsupported_media_type");
    }
    let packed = server.send("POST", IMPORT, &[JSON, ("content-encoding", "gzip")], "{}").await;
    packed.problem(415, "unsupported_content_encoding");
    let foreign = server.send("POST", IMPORT, &[JSON, ("origin", "https://evil.example")], "{}").await;
    foreign.problem(403, "origin_not_allowed");
    server.stop().await;
}
