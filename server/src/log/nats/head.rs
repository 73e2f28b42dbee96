//! What this process knows of a history without asking.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use vws_core::{Seq, SessionId, SessionInfo};

use super::Shared;
use super::get::Which;
use super::layout::{Kind, Note, Written};
use crate::log::LogError;

/// Histories that something is known of, about; past it those that nobody uses are forgotten.
const MOST_HEADS: usize = 16_384;
/// Places of one history that are known; past it every second one is forgotten.
const MOST_PLACES: usize = 128;
/// Events between two places that are known.
const PLACE_EVERY: Seq = 64;

/// The end of a history, as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    /// The place of its last message in the stream.
    pub(super) stream: u64,
    /// The session after it.
    pub(super) info: SessionInfo,
}

/// What this process knows of a history.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) session: SessionId,
    known: Mutex<Known>,
    /// Held while a part of the history is let go of.
    pub(super) trimming: tokio::sync::Mutex<()>,
    /// Those of this process who have it held as it is.
    holds: AtomicUsize,
}

#[derive(Debug, Default)]
struct Known {
    tip: Option<Tip>,
    /// Events that are the last ones of their messages, and where those are in the stream.
    places: BTreeMap<Seq, u64>,
    /// The place of what the bucket of sessions has of it.
    listed: Option<u64>,
}

impl Head {
    fn new(session: SessionId) -> Self {
        Self {
            session,
            known: Mutex::default(),
            trimming: tokio::sync::Mutex::default(),
            holds: AtomicUsize::new(0),
        }
    }

    pub(super) fn tip(&self) -> Option<Tip> {
        self.known.lock().tip.clone()
    }

    /// The end was seen there; one that is before what is known changes nothing.
    pub(super) fn saw(&self, stream: u64, info: &SessionInfo) {
        let mut known = self.known.lock();
        if known.tip.as_ref().is_some_and(|tip| tip.stream >= stream) {
            return;
        }
        if known.tip.as_ref().is_some_and(|tip| tip.info.epoch != info.epoch) {
            // Another history under the same id.
            *known = Known::default();
        }
        known.place(info.seq, stream);
        known.tip = Some(Tip { stream, info: info.clone() });
    }

    /// The history has ended.
    pub(super) fn forget(&self) {
        *self.known.lock() = Known::default();
    }

    /// Nothing is certain of the end any more.
    pub(super) fn forget_tip(&self) {
        self.known.lock().tip = None;
    }

    /// A message whose last event is `seq` is at this place.
    pub(super) fn note_place(&self, seq: Seq, stream: u64) {
        self.known.lock().place(seq, stream);
    }

    /// The last place that is known whose event is not after `seq`.
    pub(super) fn place_before(&self, seq: Seq) -> Option<(Seq, u64)> {
        self.known.lock().places.range(..=seq).next_back().map(|(seq, stream)| (*seq, *stream))
    }

    pub(super) fn listed(&self) -> Option<u64> {
        self.known.lock().listed
    }

    pub(super) fn set_listed(&self, revision: Option<u64>) {
        self.known.lock().listed = revision;
    }

    pub(super) fn is_held(&self) -> bool {
        self.holds.load(Ordering::Acquire) > 0
    }
}

impl Known {
    fn place(&mut self, seq: Seq, stream: u64) {
        let last = self.places.range(..=seq).next_back().map(|(seq, _)| *seq);
        if last.is_some_and(|last| seq - last < PLACE_EVERY) {
            return;
        }
        self.places.insert(seq, stream);
        if self.places.len() > MOST_PLACES {
            let mut n = 0_usize;
            self.places.retain(|_, _| {
                n += 1;
                n % 2 == 1
            });
        }
    }
}

/// What this process knows of histories.
#[derive(Debug)]
pub(super) struct Heads {
    known: HashMap<SessionId, Arc<Head>>,
    /// So many are looked through for those that nobody uses.
    look_at: usize,
}

impl Default for Heads {
    fn default() -> Self {
        Self { known: HashMap::new(), look_at: MOST_HEADS }
    }
}

impl Heads {
    fn get_or_insert(&mut self, session: SessionId) -> Arc<Head> {
        if let Some(head) = self.known.get(&session) {
            return Arc::clone(head);
        }
        if self.known.len() >= self.look_at {
            self.known.retain(|_, head| Arc::strong_count(head) > 1);
            // Where most are in use it is not looked again each time.
            self.look_at = MOST_HEADS.max(self.known.len() * 2);
        }
        let head = Arc::new(Head::new(session));
        self.known.insert(session, Arc::clone(&head));
        head
    }
}

