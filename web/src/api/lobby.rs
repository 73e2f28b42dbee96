//! Which sessions there are, as it changes.

use crate::token;
use crate::words;
use gloo_events::EventListener;
use vws_core::event::{LobbyEvent, LobbyRecord};
use vws_core::wire::read_json;
use vws_core::{SessionId, SessionInfo};
use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};

/// What the stream tells.
#[derive(Debug)]
pub enum Told {
    /// The stream begins, or goes on from another place: the list must be asked for anew.
    FromHere,
    /// Something happened.
    Happened(LobbyEvent),
    /// The stream is broken; the browser tries again by itself.
    Broken,
}

/// The stream of the lobby. Dropping it ends it.
pub struct Stream {
    source: EventSource,
    _listeners: [EventListener; 4],
}

impl Stream {
    /// Follows the lobby; `None` in a browser without event streams, and where a token has to be shown, which they
    /// cannot.
    #[must_use]
    pub fn follow(told: impl Fn(Told) + Clone + 'static) -> Option<Self> {
        let source = (!token::is_there()).then(|| EventSource::new("/api/events").ok()).flatten()?;
        let on = |name: &'static str, tell: fn(&MessageEvent) -> Option<Told>| {
            let told = told.clone();
            EventListener::new(&source, name, move |event| {
                if let Some(what) = event.dyn_ref::<MessageEvent>().and_then(tell) {
                    told(what);
                }
            })
        };
        let listeners = [
            on("welcome", |_| Some(Told::FromHere)),
            on("resync", |_| Some(Told::FromHere)),
            on("message", |event| {
                let record: LobbyRecord = read_json(event.data().as_string()?.as_bytes()).ok()?;
                Some(Told::Happened(record.event))
            }),
            {
                let told = told.clone();
                EventListener::new(&source, "error", move |_| told(Told::Broken))
            },
        ];
        Some(Self { source, _listeners: listeners })
    }

    /// Whether the browser has given it up: it tries again after a lost connection, not after an answer
    /// that is no stream.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.source.ready_state() == EventSource::CLOSED
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// The sessions that are known, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionList(Vec<SessionInfo>);

impl SessionList {
    /// Takes a list of the server in, which is the truth at the time that it was made.
    pub fn replace(&mut self, mut sessions: Vec<SessionInfo>) {
        // Ids are in the order of creation.
        sessions.sort_by_key(|info| std::cmp::Reverse(info.session_id));
        self.0 = sessions;
    }

    /// Takes one in that was made just now.
    pub fn add(&mut self, info: SessionInfo) {
        let at = self.0.partition_point(|known| known.session_id > info.session_id);
        if self.0.get(at).is_none_or(|known| known.session_id != info.session_id) {
            self.0.insert(at, info);
        }
    }

    /// Takes in what happened. Events that the list knows of already change nothing.
    pub fn apply(&mut self, event: LobbyEvent) {
        match event {
            LobbyEvent::SessionCreated { session_id, name, created_at, epoch, origin, object_count } => {
                self.add(SessionInfo {
                    session_id,
                    name,
                    created_at,
                    epoch,
                    seq: origin.map_or(0, |origin| origin.seq),
                    object_count,
                    origin,
                });
            }
            LobbyEvent::SessionRenamed { session_id, name } => {
                if let Some(info) = self.0.iter_mut().find(|info| info.session_id == session_id) {
                    info.name = name;
                }
            }
            LobbyEvent::SessionDeleted { session_id } => self.remove(session_id),
        }
    }

    /// Takes one away.
    pub fn remove(&mut self, id: SessionId) {
        self.0.retain(|info| info.session_id != id);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose name or id holds `text`, newest first.
    pub fn matching(&self, text: &str) -> impl Iterator<Item = &SessionInfo> {
        let text = words::lower(text.trim());
        self.0.iter().filter(move |info| {
            text.is_empty()
                || info.name.as_ref().is_some_and(|name| words::lower(name.as_str()).contains(&text))
                || info.session_id.to_string().contains(&text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::DisplayName;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn id(n: u8) -> SessionId {
        format!("0197a2b4-0000-7000-8000-0000000000{n:02x}").parse().expect("a valid id")
    }

    fn name(text: &str) -> Option<DisplayName> {
        Some(DisplayName::new("name", text).expect("a valid name"))
    }

    fn created(n: u8) -> LobbyEvent {
        LobbyEvent::SessionCreated {
            session_id: id(n),
            name: None,
            created_at: 0,
            epoch: 0,
            origin: None,
            object_count: 0,
        }
    }

    fn ids(list: &SessionList) -> Vec<SessionId> {
        list.matching("").map(|info| info.session_id).collect()
    }

    #[test]
    fn the_newest_session_comes_first() {
        let mut list = SessionList::default();
        for n in [2, 1, 3] {
            list.apply(created(n));
        }
        assert_eq!(ids(&list), [id(3), id(2), id(1)]);
    }

    #[test]
    fn an_event_that_comes_twice_counts_once() {
        let mut list = SessionList::default();
        list.apply(created(1));
        list.apply(created(1));
        assert_eq!(list.len(), 1);
        list.apply(LobbyEvent::SessionDeleted { session_id: id(1) });
        list.apply(LobbyEvent::SessionDeleted { session_id: id(1) });
        assert!(list.is_empty());
    }

    #[test]
    fn a_session_is_found_by_name_and_id() {
        let mut list = SessionList::default();
        list.apply(created(0x0a));
        list.apply(created(0x0b));
        list.apply(LobbyEvent::SessionRenamed { session_id: id(0x0a), name: name("Harbour") });
        let found = |text: &str| list.matching(text).map(|info| info.session_id).collect::<Vec<_>>();
        assert_eq!(found(" harb "), [id(0x0a)]);
        assert_eq!(found("00000b"), [id(0x0b)]);
        assert!(found("x").is_empty());
    }
}
