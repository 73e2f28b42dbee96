//! The commands of one client, and what it is told of them.

use std::collections::VecDeque;

use tracing::warn;
use vws_core::wire::{CloseCode, CommandMessage, ResyncReason, ServerMessage};
use vws_core::{Author, Problem, Rejection, Seq};

use super::Ending;
use super::conversation::Connection;
use crate::store::{Origin, Outcome, Request, StoreError};

impl Connection<'_> {
    /// Tells the client all that has happened so far: what it is answered next comes after the echoes
    /// of its earlier commands, and after what a refusal was judged by.
    pub(super) async fn catch_up(&mut self) -> Result<(), Ending> {
        let head = self.live.feed().head();
        while !self.wire.catch_up(self.live, head).await? {
            self.resync(ResyncReason::Lagged, None).await?;
        }
        Ok(())
    }

    /// Whether the client may change its session: in the words of its own replica.
    pub(super) fn may_change(&self) -> Result<(), Problem> {
        let Some(access) = self.auth.access(&self.grant) else { return Ok(()) };
        access.check_change().map_err(|forbidden| Rejection::from(forbidden).to_problem())
    }

    pub(super) fn request(&self, message: CommandMessage) -> Request {
        let CommandMessage { id, expect_version, command } = message;
        let author = Author { client_id: self.identity.client_id.clone(), command_id: id };
        let subject = self.grant.subject().cloned();
        Request { command, expect_version, author: Some(author), subject, origin: Origin::Client }
    }

    /// Commits commands in order, and answers each.
    pub(super) async fn commit(&mut self, requests: &mut VecDeque<Request>) -> Result<(), Ending> {
        while !requests.is_empty() {
            let ids: Vec<u64> = requests.iter().filter_map(|r| Some(r.author.as_ref()?.command_id)).collect();
            // What is written to the client from here on comes after its commands, and is an answer to them.
            let seen = self.wire.member.seen();
            let done = self.live.execute_all(requests).await;
            for (id, done) in ids.into_iter().zip(done) {
                self.answer_command(id, done, seen).await?;
            }
        }
        Ok(())
    }

    async fn answer_command(
        &mut self,
        id: u64,
        done: Result<Outcome, StoreError>,
        seen: Seq,
    ) -> Result<(), Ending> {
        if done.is_err() && self.live.is_ended() {
            return Err(Ending::Close(self.live.ended_as()));
        }
        if let Err(StoreError::OutcomeUnknown(detail)) = &done {
            // No answer would be true. The client comes back and asks again under the same number, which has no second
            // effect.
            warn!(%detail, "a command has no outcome yet");
            return Err(Ending::Close(CloseCode::GoingAway));
        }
        if let Ok(outcome) = &done
            && outcome.seqs.end > (seen + 1).max(outcome.seqs.start)
        {
            // Its events are the acknowledgement.
            self.spoke = true;
            return Ok(());
        }
        self.catch_up().await?;
        match done {
            Ok(outcome) => {
                let events = outcome.seqs.clone().count();
                let seq = if events > 0 { outcome.seqs.end - 1 } else { outcome.seq };
                let events = u32::try_from(events).unwrap_or(u32::MAX);
                self.wire.say(&ServerMessage::Accepted { id, seq, events });
            }
            Err(error) => self.wire.reject(id, problem(&error)),
        }
        Ok(())
    }
}

fn problem(error: &StoreError) -> Problem {
    if let StoreError::LogUnavailable(detail) = error {
        warn!(%detail, "a command was refused");
    }
    error.to_problem()
}
