//! One plan: clients, commands and faults, all drawn from a seed.

use std::collections::{HashMap, VecDeque};
use std::ops::AddAssign;

use fastrand::Rng;
use vws_core::command::{CameraPatch, Change, ObjectDraft, ObjectPatch, OrbitDraft, WorldPatch};
use vws_core::reduce::State;
use vws_core::replica::Effect;
use vws_core::wire::{ClientMessage, Encoding, ServerMessage, canonical_json};
use vws_core::{ClientId, Command, Replica, Seq, Session};

use super::server::Server;

/// What happened in a plan.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) acknowledged: u64,
    pub(crate) rejected: u64,
    pub(crate) repeated: u64,
    pub(crate) tails: u64,
    pub(crate) snapshots: u64,
    pub(crate) gaps: u64,
    pub lost_epochs: u64,
    pub(crate) batches: u64,
}

impl AddAssign for Met {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.rejected += other.rejected;
        self.repeated += other.repeated;
        self.tails += other.tails;
        self.snapshots += other.snapshots;
        self.gaps += other.gaps;
        self.lost_epochs += other.lost_epochs;
        self.batches += other.batches;
    }
}

/// A client, its connection, and what is under way on it in both directions.
struct Peer {
    replica: Replica,
    online: bool,
    down: VecDeque<ServerMessage>,
    up: VecDeque<ClientMessage>,
    acknowledged: HashMap<u64, (Seq, u32)>,
    rejected: Vec<u64>,
}

struct Plan {
    rng: Rng,
    server: Server,
    peers: Vec<Peer>,
    now: u64,
    met: Met,
}

/// Runs the plan of a seed.
///
/// # Panics
/// When a law does not hold.
pub(crate) fn run(seed: u64) -> Met {
    let mut rng = Rng::with_seed(seed);
    let peers = (0..rng.usize(1..=3)).map(|n| Peer {
        replica: Replica::new(ClientId::new(&format!("client-{n}")).expect("is valid")),
        online: false,
        down: VecDeque::new(),
        up: VecDeque::new(),
        acknowledged: HashMap::new(),
        rejected: Vec::new(),
    });
    let peers = peers.collect();
    let server = Server::new(1, rng.usize(0..12));
    let mut plan = Plan { server, peers, now: 10, met: Met::default(), rng };
    for n in 0..plan.peers.len() {
        plan.connect(n);
    }
    for _ in 0..plan.rng.usize(20..140) {
        plan.step();
    }
    plan.heal();
    plan.check_the_end();
    let Server { repeated, tails, snapshots, .. } = plan.server;
    Met { repeated, tails, snapshots, ..plan.met }
}

impl Plan {
    fn step(&mut self) {
        self.now += self.rng.u64(0..3);
        let n = self.rng.usize(..self.peers.len());
        match self.rng.u8(0..100) {
            0..=29 => self.submit(n),
            30..=52 => self.deliver_down(n),
            53..=76 => self.deliver_up(n),
            77..=82 => self.connect(n),
            83..=92 => self.disturb(n),
            93 => self.cut(n),
            94..=98 => {
                if self.peers[n].online {
                    let heartbeat = self.server.heartbeat();
                    self.peers[n].down.push_back(heartbeat);
                }
            }
            _ => self.lose_history(),
        }
    }

    fn connect(&mut self, n: usize) {
        if self.peers[n].online {
            return;
        }
        self.peers[n].online = true;
        let hello = self.peers[n].replica.hello(None, None);
        let said = self.server.hello(hello.after);
        self.peers[n].down.extend(said);
    }

    /// The connection ends, with all that was under way on it.
    fn cut(&mut self, n: usize) {
        let peer = &mut self.peers[n];
        peer.online = false;
        peer.up.clear();
        peer.down.clear();
        peer.replica.disconnected();
    }

    /// The server loses its history and begins another: everyone is cut off.
    fn lose_history(&mut self) {
        if self.rng.u8(0..8) != 0 {
            return;
        }
        self.met.lost_epochs += 1;
        let epoch = self.server.session.epoch() + 1;
        let reach = self.server.reach;
        let old = std::mem::replace(&mut self.server, Server::new(epoch, reach));
        (self.server.repeated, self.server.tails, self.server.snapshots) =
            (old.repeated, old.tails, old.snapshots);
        for n in 0..self.peers.len() {
            self.cut(n);
            // What was acknowledged in the lost history is not in the new one.
            self.peers[n].acknowledged.clear();
            self.peers[n].rejected.clear();
        }
    }

