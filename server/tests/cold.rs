//! What a session costs that is in the log alone, by the memory of this process.

use std::sync::Arc;

use vws_core::session::Origin;
use vws_core::{DisplayName, EventRecord, Seq, SessionId, SessionInfo, Snapshot};
use vws_server::config::Limits;
use vws_server::log::{Appending, BoxFuture, Checkpoint, EventLog, Hold, Listed, LogError};
use vws_server::store::{SessionStore, StoreConfig};
use vws_server::telemetry::resident_bytes;

const SESSIONS: u128 = 100_000;
const BOUND: u64 = 512;

/// A log that has very many sessions, and tells nothing but that.
struct Crowd;

fn none<T: Send + 'static>() -> BoxFuture<'static, Result<T, LogError>> {
    Box::pin(std::future::ready(Err(LogError::Unavailable("nobody is to ask for it".to_owned()))))
}

impl EventLog for Crowd {
    fn create(&self, _: Snapshot) -> BoxFuture<'_, Result<(), LogError>> {
        none()
    }
    fn append(&self, _: SessionId, _: Seq, _: &[Arc<EventRecord>]) -> Appending {
        Appending::Later(none())
    }
    fn read(&self, _: SessionId, _: Seq, _: usize) -> BoxFuture<'_, Result<Vec<Arc<EventRecord>>, LogError>> {
        none()
    }
    fn save(&self, _: Checkpoint) -> BoxFuture<'_, Result<(), LogError>> {
        none()
    }
    fn checkpoint_at(&self, _: SessionId, _: Seq) -> BoxFuture<'_, Result<Checkpoint, LogError>> {
        none()
    }
    fn trim(&self, _: SessionId, _: Seq) -> BoxFuture<'_, Result<(), LogError>> {
        none()
    }
    fn hold(&self, _: SessionId) -> BoxFuture<'_, Result<Hold, LogError>> {
        none()
    }
    fn delete(&self, _: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        none()
    }
    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, LogError>> {
        let session = |n: u128| {
            let session_id = SessionId::from_uuid(uuid::Uuid::from_u128(n << 20));
            let name = DisplayName::new("name", &format!("The world of number {n:06}")).expect("is valid");
            let origin = Some(Origin { session_id, epoch: 1, seq: 2 });
            let info = SessionInfo {
                session_id,
                name: Some(name),
                created_at: 1,
                epoch: 2,
                seq: 3,
                object_count: 4,
                origin,
            };
            Listed { info, damaged: None }
        };
        Box::pin(async move { Ok((0..SESSIONS).map(session).collect()) })
    }
    fn close(&self) -> BoxFuture<'_, Result<(), LogError>> {
        none()
    }
}

#[tokio::test]
async fn store9_a_cold_session_costs_at_most_512_bytes() {
    let before = resident_bytes().expect("the system tells");
    let config = StoreConfig::from(&Limits::DEFAULT);
    let store = SessionStore::open(Arc::new(Crowd), config, Arc::default()).await.expect("opens");
    let each = resident_bytes().expect("the system tells").saturating_sub(before) / SESSIONS as u64;
    assert_eq!(store.count() as u128, SESSIONS);
    assert!(each <= BOUND, "{each} bytes a session");
}
