//! What each message of the server does.

use super::{Effect, Link, Replica, Touched};
use crate::event::EventRecord;
use crate::model::Seq;
use crate::reduce::State;
use crate::snapshot::{SnapshotAssembly, SnapshotPart};
use crate::wire::{ClientMessage, Heartbeat, Mode, Resume, ServerMessage, Welcome};

/// What a run of messages leads to, gathered.
#[derive(Default)]
struct Gathered {
    effects: Vec<Effect>,
    touched: Touched,
    /// The confirmed state or the pending commands have changed.
    replay: bool,
}

impl Replica {
    /// Takes messages of the server in, in the order that they came, and tells what they lead to. A
    /// caller that has several at once gives them at once: what is pending is played anew only once.
    pub fn receive(&mut self, messages: impl IntoIterator<Item = ServerMessage>) -> Vec<Effect> {
        let mut gathered = Gathered::default();
        for message in messages {
            self.take(message, &mut gathered);
        }
        let Gathered { mut effects, mut touched, replay } = gathered;
        if replay {
            self.replay(&mut touched);
        }
        if !touched.is_empty() {
            effects.push(Effect::Changed(touched));
        }
        effects
    }

    fn take(&mut self, message: ServerMessage, out: &mut Gathered) {
        if let ServerMessage::Welcome(welcome) = message {
            self.welcome(welcome, out);
            return;
        }
        if self.link == Link::Down {
            return;
        }
        match message {
            ServerMessage::Welcome(_) => {}
            ServerMessage::Snapshot(part) => self.part(part, out),
            ServerMessage::Event(record) => self.event(&record, out),
            ServerMessage::Accepted { id, seq, events } => self.accepted(id, seq, events, out),
            ServerMessage::Rejected { id: 0, problem } => out.effects.push(Effect::Complaint(problem)),
            ServerMessage::Rejected { id, problem } => {
                if let Some(at) = self.pending.iter().position(|pending| pending.id == id)
                    && let Some(pending) = self.pending.remove(at)
                {
                    out.replay = true;
                    out.effects.push(Effect::Rejected { id, command: pending.command, problem });
                }
            }
            ServerMessage::Presence { peers, left } => {
                for client_id in left {
                    self.peers.remove(&client_id);
                }
                for peer in peers {
                    self.peers.insert(peer.client_id.clone(), peer);
                }
                out.effects.push(Effect::PeersChanged);
            }
            ServerMessage::Heartbeat(heartbeat) => self.heartbeat(heartbeat, out),
            ServerMessage::Pong { t } => out.effects.push(Effect::Pong { t }),
            ServerMessage::Resync { reason } => {
                self.assembly = SnapshotAssembly::default();
                if let Link::Up { asked, .. } = &mut self.link {
                    *asked = false;
                }
                out.effects.push(Effect::Resyncing(reason));
            }
        }
    }

    fn welcome(&mut self, welcome: Welcome, out: &mut Gathered) {
        let Welcome { session, epoch, mode, peers, limits, .. } = welcome;
        self.limits = limits;
        self.session = Some(session);
        self.assembly = SnapshotAssembly::default();
        self.peers = peers.into_iter().map(|peer| (peer.client_id.clone(), peer)).collect();
        out.effects.push(Effect::PeersChanged);
        let same = self.confirmed.as_ref().is_some_and(|s| s.epoch() == epoch && s.id() == session);
        self.link = Link::Up { epoch, asked: false, replace: !same };
        if !same {
            // A seq of another history says nothing about this one.
            self.pending.iter_mut().for_each(|pending| pending.accepted = None);
        }
        if mode == Mode::Tail && !same {
            // The welcome answers a hello that is not ours any more.
            self.ask(None, out);
        }
        out.effects.extend(self.pending.iter().map(|pending| Effect::Send(pending.message())));
    }

    fn event(&mut self, record: &EventRecord, out: &mut Gathered) {
        let (Some(confirmed), Link::Up { replace: false, .. }) = (&mut self.confirmed, self.link) else {
            return;
        };
        if confirmed.apply(record).is_err() {
            // What is behind came before. What is ahead shows that something in between is missing.
            if record.seq > confirmed.seq() {
                self.ask_once(out);
            }
            return;
        }
        out.touched.event(&record.event);
        out.replay |= !self.pending.is_empty();
        if let Some(author) = &record.by
            && record.more == 0
            && author.client_id == self.client_id
        {
            self.acknowledge(author.command_id, record.seq, None, out);
        }
        self.acknowledge_up_to(record.seq, out);
    }

