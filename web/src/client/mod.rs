//! One page's part in a session: its replica, its connection, and what is selected.
//!
//! The replica is the only copy of the state. Messages are reduced as they come; whatever draws is
//! told once a frame that something has changed, and reads the replica.
//!
//! # Layout
//! - this file: the client and what it shows.
//! - `inbox`: what messages and the replica's effects lead to.
//! - [`dirty`], [`frame`]: what changed since the last frame, and who is told.
//! - [`rows`]: the names in the object tree; [`search`]: what is searched for in it.
//! - [`selection`]: what is selected; `undo`: what the person takes back; [`locks`]: what they have locked.
//! - `gesture`: many commands that are one thing to the person, such as a drag.
//! - [`presence`]: what the others are shown; [`calls`]: what they ask for.
//! - `pending`: what the server has not answered; `past`: a moment of the past in the place of the present.
//! - [`notice`], [`progress`]: what the user is told.

pub mod calls;
pub mod dirty;
pub mod frame;
mod gesture;
mod inbox;
pub mod locks;
pub mod notice;
mod past;
mod pending;
pub mod presence;
pub mod progress;
pub mod rows;
pub mod search;
pub mod selection;
mod undo;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use gloo_events::EventListener;
use vws_core::history::{Purpose, UndoStack, Way};
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::replica::{Replica, View};
use vws_core::wire::{ClientMessage, canonical_json};
use vws_core::{Command, EventRecord, Object, ObjectName, Problem, SessionId, World};

use crate::browser;
use crate::connection::machine::{Ended, Status};
use crate::connection::{Connection, Hooks, identity};
use crate::form::Refusal;
use crate::person::Person;
use dirty::Dirty;
use frame::{EachFrame, Listeners};
use notice::Notice;
pub use past::FollowingEvents;
use progress::Progress;
use rows::Rows;
use selection::{Mode, Selection};

/// How the page stands with its session.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It is connecting; the state, if there is one, is as it was.
    Connecting,
    /// The state is coming.
    Loading(Progress),
    /// The state is the server's, and follows it.
    Live,
    /// The connection is lost; it is tried again at `until`, in monotonic milliseconds.
    Waiting {
        /// When.
        until: f64,
    },
    /// There is no such session, or no longer.
    Gone,
    /// The server has sent this page away.
    Refused {
        /// Why, by name.
        reason: String,
    },
}

impl Standing {
    /// The word by which browser tests wait for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Loading(_) => "loading",
            Self::Live => "live",
            Self::Waiting { .. } => "waiting",
            Self::Gone => "gone",
            Self::Refused { .. } => "refused",
        }
    }
}

/// One page's part in a session.
pub struct SessionClient {
    id: SessionId,
    replica: RefCell<Replica>,
    connection: RefCell<Option<Connection>>,
    /// Messages that wait until the network takes more. Bounded by the commands that may be pending
    /// and one presence.
    outbox: RefCell<VecDeque<ClientMessage>>,
    rows: RefCell<Rows>,
    selection: RefCell<Selection>,
    /// Whether what is selected is what the form of a new object made.
    selected_made: Cell<bool>,
    /// How often something else was selected.
    choices: Cell<u64>,
    /// What the person here has locked.
    locks: RefCell<BTreeSet<ObjectName>>,
    /// Hears of what other tabs of this browser store.
    storage: RefCell<Option<EventListener>>,
    undo: RefCell<UndoStack>,
    /// Steps back and forth that wait for the server's answer to what came before.
    going: RefCell<VecDeque<Way>>,
    person: RefCell<Person>,
    /// What the others are shown; there from the client's beginning.
    presence: RefCell<Option<presence::Own>>,
    calls: RefCell<calls::Calls>,
    /// What was last told of who is here, as a number.
    people: Cell<Option<u64>>,
    /// The person of the last hello.
    introduced: RefCell<Option<Person>>,
    gestures: Cell<u64>,
    live: RefCell<gesture::Live>,
    progress: Cell<Option<Progress>>,
    dirty: RefCell<Dirty>,
    frame: RefCell<Option<EachFrame>>,
    listeners: Listeners<Dirty>,
    /// Why the server ends the connection, as it said.
    refusal: RefCell<Option<Problem>>,
    /// What is shown in the place of the present.
    past: RefCell<Option<past::Past>>,
    /// Those who are told of each event as it comes.
    event_listeners: Listeners<EventRecord>,
    notify: Box<dyn Fn(Notice)>,
}

