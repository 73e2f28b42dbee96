//! What comes to a history, as it comes.

use std::sync::Arc;
use std::time::Duration;

use async_nats::header::{NATS_LAST_SEQUENCE, NATS_SEQUENCE};
use async_nats::{HeaderMap, Message, Subscriber};
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use vws_core::{Seq, SessionId};

use super::Shared;
use super::head::{Head, Newest, Tip};
use super::layout::{Kind, Written};
use crate::log::{Following, LogError, Told};
use crate::nats::Losses;

/// Whoever has heard nothing for so long, or up to half as long again, looks whether there was something.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// Whoever may have missed something looks within this.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// From 0 to 255.
fn jitter() -> u32 {
    u32::from(uuid::Uuid::now_v7().as_bytes()[15])
}

/// When to look next. It differs, so that not all do at once.
pub(super) fn next_look() -> Instant {
    Instant::now() + LOOK_AFTER + LOOK_AFTER * jitter() / 512
}

/// Listens for what may have been missed.
pub(super) struct Misses {
    losses: watch::Receiver<Losses>,
    seen: Losses,
}

impl Misses {
    pub(super) fn from_now_on(shared: &Shared) -> Self {
        let losses = shared.connection.losses();
        let seen = *losses.borrow();
        Self { losses, seen }
    }

    /// Waits until something may have been missed. Answers when to look for it; `None` where it was, by all who listen.
    pub(super) async fn next(&mut self) -> Option<Instant> {
        if self.losses.changed().await.is_err() {
            // The connection is gone, and so is whoever listens.
            std::future::pending::<()>().await;
        }
        let now = *self.losses.borrow_and_update();
        let was_away = now.away != self.seen.away;
        self.seen = now;
        // Somebody was too slow, one of thousands: no time to have all of them read everything.
        (!was_away).then(|| Instant::now() + LOOK_WITHIN * jitter() / 256)
    }
}

/// Where JetStream says that a message which it tells on is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) stream: u64,
    /// The one before it of the same subject; 0 where there is none.
    pub(super) before: u64,
}

impl Place {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let number = |name| headers.get_last(name)?.as_str().parse().ok();
        Some(Self { stream: number(NATS_SEQUENCE)?, before: number(NATS_LAST_SEQUENCE)? })
    }
}

impl Shared {
    /// What comes to a history from now on.
    pub(super) async fn follow(self: &Arc<Self>, session: SessionId) -> Result<Following, LogError> {
        let listener = self.listener(session).await?;
        Ok(Box::pin(stream::unfold(listener, |mut listener| async move {
            if listener.ended {
                return None;
            }
            let told = listener.next().await;
            listener.ended = told == Told::Ended;
            Some((told, listener))
        })))
    }

    pub(super) async fn listener(self: &Arc<Self>, session: SessionId) -> Result<Listener, LogError> {
        let misses = Misses::from_now_on(self);
        let told = self.connection.client().subscribe(self.layout.told(session)).await;
        let told = told.map_err(|error| LogError::Unavailable(format!("NATS: {error}")))?;
        let (shared, head) = (Arc::clone(self), self.head(session));
        // Asked for on the same connection: what comes after the answer is told of.
        let Tip { stream: seen, info } = self.live_tip(&head).await?;
        Ok(Listener { shared, head, told, misses, seen, last: info.seq, look: next_look(), ended: false })
    }
}

/// Who follows one history.
pub(super) struct Listener {
    shared: Arc<Shared>,
    head: Arc<Head>,
    pub(super) told: Subscriber,
    misses: Misses,
    /// The place of the last message that was seen, whether it counts or not.
    seen: u64,
    /// The last event that was seen.
    last: Seq,
    pub(super) look: Instant,
    ended: bool,
}

impl Listener {
    pub(super) async fn next(&mut self) -> Told {
        loop {
            tokio::select! {
                biased;
                message = self.told.next() => match message {
                    Some(message) => {
                        if let Some(told) = self.take(message).await {
                            return told;
                        }
                    }
                    // The client was closed, which nobody does while the log is there.
                    None => std::future::pending().await,
                },
                missed = self.misses.next() => match missed {
                    Some(look) => self.look = self.look.min(look),
                    None => return Told::Gap,
                },
                () = sleep_until(self.look) => {
                    self.look = next_look();
                    if let Some(told) = self.look_there().await {
                        return told;
                    }
                }
            }
        }
    }

    /// What a message tells, if anything.
    async fn take(&mut self, message: Message) -> Option<Told> {
        let Message { headers, payload, .. } = message;
        let headers = headers?;
        let place = Place::of(&headers)?;
        if place.stream <= self.seen {
            return None;
        }
        self.look = next_look();
        let is_next = place.before == self.seen;
        self.seen = place.stream;
        let Some(written) = Written::read(place.stream, &headers, payload) else {
            // Whoever reads it is told what is wrong with it.
            return Some(Told::Gap);
        };
        // Its writer took an earlier message for the last one: it was let in and counts for nobody.
        if written.note.before < place.before {
            return (!is_next).then_some(Told::Gap);
        }
        if written.note.kind == Kind::Deleted {
            self.head.forget();
            return Some(Told::Ended);
        }
        self.head.saw(place.stream, &written.note.info);
        let follows = is_next && written.note.after == self.last;
        self.last = written.note.info.seq;
        if !follows || written.note.kind == Kind::Base {
            return Some(Told::Gap);
        }
        Some(self.shared.events_of(&self.head, written).await.map_or(Told::Gap, Told::Batch))
    }

    /// Looks whether there was something that nobody told of.
    async fn look_there(&mut self) -> Option<Told> {
        match self.shared.newest(&self.head).await {
            Ok(Newest::Live(tip)) if tip.stream > self.seen => {
                self.seen = tip.stream;
                self.last = tip.info.seq;
                Some(Told::Gap)
            }
            Ok(Newest::Live(_)) | Err(_) => None,
            Ok(Newest::Nothing | Newest::Deleted(_)) => Some(Told::Ended),
        }
    }
}
