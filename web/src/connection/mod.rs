//! The connection of one page to one session: it opens sockets, greets, pings, and tries again.
//!
//! It knows nothing of the state: messages go to its owner, who tells it what to say.
//!
//! # Layout
//! - [`machine`], [`backoff`], [`pulse`]: what to do when, as pure functions of time.
//! - [`socket`]: one WebSocket of the browser.
//! - [`identity`]: the tab's client id.

pub mod backoff;
pub mod identity;
pub mod machine;
pub mod pulse;
pub mod socket;

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo_events::EventListener;
use gloo_timers::callback::{Interval, Timeout};
use vws_core::SessionId;
use vws_core::wire::{ClientMessage, Hello, ServerMessage};

use crate::browser;
use machine::{Input, Machine, Status, Step};
use pulse::{Beat, Pulse};
use socket::{NotSent, Socket};

/// How often the pulse beats and what waits for the network is tried again, in milliseconds.
const BEAT_MS: u32 = 1_000;

/// What a connection asks and tells its owner. Every hook may call the connection.
pub struct Hooks {
    /// The greeting for a socket that has just opened.
    pub hello: Box<dyn Fn() -> Hello>,
    /// A message has come.
    pub message: Box<dyn Fn(ServerMessage)>,
    /// Something that is no message of this protocol has come; the socket is given up.
    pub garbled: Box<dyn Fn(String)>,
    /// Another connection has this client's id: the next greeting must carry another.
    pub superseded: Box<dyn Fn()>,
    /// The socket is gone. Another one may be opened later.
    pub lost: Box<dyn Fn()>,
    /// The status or the round trip has changed.
    pub changed: Box<dyn Fn()>,
    /// The network may take more now; called about once a second while online.
    pub drained: Box<dyn Fn()>,
}

struct Inner {
    url: String,
    hooks: Hooks,
    machine: RefCell<Machine>,
    pulse: RefCell<Pulse>,
    socket: RefCell<Option<Socket>>,
    retry: RefCell<Option<Timeout>>,
    clocks: RefCell<Option<(Interval, EventListener)>>,
}

/// A connection that keeps itself up. Dropping it ends it.
pub struct Connection(Rc<Inner>);

impl Connection {
    /// Connects to a session of the server that the page came from.
    #[must_use]
    pub fn open(session: SessionId, hooks: Hooks) -> Self {
        let inner = Rc::new(Inner {
            url: url(session),
            hooks,
            machine: RefCell::default(),
            pulse: RefCell::default(),
            socket: RefCell::default(),
            retry: RefCell::default(),
            clocks: RefCell::default(),
        });
        let weak = Rc::downgrade(&inner);
        let beat = Interval::new(BEAT_MS, with(&weak, |inner| inner.beat()));
        let online = with(&weak, |inner| inner.take(Input::RetryNow));
        let online = EventListener::new(&browser::window(), "online", move |_| online());
        inner.clocks.replace(Some((beat, online)));
        inner.connect();
        Self(inner)
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.machine.borrow().status().clone()
    }

    /// The mean round trip in milliseconds.
    #[must_use]
    pub fn round_trip(&self) -> Option<f64> {
        self.0.pulse.borrow().round_trip()
    }

    /// Whether the server has welcomed this client.
    #[must_use]
    pub fn is_online(&self) -> bool {
        *self.0.machine.borrow().status() == Status::Online
    }

    /// Connects at once, if it is waiting or has ended.
    pub fn retry_now(&self) {
        self.0.take(Input::RetryNow);
    }

    /// Sends a message now.
    ///
    /// # Errors
    /// [`NotSent`] when there is no welcomed socket or the network is behind.
    pub fn send(&self, message: &ClientMessage) -> Result<(), NotSent> {
        match (self.0.machine.borrow().status(), self.0.socket.borrow().as_ref()) {
            (Status::Online, Some(socket)) => socket.send(message),
            _ => Err(NotSent),
        }
    }

    /// Says hello anew, on a new socket, without the wait of a loss. Nothing before the welcome: a socket that
    /// is closed while it opens is an error in everybody's console.
    pub fn greet_anew(&self) {
        if self.is_online() {
            self.0.socket.replace(None);
            (self.0.hooks.lost)();
            self.0.take(Input::GreetAnew);
        }
    }

    /// Gives the present socket up and connects anew, as after a loss.
    pub fn reconnect(&self) {
        self.0.lost(LOST, String::new());
    }
}

