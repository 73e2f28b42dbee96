//! What comes in, and what follows from it.

use std::rc::Weak;

use vws_core::event::Event;
use vws_core::reduce::State;
use vws_core::replica::{Effect, Replica};
use vws_core::wire::{ClientMessage, Hello, Resume, ResyncReason, ServerMessage};
use vws_core::{Command, ObjectName};

use super::{Hooks, Notice, SessionClient, identity};
use crate::api::seen;
use crate::person::{self, Person};
use crate::token;

/// The hooks by which a connection serves a client. They keep nothing alive.
pub(super) fn hooks(client: &Weak<SessionClient>) -> Hooks {
    macro_rules! hook {
        (|$client:ident $(, $argument:ident)?| $act:expr) => {{
            let weak = client.clone();
            Box::new(move |$($argument)?| {
                if let Some($client) = weak.upgrade() {
                    $act;
                }
            })
        }};
    }
    Hooks {
        hello: {
            let weak = client.clone();
            // The connection belongs to the client: there is none without it.
            Box::new(move || {
                let client = weak.upgrade().expect("a connection ends before its client");
                let person = client.person();
                client.introduced.replace(Some(person.clone()));
                client.refusal.take();
                let Person { name, color, .. } = person;
                let name = name.map(|name| name.to_string());
                let hello = client.read(|replica| replica.hello(name, Some(color.to_string())));
                Hello { token: token::secret(), ..hello }
            })
        },
        message: hook!(|client, message| client.receive(message)),
        garbled: hook!(|client, why| (client.notify)(Notice::Garbled(why))),
        superseded: hook!(|client| client.become_another()),
        lost: hook!(|client| client.lost()),
        changed: hook!(|client| client.changed()),
        drained: hook!(|client| client.flush()),
    }
}

impl SessionClient {
    fn receive(&self, message: ServerMessage) {
        let mut renamed = None;
        let welcomed = matches!(message, ServerMessage::Welcome(_));
        let of_peers = matches!(message, ServerMessage::Presence { .. });
        match &message {
            ServerMessage::Welcome(_) => drop(self.refusal.take()),
            // About no command: why the connection ends.
            ServerMessage::Rejected { id: 0, problem } => drop(self.refusal.replace(Some(problem.clone()))),
            ServerMessage::Snapshot(part) => {
                let mut progress = self.progress.get().unwrap_or_default();
                progress.count(part);
                self.progress.set(Some(progress));
            }
            ServerMessage::Event(record) => {
                if let Event::ObjectRenamed { name, new_name } = &record.event {
                    renamed = Some((name.clone(), new_name.clone()));
                }
            }
            _ => {}
        }
        let record = match &message {
            ServerMessage::Event(record) if self.event_listeners.any() => Some(record.clone()),
            _ => None,
        };
        self.note(&message);
        let effects = self.replica.borrow_mut().receive([message]);
        if let Some(state) = self.replica.borrow().confirmed() {
            seen::note(Resume { epoch: state.epoch(), seq: state.seq() });
        }
        if let Some(record) = record {
            self.event_listeners.tell(&record);
        }
        if let Some((from, to)) = renamed {
            self.follow_rename(from.as_str(), to.as_str());
        }
        for effect in effects {
            self.take(effect);
        }
        if welcomed {
            // For this visit alone: the next one begins with its own.
            let is_taken =
                |color| self.read(|replica| replica.peers().any(|peer| person::color_of(peer) == color));
            let apart = self.person().apart_from(&is_taken);
            self.person.replace(apart);
        }
        if welcomed && self.keep_introduced() {
            self.show_presence_anew();
        }
        if of_peers && !self.people_changed() {
            self.moved();
            return;
        }
        self.go_on();
        self.changed();
    }

    /// Sees to it that the others know the person as it is now; answers whether they do already.
    pub(super) fn keep_introduced(&self) -> bool {
        let same = *self.introduced.borrow() == Some(self.person());
        if let Some(connection) = self.connection.borrow().as_ref().filter(|_| !same) {
            connection.greet_anew();
        }
        same
    }

