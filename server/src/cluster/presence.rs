//! Who is in a session at other nodes.
//!
//! A node that has clients in a session has a *room* for it: a task that tells the other nodes what its own clients
//! show, hears what theirs do, and compares what both have of the session. A session without clients here costs nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tracing::{Instrument, debug, debug_span, error};
use vws_core::reduce::State;
use vws_core::{ClientId, Session, SessionId};

use super::Cluster;
use super::bus::Messages;
use super::message::{Message, Proof, What, subject};
use crate::feed::{News, NodeId};
use crate::store::LiveSession;

/// The clients of a session here are told of at most so often.
const NEWS_EVERY: Duration = Duration::from_millis(66);
/// About how many bytes of clients are in one message: half a mebibyte a second for the others of one session.
const NEWS_BYTES: usize = 32 * 1024;
/// A node says so often that it is there.
const BEAT_EVERY: Duration = Duration::from_secs(5);
/// Who has said nothing for so long is not there.
const SILENT_AFTER: Duration = Duration::from_secs(15);
/// A room is kept for so long after its last client has left.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// How long a bus that cannot be listened to is left alone.
const AGAIN: Duration = Duration::from_millis(500);

/// The rooms of a node.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    /// Guards the set; held for one look-up.
    open: Mutex<HashMap<SessionId, Arc<Room>>>,
}

/// One session's.
#[derive(Debug)]
struct Room {
    live: Arc<LiveSession>,
    /// Clients here.
    clients: AtomicUsize,
    /// The last one has left.
    empty: Notify,
}

/// A client's being in a room. It leaves when this is dropped.
#[derive(Debug)]
pub struct Inside(Arc<Room>);

impl Drop for Inside {
    fn drop(&mut self) {
        if self.0.clients.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.empty.notify_one();
        }
    }
}

impl Cluster {
    /// Has a client that is about to take a seat be shown to other nodes, and they to it, for as long as the answer is
    /// held.
    pub fn enter(self: &Arc<Self>, live: &Arc<LiveSession>) -> Inside {
        let mut rooms = self.rooms.open.lock();
        if let Some(room) = rooms.get(&live.id()).filter(|room| Arc::ptr_eq(&room.live, live)) {
            room.clients.fetch_add(1, Ordering::AcqRel);
            return Inside(Arc::clone(room));
        }
        let room =
            Arc::new(Room { live: Arc::clone(live), clients: AtomicUsize::new(1), empty: Notify::new() });
        // Another one of the same session is of a state that was let go of, and ends with its clients.
        rooms.insert(live.id(), Arc::clone(&room));
        drop(rooms);
        live.peers().open(self.node);
        let span = debug_span!("room", session.id = %live.id());
        let (cluster, served) = (Arc::clone(self), Arc::clone(&room));
        tokio::spawn(async move { Served::new(cluster, served).run().await }.instrument(span));
        Inside(room)
    }

    /// Tells the others that no client is here any more, as this process is about to end.
    pub fn say_goodbye(&self) {
        for session in self.rooms.open.lock().keys() {
            let message = Message { node: self.node, what: What::Leaves };
            self.bus.publish(&subject(*session), message.encode());
        }
    }

    /// How many sessions have clients here, or had some a moment ago.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.open.lock().len()
    }

    /// Lets go of a room, of one that is still used only where nobody is in it.
    fn leave(&self, room: &Arc<Room>) -> Left {
        let mut rooms = self.rooms.open.lock();
        let is_over = room.live.is_ended();
        if !is_over && room.clients.load(Ordering::Acquire) > 0 {
            return Left::Not;
        }
        let id = room.live.id();
        if !rooms.get(&id).is_some_and(|open| Arc::ptr_eq(open, room)) {
            return Left::ToAnother;
        }
        rooms.remove(&id);
        // Under the lock: whoever opens it again does so after.
        room.live.peers().close();
        Left::Empty
    }
}

/// What became of a room that was to be let go of.
enum Left {
    /// Somebody has come back.
    Not,
    /// The session has no clients here.
    Empty,
    /// The session was loaded anew, and has another room.
    ToAnother,
}

/// Resolves at that time; never where there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// A room's task.
struct Served {
    cluster: Arc<Cluster>,
    room: Arc<Room>,
    subject: String,
    /// When each other node was last heard.
    heard: HashMap<NodeId, Instant>,
    /// Where the next page of all clients begins.
    page_after: Option<ClientId>,
    /// Somebody has asked who is there.
    asked: bool,
    /// The session was found to be another one elsewhere.
    diverged: bool,
}

impl Served {
    fn new(cluster: Arc<Cluster>, room: Arc<Room>) -> Self {
        let subject = subject(room.live.id());
        Self { cluster, room, subject, heard: HashMap::new(), page_after: None, asked: true, diverged: false }
    }

