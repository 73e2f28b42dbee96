//! A moment of the past in the place of the present. The replica goes on: only what is shown differs, and
//! nothing can be changed.

use std::rc::Rc;

use vws_core::event::EventRecord;
use vws_core::model::Seq;
use vws_core::reduce::{Changes, Overlay, State};
use vws_core::replica::{Touched, View};
use vws_core::{ClientId, Session};

use super::SessionClient;
use super::dirty::Dirty;
use super::notice::Notice;
use crate::client::progress::grouped;
use crate::person::Person;

/// The state of one moment.
pub(super) struct Past {
    session: Session,
    /// Nobody has changed the past.
    none: Changes,
}

impl Past {
    pub(super) fn view(&self) -> View<'_> {
        Overlay::of(&self.session, &self.none)
    }
}

impl SessionClient {
    /// The seq of the moment that is shown in the place of the present.
    #[must_use]
    pub fn past_seq(&self) -> Option<Seq> {
        self.past.borrow().as_ref().map(|past| past.session.seq())
    }

    /// The moment that is shown as canonical JSON, which is the server's snapshot of then byte for byte.
    #[must_use]
    pub fn past_json(&self) -> Option<String> {
        let past = self.past.borrow();
        let bytes = vws_core::wire::canonical_json(&past.as_ref()?.session.snapshot());
        Some(String::from_utf8(bytes).expect("JSON is UTF-8"))
    }

    /// Why nothing can be changed now, in words for the user; `None` where it can.
    #[must_use]
    pub fn read_only(&self) -> Option<String> {
        if let Some(seq) = self.past_seq() {
            return Some(format!(
                "you are looking at the past (seq {}). Go back to live to change anything.",
                grouped(seq)
            ));
        }
        self.looks_only().then(|| "your link lets you look at this session, and not change it.".to_owned())
    }

    /// Whether the server lets this page look and not change anything.
    #[must_use]
    pub fn looks_only(&self) -> bool {
        self.read(|replica| replica.may_change().is_err())
    }

    /// Tells the user why nothing can be changed now; answers whether that is so.
    pub fn tell_read_only(&self) -> bool {
        let why = self.read_only();
        let so = why.is_some();
        if let Some(why) = why {
            (self.notify)(Notice::ReadOnly(why));
        }
        so
    }

    /// Shows a moment of the past until [`show_present`](Self::show_present). Events go on being received.
    pub fn show_past(&self, session: Session) {
        self.past.replace(Some(Past { session, none: Changes::default() }));
        self.dirty.replace(Dirty { selection: false, ..Dirty::everything() });
        self.changed();
    }

    /// Lets the shown moment of the past go on by the events that follow it; answers its seq.
    pub fn advance_past<'a>(&self, events: impl Iterator<Item = &'a EventRecord>) -> Option<Seq> {
        let mut past = self.past.borrow_mut();
        let past = past.as_mut()?;
        let mut touched = Touched::default();
        for event in events {
            // Only what follows fits; whoever gave something else finds out by the seq.
            if past.session.apply(event).is_err() {
                break;
            }
            touched.event(&event.event);
        }
        self.dirty.borrow_mut().add(touched);
        self.changed();
        Some(past.session.seq())
    }

    /// Shows the present again, as it is by now.
    pub fn show_present(&self) {
        if self.past.take().is_some() {
            self.dirty.replace(Dirty::everything());
            self.keep_selection();
            self.changed();
        }
    }

    /// Calls `listener` with each event as it comes, for as long as what this answers is kept.
    #[must_use]
    pub fn follow_events(self: &Rc<Self>, listener: impl Fn(&EventRecord) + 'static) -> FollowingEvents {
        let id = self.event_listeners.add(Rc::new(listener));
        FollowingEvents { client: Rc::clone(self), id }
    }

    /// Asks everything that draws to look again: something beside the replica has changed.
    pub fn refresh(&self) {
        self.changed();
    }

    /// What somebody who is here, or the person here, calls themselves and is shown in.
    #[must_use]
    pub fn face(&self, id: &ClientId) -> Option<Person> {
        if self.read(|replica| replica.client_id() == id) {
            return Some(self.person());
        }
        self.read(|replica| {
            let peer = replica.peers().find(|peer| peer.client_id == *id)?;
            Some(Person { name: peer.name.clone(), color: crate::person::color_of(peer), chosen: true })
        })
    }
}

/// Keeps a listener told of events. Dropping it ends that.
pub struct FollowingEvents {
    client: Rc<SessionClient>,
    id: u64,
}

impl Drop for FollowingEvents {
    fn drop(&mut self) {
        self.client.event_listeners.remove(self.id);
    }
}
