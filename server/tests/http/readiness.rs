//! What the server tells of itself when not all is well, and what it still does when its memory is low.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use vws_server::Config;
use vws_server::log::disk::{DiskLog, Faults, FileOp, Level, Options};
use vws_server::log::{EventLog, MemoryLog};
use vws_server::telemetry::MemoryBound;
use vws_server::units::ByteSize;

use super::support::{Answer, JSON, TestServer, cube};

/// A disk that is full while it is told to be.
#[derive(Debug, Default, Clone)]
struct Fills(Arc<AtomicBool>);

impl Faults for Fills {
    fn before(&self, op: FileOp, _: &Path) -> io::Result<()> {
        let full = self.0.load(Ordering::Relaxed) && matches!(op, FileOp::Write | FileOp::Create);
        if full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn http43_readiness_tells_of_recovery_and_of_a_log_that_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Fills::default();
    let options = Options::new(Level::Buffered).faults(Arc::new(disk.clone()));
    let log = Arc::new(DiskLog::open(folder.path(), options).expect("is opened"));
    let server = TestServer::over(log, |_| {}).await;
    let session = server.session().await;
    let all_well = json!({
        "status": "ready", "durability": "memory", "log": "ok", "memory": "ok",
        "recovery": {"outcome": "in_order", "damaged_sessions": 0},
    });
    assert_eq!(server.get("/readyz").await.json(), all_well);

    disk.0.store(true, Ordering::Relaxed);
    server.post(&format!("{session}/objects"), cube("a")).await.problem(503, "log_unavailable");
    let refused = server.get("/readyz").await;
    let problem = refused.problem(503, "log_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(problem["readiness"]["log"], "refusing", "{problem}");
    assert_eq!(problem["readiness"]["memory"], "ok", "{problem}");
    assert_eq!(server.get("/healthz").await.json(), json!({"status": "ok"}));
    assert_eq!(server.get(&session).await.status, 200, "reads go on");

    disk.0.store(false, Ordering::Relaxed);
    server.cube(&session, "a").await;
    assert_eq!(server.get("/readyz").await.json(), all_well);
    server.stop().await;

    // Nobody closed the log here: `stop` did, in order; a log in memory has nothing to recover.
    let server = TestServer::start().await;
    assert_eq!(server.get("/readyz").await.json()["recovery"]["outcome"], "none");
    server.stop().await;
}

fn low(config: &mut Config) {
    config.limits.max_memory = MemoryBound::At(ByteSize(1));
}

/// A server without memory over what another one has left: a session with an object, which nobody has loaded.
async fn without_memory() -> (TestServer, String) {
    let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
    let before = TestServer::over(Arc::clone(&log), |_| {}).await;
    let session = before.session().await;
    before.cube(&session, "a").await;
    let server = TestServer::over(log, low).await;
    while server.get("/readyz").await.status != 503 {}
    drop(before);
    (server, session)
}

fn handshake(server: &TestServer, session: &str) -> String {
    format!(
        "GET {session}/ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    )
}

#[track_caller]
fn refused(answer: &Answer) {
    answer.problem(503, "memory_low");
    assert_eq!(answer.header("retry-after"), Some("10"), "{answer:?}");
}

#[tokio::test]
async fn lim21_where_memory_is_low_nothing_new_is_begun() {
    let (server, session) = without_memory().await;
    refused(&server.exchange(handshake(&server, &session)).await);
    refused(&server.request("GET", &format!("{session}/events"), &[("accept", "text/event-stream")]).await);
    refused(&server.request("POST", "/api/sessions", &[]).await);
    refused(&server.request("POST", &format!("{session}/fork"), &[]).await);
    refused(&server.send("POST", "/api/sessions/import", &[JSON], "{}").await);
    let model = [("content-type", "model/gltf-binary")];
    refused(&server.send("POST", &format!("{session}/assets"), &model, "glTF").await);
    refused(&server.post(&format!("{session}/objects"), cube("b")).await);
    let create = json!({"type": "create_object", "object": cube("b")});
    refused(&server.post(&format!("{session}/commands"), create.clone()).await);
    let batch = json!({"type": "batch", "commands": [{"type": "stop_orbit"}, create]});
    refused(&server.post(&format!("{session}/commands"), batch).await);

    let metrics = server.get("/metrics").await.text();
    assert!(
        metrics.contains("vws_memory_low 1\n") && metrics.contains("vws_memory_max_bytes 1\n"),
        "{metrics}"
    );
    server.stop().await;
}

#[tokio::test]
async fn lim21_where_memory_is_low_reads_changes_and_deletions_go_on() {
    let (server, session) = without_memory().await;
    let problem = server.get("/readyz").await.problem(503, "memory_low");
    assert_eq!(problem["readiness"]["memory"], "low", "{problem}");
    assert_eq!(server.get("/healthz").await.status, 200);
    for target in ["", "/objects", "/objects/a", "/world", "/snapshot", "/events", "/export?format=log"] {
        assert_eq!(server.get(&format!("{session}{target}")).await.status, 200, "{target}");
    }
    // It is in memory now, so that following it takes little more.
    let (stream, _) = super::proxies::open(&server, &format!("{session}/ws"), &super::proxies::UPGRADE).await;
    assert_eq!(stream, 101);
    let moved = server.patch(&format!("{session}/objects/a"), json!({"x": 1})).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    assert_eq!(server.delete(&format!("{session}/objects/a")).await.status, 200);
    assert_eq!(server.delete(&session).await.status, 204);
    server.stop().await;
}

#[tokio::test]
async fn lim21_memory_that_is_not_bounded_is_never_low() {
    let server = TestServer::with(|config| config.limits.max_memory = MemoryBound::None).await;
    server.session().await;
    assert!(server.get("/metrics").await.text().contains("vws_memory_max_bytes 0\n"));
    server.stop().await;
}
