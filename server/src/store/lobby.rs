//! Which sessions there are, as a stream.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use vws_core::event::{LobbyEvent, LobbyRecord};
use vws_core::{DisplayName, Epoch, Millis, Seq, SessionId, SessionInfo};

/// Lobby events that are kept for those who follow.
const MAX_EVENTS: usize = 4_096;

/// The stream that tells which sessions there are. No content of a session is in it.
#[derive(Debug)]
pub struct Lobby {
    /// Tells this run of the server from another one, whose numbers begin at 1 again.
    epoch: Epoch,
    /// Guards the recent events; held to add one or to copy some out.
    recent: Mutex<VecDeque<Arc<LobbyRecord>>>,
    head: watch::Sender<Seq>,
}

impl Lobby {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self { epoch, recent: Mutex::default(), head: watch::Sender::new(0) }
    }

    pub(super) fn created(&self, session: &SessionInfo) {
        let SessionInfo { session_id, name, created_at, epoch, seq: _, object_count, origin } =
            session.clone();
        let created =
            LobbyEvent::SessionCreated { session_id, name, created_at, epoch, origin, object_count };
        self.add(created_at, created);
    }

    pub(super) fn renamed(&self, session_id: SessionId, name: Option<DisplayName>, at: Millis) {
        self.add(at, LobbyEvent::SessionRenamed { session_id, name });
    }

    pub(super) fn deleted(&self, session_id: SessionId, at: Millis) {
        self.add(at, LobbyEvent::SessionDeleted { session_id });
    }

    fn add(&self, at: Millis, event: LobbyEvent) {
        let mut recent = self.recent.lock();
        let seq = *self.head.borrow() + 1;
        recent.push_back(Arc::new(LobbyRecord { seq, at, event }));
        if recent.len() > MAX_EVENTS {
            recent.pop_front();
        }
        // Told while the lock is held: the head and the events go together.
        self.head.send_replace(seq);
    }

    /// Tells this run of the server from another one.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last event's number.
    #[must_use]
    pub fn head(&self) -> Seq {
        *self.head.borrow()
    }

    /// A place after the event `after`.
    #[must_use]
    pub fn subscribe(&self, after: Seq) -> LobbySubscription<'_> {
        LobbySubscription { lobby: self, seen: after, head: self.head.subscribe() }
    }
}

/// A subscriber's place in the [`Lobby`].
#[derive(Debug)]
pub struct LobbySubscription<'a> {
    lobby: &'a Lobby,
    seen: Seq,
    head: watch::Receiver<Seq>,
}

impl LobbySubscription<'_> {
    /// Resolves when there is an event to take.
    pub async fn ready(&mut self) {
        let seen = self.seen;
        if self.head.wait_for(|head| *head > seen).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The next events in order; `None` when the next one is no longer kept, and then the place goes
    /// on from the last one.
    pub fn take(&mut self) -> Option<Vec<Arc<LobbyRecord>>> {
        let recent = self.lobby.recent.lock();
        let head = *self.head.borrow();
        let oldest = recent.front().map_or(head + 1, |event| event.seq);
        let whole = self.seen + 1 >= oldest && self.seen <= head;
        let events = recent.iter().filter(|event| event.seq > self.seen).cloned().collect();
        self.seen = head;
        whole.then_some(events)
    }
}
