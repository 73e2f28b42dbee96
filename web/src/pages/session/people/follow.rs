//! Looking where somebody else looks: once, or all along.

use std::rc::Rc;

use vws_core::ClientId;
use vws_core::wire::Peer;
use yew::prelude::*;

use super::badge_of;
use super::row::Deed;
use crate::client::SessionClient;
use crate::pages::session::context::{SessionHandle, use_session};
use crate::person;
use crate::ui::{Button, Toasts, Tone};
use crate::viewport::company::{Parting, pose_of};
use crate::viewport::port::Port;

fn peer_of(client: &SessionClient, id: &ClientId) -> Option<Peer> {
    client.read(|replica| replica.peers().find(|peer| peer.client_id == *id).cloned())
}

/// Looks by oneself again, from where one looks now.
pub(in crate::pages::session) fn stop(session: &SessionHandle) {
    if let Some(scene) = session.port.scene() {
        scene.part(Parting::Wish);
    }
}

/// Does what is to be done with somebody in the list of people.
pub(super) fn act(client: &SessionClient, port: &Port, toasts: &Toasts, id: &ClientId, deed: Deed) {
    match (deed, port.scene()) {
        (Deed::Select(names), _) => client.select_all(names),
        (Deed::Look, Some(scene)) => {
            // Where they look now, not where they did when the list was drawn.
            if let Some(camera) = peer_of(client, id).and_then(|peer| peer.presence.camera) {
                scene.look(pose_of(&camera));
            }
        }
        (Deed::Follow, Some(scene)) if client.follows().as_ref() == Some(id) => scene.part(Parting::Wish),
        (Deed::Follow, Some(scene)) => {
            if let Err(why) = scene.follow_peer(id) {
                toasts.say(Tone::Bad, format!("Not followed: {why}."));
            }
        }
        (Deed::Look | Deed::Follow, None) => {}
    }
}

/// The frame round the view, and who it goes along with.
#[component]
pub(in crate::pages::session) fn Following() -> Html {
    let session = use_session();
    let Some(peer) = session.client.follows().and_then(|id| peer_of(&session.client, &id)) else {
        return html! {};
    };
    let onclick = {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| stop(&session))
    };
    html! {
        <div class="follow" style={format!("--who:{}", person::color_of(&peer))}>
            <div class="follow-frame" data-testid="follow-frame"></div>
            <div class="follow-banner" role="status" data-testid="follow-banner">
                { badge_of(&peer) }
                <p>{ "Following " }<strong>{ person::called(&peer) }</strong></p>
                <Button label="Stop" {onclick} testid="follow-stop" />
            </div>
        </div>
    }
}

/// How many follow the person here.
pub(super) fn followers(client: &Rc<SessionClient>) -> usize {
    client.read(|replica| {
        let me = replica.client_id();
        replica.peers().filter(|peer| peer.presence.follows.as_ref() == Some(me)).count()
    })
}
