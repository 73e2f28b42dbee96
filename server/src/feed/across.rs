//! Seats at other nodes: what clients show who are connected to another server of the same session.
//!
//! They are in the same table as those here, so that whoever is shown its peers knows no difference. A client id has one
//! seat on all nodes together (PRES2). Where two nodes have given it one, both compare the same two facts and come to
//! the same one, without asking each other.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vws_core::model::Subject;
use vws_core::wire::Peer;
use vws_core::{ClientId, Millis};

use super::presence::{Peers, Present, Table, weight};
use crate::store::now;

/// Clients of one session that are known at most, those of all nodes together: what other nodes tell is bounded by what
/// each of them lets in, and this bounds what would come of one that lets in all.
const MAX_PEERS: usize = 100_000;

/// One run of a server among several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(Uuid);

impl NodeId {
    /// Another one each time.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When and where a client took its seat. Of two the later counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Joined {
    /// By that node's clock, and later than every seat of the client that it knew of.
    pub(crate) at: Millis,
    /// Where. It decides between two of the same time.
    pub(crate) node: NodeId,
}

/// A client at some node, as others are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Elsewhere {
    /// What it shows.
    pub(crate) peer: Peer,
    /// Who showed a token for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Subject>,
    /// When it took its seat.
    pub(crate) at: Millis,
}

/// What has changed among the clients here since others were told.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Those that came or show something else.
    pub(crate) seats: Vec<Elsewhere>,
    /// Those that left, with when they had come.
    pub(crate) left: Vec<(ClientId, Millis)>,
    /// There is more than this.
    pub(crate) more: bool,
}

/// All clients here whose ids lie between two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Page {
    /// The id that the page begins after; `None` for the first page.
    pub(crate) after: Option<ClientId>,
    /// The last id that the page is about; `None` for all that follow.
    pub(crate) through: Option<ClientId>,
    /// The clients, in the order of their ids.
    pub(crate) seats: Vec<Elsewhere>,
}

/// What other nodes are yet to be told. Of each client it has one place, whatever it shows meanwhile.
#[derive(Debug)]
pub(super) struct Outbox {
    node: NodeId,
    queue: VecDeque<ClientId>,
    queued: HashSet<ClientId>,
    left: VecDeque<(ClientId, Millis)>,
}

impl Outbox {
    /// Of a seat that is taken now, after the one that is known.
    pub(super) fn joins(&self, former: Option<Joined>) -> Joined {
        let after = former.map_or(0, |former| former.at.saturating_add(1));
        Joined { at: now().max(after), node: self.node }
    }

    pub(super) fn tell(&mut self, client_id: &ClientId) {
        if self.queued.insert(client_id.clone()) {
            self.queue.push_back(client_id.clone());
        }
    }

    pub(super) fn left(&mut self, client_id: &ClientId, joined: Joined, max: usize) {
        self.left.push_back((client_id.clone(), joined.at));
        if self.left.len() > max {
            // Others learn of it by the next whole page.
            self.left.pop_front();
        }
    }
}

impl Present {
    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { peer: self.peer.clone(), owner: self.owner.clone(), at: self.joined.at }
    }

    fn is_at(&self, node: NodeId) -> bool {
        self.superseded.is_none() && self.joined.node == node
    }

    /// Whether a seat at another node counts in place of this one. The later one does, but not where the earlier one is
    /// somebody's and the later one is not theirs (AUTH18).
    fn gives_way_to(&self, joined: Joined, owner: Option<&Subject>) -> bool {
        if self.joined.node == joined.node {
            return joined.at >= self.joined.at;
        }
        let is_later = joined > self.joined;
        let here = self.owner.as_ref();
        let (earlier, later) = if is_later { (here, owner) } else { (owner, here) };
        let is_theirs = earlier.is_none() || earlier == later;
        is_later == is_theirs
    }
}

impl Table {
    fn takes(&self, client_id: &ClientId) -> bool {
        self.present.len() < MAX_PEERS || self.present.contains_key(client_id)
    }
}

impl Peers {
    /// Begins to keep what others are to be told of the clients here, all of them at first.
    pub(crate) fn open(&self, node: NodeId) {
        let mut table = self.table.lock();
        let mut outbox =
            Outbox { node, queue: VecDeque::new(), queued: HashSet::new(), left: VecDeque::new() };
        for (client_id, present) in &mut table.present {
            present.joined = outbox.joins(Some(present.joined));
            outbox.tell(client_id);
        }
        table.outbox = Some(outbox);
    }

    /// Ends that, and forgets all who are elsewhere.
    pub(crate) fn close(&self) {
        self.table.lock().outbox = None;
        self.remove(|present| present.superseded.is_none());
    }

