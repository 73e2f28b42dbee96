//! The replica, message by message.
//!
//! # Layout
//! - this file: a server and a replica of it, and what is said between them.
//! - `states`: what becomes of what the server says.
//! - `commands`: what becomes of what the client wishes.

mod commands;
mod states;

use serde_json::{Value, json};
use vws_core::limits::{ModelLimits, PENDING_COMMANDS};
use vws_core::model::Role;
use vws_core::reduce::State;
use vws_core::replica::{Effect, Replica, Submitted, Touched};
use vws_core::snapshot::SnapshotPart;
use vws_core::wire::{
    Access, ClientMessage, Heartbeat, Mode, PROTOCOL, Peer, Presence, Resume, ResyncReason, ServerMessage,
    Welcome,
};
use vws_core::{Author, ClientId, EventRecord, Problem, Rejection, Session};

use super::given::{Given, NOW, batch, canonical, patch, plain, session_id};

fn me() -> ClientId {
    ClientId::new("me").expect("is a client id")
}

fn welcome(session: &Session, mode: Mode) -> ServerMessage {
    ServerMessage::Welcome(Welcome {
        protocol: PROTOCOL,
        session: session_id(),
        epoch: session.epoch(),
        head_seq: session.seq(),
        mode,
        peers: Vec::new(),
        limits: ModelLimits { objects_per_session: 5, commands_per_batch: 9 },
        access: None,
    })
}

fn parts(session: &Session) -> Vec<ServerMessage> {
    session.snapshot().into_parts().into_iter().map(ServerMessage::Snapshot).collect()
}

fn beat(session: &Session) -> ServerMessage {
    ServerMessage::Heartbeat(Heartbeat { head_seq: session.seq(), digest: session.digest(), stale: false })
}

fn lie(session: &Session) -> ServerMessage {
    let digest = "0123456789abcdef".parse().expect("is a digest");
    ServerMessage::Heartbeat(Heartbeat { head_seq: session.seq(), digest, stale: false })
}

/// What is told as changed.
fn touched(effects: &[Effect]) -> Touched {
    let touched = effects.iter().find_map(|effect| match effect {
        Effect::Changed(touched) => Some(touched.clone()),
        _ => None,
    });
    touched.expect("something changed")
}

fn problem() -> Problem {
    Problem { code: "object_exists".to_owned(), detail: "no".to_owned(), errors: Vec::new() }
}

fn command(value: &Value) -> vws_core::Command {
    serde_json::from_value(value.clone()).expect("is a command")
}

/// A server's session and a replica of it that is live.
struct Pair {
    server: Given,
    replica: Replica,
}

impl Pair {
    fn live(commands: &[Value]) -> Self {
        let server = Given::after(commands);
        let mut replica = Replica::new(me());
        replica.receive([welcome(&server.session, Mode::Snapshot)]);
        replica.receive(parts(&server.session));
        assert!(replica.is_live());
        Self { server, replica }
    }

    /// The server does a command of `by` (ours or another's), and this is what it broadcasts.
    fn done(&mut self, value: &Value, by: Option<(&str, u64)>) -> Vec<ServerMessage> {
        let author = by.map(|(client, command_id)| Author {
            client_id: ClientId::new(client).expect("is a client id"),
            command_id,
        });
        let records = self.server.decide(value).expect("is taken");
        let records: Vec<_> =
            records.into_iter().map(|record| EventRecord { by: author.clone(), ..record }).collect();
        for record in &records {
            self.server.session.apply(record).expect("is the next");
        }
        self.server.now += 1;
        records.into_iter().map(ServerMessage::Event).collect()
    }

    fn submit(&mut self, value: &Value) -> Result<Submitted, Rejection> {
        self.replica.submit(command(value), None, NOW + 500)
    }

    fn hear(&mut self, messages: impl IntoIterator<Item = ServerMessage>) -> Vec<Effect> {
        self.replica.receive(messages)
    }

    fn confirmed(&self) -> &Session {
        self.replica.confirmed().expect("was loaded")
    }

    fn shows(&self, name: &str) -> bool {
        self.replica.view().is_some_and(|view| view.object(name).is_some())
    }

    fn check_equal(&self) {
        assert_eq!(canonical(self.confirmed()), canonical(&self.server.session));
    }
}

fn sent(effects: &[Effect]) -> Vec<ClientMessage> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(message) => Some(message.clone()),
        _ => None,
    });
    sent.collect()
}

fn sent_ids(effects: &[Effect]) -> Vec<u64> {
    let ids = sent(effects).into_iter().filter_map(|message| match message {
        ClientMessage::Command(command) => Some(command.id),
        _ => None,
    });
    ids.collect()
}

fn resumes(effects: &[Effect]) -> Vec<Option<Resume>> {
    let resumes = sent(effects).into_iter().filter_map(|message| match message {
        ClientMessage::Resume { after } => Some(after),
        _ => None,
    });
    resumes.collect()
}

fn verdicts(effects: &[Effect]) -> Vec<(u64, bool)> {
    let verdicts = effects.iter().filter_map(|effect| match effect {
        Effect::Acknowledged { id, .. } => Some((*id, true)),
        Effect::Rejected { id, .. } => Some((*id, false)),
        _ => None,
    });
    verdicts.collect()
}
