//! What the person here takes back, and does again.

use vws_core::history::{Purpose, Way};
use vws_core::reduce::State;
use vws_core::wire::ServerMessage;

use super::{Notice, SessionClient};

/// Steps that may be asked for while an answer of the server is on its way.
const WAITING: usize = 16;

impl SessionClient {
    /// Takes the last step back, or does the last one that was taken back again, as soon as the server has
    /// answered all that came before. Where somebody else has changed it since, that is told, and the step is
    /// forgotten.
    pub fn go(&self, way: Way) {
        let mut waiting = self.going.borrow_mut();
        if waiting.len() < WAITING {
            waiting.push_back(way);
        }
        drop(waiting);
        self.go_on();
    }

    /// Whether there is a step that way.
    #[must_use]
    pub fn can_go(&self, way: Way) -> bool {
        let stack = self.undo.borrow();
        self.read_only().is_none() && (stack.has(way) || (way == Way::Undo && stack.is_waiting()))
    }

    /// Goes the steps that are waiting.
    pub(super) fn go_on(&self) {
        while !self.undo.borrow().is_waiting() {
            let Some(way) = self.going.borrow_mut().pop_front() else { return };
            let Some(command) = self.undo.borrow().next(way) else { continue };
            // It stays: once the object is unlocked it can be done.
            if self.is_held(&command) {
                continue;
            }
            if let Err(problem) = self.submit_as(command, Purpose::Back(way)) {
                self.undo.borrow_mut().give_up(way);
                (self.notify)(Notice::NotTakenBack { way, problem });
                self.changed();
            }
        }
    }

    /// One of the page's own events is about to be applied.
    pub(super) fn note(&self, message: &ServerMessage) {
        let ServerMessage::Event(record) = message else { return };
        let replica = self.replica.borrow();
        let Some(author) = record.by.as_ref().filter(|by| by.client_id == *replica.client_id()) else {
            return;
        };
        if let Some(confirmed) = replica.confirmed().filter(|confirmed| confirmed.seq() + 1 == record.seq) {
            self.undo.borrow_mut().record(author.command_id, confirmed, record);
        }
    }
}
