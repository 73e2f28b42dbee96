//! The other people in the view: where they look from, what they point at and have selected, and the way along
//! with one of them.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use vws_core::model::{PresenceCoordinate, Vec3};
use vws_core::replica::Replica;
use vws_core::wire::{CameraPose, Peer, Presence};
use vws_core::{ClientId, ObjectName};
use wasm_bindgen::JsValue;

use super::binding::{Pose, value};
use super::scene::Scene;
use crate::client::{SessionClient, Standing};
use crate::person;

/// People who are drawn; the viewport takes no more.
const DRAWN: usize = 200;

/// Somebody as the viewport takes them.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Face {
    name: String,
    /// sRGB 0..1.
    color: [f64; 3],
    camera: Option<[f64; 6]>,
    fov: Option<f64>,
    pointer: Option<[f64; 3]>,
    /// Whether the camera is drawn: that of somebody who goes along with another stands where the other's does.
    frustum: bool,
    away: bool,
}

impl Face {
    fn of(peer: &Peer, frustum: bool) -> Self {
        let shown = &peer.presence;
        Self {
            name: person::called(peer),
            color: person::color_of(peer).rgb().map(|channel| f64::from(channel) / 255.0),
            camera: shown.camera.map(|camera| {
                let Pose { position: [a, b, c], target: [d, e, f] } = pose_of(&camera);
                [a, b, c, d, e, f]
            }),
            fov: shown.camera.and_then(|camera| camera.fov).map(|fov| fov.get()),
            pointer: shown.pointer.map(floats),
            frustum,
            away: shown.away,
        }
    }
}

fn floats(v: Vec3<PresenceCoordinate>) -> [f64; 3] {
    [v.x, v.y, v.z].map(|v| v.get())
}

/// A camera that somebody shows, as a pose of the view.
#[must_use]
pub fn pose_of(camera: &CameraPose) -> Pose {
    Pose { position: floats(camera.position), target: floats(camera.target) }
}

/// What the viewport was told of somebody.
struct Told {
    face: Face,
    slots: Vec<u32>,
}

/// Everybody whom the viewport was told of.
#[derive(Default)]
pub(super) struct Company {
    told: HashMap<ClientId, Told>,
    /// What the person whom the view goes along with is called, for when they are not here to be asked.
    leader: String,
}

/// Why a view goes along with nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// The person here wants to look by themselves.
    Wish,
    /// The other has left.
    Left,
    /// There is no connection, so that it is not known where the other looks.
    Lost,
    /// The page shows the past.
    Past,
    /// The other goes along with this view.
    Circle,
}

impl Parting {
    /// What the person here is told; nothing where they wished it.
    fn words(self, leader: &str) -> Option<String> {
        match self {
            Self::Wish => None,
            Self::Left => Some(format!("{leader} has left. You look by yourself again.")),
            Self::Lost => Some(format!("The connection is lost: you no longer follow {leader}.")),
            Self::Past => Some(format!("You look at the past: you no longer follow {leader}.")),
            Self::Circle => Some(format!("{leader} follows you, so you no longer follow {leader}.")),
        }
    }
}

/// Those whom `from` goes along with: its leader, that one's leader, and so on, each once. The last one goes along
/// with nobody, or with one of them.
fn leaders<'a>(from: &'a ClientId, follows: impl Fn(&ClientId) -> Option<&'a ClientId>) -> Vec<&'a ClientId> {
    let mut seen = HashSet::from([from]);
    let mut found = Vec::new();
    let mut next = follows(from);
    while let Some(leader) = next.filter(|leader| seen.insert(leader)) {
        found.push(leader);
        next = follows(leader);
    }
    found
}

/// Who goes along with whom.
pub struct Ties<'a> {
    me: &'a ClientId,
    shown: HashMap<&'a ClientId, &'a Presence>,
    /// Whether the past is shown, where nobody is.
    past: bool,
}

