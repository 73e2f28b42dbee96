//! What the clients of one session show of themselves: the newest value of each, never a history.

use std::collections::{BTreeMap, HashMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vws_core::ClientId;
use vws_core::model::Subject;
use vws_core::wire::{Identity, Peer, Presence};

use super::across::{Joined, Outbox};

/// Clients in one page of changes: a connection keeps a buffer as large as its largest message, and
/// this one comes to all.
const PAGE_CLIENTS: usize = 32;
/// About how many bytes they take in a message, one client more or less.
const PAGE_BYTES: usize = 16 * 1024;

/// The clients of one session. Each change gets a number; whoever shows them to a client remembers the
/// last number it has shown and asks for what came since, so that a slow client skips what is
/// outdated, and many moving peers cost no queue.
#[derive(Debug)]
pub struct Peers {
    /// Guards the table; held for one look-up or one page.
    pub(super) table: Mutex<Table>,
    /// The number of the last change.
    pub(super) changed: watch::Sender<u64>,
    /// How many departures are remembered.
    pub(super) max_departures: usize,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    last: u64,
    pub(super) present: HashMap<ClientId, Present>,
    /// The last change of each client, by its number; a client that left stays until it is forgotten.
    changes: BTreeMap<u64, ClientId>,
    departed: HashMap<ClientId, u64>,
    /// Every departure in order, those of clients that came back included.
    departures: VecDeque<(ClientId, u64)>,
    /// What other nodes are to be told; nothing where there are none.
    pub(super) outbox: Option<Outbox>,
}

#[derive(Debug)]
pub(super) struct Present {
    pub(super) peer: Peer,
    pub(super) change: u64,
    /// Ends its connection where that is here; `None` where it is at another node.
    pub(super) superseded: Option<CancellationToken>,
    /// Who showed a token for it.
    pub(super) owner: Option<Subject>,
    /// When and where it took its seat, as far as there are other nodes.
    pub(super) joined: Joined,
}

/// A client's place among its peers. It leaves when this is dropped.
#[derive(Debug)]
pub struct Seat<'a> {
    peers: &'a Peers,
    client_id: ClientId,
    superseded: CancellationToken,
}

/// What changed among the peers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PeerChanges {
    /// Those that came or show something else.
    pub peers: Vec<Peer>,
    /// Those that left.
    pub left: Vec<ClientId>,
    /// The number of the last change that was looked at.
    pub through: u64,
}

impl Peers {
    /// Nobody yet. So many departures are remembered; who was away for more learns of the rest by
    /// their silence.
    #[must_use]
    pub fn new(max_departures: usize) -> Self {
        Self { table: Mutex::default(), changed: watch::Sender::new(0), max_departures }
    }

    /// Takes a seat. Another connection of the same client id loses its own; `None` where that is somebody else's:
    /// client ids are no secret, and nobody is to be sent away by one who has seen theirs.
    pub fn join(&self, identity: &Identity, owner: Option<&Subject>) -> Option<Seat<'_>> {
        let superseded = CancellationToken::new();
        let mut table = self.table.lock();
        let former = table.present.get(&identity.client_id);
        if former.and_then(|former| former.owner.as_ref()).is_some_and(|former| Some(former) != owner) {
            return None;
        }
        let joined = table.outbox.as_ref().map(|outbox| outbox.joins(former.map(|former| former.joined)));
        let change = table.note(&identity.client_id);
        let present = Present {
            peer: identity.peer(Presence::default()),
            change,
            superseded: Some(superseded.clone()),
            owner: owner.cloned(),
            joined: joined.unwrap_or_default(),
        };
        table.seat(present);
        table.tell_others(&identity.client_id);
        drop(table);
        self.changed.send_replace(change);
        Some(Seat { peers: self, client_id: identity.client_id.clone(), superseded })
    }

    /// What changed after the change `since`, the client `but` left out: one page of it, as large as
    /// one message may be.
    #[must_use]
    pub fn since(&self, since: u64, but: &ClientId) -> PeerChanges {
        let table = self.table.lock();
        let mut found = PeerChanges { through: since, ..PeerChanges::default() };
        let mut bytes = 0;
        for (change, client_id) in table.changes.range(since + 1..).take(PAGE_CLIENTS) {
            if bytes >= PAGE_BYTES {
                break;
            }
            found.through = *change;
            if client_id == but {
                continue;
            }
            match table.present.get(client_id) {
                Some(present) => {
                    bytes += weight(&present.peer);
                    found.peers.push(present.peer.clone());
                }
                None => found.left.push(client_id.clone()),
            }
        }
        found
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.lock().present.len()
    }

    /// Tells the number of the last change, whenever there is one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// About how many bytes a peer takes in a message.
