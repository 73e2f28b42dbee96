//! The feed of a session, as the store fills it and readers follow it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;
use vws_core::wire::Encoding;
use vws_core::{EventRecord, Seq};

use super::chunk::View;
use super::frame;
use super::hub::{Circle, Connected, Hub, Unserved};
use super::member::Caught;
use super::ring::{Lagged, Ring};

/// The recent events of one session, and those who are written to as soon as there is one more.
#[derive(Debug)]
pub struct Feed {
    ring: Ring,
    hub: Hub,
    /// Rung once a batch for those who read by themselves. Where nobody waits that costs next to nothing.
    bell: Notify,
}

impl Feed {
    /// A feed that begins after the event `head` and keeps at most so many events and bytes. The
    /// newest event is always kept.
    #[must_use]
    pub fn new(head: Seq, max_events: usize, max_bytes: usize) -> Self {
        let ring = Ring::new(head, max_events, max_bytes);
        Self { ring, hub: Hub::default(), bell: Notify::new() }
    }

    /// Appends a batch. Nobody is woken yet: see [`wake`](Self::wake).
    pub(crate) fn push(&self, records: &[Arc<EventRecord>]) {
        self.ring.push(records);
    }

    /// Tells everyone that a batch has come.
    pub(crate) fn wake(&self) {
        self.bell.notify_waiters();
        self.hub.ring();
    }

    /// The last event.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.ring.head()
    }

    /// The last event that has fallen out.
    pub(crate) fn dropped(&self) -> Seq {
        self.ring.dropped()
    }

    /// Bytes that are kept, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ring.bytes()
    }

    /// A place after the event `after`.
    ///
    /// # Errors
    /// [`Lagged`] when what follows it is not all there.
    pub fn subscribe(&self, after: Seq) -> Result<Subscription<'_>, Lagged> {
        let subscription = self.place(after);
        let dropped = self.dropped();
        if after < dropped {
            return Err(Lagged { next: after + 1, oldest: dropped + 1 });
        }
        Ok(subscription)
    }

    /// A place after the event `after`, from which nothing can be taken when what follows it is not
    /// all there.
    pub(crate) fn place(&self, after: Seq) -> Subscription<'_> {
        Subscription { feed: self, seen: after }
    }

    /// Takes in a connection, which is held, into a shard that is `full` with so many. Where the answer has one, a
    /// task must be spawned to serve it.
    pub(crate) fn join(&self, member: &Arc<Connected>, full: usize) -> Option<Unserved> {
        self.hub.join(member, full)
    }

    /// The members of a shard, for the task that serves it.
    pub(crate) fn serve(&self, unserved: Unserved) -> Circle<'_> {
        Circle::new(&self.ring, &self.hub, unserved)
    }

    /// Writes to a connection what is its own, and its events up to `to` at least, as far as its socket takes them.
    ///
    /// # Errors
    /// What the socket fails with.
    pub(crate) fn catch_up(&self, member: &Connected, view: &mut View, to: Seq) -> std::io::Result<Caught> {
        member.catch_up(&self.ring, view, to)
    }

    /// Leaves the writing to a connection to the hub.
    pub(crate) fn hand_back(&self, member: &Connected) {
        if member.hand_back() < self.head() {
            self.hub.ring();
        }
    }

    /// Lets go of a connection.
    pub(crate) fn leave(&self, member: &Connected) {
        member.leave();
        self.hub.sweep();
    }
}

/// An event, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its seq.
    pub seq: Seq,
    /// The message that tells it, shared with everybody who is told it.
    pub message: Bytes,
}

/// The place in a [`Feed`] of somebody who reads by themselves, in JSON.
#[derive(Debug)]
pub struct Subscription<'a> {
    feed: &'a Feed,
    seen: Seq,
}