    /// A command of ours took effect, with its last event at `seq`.
    fn acknowledge(&mut self, id: u64, seq: Seq, events: Option<u32>, out: &mut Gathered) {
        if let Some(at) = self.pending.iter().position(|pending| pending.id == id) {
            let pending = self.pending.remove(at);
            let told = pending.and_then(|pending| pending.accepted).map(|(_, events)| events);
            let events = events.or(told).unwrap_or(1);
            out.replay = true;
            out.effects.push(Effect::Acknowledged { id, seq, events });
        }
    }

    /// Commands whose last event the confirmed state holds by now.
    fn acknowledge_up_to(&mut self, seq: Seq, out: &mut Gathered) {
        while let Some((id, at, events)) = self.pending.iter().find_map(|pending| {
            pending.accepted.filter(|(at, _)| *at <= seq).map(|(at, events)| (pending.id, at, events))
        }) {
            self.acknowledge(id, at, Some(events), out);
        }
    }

    fn accepted(&mut self, id: u64, seq: Seq, events: u32, out: &mut Gathered) {
        let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == id) else { return };
        pending.accepted = Some((seq, events));
        if let Some(confirmed) = &self.confirmed {
            let seen = confirmed.seq();
            self.acknowledge_up_to(seen, out);
        }
    }

    fn part(&mut self, part: SnapshotPart, out: &mut Gathered) {
        let loaded = self.assembly.receive(part);
        let (parts, of) = self.assembly.progress();
        if of > 1 {
            out.effects.push(Effect::Loading { parts, of });
        }
        let Some(snapshot) = loaded else { return };
        let Link::Up { epoch, replace, .. } = self.link else { return };
        let behind = self.confirmed.as_ref().is_some_and(|s| s.seq() >= snapshot.session.seq);
        if snapshot.session.epoch != epoch || (behind && !replace) {
            return;
        }
        match snapshot.restore() {
            Ok(session) => {
                let seq = session.seq();
                self.confirmed = Some(session);
                self.agreed = seq;
                self.link = Link::Up { epoch, asked: false, replace: false };
                out.touched = Touched::everything();
                out.replay = true;
                out.effects.push(Effect::Loaded { seq });
                self.acknowledge_up_to(seq, out);
            }
            Err(error) => out.effects.push(Effect::Unusable { detail: error.to_string() }),
        }
    }

    fn heartbeat(&mut self, heartbeat: Heartbeat, out: &mut Gathered) {
        let Heartbeat { head_seq, digest } = heartbeat;
        let Link::Up { replace, .. } = self.link else { return };
        let Some(confirmed) = self.confirmed.as_ref().filter(|_| !replace) else {
            // A snapshot should have come by now: heartbeats follow it.
            self.ask(None, out);
            return;
        };
        if confirmed.seq() < head_seq {
            // Heartbeats follow the event that they speak of. Asked anew each time, for an answer
            // may have been lost too.
            let position = self.position();
            self.ask(position, out);
        } else if confirmed.seq() == head_seq && confirmed.digest() == digest {
            self.agreed = head_seq;
            out.effects.push(Effect::Agreed { seq: head_seq });
        } else if confirmed.seq() == head_seq {
            out.effects.push(Effect::Diverged { agreed: self.agreed, found: head_seq });
            self.ask(None, out);
        }
    }

    /// Asks for what is missing, unless that is on its way.
    fn ask_once(&mut self, out: &mut Gathered) {
        if matches!(self.link, Link::Up { asked: false, .. }) {
            let position = self.position();
            self.ask(position, out);
        }
    }

    /// Asks for what follows `after`, or for a snapshot that replaces all.
    fn ask(&mut self, after: Option<Resume>, out: &mut Gathered) {
        if let Link::Up { asked, replace, .. } = &mut self.link {
            *asked = true;
            *replace |= after.is_none();
            out.effects.push(Effect::Send(ClientMessage::Resume { after }));
        }
    }
}
