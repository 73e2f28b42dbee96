//! What this page shows the others of the person at it, and how often it says so.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use vws_core::limits::{PRESENCE_BOUND, PRESENCE_SELECTION};
use vws_core::model::Vec3;
use vws_core::wire::{CallDraft, CameraPoseDraft, ClientMessage, Peer, PresenceDraft};
use vws_core::{ClientId, DisplayName};

use super::SessionClient;
use crate::browser;
use crate::viewport::binding::Pose;

/// The shortest time between two presences, in milliseconds. The server tells of each peer at most 15 times a
/// second.
const INTERVAL_MS: f64 = 100.0;
/// How long the others are asked to look from somewhere, in milliseconds.
pub const CALL_MS: u32 = 30_000;
/// Steps in a world unit that are told: what is finer than that nobody sees.
const FINE: f64 = 1_000.0;

/// What the others are shown beside the selection, which the client knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// Where the person looks from, and the vertical field of view in degrees; `None` while that is where the
    /// shared camera circles, which everybody knows.
    pub camera: Option<(Pose, f64)>,
    /// What they point at.
    pub pointer: Option<[f64; 3]>,
    /// Whose camera theirs goes along with.
    pub follows: Option<ClientId>,
    /// Whether the page is hidden.
    pub away: bool,
    /// The call that they make, by its number, and where the others are asked to look from.
    pub call: Option<(u32, Pose)>,
}

impl Shown {
    /// As it is told; what lies further out than presence may is not.
    fn draft(&self, selection: Vec<String>) -> PresenceDraft {
        let camera = |pose: Pose, fov: Option<f64>| {
            Some(CameraPoseDraft { position: told(pose.position)?, target: told(pose.target)?, fov })
        };
        let call = self.call.and_then(|(id, pose)| Some(CallDraft { id, camera: camera(pose, None)? }));
        PresenceDraft {
            camera: self.camera.and_then(|(pose, fov)| camera(pose, Some(fov))),
            pointer: self.pointer.and_then(told),
            selection,
            follows: self.follows.as_ref().map(ToString::to_string),
            away: self.away,
            call,
        }
    }
}

fn told(at: [f64; 3]) -> Option<Vec3<f64>> {
    let [x, y, z] = at.map(|v| (v * FINE).round() / FINE);
    [x, y, z].iter().all(|v| v.abs() <= PRESENCE_BOUND).then_some(Vec3 { x, y, z })
}

/// When something is to be said.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Due {
    /// Nothing has changed.
    Never,
    Now,
    /// In so many milliseconds.
    In(f64),
}

/// Sees to it that what changes is said, and never too often. Times are monotonic milliseconds.
#[derive(Debug, Default)]
struct Pacer {
    /// What the server has been told last over this connection.
    sent: PresenceDraft,
    sent_at: Option<f64>,
}

impl Pacer {
    fn due(&self, draft: &PresenceDraft, now: f64) -> Due {
        match self.sent_at.map(|at| at + INTERVAL_MS - now) {
            _ if *draft == self.sent => Due::Never,
            Some(wait) if wait > 0.0 => Due::In(wait),
            _ => Due::Now,
        }
    }

    fn sent(&mut self, draft: PresenceDraft, now: f64) {
        self.sent = draft;
        self.sent_at = Some(now);
    }

    /// A new connection shows nothing yet.
    fn forget(&mut self) {
        self.sent = PresenceDraft::default();
    }
}

/// What is shown, and what of it has been said.
pub(super) struct Own {
    shown: Shown,
    pacer: Pacer,
    /// Says later what cannot be said yet.
    later: Option<Timeout>,
    /// Ends the call.
    call: Option<Timeout>,
    calls: u32,
    speak: Rc<dyn Fn()>,
    hush: Rc<dyn Fn()>,
}

impl Own {
    /// `speak` shows what is to be shown by then, `hush` ends the call.
    pub(super) fn new(speak: impl Fn() + 'static, hush: impl Fn() + 'static) -> Self {
        Self {
            shown: Shown::default(),
            pacer: Pacer::default(),
            later: None,
            call: None,
            calls: seconds(),
            speak: Rc::new(speak),
            hush: Rc::new(hush),
        }
    }
}

/// A number that is another one than that of a visit before.
fn seconds() -> u32 {
    u32::try_from(browser::unix_ms() / 1_000).unwrap_or_default()
}

