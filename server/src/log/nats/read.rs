//! Events out of the stream.

use std::collections::VecDeque;
use std::sync::Arc;

use vws_core::{EventRecord, Seq};

use super::Shared;
use super::get::Which;
use super::head::{Head, unknown};
use super::layout::{Kind, Written};
use crate::log::LogError;
use crate::log::disk::decode_events;

/// Messages that are asked for one by one before many are asked for at once.
const ONE_BY_ONE: usize = 3;
/// Messages that are asked for at once.
const MANY: usize = 512;
/// Events that may lie between what is asked for and the last place that is known before the checkpoints are asked
/// for a nearer one.
const NEAR: Seq = 4_096;

/// A walk through the messages of a history that count, in their order.
pub(super) struct Walk<'a> {
    shared: &'a Shared,
    head: &'a Head,
    subject: String,
    /// The last message that was seen, and the event that those that counted end with; `None` before the first.
    seen: Option<(u64, Seq)>,
    /// Where the next one is looked for.
    from: u64,
    /// What was asked for at once and not yet walked over.
    ahead: VecDeque<Written>,
    asked: usize,
}

impl Shared {
    /// From the last place that is known before what follows the event `after`; [`Seq::MAX`] for the last one of all.
    pub(super) fn walk<'a>(&'a self, head: &'a Head, after: Seq) -> Walk<'a> {
        let seen = head.place_before(after).map(|(seq, stream)| (stream, seq));
        let subject = self.layout.history(head.session);
        let from = seen.map_or(1, |(stream, _)| stream + 1);
        Walk { shared: self, head, subject, seen, from, ahead: VecDeque::new(), asked: 0 }
    }

    /// At most `limit` events of a history that follow the event `after`.
    pub(super) async fn read(
        self: &Arc<Self>,
        head: &Arc<Head>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<EventRecord>>, LogError> {
        if head.place_before(after).is_none_or(|(seq, _)| after - seq > NEAR) {
            let index = self.index(head.session).await?.0;
            index.checkpoints.iter().for_each(|kept| head.note_place(kept.place.0, kept.place.1));
        }
        let mut walk = self.walk(head, after);
        let mut events = Vec::new();
        let mut next = after;
        while events.len() < limit {
            let Some(written) = walk.next().await? else { break };
            if written.note.after > next {
                return Err(LogError::Trimmed { trimmed: written.note.after });
            }
            let last = written.note.info.seq;
            if last <= next {
                head.note_place(last, written.stream);
                continue;
            }
            let stream = written.stream;
            let batch = self.events_of(head, written).await?;
            let skipped = usize::try_from(next - (last - batch.len() as Seq)).unwrap_or(usize::MAX);
            events.extend(batch.into_iter().skip(skipped).take(limit - events.len()));
            next = events.last().map_or(next, |event| event.seq);
            if next == last {
                head.note_place(last, stream);
            }
        }
        if events.is_empty() {
            // That nothing follows is so only where the history goes on.
            self.live_tip(head).await?;
        }
        Ok(events)
    }

    /// The events of a batch.
    pub(super) async fn events_of(
        &self,
        head: &Head,
        written: Written,
    ) -> Result<Vec<Arc<EventRecord>>, LogError> {
        let Written { stream, note, payload, .. } = written;
        if note.kind == Kind::Base {
            return Ok(Vec::new());
        }
        let plain = match self.unpack(head.session, &note.body, payload).await {
            Err(LogError::Trimmed { .. }) => Err(LogError::Trimmed { trimmed: note.info.seq }),
            unpacked => unpacked,
        }?;
        let events = decode_events(&plain).ok_or_else(|| unknown(head.session, stream))?;
        let follows = events.iter().zip(note.after + 1..).all(|(event, seq)| event.seq == seq);
        if follows && note.after + events.len() as Seq == note.info.seq {
            Ok(events)
        } else {
            let reason = format!("message {stream} of the stream has other events than it says");
            Err(LogError::Damaged { session: head.session, reason })
        }
    }
}

impl Walk<'_> {
    /// The next message that counts, where there is one yet.
    ///
    /// # Errors
    /// [`LogError::NoSession`] at the mark of the deletion.
    pub(super) async fn next(&mut self) -> Result<Option<Written>, LogError> {
        loop {
            let Some(written) = self.following().await? else { return Ok(None) };
            self.from = written.stream + 1;
            let (before, last) = match self.seen {
                Some((before, last)) => (before, last),
                // What comes first follows what was let go of, if anything.
                None => (written.note.before, written.note.after),
            };
            // Its writer took an earlier message for the last one: it was let in and counts for nobody.
            if written.note.before < before {
                self.seen = Some((written.stream, last));
                continue;
            }
            if written.note.kind == Kind::Deleted {
                return Err(LogError::NoSession(self.head.session));
            }
            self.seen = Some((written.stream, written.note.info.seq));
            return Ok(Some(written));
        }
    }

    async fn following(&mut self) -> Result<Option<Written>, LogError> {
        if self.ahead.is_empty() && self.asked >= ONE_BY_ONE {
            self.ahead = self.shared.many(&self.subject, self.from, MANY).await?.into();
        }
        // What was read ahead came from whichever server had it. A hole in it is one only if the leader has it too.
        let fits = |ahead: &Written| self.seen.is_none_or(|(before, _)| ahead.note.before <= before);
        if let Some(ahead) = self.ahead.pop_front().filter(fits) {
            return Ok(Some(ahead));
        }
        self.ahead.clear();
        self.asked += 1;
        let stream = self.shared.layout.stream();
        let found = self.shared.get(&stream, Which::NextOf(&self.subject, self.from)).await?;
        let Some(message) = found else { return Ok(None) };
        let at = message.sequence;
        let written = Written::read(at, &message.headers, message.payload);
        written.map(Some).ok_or_else(|| unknown(self.head.session, at))
    }
}
