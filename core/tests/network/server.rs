//! The server's side of a session, as small as the protocol allows.

use std::collections::HashMap;

use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::session::Digest;
use vws_core::wire::{
    ClientMessage, CommandMessage, Heartbeat, Mode, PROTOCOL, Resume, ResyncReason, ServerMessage, Welcome,
};
use vws_core::{Author, ClientId, Context, EventRecord, Problem, Seq, Session, SessionId, decide};

pub(crate) const LIMITS: ModelLimits = ModelLimits { objects_per_session: 12, commands_per_batch: 4 };

type Verdict = Result<(Seq, u32), Problem>;

pub(crate) struct Server {
    pub(crate) session: Session,
    pub(crate) log: Vec<EventRecord>,
    /// The digest after each event, the first before any.
    pub(crate) digests: Vec<Digest>,
    pub(crate) receipts: HashMap<Author, Verdict>,
    /// How many of the newest events a tail may reach back.
    pub(crate) reach: usize,
    pub(crate) repeated: u64,
    pub(crate) tails: u64,
    pub(crate) snapshots: u64,
}

impl Server {
    pub(crate) fn new(epoch: u64, reach: usize) -> Self {
        let id: SessionId = "0190b5a0-0000-7000-8000-000000000001".parse().expect("is a session id");
        let session = Session::new(id, None, 5, epoch);
        let digests = vec![session.digest()];
        let (log, receipts) = (Vec::new(), HashMap::new());
        Self { session, log, digests, receipts, reach, repeated: 0, tails: 0, snapshots: 0 }
    }

    /// What a client gets that says hello.
    pub(crate) fn hello(&mut self, after: Option<Resume>) -> Vec<ServerMessage> {
        let tail = self.tail(after);
        let welcome = Welcome {
            protocol: PROTOCOL,
            session: self.session.id(),
            epoch: self.session.epoch(),
            head_seq: self.session.seq(),
            mode: if tail.is_some() { Mode::Tail } else { Mode::Snapshot },
            peers: Vec::new(),
            limits: LIMITS,
            access: None,
        };
        std::iter::once(ServerMessage::Welcome(welcome)).chain(self.go_on(tail)).collect()
    }

    /// What a client gets that asks to go on from somewhere.
    pub(crate) fn resume(&mut self, after: Option<Resume>) -> Vec<ServerMessage> {
        let tail = self.tail(after);
        let resync = ServerMessage::Resync { reason: ResyncReason::Requested };
        std::iter::once(resync).chain(self.go_on(tail)).collect()
    }

    fn tail(&self, after: Option<Resume>) -> Option<Vec<ServerMessage>> {
        let after = after.filter(|after| after.epoch == self.session.epoch())?;
        let seen = usize::try_from(after.seq).ok()?;
        let reached = seen <= self.log.len() && self.log.len() - seen <= self.reach;
        reached.then(|| self.log[seen..].iter().cloned().map(ServerMessage::Event).collect())
    }

    fn go_on(&mut self, tail: Option<Vec<ServerMessage>>) -> Vec<ServerMessage> {
        match tail {
            Some(tail) => {
                self.tails += 1;
                tail
            }
            None => {
                self.snapshots += 1;
                // Cut finer than a real one, so that its parts can be lost and swapped too.
                let mut snapshot = self.session.snapshot();
                let objects = std::mem::take(&mut snapshot.objects);
                let head = snapshot.into_parts().remove(0);
                let chunks: Vec<_> = objects.chunks(3).map(<[_]>::to_vec).collect();
                let parts = chunks.len().max(1) as u32;
                (0..parts)
                    .map(|part| {
                        let mut message = head.clone();
                        message.part = part;
                        message.parts = parts;
                        message.head = message.head.filter(|_| part == 0);
                        message.objects = chunks.get(part as usize).cloned().unwrap_or_default();
                        ServerMessage::Snapshot(message)
                    })
                    .collect()
            }
        }
    }

    pub(crate) fn heartbeat(&self) -> ServerMessage {
        let (head_seq, digest) = (self.session.seq(), self.session.digest());
        ServerMessage::Heartbeat(Heartbeat { head_seq, digest, stale: false })
    }

    /// What everyone gets, and what only the client gets, for one of its messages.
    pub(crate) fn take(
        &mut self,
        client: &ClientId,
        message: ClientMessage,
        at: u64,
    ) -> (Vec<EventRecord>, Vec<ServerMessage>) {
        match message {
            ClientMessage::Hello(_) | ClientMessage::Presence(_) => (Vec::new(), Vec::new()),
            ClientMessage::Ping { t } => (Vec::new(), vec![ServerMessage::Pong { t }]),
            ClientMessage::Resume { after } => (Vec::new(), self.resume(after)),
            ClientMessage::Command(command) => self.command(client, command, at),
        }
    }

    fn command(
        &mut self,
        client: &ClientId,
        message: CommandMessage,
        at: u64,
    ) -> (Vec<EventRecord>, Vec<ServerMessage>) {
        let CommandMessage { id, expect_version, command } = message;
        let author = Author { client_id: client.clone(), command_id: id };
        if let Some(first) = self.receipts.get(&author) {
            self.repeated += 1;
            return (Vec::new(), vec![answer(id, first.clone())]);
        }
        let context = Context { at, limits: &LIMITS, expect_version };
        let verdict = decide(&self.session, &command, &context);
        let events = match verdict {
            Ok(events) => events,
            Err(rejection) => {
                let problem = rejection.to_problem();
                self.receipts.insert(author, Err(problem.clone()));
                return (Vec::new(), vec![ServerMessage::Rejected { id, problem }]);
            }
        };
        let count = events.len() as u32;
        let records: Vec<_> = events
            .into_iter()
            .zip(1..)
            .map(|(event, n)| EventRecord {
                seq: self.session.seq() + u64::from(n),
                at,
                by: Some(author.clone()),
                subject: None,
                more: count - n,
                event,
            })
            .collect();
        for record in &records {
            self.session.apply(record).expect("follows");
            self.log.push(record.clone());
            self.digests.push(self.session.digest());
        }
        self.receipts.insert(author, Ok((self.session.seq(), count)));
        let private = if count == 0 { vec![answer(id, Ok((self.session.seq(), 0)))] } else { Vec::new() };
        (records, private)
    }
}

fn answer(id: u64, verdict: Verdict) -> ServerMessage {
    match verdict {
        Ok((seq, events)) => ServerMessage::Accepted { id, seq, events },
        Err(problem) => ServerMessage::Rejected { id, problem },
    }
}