/// Holds a history as it is, as far as this process lets go of it.
pub(super) struct Held(Arc<Head>);

impl Held {
    pub(super) fn of(head: &Arc<Head>) -> Self {
        head.holds.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(head))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.holds.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a history ends with.
#[derive(Debug)]
pub(super) enum Newest {
    /// There is none.
    Nothing,
    /// It goes on after this.
    Live(Tip),
    /// It was deleted by the message at this place.
    Deleted(u64),
}

impl Shared {
    /// What is known of a history, or will be.
    pub(super) fn head(&self, session: SessionId) -> Arc<Head> {
        self.heads.lock().get_or_insert(session)
    }

    /// Nothing is known of a history any more.
    pub(super) fn forget(&self, session: SessionId) {
        if let Some(head) = self.heads.lock().known.get(&session) {
            head.forget();
        }
    }

    /// What a history ends with now.
    pub(super) async fn newest(&self, head: &Head) -> Result<Newest, LogError> {
        let (stream, subject) = (self.layout.stream(), self.layout.history(head.session));
        let Some(message) = self.get(&stream, Which::LastOf(&subject)).await? else {
            head.forget();
            return Ok(Newest::Nothing);
        };
        let at = message.sequence;
        let written = Written::read(at, &message.headers, message.payload);
        let mut written = written.ok_or_else(|| unknown(head.session, at))?;
        if self.replicated && written.note.before + 1 != at && !self.counts(&written, &subject).await? {
            written.note = self.last_that_counts(head).await?;
        }
        match written.note.kind {
            Kind::Deleted => {
                head.forget();
                Ok(Newest::Deleted(at))
            }
            Kind::Base | Kind::Batch => {
                head.saw(at, &written.note.info);
                Ok(Newest::Live(Tip { stream: at, info: written.note.info }))
            }
        }
    }

    /// Whether a message of a history that is kept by several servers follows the one that its writer took for the
    /// last: where two were let in after one, the second counts for nobody.
    async fn counts(&self, written: &Written, subject: &str) -> Result<bool, LogError> {
        let next = self.get(&self.layout.stream(), Which::NextOf(subject, written.note.before + 1)).await?;
        Ok(next.is_none_or(|next| next.sequence >= written.stream))
    }

    /// What the last message says that counts, where the last one does not.
    async fn last_that_counts(&self, head: &Head) -> Result<Note, LogError> {
        let mut walk = self.walk(head, Seq::MAX);
        let mut last = None;
        while let Some(written) = walk.next().await? {
            last = Some(written.note);
        }
        last.ok_or(LogError::NoSession(head.session))
    }

    /// The end of a history as it is now.
    ///
    /// # Errors
    /// [`LogError::NoSession`]; what is left of one that was deleted is let go of then.
    pub(super) async fn live_tip(self: &Arc<Self>, head: &Arc<Head>) -> Result<Tip, LogError> {
        match self.newest(head).await? {
            Newest::Live(tip) => Ok(tip),
            Newest::Nothing => Err(LogError::NoSession(head.session)),
            Newest::Deleted(stream) => {
                self.finish_deletion_later(head.session, stream);
                Err(LogError::NoSession(head.session))
            }
        }
    }
}

/// What a message is that this version cannot read.
pub(super) fn unknown(session: SessionId, stream: u64) -> LogError {
    LogError::Newer { session, reason: format!("message {stream} of the stream") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu6_what_nobody_uses_is_forgotten() {
        let mut heads = Heads::default();
        let id = |n: u128| SessionId::from_uuid(uuid::Uuid::from_u128(n));
        let used: Vec<_> = (0..10).map(|n| heads.get_or_insert(id(n))).collect();
        for n in 0..3 * MOST_HEADS as u128 {
            heads.get_or_insert(id(n));
            assert!(heads.known.len() <= MOST_HEADS);
        }
        assert!(used.iter().all(|head| Arc::ptr_eq(head, &heads.get_or_insert(head.session))));
        let head = Head::new(id(1));
        for n in 0..100_000 {
            head.note_place(n, n + 1);
        }
        assert!(head.known.lock().places.len() <= MOST_PLACES);
        assert_eq!(head.place_before(0), Some((0, 1)), "the first stays");
        assert!(head.place_before(99_999).is_some_and(|(seq, stream)| stream == seq + 1));
    }
}
