//! What each message of the server does.

use super::{Effect, Link, Pending, Replica, Touched};
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
                    let command = pending.command;
                    out.effects.push(if problem.leaves_open(pending.was_sent) {
                        Effect::OutcomeUnknown { id, command }
                    } else {
                        Effect::Rejected { id, command, problem }
                    });
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
        let Welcome { session, epoch, mode, peers, limits, access, .. } = welcome;
        self.limits = limits;
        self.access = access;
        self.session = Some(session);
        self.assembly = SnapshotAssembly::default();
        self.peers = peers.into_iter().map(|peer| (peer.client_id.clone(), peer)).collect();
        out.effects.push(Effect::PeersChanged);
        let same = self.confirmed.as_ref().is_some_and(|s| s.epoch() == epoch && s.id() == session);
        self.link = Link::Up { epoch, asked: false, replace: !same, joining: mode == Mode::Snapshot };
        for pending in &mut self.pending {
            pending.was_sent = std::mem::replace(&mut pending.is_sent, true);
            // Each is sent again and gets its verdict here: one told before may be of a lost history.
            pending.accepted = None;
            pending.echoed = if same { pending.echoed } else { 0 };
        }
        if mode == Mode::Tail && !same {
            // The welcome answers a hello that is not ours any more.
            self.ask(None, out);
        }
        self.send_pending(out);
    }

    /// Sends what has no verdict, under its old ids: what the server has done already it only answers.
    fn send_pending(&self, out: &mut Gathered) {
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
        if let Some(author) = record.by.as_ref().filter(|author| author.client_id == self.client_id)
            && let Some(at) = self.pending.iter().position(|pending| pending.id == author.command_id)
        {
            self.pending[at].echoed += 1;
            if record.more == 0 {
                self.acknowledge(at, record.seq, self.pending[at].echoed, out);
            }
        }
        self.acknowledge_up_to(record.seq, out);
    }

    /// The pending command at `at` took effect, with its last event at `seq`.
    fn acknowledge(&mut self, at: usize, seq: Seq, events: u32, out: &mut Gathered) {
        if let Some(Pending { id, .. }) = self.pending.remove(at) {
            out.replay = true;
            out.effects.push(Effect::Acknowledged { id, seq, events });
        }
    }

    /// Commands whose last event the confirmed state holds by now.
    fn acknowledge_up_to(&mut self, seq: Seq, out: &mut Gathered) {
        let held = |pending: &Pending| pending.accepted.filter(|(last, _)| *last <= seq);
        while let Some((at, (last, events))) =
            self.pending.iter().enumerate().find_map(|(at, pending)| Some((at, held(pending)?)))
        {
            self.acknowledge(at, last, events, out);
        }
    }

    fn accepted(&mut self, id: u64, seq: Seq, events: u32, out: &mut Gathered) {
        let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == id) else { return };
        pending.accepted = Some((seq, events));
        // A state that is to be replaced proves nothing, whatever its seq.
        if let (Some(confirmed), Link::Up { replace: false, .. }) = (&self.confirmed, self.link) {
            let seen = confirmed.seq();
            self.acknowledge_up_to(seen, out);
        }
    }

    fn part(&mut self, part: SnapshotPart, out: &mut Gathered) {
        let Link::Up { epoch, replace, joining, .. } = self.link else { return };
        // What the state has already needs no gathering, and tells of no progress.
        if !replace && self.confirmed.as_ref().is_some_and(|s| s.seq() >= part.seq) {
            return;
        }
        let loaded = self.assembly.receive(part);
        let (parts, of) = self.assembly.progress();
        if of > 1 {
            out.effects.push(Effect::Loading { parts, of });
        }
        let Some(snapshot) = loaded else { return };
        if snapshot.session.epoch != epoch {
            return;
        }
        match snapshot.restore() {
            Ok(session) => {
                let seq = session.seq();
                self.confirmed = Some(session);
                self.agreed = seq;
                self.link = Link::Up { epoch, asked: false, replace: false, joining: false };
                out.touched = Touched::everything();
                out.replay = true;
                out.effects.push(Effect::Loaded { seq });
                self.acknowledge_up_to(seq, out);
                if !joining {
                    self.send_pending(out);
                }
            }
            Err(error) => out.effects.push(Effect::Unusable { detail: error.to_string() }),
        }
    }

    fn heartbeat(&mut self, heartbeat: Heartbeat, out: &mut Gathered) {
        let Heartbeat { head_seq, digest, stale } = heartbeat;
        let Link::Up { replace, .. } = self.link else { return };
        if std::mem::replace(&mut self.stale, stale) != stale {
            out.effects.push(Effect::Stale(stale));
        }
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
            // Whatever was asked for has been overtaken.
            if let Link::Up { asked, .. } = &mut self.link {
                *asked = false;
            }
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
