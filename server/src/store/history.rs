//! A session's past: states as they were, and changes taken back.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::error;
use vws_core::history::compensate;
use vws_core::model::Subject;
use vws_core::reduce::State;
use vws_core::{Author, Event, EventRecord, Millis, ObjectName, Seq, Session};

use super::live::Origin;
use super::{LiveSession, Outcome, Request, StoreError};

/// Events that are read from the log and folded at once, before other tasks have their turn.
const PAGE: usize = 1_024;

/// States of the past that are rebuilt at once, of all sessions: each may take as much memory as a session.
static REBUILDS: Semaphore = Semaphore::const_new(4);

/// A moment of a session's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Right after the event of this seq; 0 is before the first.
    Seq(Seq),
    /// With all that had happened by then, in milliseconds since 1970.
    Time(Millis),
}

/// What happened to an object, the newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectHistory {
    /// The events about it.
    pub events: Vec<Arc<EventRecord>>,
    /// Where a search for older ones goes on: before this event. `None` at the beginning of what is kept.
    pub before: Option<Seq>,
}

impl LiveSession {
    /// The state at a moment, with its seq.
    ///
    /// # Errors
    /// [`StoreError::NotYet`], [`StoreError::BeforeItBegan`], [`StoreError::HistoryGone`], or the log's.
    pub async fn at(&self, moment: Moment) -> Result<Session, StoreError> {
        let seq = self.seq_at(moment).await?;
        let origin = self.read(|session| session.info().origin.map_or(0, |origin| origin.seq));
        if seq < origin {
            return Err(StoreError::BeforeTheCopy { asked: seq, origin });
        }
        let (head, now) = self.read(|s| (s.seq(), (s.seq() == seq).then(|| s.snapshot())));
        if seq > head {
            return Err(StoreError::NotYet { asked: seq, head });
        }
        let _turn = REBUILDS.acquire().await.expect("nobody closes it");
        let snapshot = match now {
            Some(snapshot) => snapshot,
            None => self.log().snapshot_at(self.id(), seq).await?,
        };
        let mut session = snapshot.restore().map_err(|broken| {
            error!(session.id = %self.id(), error = %broken, "a snapshot is not what it was");
            StoreError::LogUnavailable(broken.to_string())
        })?;
        while session.seq() < seq {
            let limit = usize::try_from(seq - session.seq()).unwrap_or(usize::MAX).min(PAGE);
            let events = self.log().read(self.id(), session.seq(), limit).await?;
            if events.is_empty() {
                return Err(StoreError::LogUnavailable(format!("event {} is missing", session.seq() + 1)));
            }
            for event in &events {
                session.apply(event).map_err(|gap| StoreError::LogUnavailable(gap.to_string()))?;
            }
            tokio::task::yield_now().await;
        }
        Ok(session)
    }