impl Subscription<'_> {
    /// The last event that was taken.
    #[must_use]
    pub const fn seen(&self) -> Seq {
        self.seen
    }

    /// How many events wait.
    #[must_use]
    pub fn lag(&self) -> Seq {
        self.feed.head().saturating_sub(self.seen)
    }

    /// Resolves when there is an event to take.
    pub async fn ready(&self) {
        loop {
            // Before the look: a batch that comes after it rings for whoever has come by then.
            let rung = self.feed.bell.notified();
            if self.lag() > 0 {
                return;
            }
            rung.await;
        }
    }

    /// The next events' messages, in order and without a gap, at most `limit`.
    ///
    /// # Errors
    /// [`Lagged`] when the next one has fallen out; the place must then be given up.
    pub fn take(&mut self, limit: usize) -> Result<Vec<Told>, Lagged> {
        let mut view = View::default();
        self.feed.ring.view(Encoding::Json, self.seen, &mut view)?;
        let frames = view.frames().take(limit);
        let events: Vec<_> =
            frames.map(|(seq, frame)| Told { seq, message: frame::payload(&frame) }).collect();
        self.seen += events.len() as Seq;
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::Event;

    fn records(seqs: std::ops::RangeInclusive<Seq>) -> Vec<Arc<EventRecord>> {
        let record =
            |seq| EventRecord { seq, at: 0, by: None, subject: None, more: 0, event: Event::ObjectsCleared };
        seqs.map(|seq| Arc::new(record(seq))).collect()
    }

    fn seqs(events: &[Told]) -> Vec<Seq> {
        events.iter().map(|told| told.seq).collect()
    }

    #[test]
    fn law4_a_subscriber_takes_each_event_once_in_order() {
        let feed = Feed::new(0, 100, usize::MAX);
        let mut subscription = feed.subscribe(0).expect("is there");
        feed.push(&records(1..=5));
        assert_eq!(seqs(&subscription.take(3).expect("is there")), [1, 2, 3]);
        feed.push(&records(6..=7));
        assert_eq!(seqs(&subscription.take(100).expect("is there")), [4, 5, 6, 7]);
        assert!(subscription.take(100).expect("is there").is_empty());
    }

    #[test]
    fn law7_a_ring_is_bounded_by_events_and_bytes_and_a_laggard_is_told() {
        let feed = Feed::new(0, 4, usize::MAX);
        let mut laggard = feed.subscribe(0).expect("is there");
        feed.push(&records(1..=4));
        assert_eq!(laggard.take(1).map(|events| seqs(&events)), Ok(vec![1]));
        feed.push(&records(5..=5));
        assert_eq!(laggard.take(1).map(|events| seqs(&events)), Ok(vec![2]), "at the bound nothing is lost");
        feed.push(&records(6..=7));
        assert_eq!(laggard.take(1).map(|events| seqs(&events)), Err(Lagged { next: 3, oldest: 4 }));
        assert!(feed.subscribe(3).is_ok());
        assert_eq!(feed.subscribe(2).map(|s| s.seen()), Err(Lagged { next: 3, oldest: 4 }));

        let one = Feed::new(0, 100, usize::MAX);
        one.push(&records(1..=1));
        let small = Feed::new(0, 100, 2 * one.bytes());
        small.push(&records(1..=3));
        assert_eq!(small.subscribe(0).map(|s| s.seen()), Err(Lagged { next: 1, oldest: 2 }));
    }

    #[test]
    fn law7_the_ring_s_bytes_count_what_objects_carry() {
        let note = "n".repeat(3_000);
        let change = serde_json::json!({"properties": {"note": note}, "text": "t"});
        let patch = serde_json::from_value(change).expect("is a change");
        let name = vws_core::ObjectName::new("name", "a").expect("is valid");
        let event = Event::ObjectUpdated { name, patch };
        let record = Arc::new(EventRecord { seq: 1, at: 0, by: None, subject: None, more: 0, event });
        let feed = Feed::new(0, 100, usize::MAX);
        feed.push(&[record]);
        assert!(feed.bytes() > 3_000, "{} bytes hold the note", feed.bytes());
        let before = feed.bytes();
        let events = feed.subscribe(0).expect("is there").take(1).expect("is there");
        assert!(
            feed.bytes() >= before + events[0].message.len(),
            "the encoding counts as soon as there is one"
        );
    }

    #[test]
    fn law7_an_encoding_that_nobody_listens_in_takes_no_room() {
        let feed = Feed::new(0, 1_000, usize::MAX);
        feed.push(&records(1..=100));
        let before = feed.bytes();
        let mut view = View::default();
        feed.ring.view(Encoding::MessagePack, 90, &mut view).expect("is there");
        assert_eq!(view.through(), 100);
        assert_eq!(feed.bytes(), before + view.len(), "ten events in one encoding");
        feed.ring.view(Encoding::MessagePack, 0, &mut view).expect("is there");
        assert_eq!(view.through(), 100, "who comes back with an older place is shown what it missed");
    }

    #[tokio::test]
    async fn law4_a_batch_wakes_its_subscribers() {
        let feed = Feed::new(7, 100, usize::MAX);
        let mut subscription = feed.subscribe(7).expect("is there");
        {
            let mut ready = std::pin::pin!(subscription.ready());
            let early = std::future::poll_fn(|cx| std::task::Poll::Ready(ready.as_mut().poll(cx).is_ready()));
            assert!(!early.await, "there is none yet");
            feed.push(&records(8..=9));
            feed.wake();
            ready.await;
        }
        subscription.ready().await;
        assert_eq!(subscription.lag(), 2);
        assert_eq!(seqs(&subscription.take(10).expect("is there")), [8, 9]);
        assert_eq!(subscription.lag(), 0);
    }
}
