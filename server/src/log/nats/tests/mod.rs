//! What the log promises over a NATS server of the test's own, and what several logs on one promise each other.

mod away;
mod cluster;
mod follow;
mod large;
mod several;

use std::sync::Arc;
use std::time::Duration;

use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::{Command, Context, EventRecord, Seq, Session, SessionId, decide};

use super::{NatsLog, Shared};
use crate::log::{Appending, EventLog, LogError, contract};
use crate::nats::{Connection, LocalServer, Options};

/// Nothing here takes as long on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A NATS server and what it keeps.
struct Bed {
    server: LocalServer,
    _folder: tempfile::TempDir,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let server = LocalServer::start(folder.path());
        let server =
            server.expect("nats-server 2.9 or later is on the path: `cargo xtask setup` installs it");
        Self { server, _folder: folder }
    }

    /// One more that has the log open, over a connection of its own.
    async fn log(&self) -> NatsLog {
        let connection = Connection::open(Options::of(&self.server.url())).await.expect("it is there");
        NatsLog::open(connection).await.expect("it is a JetStream")
    }
}

impl Bed {
    /// The same as it is where several servers keep the streams.
    async fn replicated_log(&self) -> NatsLog {
        let log = self.log().await;
        let Shared { connection, layout, .. } = &*log.0;
        NatsLog::over(connection.clone(), layout.clone(), true)
    }
}

/// Whoever writes a session.
struct Scribe {
    session: Session,
}

impl Scribe {
    fn new(number: u8) -> Self {
        let id = SessionId::from_uuid(uuid::Uuid::from_bytes([number; 16]));
        Self { session: Session::new(id, None, 1_000, 7) }
    }

    /// One whose session the log has.
    async fn begin(log: &NatsLog, number: u8) -> Self {
        let scribe = Self::new(number);
        log.create(scribe.session.snapshot()).await.expect("a new session begins");
        scribe
    }

    fn id(&self) -> SessionId {
        self.session.id()
    }

    fn seq(&self) -> Seq {
        self.session.seq()
    }

    /// The event that comes of a command.
    fn event(&mut self, command: &str) -> Arc<EventRecord> {
        let command: Command = serde_json::from_str(command).expect("is a command");
        let seq = self.session.seq() + 1;
        let limits = ModelLimits::default();
        let context = Context { at: 1_000 + seq, limits: &limits, expect_version: None };
        let event = decide(&self.session, &command, &context).expect("is allowed").remove(0);
        let record = EventRecord { seq, at: 1_000 + seq, by: None, subject: None, more: 0, event };
        self.session.apply(&record).expect("is the next");
        Arc::new(record)
    }

    /// The next `count` events, each an object more.
    fn events(&mut self, count: usize) -> Vec<Arc<EventRecord>> {
        (0..count)
            .map(|_| {
                let name = self.session.seq() + 1;
                self.event(&format!(
                    r#"{{"type":"create_object","object":{{"name":"object {name}","type":"cube","x":0.1,"y":-0.2,"z":12}}}}"#
                ))
            })
            .collect()
    }

    /// So many events more in the log, as one batch.
    async fn write(&mut self, log: &NatsLog, count: usize) -> Vec<Arc<EventRecord>> {
        let after = self.seq();
        let events = self.events(count);
        append(log, self.id(), after, &events).await.expect("is taken");
        events
    }
}

async fn append(
    log: &NatsLog,
    session: SessionId,
    after: Seq,
    batch: &[Arc<EventRecord>],
) -> Result<(), LogError> {
    match log.append(session, after, batch) {
        Appending::Done(done) => done,
        Appending::Later(taken) => taken.await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log1_the_nats_log_keeps_the_contract() {
    let bed = Bed::new();
    contract::check(&bed.log().await).await;
    // Another one finds nothing that the first has left.
    contract::check(&bed.log().await).await;
}
