//! What a connection has sent at once.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::oneshot;
use vws_core::Session;

use super::commit::One;
use super::draft::Draft;
use super::line::{Member, Turn};
use super::{LiveSession, Outcome, Request, StoreError};
use crate::log::{Appending, BoxFuture, LogError};

/// What the first of them came to, and those that are left.
type Answer = (Vec<Result<Outcome, StoreError>>, VecDeque<Request>);

/// Several commands that wait in line as one.
#[derive(Debug)]
struct Several {
    requests: VecDeque<Request>,
    reply: oneshot::Sender<Answer>,
}

impl Member for Several {
    fn requests(&self) -> &[Request] {
        // Made contiguous before it came into line, and never changed there.
        self.requests.as_slices().0
    }

    fn is_left(&self) -> bool {
        self.reply.is_closed()
    }

    fn look(&mut self, _state: &Session) {}

    fn answer(mut self: Box<Self>, outcomes: &mut dyn Iterator<Item = Result<Outcome, StoreError>>) {
        let outcomes: Vec<_> = outcomes.collect();
        self.requests.drain(..outcomes.len());
        // Who has given up has no use for it.
        let _ = self.reply.send((outcomes, self.requests));
    }
}

/// Someone who waits with all of `requests`, and for what.
fn several(requests: &mut VecDeque<Request>) -> (Box<dyn Member>, oneshot::Receiver<Answer>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Several { requests: std::mem::take(requests), reply }), answer)
}

impl LiveSession {
    /// Commits commands in order as [`execute`](Self::execute) does, but at once: those who follow the session are
    /// woken once, and a log that takes its time is given all of them together.
    ///
    /// Goes as far as the first that has no event, for what its sender is told of that one belongs between the events
    /// of the others. Takes those that it answers from `requests`, and answers what each of them came to: at least one,
    /// where there is any.
    pub async fn execute_all(
        self: &Arc<Self>,
        requests: &mut VecDeque<Request>,
    ) -> Vec<Result<Outcome, StoreError>> {
        // As execute does.
        tokio::task::consume_budget().await;
        let types: Vec<usize> = requests.iter().map(|request| request.command.type_index()).collect();
        let turn = if self.is_shared() { None } else { self.turn_at_once() };
        let done = match turn {
            Some(turn) if self.log_answers_at_once() => self.commit_each(turn, requests).await,
            turn => self.commit_together(turn, requests).await,
        };
        for (r#type, done) in types.into_iter().zip(&done) {
            self.count(r#type, done.as_ref());
        }
        done
    }

    /// One by one, with one turn, where nothing is waited for.
    async fn commit_each(
        self: &Arc<Self>,
        turn: Turn,
        requests: &mut VecDeque<Request>,
    ) -> Vec<Result<Outcome, StoreError>> {
        let mut done = Vec::with_capacity(requests.len());
        let mut later = None;
        while let Some(request) = requests.pop_front() {
            match self.commit_now(&request, &mut |_| None::<()>) {
                One::Done(one) => {
                    let goes_on = one.as_ref().is_ok_and(|(outcome, _)| !outcome.seqs.is_empty());
                    done.push(one.map(|(outcome, _)| outcome));
                    if !goes_on {
                        break;
                    }
                }
                One::Later(draft, taken) => {
                    later = Some((request, draft, taken));
                    break;
                }
            }
        }
        self.feed.wake();
        if let Some((request, draft, taken)) = later {
            let mut only = VecDeque::from([request]);
            done.extend(self.wait_for(turn, &mut only, draft, taken).await);
        }
        done
    }

    /// As one member of a group.
    async fn commit_together(
        self: &Arc<Self>,
        turn: Option<Turn>,
        requests: &mut VecDeque<Request>,
    ) -> Vec<Result<Outcome, StoreError>> {
        requests.make_contiguous();
        let Some(turn) = turn else {
            let count = requests.len();
            let (member, answer) = several(requests);
            self.come_into_line(member);
            return answered(requests, count, answer).await;
        };
        let draft = self.draft([requests.as_slices().0]);
        match self.append(&draft) {
            Appending::Later(taken) => self.wait_for(turn, requests, draft, taken).await,
            Appending::Done(taken) => {
                let answers = self.settle(draft, taken, |_, _| {});
                self.feed.wake();
                requests.drain(..answers.len());
                answers.into_iter().map(|(_, answer)| answer).collect()
            }
        }
    }

    async fn wait_for(
        self: &Arc<Self>,
        turn: Turn,
        requests: &mut VecDeque<Request>,
        draft: Draft,
        taken: BoxFuture<'static, Result<(), LogError>>,
    ) -> Vec<Result<Outcome, StoreError>> {
        let count = requests.len();
        let (member, answer) = several(requests);
        turn.go_on(member, draft, taken);
        answered(requests, count, answer).await
    }
}

/// Waits for what became of them, and takes back those that are left.
async fn answered(
    requests: &mut VecDeque<Request>,
    count: usize,
    answer: oneshot::Receiver<Answer>,
) -> Vec<Result<Outcome, StoreError>> {
    match answer.await {
        Ok((outcomes, left)) => {
            *requests = left;
            outcomes
        }
        Err(_) => vec![Err(StoreError::commit_lost()); count],
    }
}