    fn submit(&mut self, n: usize) {
        let command = command(&mut self.rng, true);
        self.met.batches += u64::from(matches!(command, Command::Batch { .. }));
        let now = self.now;
        let peer = &mut self.peers[n];
        let judged = peer.replica.judge(&command, None, now);
        let before = peer.replica.view().map(|view| view.seq());
        match peer.replica.submit(command, None, now) {
            Ok(submitted) => {
                assert_eq!(judged, Ok(()), "judge and submit agree");
                if peer.online {
                    peer.up.push_back(submitted.message);
                }
            }
            Err(refused) => {
                assert_eq!(judged, Err(refused), "judge and submit agree");
                assert_eq!(peer.replica.view().map(|view| view.seq()), before, "a refusal shows nothing");
            }
        }
    }

    /// Loses, doubles or swaps what is under way.
    fn disturb(&mut self, n: usize) {
        let rng = &mut self.rng;
        let down = &mut self.peers[n].down;
        if down.is_empty() {
            return;
        }
        let at = rng.usize(..down.len());
        match rng.u8(0..3) {
            0 => {
                down.remove(at);
            }
            1 => {
                let copy = down[at].clone();
                let to = rng.usize(..=down.len());
                down.insert(to, copy);
            }
            _ => {
                let other = rng.usize(..down.len());
                down.swap(at, other);
            }
        }
    }

    fn deliver_down(&mut self, n: usize) {
        let count = self.rng.usize(1..6);
        let peer = &mut self.peers[n];
        let count = count.min(peer.down.len());
        let messages: Vec<_> =
            peer.down.drain(..count).map(|message| travel(&mut self.rng, message)).collect();
        self.receive(n, messages);
    }

    fn receive(&mut self, n: usize, messages: Vec<ServerMessage>) {
        let peer = &mut self.peers[n];
        for effect in peer.replica.receive(messages) {
            match effect {
                Effect::Send(message) => {
                    self.met.gaps += u64::from(matches!(message, ClientMessage::Resume { after: Some(_) }));
                    peer.up.push_back(message);
                }
                Effect::Acknowledged { id, seq, events } => {
                    self.met.acknowledged += 1;
                    assert!(peer.acknowledged.insert(id, (seq, events)).is_none(), "acknowledged once");
                }
                Effect::Rejected { id, .. } => {
                    self.met.rejected += 1;
                    peer.rejected.push(id);
                }
                Effect::Diverged { .. } | Effect::Unusable { .. } => panic!("{effect:?} without a fault"),
                _ => {}
            }
        }
        let Some(confirmed) = peer.replica.confirmed() else { return };
        if confirmed.epoch() == self.server.session.epoch() {
            let at = usize::try_from(confirmed.seq()).expect("is small");
            assert_eq!(
                confirmed.digest(),
                self.server.digests[at],
                "the mirror at {at} is the server at {at}"
            );
        }
    }

    fn deliver_up(&mut self, n: usize) {
        let Some(message) = self.peers[n].up.pop_front() else { return };
        let client = self.peers[n].replica.client_id().clone();
        let (events, private) = self.server.take(&client, message, self.now);
        for peer in self.peers.iter_mut().filter(|peer| peer.online) {
            peer.down.extend(events.iter().cloned().map(ServerMessage::Event));
        }
        self.peers[n].down.extend(private);
    }

    /// From here on the network works: all connect anew and everything arrives.
    fn heal(&mut self) {
        for n in 0..self.peers.len() {
            self.cut(n);
            self.connect(n);
        }
        for round in 0.. {
            assert!(round < 200, "the clients and the server come to rest");
            let mut quiet = true;
            for n in 0..self.peers.len() {
                while !self.peers[n].up.is_empty() {
                    quiet = false;
                    self.deliver_up(n);
                }
                let messages: Vec<_> = self.peers[n].down.drain(..).collect();
                quiet &= messages.is_empty();
                self.receive(n, messages);
            }
            if quiet {
                break;
            }
        }
    }

