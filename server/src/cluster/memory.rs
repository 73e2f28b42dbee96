//! A network of nodes in one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

use super::bus::{Bus, BusError, Change, Changes, Messages, Table, passes};
use crate::log::BoxFuture;

/// Messages that wait for one who listens; what comes beyond is lost, as between processes.
const WAITING: usize = 4_096;

/// What nodes of one process share in place of a network: for tests, which cut nodes off and let them come back.
#[derive(Debug, Clone, Default)]
pub struct MemoryNet(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Guards all of it; held for one message or key.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tables: HashMap<Table, BTreeMap<String, Bytes>>,
    files: HashMap<String, Bytes>,
    nodes: Vec<Weak<Node>>,
    /// How long a message is under way.
    delay: Duration,
}

/// One node's end of a [`MemoryNet`].
#[derive(Debug)]
pub struct MemoryBus {
    net: MemoryNet,
    node: Arc<Node>,
}

#[derive(Debug)]
struct Node {
    within_reach: watch::Sender<bool>,
    listeners: Mutex<Vec<(String, mpsc::Sender<Bytes>)>>,
    /// Those who watch a table, with what each has been told; they are told the rest once they are within reach.
    watchers: Mutex<Vec<Watcher>>,
}

#[derive(Debug)]
struct Watcher {
    table: Table,
    told: BTreeMap<String, Bytes>,
    /// A table changes by few keys, and all of it is in memory anyway: nothing of it may be lost.
    changes: mpsc::UnboundedSender<Change>,
}

impl Watcher {
    /// Tells what is in the table and was not told. Answers whether anybody listens.
    fn tell(&mut self, table: &BTreeMap<String, Bytes>) -> bool {
        let mut changes = Vec::new();
        for (key, value) in table {
            if self.told.get(key) != Some(value) {
                changes.push(Change::Put { key: key.clone(), value: value.clone() });
            }
        }
        for key in self.told.keys().filter(|key| !table.contains_key(*key)) {
            changes.push(Change::Removed { key: key.clone() });
        }
        self.told.clone_from(table);
        changes.into_iter().all(|change| self.changes.send(change).is_ok())
    }
}

impl MemoryNet {
    /// Another node's end.
    #[must_use]
    pub fn node(&self) -> Arc<MemoryBus> {
        let node = Arc::new(Node {
            within_reach: watch::Sender::new(true),
            listeners: Mutex::default(),
            watchers: Mutex::default(),
        });
        let mut state = self.0.state.lock();
        state.nodes.retain(|node| node.strong_count() > 0);
        state.nodes.push(Arc::downgrade(&node));
        Arc::new(MemoryBus { net: self.clone(), node })
    }

    /// Has each message be under way for so long from now on.
    pub fn delay(&self, delay: Duration) {
        self.0.state.lock().delay = delay;
    }

    /// Has `change` be done to a table, and tells who watches it.
    fn change(&self, table: Table, change: impl FnOnce(&mut BTreeMap<String, Bytes>)) {
        let mut state = self.0.state.lock();
        change(state.tables.entry(table).or_default());
        for node in state.nodes.iter().filter_map(Weak::upgrade) {
            node.tell_of(table, &state.tables);
        }
    }
}

impl Node {
    fn is_within_reach(&self) -> bool {
        *self.within_reach.borrow()
    }

    fn tell_of(&self, table: Table, tables: &HashMap<Table, BTreeMap<String, Bytes>>) {
        if self.is_within_reach() {
            let empty = BTreeMap::new();
            let rows = tables.get(&table).unwrap_or(&empty);
            self.watchers.lock().retain_mut(|watcher| watcher.table != table || watcher.tell(rows));
        }
    }

    fn deliver(&self, subject: &str, message: &Bytes) {
        if self.is_within_reach() {
            self.listeners.lock().retain(|(to, sender)| {
                to != subject
                    || !matches!(sender.try_send(message.clone()), Err(mpsc::error::TrySendError::Closed(_)))
            });
        }
    }
}

impl MemoryBus {
    /// Cuts this node off from all others.
    pub fn cut(&self) {
        self.node.within_reach.send_replace(false);
    }

    /// Lets it come back.
    pub fn rejoin(&self) {
        let state = self.net.0.state.lock();
        self.node.within_reach.send_replace(true);
        for table in Table::ALL {
            self.node.tell_of(table, &state.tables);
        }
    }

    /// Does `work`, unless this node is cut off.
    fn reached<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T,
    ) -> BoxFuture<'static, Result<T, BusError>> {
        let cut_off = || BusError("this node is cut off".to_owned());
        let done = self.node.is_within_reach().then(work).ok_or_else(cut_off);
        Box::pin(std::future::ready(done))
    }
}

