//! A session of its own that begins as this one is, or was.

use std::rc::Rc;

use vws_core::DisplayName;
use vws_core::model::Seq;
use vws_core::reduce::State;
use yew::prelude::*;

use super::context::use_session;
use super::timeline::use_time;
use crate::api::time;
use crate::client::SessionClient;
use crate::route::{Route, navigate};
use crate::ui::{Icon, IconButton, Remedy, Toasts, Tone, use_toasts};

/// A name for the fork that tells what it is of; none where that is too long to be one.
fn name_of(client: &SessionClient, at: Seq) -> Option<DisplayName> {
    let name = client.view(|view, _| view.name().map(ToString::to_string)).flatten()?;
    DisplayName::new("name", &format!("{name} (from seq {at})")).ok()
}

/// Makes a fork at a moment and opens it.
pub(super) fn fork(client: &Rc<SessionClient>, at: Seq, toasts: &Toasts, busy: UseStateSetter<bool>) {
    let (client, toasts) = (Rc::clone(client), toasts.clone());
    busy.set(true);
    wasm_bindgen_futures::spawn_local(async move {
        let name = name_of(&client, at);
        match time::fork(client.id(), at, name.as_ref().map(DisplayName::as_str)).await {
            Ok(info) => {
                let back = client.id();
                let act = Callback::from(move |()| navigate(Route::Session(back)));
                let remedy = Remedy { label: "Go back there".into(), act };
                toasts.offer(
                    Tone::Good,
                    "This is a session of its own now. The other one is as it was.",
                    remedy,
                );
                navigate(Route::Session(info.session_id));
            }
            Err(error) => {
                busy.set(false);
                toasts.say(Tone::Bad, format!("No fork was made: {}", error.words()));
            }
        }
    });
}

/// Forks the session at the moment that is shown.
#[component]
pub(super) fn ForkHere() -> Html {
    let client = use_session().client;
    let time = use_time();
    let toasts = use_toasts();
    let busy = use_state(|| false);
    let onclick = {
        let (time, busy) = (Rc::clone(&time), busy.setter());
        Callback::from(move |_| fork(&client, time.position(), &toasts, busy.clone()))
    };
    html! { <IconButton icon={Icon::Fork} label="Fork from here: a session of its own that begins with this moment" disabled={*busy} {onclick} testid="fork" /> }
}
