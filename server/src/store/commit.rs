//! The commit path: request → decide → events → append → apply → broadcast.

use std::sync::Arc;

use tracing::warn;
use vws_core::reduce::{State, decide_one};
use vws_core::{Author, Command, Context, Event, EventRecord, Session};

use super::draft::{Draft, Fate};
use super::line::Answer;
use super::live::Ledger;
use super::receipts::Verdict;
use super::{LiveSession, Outcome, Request, StoreError, now};
use crate::log::{Appending, BoxFuture, LogError};

/// What became of a command.
enum Committed<T> {
    Done(Result<(Outcome, T), StoreError>),
    /// The answer will come.
    Waiting(Answer<T>),
}

/// What became of one command by itself.
pub(super) enum One<T> {
    Done(Result<(Outcome, Option<T>), StoreError>),
    /// The log takes its time.
    Later(Draft, BoxFuture<'static, Result<(), LogError>>),
}

/// What a caller was shown, once: it is taken from what is there from the start.
fn shown<T>(seen: Option<T>) -> T {
    seen.expect("what took effect is shown, and once")
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
            Committed::Waiting(answer) => answer.await.unwrap_or_else(|_| Err(StoreError::commit_lost())),
        };
        self.count(r#type, done.as_ref().map(|(outcome, _)| outcome));
        done
    }

    /// Counts a command by its type and what it came to.
    pub(super) fn count(&self, r#type: usize, done: Result<&Outcome, &StoreError>) {
        match done {
            Ok(outcome) if outcome.seqs.is_empty() => self.metrics.command(r#type, "unchanged"),
            Ok(_) => self.metrics.command_accepted(r#type),
            Err(refused) => self.metrics.command(r#type, refused.code()),
        }
    }

    fn commit<V, T>(self: &Arc<Self>, request: Request, view: V) -> Committed<T>
    where
        V: FnOnce(&Session) -> T + Send + 'static,
        T: Send + 'static,
    {
        let turn = if self.is_shared() { None } else { self.turn_at_once() };
        let Some(turn) = turn else {
            return Committed::Waiting(self.wait_in_line(request, view));
        };
        let mut view = Some(view);
        let done = self.commit_now(&request, &mut |state| view.take().map(|view| view(state)));
        self.feed.wake();
        match done {
            One::Done(done) => Committed::Done(done.map(|(outcome, seen)| (outcome, shown(seen)))),
            // A task of its own: a caller that gives up must not leave events in the log that the state does not have.
            One::Later(draft, taken) => {
                Committed::Waiting(turn.go_on_with(request, shown(view), draft, taken))
            }
        }
    }

    /// One command of whoever has the turn. Nobody is woken yet: see [`Feed::wake`](crate::feed::Feed).
    pub(super) fn commit_now<T>(
        self: &Arc<Self>,
        request: &Request,
        see: &mut impl FnMut(&Session) -> Option<T>,
    ) -> One<T> {
        if !matches!(request.command, Command::Batch { .. }) {
            return self.commit_one(request, see);
        }
        let draft = self.draft([std::slice::from_ref(request)]);
        match self.append(&draft) {
            Appending::Done(taken) => {
                let mut seen = None;
                let outcome = self.settle(draft, taken, |_, state| seen = see(state)).pop();
                let (_, outcome) = outcome.expect("one for one");
                One::Done(outcome.map(|outcome| (outcome, seen)))
            }
            Appending::Later(taken) => One::Later(draft, taken),
        }
    }

    /// One command that is no batch, on its way without a list of anything: what most are. It does what
    /// [`draft`](Self::draft), [`append`](Self::append) and [`settle`](Self::settle) do.
    fn commit_one<T>(
        self: &Arc<Self>,
        request: &Request,
        see: &mut impl FnMut(&Session) -> Option<T>,
    ) -> One<T> {
        let mut ledger = self.ledger.lock();
        let author = request.author.as_ref();
        if let Some(before) = self.decided_before(&ledger, request) {
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
        let record = Arc::new(EventRecord {
            seq,
            at,
            by: author.cloned(),
            subject: request.subject.clone(),
            more: 0,
            event,
        });
        let records = std::slice::from_ref(&record);
        self.metrics.append();
        match self.append_to_log(after, records) {
            Appending::Done(Ok(())) => {}
            Appending::Done(Err(failed)) => {
                warn!(session.id = %self.id(), error = %failed, "the log did not take a batch");
                return One::Done(Err(failed.into()));
            }
            Appending::Later(taken) => {
                return One::Later(Draft::of_one(record, outcome), taken);
            }
        }
        let mut state = self.state.write();
        state.apply(&record).expect("whoever has the turn decides what is next");
        let seen = see(&state);
        self.feed.push(records);
        drop(state);
        self.metrics.events(1);
        self.tell_of_name(&record);
        ledger.note(author, Ok(outcome.clone()));
        self.checkpoint_when_due(&mut ledger, seq);
        One::Done(Ok((outcome, seen)))
    }

    /// The lobby tells what sessions are called.
    pub(super) fn tell_of_name(&self, record: &EventRecord) {
        if let Event::SessionRenamed { name } = &record.event {
            self.lobby.renamed(self.id(), name.clone(), record.at);
        }
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
