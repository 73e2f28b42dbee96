//! A session's history in the page: its timeline, and the way to each of its moments.
//!
//! # Layout
//! - this file: the [`TimeMachine`], which fetches, plays and shows.
//! - [`reel`]: states and events that were fetched. [`trail`]: the marks of the timeline; [`lanes`]: its picture.
//! - [`runs`]: changes that are shown as one. [`play`]: how fast. [`faces`]: who. [`words`]: what.
//!
//! Everything that is fetched is bounded, however long the history is.

pub mod faces;
pub mod lanes;
mod load;
pub mod play;
pub mod reel;
pub mod runs;
pub mod trail;
pub mod words;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Interval;
use vws_core::model::{Epoch, Millis, Seq};
use vws_core::reduce::State;
use vws_core::{ClientId, Session};
use wasm_bindgen_futures::spawn_local;

use crate::api::{ApiError, time};
use crate::browser;
use crate::client::{Following, FollowingEvents, SessionClient};
use faces::{Face, Faces};
use play::Pace;
use reel::{PAGE, Reel, Way};
use trail::{Axis, Trail};

/// Milliseconds between the pictures of a past that is played, and where little motion is wished for.
const PICTURE: [u32; 2] = [50, 500];
/// Requests that may lead to one moment: states and pages that are bounded need fewer.
const TRIES: usize = 8;

/// How the marks of the timeline stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Loading {
    /// Nobody has asked for them.
    #[default]
    Idle,
    /// They are coming.
    Busy,
    /// They are there.
    Done,
    /// They could not be had.
    Failed(String),
}

/// The moment that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The seq of its last event.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Whose it was; `None` at the beginning.
    pub author: Option<Face>,
    /// What happened.
    pub what: String,
}

struct Player {
    pace: Pace,
    last: f64,
    _clock: Interval,
}

/// Shows the past of one session.
pub struct TimeMachine {
    client: Rc<SessionClient>,
    faces: Faces,
    trail: RefCell<Trail>,
    reel: RefCell<Reel>,
    epoch: Cell<Option<Epoch>>,
    open: Cell<bool>,
    axis: Cell<Axis>,
    loading: RefCell<Loading>,
    moment: RefCell<Option<Moment>>,
    /// Where the user wants to be, while the page is on its way.
    wanted: Cell<Option<Seq>>,
    busy: Cell<bool>,
    /// Rises when what is under way is no longer wanted.
    turn: Cell<u64>,
    player: RefCell<Option<Player>>,
    speed: Cell<u32>,
    following: RefCell<Option<(Following, FollowingEvents)>>,
    failed: Box<dyn Fn(String)>,
}

impl TimeMachine {
    /// The past of a session; `failed` tells the user what could not be had.
    pub fn new(client: &Rc<SessionClient>, failed: impl Fn(String) + 'static) -> Rc<Self> {
        let machine = Rc::new(Self {
            client: Rc::clone(client),
            faces: Faces::load(),
            trail: RefCell::default(),
            reel: RefCell::default(),
            epoch: Cell::default(),
            open: Cell::default(),
            axis: Cell::default(),
            loading: RefCell::default(),
            moment: RefCell::default(),
            wanted: Cell::default(),
            busy: Cell::default(),
            turn: Cell::default(),
            player: RefCell::default(),
            speed: Cell::new(1),
            following: RefCell::default(),
            failed: Box::new(failed),
        });
        let weak = Rc::downgrade(&machine);
        let frames = client.follow({
            let weak = weak.clone();
            move |_| with(&weak, |machine| machine.keep_up())
        });
        let events = client.follow_events(move |record| {
            with(&weak, |machine| {
                if machine.epoch.get().is_some() {
                    machine.trail.borrow_mut().mark(record);
                    machine.client.refresh();
                }
            });
        });
        machine.following.replace(Some((frames, events)));
        machine
    }

    /// Ends everything that is under way.
    pub fn close(&self) {
        self.following.replace(None);
        self.player.replace(None);
        self.abandon();
    }

    /// The session whose past it is.
    #[must_use]
    pub fn client(&self) -> &Rc<SessionClient> {
        &self.client
    }

    /// Reads the marks.
    pub fn trail<T>(&self, read: impl FnOnce(&Trail) -> T) -> T {
        read(&self.trail.borrow())
    }

    /// How an author is shown.
    #[must_use]
    pub fn face(&self, author: Option<&ClientId>) -> Face {
        self.faces.of(&self.client, author)
    }

    /// How the marks stand.
    #[must_use]
    pub fn loading(&self) -> Loading {
        self.loading.borrow().clone()
    }

