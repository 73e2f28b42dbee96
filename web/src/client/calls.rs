//! The calls of others: who asks to be joined where they look. Nobody is moved by a call.

use std::collections::HashMap;

use vws_core::ClientId;
use vws_core::wire::Peer;

use super::SessionClient;
use crate::browser;
use crate::viewport::binding::Pose;

/// Calls that are shown at once; more push the oldest out.
const MOST: usize = 3;
/// How long somebody who was told "not now" is not heard again, in milliseconds.
const MUTE_MS: f64 = 60_000.0;

/// Somebody asks the person here to look from where they look.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Who.
    pub from: ClientId,
    /// From where.
    pub pose: Pose,
}

/// The calls that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The number of the last call of each peer. A call that was there before one knew its peer is none: it was
    /// not meant for somebody who was not here.
    known: HashMap<ClientId, Option<u32>>,
    open: Vec<Call>,
    muted: HashMap<ClientId, f64>,
}

impl Calls {
    /// Takes in what the peers show; answers whether other calls are open than before.
    fn hear<'a>(
        &mut self,
        peers: impl Iterator<Item = &'a Peer>,
        follows: Option<&ClientId>,
        now: f64,
    ) -> bool {
        let before = self.open.clone();
        self.muted.retain(|_, until| now < *until);
        let mut known = HashMap::with_capacity(self.known.len());
        for peer in peers {
            let id = &peer.client_id;
            let call = peer.presence.call;
            known.insert(id.clone(), call.map(|call| call.id));
            let Some(former) = self.known.get(id) else { continue };
            if *former == call.map(|call| call.id) {
                continue;
            }
            self.open.retain(|open| open.from != *id);
            let Some(call) = call else { continue };
            // Who goes along with them is there already.
            if follows != Some(id) && !self.muted.contains_key(id) {
                let at = |v: vws_core::model::Vec3<vws_core::model::PresenceCoordinate>| {
                    [v.x, v.y, v.z].map(|v| v.get())
                };
                let pose = Pose { position: at(call.camera.position), target: at(call.camera.target) };
                self.open.push(Call { from: id.clone(), pose });
            }
        }
        self.known = known;
        self.open.retain(|call| self.known.contains_key(&call.from));
        let over = self.open.len().saturating_sub(MOST);
        self.open.drain(..over);
        self.open != before
    }

    /// Takes the call of `from` away; with `mute` they are not heard for a while.
    fn answer(&mut self, from: &ClientId, mute: bool, now: f64) {
        self.open.retain(|call| call.from != *from);
        if mute {
            self.muted.insert(from.clone(), now + MUTE_MS);
        }
    }
}

impl SessionClient {
    /// The calls that wait for an answer, the oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.borrow().open.clone()
    }

    /// Answers a call: it is not shown any more. Who is told "not now" is not heard again for a minute.
    pub fn answer_call(&self, from: &ClientId, not_now: bool) {
        self.calls.borrow_mut().answer(from, not_now, browser::monotonic_ms());
        self.changed();
    }

    pub(super) fn hear_calls(&self) {
        let follows = self.follows();
        let now = browser::monotonic_ms();
        self.read(|replica| self.calls.borrow_mut().hear(replica.peers(), follows.as_ref(), now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn peer(id: &str, call: Option<u32>) -> Peer {
        let camera = r#"{"position":{"x":1,"y":2,"z":3},"target":{"x":0,"y":0,"z":0}}"#;
        let call = call.map_or(String::new(), |n| format!(r#""call":{{"id":{n},"camera":{camera}}}"#));
        serde_json::from_str(&format!(r#"{{"client_id":"{id}","presence":{{{call}}}}}"#)).expect("a peer")
    }

    fn from(calls: &Calls) -> Vec<&str> {
        calls.open.iter().map(|call| call.from.as_str()).collect()
    }

    #[test]
    fn web47_a_call_is_told_once_and_only_to_those_who_were_there() {
        let mut calls = Calls::default();
        assert!(!calls.hear([&peer("old", Some(1)), &peer("ada", None)].into_iter(), None, 0.0));
        assert!(calls.open.is_empty(), "it was made before");
        let now = [peer("old", Some(1)), peer("ada", Some(7))];
        assert!(calls.hear(now.iter(), None, 1.0));
        assert_eq!(from(&calls), ["ada"]);
        assert_eq!(calls.open[0].pose.position, [1.0, 2.0, 3.0]);
        assert!(!calls.hear(now.iter(), None, 2.0), "it is the same call");
        calls.answer(&ClientId::new("ada").expect("an id"), false, 3.0);
        assert!(!calls.hear(now.iter(), None, 4.0), "it is answered");
        assert!(calls.hear([&peer("ada", Some(8))].into_iter(), None, 5.0), "another call");
        assert!(calls.hear([&peer("ada", None)].into_iter(), None, 6.0), "it is taken back");
        assert!(calls.open.is_empty());
    }

    #[test]
    fn web47_who_leaves_is_followed_or_was_told_not_now_asks_nothing() {
        let ada = ClientId::new("ada").expect("an id");
        let mut calls = Calls::default();
        calls.hear([&peer("ada", None)].into_iter(), None, 0.0);
        calls.hear([&peer("ada", Some(1))].into_iter(), None, 1.0);
        assert!(calls.hear(std::iter::empty(), None, 2.0), "she has left");
        assert!(calls.open.is_empty());

        calls.hear([&peer("ada", None)].into_iter(), None, 3.0);
        assert!(!calls.hear([&peer("ada", Some(2))].into_iter(), Some(&ada), 4.0), "one is with her");

        calls.answer(&ada, true, 5.0);
        assert!(!calls.hear([&peer("ada", Some(3))].into_iter(), None, 6.0), "not now");
        assert!(calls.hear([&peer("ada", Some(4))].into_iter(), None, 5.0 + MUTE_MS), "a minute later");
    }

    #[test]
    fn web47_never_more_than_a_few_calls_are_open() {
        let mut calls = Calls::default();
        let all = |call: Option<u32>| ["a", "b", "c", "d"].map(|id| peer(id, call));
        calls.hear(all(None).iter(), None, 0.0);
        calls.hear(all(Some(1)).iter(), None, 1.0);
        assert_eq!(from(&calls), ["b", "c", "d"]);
    }
}