impl Bus for MemoryBus {
    fn publish(&self, subject: &str, message: Bytes) {
        if !self.node.is_within_reach() {
            return;
        }
        let state = self.net.0.state.lock();
        let nodes: Vec<_> = state.nodes.iter().filter_map(Weak::upgrade).collect();
        let delay = state.delay;
        drop(state);
        let subject = subject.to_owned();
        let deliver = move || nodes.iter().for_each(|node| node.deliver(&subject, &message));
        if delay.is_zero() {
            deliver();
        } else {
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                deliver();
            });
        }
    }

    fn subscribe(&self, subject: &str) -> BoxFuture<'_, Result<Messages, BusError>> {
        let subject = subject.to_owned();
        self.reached(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            self.node.listeners.lock().push((subject, sender));
            let next = |mut receiver: mpsc::Receiver<Bytes>| async move {
                receiver.recv().await.map(|message| (message, receiver))
            };
            Box::pin(stream::unfold(receiver, next)) as Messages
        })
    }

    fn put(&self, table: Table, key: String, value: Bytes) -> BoxFuture<'_, Result<(), BusError>> {
        self.reached(|| self.net.change(table, |rows| drop(rows.insert(key, value))))
    }

    fn remove(&self, table: Table, key: String) -> BoxFuture<'_, Result<(), BusError>> {
        self.reached(|| self.net.change(table, |rows| drop(rows.remove(&key))))
    }

    fn rows(&self, table: Table, filter: String) -> BoxFuture<'_, Result<Vec<(String, Bytes)>, BusError>> {
        self.reached(|| {
            let state = self.net.0.state.lock();
            let rows = state.tables.get(&table).into_iter().flatten();
            rows.filter(|(key, _)| passes(&filter, key)).map(|(k, v)| (k.clone(), v.clone())).collect()
        })
    }

    fn watch(&self, table: Table) -> BoxFuture<'_, Result<Changes, BusError>> {
        self.reached(|| {
            let (changes, receiver) = mpsc::unbounded_channel();
            let mut watcher = Watcher { table, told: BTreeMap::new(), changes };
            // Under the lock, so that nothing comes between what there is and what changes.
            let state = self.net.0.state.lock();
            let is_heard = watcher.tell(&state.tables.get(&table).cloned().unwrap_or_default())
                && watcher.changes.send(Change::Current).is_ok();
            debug_assert!(is_heard, "the receiver is right here");
            self.node.watchers.lock().push(watcher);
            let next = |mut receiver: mpsc::UnboundedReceiver<Change>| async move {
                receiver.recv().await.map(|change| (change, receiver))
            };
            Box::pin(stream::unfold(receiver, next)) as Changes
        })
    }

    fn put_file(&self, name: String, content: Bytes) -> BoxFuture<'_, Result<(), BusError>> {
        self.reached(|| drop(self.net.0.state.lock().files.insert(name, content)))
    }

    fn file(&self, name: String) -> BoxFuture<'_, Result<Option<Bytes>, BusError>> {
        self.reached(|| self.net.0.state.lock().files.get(&name).cloned())
    }

    fn has_file(&self, name: String) -> BoxFuture<'_, Result<bool, BusError>> {
        self.reached(|| self.net.0.state.lock().files.contains_key(&name))
    }

    fn remove_file(&self, name: String) -> BoxFuture<'_, Result<(), BusError>> {
        self.reached(|| drop(self.net.0.state.lock().files.remove(&name)))
    }

    fn reach(&self) -> watch::Receiver<bool> {
        self.node.within_reach.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;
    use crate::cluster::contract;

    #[tokio::test]
    async fn the_contract_holds() {
        let net = MemoryNet::default();
        contract::holds(net.node(), net.node()).await;
    }

    #[tokio::test]
    async fn a_node_that_was_cut_off_has_missed_messages_and_no_changes() {
        let net = MemoryNet::default();
        let (a, b) = (net.node(), net.node());
        let mut messages = b.subscribe("s").await.expect("is within reach");
        let mut changes = b.watch(Table::Revoked).await.expect("is within reach");
        assert_eq!(changes.next().await, Some(Change::Current));
        b.cut();
        assert!(b.put(Table::Revoked, "k".to_owned(), Bytes::new()).await.is_err());
        assert!(!*b.reach().borrow());
        a.publish("s", Bytes::from_static(b"1"));
        a.put(Table::Revoked, "k".to_owned(), Bytes::from_static(b"v")).await.expect("is within reach");
        assert_eq!(changes.next().now_or_never(), None);
        b.rejoin();
        a.publish("s", Bytes::from_static(b"2"));
        assert_eq!(messages.next().await, Some(Bytes::from_static(b"2")));
        let value = Bytes::from_static(b"v");
        assert_eq!(changes.next().await, Some(Change::Put { key: "k".to_owned(), value }));
    }
}