pub(super) fn weight(peer: &Peer) -> usize {
    // The ids, numbers and keys.
    const FIXED: usize = 512;
    /// A call has a camera of its own.
    const CALL: usize = 256;
    let name = peer.name.as_ref().map_or(0, |name| name.as_str().len());
    let selection = peer.presence.selection.iter().map(|name| name.as_str().len() + 3);
    let call = peer.presence.call.map_or(0, |_| CALL);
    FIXED + name + call + selection.sum::<usize>()
}

impl Table {
    /// Gives a client its seat in place of the one that it has, whose connection ends.
    pub(super) fn seat(&mut self, present: Present) {
        let former = self.present.insert(present.peer.client_id.clone(), present);
        if let Some(superseded) = former.and_then(|former| former.superseded) {
            superseded.cancel();
        }
    }

    /// Has other nodes be told of a client here.
    fn tell_others(&mut self, client_id: &ClientId) {
        if let Some(outbox) = &mut self.outbox {
            outbox.tell(client_id);
        }
    }

    /// Gives the client's change the next number, in place of its former one.
    pub(super) fn note(&mut self, client_id: &ClientId) -> u64 {
        let former = self.present.get(client_id).map(|present| present.change);
        if let Some(former) = former.or_else(|| self.departed.remove(client_id)) {
            self.changes.remove(&former);
        }
        self.last += 1;
        self.changes.insert(self.last, client_id.clone());
        self.last
    }

    /// Remembers that a client left with the change of that number, and forgets who left first.
    pub(super) fn depart(&mut self, client_id: &ClientId, change: u64, max_departures: usize) {
        self.present.remove(client_id);
        self.departed.insert(client_id.clone(), change);
        self.departures.push_back((client_id.clone(), change));
        while self.departures.len() > max_departures {
            let Some((oldest, change)) = self.departures.pop_front() else { break };
            // One that came back since has another number, or none.
            if self.departed.get(&oldest) == Some(&change) {
                self.departed.remove(&oldest);
                self.changes.remove(&change);
            }
        }
    }
}

