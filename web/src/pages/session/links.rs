//! Links into this session: read when the page comes up, and made.

use std::rc::Rc;

use gloo_events::EventListener;
use vws_core::ObjectName;
use vws_core::model::Seq;
use yew::prelude::*;

use super::context::SessionHandle;
use super::timeline::Time;
use crate::browser;
use crate::client::progress::grouped;
use crate::link::Place;
use crate::past::TimeMachine;
use crate::route::Route;
use crate::ui::{Remedy, Toasts, Tone, use_toasts};

/// Goes where the address's fragment leads, once there is a state, and again whenever it changes.
#[hook]
pub(super) fn use_place(session: &SessionHandle, time: &Time) {
    let toasts = use_toasts();
    let visits = use_state(|| 0_u32);
    use_effect_with((), {
        let visits = visits.setter();
        move |()| {
            let count = std::cell::Cell::new(0_u32);
            let listener = EventListener::new(&browser::window(), "hashchange", move |_| {
                count.set(count.get() + 1);
                visits.set(count.get());
            });
            move || drop(listener)
        }
    });
    let ready = session.client.read(|replica| replica.confirmed().is_some());
    use_effect_with((ready, *visits), {
        let (session, time) = (session.clone(), Rc::clone(&time.0));
        move |(ready, _)| {
            let fragment = browser::window().location().hash().unwrap_or_default();
            if *ready && !fragment.is_empty() {
                let (place, refused) = Place::of_fragment(&fragment);
                for why in refused {
                    toasts.say(Tone::Bad, format!("A part of this link is not used: {why}."));
                }
                go(&session, &time, place, &toasts);
            }
        }
    });
}

fn go(session: &SessionHandle, time: &Rc<TimeMachine>, place: Place, toasts: &Toasts) {
    let client = &session.client;
    let then = place.at.is_some_and(|seq| at(time, seq, toasts));
    // What is not there now may be there then.
    let is_there = |name: &ObjectName| client.object(name.as_str()).is_some();
    let (there, gone): (Vec<_>, Vec<_>) = place.select.into_iter().partition(|name| then || is_there(name));
    for name in gone {
        toasts.say(Tone::Bad, format!("The link selects {name}, which is not in this session."));
    }
    if !there.is_empty() {
        client.select_all(there);
    }
    match (place.camera, session.port.scene()) {
        (Some(pose), Some(scene)) => scene.look(pose),
        (Some(_), None) => toasts.say(Tone::Bad, "The link has a view, and there is no 3D view here."),
        (None, _) => {}
    }
}

/// Goes to a moment; answers whether there is such a one.
fn at(time: &Rc<TimeMachine>, seq: Seq, toasts: &Toasts) -> bool {
    let head = time.head();
    if seq > head {
        let (seq, head) = (grouped(seq), grouped(head));
        toasts.say(
            Tone::Bad,
            format!("The link leads to seq {seq}, which is yet to come: the last one is {head}."),
        );
        return false;
    }
    time.set_open(true);
    time.go(seq);
    true
}

/// Puts a link to what is seen on the clipboard: to a view of one's own and to a moment. What one has selected is
/// one's own business, and offered where there is something.
pub(super) fn copy_link(session: &SessionHandle, toasts: &Toasts) {
    let remedy = (session.client.selected_count() > 0).then(|| {
        let (session, toasts) = (session.clone(), toasts.clone());
        let act = Callback::from(move |()| copy_selecting_link(&session, &toasts));
        Remedy { label: "With the selection".into(), act }
    });
    copy(session, toasts, Vec::new(), remedy);
}

/// The same, to what is selected as well.
pub(super) fn copy_selecting_link(session: &SessionHandle, toasts: &Toasts) {
    copy(session, toasts, session.client.selection(), None);
}

fn copy(session: &SessionHandle, toasts: &Toasts, select: Vec<ObjectName>, remedy: Option<Remedy>) {
    let client = &session.client;
    let place = Place {
        select,
        camera: session.port.scene().and_then(|scene| scene.own_pose()),
        at: client.past_seq(),
    };
    let mut parts = Vec::new();
    match place.select.len() {
        0 => {}
        1 => parts.push("the selected object".to_owned()),
        many => parts.push(format!("{many} selected objects")),
    }
    if place.camera.is_some() {
        parts.push("your view".to_owned());
    }
    if let Some(at) = place.at {
        parts.push(format!("seq {}", grouped(at)));
    }
    let told = match parts.split_last() {
        None => "A link to this session is on the clipboard.".to_owned(),
        Some((last, [])) => format!("A link to this session is on the clipboard, with {last}."),
        Some((last, rest)) => {
            format!("A link to this session is on the clipboard, with {} and {last}.", rest.join(", "))
        }
    };
    let origin = browser::window().location().origin().unwrap_or_default();
    let link = format!("{origin}{}{}", Route::Session(client.id()).path(), place.fragment());
    let toasts = toasts.clone();
    wasm_bindgen_futures::spawn_local(async move {
        if browser::copy(&link).await {
            match remedy {
                Some(remedy) => toasts.offer(Tone::Good, told, remedy),
                None => toasts.say(Tone::Good, told),
            }
        } else {
            toasts.say(
                Tone::Bad,
                format!("The browser does not let this page use the clipboard. The link: {link}"),
            );
        }
    });
}
