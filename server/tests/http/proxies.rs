//! Clients behind proxies, and how many connections each may have.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vws_server::Config;

use super::support::{Answer, TestServer, in_time};
use super::tokens::{secret_file, token};

/// A client that a proxy passes on.
const CLIENT: &str = "192.0.2.7";

/// Everybody on this machine is a proxy that is believed.
fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxy = vec!["127.0.0.0/8".parse().expect("a network")];
}

/// Opens a stream or a socket and reads the status of the answer.
pub(crate) async fn open(server: &TestServer, target: &str, headers: &[(&str, &str)]) -> (u16, TcpStream) {
    let mut stream = server.connect().await;
    let mut head = format!("GET {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head.push_str(&format!("host: {}\r\n", server.address));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all((head + "\r\n").as_bytes()).await.expect("the server reads");
    let mut answer = [0; 12];
    in_time(stream.read_exact(&mut answer)).await.expect("an answer");
    let status = str::from_utf8(&answer).ok().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.parse().ok());
    (status.expect("a status"), stream)
}

const STREAM: (&str, &str) = ("accept", "text/event-stream");

/// A handshake's headers.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

fn socket_of(client: &str) -> Vec<(&str, &str)> {
    [&UPGRADE[..], &[("x-forwarded-for", client)]].concat()
}

/// The addresses on record, the newest first.
async fn on_record(server: &TestServer) -> Vec<Value> {
    let authorization = format!("Bearer {}", token("admin", "*"));
    let answer = server.request("GET", "/api/audit", &[("authorization", &authorization)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let page = answer.json();
    page["entries"].as_array().expect("a list").iter().map(|entry| entry["address"].clone()).collect()
}

#[tokio::test]
async fn http40_what_is_on_record_has_the_client_s_address_and_not_the_proxy_s() {
    let (_folder, secret) = secret_file();
    let server = TestServer::with(|config| {
        behind_a_proxy(config);
        config.auth_secret_file = Some(secret);
    })
    .await;
    let forwarded = format!("203.0.113.9, {CLIENT}");
    server
        .request("GET", "/api/sessions", &[("x-forwarded-for", &forwarded)])
        .await
        .problem(401, "token_needed");
    server.request("GET", "/api/sessions", &[]).await.problem(401, "token_needed");
    assert_eq!(on_record(&server).await, ["127.0.0.1", CLIENT]);

    let authorization = format!("Bearer {}", token("own", "*"));
    let by_client = [("authorization", &*authorization), ("x-forwarded-for", CLIENT)];
    let made = server.request("POST", "/api/sessions", &by_client).await;
    let session = made.header("location").expect("where it is");
    assert_eq!(server.request("DELETE", session, &by_client).await.status, 204);
    assert_eq!(on_record(&server).await[0], CLIENT);
    server.stop().await;
}

#[tokio::test]
async fn http40_who_is_no_trusted_proxy_speaks_for_itself_alone() {
    let (_folder, secret) = secret_file();
    let server = TestServer::with(|config| {
        config.trusted_proxy = vec!["10.0.0.0/8".parse().expect("a network")];
        config.auth_secret_file = Some(secret);
    })
    .await;
    server.request("GET", "/api/sessions", &[("x-forwarded-for", CLIENT)]).await.problem(401, "token_needed");
    assert_eq!(on_record(&server).await, ["127.0.0.1"]);
    server.stop().await;
}

#[tokio::test]
async fn http42_a_page_that_a_proxy_serves_over_https_may_change_things() {
    let server = TestServer::with(|config| {
        behind_a_proxy(config);
        config.allow_host = vec!["world.example".to_owned()];
    })
    .await;
    let of_page = |origin: &'static str, scheme: &'static str| {
        [
            ("host", "world.example"),
            ("origin", origin),
            ("x-forwarded-proto", scheme),
            ("x-forwarded-for", CLIENT),
        ]
    };
    for (origin, scheme, status) in [
        ("https://world.example", "https", 201),
        ("http://world.example", "http", 201),
        ("http://world.example", "https", 403),
        ("https://world.example", "http", 403),
        ("https://evil.example", "https", 403),
    ] {
        let answer = server.request("POST", "/api/sessions", &of_page(origin, scheme)).await;
        assert_eq!(answer.status, status, "{origin} {scheme}");
    }
    let session = server.session().await;
    for (origin, status) in [("https://world.example", 101), ("http://world.example", 403)] {
        let headers = [&UPGRADE[..], &of_page(origin, "https")].concat();
        let (answered, _) = open(&server, &format!("{session}/ws"), &headers).await;
        assert_eq!(answered, status, "{origin}");
    }
    server.stop().await;
}

#[tokio::test]
async fn lim20_connections_of_one_address_up_to_their_limit() {
    let server = TestServer::with(|config| config.limits.max_address_connections = Some(2)).await;
    let (first, _one) = open(&server, "/api/events", &[STREAM]).await;
    let (second, two) = open(&server, "/api/events", &[STREAM]).await;
    assert_eq!((first, second), (200, 200));
    let refused = Answer::read(server.connect().await).await;
    let problem = refused.problem(429, "too_many_connections_of_address");
    assert_eq!(problem["detail"], "2 connections of this address are open, the most that one may have");
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(two);
    // The place is free once the server has seen it go.
    while server.get("/healthz").await.status != 200 {}
    server.stop().await;
}

#[tokio::test]
async fn lim20_whom_a_proxy_passes_on_counts_by_their_own_address() {
    let server = TestServer::with(|config| {
        behind_a_proxy(config);
        config.limits.max_address_connections = Some(2);
    })
    .await;
    let session = server.session().await;
    let events = format!("{session}/events");
    let (stream, one) = open(&server, &events, &[STREAM, ("x-forwarded-for", CLIENT)]).await;
    let (socket, two) = open(&server, &format!("{session}/ws"), &socket_of(CLIENT)).await;
    assert_eq!((stream, socket), (200, 101));
    let ask = async |client| server.request("GET", "/healthz", &[("x-forwarded-for", client)]).await;
    let refused = ask(CLIENT).await;
    refused.problem(429, "too_many_connections_of_address");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let forged = format!("198.51.100.1, {CLIENT}");
    ask(&forged).await.problem(429, "too_many_connections_of_address");
    // Others, and the proxy itself, are not meant.
    for other in ["192.0.2.8", "2001:db8::1", "127.0.0.1", "garbage"] {
        assert_eq!(ask(other).await.status, 200, "{other}");
    }
    for ended in [one, two] {
        drop(ended);
        while ask(CLIENT).await.status != 200 {}
        let (again, _held) = open(&server, &events, &[STREAM, ("x-forwarded-for", CLIENT)]).await;
        assert_eq!(again, 200);
    }
    server.stop().await;
}
