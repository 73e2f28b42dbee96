//! The list of sessions, kept along with the server's.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use vws_core::event::LobbyEvent;
use vws_core::{SessionId, SessionInfo};
use web_sys::VisibilityState;
use yew::prelude::*;

use crate::api::lobby::{SessionList, Stream, Told};
use crate::api::{ApiError, list_sessions};
use crate::browser;

/// How often the numbers of objects, which no event tells, are asked for again.
const REFRESH_MS: u32 = 10_000;
/// With more sessions than this they are asked for again only when the page comes back into view.
const REFRESH_MOST: usize = 1_000;

/// How the list stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// It has not come yet.
    #[default]
    Loading,
    /// It is the server's, and follows it.
    Live,
    /// The server cannot be reached; the list is as it was.
    Broken(String),
}

/// The list and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lobby {
    /// The sessions.
    pub(super) list: SessionList,
    /// How the list stands.
    pub(super) standing: Standing,
}

/// What happens to the list.
#[derive(Debug)]
pub(super) enum Act {
    /// The server's list has come.
    Listed(Vec<SessionInfo>),
    /// The server's list has not come.
    Failed(String),
    /// The stream has told something.
    Happened(LobbyEvent),
    /// This page has made one; its event may come before or after.
    Made(SessionInfo),
    /// This page has deleted one, or found it gone.
    Gone(SessionId),
}

impl Reducible for Lobby {
    type Action = Act;

    fn reduce(self: Rc<Self>, act: Act) -> Rc<Self> {
        let mut lobby = (*self).clone();
        match act {
            Act::Listed(sessions) => {
                lobby.list.replace(sessions);
                lobby.standing = Standing::Live;
            }
            Act::Failed(why) => lobby.standing = Standing::Broken(why),
            Act::Happened(event) => lobby.list.apply(event),
            Act::Made(info) => lobby.list.add(info),
            Act::Gone(id) => lobby.list.remove(id),
        }
        Rc::new(lobby)
    }
}

/// Asks for the list, one request at a time.
#[derive(Clone)]
struct Asker {
    dispatch: UseReducerDispatcher<Lobby>,
    busy: Rc<Cell<bool>>,
    /// Something happened meanwhile that the answer may not know of.
    again: Rc<Cell<bool>>,
}

impl Asker {
    fn ask(&self) {
        if self.busy.replace(true) {
            self.again.set(true);
            return;
        }
        let asker = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            loop {
                asker.again.set(false);
                match all_sessions().await {
                    Ok(_) if asker.again.get() => {}
                    Ok(sessions) => break asker.dispatch.dispatch(Act::Listed(sessions)),
                    Err(error) => break asker.dispatch.dispatch(Act::Failed(error.words())),
                }
            }
            asker.busy.set(false);
        });
    }

    fn told(&self, told: Told) {
        match told {
            Told::FromHere => self.ask(),
            Told::Happened(event) => {
                // An answer that is under way may be older than the event.
                self.again.set(self.busy.get());
                self.dispatch.dispatch(Act::Happened(event));
            }
            // The list itself may still be there; if it is not, its failure tells why.
            Told::Broken => self.ask(),
        }
    }
}

async fn all_sessions() -> Result<Vec<SessionInfo>, ApiError> {
    let mut page = list_sessions(None).await?;
    let mut sessions = std::mem::take(&mut page.sessions);
    while let Some(after) = page.next {
        page = list_sessions(Some(after)).await?;
        sessions.append(&mut page.sessions);
    }
    Ok(sessions)
}

/// The list of sessions, live for as long as the component is there.
///
/// A hidden page follows nothing: browsers keep a handful of connections to a server, and a few
/// forgotten tabs would take them all.
#[hook]
pub(super) fn use_lobby() -> UseReducerHandle<Lobby> {
    let lobby = use_reducer_eq(Lobby::default);
    let count = use_mut_ref(|| 0);
    *count.borrow_mut() = lobby.list.len();
    let visible = use_visible();
    use_effect_with(visible, {
        let asker = Asker { dispatch: lobby.dispatcher(), busy: Rc::default(), again: Rc::default() };
        move |visible| {
            let refresh = visible.then(|| {
                let follow = {
                    let asker = asker.clone();
                    move || {
                        let asker = asker.clone();
                        Stream::follow(move |told| asker.told(told))
                    }
                };
                // The stream's welcome asks for the list; without a stream it is asked for here.
                let mut stream = follow();
                if stream.is_none() {
                    asker.ask();
                }
                Interval::new(REFRESH_MS, move || {
                    if stream.as_ref().is_none_or(Stream::is_closed) {
                        stream = follow();
                    }
                    if *count.borrow() <= REFRESH_MOST {
                        asker.ask();
                    }
                })
            });
            move || drop(refresh)
        }
    });
    lobby
}

/// Whether the page is in view.
#[hook]
fn use_visible() -> bool {
    fn now() -> bool {
        browser::document().visibility_state() == VisibilityState::Visible
    }
    let visible = use_state_eq(now);
    let setter = visible.setter();
    use_effect_with((), move |()| {
        let listener =
            EventListener::new(&browser::document(), "visibilitychange", move |_| setter.set(now()));
        move || drop(listener)
    });
    *visible
}
