//! The mirror of a session that a client holds: in the page, in a program, in a test.
//!
//! [`Replica`] takes the server's messages and tells what to do as [`Effect`] values. It holds the
//! confirmed state, which only the server's events change, and over it the client's own commands that
//! wait for the server's verdict. It never sends, waits or reads a clock.
//!
//! # Layout
//! - this file: the state and what it shows.
//! - `receive`: what each message of the server does.
//! - `submit`: what each wish of the client does.
//! - [`Touched`]: what a change changed, for those who draw.

mod receive;
mod submit;
mod touched;

use std::collections::{BTreeMap, VecDeque};

pub use submit::Submitted;
pub use touched::Touched;

use crate::command::Command;
use crate::error::Problem;
use crate::limits::ModelLimits;
use crate::model::{ClientId, Epoch, Millis, Seq, SessionId};
use crate::reduce::{Changes, Overlay, State};
use crate::session::Session;
use crate::snapshot::SnapshotAssembly;
use crate::wire::{Access, ClientMessage, Hello, PROTOCOL, Peer, Resume, ResyncReason};

/// A mirror of one session.
///
/// Whatever a network does to the messages in between (loses, doubles, delays, reorders, cuts), the
/// confirmed state is at each seq the server's state at that seq, and once messages come through, it
/// gets to the server's head.
#[derive(Debug)]
pub struct Replica {
    client_id: ClientId,
    limits: ModelLimits,
    /// What the server allows; `None` where it asks nobody who they are.
    access: Option<Access>,
    session: Option<SessionId>,
    /// The state that the server has confirmed; `None` before the first snapshot.
    confirmed: Option<Session>,
    /// The commands that wait for the server's verdict, in the order of their ids.
    pending: VecDeque<Pending>,
    /// What the pending commands change over the confirmed state.
    ahead: Changes,
    /// The id of the next command.
    next_id: u64,
    link: Link,
    /// The parts of a snapshot that is on its way.
    assembly: SnapshotAssembly,
    /// The last seq at which a heartbeat showed that both sides hold the same state.
    agreed: Seq,
    /// The server has said that it cannot reach its log.
    stale: bool,
    peers: BTreeMap<ClientId, Peer>,
}

/// What is known of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// There is none, or its welcome has not come: nothing that comes now is to be trusted.
    Down,
    /// Messages of the history `epoch` come in.
    Up {
        epoch: Epoch,
        /// A resume was asked for and not yet answered.
        asked: bool,
        /// The confirmed state is of another history, or has been found different: the next snapshot
        /// replaces it, whatever its seq.
        replace: bool,
        /// The welcome's snapshot is still to come. One that comes later skips events, and with them
        /// perhaps the echoes of our own commands.
        joining: bool,
    },
}

/// A command that waits for the server's verdict.
#[derive(Debug, Clone)]
struct Pending {
    id: u64,
    command: Command,
    expect_version: Option<Seq>,
    /// When it was submitted, by the client's clock: what it shows meanwhile carries this time.
    at: Millis,
    /// Its events that have come: those of a batch come one by one.
    echoed: u32,
    /// It was sent on this connection …
    is_sent: bool,
    /// … and on one before: what became of that try nobody knows yet.
    was_sent: bool,
    /// The server has said that it took effect, with its last event at this seq, which has not come
    /// yet, and with so many events.
    accepted: Option<(Seq, u32)>,
}