/// The code that browsers give a socket that ended without a close frame (RFC 6455 §7.1.5).
const LOST: u16 = 1006;

/// A callback that does nothing once the connection is dropped.
fn with(inner: &Weak<Inner>, act: impl Fn(&Rc<Inner>) + 'static) -> impl Fn() + 'static {
    let inner = inner.clone();
    move || {
        if let Some(inner) = inner.upgrade() {
            act(&inner);
        }
    }
}

impl Inner {
    fn take(self: &Rc<Self>, input: Input) {
        let step = self.machine.borrow_mut().on(input, browser::monotonic_ms(), js_sys::Math::random());
        match step {
            Step::Stay | Step::Stop => {}
            Step::Connect => self.connect(),
            Step::ConnectAsAnother => {
                (self.hooks.superseded)();
                self.connect();
            }
            Step::Wait => self.wait(),
        }
        (self.hooks.changed)();
    }

    fn connect(self: &Rc<Self>) {
        self.retry.replace(None);
        self.pulse.replace(Pulse::default());
        let weak = Rc::downgrade(self);
        let on_message = weak.clone();
        let on_close = weak.clone();
        let hooks = socket::Hooks {
            opened: Box::new(with(&weak, |inner| inner.greet())),
            message: Box::new(move |message| {
                if let Some(inner) = on_message.upgrade() {
                    inner.heard(message);
                }
            }),
            closed: Box::new(move |code, reason| {
                if let Some(inner) = on_close.upgrade() {
                    inner.lost(code, reason);
                }
            }),
        };
        // The one before, if there still is one, is closed here.
        self.socket.replace(None);
        match Socket::open(&self.url, hooks) {
            Ok(socket) => drop(self.socket.replace(Some(socket))),
            // Only for an address that is none or a page that may not connect at all.
            Err(_) => self.lost(LOST, String::new()),
        }
    }

    fn greet(&self) {
        let hello = ClientMessage::Hello((self.hooks.hello)());
        let sent = self.socket.borrow().as_ref().map(|socket| socket.send(&hello));
        debug_assert_eq!(sent, Some(Ok(())), "a socket that has just opened takes its first message");
    }

    fn heard(self: &Rc<Self>, message: Result<ServerMessage, vws_core::wire::DecodeError>) {
        self.pulse.borrow_mut().heard();
        match message {
            Ok(message) => {
                match &message {
                    ServerMessage::Welcome(_) => {
                        self.take(Input::Welcomed);
                        self.beat();
                    }
                    ServerMessage::Pong { t } => {
                        self.pulse.borrow_mut().pong(*t, browser::monotonic_ms());
                        (self.hooks.changed)();
                    }
                    _ => {}
                }
                (self.hooks.message)(message);
            }
            Err(error) => {
                (self.hooks.garbled)(error.to_string());
                self.lost(LOST, String::new());
            }
        }
    }

    fn lost(self: &Rc<Self>, code: u16, reason: String) {
        self.socket.replace(None);
        (self.hooks.lost)();
        self.take(Input::Lost { code, reason });
    }

    fn wait(self: &Rc<Self>) {
        let Status::Waiting { until } = *self.machine.borrow().status() else { return };
        let due = with(&Rc::downgrade(self), |inner| inner.take(Input::Due));
        let wait = (until - browser::monotonic_ms()).max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded by the longest wait"
        )]
        self.retry.replace(Some(Timeout::new(wait as u32, due)));
    }

    fn beat(self: &Rc<Self>) {
        if self.socket.borrow().is_none() {
            return;
        }
        let online = *self.machine.borrow().status() == Status::Online;
        let beat = self.pulse.borrow_mut().beat(browser::monotonic_ms(), online);
        match beat {
            Beat::Rest => {}
            Beat::Ping { t } => {
                // Not sent while the network is behind: silence then counts all the same.
                if let Some(socket) = self.socket.borrow().as_ref() {
                    let _ = socket.send(&ClientMessage::Ping { t });
                }
            }
            Beat::Dead => return self.lost(LOST, String::new()),
        }
        if online {
            (self.hooks.drained)();
        }
    }
}

/// The address of a session's WebSocket. Not under `/api`, so that the development server's proxy,
/// which cannot carry both under one prefix, can pass it on.
fn url(session: SessionId) -> String {
    let location = browser::window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss" } else { "ws" };
    let host = location.host().unwrap_or_default();
    format!("{scheme}://{host}/ws/{session}")
}