impl SessionClient {
    /// Connects to a session. `notify` tells the user things.
    pub fn open(id: SessionId, notify: impl Fn(Notice) + 'static) -> Rc<Self> {
        let client = Rc::new(Self {
            id,
            replica: RefCell::new(Replica::new(identity::next_client_id())),
            connection: RefCell::default(),
            outbox: RefCell::default(),
            rows: RefCell::default(),
            selection: RefCell::default(),
            selected_made: Cell::default(),
            choices: Cell::default(),
            locks: RefCell::new(locks::load(id)),
            storage: RefCell::default(),
            undo: RefCell::default(),
            going: RefCell::default(),
            person: RefCell::new(Person::here()),
            presence: RefCell::default(),
            calls: RefCell::default(),
            people: Cell::default(),
            introduced: RefCell::default(),
            gestures: Cell::default(),
            live: RefCell::default(),
            progress: Cell::default(),
            dirty: RefCell::default(),
            frame: RefCell::default(),
            listeners: Listeners::default(),
            refusal: RefCell::default(),
            past: RefCell::default(),
            event_listeners: Listeners::default(),
            notify: Box::new(notify),
        });
        let weak = Rc::downgrade(&client);
        client.frame.replace(Some(EachFrame::new({
            let weak = weak.clone();
            move || {
                if let Some(client) = weak.upgrade() {
                    client.draw();
                }
            }
        })));
        let with = |act: fn(&Self)| {
            let weak = weak.clone();
            move || {
                if let Some(client) = weak.upgrade() {
                    act(&client);
                }
            }
        };
        client.presence.replace(Some(presence::Own::new(with(Self::speak), with(Self::hush))));
        client.connection.replace(Some(Connection::open(id, inbox::hooks(&weak))));
        client.storage.replace(Some(EventListener::new(&browser::window(), "storage", move |_| {
            if let Some(client) = weak.upgrade() {
                client.reload_locks();
            }
        })));
        client
    }

    /// Ends the connection. The client then only shows what it has.
    pub fn close(&self) {
        self.connection.replace(None);
        self.frame.replace(None);
        self.storage.replace(None);
    }

    /// The session.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Reads the replica.
    pub fn read<T>(&self, read: impl FnOnce(&Replica) -> T) -> T {
        read(&self.replica.borrow())
    }

    /// Reads what is shown: the confirmed state with this page's own commands over it, or a moment of the
    /// past. `None` before the first snapshot.
    pub fn view<T>(&self, read: impl FnOnce(&View<'_>, &ModelLimits) -> T) -> Option<T> {
        let replica = self.replica.borrow();
        if let Some(past) = self.past.borrow().as_ref() {
            return Some(read(&past.view(), replica.limits()));
        }
        replica.view().map(|view| read(&view, replica.limits()))
    }

    /// An object as it is shown.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<std::sync::Arc<Object>> {
        self.view(|view, _| view.object(name).cloned()).flatten()
    }

    /// The world as it is shown.
    #[must_use]
    pub fn world(&self) -> Option<World> {
        self.view(|view, _| view.world().clone())
    }

    /// The confirmed state as canonical JSON, which is the server's snapshot byte for byte.
    #[must_use]
    pub fn snapshot_json(&self) -> Option<String> {
        let replica = self.replica.borrow();
        let bytes = canonical_json(&replica.confirmed()?.snapshot());
        Some(String::from_utf8(bytes).expect("JSON is UTF-8"))
    }

    /// The selected object; of several the one that was chosen last.
    #[must_use]
    pub fn selected(&self) -> Option<ObjectName> {
        self.selection.borrow().primary().cloned()
    }

    /// Every selected object, the one that was chosen last at the end.
    #[must_use]
    pub fn selection(&self) -> Vec<ObjectName> {
        self.selection.borrow().names().to_vec()
    }

    /// How many objects are selected.
    #[must_use]
    pub fn selected_count(&self) -> usize {
        self.selection.borrow().names().len()
    }

    /// Whether an object is selected.
    #[must_use]
    pub fn is_selected(&self, name: &ObjectName) -> bool {
        self.selection.borrow().contains(name)
    }

    /// Selects an object and nothing else, or nothing.
    pub fn select(&self, name: Option<ObjectName>) {
        self.set_selection(Selection::of(name));
    }

    /// Selects what the form of a new object has just made. Who makes one may want to make another, so this is
    /// not to lead away from the form.
    pub fn select_made(&self, name: ObjectName) {
        self.select(Some(name));
        self.selected_made.set(true);
    }

    /// Whether what is selected is what a form has just made.
    #[must_use]
    pub fn is_selection_made(&self) -> bool {
        self.selected_made.get()
    }

    /// How often something else was selected. It tells that somebody chose anew though by the next picture the
    /// same is selected again.
    #[must_use]
    pub fn choices(&self) -> u64 {
        self.choices.get()
    }

    /// Selects all of these and nothing else, the last as the one that was chosen last.
    pub fn select_all(&self, names: impl IntoIterator<Item = ObjectName>) {
        self.set_selection(Selection::of(names));
    }

    /// Chooses an object, which leads to what `mode` says; a range is one of the tree's rows.
    pub fn choose(&self, name: &ObjectName, mode: Mode) {
        let chosen = self.rows(|rows| self.selection.borrow().chosen(name, mode, rows.names()));
        self.set_selection(chosen);
    }

    pub(in crate::client) fn set_selection(&self, selection: Selection) {
        if *self.selection.borrow() != selection {
            self.selection.replace(selection);
            self.selected_made.set(false);
            self.choices.set(self.choices.get() + 1);
            self.dirty.borrow_mut().selection = true;
            self.show_presence();
            self.changed();
        }
    }

