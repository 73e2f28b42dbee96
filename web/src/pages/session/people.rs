//! Who is here, and who one is oneself to the others.

use std::rc::Rc;

use vws_core::model::Color;
use vws_core::wire::Peer;
use vws_core::{DisplayName, ObjectName};
use web_sys::SubmitEvent;
use yew::prelude::*;

use super::context::use_session;
use crate::client::SessionClient;
use crate::client::progress::grouped;
use crate::pages::sessions::name_refusal;
use crate::person::{self, Person};
use crate::ui::{ColorField, Field, Glyph, Icon};

/// Badges in the bar; more people are a number.
const BADGES: usize = 4;
/// People who are listed, and whose selections are marked in the tree; more are a number.
pub(super) const LISTED: usize = 100;

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
        html! {
            { for here.map(|peer| html! {
                <span class="tree-peer" style={format!("background:{}", person::color_of(peer))}
                    title={format!("{} has selected this", person::called(peer))} data-testid="tree-peer"></span>
            }) }
        }
    })
}

/// Badges in the bar, which open the list of who is here.
#[component]
pub(super) fn People() -> Html {
    let client = use_session().client;
    let own = client.person();
    let (badges, rows, peers) = client.read(|replica| {
        let badges: Vec<Html> = replica.peers().take(BADGES - 1).map(badge_of).collect();
        let rows: Vec<Html> = replica.peers().take(LISTED).map(|peer| row(&client, peer)).collect();
        (badges, rows, replica.peers().len())
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
                    <p class="people-alone">{ "Nobody else is here. Share the link of this session." }</p>
                } else {
                    <ul class="people-list">{ for rows }</ul>
                }
                if more_rows > 0 {
                    <p class="people-alone">{ format!("and {} more", grouped(more_rows as u64)) }</p>
                }
            </div>
        </>
    }
}

fn row(client: &Rc<SessionClient>, peer: &Peer) -> Html {
    let selected = peer.presence.selection.first().map(|name| {
        let onclick = {
            let (client, name) = (Rc::clone(client), name.clone());
            Callback::from(move |_: MouseEvent| client.select(Some(name.clone())))
        };
        html! {
            <button type="button" class="people-selected" title="Select it too" {onclick}>{ name.to_string() }</button>
        }
    });
    html! {
        <li class="people-row" key={peer.client_id.as_str()} data-testid="peer" data-color={person::color_of(peer).to_string()}>
            { badge_of(peer) }
            <span class="people-name" data-testid="peer-name">{ person::called(peer) }</span>
            { for selected }
        </li>
    }
}

/// The fields in which a person says who they are.
#[component]
fn You() -> Html {
    let client = use_session().client;
    // What the user has typed and not yet settled on.
    let draft = use_state(|| None::<String>);
    // As it is now: what the page shows otherwise may be a frame behind.
    let own = client.person();
    let kept = own.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let shown = draft.as_deref().unwrap_or(&kept).to_owned();
    let refusal = name_refusal(&shown);

    let oninput = {
        let draft = draft.setter();
        Callback::from(move |text| draft.set(Some(text)))
    };
    let settle = {
        let (client, draft) = (Rc::clone(&client), draft.clone());
        Callback::from(move |()| {
            let Some(text) = draft.as_ref() else { return };
            let name = match DisplayName::new("name", text) {
                Ok(name) => Some(name),
                Err(_) if text.is_empty() => None,
                // It stands with its refusal until it is mended.
                Err(_) => return,
            };
            draft.set(None);
            client.introduce(Person { name, ..client.person() });
        })
    };
    let onsubmit = settle.reform(|event: SubmitEvent| event.prevent_default());
    let onfocusout = settle.reform(|_: FocusEvent| ());
    let onchange = Callback::from(move |text: String| {
        if let Ok(color) = Color::new("color", &text) {
            client.introduce(Person { color, ..client.person() });
        }
    });
    html! {
        <form class="people-you" {onsubmit} {onfocusout}>
            <Field id="your-name" label="Your name" value={shown} {oninput} {refusal} placeholder="Guest" />
            <ColorField id="your-color" value={own.color.to_string()} oninput={Callback::noop()} {onchange} />
        </form>
    }
}
