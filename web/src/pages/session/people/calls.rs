//! Asking the others to look where one looks, and being asked.

use std::rc::Rc;

use vws_core::ClientId;
use yew::prelude::*;

use super::badge_of;
use super::follow::followers;
use crate::client::calls::Call;
use crate::client::progress::grouped;
use crate::pages::session::context::{SessionHandle, use_session};
use crate::pages::session::timeline::use_time;
use crate::person;
use crate::ui::{Button, Icon, Kind, Toasts, Tone, use_toasts};

/// Why nobody can be asked now; `None` where they can.
pub(in crate::pages::session) fn unfit(session: &SessionHandle) -> Option<&'static str> {
    if session.port.scene().is_none() {
        Some("there is no 3D view here")
    } else if !session.client.is_online() {
        Some("there is no connection")
    } else if session.client.read(|replica| replica.peers().len()) == 0 {
        Some("nobody else is here")
    } else {
        None
    }
}

/// Asks everybody to look from where the person here looks.
pub(in crate::pages::session) fn bring(session: &SessionHandle, toasts: &Toasts) {
    let Some(scene) = session.port.scene() else { return };
    session.client.call(scene.pose());
    let asked = match session.client.read(|replica| replica.peers().len()) {
        1 => "1 person".to_owned(),
        many => format!("{} people", grouped(many as u64)),
    };
    toasts.say(Tone::Good, format!("Asked {asked} to look from where you look."));
}

/// What asks everybody to look, in the list of people; and how many follow already.
#[component]
pub(super) fn BringToMe() -> Html {
    let session = use_session();
    let toasts = use_toasts();
    let onclick = {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| bring(&session, &toasts))
    };
    let follow = match followers(&session.client) {
        0 => None,
        1 => Some("1 person follows you".to_owned()),
        many => Some(format!("{} people follow you", grouped(many as u64))),
    };
    html! {
        <div class="people-bring">
            <Button label="Bring everybody to me" icon={Icon::Camera} disabled={unfit(&session).is_some()} {onclick} testid="bring-to-me" />
            if let Some(follow) = follow { <span class="people-state" data-testid="followers">{ follow }</span> }
        </div>
    }
}

/// Those who ask the person here to look where they look.
#[component]
pub(in crate::pages::session) fn Calls() -> Html {
    let session = use_session();
    let calls = session.client.calls();
    html! {
        // There before anybody asks, so that it is read out when somebody does.
        <ul class="calls" aria-live="polite" aria-label="Calls">
            { for calls.iter().map(|call| {
                html! { <Asked key={call.from.as_str()} call={call.clone()} /> }
            }) }
        </ul>
    }
}

#[derive(Properties, PartialEq)]
struct AskedProps {
    call: Call,
}

#[component]
fn Asked(props: &AskedProps) -> Html {
    let session = use_session();
    let time = use_time();
    let Call { from, pose } = props.call.clone();
    let peer = session.client.read(|replica| replica.peers().find(|peer| peer.client_id == from).cloned());
    let Some(peer) = peer else { return html! {} };
    let ongo = {
        let (session, from, time) = (session.clone(), from.clone(), Rc::clone(&time));
        Callback::from(move |_: MouseEvent| {
            // It is the present that is to be looked at.
            if session.client.past_seq().is_some() {
                time.live();
            }
            if let Some(scene) = session.port.scene() {
                scene.look(pose);
            }
            session.client.answer_call(&from, false);
        })
    };
    let ondismiss = not_now(&session, from);
    html! {
        <li class="call" style={format!("--who:{}", person::color_of(&peer))} data-testid="call">
            { badge_of(&peer) }
            <p><strong>{ person::called(&peer) }</strong>{ " asks you to look here" }</p>
            <Button label="Go" kind={Kind::Primary} onclick={ongo} testid="call-go" />
            <Button label="Not now" kind={Kind::Quiet} onclick={ondismiss} testid="call-not-now" />
        </li>
    }
}

fn not_now(session: &SessionHandle, from: ClientId) -> Callback<MouseEvent> {
    let client = Rc::clone(&session.client);
    Callback::from(move |_: MouseEvent| client.answer_call(&from, true))
}