impl<'a> Ties<'a> {
    /// Those of now.
    #[must_use]
    pub fn of(client: &SessionClient, replica: &'a Replica) -> Self {
        let shown = replica.peers().map(|peer| (&peer.client_id, &peer.presence)).collect();
        Self { me: replica.client_id(), shown, past: client.past_seq().is_some() }
    }

    /// Those whom `peer` goes along with, as far as they are here; the last one may be oneself.
    fn leaders(&self, peer: &'a ClientId) -> Vec<&'a ClientId> {
        leaders(peer, |id| self.shown.get(id).and_then(|presence| presence.follows.as_ref()))
    }

    /// Why one cannot go along with `peer` now; `None` where one can. Not with somebody whose way comes back to
    /// oneself: two views that go along with each other would pass their poses to and fro for ever.
    #[must_use]
    pub fn unfit(&self, peer: &'a Peer) -> Option<String> {
        let name = person::called(peer);
        if self.past {
            Some("you are looking at the past".to_owned())
        } else if peer.presence.camera.is_none() {
            Some(format!("{name} shows no view of their own"))
        } else if self.leaders(&peer.client_id).contains(&self.me) {
            Some(format!("{name} follows you"))
        } else {
            None
        }
    }

    /// Whether going along with `leader` goes round in a circle and it is this page that ends it: of those in it the
    /// one with the greatest id, so that exactly one does.
    fn yields_to(&self, leader: &'a ClientId) -> bool {
        let circle = self.leaders(leader);
        circle.contains(&self.me) && leader <= self.me && circle.iter().all(|other| *other <= self.me)
    }
}

impl Scene {
    /// Tells the viewport who is here. In the past, and without a connection, nobody is.
    pub(super) fn company(&self) {
        let mut company = self.company.borrow_mut();
        let Company { told, leader } = &mut *company;
        let batcher = self.batcher.borrow();
        let slot = |name: &ObjectName| batcher.slots().get(name);
        let hidden = self.client.past_seq().is_some();
        self.client.read(|replica| {
            let here: Vec<&Peer> = replica.peers().take(if hidden { 0 } else { DRAWN }).collect();
            let ids: HashSet<&ClientId> = here.iter().map(|peer| &peer.client_id).collect();
            told.retain(|id, _| {
                let stays = ids.contains(id);
                if !stays {
                    self.viewport.set_peer(id.as_str(), &JsValue::NULL);
                }
                stays
            });
            let followed = self.client.follows();
            for peer in here {
                let goes_along = peer.presence.follows.as_ref().is_some_and(|other| ids.contains(other));
                let face = Face::of(peer, !goes_along);
                let slots: Vec<u32> = peer.presence.selection.iter().filter_map(slot).collect();
                let id = peer.client_id.as_str();
                if followed.as_ref() == Some(&peer.client_id) {
                    face.name.clone_into(leader);
                }
                let before = told.get(&peer.client_id);
                let (new_face, new_slots) = match before {
                    Some(before) => (before.face != face, before.slots != slots),
                    None => (true, !slots.is_empty()),
                };
                if new_face {
                    self.viewport.set_peer(id, &value(&face));
                }
                if new_slots {
                    self.viewport.set_peer_selection(id, &slots);
                }
                if new_face || new_slots {
                    told.insert(peer.client_id.clone(), Told { face, slots });
                }
            }
        });
    }

    /// Goes along with somebody's camera from now on.
    ///
    /// # Errors
    /// Why not, in words for the user.
    pub fn follow_peer(&self, id: &ClientId) -> Result<(), String> {
        let name = self.client.read(|replica| {
            let peer = replica.peers().find(|peer| peer.client_id == *id);
            let peer = peer.ok_or_else(|| "they have left".to_owned())?;
            Ties::of(&self.client, replica).unfit(peer).map_or_else(|| Ok(person::called(peer)), Err)
        })?;
        if !self.company.borrow().told.contains_key(id) {
            return Err(format!("the view shows {DRAWN} people at most"));
        }
        self.company.borrow_mut().leader = name;
        self.viewport.follow_peer(id.as_str());
        self.client.present(|shown| shown.follows = Some(id.clone()));
        self.set_own_view(true);
        Ok(())
    }

