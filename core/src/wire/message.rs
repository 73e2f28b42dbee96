//! The messages of the WebSocket, `vws.v1`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::presence::{Peer, Presence, PresenceDraft};
use super::tagged::{self, Tagged};
use crate::command::Command;
use crate::error::{Faults, Problem, Rejection, RequestError, SessionError};
use crate::event::EventRecord;
use crate::limits::ModelLimits;
use crate::model::{ClientId, Color, DisplayName, Epoch, Millis, Role, Seq, SessionId};
use crate::session::Digest;
use crate::snapshot::SnapshotPart;

/// The protocol version that this crate speaks. Within a version, messages only gain fields.
pub const PROTOCOL: u32 = 1;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Who it is and what it has seen: the first message of a connection, and only that.
    Hello(Hello),
    /// A wish.
    Command(CommandMessage),
    /// What it shows to its peers.
    Presence(PresenceDraft),
    /// A gap or a difference was found: send what follows `after`, or a snapshot.
    Resume {
        /// What it has seen; absent for a snapshot.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<Resume>,
    },
    /// Asks for a pong, to measure the round trip.
    Ping {
        /// Comes back as it is.
        t: f64,
    },
}

impl ClientMessage {
    /// Every tag there is.
    pub const TYPES: &[&str] = &["hello", "command", "presence", "resume", "ping"];
}

/// The first message of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The protocol version that the client speaks: [`PROTOCOL`].
    pub protocol: u64,
    /// Who it is, across reconnects.
    pub client_id: String,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The colour that its peers see it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// What shows its rights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// What it has seen, to get only what it missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Resume>,
}

/// A text that no log shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Who a client is, found valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who it is, across reconnects.
    pub client_id: ClientId,
    /// What it calls itself.
    pub name: Option<DisplayName>,
    /// The colour that its peers see it in.
    pub color: Option<Color>,
}

impl Hello {
    /// # Errors
    /// Every fault at its field, a protocol that is not spoken here included.
    pub fn check(&self) -> Result<Identity, Rejection> {
        let mut faults = Faults::default();
        if self.protocol != u64::from(PROTOCOL) {
            faults.add("/protocol", RequestError::ProtocolUnknown { found: self.protocol, spoken: PROTOCOL });
        }
        let client_id = faults.take("/client_id", ClientId::new(&self.client_id));
        let name = self.name.as_ref().and_then(|v| faults.take("/name", DisplayName::new("name", v)));
        let color = self.color.as_ref().and_then(|v| faults.take("/color", Color::new("color", v)));
        faults.finish(client_id.map(|client_id| Identity { client_id, name, color }))
    }
}

impl Identity {
    /// The peer that this client is to others, showing `presence`.
    #[must_use]
    pub fn peer(&self, presence: Presence) -> Peer {
        Peer { client_id: self.client_id.clone(), name: self.name.clone(), color: self.color, presence }
    }
}

/// How much of a history a client has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Which history.
    pub epoch: Epoch,
    /// The last event that it has.
    pub seq: Seq,
}

/// A wish, numbered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommandMessage {
    /// 1, 2, 3 … for each client id, at most [`SAFE_INTEGER`](crate::limits::SAFE_INTEGER); a retry has the id of
    /// the first try.
    pub id: u64,
    /// The version that the client has seen of what the command is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect_version: Option<Seq>,
    /// The wish.
    pub command: Command,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message of a connection.
    Welcome(Welcome),
    /// A part of the whole state.
    Snapshot(SnapshotPart),
    /// Something happened. One's own command is acknowledged by its events.
    Event(EventRecord),
    /// A command took effect, and no event after this message will say so: it changed nothing, or it
    /// is a retry of one that took effect before.
    Accepted {
        /// The command's id.
        id: u64,
        /// The seq of its last event; of the state that it changed nothing of when it has none.
        seq: Seq,
        /// How many events it has.
        events: u32,
    },
    /// A command was refused and changed nothing; where the problem [leaves it open](Problem::leaves_open) nothing is
    /// known of an earlier try, or of this one.
    Rejected {
        /// The command's id.
        id: u64,
        /// Why.
        problem: Problem,
    },
    /// What peers show now: the newest of each that changed.
    Presence {
        /// Those that came or changed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        peers: Vec<Peer>,
        /// Those that left.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<ClientId>,
    },
    /// A sign of life that proves that both sides hold the same state.
    Heartbeat(Heartbeat),
    /// Answers a ping.
    Pong {
        /// What the ping said.
        t: f64,
    },
    /// What follows is not the next event: a snapshot, or a tail from another place.
    Resync {
        /// Why.
        reason: ResyncReason,
    },
}

impl ServerMessage {
    /// Every tag there is.
    pub const TYPES: &[&str] =
        &["welcome", "snapshot", "event", "accepted", "rejected", "presence", "heartbeat", "pong", "resync"];
}

impl<'de> Deserialize<'de> for ServerMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl Tagged for ServerMessage {
    const WHAT: &'static str = "a message of a server";