    /// Whether the timeline is shown.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.get()
    }

    /// Along what the timeline runs.
    #[must_use]
    pub fn axis(&self) -> Axis {
        self.axis.get()
    }

    /// Lets the timeline run along something else.
    pub fn set_axis(&self, axis: Axis) {
        self.axis.set(axis);
        self.client.refresh();
    }

    /// The moment that is shown in the place of the present.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        self.moment.borrow().clone()
    }

    /// Where the page is or is on its way to: the moment's seq, or the last event's in the present.
    #[must_use]
    pub fn position(&self) -> Seq {
        let shown = self.wanted.get().or_else(|| self.client.past_seq());
        shown.unwrap_or_else(|| self.head())
    }

    /// Whether the page shows the present and is not on its way from there.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.wanted.get().is_none() && self.client.past_seq().is_none()
    }

    /// The last event that this page has.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.client.read(|replica| replica.confirmed().map(State::seq)).unwrap_or_default()
    }

    /// Tells who is here: from now on everything has their names of now, also once they have left.
    pub fn meet(&self, here: &[ClientId]) {
        self.faces.look_again();
        for id in here {
            if let Some(person) = self.client.face(id) {
                self.faces.meet(id, &person);
            }
        }
        self.client.refresh();
    }

    /// Shows the timeline, or no longer; without it the page is in the present.
    pub fn set_open(self: &Rc<Self>, open: bool) {
        if open {
            self.faces.look_again();
        } else {
            self.live();
        }
        if self.open.replace(open) != open {
            self.keep_up();
            self.client.refresh();
        }
    }

    /// Looks whether the history is another one now, and asks for the marks of one that is new.
    fn keep_up(self: &Rc<Self>) {
        let Some(epoch) = self.client.read(|replica| replica.confirmed().map(Session::epoch)) else { return };
        if self.epoch.get().is_some_and(|known| known != epoch) {
            self.live();
            self.epoch.set(None);
            self.reel.replace(Reel::default());
            self.loading.replace(Loading::Idle);
        }
        if self.open.get() && self.epoch.get().is_none() && *self.loading.borrow() == Loading::Idle {
            self.load(epoch);
        }
    }

    /// Asks for the marks again after a failure.
    pub fn retry(self: &Rc<Self>) {
        self.epoch.set(None);
        self.loading.replace(Loading::Idle);
        self.keep_up();
    }

    fn load(self: &Rc<Self>, epoch: Epoch) {
        self.loading.replace(Loading::Busy);
        let machine = Rc::clone(self);
        spawn_local(async move {
            let loaded = load::marks(&machine, epoch).await;
            // Another history has come meanwhile: its own marks are asked for.
            if machine.epoch.get().is_none_or(|now| now == epoch) {
                machine.loading.replace(match loaded {
                    Ok(()) => Loading::Done,
                    Err(error) => Loading::Failed(error.words()),
                });
            }
            machine.client.refresh();
        });
    }

    /// Shows the present.
    pub fn live(&self) {
        self.pause();
        self.abandon();
        self.moment.replace(None);
        self.client.show_present();
        self.client.refresh();
    }

    fn abandon(&self) {
        self.wanted.set(None);
        self.turn.set(self.turn.get() + 1);
    }

    /// Shows the moment right after an event; from the last event on that is the present. Of several that are
    /// asked for while the page is on its way, the last one counts.
    pub fn go(self: &Rc<Self>, seq: Seq) {
        if seq >= self.head() {
            return self.live();
        }
        self.wanted.set(Some(seq.max(self.trail(Trail::base))));
        self.client.refresh();
        if self.busy.replace(true) {
            return;
        }
        let machine = Rc::clone(self);
        spawn_local(async move {
            while let Some(seq) = machine.wanted.get() {
                let turn = machine.turn.get();
                let reached = machine.reach(seq, turn).await;
                let is_wanted = machine.turn.get() == turn && machine.wanted.get() == Some(seq);
                if is_wanted {
                    machine.wanted.set(None);
                }
                if let (Err(error), true) = (reached, is_wanted) {
                    machine.pause();
                    (machine.failed)(format!("Seq {seq} cannot be shown: {}", error.words()));
                }
            }
            machine.busy.set(false);
            machine.client.refresh();
        });
    }

    /// Goes one event on or back.
    pub fn step(self: &Rc<Self>, by: i64) {
        self.pause();
        let base = self.trail(Trail::base);
        self.go(self.position().saturating_add_signed(by).max(base));
    }

    /// Fetches what is missing on the way to a moment and shows it.
    async fn reach(&self, seq: Seq, turn: u64) -> Result<(), ApiError> {
        for _ in 0..TRIES {
            let base = self.trail(Trail::base);
            let way = self.reel.borrow().way(self.client.past_seq(), seq, base);
            match way {
                Way::Here => return self.show(seq),
                Way::Events { after } => self.fetch_events(after).await?,
                Way::State { at } => {
                    let session = self.state(at).await?;
                    self.reel.borrow_mut().keep_state(session);
                }
            }
            if self.turn.get() != turn || self.wanted.get() != Some(seq) {
                return Ok(());
            }
        }
        Err(ApiError::Failed("what it told does not lead there".to_owned()))
    }

    async fn state(&self, at: Seq) -> Result<Session, ApiError> {
        let snapshot = time::snapshot_at(self.client.id(), at).await?;
        snapshot.restore().map_err(|error| ApiError::Failed(error.to_string()))
    }

    async fn fetch_events(&self, after: Seq) -> Result<(), ApiError> {
        let page = time::events(self.client.id(), after, PAGE).await?;
        let is_same = self.client.read(|replica| replica.confirmed().map(Session::epoch)) == Some(page.epoch);
        if !is_same || page.events.is_empty() {
            return Err(ApiError::Failed("it no longer has this history".to_owned()));
        }
        self.reel.borrow_mut().keep_events(page.events, after);
        Ok(())
    }

    /// Shows a moment of which nothing is missing.
    fn show(&self, seq: Seq) -> Result<(), ApiError> {
        let mut reel = self.reel.borrow_mut();
        let advanced = self.client.past_seq().filter(|shown| *shown <= seq && seq - shown <= reel::FAR);
        let advanced =
            advanced.and_then(|shown| self.client.advance_past(reel.between(shown, seq).map(AsRef::as_ref)));
        if advanced != Some(seq) {
            let session = reel.state_at(seq);
            let session = session.ok_or_else(|| ApiError::Failed("its events do not follow".to_owned()))?;
            self.client.show_past(session);
        }
        let record = reel.event(seq);
        let moment = match record {
            Some(record) => Moment {
                seq,
                at: record.at,
                author: Some(self.face(record.by.as_ref().map(|by| &by.client_id))),
                what: words::event(&record.event),
            },
            None => Moment {
                seq,
                at: self.trail(|trail| trail.time_of(seq)),
                author: None,
                what: "the beginning of what is kept".to_owned(),
            },
        };
        self.moment.replace(Some(moment));
        Ok(())
    }

    /// The states of two moments, and nothing else changes; `None` is the present.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn states(&self, of: [Option<Seq>; 2]) -> Result<[Session; 2], ApiError> {
        let [a, b] = of;
        Ok([self.state_of(a).await?, self.state_of(b).await?])
    }

    async fn state_of(&self, at: Option<Seq>) -> Result<Session, ApiError> {
        let now = self.client.read(|replica| replica.confirmed().cloned());
        match (at, now) {
            (None, Some(now)) => Ok(now),
            (Some(at), Some(now)) if now.seq() == at => Ok(now),
            (Some(at), _) => self.state(at).await,
            (None, None) => Err(ApiError::Failed("there is no state yet".to_owned())),
        }
    }

    /// Whether the past is played.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.player.borrow().is_some()
    }

    /// How fast.
    #[must_use]
    pub fn speed(&self) -> u32 {
        self.speed.get()
    }

    /// Plays faster or slower.
    pub fn set_speed(&self, speed: u32) {
        self.speed.set(speed);
        self.client.refresh();
    }

    /// Plays from the moment that is shown; from the present, from the beginning.
    pub fn play(self: &Rc<Self>) {
        if self.is_live() {
            self.go(self.trail(Trail::base));
        }
        if self.is_live() {
            return;
        }
        let weak = Rc::downgrade(self);
        let every = PICTURE[usize::from(browser::reduced_motion())];
        let clock = Interval::new(every, move || with(&weak, |machine| machine.tick()));
        let player = Player { pace: Pace::default(), last: browser::monotonic_ms(), _clock: clock };
        self.player.replace(Some(player));
        self.client.refresh();
    }

    /// Stops where it is.
    pub fn pause(&self) {
        if self.player.take().is_some() {
            self.client.refresh();
        }
    }

    fn tick(self: &Rc<Self>) {
        // On the way to somewhere else: time stands still.
        if self.busy.get() {
            return;
        }
        let Some(Moment { seq, at, .. }) = self.moment() else { return };
        let head = self.head();
        let to = {
            let mut player = self.player.borrow_mut();
            let Some(player) = player.as_mut() else { return };
            let now = browser::monotonic_ms();
            let elapsed = now - std::mem::replace(&mut player.last, now);
            let reel = self.reel.borrow();
            player.pace.go(elapsed, self.speed.get(), (seq, at), |seq| reel.event(seq).map(|e| e.at))
        };
        let has_more = self.reel.borrow().event(to + 1).is_some();
        if to >= head {
            return self.live();
        }
        if to > seq && self.show(to).is_ok() {
            self.client.refresh();
        } else if !has_more {
            self.go_on(to);
        }
    }

    /// Fetches the events after a moment, while time stands still.
    fn go_on(self: &Rc<Self>, after: Seq) {
        self.busy.set(true);
        let (machine, turn) = (Rc::clone(self), self.turn.get());
        spawn_local(async move {
            let fetched = machine.fetch_events(after).await;
            machine.busy.set(false);
            if machine.turn.get() != turn {
                return;
            }
            if let Err(error) = fetched {
                machine.pause();
                (machine.failed)(format!("It cannot be played any further: {}", error.words()));
            }
            // Somebody wanted to be elsewhere meanwhile.
            if let Some(wanted) = machine.wanted.get() {
                machine.go(wanted);
            }
        });
    }
}

fn with(machine: &Weak<TimeMachine>, act: impl FnOnce(&Rc<TimeMachine>)) {
    if let Some(machine) = machine.upgrade() {
        act(&machine);
    }
}