impl SessionClient {
    /// What the others are shown.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.own(|own| own.shown.clone())
    }

    /// Whose camera the person's own goes along with.
    #[must_use]
    pub fn follows(&self) -> Option<ClientId> {
        self.own(|own| own.shown.follows.clone())
    }

    fn own<T>(&self, act: impl FnOnce(&mut Own) -> T) -> T {
        act(self.presence.borrow_mut().as_mut().expect("it is there from the client's beginning"))
    }

    /// Changes what the others are shown. They are told at most ten times a second, and of the newest.
    pub fn present(&self, change: impl FnOnce(&mut Shown)) {
        let redraw = self.own(|own| {
            let (follows, call) = (own.shown.follows.clone(), own.shown.call);
            change(&mut own.shown);
            own.shown.follows != follows || own.shown.call != call
        });
        self.show_presence();
        if redraw {
            self.changed();
        }
    }

    /// Asks the others to look from there, for a while or until the next call.
    pub fn call(&self, pose: Pose) {
        let id = self.own(|own| {
            own.calls = own.calls.wrapping_add(1);
            let hush = Rc::clone(&own.hush);
            own.call = Some(Timeout::new(CALL_MS, move || hush()));
            own.calls
        });
        self.present(|shown| shown.call = Some((id, pose)));
    }

    /// Ends the call, if there is one.
    pub fn hush(&self) {
        self.own(|own| own.call = None);
        self.present(|shown| shown.call = None);
    }

    /// The connection is a new one: whatever is shown is to be said again.
    pub(super) fn show_presence_anew(&self) {
        self.own(|own| own.pacer.forget());
        self.show_presence();
    }

    /// Shows the others what is to be shown, now or as soon as it may be said.
    pub(super) fn show_presence(&self) {
        if !self.is_online() {
            return;
        }
        // Of more than others are shown the last count.
        let names = self.selection();
        let selected = &names[names.len().saturating_sub(PRESENCE_SELECTION)..];
        let selection = selected.iter().map(ToString::to_string).collect();
        let now = browser::monotonic_ms();
        let said = self.own(|own| {
            let draft = own.shown.draft(selection);
            match own.pacer.due(&draft, now) {
                Due::Never => own.later = None,
                Due::Now => {
                    own.later = None;
                    own.pacer.sent(draft.clone(), now);
                    return Some(draft);
                }
                Due::In(_) if own.later.is_some() => {}
                Due::In(wait) => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "above 0 and not above the interval"
                    )]
                    let wait = wait.ceil() as u32;
                    let speak = Rc::clone(&own.speak);
                    own.later = Some(Timeout::new(wait, move || speak()));
                }
            }
            None
        });
        if let Some(draft) = said {
            // Of several that wait for the network only the last counts.
            self.outbox.borrow_mut().retain(|message| !matches!(message, ClientMessage::Presence(_)));
            self.send(ClientMessage::Presence(draft));
        }
    }

    /// Whether who is here, or what the page tells of them, is another than when this was asked last: anything but
    /// where they look and point, which changes many times a second.
    pub(super) fn people_changed(&self) -> bool {
        let print = self.read(|replica| {
            let mut hasher = DefaultHasher::new();
            for Peer { client_id, name, color, presence } in replica.peers() {
                (client_id, name.as_ref().map(DisplayName::as_str), color.map(|color| color.rgb()))
                    .hash(&mut hasher);
                (&presence.follows, presence.away, presence.camera.is_some()).hash(&mut hasher);
                presence.call.map(|call| call.id).hash(&mut hasher);
                presence.selection.len().hash(&mut hasher);
                presence.selection.iter().for_each(|name| name.as_str().hash(&mut hasher));
            }
            hasher.finish()
        });
        self.people.replace(Some(print)) != Some(print)
    }

    /// What was to be said later is said now.
    pub(super) fn speak(&self) {
        self.own(|own| own.later = None);
        self.show_presence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn looking(x: f64) -> Shown {
        let pose = Pose { position: [x, 2.0, 3.0], target: [0.0; 3] };
        Shown { camera: Some((pose, 60.0)), ..Shown::default() }
    }

    #[test]
    fn web43_presence_is_said_at_once_and_then_ten_times_a_second_at_most() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.due(&PresenceDraft::default(), 0.0), Due::Never, "there is nothing to show");
        let mut said = Vec::new();
        // The camera moves in each of 60 pictures a second, for two seconds; then it rests.
        for picture in 0..180 {
            let now = f64::from(picture) * 1_000.0 / 60.0;
            let draft = looking(f64::from(picture.min(120))).draft(Vec::new());
            match pacer.due(&draft, now) {
                Due::Now => {
                    pacer.sent(draft, now);
                    said.push(now);
                }
                Due::In(wait) => assert!(wait > 0.0 && wait <= INTERVAL_MS),
                Due::Never => assert!(picture > 120, "it moves"),
            }
        }
        assert_eq!(said[0], 0.0);
        assert!(said.windows(2).all(|two| two[1] - two[0] >= INTERVAL_MS), "{said:?}");
        assert!((19..=21).contains(&said.len()), "{} times in two seconds", said.len());
        assert_eq!(pacer.sent, looking(120.0).draft(Vec::new()), "the newest is said");
    }

    #[test]
    fn web43_a_new_connection_is_told_all_of_it_again() {
        let mut pacer = Pacer::default();
        let draft = looking(1.0).draft(vec!["a".to_owned()]);
        pacer.sent(draft.clone(), 0.0);
        assert_eq!(pacer.due(&draft, 1_000.0), Due::Never);
        pacer.forget();
        assert_eq!(pacer.due(&draft, 1_000.0), Due::Now);
    }

    #[test]
    fn web43_what_is_said_is_valid_wherever_the_camera_is() {
        let draft = looking(1.000_04).draft(Vec::new());
        assert_eq!(draft.camera.map(|camera| camera.position.x), Some(1.0), "nobody sees the difference");
        assert_eq!(looking(1_000.1).draft(Vec::new()).camera, None);
        assert_eq!(looking(f64::NAN).draft(Vec::new()).camera, None);
        let all = Shown {
            pointer: Some([-1_000.0, 0.0, 1_000.0]),
            follows: ClientId::new("c-1").ok(),
            away: true,
            call: Some((7, Pose::default())),
            ..looking(-1_000.0)
        };
        let presence = all.draft(vec!["a".to_owned()]).check().expect("is valid");
        assert!(presence.away && presence.camera.is_some() && presence.pointer.is_some());
        assert_eq!(presence.call.map(|call| call.id), Some(7));
    }
}