    async fn run(mut self) {
        let mut messages = self.listen().await;
        self.tell(What::Asks);
        let mut changes = self.room.live.peers().changes();
        let mut reach: watch::Receiver<bool> = self.cluster.bus.reach();
        let mut beat = interval_at(Instant::now() + BEAT_EVERY, BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // All of them, once.
        let (mut told_at, mut news_at) = (Instant::now(), Some(Instant::now()));
        let (mut ended, mut over_at) = (false, None);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => {
                        self.hear(&message);
                        if self.asked {
                            news_at.get_or_insert(told_at + NEWS_EVERY);
                        }
                    }
                    None => messages = self.listen().await,
                },
                _ = changes.changed(), if news_at.is_none() => news_at = Some(told_at + NEWS_EVERY),
                () = at(news_at) => {
                    told_at = Instant::now();
                    news_at = self.tell_news().then_some(told_at + NEWS_EVERY);
                }
                _ = beat.tick() => {
                    self.forget_the_silent();
                    self.beat();
                }
                changed = reach.changed() => if changed.is_ok() && *reach.borrow_and_update() {
                    // Whatever was told meanwhile was not heard, here or there.
                    self.asked = true;
                    self.tell(What::Asks);
                    news_at.get_or_insert(told_at + NEWS_EVERY);
                },
                () = self.room.empty.notified() => over_at = Some(Instant::now() + KEPT_FOR),
                () = self.room.live.ended(), if !ended => (ended, over_at) = (true, Some(Instant::now())),
                () = at(over_at) => match self.cluster.leave(&self.room) {
                    Left::Not => over_at = None,
                    Left::ToAnother => return,
                    Left::Empty => return self.tell(What::Leaves),
                },
            }
        }
    }

    async fn listen(&self) -> Messages {
        loop {
            match self.cluster.bus.subscribe(&self.subject).await {
                Ok(messages) => return messages,
                Err(failed) => debug!(error = %failed, "the room cannot be listened to"),
            }
            sleep(AGAIN).await;
        }
    }

    fn tell(&self, what: What) {
        let message = Message { node: self.cluster.node, what };
        self.cluster.bus.publish(&self.subject, message.encode());
    }

    /// Tells what is new, or everything where somebody has asked. Answers whether there is more.
    fn tell_news(&mut self) -> bool {
        if std::mem::take(&mut self.asked) {
            loop {
                self.beat();
                if self.page_after.is_none() {
                    break;
                }
            }
        }
        self.tell_of_changes()
    }

    fn tell_of_changes(&self) -> bool {
        let News { seats, left, more } = self.room.live.peers().news(NEWS_BYTES);
        if !seats.is_empty() || !left.is_empty() {
            self.tell(What::News { seats, left });
        }
        more
    }

    /// Says what is here of the session, and which clients: all of them, or the next ones of many.
    fn beat(&mut self) {
        let page = self.room.live.peers().page(self.page_after.take(), NEWS_BYTES);
        self.page_after.clone_from(&page.through);
        self.tell(What::Beat { proof: self.proof(), page });
    }

    fn proof(&self) -> Proof {
        self.room.live.read(|session| Proof {
            epoch: session.epoch(),
            seq: session.seq(),
            digest: Session::digest(session),
        })
    }

    fn hear(&mut self, message: &Bytes) {
        let Some(Message { node, what }) = Message::decode(message) else {
            debug!("a message of another node cannot be read");
            return;
        };
        if node == self.cluster.node {
            return;
        }
        self.heard.insert(node, Instant::now());
        let peers = self.room.live.peers();
        match what {
            What::News { seats, left } => peers.take_news(node, seats, &left),
            What::Beat { proof, page } => {
                peers.take_page(node, page);
                self.compare(node, proof);
            }
            What::Asks => self.asked = true,
            What::Leaves => {
                self.heard.remove(&node);
                peers.forget(node);
            }
        }
    }

    /// Two nodes that have come equally far must have come to the same. Where they have not, what is here is let go of,
    /// and so it is there: the log says what it is.
    fn compare(&mut self, node: NodeId, theirs: Proof) {
        let ours = self.proof();
        if (ours.epoch, ours.seq) != (theirs.epoch, theirs.seq) {
            return;
        }
        if ours.digest == theirs.digest {
            self.diverged = false;
        } else if !std::mem::replace(&mut self.diverged, true) {
            let (ours_digest, theirs_digest) = (String::from(ours.digest), String::from(theirs.digest));
            error!(
                seq = ours.seq, ours = ours_digest, theirs = theirs_digest, %node,
                "two nodes have come to different states of a session; it is loaded anew"
            );
            self.cluster.counted.diverged.inc();
            // They do the same as soon as they hear it.
            self.beat();
            self.room.live.retire("another node has come to a different state");
        }
    }

    fn forget_the_silent(&mut self) {
        let now = Instant::now();
        let peers = self.room.live.peers();
        self.heard.retain(|node, heard| {
            let is_there = now.saturating_duration_since(*heard) < SILENT_AFTER;
            if !is_there {
                debug!(%node, "nothing is heard of a node any more");
                peers.forget(*node);
            }
            is_there
        });
    }
}
