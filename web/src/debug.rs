//! What browser tests, and people with a console, may read of the page: `window.__vws`.
//!
//! It is read only, and reads the replica at the time that it is asked.

use std::rc::{Rc, Weak};

use js_sys::{Array, Object, Reflect};
use vws_core::history::Way;
use vws_core::reduce::State;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use crate::browser;
use crate::client::SessionClient;

const NAME: &str = "__vws";

/// Keeps the handle there. Dropping it takes it away.
pub struct Handle {
    object: Object,
    _getters: Vec<Closure<dyn Fn() -> JsValue>>,
}

/// Puts the handle of a session's page where it can be read.
#[must_use]
pub fn install(client: &Rc<SessionClient>) -> Handle {
    let object = Object::new();
    let mut getters = Vec::new();
    let mut add = |name: &str, is_method: bool, read: fn(&SessionClient) -> JsValue| {
        let weak: Weak<SessionClient> = Rc::downgrade(client);
        let getter = Closure::<dyn Fn() -> JsValue>::new(move || {
            weak.upgrade().map_or(JsValue::UNDEFINED, |client| read(&client))
        });
        let descriptor = Object::new();
        let key = if is_method { "value" } else { "get" };
        // A plain object takes any property.
        let set = Reflect::set(&descriptor, &key.into(), getter.as_ref());
        debug_assert!(set.is_ok());
        Object::define_property(&object, &name.into(), &descriptor);
        getters.push(getter);
    };
    add("session", false, |c| c.id().to_string().into());
    add("client", false, |c| c.read(|r| r.client_id().to_string()).into());
    add("status", false, |c| c.standing().word().into());
    add("seq", false, |c| c.read(|r| r.confirmed().map(|s| s.seq() as f64)).into());
    add("epoch", false, |c| c.read(|r| r.confirmed().map(|s| s.epoch() as f64)).into());
    add("digest", false, |c| c.read(|r| r.confirmed().map(|s| s.digest().to_string())).into());
    add("objects", false, |c| c.view(|view, _| view.object_count() as f64).into());
    add("pending", false, |c| c.read(|r| r.pending() as f64).into());
    add("peers", false, |c| c.read(|r| r.peers().len() as f64).into());
    add("shown", false, |c| c.past_seq().map(|seq| seq as f64).into());
    add("camera", false, |c| {
        let Some((pose, _)) = c.shown().camera else { return JsValue::UNDEFINED };
        pose.position.into_iter().chain(pose.target).map(JsValue::from_f64).collect::<Array>().into()
    });
    add("follows", false, |c| c.follows().map(|id| id.to_string()).into());
    add("selected", false, |c| c.selected().map(|name| name.to_string()).into());
    add("selection", false, |c| {
        c.selection().iter().map(|name| JsValue::from_str(name.as_str())).collect::<Array>().into()
    });
    add("canUndo", false, |c| c.can_go(Way::Undo).into());
    add("canRedo", false, |c| c.can_go(Way::Redo).into());
    add("roundTrip", false, |c| c.round_trip().into());
    add("shownSnapshot", true, |c| c.past_json().into());
    add("snapshot", true, |c| c.snapshot_json().into());
    // Refused only where something else has the name, which is then somebody else's.
    let _ = Reflect::set(&browser::window(), &NAME.into(), &object);
    Handle { object, _getters: getters }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The next page may have put its own there already.
        if Reflect::get(&browser::window(), &NAME.into()).is_ok_and(|now| now == *self.object) {
            let _ = Reflect::delete_property(&browser::window(), &NAME.into());
        }
    }
}
