//! What hostile clients of HTTP cost.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use super::support::TestServer;

#[tokio::test(start_paused = true)]
async fn siege1_who_sends_on_after_the_time_for_a_body_is_let_go_of() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut slow = server.connect().await;
    // Time is paused, and the kernel's is not: what is kept back to go with more is never sent.
    slow.set_nodelay(true).expect("is open");
    let head = format!(
        "POST {session}/objects HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n",
        server.address
    );
    slow.write_all(head.as_bytes()).await.expect("the server reads");
    let begun = Instant::now();
    // It never reads what it is told, and goes on until the server takes nothing more.
    while slow.write_all(b" ").await.is_ok() {
        sleep(Duration::from_millis(500)).await;
        let held = begun.elapsed();
        assert!(held <= Duration::from_secs(15), "10 s for the body, and still there after {held:?}");
    }
    server.stop().await;
}

#[cfg(not(feature = "echo"))]
#[tokio::test]
async fn siege5_no_server_echoes_unless_it_is_built_for_it() {
    let server = TestServer::start().await;
    let opening = [
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    server.request("GET", "/echo", &opening).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test]
async fn siege8_metrics_tell_how_many_tasks_there_are() {
    let server = TestServer::start().await;
    let metrics = server.get("/metrics").await.text();
    let tasks = metrics.lines().find_map(|line| line.strip_prefix("vws_tasks ")?.parse::<u32>().ok());
    assert!(tasks.is_some_and(|tasks| tasks > 0), "{metrics}");
    server.stop().await;
}
