//! The commit path: request → decide → events → append → apply → broadcast.

use std::collections::HashMap;
use std::sync::Arc;

use tracing::warn;
use vws_core::reduce::{Overlay, State, apply, decide_one};
use vws_core::{Author, Command, Context, Event, EventRecord, Millis, Rejection, Seq, Session, decide};

use super::line::Answer;
use super::live::{Ledger, Origin};
use super::receipts::Verdict;
use super::{LiveSession, Outcome, Request, StoreError, now};
use crate::log::{Appending, BoxFuture, LogError};

/// Events of a group after which no command more is taken into it.
const GROUP_EVENTS: usize = 4_096;

/// What some commands come to, decided one after another, before the log has taken anything of it.
#[derive(Debug)]
pub(super) struct Draft {
    /// The event that the records follow.
    after: Seq,
    records: Vec<Arc<EventRecord>>,
    /// One for each command, in order.
    fates: Vec<(Option<Author>, Fate)>,
}

/// What became of a command.
enum Committed<T> {
    Done(Result<(Outcome, T), StoreError>),
    /// The answer will come.
    Waiting(Answer<T>),
}

/// What became of one command by itself.
enum One<T> {
    Done(Result<(Outcome, Option<T>), StoreError>),
    /// The log takes its time.
    Later(Draft, BoxFuture<'static, Result<(), LogError>>),
}

/// What a caller was shown, once: it is taken from what is there from the start.
fn shown<T>(seen: Option<T>) -> T {
    seen.expect("what took effect is shown, and once")
}

#[derive(Debug)]
enum Fate {
    /// It takes effect by the next records, as many as it has seqs.
    Decided(Outcome),
    Refused(Rejection),
    /// It was decided before: this is a retry.
    Again(Verdict),
    /// It is a retry of that one of the same draft.
    Like(usize),
    Failed(StoreError),
}

impl Draft {
    /// How many commands it has.
    pub(super) fn len(&self) -> usize {
        self.fates.len()
    }