impl Seat<'_> {
    /// Shows `presence` in place of what was shown before.
    pub fn show(&self, presence: Presence) {
        let mut table = self.peers.table.lock();
        if self.superseded.is_cancelled() {
            return;
        }
        let change = table.note(&self.client_id);
        if let Some(present) = table.present.get_mut(&self.client_id) {
            present.peer.presence = presence;
            present.change = change;
        }
        table.tell_others(&self.client_id);
        drop(table);
        self.peers.changed.send_replace(change);
    }

    /// Resolves when another connection of the same client id has taken the seat.
    pub async fn superseded(&self) {
        self.superseded.cancelled().await;
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut table = self.peers.table.lock();
        if self.superseded.is_cancelled() {
            return;
        }
        let joined = table.present.get(&self.client_id).map(|present| present.joined);
        if let (Some(outbox), Some(joined)) = (&mut table.outbox, joined) {
            outbox.left(&self.client_id, joined, self.peers.max_departures);
        }
        let change = table.note(&self.client_id);
        table.depart(&self.client_id, change, self.peers.max_departures);
        drop(table);
        self.peers.changed.send_replace(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::ObjectName;

    fn identity(id: &str) -> Identity {
        Identity { client_id: ClientId::new(id).expect("is valid"), name: None, color: None }
    }

    fn seated<'a>(peers: &'a Peers, identity: &Identity) -> Seat<'a> {
        peers.join(identity, None).expect("nobody else's")
    }

    #[test]
    fn auth18_nobody_takes_the_seat_of_somebody_else() {
        let peers = Peers::new(10);
        let [ada, eve] = ["ada", "eve"].map(|name| Subject::new(name).expect("is one"));
        let first = peers.join(&identity("a"), Some(&ada)).expect("is free");
        assert!(peers.join(&identity("a"), Some(&eve)).is_none());
        assert!(peers.join(&identity("a"), None).is_none());
        assert!(!first.superseded.is_cancelled());
        let second = peers.join(&identity("a"), Some(&ada)).expect("is one's own");
        assert!(first.superseded.is_cancelled());
        drop((first, second));
        drop(peers.join(&identity("a"), Some(&eve)).expect("is free"));
        // Who showed nothing has nothing to keep.
        let nobody = seated(&peers, &identity("a"));
        peers.join(&identity("a"), Some(&ada)).expect("is taken over");
        assert!(nobody.superseded.is_cancelled());
    }

    fn selecting(name: &str) -> Presence {
        Presence { selection: vec![ObjectName::new("name", name).expect("is valid")], ..Presence::default() }
    }

    fn names(changes: &PeerChanges) -> Vec<&str> {
        changes.peers.iter().map(|peer| peer.client_id.as_str()).collect()
    }

    #[test]
    fn pres1_a_client_is_told_the_newest_of_each_peer_once() {
        let peers = Peers::new(10);
        let (me, other) = (identity("me"), identity("other"));
        let _mine = seated(&peers, &me);
        let seat = seated(&peers, &other);
        let first = peers.since(0, &me.client_id);
        assert_eq!(names(&first), ["other"]);
        seat.show(selecting("a"));
        seat.show(selecting("b"));
        let second = peers.since(first.through, &me.client_id);
        assert_eq!(second.peers, [other.peer(selecting("b"))]);
        assert_eq!(peers.since(second.through, &me.client_id).peers, []);
        drop(seat);
        assert_eq!(peers.since(second.through, &me.client_id).left, [other.client_id]);
    }

    #[test]
    fn law7_a_page_of_peers_fits_into_a_message_whatever_they_show() {
        let peers = Peers::new(10);
        let me = identity("me");
        let names = (0..64).map(|n| ObjectName::new("name", &format!("{n:02}{}", "\"".repeat(126))));
        let selection: Vec<_> = names.map(|name| name.expect("is valid")).collect();
        let seats: Vec<_> = (0..100).map(|n| seated(&peers, &identity(&format!("c{n}")))).collect();
        let there = r#"{"x":-999.1234567890123,"y":-999.1234567890123,"z":-999.1234567890123}"#;
        let camera = format!(r#"{{"position":{there},"target":{there},"fov":119.12345678901234}}"#);
        let shown = format!(
            r#"{{"camera":{camera},"pointer":{there},"follows":"{}","away":true,"call":{{"id":{},"camera":{camera}}}}}"#,
            "c".repeat(64),
            u32::MAX,
        );
        let shown: Presence = serde_json::from_str(&shown).expect("is a presence");
        for seat in &seats {
            seat.show(Presence { selection: selection.clone(), ..shown.clone() });
        }
        let (mut seen, mut told) = (0, 0);
        while told < 100 {
            let page = peers.since(seen, &me.client_id);
            assert!(!page.peers.is_empty(), "each page goes on");
            let message = serde_json::to_vec(&page.peers).expect("encodes");
            assert!(message.len() <= vws_core::limits::SNAPSHOT_PART_BYTES, "{} bytes", message.len());
            (seen, told) = (page.through, told + page.peers.len());
        }
        assert_eq!(told, 100);
    }

    #[test]
    fn pres2_a_second_connection_of_a_client_takes_the_seat_over() {
        let peers = Peers::new(10);
        let first = seated(&peers, &identity("a"));
        let second = seated(&peers, &identity("a"));
        assert!(first.superseded.is_cancelled() && !second.superseded.is_cancelled());
        drop(first);
        assert_eq!(peers.count(), 1, "the loser's end does not remove the winner");
        drop(second);
        assert_eq!(peers.count(), 0);
    }

    #[test]
    fn pres3_departures_are_forgotten_beyond_their_bound() {
        let peers = Peers::new(3);
        for n in 0..100 {
            drop(seated(&peers, &identity(&format!("c{n}"))));
        }
        assert!(peers.table.lock().changes.len() <= 5);
    }
}
