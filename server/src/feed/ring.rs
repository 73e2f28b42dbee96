//! The recent events of one session, and the places of those who follow them.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::watch;
use vws_core::{EventRecord, Seq};

use super::encoded::FeedEvent;

/// The recent events of one session. Who follows it holds a place in it, never a queue of its own:
/// however slow a subscriber is, it costs the server nothing more.
#[derive(Debug)]
pub struct Feed {
    /// Guards the ring; held to append a batch or to copy out references.
    ring: Mutex<Ring>,
    /// The last event, told once a batch.
    head: watch::Sender<Seq>,
    max_events: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<FeedEvent>>,
    bytes: usize,
    /// The last event that has fallen out.
    dropped: Seq,
}

/// The next event of a subscriber has fallen out of the ring. It must begin again from a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the feed no longer has event {next}; its oldest is {oldest}")]
pub struct Lagged {
    /// The event that the subscriber needs.
    pub next: Seq,
    /// The oldest event that is there.
    pub oldest: Seq,
}

impl Feed {
    /// A feed that begins after the event `head` and keeps at most so many events and bytes. The
    /// newest event is always kept.
    #[must_use]
    pub fn new(head: Seq, max_events: usize, max_bytes: usize) -> Self {
        let ring = Ring { dropped: head, ..Ring::default() };
        Self { ring: Mutex::new(ring), head: watch::Sender::new(head), max_events, max_bytes }
    }

    /// Appends a batch. Nobody is woken yet: see [`wake`](Self::wake).
    pub(crate) fn push(&self, records: &[Arc<EventRecord>]) {
        let mut ring = self.ring.lock();
        for record in records {
            let event = Arc::new(FeedEvent::new(Arc::clone(record)));
            ring.bytes += event.weight();
            ring.events.push_back(event);
        }
        while ring.events.len() > 1 && (ring.events.len() > self.max_events || ring.bytes > self.max_bytes) {
            if let Some(oldest) = ring.events.pop_front() {
                ring.bytes -= oldest.weight();
                ring.dropped = oldest.record().seq;
            }
        }
    }

    /// Tells everyone that there are events up to `head`: once a batch.
    pub(crate) fn wake(&self, head: Seq) {
        self.head.send_replace(head);
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
        Subscription { feed: self, next: after + 1, head: self.head.subscribe() }
    }

    /// The last event that has fallen out.
    pub(crate) fn dropped(&self) -> Seq {
        self.ring.lock().dropped
    }

    /// Bytes that are kept, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ring.lock().bytes
    }
}

/// A subscriber's place in a [`Feed`].
#[derive(Debug)]
pub struct Subscription<'a> {
    feed: &'a Feed,
    next: Seq,
    head: watch::Receiver<Seq>,
}

impl Subscription<'_> {
    /// The last event that was taken.
    #[must_use]
    pub const fn seen(&self) -> Seq {
        self.next - 1
    }

    /// How many events wait.
    #[must_use]
    pub fn lag(&self) -> Seq {
        (*self.head.borrow()).saturating_sub(self.seen())
    }

    /// Resolves when there is an event to take. Never, when the feed is gone.
    pub async fn ready(&mut self) {
        let seen = self.seen();
        if self.head.wait_for(|head| *head > seen).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The next events, in order and without a gap, at most `limit`.
    ///
    /// # Errors
    /// [`Lagged`] when the next one has fallen out; the place must then be given up.
    pub fn take(&mut self, limit: usize) -> Result<Vec<Arc<FeedEvent>>, Lagged> {
        let ring = self.feed.ring.lock();
        if self.seen() < ring.dropped {
            return Err(Lagged { next: self.next, oldest: ring.dropped + 1 });
        }
        let skip = usize::try_from(self.seen() - ring.dropped).unwrap_or(usize::MAX);
        let events: Vec<_> = ring.events.iter().skip(skip).take(limit).cloned().collect();
        drop(ring);
        self.next += events.len() as Seq;
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::Event;

    fn records(seqs: std::ops::RangeInclusive<Seq>) -> Vec<Arc<EventRecord>> {
        let record = |seq| EventRecord { seq, at: 0, by: None, more: 0, event: Event::ObjectsCleared };
        seqs.map(|seq| Arc::new(record(seq))).collect()
    }

    fn seqs(events: &[Arc<FeedEvent>]) -> Vec<Seq> {
        events.iter().map(|event| event.record().seq).collect()
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

        let small = Feed::new(0, 100, 2 * FeedEvent::new(Arc::clone(&records(1..=1)[0])).weight());
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
        let record = Arc::new(EventRecord { seq: 1, at: 0, by: None, more: 0, event });
        let feed = Feed::new(0, 100, usize::MAX);
        feed.push(&[record]);
        let mut subscription = feed.subscribe(0).expect("is there");
        let events = subscription.take(1).expect("is there");
        let encoded: usize =
            vws_core::wire::Encoding::ALL.iter().map(|encoding| events[0].encoded(*encoding).len()).sum();
        assert!(feed.bytes() > encoded, "{} bytes hold {encoded} of encodings alone", feed.bytes());
    }

    #[tokio::test]
    async fn law4_a_batch_wakes_its_subscribers() {
        let feed = Feed::new(7, 100, usize::MAX);
        let mut subscription = feed.subscribe(7).expect("is there");
        feed.push(&records(8..=9));
        feed.wake(9);
        subscription.ready().await;
        assert_eq!(subscription.lag(), 2);
        assert_eq!(seqs(&subscription.take(10).expect("is there")), [8, 9]);
        assert_eq!(subscription.lag(), 0);
    }
}