    fn head(&self) -> Seq {
        self.after + self.records.len() as Seq
    }
}

impl LiveSession {
    /// Decides a command, has the log take its events, applies and broadcasts them, in this order.
    /// `view` sees the state right after, before any later change.
    ///
    /// Commands that wait while the log takes its time are decided in their order and given to it at once.
    ///
    /// Counted by type and outcome, whoever asks.
    ///
    /// The commit is finished even when the caller stops waiting for it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn execute<T: Send + 'static>(
        self: &Arc<Self>,
        request: Request,
        view: impl FnOnce(&Session) -> T + Send + 'static,
    ) -> Result<(Outcome, T), StoreError> {
        let r#type = request.command.type_index();
        // Where nobody waits nothing below does: a caller that has one command after another lets others run.
        tokio::task::consume_budget().await;
        let done = match self.commit(request, view) {
            Committed::Done(done) => done,
            Committed::Waiting(answer) => {
                let lost = || StoreError::LogUnavailable("the commit did not end".to_owned());
                answer.await.unwrap_or_else(|_| Err(lost()))
            }
        };
        match &done {
            Ok((outcome, _)) if outcome.seqs.is_empty() => self.metrics.command(r#type, "unchanged"),
            Ok(_) => self.metrics.command_accepted(r#type),
            Err(refused) => self.metrics.command(r#type, refused.code()),
        }
        done
    }

    fn commit<V, T>(self: &Arc<Self>, request: Request, view: V) -> Committed<T>
    where
        V: FnOnce(&Session) -> T + Send + 'static,
        T: Send + 'static,
    {
        let Some(turn) = self.turn_at_once() else {
            return Committed::Waiting(self.wait_in_line(request, view));
        };
        let mut view = Some(view);
        let mut see = |state: &Session| view.take().map(|view| view(state));
        let (draft, taken) = if matches!(request.command, Command::Batch { .. }) {
            let draft = self.draft([&request]);
            match self.append(&draft) {
                Appending::Done(taken) => {
                    let mut seen = None;
                    let outcome = self.settle(draft, taken, |_, state| seen = see(state)).pop();
                    let outcome = outcome.expect("one for one");
                    return Committed::Done(outcome.map(|outcome| (outcome, shown(seen))));
                }
                Appending::Later(taken) => (draft, taken),
            }
        } else {
            match self.commit_one(&request, &mut see) {
                One::Done(done) => {
                    return Committed::Done(done.map(|(outcome, seen)| (outcome, shown(seen))));
                }
                One::Later(draft, taken) => (draft, taken),
            }
        };
        // A task of its own: a caller that gives up must not leave events in the log that the state does not have.
        Committed::Waiting(turn.go_on(request, shown(view), draft, taken))
    }

    /// One command that is no batch, of whoever has the turn, on its way without a list of anything: what most are.
    /// It does what [`draft`](Self::draft), [`append`](Self::append) and [`settle`](Self::settle) do.
    fn commit_one<T>(
        self: &Arc<Self>,
        request: &Request,
        see: &mut impl FnMut(&Session) -> Option<T>,
    ) -> One<T> {
        let mut ledger = self.ledger.lock();
        let author = request.author.as_ref();
        if let Some(before) = self.decided_before(&ledger, author) {
            return One::Done(match before {
                Fate::Again(verdict) => verdict.map_err(StoreError::from).map(|o| (o, self.read(see))),
                Fate::Failed(error) => Err(error),
                Fate::Decided(_) | Fate::Refused(_) | Fate::Like(_) => unreachable!("it was decided before"),
            });
        }
        let at = now().max(ledger.last_at);
        ledger.last_at = at;
        let state = self.state.read();
        let after = state.seq();
        let context = Context { at, limits: &self.limits, expect_version: request.expect_version };
        let decided = decide_one(&*state, &request.command, &context);
        drop(state);
        let event = match decided {
            Err(rejection) => {
                ledger.note(author, Err(rejection.clone()));
                return One::Done(Err(rejection.into()));
            }
            Ok(None) => {
                let outcome = Outcome { seqs: after + 1..after + 1, seq: after, at };
                ledger.note(author, Ok(outcome.clone()));
                return One::Done(Ok((outcome, self.read(see))));
            }
            Ok(Some(event)) => event,
        };
        let seq = after + 1;
        let outcome = Outcome { seqs: seq..seq + 1, seq, at };
        let record = Arc::new(EventRecord { seq, at, by: author.cloned(), more: 0, event });
        let records = std::slice::from_ref(&record);
        self.metrics.append();
        match self.append_to_log(after, records) {
            Appending::Done(Ok(())) => {}
            Appending::Done(Err(failed)) => {
                warn!(session.id = %self.id(), error = %failed, "the log did not take a batch");
                return One::Done(Err(failed.into()));
            }
            Appending::Later(taken) => {
                let fates = vec![(author.cloned(), Fate::Decided(outcome))];
                return One::Later(Draft { after, records: vec![record], fates }, taken);
            }
        }
        let mut state = self.state.write();
        state.apply(&record).expect("whoever has the turn decides what is next");
        let seen = see(&state);
        self.feed.push(records);
        drop(state);
        self.feed.wake();
        self.metrics.events(1);
        self.tell_of_name(&record);
        ledger.note(author, Ok(outcome.clone()));
        self.checkpoint_when_due(&mut ledger, seq);
        One::Done(Ok((outcome, seen)))
    }

    /// The lobby tells what sessions are called.
    fn tell_of_name(&self, record: &EventRecord) {
        if let Event::SessionRenamed { name } = &record.event {
            self.lobby.renamed(self.id(), name.clone(), record.at);
        }
    }

    /// Decides commands in order, each on the state that those before it leave. Changes nothing that anybody
    /// sees. Leaves the last ones out when there are many events.
    pub(super) fn draft<'a>(&self, requests: impl IntoIterator<Item = &'a Request>) -> Draft {
        let mut requests = requests.into_iter().peekable();
        let mut ledger = self.ledger.lock();
        let state = self.state.read();
        let mut draft = Draft { after: state.seq(), records: Vec::new(), fates: Vec::new() };
        // The state with the records so far; nothing but the state itself while there are none.
        let mut ahead: Option<Overlay<'_, Session>> = None;
        let mut tried: HashMap<&Author, usize> = HashMap::new();
        while let Some(request) = requests.next() {
            let author = request.author.as_ref();
            let fate = match self.decided_before(&ledger, author) {
                Some(fate) => fate,
                None if let Some(first) = author.and_then(|author| tried.get(author)) => Fate::Like(*first),
                None => {
                    let at = now().max(ledger.last_at);
                    ledger.last_at = at;
                    let decided = match &ahead {
                        None => self.decide(&*state, request, at),
                        Some(ahead) => self.decide(ahead, request, at),
                    };
                    match decided {
                        Ok(events) => draft.take(events, at, author),
                        Err(rejection) => Fate::Refused(rejection),
                    }
                }
            };
            let place = draft.fates.len();
            let more = requests.peek().is_some();
            if more && let Fate::Decided(outcome) = &fate {
                let ahead = ahead.get_or_insert_with(|| Overlay::new(&state));
                let count = (outcome.seqs.end - outcome.seqs.start) as usize;
                for record in &draft.records[draft.records.len() - count..] {
                    apply(ahead, &record.event, record.seq, record.at);
                }
            }
            draft.fates.push((author.cloned(), fate));
            if draft.records.len() >= GROUP_EVENTS {
                break;
            }
            if let Some(author) = author.filter(|_| more) {
                tried.entry(author).or_insert(place);
            }
        }
        draft
    }

    fn decided_before(&self, ledger: &Ledger, author: Option<&Author>) -> Option<Fate> {
        if self.is_ended() {
            return Some(Fate::Failed(StoreError::not_found(self.id())));
        }
        match ledger.receipts.find(author?) {
            Ok(first) => first.cloned().map(Fate::Again),
            Err(expired) => Some(Fate::Failed(expired)),
        }
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

    /// Ends a draft: applies and broadcasts what the log has taken, or drops it. `look` is shown the state right
    /// after each command that has an outcome. Answers what each came to.
    pub(super) fn settle(
        self: &Arc<Self>,
        draft: Draft,
        taken: Result<(), LogError>,
        mut look: impl FnMut(usize, &Session),
    ) -> Vec<Result<Outcome, StoreError>> {
        if let Err(failed) = taken {
            warn!(session.id = %self.id(), error = %failed, "the log did not take a batch");
            return self.give_up(draft, failed, look);
        }
        let head = draft.head();
        let mut answers: Vec<Result<Outcome, StoreError>> = Vec::with_capacity(draft.fates.len());
        let mut records = draft.records.iter();
        let mut state = self.state.write();
        for (n, (_, fate)) in draft.fates.iter().enumerate() {
            let answer = match fate {
                Fate::Decided(outcome) => {
                    for record in records.by_ref().take((outcome.seqs.end - outcome.seqs.start) as usize) {
                        state.apply(record).expect("whoever has the turn decides what is next");
                    }
                    Ok(outcome.clone())
                }
                Fate::Refused(rejection) => Err(rejection.clone().into()),
                Fate::Again(verdict) => verdict.clone().map_err(StoreError::from),
                Fate::Like(first) => answers[*first].clone(),
                Fate::Failed(error) => Err(error.clone()),
            };
            if answer.is_ok() {
                look(n, &state);
            }
            answers.push(answer);
        }
        self.feed.push(&draft.records);
        drop(state);
        if !draft.records.is_empty() {
            self.feed.wake();
            self.metrics.events(draft.records.len());
        }
        draft.records.iter().for_each(|record| self.tell_of_name(record));
        let mut ledger = self.ledger.lock();
        for (author, fate) in draft.fates {
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
    ) -> Vec<Result<Outcome, StoreError>> {
        let error = StoreError::from(failed);
        let fates = draft.fates.into_iter().enumerate();
        let answers = fates.map(|(n, (_, fate))| match fate {
            Fate::Again(verdict) => {
                let verdict = verdict.map_err(StoreError::from);
                if verdict.is_ok() {
                    self.read(|state| look(n, state));
                }
                verdict
            }
            Fate::Failed(error) => Err(error),
            Fate::Decided(_) | Fate::Refused(_) | Fate::Like(_) => Err(error.clone()),
        });
        answers.collect()
    }
}

impl Ledger {
    /// Remembers what a command came to, where its author is known.
    fn note(&mut self, author: Option<&Author>, verdict: Verdict) {
        if let Some(author) = author {
            self.receipts.note(author, verdict);
        }
    }
}

impl Draft {
    /// Numbers the events of a command, which come next.
    fn take(&mut self, events: Vec<Event>, at: Millis, author: Option<&Author>) -> Fate {
        let (after, count) = (self.head(), events.len());
        for (event, n) in events.into_iter().zip(1..) {
            let more = u32::try_from(count - n).unwrap_or(u32::MAX);
            let record = EventRecord { seq: after + n as Seq, at, by: author.cloned(), more, event };
            self.records.push(Arc::new(record));
        }
        let head = self.head();
        Fate::Decided(Outcome { seqs: after + 1..head + 1, seq: head, at })
    }
}