    /// The last event of a moment.
    async fn seq_at(&self, moment: Moment) -> Result<Seq, StoreError> {
        let asked = match moment {
            Moment::Seq(seq) => return Ok(seq),
            Moment::Time(asked) => asked,
        };
        let (began, head) = self.read(|session| (session.created_at(), session.seq()));
        if asked < began {
            return Err(StoreError::BeforeItBegan { asked, began });
        }
        // Times never go back, so the events up to then are those before one place. What is trimmed is
        // before it or the moment is gone.
        let first = self.first_kept().await?;
        let (mut low, mut high) = (first - 1, head);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match self.log().read(self.id(), middle - 1, 1).await?.first() {
                Some(event) if event.at <= asked => low = middle,
                _ => high = middle - 1,
            }
        }
        let trimmed = first - 1;
        let origin = self.read(|session| session.info().origin.map_or(0, |origin| origin.seq));
        if low == trimmed && trimmed > origin {
            return Err(StoreError::HistoryGone { trimmed });
        }
        Ok(low)
    }

    /// The first event that is kept, or would be.
    pub(super) async fn first_kept(&self) -> Result<Seq, StoreError> {
        match self.log().read(self.id(), 0, 1).await.map_err(StoreError::from) {
            Ok(_) => Ok(1),
            Err(StoreError::HistoryGone { trimmed }) => Ok(trimmed + 1),
            Err(other) => Err(other),
        }
    }

    /// About `limit` events about the object of that name, before the event `before`, the newest first.
    /// The history is followed through renames, and tells of every object that had the name before.
    ///
    /// # Errors
    /// The log's.
    pub async fn object_history(
        &self,
        name: &ObjectName,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<ObjectHistory, StoreError> {
        let first = self.first_kept().await?;
        let mut end = self.read(State::seq) + 1;
        // From the end always: what the name was before `before` depends on the renames since.
        let before = before.unwrap_or(end);
        let mut trail = Trail { name: name.clone(), cleared: None, found: Vec::new(), before, limit };
        while end > first {
            let start = end.saturating_sub(PAGE as Seq).max(first);
            let page = self.log().read(self.id(), start - 1, (end - start) as usize).await?;
            for event in page.iter().rev() {
                if trail.follow(event).is_break() {
                    let before = trail.found.last().map(|oldest| oldest.seq);
                    return Ok(ObjectHistory { events: trail.found, before });
                }
            }
            end = start;
            tokio::task::yield_now().await;
        }
        if let Some(clearing) = trail.cleared.take() {
            let base = self.log().snapshot_at(self.id(), first - 1).await?;
            if base.objects.iter().any(|object| object.name == trail.name) {
                trail.found.push(clearing);
            }
        }
        Ok(ObjectHistory { events: trail.found, before: None })
    }

    /// Takes back the command that the event `seq` came of, with all its events, by a command of `author`,
    /// where `expect_version` is the session's seq or is not named.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where what it changed has been changed since; those of [`at`](Self::at).
    pub async fn undo(
        self: &Arc<Self>,
        seq: Seq,
        author: Option<Author>,
        subject: Option<Subject>,
        expect_version: Option<Seq>,
    ) -> Result<Outcome, StoreError> {
        let records = self.command_of(seq).await?;
        let first = records.first().map_or(seq, |record| record.seq);
        let before = self.at(Moment::Seq(first - 1)).await?;
        let command = compensate(&before, &records);
        drop((before, records));
        let request = Request { command, expect_version, author, subject, origin: Origin::Server };
        let (outcome, ()) = self.execute(request, |_| ()).await?;
        Ok(outcome)
    }

    /// The events of the command that the event `seq` came of.
    async fn command_of(&self, seq: Seq) -> Result<Vec<Arc<EventRecord>>, StoreError> {
        let head = self.read(State::seq);
        if seq == 0 || seq > head {
            return Err(StoreError::NotYet { asked: seq, head });
        }
        let mut records = VecDeque::new();
        // Forwards to the last event of the batch, then backwards to its first.
        let mut last = seq;
        loop {
            let page = self.log().read(self.id(), last - 1, PAGE).await?;
            let Some(event) = page.first().filter(|event| event.seq == last) else {
                return Err(StoreError::NotYet { asked: last, head });
            };
            let more = Seq::from(event.more);
            if more == 0 {
                records.push_front(Arc::clone(event));
                break;
            }
            last += more;
        }
        loop {
            let first = records.front().map_or(seq, |event: &Arc<EventRecord>| event.seq);
            let start = first.saturating_sub(PAGE as Seq).max(1);
            let page = match self.log().read(self.id(), start - 1, (first - start) as usize).await {
                Err(crate::log::LogError::Trimmed { trimmed }) => {
                    self.log().read(self.id(), trimmed, first.saturating_sub(trimmed + 1) as usize).await?
                }
                other => other?,
            };
            let before = records.len();
            for event in page.into_iter().rev() {
                let follows = records.front().is_some_and(|next| event.more == next.more + 1);
                if !follows {
                    return Ok(records.into());
                }
                records.push_front(event);
            }
            if records.len() == before {
                return Ok(records.into());
            }
        }
    }
}

/// A name that is followed back through a history.
struct Trail {
    name: ObjectName,
    /// The oldest clearing since the last event about the name: it took the object, if there was one.
    cleared: Option<Arc<EventRecord>>,
    found: Vec<Arc<EventRecord>>,
    /// Events from this one on are followed and not told.
    before: Seq,
    limit: usize,
}

impl Trail {
    /// Takes in the next older event. Breaks, without having taken it, when there is no room for it.
    fn follow(&mut self, record: &Arc<EventRecord>) -> ControlFlow<()> {
        let (existed, renamed_from) = match &record.event {
            Event::ObjectCreated { object } if object.name == self.name => (true, None),
            Event::ObjectUpdated { name, .. } if *name == self.name => (true, None),
            Event::ObjectRenamed { name, new_name } if *new_name == self.name => (true, Some(name)),
            Event::ObjectRenamed { name, .. } | Event::ObjectDeleted { name } if *name == self.name => {
                (false, None)
            }
            Event::ObjectsCleared => {
                self.cleared = Some(Arc::clone(record));
                return ControlFlow::Continue(());
            }
            Event::ObjectCreated { .. }
            | Event::ObjectUpdated { .. }
            | Event::ObjectRenamed { .. }
            | Event::ObjectDeleted { .. }
            | Event::WorldInitialized { .. }
            | Event::WorldUpdated { .. }
            | Event::CameraMoved { .. }
            | Event::CameraOrbitStarted { .. }
            | Event::CameraOrbitStopped
            | Event::SessionRenamed { .. } => return ControlFlow::Continue(()),
        };
        // A clearing is told with the event before it, which shows that there was something to clear.
        if self.found.len() >= self.limit {
            return ControlFlow::Break(());
        }
        let clearing = self.cleared.take().filter(|_| existed);
        let told = clearing.into_iter().chain([Arc::clone(record)]);
        self.found.extend(told.filter(|event| event.seq < self.before));
        if let Some(name) = renamed_from {
            self.name = name.clone();
        }
        ControlFlow::Continue(())
    }
}