    fn check_the_end(&self) {
        let truth = canonical_json(&self.server.session.snapshot());
        for peer in &self.peers {
            let replica = &peer.replica;
            assert_eq!(replica.pending(), 0, "every command has its verdict");
            let confirmed = replica.confirmed().expect("is loaded");
            assert_eq!(canonical_json(&confirmed.snapshot()), truth, "every mirror is the server's state");
            let view = replica.view().expect("is loaded");
            assert!(view.objects().eq(confirmed.objects()), "nothing is shown that is not confirmed");
            assert!(replica.is_live());
            for (id, (seq, events)) in &peer.acknowledged {
                let of_it = self.server.log.iter().filter(|record| {
                    record
                        .by
                        .as_ref()
                        .is_some_and(|by| by.client_id == *replica.client_id() && by.command_id == *id)
                });
                let seqs: Vec<Seq> = of_it.map(|record| record.seq).collect();
                let last = seqs.last().copied();
                assert!(
                    *events == 0 && seqs.is_empty() || last == Some(*seq),
                    "what is acknowledged is in the log"
                );
                assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "and once");
            }
            for id in &peer.rejected {
                assert!(!peer.acknowledged.contains_key(id), "one verdict a command");
            }
        }
        let mut folded = Session::new(self.server.session.id(), None, 5, self.server.session.epoch());
        for record in &self.server.log {
            folded.apply(record).expect("the log is dense");
        }
        assert_eq!(canonical_json(&folded.snapshot()), truth, "the fold of the log is the state");
    }
}

/// Some messages travel as bytes, in either encoding: what is read is what was said.
fn travel(rng: &mut Rng, message: ServerMessage) -> ServerMessage {
    let encoding = match rng.u8(0..16) {
        0 => Encoding::Json,
        1 => Encoding::MessagePack,
        _ => return message,
    };
    let read = encoding.decode_server(&encoding.encode_server(&message)).expect("is readable");
    assert_eq!(read, message);
    read
}

fn name(rng: &mut Rng) -> String {
    ["a", "b", "c", "d", "é 🌍", "名"][rng.usize(..6)].to_owned()
}

fn coordinate(rng: &mut Rng) -> f64 {
    // A little beyond the bound, now and then, and with every bit of the fraction in use.
    (rng.f64() - 0.5) * 24.5
}

/// A wish such as clients have: mostly allowed, sometimes not.
fn command(rng: &mut Rng, whole: bool) -> Command {
    match rng.u8(0..100) {
        0..=34 => {
            let (x, y, z) = (coordinate(rng), coordinate(rng), coordinate(rng));
            let object =
                ObjectDraft { name: name(rng), kind: "cube".to_owned(), x, y, z, ..Default::default() };
            Command::CreateObject { object }
        }
        35..=59 => {
            let mut patch = ObjectPatch { x: Change::Set(coordinate(rng)), ..Default::default() };
            if rng.bool() {
                patch.color = if rng.bool() { Change::Reset } else { Change::Set("#102030".to_owned()) };
            }
            Command::UpdateObject { name: name(rng), patch }
        }
        60..=69 => Command::DeleteObject { name: name(rng) },
        70..=76 => Command::RenameObject { name: name(rng), new_name: name(rng) },
        77..=79 => Command::ClearObjects,
        80..=82 => {
            let patch = WorldPatch { transparency: Change::Set(rng.f64() * 1.1), ..Default::default() };
            Command::UpdateWorld { patch }
        }
        83..=85 => {
            Command::MoveCamera { camera: CameraPatch { x: Some(coordinate(rng)), ..Default::default() } }
        }
        86..=87 => Command::StartOrbit { orbit: OrbitDraft::default() },
        88..=89 => Command::StopOrbit,
        90..=91 => Command::RenameSession { name: rng.bool().then(|| name(rng)) },
        _ if whole => {
            let count = rng.usize(0..6);
            Command::Batch { commands: (0..count).map(|_| command(rng, false)).collect() }
        }
        _ => Command::StopOrbit,
    }
}
