//! What some commands come to, decided before the log has taken anything of it.

use std::collections::HashMap;
use std::sync::Arc;

use tracing::warn;
use vws_core::reduce::{Overlay, State, apply};
use vws_core::{Author, Command, Context, Event, EventRecord, Millis, Rejection, Seq, Session, decide};

use super::live::{Ledger, Origin};
use super::receipts::Verdict;
use super::{LiveSession, Outcome, Request, StoreError, now};
use crate::log::{Appending, LogError};

/// Events of a group after which no command more is taken into it.
const GROUP_EVENTS: usize = 4_096;

/// What some commands come to, decided one after another, before the log has taken anything of it.
#[derive(Debug)]
pub(super) struct Draft {
    /// The event that the records follow.
    after: Seq,
    records: Vec<Arc<EventRecord>>,
    /// One for each command, in order.
    fates: Vec<Fated>,
    /// Those who have a command in it.
    members: usize,
}

/// What becomes of a command.
#[derive(Debug)]
struct Fated {
    /// Which member's it is.
    of: usize,
    author: Option<Author>,
    fate: Fate,
}

/// What becomes of a command.
#[derive(Debug)]
pub(super) enum Fate {
    /// It takes effect by the next records, as many as it has seqs.
    Decided(Outcome),
    Refused(Rejection),
    /// It was decided before: this is a retry.
    Again(Verdict),
    /// It is a retry of that one of the same draft.
    Like(usize),
    Failed(StoreError),
}

impl Fate {
    /// Whether its sender is told of it by events, and by nothing else.
    const fn is_told_by_events(&self) -> bool {
        matches!(self, Self::Decided(outcome) if outcome.seqs.start < outcome.seqs.end)
    }
}

impl Draft {
    /// One command that is decided, and has one event.
    pub(super) fn of_one(record: Arc<EventRecord>, outcome: Outcome) -> Self {
        let author = record.by.clone();
        let fates = vec![Fated { of: 0, author, fate: Fate::Decided(outcome) }];
        Self { after: record.seq - 1, records: vec![record], fates, members: 1 }
    }

    /// How many members have a command in it: the first ones.
    pub(super) const fn members(&self) -> usize {
        self.members
    }

    /// Whether something in it was decided and nothing is for the log, which would tell what it was decided on.
    pub(super) fn is_unproved(&self) -> bool {
        let judged = |fated: &Fated| matches!(fated.fate, Fate::Decided(_) | Fate::Refused(_));
        self.records.is_empty() && self.fates.iter().any(judged)
    }

    fn head(&self) -> Seq {
        self.after + self.records.len() as Seq
    }

    /// Numbers the events of a command, which come next.
    fn take(&mut self, events: Vec<Event>, at: Millis, request: &Request) -> Fate {
        let Request { author, subject, .. } = request;
        let (after, count) = (self.head(), events.len());
        for (event, n) in events.into_iter().zip(1..) {
            let more = u32::try_from(count - n).unwrap_or(u32::MAX);
            let (by, subject, seq) = (author.clone(), subject.clone(), after + n as Seq);
            let record = EventRecord { seq, at, by, subject, more, event };
            self.records.push(Arc::new(record));
        }
        let head = self.head();
        Fate::Decided(Outcome { seqs: after + 1..head + 1, seq: head, at })
    }
}

/// Whether a command makes an object.
fn makes(command: &Command) -> bool {
    match command {
        Command::CreateObject { .. } => true,
        Command::Batch { commands } => commands.iter().any(makes),
        _ => false,
    }
}

