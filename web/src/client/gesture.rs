//! Gestures: many commands in a row that are one thing to the person who does it, such as a drag.

use std::collections::BTreeMap;

use vws_core::history::Purpose;
use vws_core::{Command, ObjectName, Problem};

use super::{Notice, SessionClient};
use crate::form::together;

/// Commands of gestures that wait for their verdict.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Gestures by command. Bounded by the commands that may be pending.
    commands: BTreeMap<u64, u64>,
    /// The gesture of which a command has been refused last.
    setback: Option<u64>,
}

impl Live {
    /// A command has its verdict; answers its gesture, if it was of one.
    pub(super) fn answered(&mut self, id: u64) -> Option<u64> {
        self.commands.remove(&id)
    }

    /// A command was refused. Answers whether that is the gesture's affair alone: somebody else has deleted what
    /// it moves, and it goes on without that.
    pub(super) fn refused(&mut self, id: u64, problem: &Problem) -> bool {
        let gesture = self.answered(id).filter(|_| problem.code == "object_not_found");
        self.setback = gesture.or(self.setback);
        gesture.is_some()
    }
}

impl SessionClient {
    /// A number for a gesture that no other one of this page has.
    pub fn new_gesture(&self) -> u64 {
        let next = self.gestures.get() + 1;
        self.gestures.set(next);
        next
    }

    /// Submits commands of a gesture, all or none. Answers whether they stand; a refusal is told.
    pub fn submit_live(&self, commands: Vec<Command>, gesture: u64) -> bool {
        if self.tell_read_only() {
            return false;
        }
        let command = together(commands);
        !self.is_held(&command)
            && self.submit_of(command, Purpose::Change { gesture: Some(gesture) }, gesture)
    }

    /// Ends a gesture by commands that put everything back: nothing of it can be undone then. That is done in the
    /// past too, where the page may have gone meanwhile.
    pub fn cancel_live(&self, commands: Vec<Command>, gesture: u64) {
        if !commands.is_empty() {
            self.submit_of(together(commands), Purpose::Cancel { gesture }, gesture);
        }
    }

    fn submit_of(&self, command: Command, purpose: Purpose, gesture: u64) -> bool {
        match self.submit_as(command, purpose) {
            Ok(id) => {
                self.live.borrow_mut().commands.insert(id, gesture);
                true
            }
            Err(problem) => {
                (self.notify)(Notice::Refused(problem));
                false
            }
        }
    }

    /// Whether a command of this gesture was refused since this was asked last.
    pub fn take_setback(&self, gesture: u64) -> bool {
        let mut live = self.live.borrow_mut();
        let is = live.setback == Some(gesture);
        if is {
            live.setback = None;
        }
        is
    }

    /// Whether every command of this gesture has its verdict.
    #[must_use]
    pub fn is_settled(&self, gesture: u64) -> bool {
        !self.live.borrow().commands.values().any(|of| *of == gesture)
    }

    /// Has objects drawn anew in the next frame, though they have not changed.
    pub fn redraw(&self, names: impl IntoIterator<Item = ObjectName>) {
        let touched =
            vws_core::replica::Touched { objects: names.into_iter().collect(), ..Default::default() };
        self.dirty.borrow_mut().add(touched);
        self.changed();
    }
}
