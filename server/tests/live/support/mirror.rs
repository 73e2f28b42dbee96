//! A copy of a session's state that is made of what a subscriber is sent, and of nothing else.

use vws_core::reduce::State;
use vws_core::snapshot::SnapshotAssembly;
use vws_core::wire::{Resume, ServerMessage, canonical_json};
use vws_core::{EventRecord, Seq, Session};

/// A copy of a session's state. It panics at the first event that is not the next one, and at the
/// first digest that is not its own.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    session: Option<Session>,
    assembly: SnapshotAssembly,
    pub(crate) resyncs: usize,
    pub(crate) snapshots: usize,
    pub(crate) heartbeats: usize,
    pub(crate) events: Vec<EventRecord>,
}

impl Mirror {
    /// A copy that has what `session` has.
    pub(crate) fn of(session: Session) -> Self {
        Self { session: Some(session), ..Self::default() }
    }

    pub(crate) fn take(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Snapshot(part) => {
                if let Some(snapshot) = self.assembly.receive(part.clone()) {
                    self.snapshots += 1;
                    self.session = Some(snapshot.restore().expect("the snapshot is whole"));
                }
            }
            ServerMessage::Event(record) => self.apply(record.clone()),
            ServerMessage::Heartbeat(beat) => {
                self.heartbeats += 1;
                assert_eq!(beat.head_seq, self.seq(), "a heartbeat is of the state that was told before it");
                assert_eq!(beat.digest, self.session().digest(), "the digest at {}", beat.head_seq);
            }
            ServerMessage::Resync { .. } => {
                self.resyncs += 1;
                self.assembly = SnapshotAssembly::default();
            }
            ServerMessage::Welcome(_)
            | ServerMessage::Accepted { .. }
            | ServerMessage::Rejected { .. }
            | ServerMessage::Presence { .. }
            | ServerMessage::Pong { .. } => {}
        }
    }

    pub(crate) fn apply(&mut self, record: EventRecord) {
        let session = self.session.as_mut().expect("a snapshot comes before the first event");
        session.apply(&record).expect("no gap, no duplicate, no other order");
        self.events.push(record);
    }

    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().expect("it has had a snapshot")
    }

    pub(crate) fn seq(&self) -> Seq {
        self.session.as_ref().map_or(0, State::seq)
    }

    pub(crate) fn position(&self) -> Resume {
        Resume { epoch: self.session().epoch(), seq: self.seq() }
    }

    /// The canonical bytes of the whole state.
    pub(crate) fn bytes(&self) -> String {
        String::from_utf8(canonical_json(&self.session().snapshot())).expect("JSON is text")
    }

    /// Asserts that the copy is the state, byte for byte.
    #[track_caller]
    pub(crate) fn assert_equals(&self, live: &vws_server::store::LiveSession) {
        let stored = canonical_json(&live.read(Session::snapshot));
        assert_eq!(self.bytes(), String::from_utf8(stored).expect("JSON is text"));
    }
}
