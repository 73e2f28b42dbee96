//! Who is here, where they look, and who one is oneself to the others.
//!
//! # Layout
//! - this file: badges in the bar, which open the list; marks in the tree.
//! - `row`: somebody in the list. `you`: who one is oneself.
//! - [`follow`]: the way along with somebody. [`calls`]: asking others to look, and being asked.

pub(super) mod calls;
pub(super) mod follow;
mod row;
mod you;

use std::rc::Rc;

use gloo_events::EventListener;
use vws_core::model::Color;
use vws_core::wire::Peer;
use vws_core::{ClientId, DisplayName, ObjectName};
use web_sys::VisibilityState;
use yew::prelude::*;

use super::context::{SessionHandle, use_session};
use super::links::copy_link;
use super::share::Share;
use super::timeline::use_time;
use crate::browser;
use crate::client::SessionClient;
use crate::client::progress::grouped;
use crate::person;
use crate::ui::{Button, Glyph, Icon, use_toasts};
use crate::viewport::company::Ties;
use crate::words;
use calls::BringToMe;
use row::{Deed, Row, Told};
use you::You;

/// Badges in the bar; more people are a number.
const BADGES: usize = 4;
/// Marks at one object in the tree; more are a number, so that they leave its name its place.
const MARKS: usize = 4;
/// People who are listed, and whose selections are marked in the tree; more are a number.
pub(super) const LISTED: usize = 200;

/// A person's mark: a letter on their colour.
fn badge(name: Option<&DisplayName>, color: Color, title: Option<String>) -> Html {
    let ink = if person::takes_dark_text(color) { "badge-dark" } else { "badge-light" };
    html! {
        <span class={classes!("badge", ink)} style={format!("background:{color}")} {title} aria-hidden="true">
            { match name {
                Some(name) => html! { { person::initial(name) } },
                None => html! { <Glyph icon={Icon::People} size={13} /> },
            } }
        </span>
    }
}

fn badge_of(peer: &Peer) -> Html {
    badge(peer.name.as_ref(), person::color_of(peer), Some(person::called(peer)))
}

/// The marks of the people who have selected an object.
pub(super) fn marks(client: &SessionClient, name: &ObjectName) -> Html {
    client.read(|replica| {
        let here = replica.peers().take(LISTED).filter(|peer| peer.presence.selection.contains(name));
        let here: Vec<&Peer> = here.collect();
        let more = here.len().saturating_sub(MARKS);
        html! {
            <>
                { for here.iter().take(MARKS).map(|peer| html! {
                    <span class="tree-peer" style={format!("background:{}", person::color_of(peer))}
                        title={format!("{} has selected this", person::called(peer))} data-testid="tree-peer"></span>
                }) }
                if more > 0 {
                    <span class="tree-peers-more numbers" title={format!("{more} more have selected this")}>{ format!("+{more}") }</span>
                }
            </>
        }
    })
}

/// How the list is ordered: those who are looking before those who are away, then by name, guests at the end.
fn rank(peer: &Peer) -> (bool, bool, String) {
    (peer.presence.away, peer.name.is_none(), words::lower(&person::called(peer)))
}

/// Tells the others when the page is hidden and nobody looks at it.
#[hook]
fn use_away(session: &SessionHandle) {
    use_effect_with(session.client.id(), {
        let client = Rc::clone(&session.client);
        move |_| {
            let tell = move || {
                let hidden = browser::document().visibility_state() == VisibilityState::Hidden;
                client.present(|shown| {
                    shown.away = hidden;
                    if hidden {
                        shown.pointer = None;
                    }
                });
            };
            tell();
            let listener = EventListener::new(&browser::document(), "visibilitychange", move |_| tell());
            move || drop(listener)
        }
    });
}

/// Keeps who is here by name, so that what they did still has their name once they have left.
#[hook]
fn use_meetings(session: &SessionHandle) {
    let time = use_time();
    let own = session.client.person();
    let mut here = session.client.read(|replica| {
        let own = (replica.client_id().clone(), own.name.clone(), own.color);
        let peers = replica.peers().take(LISTED);
        let peers = peers.map(|peer| (peer.client_id.clone(), peer.name.clone(), person::color_of(peer)));
        std::iter::once(own).chain(peers).collect::<Vec<_>>()
    });
    here.sort_by(|a, b| a.0.cmp(&b.0));
    use_effect_with(here, move |here| {
        let here: Vec<ClientId> = here.iter().map(|(id, ..)| id.clone()).collect();
        time.meet(&here);
    });
}

/// Badges in the bar, which open the list of who is here.
#[component]
pub(super) fn People() -> Html {
    let session = use_session();
    use_away(&session);
    use_meetings(&session);
    let client = &session.client;
    let own = client.person();
    let toasts = use_toasts();
    let ondeed = use_callback(client.id(), {
        let (client, port, toasts) = (Rc::clone(client), Rc::clone(&session.port), toasts.clone());
        move |(id, deed): (ClientId, Deed), _| follow::act(&client, &port, &toasts, &id, deed)
    });
    let oncopy = {
        let (session, toasts) = (session.clone(), toasts.clone());
        Callback::from(move |_: MouseEvent| copy_link(&session, &toasts))
    };
    // Where the server asks who they are, the address alone lets nobody in.
    let asks = client.read(|replica| replica.access().is_some());
    let follows = client.follows();
    let view = session.port.scene().is_some();
    let (badges, rows, peers) = client.read(|replica| {
        let ties = Ties::of(client, replica);
        let mut here: Vec<&Peer> = replica.peers().collect();
        here.sort_by_cached_key(|peer| rank(peer));
        let badges: Vec<Html> = here.iter().take(BADGES - 1).map(|peer| badge_of(peer)).collect();
        let told =
            here.iter().take(LISTED).map(|peer| Told::of(replica, &ties, peer, follows.as_ref(), view));
        let rows: Vec<Html> = told
            .map(|told| {
                let key = told.key();
                html! { <Row {key} {told} ondeed={ondeed.clone()} /> }
            })
            .collect();
        (badges, rows, here.len())
    });
    let (more_badges, more_rows) = (peers - badges.len(), peers - rows.len());
    let here = grouped(peers as u64 + 1);
    html! {
        <>
            <button type="button" class="people-button" popovertarget="people" aria-label={format!("People here: {here}")}
                title="People here" data-testid="people-button">
                { badge(own.name.as_ref(), own.color, None) }
                { for badges }
                if more_badges > 0 { <span class="badge badge-more" aria-hidden="true">{ format!("+{}", more_badges.min(99)) }</span> }
            </button>
            <div id="people" popover="auto" class="people-panel" role="dialog" aria-labelledby="people-title" data-testid="people-panel">
                <h2 id="people-title">{ "People here" }<span class="count numbers">{ here }</span></h2>
                <You />
                if peers == 0 {
                    <div class="people-alone">
                        if asks {
                            <p>{ "Nobody else is here." }</p>
                        } else {
                            <p>{ "Nobody else is here. Who has the link can join." }</p>
                            <Button label="Copy link" icon={Icon::Copy} onclick={oncopy} testid="invite" />
                        }
                    </div>
                } else {
                    <BringToMe />
                    <ul class="people-list">{ for rows }</ul>
                }
                <Share />
                if more_rows > 0 {
                    <p class="people-alone">{ format!("and {} more", grouped(more_rows as u64)) }</p>
                }
            </div>
        </>
    }
}
