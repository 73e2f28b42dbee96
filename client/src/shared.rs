//! The replica, and who waits for what.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tracing::{debug, info, warn};
use vws_core::command::Command;
use vws_core::limits::PENDING_COMMANDS;
use vws_core::reduce::State;
use vws_core::replica::{Effect, Touched};
use vws_core::wire::{ClientMessage, Hello, ServerMessage};
use vws_core::{Millis, Replica, Seq};

use crate::{Options, Status, SubmitError};

/// Changes that a slow reader of [`Client::changes`](crate::Client::changes) may be behind.
const CHANGES: usize = 1_024;

/// A command that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Its id among those of this client.
    pub id: u64,
    /// Its last event; of the state that it changed nothing of when it has none.
    pub seq: Seq,
    /// How many events it has; 0 when all was already as it wished.
    pub events: u32,
}

type Verdict = Result<Ack, SubmitError>;

/// What the program and the connection's task share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Guards the mirror and those who wait, so that the order of ids is that of sending. No await
    /// inside.
    inner: Mutex<Inner>,
    outbox: mpsc::Sender<ClientMessage>,
    status: watch::Sender<Status>,
    seq: watch::Sender<Seq>,
    changes: broadcast::Sender<Arc<Touched>>,
    closing: watch::Sender<bool>,
}

#[derive(Debug)]
struct Inner {
    replica: Replica,
    /// At most one for each pending command, and these are bounded.
    waiting: HashMap<u64, oneshot::Sender<Verdict>>,
}

/// The machine's time.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl Shared {
    pub(crate) fn new(options: &Options) -> (Self, mpsc::Receiver<ClientMessage>) {
        // Room for every pending command and what else is said meanwhile.
        let (outbox, sent) = mpsc::channel(2 * PENDING_COMMANDS);
        let inner = Inner { replica: Replica::new(options.client_id.clone()), waiting: HashMap::new() };
        let shared = Self {
            inner: Mutex::new(inner),
            outbox,
            status: watch::Sender::new(Status::Connecting),
            seq: watch::Sender::new(0),
            changes: broadcast::Sender::new(CHANGES),
            closing: watch::Sender::new(false),
        };
        (shared, sent)
    }

    pub(crate) fn replica<T>(&self, look: impl FnOnce(&Replica) -> T) -> T {
        look(&self.inner.lock().replica)
    }

    pub(crate) fn submit(
        &self,
        command: Command,
        expect_version: Option<Seq>,
    ) -> Result<oneshot::Receiver<Verdict>, SubmitError> {
        let mut inner = self.inner.lock();
        if *self.closing.borrow() || matches!(*self.status.borrow(), Status::Closed(_)) {
            return Err(SubmitError::Closed);
        }
        let submitted = inner.replica.submit(command, expect_version, now())?;
        let (tell, verdict) = oneshot::channel();
        inner.waiting.insert(submitted.id, tell);
        // What finds no room is sent after the next welcome, as what is under way when a connection
        // ends.
        self.send(submitted.message);
        drop(inner);
        self.changed(submitted.touched);
        Ok(verdict)
    }

    pub(crate) fn send(&self, message: ClientMessage) {
        if self.outbox.try_send(message).is_err() {
            debug!("a message was not sent: there is no room");
        }
    }

    fn changed(&self, touched: Touched) {
        if !touched.is_empty() {
            // Nobody may be listening.
            let _ = self.changes.send(Arc::new(touched));
        }
    }

    /// Takes the server's messages in and answers what is to be sent now. A welcome makes what waits
    /// in `outbox` outdated: commands are sent anew, the rest was about a former moment.
    pub(crate) fn receive(
        &self,
        message: ServerMessage,
        outbox: &mut mpsc::Receiver<ClientMessage>,
    ) -> Result<Vec<ClientMessage>, String> {
        let welcome = matches!(message, ServerMessage::Welcome(_));
        let mut inner = self.inner.lock();
        if welcome {
            while outbox.try_recv().is_ok() {}
        }
        let mut send = Vec::new();
        for effect in inner.replica.receive([message]) {
            match effect {
                Effect::Send(message) => send.push(message),
                Effect::Changed(touched) => self.changed(touched),
                Effect::Acknowledged { id, seq, events } => inner.tell(id, Ok(Ack { id, seq, events })),
                Effect::Rejected { id, problem, .. } => inner.tell(id, Err(SubmitError::Rejected(problem))),
                Effect::OutcomeUnknown { id, .. } => inner.tell(id, Err(SubmitError::OutcomeUnknown)),
                Effect::Complaint(problem) => {
                    warn!(code = problem.code, detail = problem.detail, "the server complains")
                }
                Effect::Diverged { agreed, found } => {
                    warn!(agreed, found, "the mirror differs; it is loaded anew")
                }
                Effect::Unusable { detail } => return Err(detail),
                Effect::Stale(true) => warn!("the server cannot reach its log: nothing can be changed"),
                Effect::Stale(false) => info!("the server reaches its log again"),
                Effect::Loading { .. }
                | Effect::Loaded { .. }
                | Effect::Resyncing(_)
                | Effect::Agreed { .. }
                | Effect::PeersChanged
                | Effect::Pong { .. } => {}
            }
        }
        let seq = inner.replica.confirmed().map_or(0, |session| session.seq());
        if inner.replica.is_live() {
            self.set_status(Status::Live);
        }
        drop(inner);
        self.seq.send_if_modified(|known| std::mem::replace(known, seq) != seq);
        Ok(send)
    }

    /// The first message of a new connection.
    pub(crate) fn hello(&self, options: &Options) -> ClientMessage {
        self.replica(|replica| {
            let hello = replica.hello(options.name.clone(), options.color.clone());
            ClientMessage::Hello(Hello { token: options.token.clone(), ..hello })
        })
    }

    /// Whether the mirror follows the session now.
    pub(crate) fn is_live(&self) -> bool {
        self.replica(Replica::is_live)
    }

    pub(crate) fn disconnected(&self) {
        self.inner.lock().replica.disconnected();
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.status.send_if_modified(|known| {
            let changed = *known != status;
            *known = status;
            changed
        });
    }

    /// The end for good: nobody waits any longer.
    pub(crate) fn closed(&self, reason: String) {
        let mut inner = self.inner.lock();
        inner.replica.disconnected();
        inner.waiting.clear();
        self.set_status(Status::Closed(reason));
    }

    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(crate) async fn closing(&self) {
        // The sender lives as long as this does.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    pub(crate) fn seq(&self) -> watch::Receiver<Seq> {
        self.seq.subscribe()
    }

    pub(crate) fn changes(&self) -> broadcast::Receiver<Arc<Touched>> {
        self.changes.subscribe()
    }
}

impl Inner {
    fn tell(&mut self, id: u64, verdict: Verdict) {
        if let Some(waiting) = self.waiting.remove(&id) {
            // Whoever submitted it may have stopped waiting.
            let _ = waiting.send(verdict);
        }
    }
}
