//! Every bound of HTTP at N, which passes, and at N + 1, which does not.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vws_server::units::{ByteSize, Span};

use super::support::{Answer, JSON, TestServer, in_time};

#[tokio::test]
async fn http7_paths_up_to_their_limit() {
    let server = TestServer::with(|config| config.limits.max_path = ByteSize(100)).await;
    let target = format!("/{}", "a".repeat(99));
    server.get(&target).await.problem(404, "not_found");
    // The query is bounded with the head.
    server.get(&format!("{target}?query")).await.problem(404, "not_found");
    let problem = server.get(&(target + "a")).await.problem(414, "path_too_long");
    assert_eq!(problem["detail"], "the path has 101 bytes, more than 100B");
    server.stop().await;
}

#[tokio::test]
async fn http7_the_default_path_limit_is_2_kib() {
    let server = TestServer::start().await;
    server.get(&format!("/{}", "a".repeat(2_047))).await.problem(404, "not_found");
    server.get(&format!("/{}", "a".repeat(2_048))).await.problem(414, "path_too_long");
    // A name that no object can have is what is wrong, and not the path that it is in.
    let session = server.session().await;
    for name in ["a".repeat(3 * 128 + 1), "%f0%9f%8c%8d".repeat(33), "a".repeat(10_000)] {
        for target in [format!("{session}/objects/{name}"), format!("{session}/objects/{name}/history")] {
            let problem = server.get(&target).await.problem(422, "name_invalid");
            assert!(problem.to_string().len() < 1_000, "{problem}");
        }
    }
    let foreign = format!("{session}/assets/{}", "a".repeat(2_048));
    server.get(&foreign).await.problem(414, "path_too_long");
    // More than the head may have, which hyper refuses before it has seen all of it.
    server.get(&format!("/{}", "a".repeat(70_000))).await.problem(431, "head_too_large");
    server.stop().await;
}

#[tokio::test]
async fn http7_heads_up_to_their_limit() {
    let server = TestServer::start().await;
    let rest =
        format!("GET /healthz HTTP/1.1\r\nconnection: close\r\nhost: {}\r\nx: \r\n\r\n", server.address);
    // The empty line at the end is not counted.
    let room = 16 * 1024 - (rest.len() - 2);
    let head = |filler: usize| rest.replace("x: ", &format!("x: {}", "a".repeat(filler)));
    assert_eq!(server.exchange(head(room)).await.status, 200);
    server.exchange(head(room + 1)).await.problem(431, "head_too_large");
    server.exchange(head(room + 8_000)).await.problem(431, "head_too_large");
    server.exchange(head(100_000)).await.problem(431, "head_too_large");
    server.stop().await;
}

#[tokio::test]
async fn http7_header_lines_up_to_their_number() {
    let server = TestServer::start().await;
    let head = |lines: usize| {
        let more: String = (2..lines).map(|n| format!("x-{n}: y\r\n")).collect();
        format!("GET /healthz HTTP/1.1\r\nconnection: close\r\nhost: {}\r\n{more}\r\n", server.address)
    };
    assert_eq!(server.exchange(head(128)).await.status, 200);
    let problem = server.exchange(head(129)).await.problem(431, "head_too_large");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("128 headers")), "{problem}");
    server.stop().await;
}

#[tokio::test]
async fn parse4_bodies_up_to_their_depth() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let nested = |depth: usize| format!(r#"{{"name":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = format!("{session}/objects");
    server.send("POST", &objects, &[JSON], nested(16)).await.problem(422, "type_mismatch");
    server.send("POST", &objects, &[JSON], nested(17)).await.problem(400, "too_deep");
    server.send("POST", &objects, &[JSON], nested(100_000)).await.problem(400, "too_deep");
    server.stop().await;
}

#[tokio::test]
async fn http8_a_body_is_refused_by_its_announced_length() {
    let server = TestServer::start().await;
    let announce = |length: u64| {
        let host = server.address;
        format!(
            "POST /api/nothing HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    // Nothing of the body is ever sent: the answer does not wait for it.
    for length in [(1 << 20) + 1, 1 << 40, 1 << 63, u64::MAX - 2] {
        let answer = server.exchange(announce(length)).await;
        answer.problem(413, "body_too_large");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    let mut fits = announce(1 << 20).into_bytes();
    fits.extend(vec![b' '; 1 << 20]);
    server.exchange(fits).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test]
async fn http9_a_head_that_dawdles_is_cut_off() {
    let server = TestServer::with(|config| config.limits.head_timeout = Span::millis(100)).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.expect("the server reads");
    let mut answer = Vec::new();
    in_time(stream.read_to_end(&mut answer)).await.expect("the server closes");
    assert_eq!(answer, b"", "there is nothing to answer to");

    // So is a connection that sends nothing, and one that sends nothing more.
    let mut idle = server.connect().await;
    assert_eq!(in_time(idle.read(&mut [0; 16])).await.expect("the server closes"), 0);
    let mut kept = server.connect().await;
    kept.write_all(format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address).as_bytes())
        .await
        .expect("the server reads");
    assert_eq!(Answer::read(kept).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn http11_connections_up_to_their_limit() {
    let server = TestServer::with(|config| config.limits.max_connections = 2).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    // An answer on the second shows that both are in.
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    second.write_all(request.as_bytes()).await.expect("the server reads");
    assert_ne!(in_time(second.read(&mut [0; 64])).await.expect("an answer"), 0);

    let refused = Answer::read(server.connect().await).await;
    refused.problem(503, "too_many_connections");
    assert_eq!(refused.header("retry-after"), Some("1"));

    drop(first);
    // The place is free once the server has seen the first one close.
    let answer = loop {
        let answer = server.get("/healthz").await;
        if answer.status != 503 {
            break answer;
        }
    };
    assert_eq!(answer.status, 200);
    assert!(server.get("/metrics").await.text().contains("vws_connections_refused_total"));
    server.stop().await;
}

#[tokio::test]
async fn http12_a_client_that_takes_nothing_is_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), vec![b'x'; 32 << 20]).expect("a large page");
    let server = TestServer::with(|config| {
        config.page = Some(folder.path().to_owned());
        config.limits.stall_timeout = Span::millis(100);
    })
    .await;
    let mut stalled = server.connect().await;
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    stalled.write_all(request.as_bytes()).await.expect("the server reads");
    // The answer does not fit the kernel's buffers; the server lets go of the connection.
    loop {
        let metrics = server.get("/metrics").await.text();
        if metrics.contains("\nvws_connections 1\n") {
            break;
        }
    }
    let mut received = Vec::new();
    let _ = in_time(stalled.read_to_end(&mut received)).await;
    assert!(received.len() < 32 << 20, "{} bytes", received.len());
    server.stop().await;
}
