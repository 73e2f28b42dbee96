//! Who follows a session, and the writing to all of them.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;

use tokio::task::yield_now;
use vws_core::Seq;
use vws_core::wire::Encoding;

use super::chunk::View;
use super::cursor::Sink;
use super::member::Member;
use super::ring::Ring;
use super::sync::{Mutex, Notify};
use crate::net::Outbound;

/// Shards of one session at most.
const MOST_SHARDS: usize = 16;

/// Writes after which the hub lets other tasks of its thread run: about a millisecond.
const WRITES_A_TURN: usize = 256;

impl Sink for Outbound {
    fn try_write(&self, slices: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
        Self::try_write(self, slices)
    }

    fn try_flush(&self) -> std::io::Result<()> {
        Self::try_flush(self)
    }
}

/// A client's connection.
pub(crate) type Connected = Member<Outbound>;

/// The members of one session, in shards with a task each: one for most sessions, more for those with thousands of
/// members where there are cores for it.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    /// Made when the first member comes.
    shards: OnceLock<Box<[Shard]>>,
}

#[derive(Debug, Default)]
struct Shard {
    bell: Notify,
    members: AtomicUsize,
    /// Some of the members have left.
    left: AtomicBool,
    /// Held to come or to go.
    door: Mutex<Door>,
}

#[derive(Debug, Default)]
struct Door {
    coming: Vec<Arc<Connected>>,
    /// A task serves the shard.
    served: bool,
}

/// A shard that a new task has to serve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unserved(usize);

impl Hub {
    fn shards(&self) -> &[Shard] {
        self.shards.get_or_init(|| {
            let cores = available_parallelism().map_or(1, NonZero::get);
            (0..cores.min(MOST_SHARDS)).map(|_| Shard::default()).collect()
        })
    }

    /// Wakes those who write.
    pub(crate) fn ring(&self) {
        for shard in self.shards.get().into_iter().flatten() {
            if shard.members.load(Ordering::Acquire) > 0 {
                shard.bell.notify_one();
            }
        }
    }

    /// Has those let go of who have left.
    pub(crate) fn sweep(&self) {
        for shard in self.shards.get().into_iter().flatten() {
            shard.left.store(true, Ordering::Release);
        }
        self.ring();
    }

    /// Takes in a connection, which is held, into the first shard that has fewer members than `full`, or else the
    /// smallest. Where the answer has a shard, a task must be spawned to serve it.
    pub(crate) fn join(&self, member: &Arc<Connected>, full: usize) -> Option<Unserved> {
        let shards = self.shards();
        let size = |shard: &Shard| shard.members.load(Ordering::Relaxed);
        let open = shards.iter().position(|shard| size(shard) < full);
        let smallest = || shards.iter().enumerate().min_by_key(|(_, shard)| size(shard)).map(|(n, _)| n);
        let n = open.or_else(smallest).unwrap_or(0);
        let shard = &shards[n];
        shard.members.fetch_add(1, Ordering::AcqRel);
        let mut door = shard.door.lock();
        door.coming.push(Arc::clone(member));
        let unserved = !std::mem::replace(&mut door.served, true);
        drop(door);
        shard.bell.notify_one();
        unserved.then_some(Unserved(n))
    }
}

/// The members of one shard, in the hands of the task that serves it.
#[derive(Debug)]
pub(crate) struct Circle<'a> {
    ring: &'a Ring,
    shard: &'a Shard,
    /// In each encoding.
    groups: [Group; 2],
    /// For those who lack more than the others.
    apart: View,
}

#[derive(Debug)]
struct Group {
    encoding: Encoding,
    members: Vec<Arc<Connected>>,
    /// The last event that was shown to all.
    reached: Seq,
    view: View,
}

impl<'a> Circle<'a> {
    pub(crate) fn new(ring: &'a Ring, hub: &'a Hub, unserved: Unserved) -> Self {
        let group = |encoding| Group { encoding, members: Vec::new(), reached: 0, view: View::default() };
        let groups = [group(Encoding::Json), group(Encoding::MessagePack)];
        Self { ring, shard: &hub.shards()[unserved.0], groups, apart: View::default() }
    }

    /// Resolves when there may be something to do.
    pub(crate) async fn rung(&self) {
        self.shard.bell.notified().await;
    }

    /// Takes in those who have come, lets go of those who have left. Answers who has come.
    pub(crate) fn admit(&mut self) -> Vec<Arc<Connected>> {
        if self.shard.left.swap(false, Ordering::AcqRel) {
            for group in &mut self.groups {
                let before = group.members.len();
                group.members.retain(|member| !member.has_left());
                self.shard.members.fetch_sub(before - group.members.len(), Ordering::AcqRel);
            }
        }
        let coming = std::mem::take(&mut self.shard.door.lock().coming);
        for member in &coming {
            if let Some(group) = self.groups.iter_mut().find(|group| group.encoding == member.encoding()) {
                if group.members.is_empty() {
                    group.reached = self.ring.head();
                }
                group.members.push(Arc::clone(member));
            }
        }
        coming
    }

    /// Whether nobody is left, and nobody is coming. Then the task must end; the next one who comes has another
    /// one spawned.
    pub(crate) fn is_over(&self) -> bool {
        if self.groups.iter().any(|group| !group.members.is_empty()) {
            return false;
        }
        let mut door = self.shard.door.lock();
        door.served = !door.coming.is_empty();
        !door.served
    }

    /// Calls the tasks of all members.
    pub(crate) fn call(&self) {
        self.groups.iter().flat_map(|group| &group.members).for_each(|member| member.call());
    }

    /// Writes to each member what it lacks. What comes meanwhile rings again, so that it goes with one write next
    /// time, and those who come meanwhile are not kept waiting. `waited` is told how many events waited, once for all.
    /// Answers whether there was any.
    pub(crate) async fn deliver(&mut self, waited: impl Fn(Seq)) -> bool {
        let mut any = false;
        for group in self.groups.iter_mut().filter(|group| !group.members.is_empty()) {
            any |= group.deliver(self.ring, &mut self.apart, &waited).await;
            if group.reached < self.ring.head() {
                self.shard.bell.notify_one();
            }
        }
        any
    }

    /// Tells those who are at `head` its digest, in the words of `beat`; those who were told before only where it is
    /// `again` time for it. Answers whether all have been told.
    pub(crate) fn prove(&self, head: Seq, beat: impl Fn(Encoding) -> Vec<u8>, again: bool) -> bool {
        let mut all = true;
        for group in self.groups.iter().filter(|group| !group.members.is_empty()) {
            let frame = beat(group.encoding);
            for member in &group.members {
                all &= member.prove(head, &frame, again);
            }
        }
        all
    }
}

impl Group {
    async fn deliver(&mut self, ring: &Ring, apart: &mut View, waited: impl Fn(Seq)) -> bool {
        while ring.view(self.encoding, self.reached, &mut self.view).is_err() {
            // So much has come since that even this task was too slow. Each member learns by itself how it is.
            self.reached = ring.dropped();
        }
        let (through, mut writes) = (self.view.through(), 0_usize);
        let new = through - self.reached;
        if new > 0 {
            waited(new);
        }
        for member in &self.members {
            if member.bring_up(ring, &self.view, apart) {
                writes += 1;
                if writes.is_multiple_of(WRITES_A_TURN) {
                    yield_now().await;
                }
            }
        }
        self.reached = through;
        // Nothing of the ring is kept from being let go of.
        self.view.empty(through);
        new > 0
    }
}