    fn take(&self, effect: Effect) {
        match effect {
            Effect::Send(message) => self.send(message),
            // What is shown is another moment; all is drawn anew at the return from there.
            Effect::Changed(_) if self.past_seq().is_some() => {}
            Effect::Changed(touched) => {
                self.dirty.borrow_mut().add(touched);
                self.keep_selection();
            }
            Effect::Acknowledged { id, events, .. } => {
                self.live.borrow_mut().answered(id);
                // A step that came to nothing, as a drag that was given up, is none to a person.
                if let Some(way) = self.undo.borrow_mut().done(id, events) {
                    self.going.borrow_mut().push_front(way);
                }
            }
            Effect::Rejected { id, command, problem } => {
                self.undo.borrow_mut().refused(id);
                self.follow_back(&command);
                if !self.live.borrow_mut().refused(id, &problem) {
                    (self.notify)(Notice::of_refused(command, problem));
                }
            }
            Effect::OutcomeUnknown { id, command } => {
                self.undo.borrow_mut().refused(id);
                self.live.borrow_mut().answered(id);
                self.follow_back(&command);
                (self.notify)(Notice::OutcomeUnknown(command.type_name()));
            }
            // Why the connection ends: it stands in the place of everything then.
            Effect::Complaint(problem) if problem.code.starts_with("token_") => {}
            Effect::Complaint(problem) => (self.notify)(Notice::Complaint(problem)),
            Effect::Diverged { found, .. } => (self.notify)(Notice::Diverged { found }),
            Effect::Stale(stale) => (self.notify)(Notice::Stale(stale)),
            Effect::Resyncing(ResyncReason::Lagged) => (self.notify)(Notice::Lagged),
            Effect::Unusable { detail } => {
                (self.notify)(Notice::Garbled(detail));
                if let Some(connection) = self.connection.borrow().as_ref() {
                    connection.reconnect();
                }
            }
            Effect::Loaded { .. } => self.progress.set(None),
            Effect::PeersChanged => {
                self.dirty.borrow_mut().peers = true;
                self.hear_calls();
            }
            // Shown from the replica itself, or counted as they came.
            Effect::Loading { .. }
            | Effect::Resyncing(ResyncReason::Requested)
            | Effect::Agreed { .. }
            | Effect::Pong { .. } => {}
        }
    }

    /// Sends a message, or keeps it until the network takes more. What cannot be sent since there is
    /// no connection is forgotten: after the next welcome the replica says what to send anew.
    pub(super) fn send(&self, message: ClientMessage) {
        self.outbox.borrow_mut().push_back(message);
        self.flush();
    }

    fn flush(&self) {
        let connection = self.connection.borrow();
        let Some(connection) = connection.as_ref().filter(|c| c.is_online()) else {
            self.outbox.borrow_mut().clear();
            return;
        };
        let mut outbox = self.outbox.borrow_mut();
        while let Some(message) = outbox.front() {
            if connection.send(message).is_err() {
                return;
            }
            outbox.pop_front();
        }
    }

    fn lost(&self) {
        self.outbox.borrow_mut().clear();
        self.progress.set(None);
        self.replica.borrow_mut().disconnected();
        self.dirty.borrow_mut().peers = true;
        self.changed();
    }

    /// Starts over under another id: commands are numbered by their client, so those that waited
    /// cannot be sent again without the risk of a second effect.
    fn become_another(&self) {
        let lost = self.read(Replica::pending);
        self.replica.replace(Replica::new(identity::another_client_id()));
        self.dirty.replace(super::Dirty::everything());
        // Its commands are numbered anew, and its old ones were another client's.
        self.undo.borrow_mut().clear();
        self.live.take();
        (self.notify)(Notice::Superseded { lost });
    }

    /// The selection goes with an object that gets another name.
    pub(super) fn follow_rename(&self, from: &str, to: &str) {
        let names = ObjectName::new("name", from).ok().zip(ObjectName::new("name", to).ok());
        let Some((from, to)) = names else { return };
        self.rename_lock(&from, &to);
        if self.is_selected(&from) && self.object(from.as_str()).is_none() {
            let renamed = self.selection.borrow().renamed(&from, &to);
            self.set_selection(renamed);
        }
    }

    /// The selection goes back with an object whose new name shows no more.
    fn follow_back(&self, command: &Command) {
        if let Command::RenameObject { name, new_name } = command {
            self.follow_rename(new_name, name);
        }
    }

    /// Nothing is selected that is not there. While commands wait for their verdict that is not known: the
    /// events of a batch come one by one.
    pub(super) fn keep_selection(&self) {
        if self.read(Replica::pending) > 0 {
            return;
        }
        let kept = self.view(|view, _| {
            let is_there = |name: &ObjectName| view.object(name.as_str()).is_some();
            let selection = self.selection.borrow();
            (!selection.names().iter().all(is_there)).then(|| selection.retained(is_there))
        });
        if let Some(kept) = kept.flatten() {
            self.set_selection(kept);
        }
    }
}
