//! The end of a server.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vws_server::units::Span;

use super::support::{TestServer, in_time};

#[tokio::test]
async fn http13_a_stopping_server_closes_idle_connections_and_accepts_no_more() {
    let server = TestServer::start().await;
    let address = server.address;
    let mut idle = server.connect().await;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n");
    idle.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = [0; 4_096];
    assert_ne!(in_time(idle.read(&mut answer)).await.expect("an answer"), 0);
    let started = Instant::now();
    server.stop().await;
    assert!(started.elapsed() < Duration::from_secs(4), "it did not wait for the grace period to end");
    assert_eq!(in_time(idle.read(&mut answer)).await.expect("the server closes"), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn http13_the_grace_period_bounds_the_end() {
    let mut server = TestServer::with(|config| config.limits.shutdown_grace = Span::millis(200)).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost").await.expect("the server reads");
    // Only a connection that the server knows can hold it up.
    while !server.get("/metrics").await.text().contains("vws_connections 2") {}
    server.begin_to_stop();
    server.ended().await;
}
