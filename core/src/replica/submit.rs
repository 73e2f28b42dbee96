//! What each wish of the client does.

use super::{Link, Pending, Replica, Touched};
use crate::command::Command;
use crate::error::{LimitError, Rejection, SessionError};
use crate::limits::PENDING_COMMANDS;
use crate::model::{Millis, Seq};
use crate::reduce::{Changes, Context, Overlay, State, apply, decide};
use crate::session::Session;
use crate::wire::{Access, ClientMessage, CommandMessage};

/// A command on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// Its id, by which the verdict will name it.
    pub id: u64,
    /// What to send.
    pub message: ClientMessage,
    /// What it changed of what is shown.
    pub touched: Touched,
}

impl Replica {
    /// Judges `command` as the server would, against what is shown. When it stands, it is shown at
    /// once and waits for the server's verdict; the message is to be sent now, if there is a
    /// connection, and is sent again after the next welcome otherwise. `now` is the client's time.
    ///
    /// # Errors
    /// What the server would answer, in the same words; or that nothing can be judged yet
    /// (`not_ready`); or that too many commands wait ([`PENDING_COMMANDS`]).
    pub fn submit(
        &mut self,
        command: Command,
        expect_version: Option<Seq>,
        now: Millis,
    ) -> Result<Submitted, Rejection> {
        let Some(confirmed) = &self.confirmed else { return Err(SessionError::NotReady.into()) };
        self.may_change()?;
        if self.pending.len() >= PENDING_COMMANDS {
            return Err(LimitError::TooManyPending { count: self.pending.len() }.into());
        }
        let context = Context { at: now, limits: &self.limits, expect_version };
        let events = decide(&Overlay::of(confirmed, &self.ahead), &command, &context)?;
        let mut touched = Touched::default();
        let mut ahead = Overlay::over(confirmed, std::mem::take(&mut self.ahead));
        for event in &events {
            touched.event(event);
            let seq = ahead.seq() + 1;
            apply(&mut ahead, event, seq, now);
        }
        self.ahead = ahead.into_changes();
        let id = self.next_id;
        self.next_id += 1;
        let is_sent = self.link != Link::Down;
        let pending = Pending {
            id,
            command,
            expect_version,
            at: now,
            echoed: 0,
            is_sent,
            was_sent: false,
            accepted: None,
        };
        let message = pending.message();
        self.pending.push_back(pending);
        Ok(Submitted { id, message, touched })
    }

    /// Judges `command` against what is shown, and does nothing with it: what a form asks while its
    /// user types.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn judge(
        &self,
        command: &Command,
        expect_version: Option<Seq>,
        now: Millis,
    ) -> Result<(), Rejection> {
        let Some(view) = self.view() else { return Err(SessionError::NotReady.into()) };
        self.may_change()?;
        decide(&view, command, &Context { at: now, limits: &self.limits, expect_version }).map(|_| ())
    }

    /// Whether any change may be made at all.
    ///
    /// # Errors
    /// [`SessionError::Forbidden`] where the server has told that this client may only look.
    pub fn may_change(&self) -> Result<(), SessionError> {
        self.access.map_or(Ok(()), Access::check_change)
    }

    /// Plays the pending commands anew over the confirmed state, after it has changed. One that the
    /// rules no longer allow shows nothing; the server's verdict on it will come.
    pub(super) fn replay(&mut self, touched: &mut Touched) {
        touched.changes(&self.ahead);
        self.ahead = Changes::default();
        let Some(confirmed) = &self.confirmed else { return };
        if self.pending.is_empty() {
            return;
        }
        let mut ahead = Overlay::new(confirmed);
        for pending in &self.pending {
            pending.play(&mut ahead, &self.limits);
        }
        self.ahead = ahead.into_changes();
        touched.changes(&self.ahead);
    }
}

impl Pending {
    pub(super) fn message(&self) -> ClientMessage {
        let Self { id, command, expect_version, .. } = self;
        let command = command.clone();
        ClientMessage::Command(CommandMessage { id: *id, expect_version: *expect_version, command })
    }

    fn play(&self, ahead: &mut Overlay<'_, Session>, limits: &crate::limits::ModelLimits) {
        // The version that it expects is for the server to check: it may be that of one's own command
        // before it, whose seq is not known yet.
        let context = Context { at: self.at, limits, expect_version: None };
        for event in decide(&*ahead, &self.command, &context).unwrap_or_default() {
            let seq = ahead.seq() + 1;
            apply(ahead, &event, seq, self.at);
        }
    }
}