    /// What others are to be told next: about so many bytes of it at most.
    pub(crate) fn news(&self, max_bytes: usize) -> News {
        let mut table = self.table.lock();
        let Table { outbox: Some(outbox), present, .. } = &mut *table else { return News::default() };
        let mut news = News { left: outbox.left.drain(..).collect(), ..News::default() };
        let mut bytes = 0;
        while bytes < max_bytes
            && let Some(client_id) = outbox.queue.pop_front()
        {
            outbox.queued.remove(&client_id);
            if let Some(present) = present.get(&client_id).filter(|present| present.superseded.is_some()) {
                bytes += weight(&present.peer);
                news.seats.push(present.elsewhere());
            }
        }
        news.more = !outbox.queue.is_empty();
        news
    }

    /// About so many bytes of the clients here, from the one after `after` on.
    pub(crate) fn page(&self, after: Option<ClientId>, max_bytes: usize) -> Page {
        let table = self.table.lock();
        let is_next = |id: &ClientId, present: &Present| {
            present.superseded.is_some() && after.as_ref().is_none_or(|a| id > a)
        };
        let mut ids: Vec<_> =
            table.present.iter().filter(|(id, present)| is_next(id, present)).map(|(id, _)| id).collect();
        ids.sort_unstable();
        let (mut seats, mut bytes, mut through) = (Vec::new(), 0, None);
        for (n, id) in ids.iter().enumerate() {
            let present = &table.present[*id];
            bytes += weight(&present.peer);
            seats.push(present.elsewhere());
            if bytes >= max_bytes && n + 1 < ids.len() {
                through = Some((*id).clone());
                break;
            }
        }
        Page { after, through, seats }
    }

    /// Takes in what another node has told of clients of its own.
    pub(crate) fn take_news(&self, node: NodeId, seats: Vec<Elsewhere>, left: &[(ClientId, Millis)]) {
        for (client_id, at) in left {
            let gone = Joined { at: *at, node };
            self.remove_one(client_id, |present| present.superseded.is_none() && present.joined == gone);
        }
        let mut last = None;
        let mut table = self.table.lock();
        for Elsewhere { peer, owner, at } in seats {
            let (client_id, joined) = (peer.client_id.clone(), Joined { at, node });
            match table.present.get(&client_id) {
                Some(known) if !known.gives_way_to(joined, owner.as_ref()) => {
                    // They learn that it is not theirs.
                    let is_here = known.superseded.is_some();
                    if let Some(outbox) = table.outbox.as_mut().filter(|_| is_here) {
                        outbox.tell(&client_id);
                    }
                    continue;
                }
                Some(known) if known.joined == joined && known.peer == peer => continue,
                _ if !table.takes(&client_id) => continue,
                _ => {}
            }
            let change = table.note(&client_id);
            table.seat(Present { peer, change, superseded: None, owner, joined });
            last = Some(change);
        }
        drop(table);
        if let Some(change) = last {
            self.changed.send_replace(change);
        }
    }

    /// Takes in a page of all clients that another node has; those that it should have and has not are gone.
    pub(crate) fn take_page(&self, node: NodeId, page: Page) {
        let Page { after, through, seats } = page;
        let there: HashSet<_> = seats.iter().map(|seat| seat.peer.client_id.clone()).collect();
        self.take_news(node, seats, &[]);
        self.remove(|present| {
            let id = &present.peer.client_id;
            let is_in_page = after.as_ref().is_none_or(|after| id > after)
                && through.as_ref().is_none_or(|through| id <= through);
            present.is_at(node) && is_in_page && !there.contains(id)
        });
    }

    /// Nothing is heard of a node any more: its clients are gone.
    pub(crate) fn forget(&self, node: NodeId) {
        self.remove(|present| present.is_at(node));
    }

    fn remove(&self, is_gone: impl Fn(&Present) -> bool) {
        let gone = |(id, present): (&ClientId, &Present)| is_gone(present).then(|| id.clone());
        let gone: Vec<_> = self.table.lock().present.iter().filter_map(gone).collect();
        for client_id in gone {
            // Looked at once more: it may have come back here meanwhile.
            self.remove_one(&client_id, &is_gone);
        }
    }

    fn remove_one(&self, client_id: &ClientId, is_gone: impl Fn(&Present) -> bool) {
        let mut table = self.table.lock();
        if table.present.get(client_id).is_some_and(is_gone) {
            let change = table.note(client_id);
            table.depart(client_id, change, self.max_departures);
            drop(table);
            self.changed.send_replace(change);
        }
    }
}

#[cfg(test)]
#[path = "across_tests.rs"]
mod tests;