    fn of<'de, D: Deserializer<'de>>(tag: &str, fields: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Accepted {
            id: u64,
            seq: Seq,
            events: u32,
        }
        #[derive(Deserialize)]
        struct Rejected {
            id: u64,
            problem: Problem,
        }
        #[derive(Deserialize)]
        struct Present {
            #[serde(default)]
            peers: Vec<Peer>,
            #[serde(default)]
            left: Vec<ClientId>,
        }
        #[derive(Deserialize)]
        struct Pong {
            t: f64,
        }
        #[derive(Deserialize)]
        struct Resync {
            reason: ResyncReason,
        }
        Ok(match tag {
            "welcome" => Self::Welcome(Welcome::deserialize(fields)?),
            "snapshot" => Self::Snapshot(SnapshotPart::deserialize(fields)?),
            "event" => Self::Event(EventRecord::deserialize(fields)?),
            "accepted" => {
                let Accepted { id, seq, events } = Accepted::deserialize(fields)?;
                Self::Accepted { id, seq, events }
            }
            "rejected" => {
                let Rejected { id, problem } = Rejected::deserialize(fields)?;
                Self::Rejected { id, problem }
            }
            "presence" => {
                let Present { peers, left } = Present::deserialize(fields)?;
                Self::Presence { peers, left }
            }
            "heartbeat" => Self::Heartbeat(Heartbeat::deserialize(fields)?),
            "pong" => Self::Pong { t: Pong::deserialize(fields)?.t },
            "resync" => Self::Resync { reason: Resync::deserialize(fields)?.reason },
            other => return Err(de::Error::unknown_variant(other, Self::TYPES)),
        })
    }
}

/// The first message of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The protocol version that the server speaks.
    pub protocol: u32,
    /// The session.
    pub session: SessionId,
    /// The epoch of its history.
    pub epoch: Epoch,
    /// The seq of its last event.
    pub head_seq: Seq,
    /// What follows.
    pub mode: Mode,
    /// Who is there.
    #[serde(default)]
    pub peers: Vec<Peer>,
    /// The bounds in force.
    pub limits: ModelLimits,
    /// What the client may do; absent where the server asks nobody who they are, and all is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
}

/// What a client may do in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// What it is trusted with.
    pub role: Role,
    /// When its token ends; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// Whether it can have tokens for others made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shares: bool,
}

impl Access {
    /// Refuses a change where the role does not allow one: the rule of servers and replicas alike.
    ///
    /// # Errors
    /// [`SessionError::Forbidden`].
    pub fn check_change(self) -> Result<(), SessionError> {
        let needed = Role::Edit;
        if self.role >= needed { Ok(()) } else { Err(SessionError::Forbidden { role: self.role, needed }) }
    }
}

/// What follows a welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every event after the one that the client named.
    Tail,
    /// The whole state, then every event after it.
    Snapshot,
}

/// Proves that both sides hold the same state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The seq of the session's last event.
    pub head_seq: Seq,
    /// The digest of the state at that seq.
    pub digest: Digest,
    /// The server cannot reach the log that it shares with others: what they write is not known here, and nothing can
    /// be changed. Absent where it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// Why a stream goes on from another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResyncReason {
    /// The client fell further behind than the feed reaches back.
    Lagged,
    /// The client asked for it.
    Requested,
}

/// Why a server closes a WebSocket. The frame's reason is the [name](Self::name).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// The server stops or restarts.
    GoingAway,
    /// A message is larger than allowed.
    TooBig,
    /// No hello, a second one, or one that is not valid.
    BadHello,
    /// No token, or one that is not valid.
    Unauthenticated,
    /// The token does not allow it.
    Forbidden,
    /// The session does not exist, or was deleted.
    NoSuchSession,
    /// The client reads too slowly.
    TooSlow,
    /// What was said is not of the protocol.
    ProtocolViolation,
    /// Another connection of the same client id took over.
    Superseded,
    /// More was said than allowed.
    RateLimited,
}

impl CloseCode {
    /// Every code there is.
    pub const ALL: [Self; 10] = [
        Self::GoingAway,
        Self::TooBig,
        Self::BadHello,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NoSuchSession,
        Self::TooSlow,
        Self::ProtocolViolation,
        Self::Superseded,
        Self::RateLimited,
    ];

    /// The number in the close frame (RFC 6455 §7.4; 4000–4999 are an application's own).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::TooBig => 1009,
            Self::BadHello => 4000,
            Self::Unauthenticated => 4001,
            Self::Forbidden => 4003,
            Self::NoSuchSession => 4004,
            Self::TooSlow => 4008,
            Self::ProtocolViolation => 4009,
            Self::Superseded => 4010,
            Self::RateLimited => 4029,
        }
    }

    /// The reason in the close frame.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoingAway => "going_away",
            Self::TooBig => "too_big",
            Self::BadHello => "bad_hello",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NoSuchSession => "no_such_session",
            Self::TooSlow => "too_slow",
            Self::ProtocolViolation => "protocol_violation",
            Self::Superseded => "superseded",
            Self::RateLimited => "rate_limited",
        }
    }

    /// The meaning of a number, if it has one here.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.code() == code)
    }

    /// Whether connecting again, as it was, can help.
    #[must_use]
    pub const fn is_worth_a_retry(self) -> bool {
        match self {
            Self::GoingAway | Self::TooSlow | Self::RateLimited => true,
            Self::TooBig
            | Self::BadHello
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NoSuchSession
            | Self::ProtocolViolation
            | Self::Superseded => false,
        }
    }
}
