//! Bodies: their size, their time, their type.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use vws_server::units::Span;

use super::support::{Answer, JSON, TestServer};

fn chunked_head(server: &TestServer) -> String {
    let host = server.address;
    format!(
        "POST /api/sessions HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
}

/// `{"name":"…"}` with as much white space as makes it `length` bytes.
fn padded(length: usize) -> String {
    format!("{{{}\"name\":\"x\"}}", " ".repeat(length - 12))
}

#[tokio::test]
async fn http8_bodies_up_to_their_limit() {
    let server = TestServer::start().await;
    assert_eq!(padded(1 << 20).len(), 1 << 20);
    assert_eq!(server.send("POST", "/api/sessions", &[JSON], padded(1 << 20)).await.status, 201);
    let refused = server.send("POST", "/api/sessions", &[JSON], padded((1 << 20) + 1)).await;
    refused.problem(413, "body_too_large");
    server.send("POST", "/api/sessions", &[JSON], padded(2 << 20)).await.problem(413, "body_too_large");
    server.stop().await;
}

#[tokio::test]
async fn http8_a_body_of_unknown_length_is_refused_while_it_comes() {
    let server = TestServer::start().await;
    for (length, status) in [(1_usize << 20, 201), ((1 << 20) + 1, 413), (64 << 20, 413)] {
        let mut stream = server.connect().await;
        stream.write_all(chunked_head(&server).as_bytes()).await.expect("the server reads");
        let body = padded(length);
        for chunk in body.as_bytes().chunks(64 * 1024) {
            let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
            // The server closes while there is more to come.
            if stream.write_all(&framed).await.is_err() {
                break;
            }
        }
        let _ = stream.write_all(b"0\r\n\r\n").await;
        // What is unread when the server closes may cost the client the answer, never the server.
        let mut answer = Vec::new();
        let _ = super::support::in_time(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer)).await;
        if status == 201 || !answer.is_empty() {
            assert_eq!(Answer::parse(&answer).status, status, "{length}");
        }
    }
    assert_eq!(server.get("/healthz").await.status, 200);
    server.stop().await;
}

/// Many clients send all that they have and only then look at what they are told.
#[tokio::test]
async fn http8_a_client_that_sends_on_is_told_of_the_refusal() {
    let server = TestServer::start().await;
    let host = server.address;
    for (content_type, length, code) in [
        ("application/json", 2_usize << 20, "body_too_large"),
        ("application/json", 16 << 20, "body_too_large"),
        ("text/plain", 1 << 20, "unsupported_media_type"),
    ] {
        let head = format!(
            "POST /api/sessions HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\n\
             content-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = server.connect().await;
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        let piece = vec![b' '; 64 * 1024];
        for _ in 0..length / piece.len() {
            stream.write_all(&piece).await.expect("the server takes what comes");
        }
        let answer = Answer::read(stream).await;
        assert_eq!(answer.problem(answer.status, code)["status"], answer.status);
    }
    server.stop().await;
}

#[tokio::test]
async fn http8_what_is_thrown_away_has_an_end() {
    let server = TestServer::with(|config| config.limits.body_timeout = Span::millis(300)).await;
    let mut stream = server.connect().await;
    stream.write_all(chunked_head(&server).as_bytes()).await.expect("the server reads");
    // It never ends.
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
    let sending = async { while stream.write_all(chunk.as_bytes()).await.is_ok() {} };
    super::support::in_time(sending).await;
    server.stop().await;
}

#[tokio::test]
async fn http9_a_body_that_dawdles_is_408() {
    let server = TestServer::with(|config| config.limits.body_timeout = Span::millis(100)).await;
    for keyed in ["", "idempotency-key: k\r\n"] {
        let mut stream = server.connect().await;
        let head = format!(
            "POST /api/sessions HTTP/1.1\r\nhost: {}\r\n{keyed}content-type: application/json\r\ncontent-length: 10\r\n\r\n{{",
            server.address
        );
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        let answer = Answer::read(stream).await;
        answer.problem(408, "body_timeout");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    server.stop().await;
}

#[tokio::test]
async fn http14_bodies_are_json() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let object = json!({ "name": "a", "type": "cube", "x": 0, "y": 0, "z": 0 }).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "application/json-patch+json",
        "",
    ] {
        let headers = [("content-type", content_type)];
        for target in
            [format!("{session}/objects"), format!("{session}/commands"), "/api/sessions".to_owned()]
        {
            let answer = server.send("POST", &target, &headers, &object).await;
            answer.problem(415, "unsupported_media_type");
        }
    }
    for encoding in ["gzip", "br", "identity, gzip"] {
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        let answer = server.send("POST", &format!("{session}/objects"), &headers, &object).await;
        answer.problem(415, "unsupported_content_encoding");
    }
    let problem =
        server.send("POST", "/api/sessions", &[], "{}").await.problem(415, "unsupported_media_type");
    assert!(
        problem["detail"].as_str().is_some_and(|d| d.starts_with("the content type is absent")),
        "{problem}"
    );
    // Where no body is needed, its type is no matter as long as there is none.
    let empty = server.send("POST", "/api/sessions", &[("content-type", "text/plain")], "").await;
    assert_eq!(empty.status, 201);
    server.send("POST", &format!("{session}/objects"), &[JSON], "").await.problem(400, "malformed");
    server.stop().await;
}

#[tokio::test]
async fn rest12_each_kind_of_refusal_has_its_status() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let objects = format!("{session}/objects");
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    for (body, status, code) in [
        ("{", 400, "malformed"),
        ("{} {}", 400, "malformed"),
        ("\u{feff}{}", 400, "malformed"),
        (r#"{"name":"a","name":"b"}"#, 400, "duplicate_key"),
        (&deep, 400, "too_deep"),
        ("[]", 422, "type_mismatch"),
        (r#"{"name":"a"}"#, 422, "missing_field"),
        (r#"{"name":"a","type":"cube","x":0,"y":0,"z":0,"w":0}"#, 422, "unknown_field"),
        (r##"{"name":"a","type":"cube","x":0,"y":0,"z":0,"color":"red"}"##, 422, "color_invalid"),
    ] {
        server.send("POST", &objects, &[JSON], body).await.problem(status, code);
    }
    server.send("POST", &objects, &[JSON], b"\xff").await.problem(400, "malformed");
    server.stop().await;
}