    /// Who the person here is to others.
    #[must_use]
    pub fn person(&self) -> Person {
        self.person.borrow().clone()
    }

    /// Says who the person here is from now on. Others see it at once: a connection has only one
    /// greeting, so another one takes its place and goes on where it was.
    pub fn introduce(&self, person: Person) {
        if *self.person.borrow() == person {
            return;
        }
        person.keep();
        self.person.replace(person);
        self.keep_introduced();
        self.changed();
    }

    /// Wishes for a change. It is shown at once, and taken back should the server refuse it. One that
    /// is refused here is told to the user, and nothing is sent. Answers whether it stands.
    pub fn submit(&self, command: Command) -> bool {
        self.submit_in(command, None)
    }

    /// The same as one of several commands of a gesture, such as a drag, which are taken back as one.
    pub fn submit_in(&self, command: Command, gesture: Option<u64>) -> bool {
        if self.tell_read_only() {
            return false;
        }
        if self.is_held(&command) {
            return false;
        }
        match self.submit_as(command.clone(), Purpose::Change { gesture }) {
            Ok(_) => true,
            Err(problem) => {
                (self.notify)(Notice::of_refused(command, problem));
                false
            }
        }
    }

    /// Answers the command's number.
    fn submit_as(&self, command: Command, purpose: Purpose) -> Result<u64, Problem> {
        let renamed = match &command {
            Command::RenameObject { name, new_name } => Some((name.clone(), new_name.clone())),
            _ => None,
        };
        let submitted = self.replica.borrow_mut().submit(command, None, browser::unix_ms());
        match submitted {
            Ok(submitted) => {
                if let Some((from, to)) = renamed {
                    self.follow_rename(&from, &to);
                }
                self.undo.borrow_mut().submitted(submitted.id, purpose);
                self.dirty.borrow_mut().add(submitted.touched);
                self.send(submitted.message);
                self.changed();
                Ok(submitted.id)
            }
            Err(rejection) => Err(rejection.to_problem()),
        }
    }

    /// What would be refused of a command that a form makes, before it is sent.
    ///
    /// # Errors
    /// The refusal, or that there is no state yet to judge by.
    pub fn check(
        &self,
        make: impl FnOnce(&View<'_>, &ModelLimits) -> Result<Command, Refusal>,
    ) -> Result<Command, Refusal> {
        self.view(make).unwrap_or_else(|| Err(vws_core::error::SessionError::NotReady.into()))
    }

    /// How the page stands with its session.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let status = self.connection.borrow().as_ref().map_or(Status::Connecting, Connection::status);
        match status {
            Status::Connecting => Standing::Connecting,
            Status::Online if self.replica.borrow().is_live() => Standing::Live,
            Status::Online => Standing::Loading(self.progress.get().unwrap_or_default()),
            Status::Waiting { until } => Standing::Waiting { until },
            Status::Ended(Ended::NoSuchSession) => Standing::Gone,
            Status::Ended(Ended::Refused { code, reason }) => {
                Standing::Refused { reason: if reason.is_empty() { code.to_string() } else { reason } }
            }
        }
    }

    /// Why the server has ended the connection, in its own words, where it said so.
    #[must_use]
    pub fn refusal(&self) -> Option<Problem> {
        self.refusal.borrow().clone()
    }

    /// The mean round trip in milliseconds.
    #[must_use]
    pub fn round_trip(&self) -> Option<f64> {
        self.connection.borrow().as_ref().and_then(Connection::round_trip)
    }

    /// Whether messages can be sent now.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.connection.borrow().as_ref().is_some_and(Connection::is_online)
    }

    /// Connects at once, if it is waiting or was sent away.
    pub fn retry_now(&self) {
        if let Some(connection) = self.connection.borrow().as_ref() {
            connection.retry_now();
        }
    }

    /// Tells `listener` once in each frame before which something has changed, for as long as what
    /// this answers is kept.
    #[must_use]
    pub fn follow(self: &Rc<Self>, listener: impl Fn(&Dirty) + 'static) -> Following {
        let id = self.listeners.add(Rc::new(listener));
        Following { client: Rc::clone(self), id }
    }

    /// Something has changed: whatever draws is told in the next frame.
    fn changed(&self) {
        self.dirty.borrow_mut().page = true;
        self.moved();
    }

    /// The others have moved, or something else has changed that only the view shows.
    fn moved(&self) {
        if let Some(frame) = self.frame.borrow().as_ref() {
            frame.ask();
        }
    }

    fn draw(&self) {
        let dirty = self.dirty.take();
        if self.view(|view, _| self.rows.borrow_mut().update(&dirty, Some(view))).is_none() {
            self.rows.borrow_mut().update(&dirty, None);
        }
        self.listeners.tell(&dirty);
    }
}

/// Keeps a listener told. Dropping it ends that.
pub struct Following {
    client: Rc<SessionClient>,
    id: u64,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.client.listeners.remove(self.id);
    }
}