    /// Looks by itself again, from where it looks now.
    pub fn part(&self, why: Parting) {
        if !self.forget_leader() {
            return;
        }
        self.viewport.follow(None);
        let words = why.words(&self.company.borrow().leader);
        if let Some(words) = words {
            (self.told.tell)(words);
        }
    }

    /// Goes along with nobody; answers whether it did. What moves the camera from now on is not touched.
    pub(super) fn forget_leader(&self) -> bool {
        let followed = self.client.follows().is_some();
        if followed {
            self.client.present(|shown| shown.follows = None);
        }
        followed
    }

    /// Sees to it that the view goes along only with somebody who can be gone along with.
    pub(super) fn keep_following(&self) {
        let Some(leader) = self.client.follows() else { return };
        let is_here = self.client.read(|replica| replica.peers().any(|peer| peer.client_id == leader));
        let standing = self.client.standing();
        let why = match standing {
            _ if self.client.past_seq().is_some() => Parting::Past,
            // It greets anew, as after a change of one's own name.
            Standing::Connecting => return,
            Standing::Live | Standing::Loading(_) if is_here => {
                if !self.client.read(|replica| Ties::of(&self.client, replica).yields_to(&leader)) {
                    return;
                }
                Parting::Circle
            }
            Standing::Live | Standing::Loading(_) => Parting::Left,
            Standing::Waiting { .. } | Standing::Gone | Standing::Refused { .. } => Parting::Lost,
        };
        self.part(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn id(text: &str) -> ClientId {
        ClientId::new(text).expect("a client id")
    }

    #[test]
    fn web46_a_way_along_with_others_ends_where_it_comes_back() {
        let [ada, bob, cy] = ["ada", "bob", "cy"].map(id);
        let table = HashMap::from([(&ada, &bob), (&bob, &cy)]);
        let follows = |id: &ClientId| table.get(id).copied();
        assert_eq!(leaders(&ada, follows), [&bob, &cy]);
        assert_eq!(leaders(&cy, follows), Vec::<&ClientId>::new());
        let table = HashMap::from([(&ada, &bob), (&bob, &cy), (&cy, &ada)]);
        assert_eq!(leaders(&ada, |id| table.get(id).copied()), [&bob, &cy]);
        let table = HashMap::from([(&ada, &ada)]);
        assert!(leaders(&ada, |id| table.get(id).copied()).is_empty());
    }

    #[test]
    fn web46_it_is_told_why_following_has_ended_unless_it_was_wished() {
        assert_eq!(Parting::Wish.words("Ada"), None);
        assert_eq!(Parting::Left.words("Ada").as_deref(), Some("Ada has left. You look by yourself again."));
        for why in [Parting::Lost, Parting::Past, Parting::Circle] {
            assert!(why.words("Ada").is_some_and(|words| words.contains("Ada")), "{why:?}");
        }
    }

    #[test]
    fn web44_a_face_has_what_the_viewport_draws() {
        let peer: Peer = serde_json::from_str(
            r##"{"client_id":"c1","name":"Ada","color":"#ff0080","presence":{"away":true,"pointer":{"x":1,"y":2,"z":3},
            "camera":{"position":{"x":4,"y":5,"z":6},"target":{"x":7,"y":8,"z":9},"fov":50}}}"##,
        )
        .expect("a peer");
        let face = Face::of(&peer, true);
        assert_eq!((face.name.as_str(), face.color[0], face.fov), ("Ada", 1.0, Some(50.0)));
        assert_eq!(face.camera, Some([4.0, 5.0, 6.0, 7.0, 8.0, 9.0]));
        assert_eq!((face.pointer, face.away, face.frustum), (Some([1.0, 2.0, 3.0]), true, true));
    }
}