impl LiveSession {
    /// Decides the commands of some members in order, each on the state that those before it leave. Changes nothing
    /// that anybody sees.
    ///
    /// Of a member who has several it goes as far as the first that has no events: what its sender is told of that
    /// one belongs between the events of the others. Leaves the last ones out when there are many events.
    pub(super) fn draft<'a>(&self, members: impl IntoIterator<Item = &'a [Request]>) -> Draft {
        let mut ledger = self.ledger.lock();
        let state = self.state.read();
        let mut draft = Draft { after: state.seq(), records: Vec::new(), fates: Vec::new(), members: 0 };
        // The state with the first records; nothing but the state itself while it has none.
        let mut ahead: (Option<Overlay<'_, Session>>, usize) = (None, 0);
        let mut tried: HashMap<&Author, usize> = HashMap::new();
        for (of, requests) in members.into_iter().enumerate() {
            for request in requests {
                if draft.records.len() >= GROUP_EVENTS {
                    return draft;
                }
                let author = request.author.as_ref();
                let fate = match self.decided_before(&ledger, request) {
                    Some(fate) => fate,
                    None if let Some(first) = author.and_then(|author| tried.get(author)) => {
                        Fate::Like(*first)
                    }
                    None => {
                        for record in &draft.records[ahead.1..] {
                            let state = ahead.0.get_or_insert_with(|| Overlay::new(&state));
                            apply(state, &record.event, record.seq, record.at);
                        }
                        ahead.1 = draft.records.len();
                        let at = now().max(ledger.last_at);
                        ledger.last_at = at;
                        let decided = match &ahead.0 {
                            None => self.decide(&*state, request, at),
                            Some(ahead) => self.decide(ahead, request, at),
                        };
                        match decided {
                            Ok(events) => draft.take(events, at, request),
                            Err(rejection) => Fate::Refused(rejection),
                        }
                    }
                };
                if let Some(author) = author {
                    tried.entry(author).or_insert(draft.fates.len());
                }
                let goes_on = fate.is_told_by_events();
                draft.fates.push(Fated { of, author: author.cloned(), fate });
                draft.members = of + 1;
                if !goes_on {
                    break;
                }
            }
        }
        draft
    }

    /// What a command comes to that need not be decided: its session has ended, it has been here before, or there is
    /// no memory for what it makes.
    pub(super) fn decided_before(&self, ledger: &Ledger, request: &Request) -> Option<Fate> {
        if self.is_ended() {
            return Some(Fate::Failed(self.why_it_ended()));
        }
        match request.author.as_ref().map(|author| ledger.receipts.find(author)) {
            Some(Ok(Some(first))) => return Some(Fate::Again(first.clone())),
            Some(Err(expired)) => return Some(Fate::Failed(expired)),
            Some(Ok(None)) | None => {}
        }
        let has_no_room = self.memory.is_low() && makes(&request.command);
        has_no_room.then_some(Fate::Failed(StoreError::MemoryLow))
    }

    fn decide<S: State>(&self, state: &S, request: &Request, at: Millis) -> Result<Vec<Event>, Rejection> {
        let mut limits = self.limits;
        if request.origin == Origin::Server {
            limits.commands_per_batch = u32::MAX;
        }
        let context = Context { at, limits: &limits, expect_version: request.expect_version };
        decide(state, &request.command, &context)
    }

    /// Gives the records to the log, if there are any.
    pub(super) fn append(&self, draft: &Draft) -> Appending {
        if draft.records.is_empty() {
            return Appending::Done(Ok(()));
        }
        self.metrics.append();
        self.append_to_log(draft.after, &draft.records)
    }

    /// Ends a draft: applies what the log has taken and gives it to the feed, or drops it. Nobody is woken yet. `look` is shown the state right
    /// after each command that has an outcome, and is told whose it is. Answers what each came to, and whose it is.
    pub(super) fn settle(
        self: &Arc<Self>,
        draft: Draft,
        taken: Result<(), LogError>,
        mut look: impl FnMut(usize, &Session),
    ) -> Vec<(usize, Result<Outcome, StoreError>)> {
        if let Err(failed) = taken {
            warn!(session.id = %self.id(), error = %failed, "the log did not take a batch");
            return self.give_up(draft, failed, look);
        }
        let head = draft.head();
        let mut answers: Vec<(usize, Result<Outcome, StoreError>)> = Vec::with_capacity(draft.fates.len());
        let mut records = draft.records.iter();
        let mut state = self.state.write();
        for Fated { of, fate, .. } in &draft.fates {
            let answer = match fate {
                Fate::Decided(outcome) => {
                    for record in records.by_ref().take((outcome.seqs.end - outcome.seqs.start) as usize) {
                        state.apply(record).expect("whoever has the turn decides what is next");
                    }
                    Ok(outcome.clone())
                }
                Fate::Refused(rejection) => Err(rejection.clone().into()),
                Fate::Again(verdict) => verdict.clone().map_err(StoreError::from),
                Fate::Like(first) => answers[*first].1.clone(),
                Fate::Failed(error) => Err(error.clone()),
            };
            if answer.is_ok() {
                look(*of, &state);
            }
            answers.push((*of, answer));
        }
        self.feed.push(&draft.records);
        drop(state);
        self.metrics.events(draft.records.len());
        draft.records.iter().for_each(|record| self.tell_of_name(record));
        let mut ledger = self.ledger.lock();
        // What else might have followed the former last event cannot any more.
        ledger.is_unsure &= draft.records.is_empty();
        for Fated { author, fate, .. } in draft.fates {
            match (author, fate) {
                (Some(author), Fate::Decided(outcome)) => ledger.receipts.note(&author, Ok(outcome)),
                (Some(author), Fate::Refused(rejection)) => ledger.receipts.note(&author, Err(rejection)),
                _ => {}
            }
        }
        self.checkpoint_when_due(&mut ledger, head);
        answers
    }

    /// Nothing of the draft has happened. That goes for refusals too: what they were judged by may be gone.
    fn give_up(
        &self,
        draft: Draft,
        failed: LogError,
        mut look: impl FnMut(usize, &Session),
    ) -> Vec<(usize, Result<Outcome, StoreError>)> {
        let mut ledger = self.ledger.lock();
        ledger.is_unsure |= matches!(failed, LogError::Unsure(_));
        // It may be a retry of what the log has not told of.
        let error: StoreError = match failed {
            other if !ledger.is_unsure => other.into(),
            unsure @ LogError::Unsure(_) => unsure.into(),
            other => LogError::Unsure(other.to_string()).into(),
        };
        drop(ledger);
        let answers = draft.fates.into_iter().map(|Fated { of, fate, .. }| match fate {
            Fate::Again(verdict) => {
                let verdict = verdict.map_err(StoreError::from);
                if verdict.is_ok() {
                    self.read(|state| look(of, state));
                }
                (of, verdict)
            }
            Fate::Failed(error) => (of, Err(error)),
            Fate::Decided(_) | Fate::Refused(_) | Fate::Like(_) => (of, Err(error.clone())),
        });
        answers.collect()
    }
}
