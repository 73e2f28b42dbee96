//! A session of which the log has lost something.

use std::sync::Arc;

use serde_json::Value;
use vws_core::{DisplayName, Session, SessionId};
use vws_server::log::{EventLog, MemoryLog};

use crate::support::TestServer;

#[tokio::test]
async fn store4_a_damaged_session_is_listed_refused_and_deleted() {
    let log = Arc::new(MemoryLog::default());
    let id = SessionId::from_uuid(uuid::Uuid::from_bytes([7; 16]));
    let mut broken = Session::new(id, None, 1_000, 1).snapshot();
    // Not what its digest was made of.
    broken.session.name = Some(DisplayName::new("name", "Atelier").expect("is valid"));
    log.create(broken).await.expect("is taken");
    let server = TestServer::over(log, |_| {}).await;
    let path = format!("/api/sessions/{id}");
    assert_eq!(server.get(&path).await.status, 200, "nobody has looked at it yet");
    let problem = server.get(&format!("{path}/objects")).await.problem(503, "session_damaged");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&id.to_string())), "{problem}");
    for target in [path.clone(), format!("{path}/snapshot"), format!("{path}/world")] {
        server.get(&target).await.problem(503, "session_damaged");
    }
    let host = server.address;
    let handshake = format!(
        "GET {path}/ws HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    server.exchange(handshake).await.problem(503, "session_damaged");
    let listed = server.get("/api/sessions").await.json();
    assert!(listed["sessions"][0]["damaged"].is_string(), "{listed}");
    let stats = server.get("/api/stats").await.json();
    assert!(stats["sessions"][0]["damaged"].is_string(), "{stats}");
    assert_eq!(stats["sessions"][0]["loaded"], false);
    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(server.get("/api/sessions").await.json()["sessions"], Value::Array(Vec::new()));
}