/// What a message leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this.
    Send(ClientMessage),
    /// What the replica shows has changed.
    Changed(Touched),
    /// A command took effect.
    Acknowledged {
        /// Its id.
        id: u64,
        /// Its last event, or the state that it changed nothing of.
        seq: Seq,
        /// How many events it has; 0 when all was as it wished.
        events: u32,
    },
    /// A command was refused and rolled back.
    Rejected {
        /// Its id.
        id: u64,
        /// What was wished.
        command: Command,
        /// Why not.
        problem: Problem,
    },
    /// The server no longer knows what became of a command, and does not do it again. Its effect, if it
    /// had one, is in the confirmed state; what showed it before is taken back.
    OutcomeUnknown {
        /// Its id.
        id: u64,
        /// What was wished.
        command: Command,
    },
    /// The server complains about something other than a command.
    Complaint(Problem),
    /// A snapshot is on its way.
    Loading {
        /// Parts that have come.
        parts: u32,
        /// Parts in all.
        of: u32,
    },
    /// The replica holds the state of a snapshot now.
    Loaded {
        /// Its seq.
        seq: Seq,
    },
    /// A heartbeat showed that the replica's state differs; a snapshot has been asked for.
    Diverged {
        /// The last seq at which both sides agreed.
        agreed: Seq,
        /// The seq at which they differ: the first difference lies in between.
        found: Seq,
    },
    /// The stream goes on from another place.
    Resyncing(ResyncReason),
    /// A heartbeat showed that both sides hold the same state.
    Agreed {
        /// At which seq.
        seq: Seq,
    },
    /// Whether the server cannot reach the log that it shares with others has changed: while it cannot, the state may be
    /// older than elsewhere, and nothing can be changed.
    Stale(bool),
    /// The peers or what they show changed.
    PeersChanged,
    /// A ping came back.
    Pong {
        /// What it said.
        t: f64,
    },
    /// What came cannot be used; connect anew.
    Unusable {
        /// Why.
        detail: String,
    },
}

/// What a replica shows: the confirmed state with the pending commands over it.
pub type View<'a> = Overlay<'a, Session, &'a Changes>;

impl Replica {
    /// A mirror that holds nothing yet. `client_id` names this client across its reconnects; its
    /// commands are numbered from 1, so each run of a program takes a new one.
    #[must_use]
    pub fn new(client_id: ClientId) -> Self {
        Self {
            client_id,
            limits: ModelLimits::default(),
            access: None,
            session: None,
            confirmed: None,
            pending: VecDeque::new(),
            ahead: Changes::default(),
            next_id: 1,
            link: Link::Down,
            assembly: SnapshotAssembly::default(),
            agreed: 0,
            stale: false,
            peers: BTreeMap::new(),
        }
    }

    /// Who this client is.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// The bounds that the server told.
    #[must_use]
    pub const fn limits(&self) -> &ModelLimits {
        &self.limits
    }

    /// What the server allows this client; `None` where it asks nobody who they are, or before its welcome.
    #[must_use]
    pub const fn access(&self) -> Option<Access> {
        self.access
    }

    /// The session, once the server has told it.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        self.session
    }

    /// The state that the server has confirmed; `None` before the first snapshot.
    #[must_use]
    pub const fn confirmed(&self) -> Option<&Session> {
        self.confirmed.as_ref()
    }

    /// What to show: the confirmed state with the pending commands over it.
    #[must_use]
    pub fn view(&self) -> Option<View<'_>> {
        self.confirmed.as_ref().map(|confirmed| Overlay::of(confirmed, &self.ahead))
    }

    /// What the pending commands change.
    #[must_use]
    pub const fn ahead(&self) -> &Changes {
        &self.ahead
    }

    /// How many commands wait for the server's verdict.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether messages come in and the state is the server's.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.link, Link::Up { asked: false, replace: false, .. }) && self.confirmed.is_some()
    }

    /// Whether the server has said that it cannot reach the log that it shares with others.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// The other clients and what they show.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = &Peer> {
        self.peers.values()
    }

    /// The first message of a new connection: who this is and what it has. Name and colour are what
    /// peers are shown.
    #[must_use]
    pub fn hello(&self, name: Option<String>, color: Option<String>) -> Hello {
        Hello {
            protocol: u64::from(PROTOCOL),
            client_id: self.client_id.as_str().to_owned(),
            name,
            color,
            token: None,
            after: self.position(),
        }
    }

    /// What the replica has, as far as it can be trusted.
    fn position(&self) -> Option<Resume> {
        if matches!(self.link, Link::Up { replace: true, .. }) {
            return None;
        }
        self.confirmed.as_ref().map(|confirmed| Resume { epoch: confirmed.epoch(), seq: confirmed.seq() })
    }

    /// The connection is gone. What comes before the welcome of the next one is of the old one, and
    /// is passed over.
    pub fn disconnected(&mut self) {
        // What was found different stays so: the next hello must not build on it.
        if matches!(self.link, Link::Up { replace: true, .. }) {
            self.confirmed = None;
            self.ahead = Changes::default();
        }
        self.link = Link::Down;
        self.stale = false;
        self.assembly = SnapshotAssembly::default();
        self.peers.clear();
    }
}
